//! The order of settings, and that the reference has every one.

use clap::Command;

use super::*;
use crate::domain::setting::Kind;

fn file(text: &str) -> Result<Settings, toml::de::Error> {
    toml::from_str(text)
}

#[test]
fn flags_win_over_the_file_and_the_file_over_defaults() {
    let text = "data_dir = '/srv/a'\n[http]\nlisten = ['127.0.0.1:1']\n[ingest]\ncamera_rate = 5\n";
    let given = Settings { data_dir: Some("/srv/b".into()), ..Settings::default() };
    let config = Config::merge(given, file(text).unwrap()).unwrap();
    assert_eq!(config.data_dir, Path::new("/srv/b"));
    assert_eq!(config.listen, ["127.0.0.1:1".parse().unwrap()]);
    assert_eq!(config.fixed, [(Key::CameraRate, Value::Integer(5), Source::File)]);
}

#[test]
fn a_flag_wins_over_a_variable_and_both_over_the_file() {
    let mut given = Settings::default();
    given.retention.days = Some(7);
    given.session.max_days = Some(3);
    given.from_variables = vec!["session_max_days".to_owned()];
    let text = "[retention]\ndays = 30\n[session]\nmax_days = 9\nidle_hours = 2\n";
    let config = Config::merge(given, file(text).unwrap()).unwrap();
    let expected = [
        (Key::RetentionDays, Value::Integer(7), Source::Flag),
        (Key::SessionIdleHours, Value::Integer(2), Source::File),
        (Key::SessionMaxDays, Value::Integer(3), Source::Environment),
    ];
    assert_eq!(config.fixed, expected);
}

#[test]
fn an_unknown_key_is_named_with_its_line() {
    let error = file("[http]\nlisten = []\nport = 80\n").unwrap_err().to_string();
    assert!(error.contains("port") && error.contains("line 3"), "{error}");
}

#[test]
fn unusable_values_are_refused() {
    for text in [
        "[http]\npublic_url = 'nvr'",
        "[storage]\ncache_mib = 1",
        "[device]\ntimeout_ms = 5001",
        "[log]\nlevel = 'a=b=c'",
        "[retention]\ndays = 4000",
        "[site]\ntime_zone = 'Berlin'",
    ] {
        assert!(Config::merge(Settings::default(), file(text).unwrap()).is_err(), "{text}");
    }
}

/// Argument and key in the file of each setting, in the order of the reference.
const KEYS: [(&str, &str); 16] = [
    ("data_dir", "data_dir"),
    ("listen", "http.listen"),
    ("public_url", "http.public_url"),
    ("site_name", "site.name"),
    ("site_time_zone", "site.time_zone"),
    ("retention_days", "retention.days"),
    ("camera_rate", "ingest.camera_rate"),
    ("camera_burst", "ingest.camera_burst"),
    ("device_allow", "device.allow"),
    ("device_timeout_ms", "device.timeout_ms"),
    ("session_idle_hours", "session.idle_hours"),
    ("session_max_days", "session.max_days"),
    ("cache_mib", "storage.cache_mib"),
    ("min_free_mib", "storage.min_free_mib"),
    ("log_format", "log.format"),
    ("log_level", "log.level"),
];

/// The table of the reference, made from the arguments and the settings themselves.
fn table() -> String {
    use std::fmt::Write as _;
    let command = Settings::augment_args(Command::new("watchpost"));
    let mut table =
        "| key | flag | variable | default | what |\n|---|---|---|---|---|\n".to_owned();
    for argument in command.get_arguments() {
        let id = argument.get_id().as_str();
        assert!(KEYS.iter().any(|(known, _)| *known == id), "{id} is not in KEYS");
    }
    for (id, key) in KEYS {
        let argument = command.get_arguments().find(|argument| argument.get_id() == id).unwrap();
        let help = argument.get_help().unwrap().to_string();
        let (what, default) = match help.split_once(" [default: ") {
            Some((what, default)) => (what, default.trim_end_matches(']')),
            None => (help.as_str(), "–"),
        };
        let (flag, variable) = (argument.get_long().unwrap(), argument.get_env().unwrap());
        let variable = variable.to_str().unwrap();
        let bounds = match Key::named(key).map(|key| key.setting().kind) {
            Some(Kind::Integer { min, max }) => format!("; {min} to {max}, web page"),
            Some(_) => "; web page".to_owned(),
            None => String::new(),
        };
        let row = format!("| `{key}` | `--{flag}` | `{variable}` | {default} | {what}{bounds} |");
        writeln!(table, "{row}").unwrap();
    }
    table
}

/// With `UPDATE_DOCS=1` it is written instead.
#[test]
fn the_reference_has_every_setting_as_it_is() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/ref/config.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = page.split_once("<!-- settings -->\n").unwrap();
    let (found, after) = rest.split_once("<!-- end -->\n").unwrap();
    let table = table();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        let page = format!("{before}<!-- settings -->\n{table}<!-- end -->\n{after}");
        std::fs::write(&path, page).unwrap();
        return;
    }
    assert_eq!(found, table, "run with UPDATE_DOCS=1 and look at the difference");
}

#[test]
fn every_key_of_the_reference_is_one_of_the_file() {
    for (_, key) in KEYS {
        let text = match key.split_once('.') {
            Some((table, key)) => format!("[{table}]\n{key} = []\n"),
            None => format!("{key} = []\n"),
        };
        if let Err(error) = file(&text) {
            assert!(!error.to_string().contains("unknown field"), "{key}: {error}");
        }
    }
}

#[test]
fn the_help_names_the_default_that_counts() {
    for setting in &SETTINGS {
        let line = table().lines().find(|line| line.contains(setting.name)).unwrap().to_owned();
        let default = match setting.default() {
            Value::Nothing => "–".to_owned(),
            value => value.to_string(),
        };
        assert_eq!(line.split('|').nth(4).unwrap().trim(), default, "{line}");
    }
}
