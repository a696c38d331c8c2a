//! The audit trail: who did what from where, each entry chained to the one before (operations.md 8.1).

use super::time::Timestamp;

/// How long entries are kept, in microseconds: 400 days.
pub const AUDIT_KEPT_US: i64 = 400 * super::time::DAY_US;
/// Longest text of one member, bytes; longer ones are cut.
pub const AUDIT_TEXT_MAX: usize = 512;

/// SHA-256 of an entry with its id; the first entry follows [`NO_HASH`].
pub type Hash = [u8; 32];
/// What stands before the first entry.
pub const NO_HASH: Hash = [0; 32];

/// One entry, without its place in the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// When.
    pub time: Timestamp,
    /// Who: a user's name, or a credential in words.
    pub who: String,
    /// From which address; empty for the machine itself.
    pub from: String,
    /// What, as `noun.verb`.
    pub action: String,
    /// On what.
    pub object: String,
    /// `ok` or `failed`.
    pub result: String,
    /// More, for people.
    pub detail: String,
}

impl AuditEntry {
    /// The same with every text at most [`AUDIT_TEXT_MAX`] bytes.
    #[must_use]
    pub fn bounded(mut self) -> Self {
        for text in [
            &mut self.who,
            &mut self.from,
            &mut self.action,
            &mut self.object,
            &mut self.result,
            &mut self.detail,
        ] {
            text.truncate(text.floor_char_boundary(AUDIT_TEXT_MAX));
        }
        self
    }
}

/// An entry with its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audited {
    /// Its number; they grow by one.
    pub id: u64,
    /// What it says.
    pub entry: AuditEntry,
}

/// Which entries to show; what is `None` or empty does not filter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Some member holds this, in any case.
    pub text: String,
    /// By whom, exactly.
    pub who: Option<String>,
    /// What, exactly.
    pub action: Option<String>,
    /// At or after this.
    pub start: Option<Timestamp>,
    /// At or before this.
    pub end: Option<Timestamp>,
}

impl AuditFilter {
    /// Whether it lets everything through.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether it lets `entry` through.
    pub fn takes(&self, entry: &AuditEntry) -> bool {
        let wanted = self.text.to_lowercase();
        let holds = |text: &str| text.to_lowercase().contains(&wanted);
        self.start.is_none_or(|start| entry.time >= start)
            && self.end.is_none_or(|end| entry.time <= end)
            && self.who.as_ref().is_none_or(|who| *who == entry.who)
            && self.action.as_ref().is_none_or(|action| *action == entry.action)
            && (wanted.is_empty()
                || [&entry.who, &entry.from, &entry.action, &entry.object, &entry.detail]
                    .into_iter()
                    .any(|text| holds(text)))
    }
}

/// How far the chain has been followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChainPoint {
    /// The last entry that is right, 0 before the first.
    pub id: u64,
    /// Its hash.
    pub hash: Hash,
}

/// What following the chain found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainWalk {
    /// How far it is right.
    pub reached: ChainPoint,
    /// Whether that is the end.
    pub complete: bool,
    /// Entries that there are.
    pub entries: u64,
    /// The first thing that is wrong.
    pub problem: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> AuditEntry {
        AuditEntry {
            time: Timestamp(5),
            who: "m.krause".into(),
            from: "10.0.0.5".into(),
            action: "camera.create".into(),
            object: "camera 7".into(),
            result: "ok".into(),
            detail: "Gate North".into(),
        }
    }

    #[test]
    fn a_filter_takes_what_it_names() {
        let filter = |text: &str| AuditFilter { text: text.into(), ..AuditFilter::default() };
        assert!(AuditFilter::default().is_empty() && AuditFilter::default().takes(&entry()));
        assert!(filter("gate n").takes(&entry()) && !filter("south").takes(&entry()));
        let who = AuditFilter { who: Some("m".into()), ..AuditFilter::default() };
        assert!(!who.takes(&entry()));
        let late = AuditFilter { start: Some(Timestamp(6)), ..AuditFilter::default() };
        assert!(!late.takes(&entry()));
        let until = AuditFilter { end: Some(Timestamp(5)), ..AuditFilter::default() };
        assert!(until.takes(&entry()));
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        let long = AuditEntry { detail: "ä".repeat(1_000), ..entry() }.bounded();
        assert_eq!(long.detail.len(), AUDIT_TEXT_MAX);
        let odd = AuditEntry { detail: format!("x{}", "ä".repeat(1_000)), ..entry() }.bounded();
        assert_eq!(odd.detail.len(), AUDIT_TEXT_MAX - 1);
    }
}
