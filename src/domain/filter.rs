//! What events a caller asks for: the filters of list, count, histogram, export and bulk delete.

use super::{CameraId, EventId, Timestamp};

/// Most values of one comma list (operations.md 3).
pub const LIST_VALUES_MAX: usize = 1_000;
/// Largest page.
pub const PAGE_MAX: usize = 1_000;
/// Page size when none is asked for.
pub const PAGE_DEFAULT: usize = 20;

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
