//! The one screen of `status`: aligned lines, short enough for any terminal.

use std::io::{self, Write};

use super::status::{Backup, Report, Retention, SinceStart, Storage};
use crate::service::system::readable;

/// Longest line, characters.
const WIDTH: usize = 100;
/// Problems that are shown; the others are counted.
const PROBLEMS_MAX: usize = 8;
/// Reasons of refusals that are shown, the most frequent first.
const REASONS_MAX: usize = 3;
/// Addresses that are shown.
const ADDRESSES_MAX: usize = 3;

/// Prints it: at most 15 lines, and one for each problem.
pub(super) fn print(out: &mut dyn Write, report: &Report) -> io::Result<()> {
    for (label, text) in rows(report) {
        writeln!(out, "{}", fit(&format!("{label:12}  {text}")))?;
    }
    for problem in report.problems.iter().take(PROBLEMS_MAX) {
        let since = problem.since.as_deref().map(|at| format!(" (since {})", short(at)));
        let line = format!("  {:18}  {}{}", problem.code, problem.text, since.unwrap_or_default());
        writeln!(out, "{}", fit(&line))?;
    }
    Ok(())
}

fn rows(report: &Report) -> Vec<(&'static str, String)> {
    let mut rows = vec![("watchpost", head(report))];
    if let Some(listening) = &report.listening {
        let shown = &listening[..listening.len().min(ADDRESSES_MAX)];
        let more = listening.len() - shown.len();
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        rows.push(("listening", format!("{}{more}", shown.join(", "))));
    }
    rows.push(("data", report.data_dir.display().to_string()));
    let events = &report.events;
    rows.push(match (events.count, &events.oldest, &events.newest) {
        (Some(count), Some(oldest), Some(newest)) => {
            ("events", format!("{count} stored, from {} to {}", short(oldest), short(newest)))
        }
        (Some(_), ..) => ("events", "none stored".to_owned()),
        (None, ..) => ("events", "not known".to_owned()),
    });
    if let Some(since) = &events.since_start {
        let rate = format!("{:.1} events a second", since.recent_per_s);
        let of = format!("over the last {:.0} s", since.recent_s);
        rows.push(("rate", format!("{rate} {of}; {} since the start", since.stored)));
        rows.push(("refused", refused(since)));
    }
    if let Some(journal) = &report.journal {
        rows.push((
            "journal",
            format!(
                "{} writes wait, {} records not in the tables yet; {:.1} ms to the disk on average",
                journal.queued,
                journal.unapplied,
                journal.commit_mean_s * 1e3
            ),
        ));
    }
    if let Some(open) = &report.connections {
        rows.push((
            "connections",
            format!(
                "{} open: live feeds {}, cameras' own {}; people's sessions {}",
                open.open, open.streams, open.agents, open.sessions
            ),
        ));
    }
    rows.push(("cameras", cameras(report)));
    match &report.storage {
        Some(storage) => rows.extend(sizes(storage)),
        None => rows.push(("disk", "not known".to_owned())),
    }
    rows.push(("retention", retention(&report.retention)));
    rows.push(("backup", backup(&report.backup)));
    if let Some(tls) = &report.tls {
        let until = tls.not_after.as_deref().map(|at| format!(", good until {}", short(at)));
        rows.push(("TLS", format!("{}{}", tls.mode, until.unwrap_or_default())));
    }
    let count = report.problems.len();
    let left = count.saturating_sub(PROBLEMS_MAX);
    rows.push((
        "problems",
        match count {
            0 => "no problems".to_owned(),
            _ if left > 0 => format!("{count}, {left} of them only with --json"),
            _ => count.to_string(),
        },
    ));
    rows
}

fn head(report: &Report) -> String {
    let version = format!("{} ({})", report.version, report.build);
    match (&report.started_at, report.uptime_s) {
        (Some(at), Some(uptime_s)) => {
            format!("{version}, running for {}, since {}", span(uptime_s), short(at))
        }
        _ => format!("{version}, NOT RUNNING: this is what its data tell"),
    }
}

