//! Answers as text for people.

use std::io::{self, Write};

use super::reply::{Checked, Reply};
use super::{DataCommand, recovery, screen};

/// Reads a duration as `30d`, `12h`, `5m` or `90s`, in seconds.
pub(super) fn duration(text: &str) -> Result<u64, String> {
    let bad = || "use a number and s, m, h or d, as in 30d".to_owned();
    let unit = text.chars().last().ok_or_else(bad)?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return Err(bad()),
    };
    let count: u64 = text[..text.len() - 1].parse().map_err(|_| bad())?;
    count.checked_mul(seconds).filter(|s| (1..=3_200_000_000).contains(s)).ok_or_else(bad)
}

/// Prints an answer.
pub(super) fn reply(out: &mut dyn Write, command: &DataCommand, reply: &Reply) -> io::Result<()> {
    match reply {
        Reply::Camera(camera) => {
            writeln!(out, "camera {} {:?} added", camera.id, camera.name)?;
            writeln!(out, "  access token (all):    {}", camera.access_tokens.all)?;
            writeln!(out, "  access token (watch):  {}", camera.access_tokens.watch)?;
            writeln!(out, "  ingest token:          {}", camera.ingest_token)
        }
        Reply::Cameras { objects } => {
            for camera in objects {
                let state = if camera.enabled { "" } else { "  (off)" };
                writeln!(out, "{:>5}  {:30}  {}{state}", camera.id, camera.name, camera.timezone)?;
            }
            count(out, objects.len(), listed(command))
        }
        Reply::Device(device) => {
            let password = if device.has_password { "with a password" } else { "no password" };
            let (address, user) = (device.address.as_deref(), device.username.as_deref());
            let (address, user) = (address.unwrap_or("no address"), user.unwrap_or("no user name"));
            let picture = device.snapshot_path.as_deref().unwrap_or("no snapshot path");
            writeln!(out, "{address}, port {}, {user}, {password}, {picture}", device.port)
        }
        Reply::Token(token) => writeln!(out, "{}", token.token),
        Reply::Tokens { objects } => {
            for token in objects {
                let camera = token.camid.map_or_else(|| "-".to_owned(), |id| id.to_string());
                let expires = token.expires.as_deref().unwrap_or("never");
                writeln!(
                    out,
                    "{:>5}  camera {camera:>4}  {:7}  ends {expires}",
                    token.token_id, token.access
                )?;
            }
            count(out, objects.len(), listed(command))
        }
        Reply::Key { license_key, .. } => writeln!(out, "{license_key}"),
        Reply::Keys { objects } => {
            for key in objects {
                writeln!(out, "{:>5}  {:30}  since {}", key.key_id, key.name, key.created)?;
            }
            count(out, objects.len(), listed(command))
        }
        Reply::User(user) => writeln!(out, "{} is {}", user.name, user.role),
        Reply::Users { objects } => {
            for user in objects {
                let last = user.last_login.as_deref().unwrap_or("never");
                writeln!(out, "{:30}  {:8}  last log-in {last}", user.name, user.role)?;
            }
            count(out, objects.len(), listed(command))
        }
        Reply::Group(group) => writeln!(out, "{}", group.group_token),
        Reply::Groups { objects } => {
            for group in objects {
                writeln!(
                    out,
                    "{:>5}  {:30}  {:5}  cameras {:?}",
                    group.group_id, group.name, group.access, group.cameras
                )?;
            }
            count(out, objects.len(), listed(command))
        }
        Reply::Purged { deleted } => writeln!(out, "removed, {deleted} events deleted"),
        Reply::Ca(ca) => {
            writeln!(out, "# {}, good until {}", ca.subject, ca.not_after)?;
            writeln!(out, "# SHA-256 {}", ca.fingerprint_sha256)?;
            write!(out, "{}", ca.pem)
        }
        Reply::Checked(found) => checked(out, found),
        Reply::Status(report) => screen::print(out, report),
        Reply::BackedUp(backup) => recovery::print_backup(out, backup),
        Reply::Restored(restored) => recovery::print_restored(out, restored),
        Reply::Imported(imported) => {
            for error in &imported.errors {
                writeln!(out, "  {error}")?;
            }
            writeln!(
                out,
                "{} imported, {} known already, {} failed",
                imported.imported, imported.replayed, imported.failed
            )
        }
        Reply::Nothing {} => match command {
            DataCommand::Export { .. } => Ok(()),
            _ => writeln!(out, "done"),
        },
    }
}

fn checked(out: &mut dyn Write, checked: &Checked) -> io::Result<()> {
    writeln!(
        out,
        "{} events, {} index entries, {} counter rows, {} audit entries, {} pictures, {} metadata files read; checksum {}",
        checked.events,
        checked.index_entries,
        checked.counter_rows,
        checked.audit_entries,
        checked.pictures,
        checked.filemeta,
        checked.checksum
    )?;
    for problem in &checked.problems {
        writeln!(out, "  {problem}")?;
    }
    match checked.problem_count {
        0 => writeln!(out, "everything agrees"),
        n => writeln!(out, "{n} problems"),
    }
}

/// What a command lists. Not what the answer says: replies carry no tag, so an empty list from a running
/// server is one of anything.
const fn listed(command: &DataCommand) -> &'static str {
    match command {
        DataCommand::Token(_) => "token",
        DataCommand::Key(_) => "license key",
        DataCommand::User(_) => "user",
        DataCommand::Group(_) => "group",
        _ => "camera",
    }
}

fn count(out: &mut dyn Write, n: usize, what: &str) -> io::Result<()> {
    writeln!(out, "{n} {what}{}", if n == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::duration;

    #[test]
    fn durations_are_a_number_and_a_unit() {
        assert_eq!(duration("90s"), Ok(90));
        assert_eq!(duration("30d"), Ok(30 * 86_400));
        for bad in ["", "d", "30", "-1d", "1w", "0s", "99999999999999999999d", "1000000d", "ä"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }
}
