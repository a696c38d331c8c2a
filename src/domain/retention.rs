//! How long events are kept where that differs from the rest: by camera, by type, or both.

use super::CameraId;

/// Most rules.
pub const RULES_MAX: usize = 1_000;
/// Longest time, as for all events.
pub const DAYS_MAX: u64 = 3_650;

/// Days that some events are kept, whatever holds for the rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Events of this camera; of every camera if there is none.
    pub camera: Option<CameraId>,
    /// Events of this type; of every type if there is none.
    pub event_type: Option<String>,
    /// Days, 0 = for ever.
    pub days: u64,
}
