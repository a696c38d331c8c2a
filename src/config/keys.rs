//! The keys of the configuration file: each one once, and which is meant where one is not known.

use toml::de::{DeTable, DeValue};

/// Argument and key in the file of each setting, in the order of the reference.
pub(super) const KEYS: &[(&str, &str)] = &[
    ("data_dir", "data_dir"),
    ("listen", "http.listen"),
    ("public_url", "http.public_url"),
    ("trusted_proxies", "http.trusted_proxies"),
    ("tls_mode", "tls.mode"),
    ("tls_certificate", "tls.certificate"),
    ("tls_key", "tls.key"),
    ("tls_names", "tls.names"),
    ("tls_hsts_days", "tls.hsts_days"),
    ("site_name", "site.name"),
    ("site_time_zone", "site.time_zone"),
    ("retention_days", "retention.days"),
    ("retention_max_bytes", "retention.max_bytes"),
    ("retention_room_percent", "retention.room_percent"),
    ("ingest_listen", "ingest.listen"),
    ("camera_rate", "ingest.camera_rate"),
    ("camera_burst", "ingest.camera_burst"),
    ("device_allow", "device.allow"),
    ("device_timeout_ms", "device.timeout_ms"),
    ("session_idle_hours", "session.idle_hours"),
    ("session_max_days", "session.max_days"),
    ("backup_every", "backup.every"),
    ("backup_keep", "backup.keep"),
    ("backup_dir", "backup.dir"),
    ("cache_mib", "storage.cache_mib"),
    ("min_free_mib", "storage.min_free_mib"),
    ("log_format", "log.format"),
    ("log_level", "log.level"),
];
/// Names less alike than this (Damerau-Levenshtein, 0 to 1) are not taken for one another.
const ALIKE_MIN: f64 = 0.6;

/// A key of the file that is no setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// Its line, from 1.
    pub line: usize,
    /// With its table.
    pub key: String,
    /// The setting that was meant, probably.
    pub nearest: Option<&'static str>,
}

impl std::fmt::Display for Unknown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}: `{}` is not a setting", self.line, self.key)?;
        match self.nearest {
            Some(nearest) => write!(f, "; did you mean `{nearest}`?"),
            None => Ok(()),
        }
    }
}

/// What of `text` is no setting, by line. Text that is no TOML has none: reading it says why.
pub(super) fn unknown(text: &str) -> Vec<Unknown> {
    let mut found = Vec::new();
    if let Ok(table) = DeTable::parse(text) {
        look(text, "", table.get_ref(), &mut found);
    }
    found.sort_by_key(|unknown| unknown.line);
    found
}

fn look(text: &str, above: &str, table: &DeTable<'_>, found: &mut Vec<Unknown>) {
    for (name, value) in table {
        let key = format!("{above}{}", name.get_ref());
        let below = format!("{key}.");
        match value.get_ref() {
            _ if KEYS.iter().any(|(_, known)| *known == key) => {}
            DeValue::Table(inner) if KEYS.iter().any(|(_, known)| known.starts_with(&below)) => {
                look(text, &below, inner, found);
            }
            _ => {
                let line = 1 + text[..name.span().start].matches('\n').count();
                let nearest = nearest(&key);
                found.push(Unknown { line, key, nearest });
            }
        }
    }
}

/// The setting whose key, with or without its table, is most like this one.
fn nearest(key: &str) -> Option<&'static str> {
    let alike = strsim::normalized_damerau_levenshtein;
    let last = |key: &str| key.rsplit('.').next().unwrap_or_default().to_owned();
    let scored = KEYS.iter().map(|(_, known)| {
        // The right name in the wrong table, or in none, comes right behind the whole key.
        let of_names = alike(&last(known), &last(key)) - 0.1;
        (alike(known, key).max(of_names), *known)
    });
    scored
        .rev() // of equal ones the first is meant, so it comes last here
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .filter(|(score, _)| *score >= ALIKE_MIN)
        .map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_key_is_found_with_its_line_and_what_was_meant() {
        for (text, line, key, nearest) in [
            ("[http]\nlisten = []\npublic_ulr = ''\n", 3, "http.public_ulr", "http.public_url"),
            ("listen = []\n", 1, "listen", "http.listen"),
            ("\n\n[htpp]\nlisten = []\n", 3, "htpp", ""),
            ("[retention]\ndays = 1\nday = 2\n", 3, "retention.day", "retention.days"),
            ("[storage]\ncache_mb = 1\n", 2, "storage.cache_mb", "storage.cache_mib"),
            ("storage.mib.x = 1\n", 1, "storage.mib", "storage.cache_mib"),
            ("# ä\n[log]\nlevle = 'info'\n", 3, "log.levle", "log.level"),
            ("data-dir = '/srv'\n", 1, "data-dir", "data_dir"),
            ("wlan = true\n", 1, "wlan", ""),
        ] {
            let nearest = KEYS.iter().map(|(_, key)| *key).find(|key| *key == nearest);
            let expected = Unknown { line, key: key.to_owned(), nearest };
            assert_eq!(unknown(text), [expected], "{text}");
        }
        let two = unknown("b = 1\n[log]\na = 1\n");
        assert_eq!(two.iter().map(|unknown| unknown.line).collect::<Vec<_>>(), [1, 3]);
        assert_eq!(unknown("[log]\nlevel = 'info'\nformat = 'json'\n"), []);
        assert_eq!(unknown("= 1"), []);
    }
}
