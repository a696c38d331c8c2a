//! The order of settings, and that the reference has every one.

use clap::{Args as _, Command};

use super::keys::KEYS;
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
fn unknown_keys_are_named_each_with_its_line() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("watchpost.toml");
    std::fs::write(&path, "[http]\nlisten = []\nport = 80\n[log]\nlevle = 'info'\n").unwrap();
    let error = Config::load(Settings::default(), Some(&path)).unwrap_err().to_string();
    let lines: Vec<&str> = error.lines().collect();
    assert!(lines[0].ends_with("watchpost.toml, line 3: `http.port` is not a setting"), "{error}");
    assert!(lines[1].ends_with("line 5: `log.levle` is not a setting; did you mean `log.level`?"));
    assert_eq!(lines.len(), 2);
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
        "[tls]\nmode = 'files'\nkey = '/etc/key.pem'",
        "[tls]\nmode = 'own-ca'\nnames = ['a b']",
        "[tls]\nhsts_days = 731",
    ] {
        assert!(Config::merge(Settings::default(), file(text).unwrap()).is_err(), "{text}");
    }
}

#[test]
fn networks_are_read_with_and_without_their_length() {
    let text = "[http]\ntrusted_proxies = ['10.0.0.0/8', '::1', ' 192.0.2.7 ']";
    let config = Config::merge(Settings::default(), file(text).unwrap()).unwrap();
    let networks: Vec<_> = config.trusted_proxies.iter().map(Network::to_string).collect();
    assert_eq!(networks, ["10.0.0.0/8", "::1/128", "192.0.2.7/32"]);
}

#[test]
fn networks_are_checked_and_limited() {
    for key in ["http.trusted_proxies", "device.allow"] {
        let error = file(&line(key, "['10.0.0.0/33']")).unwrap_err().to_string();
        assert!(error.contains("not a network") && error.contains("10.0.0.0/33"), "{error}");
        let many = |count| file(&line(key, &format!("{:?}", vec!["10.0.0.1"; count]))).unwrap();
        assert!(Config::merge(Settings::default(), many(NETWORKS_MAX)).is_ok(), "{key}");
        let error = Config::merge(Settings::default(), many(NETWORKS_MAX + 1)).unwrap_err();
        assert_eq!(error.to_string(), format!("{key} has more than 64 networks"));
    }
}

#[test]
fn tls_is_off_from_files_or_of_an_own_ca() {
    for (text, expected) in [
        ("", TlsConfig::Off),
        ("[tls]\nmode = 'off'\ncertificate = 'a'", TlsConfig::Off),
        (
            "[tls]\nmode = 'files'\ncertificate = 'a'\nkey = 'b'",
            TlsConfig::Files { certificate: "a".into(), key: "b".into() },
        ),
        (
            "[tls]\nmode = 'own-ca'\nnames = ['nvr.example', '10.0.0.5', '*.cams.example']",
            TlsConfig::OwnCa {
                names: ["nvr.example", "10.0.0.5", "*.cams.example"].map(str::to_owned).to_vec(),
            },
        ),
    ] {
        let config = Config::merge(Settings::default(), file(text).unwrap()).unwrap();
        assert_eq!(config.tls, expected, "{text}");
    }
    assert!(file("[tls]\nmode = 'on'").is_err());
}

/// A setting as its argument describes it.
struct Described {
    key: &'static str,
    flag: String,
    variable: String,
    what: String,
    default: Option<String>,
    bounds: Option<String>,
    is_live: bool,
}

/// Every setting, in the order of the reference, from the arguments and the settings themselves.
fn described() -> Vec<Described> {
    let command = Settings::augment_args(Command::new("watchpost"));
    for argument in command.get_arguments() {
        let id = argument.get_id().as_str();
        assert!(KEYS.iter().any(|(known, _)| *known == id), "{id} is not in KEYS");
    }
    let describe = |(id, key): (&str, &'static str)| {
        let argument = command.get_arguments().find(|argument| argument.get_id() == id).unwrap();
        let help = argument.get_help().unwrap().to_string();
        let (what, default) = match help.split_once(" [default: ") {
            Some((what, default)) => (what, Some(default.trim_end_matches(']').to_owned())),
            None => (help.as_str(), None),
        };
        let kind = Key::named(key).map(|key| key.setting().kind);
        Described {
            key,
            flag: argument.get_long().unwrap().to_owned(),
            variable: argument.get_env().unwrap().to_str().unwrap().to_owned(),
            what: what.to_owned(),
            default,
            bounds: match kind {
                Some(Kind::Integer { min, max }) => Some(format!("{min} to {max}")),
                Some(Kind::Bytes { min, max }) => Some(format!("0, or {min} to {max}")),
                _ => None,
            },
            is_live: kind.is_some(),
        }
    };
    KEYS.iter().copied().map(describe).collect()
}

