//! What events a caller asks for: the filters of list, count, histogram, export and bulk delete.

use super::{CameraId, EventId, Timestamp};

/// Most values of one comma list (operations.md 3).
pub const LIST_VALUES_MAX: usize = 1_000;
/// Largest page.
pub const PAGE_MAX: usize = 1_000;
/// Page size when none is asked for.
pub const PAGE_DEFAULT: usize = 20;

/// Values of a list that [`Filter::words`] tells.
const WORDS_MAX: usize = 10;

/// Filters by name, as a caller gives them. Each empty member means "any".
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Any of these cameras.
    pub cameras: Vec<CameraId>,
    /// Any of these event type names, or one of [`Self::aliases`].
    pub names: Vec<String>,
    /// Any of these aliases, or one of [`Self::names`].
    pub aliases: Vec<String>,
    /// `order_time` at or after.
    pub start: Option<Timestamp>,
    /// `order_time` at or before.
    pub end: Option<Timestamp>,
    /// Has at least one of these tags.
    pub tags_any: Vec<String>,
    /// Has none of these tags.
    pub tags_none: Vec<String>,
    /// Has all of these tags with exactly these values.
    pub tag_values: Vec<(String, String)>,
    /// Has (or has not) a picture.
    pub has_thumb: Option<bool>,
    /// Id at most this one.
    pub before_id: Option<EventId>,
    /// Id greater than this one.
    pub after_id: Option<EventId>,
    /// Id is one of these.
    pub ids: Vec<EventId>,
}

impl Filter {
    /// Whether it matches every event in the caller's scope.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What it asks for, in words, for the audit trail.
    pub fn words(&self) -> String {
        fn list<T>(words: &mut Vec<String>, name: &str, of: &[T], text: impl Fn(&T) -> String) {
            if !of.is_empty() {
                let texts: Vec<String> = of.iter().take(WORDS_MAX).map(text).collect();
                let more = if of.len() > WORDS_MAX { " …" } else { "" };
                words.push(format!("{name} {}{more}", texts.join(" ")));
            }
        }
        let mut words = Vec::new();
        list(&mut words, "cameras", &self.cameras, |id| id.0.to_string());
        list(&mut words, "events", &self.names, String::clone);
        list(&mut words, "aliases", &self.aliases, String::clone);
        list(&mut words, "tags", &self.tags_any, String::clone);
        list(&mut words, "without tags", &self.tags_none, String::clone);
        list(&mut words, "tag", &self.tag_values, |(tag, value)| format!("{tag}={value}"));
        list(&mut words, "ids", &self.ids, |id| id.0.to_string());
        let ends = [("from", self.start), ("to", self.end)];
        words.extend(
            ends.iter().filter_map(|(name, at)| Some(format!("{name} {}", (*at)?.rfc3339()))),
        );
        let ids = [("after id", self.after_id), ("up to id", self.before_id)];
        words.extend(ids.iter().filter_map(|(name, id)| Some(format!("{name} {}", (*id)?.0))));
        words.extend(
            self.has_thumb.map(|has| format!("{} picture", if has { "with" } else { "without" })),
        );
        if words.is_empty() { "everything".to_owned() } else { words.join(", ") }
    }
}

/// Which way a list runs. Ties are broken by id, the same way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// Oldest first, the API's default.
    #[default]
    Ascending,
    /// Newest first.
    Descending,
}

/// A row's place in the order of lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The row's `order_time`.
    pub time: Timestamp,
    /// The row's id.
    pub id: EventId,
}

/// Which page of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// Which way.
    pub order: Order,
    /// At most this many rows, 1..=[`PAGE_MAX`].
    pub limit: usize,
    /// Rows to leave out first; not used when [`Self::after`] is given.
    pub offset: u64,
    /// Go on behind this place (exclusive).
    pub after: Option<Place>,
    /// The total that the first page found, if this is a later page.
    pub total: Option<u64>,
}