fn refused(since: &SinceStart) -> String {
    if since.refused == 0 {
        return "none since the start".to_owned();
    }
    let mut reasons: Vec<_> = since.refused_by_reason.iter().collect();
    reasons.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    let shown = reasons.iter().take(REASONS_MAX).map(|(word, count)| format!("{word} {count}"));
    let shown: Vec<String> = shown.collect();
    let more = if reasons.len() > REASONS_MAX { ", …" } else { "" };
    format!("{} since the start: {}{more}", since.refused, shown.join(", "))
}

fn cameras(report: &Report) -> String {
    let cameras = &report.cameras;
    let kinds = [
        ("online", cameras.online),
        ("quiet", cameras.quiet),
        ("offline", cameras.offline),
        ("refused", cameras.rejecting),
        ("with a wrong clock", cameras.clock),
        ("off", cameras.disabled),
    ];
    let some =
        kinds.into_iter().filter_map(|(word, count)| Some((word, count.filter(|n| *n > 0)?)));
    let some: Vec<String> = some.map(|(word, count)| format!("{count} {word}")).collect();
    let colon = if some.is_empty() { "" } else { ": " };
    format!("{}{colon}{}", cameras.total, some.join(", "))
}

fn sizes(storage: &Storage) -> [(&'static str, String); 2] {
    let pictures = storage.pictures_bytes.map(|bytes| format!(", pictures {}", readable(bytes)));
    let (database, journal) = (readable(storage.database_bytes), readable(storage.journal_bytes));
    let (free, all) = (readable(storage.disk_free_bytes), readable(storage.disk_bytes));
    let (room, reserve) = (readable(storage.room_bytes), readable(storage.reserve_bytes));
    [
        ("database", format!("{database}, journal {journal}{}", pictures.unwrap_or_default())),
        (
            "disk",
            format!("{free} of {all} free; room for {room}, events are refused below {reserve}"),
        ),
    ]
}

fn retention(retention: &Retention) -> String {
    let mut parts = vec![match retention.days {
        0 => "kept for ever".to_owned(),
        1 => "kept for a day".to_owned(),
        days => format!("kept for {days} days"),
    }];
    if retention.max_bytes > 0 {
        parts.push(format!("at most {}", readable(retention.max_bytes)));
    }
    if retention.room_percent > 0 {
        parts.push(format!("{} % of the disk free", retention.room_percent));
    }
    match retention.rules {
        0 => {}
        1 => parts.push("1 rule".to_owned()),
        rules => parts.push(format!("{rules} rules")),
    }
    let deleted = retention.deleted_since_start.filter(|count| *count > 0);
    let deleted = deleted.map(|count| format!("; {count} deleted"));
    format!("{}{}", parts.join(", "), deleted.unwrap_or_default())
}

fn backup(backup: &Backup) -> String {
    let last = backup.last.as_deref().map(|at| format!("the last of {}", short(at)));
    let last = last.unwrap_or_else(|| "none known".to_owned());
    let next = match (&backup.running, &backup.next) {
        (Some((done, total)), _) => format!("one is being made, {done} of {total} items"),
        (None, Some(at)) => format!("the next at {}", short(at)),
        (None, None) => "no schedule".to_owned(),
    };
    let overdue = if backup.overdue { ", OVERDUE" } else { "" };
    format!("{last}, {next}{overdue}")
}

/// A time to the second.
fn short(at: &str) -> String {
    match at.split_once('.') {
        Some((seconds, _)) => format!("{seconds}Z"),
        None => at.to_owned(),
    }
}

/// A span in its two largest units.
fn span(s: u64) -> String {
    let (days, hours, minutes) = (s / 86_400, s / 3_600 % 24, s / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{s} s"),
        (0, 0, _) => format!("{minutes} min {} s", s % 60),
        (0, ..) => format!("{hours} h {minutes} min"),
        _ => format!("{days} d {hours} h"),
    }
}

/// No longer than a line may be.
fn fit(line: &str) -> String {
    if line.chars().count() <= WIDTH {
        return line.to_owned();
    }
    line.chars().take(WIDTH - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::super::status::{Cameras, ProblemLine};
    use super::*;

    fn screen(report: &Report) -> String {
        let mut out = Vec::new();
        print(&mut out, report).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.lines().count() <= 24, "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH), "{text}");
        text
    }

    #[test]
    fn a_server_is_shown_on_one_screen() {
        let expected = [
            "watchpost     0.1.0 (unpackaged), running for 3 d 4 h, since 2026-11-20T04:30:01Z",
            "listening     http://0.0.0.0:8080",
            "data          /var/lib/watchpost",
            "events        1204331 stored, from 2026-08-25T08:31:00Z to 2026-11-23T08:30:59Z",
            "rate          2.1 events a second over the last 60 s; 80221 since the start",
            "refused       3 since the start: rate_limited 2, bad_json 1",
            "journal       0 writes wait, 0 records not in the tables yet; 1.2 ms to the disk on average",
            "connections   12 open: live feeds 3, cameras' own 4; people's sessions 1",
            "cameras       40: 38 online, 1 offline, 1 off",
            "database      1.1 GiB, journal 64.0 MiB, pictures 3.3 GiB",
            "disk          120 GiB of 465 GiB free; room for 119 GiB, events are refused below 64.0 MiB",
            "retention     kept for 90 days, at most 10.0 GiB, 10 % of the disk free, 2 rules; 1200 deleted",
            "backup        the last of 2026-11-23T02:00:00Z, the next at 2026-11-24T02:00:00Z",
            "TLS           own-ca, good until 2027-12-22T21:14:07Z",
            "problems      no problems",
        ];
        assert_eq!(screen(&Report::example()).lines().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_stopped_one_shows_what_its_data_tell() {
        let mut report = Report::example();
        (report.running, report.started_at, report.uptime_s) = (false, None, None);
        (report.listening, report.journal, report.connections) = (None, None, None);
        (report.tls, report.events.since_start) = (None, None);
        report.cameras = Cameras { total: 40, ..Cameras::default() };
        report.retention.deleted_since_start = None;
        report.storage.as_mut().unwrap().pictures_bytes = None;
        report.problems = vec![ProblemLine {
            code: "not_running".to_owned(),
            level: "danger".to_owned(),
            since: None,
            text: "the server is not running: no event is taken".to_owned(),
        }];
        let expected = [
            "watchpost     0.1.0 (unpackaged), NOT RUNNING: this is what its data tell",
            "data          /var/lib/watchpost",
            "events        1204331 stored, from 2026-08-25T08:31:00Z to 2026-11-23T08:30:59Z",
            "cameras       40",
            "database      1.1 GiB, journal 64.0 MiB",
            "disk          120 GiB of 465 GiB free; room for 119 GiB, events are refused below 64.0 MiB",
            "retention     kept for 90 days, at most 10.0 GiB, 10 % of the disk free, 2 rules",
            "backup        the last of 2026-11-23T02:00:00Z, the next at 2026-11-24T02:00:00Z",
            "problems      1",
            "  not_running         the server is not running: no event is taken",
        ];
        assert_eq!(screen(&report).lines().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn it_stays_one_screen_however_much_is_wrong() {
        let problem = ProblemLine {
            code: "backup_overdue".to_owned(),
            level: "warn".to_owned(),
            since: Some("2026-11-23T08:30:59.999999Z".to_owned()),
            text: "ä".repeat(300),
        };
        let report = Report { problems: vec![problem; 17], ..Report::example() };
        assert!(screen(&report).contains("17, 9 of them only with --json"));
        let nothing = screen(&Report::default());
        assert!(nothing.contains("NOT RUNNING") && nothing.contains("not known"), "{nothing}");
    }

    #[test]
    fn spans_have_two_units() {
        for (s, text) in [
            (0, "0 s"),
            (59, "59 s"),
            (61, "1 min 1 s"),
            (3_600, "1 h 0 min"),
            (86_400 * 3 + 7_201, "3 d 2 h"),
        ] {
            assert_eq!(span(s), text);
        }
    }
}