/// The table of the reference.
fn table() -> String {
    let mut table =
        "| key | flag | variable | default | what |\n|---|---|---|---|---|\n".to_owned();
    for Described { key, flag, variable, what, default, bounds, is_live } in described() {
        let bounds = match bounds {
            Some(bounds) => format!("; {bounds}, web page"),
            None if is_live => "; web page".to_owned(),
            None => String::new(),
        };
        let default = default.unwrap_or_else(|| "–".to_owned());
        let row = format!("| `{key}` | `--{flag}` | `{variable}` | {default} | {what}{bounds} |");
        writeln!(table, "{row}").unwrap();
    }
    table
}

/// Values for settings whose default is no value of the file.
const EXAMPLES: &[(&str, &str)] = &[
    ("http.public_url", "\"http://nvr.example:8080\""),
    ("http.trusted_proxies", "[\"192.0.2.1\"]"),
    ("tls.certificate", "\"/etc/watchpost/tls.crt\""),
    ("tls.key", "\"/etc/watchpost/tls.key\""),
    ("tls.names", "[\"nvr.example\"]"),
    ("ingest.listen", "[\"0.0.0.0:8081\"]"),
    ("device.allow", "[\"192.0.2.0/24\"]"),
    ("backup.dir", "\"/mnt/backup/watchpost\""),
    ("storage.min_free_mib", "64"),
];

/// A line of the file.
fn line(key: &str, value: &str) -> String {
    match key.split_once('.') {
        Some((table, key)) => format!("[{table}]\n{key} = {value}\n"),
        None => format!("{key} = {value}\n"),
    }
}

/// The default as it stands in the file, or nothing if it cannot.
fn literal(key: &str, default: &str) -> Option<String> {
    let forms = [default.to_owned(), format!("\"{default}\""), format!("[\"{default}\"]")];
    forms.into_iter().find(|value| file(&line(key, value)).is_ok())
}

/// The configuration file of the packages: every setting with its default, as a comment.
fn conffile() -> String {
    let mut text = "# The configuration of Watchpost. A line `#key = …` shows a default; take the `#` away to change it.
#
# `watchpost serve --check-config` tests this file, `systemctl restart watchpost` uses it. For `log.level` and
# for what the web page can change too, `systemctl reload watchpost` is enough. What stands here cannot be
# changed in the web page; a flag or a WATCHPOST_* variable wins over it.
#
# Made from the server's own description of its settings; https://toml.io tells how to write it.
".to_owned();
    let settings = described();
    let table = |key: &'static str| key.split_once('.').map(|(table, _)| table);
    let mut tables: Vec<Option<&str>> = Vec::new();
    for setting in &settings {
        if !tables.contains(&table(setting.key)) {
            tables.push(table(setting.key));
        }
    }
    for of in tables {
        if let Some(name) = of {
            writeln!(text, "\n[{name}]").unwrap();
        }
        for setting in settings.iter().filter(|setting| table(setting.key) == of) {
            let key = setting.key;
            let bounds = setting.bounds.as_ref().map(|bounds| format!("; {bounds}"));
            let live = if setting.is_live { "; also in the web page" } else { "" };
            writeln!(text, "\n# {}{}{live}.", setting.what, bounds.unwrap_or_default()).unwrap();
            let name = key.rsplit('.').next().unwrap();
            if key == "data_dir" {
                writeln!(text, "{name} = {DEFAULT_DATA_DIR:?}").unwrap();
                continue;
            }
            let default = setting.default.as_deref();
            let value = default.and_then(|default| literal(key, default));
            let value = value.unwrap_or_else(|| {
                let default = default.unwrap_or("none");
                writeln!(text, "# Default: {default}; an example:").unwrap();
                EXAMPLES.iter().find(|(of, _)| *of == key).expect("it has an example").1.to_owned()
            });
            writeln!(text, "#{name} = {value}").unwrap();
        }
    }
    text
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

/// With `UPDATE_DOCS=1` it is written instead.
#[test]
fn the_file_of_the_packages_has_every_setting_as_it_is() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/watchpost.toml");
    let text = conffile();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, text).unwrap();
        return;
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(found, text, "run with UPDATE_DOCS=1 and look at the difference");
}

#[test]
fn the_file_of_the_packages_changes_nothing_and_is_good_without_its_comment_signs() {
    let load = |text: &str| {
        assert_eq!(keys::unknown(text), []);
        Config::merge(Settings::default(), file(text).unwrap()).unwrap()
    };
    let text = conffile();
    let installed = Settings { data_dir: Some(DEFAULT_DATA_DIR.into()), ..Settings::default() };
    let defaults = Config::merge(installed, Settings::default()).unwrap();
    assert_eq!(load(&text), defaults);
    let said: String = text
        .lines()
        .map(|line| line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')).unwrap_or(line))
        .fold(String::new(), |text, line| text + line + "\n");
    let said = load(&said);
    assert_eq!(said.listen, defaults.listen);
    assert_eq!(said.fixed.len(), SETTINGS.len(), "all of them");
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
