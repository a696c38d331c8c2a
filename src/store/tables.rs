//! Every table: the schema. Layouts of keys are in `key.rs`, of values in `row.rs`.

use redb::TableDefinition;

use super::key::{AgeKey, DayKey, HourKey, Series, SeriesKey, TagKey, TimeKey};

/// Format of the tables below. A step of `migrate.rs` leads from each older one.
pub const SCHEMA_VERSION: u32 = 2;

type Table<K, V> = TableDefinition<'static, K, V>;

/// Event id to its row: one event.
pub(super) const EVENTS: Table<u64, &[u8]> = TableDefinition::new("events");
/// All cameras, a time range, in time order; the value filters cameras and types without the row.
pub(super) const EVENTS_BY_TIME: Table<TimeKey, Series> = TableDefinition::new("events_by_time");
/// One camera and type, a time range: a contiguous run in time order.
pub(super) const EVENTS_BY_SERIES: Table<SeriesKey, ()> = TableDefinition::new("events_by_series");
/// One tag, a time range, in time order.
pub(super) const EVENT_TAGS: Table<TagKey, Series> = TableDefinition::new("event_tags");
/// Camera and type pairs that ever had an event: what to merge for one camera, or one type.
pub(super) const SERIES: Table<Series, ()> = TableDefinition::new("series");
/// Events of a day and of its quarter hours, by tag, camera and type: totals, offsets, histograms.
pub(super) const EVENT_COUNTS: Table<DayKey, &[u8]> = TableDefinition::new("event_counts");
/// Events of an hour by minutes, of all and of each type: the edges of a range.
pub(super) const EVENT_MINUTES: Table<HourKey, &[u8]> = TableDefinition::new("event_minutes");
/// Tag to its number. Numbers are never reused.
pub(super) const TAG_NUMBERS: Table<&str, u32> = TableDefinition::new("tag_numbers");
/// Camera and idempotency key to the event that was stored under it.
pub(super) const IDEMPOTENCY: Table<(u32, &str), &[u8]> = TableDefinition::new("idempotency");
/// The same by age, for pruning.
pub(super) const IDEMPOTENCY_BY_AGE: Table<AgeKey, (u32, &str)> =
    TableDefinition::new("idempotency_by_age");
/// Camera id to its record.
pub(super) const CAMERAS: Table<u32, &[u8]> = TableDefinition::new("cameras");
/// Ids of cameras that were removed: never given again.
pub(super) const REMOVED_CAMERAS: Table<u32, ()> = TableDefinition::new("removed_cameras");
/// Names that removed cameras had, from format 2 on.
pub(super) const REMOVED_CAMERA_NAMES: Table<u32, &str> =
    TableDefinition::new("removed_camera_names");
/// Camera and type number to the type's switches.
pub(super) const EVENT_TYPES: Table<Series, &[u8]> = TableDefinition::new("event_types");
/// Camera and type number to how the type is triggered over HTTP.
pub(super) const RECIPES: Table<Series, &[u8]> = TableDefinition::new("recipes");
/// Camera and type number to what was forced on there, and when it is set back.
pub(super) const RELEASES: Table<Series, &[u8]> = TableDefinition::new("releases");
/// Event type number to its name. Numbers are never reused.
pub(super) const TYPE_NAMES: Table<u16, &str> = TableDefinition::new("type_names");
/// Events that nothing deletes; there from the first one on.
pub(super) const HOLDS: Table<u64, &[u8]> = TableDefinition::new("holds");
/// Runs of events that arrived while the clock was not believed, by the first one's id; there from the
/// first one on.
pub(super) const CLOCK_DOUBTS: Table<u64, &[u8]> = TableDefinition::new("clock_doubts");
/// Kind letter and id to a credential.
pub(super) const CREDENTIALS: Table<(u8, u32), &[u8]> = TableDefinition::new("credentials");
/// User id to a person who logs in.
pub(super) const USERS: Table<u32, &[u8]> = TableDefinition::new("users");
/// Session number to what its cookie is checked against.
pub(super) const SESSIONS: Table<u64, &[u8]> = TableDefinition::new("sessions");
/// Entry number to what was done; each row holds the hash of the one before. At 0 stands what came
/// before the oldest that is kept.
pub(super) const AUDIT: Table<u64, &[u8]> = TableDefinition::new("audit");
/// Credential id to its last use.
pub(super) const CREDENTIAL_USES: Table<u32, &[u8]> = TableDefinition::new("credential_uses");
/// Setting to its value as JSON text.
pub(super) const SETTINGS: Table<&str, &[u8]> = TableDefinition::new("settings");
/// Single values of the store itself: see `state`.
pub(super) const STATE: Table<&str, u64> = TableDefinition::new("state");

/// Names in [`STATE`]. Counters hold the last number handed out: never `last() + 1` of a table,
/// since a removal would recycle ids.
pub(super) mod state {
    /// Format of the tables.
    pub const SCHEMA: &str = "schema";
    /// Upper half of the incarnation that journal segments must carry.
    pub const INCARNATION_HIGH: &str = "incarnation_high";
    /// Lower half.
    pub const INCARNATION_LOW: &str = "incarnation_low";
    /// Upper half of the incarnation that this one descends from through restores; absent before the first.
    pub const ORIGIN_HIGH: &str = "origin_high";
    /// Lower half.
    pub const ORIGIN_LOW: &str = "origin_low";
    /// Newest journal record that the tables hold.
    pub const APPLIED_SEQ: &str = "applied_seq";
    /// Newest event id.
    pub const LAST_EVENT: &str = "last_event";
    /// Newest camera id.
    pub const LAST_CAMERA: &str = "last_camera";
    /// Newest event type number.
    pub const LAST_TYPE: &str = "last_type";
    /// Newest tag number.
    pub const LAST_TAG: &str = "last_tag";
    /// Newest credential id, whatever its kind.
    pub const LAST_CREDENTIAL: &str = "last_credential";
    /// Newest arrival of an event, microseconds.
    pub const LAST_ARRIVAL: &str = "last_arrival";
    /// From when the clock jumped, microseconds, while it is not believed for that.
    pub const CLOCK_JUMP: &str = "clock_jump";
    /// Newest user id.
    pub const LAST_USER: &str = "last_user";
    /// Newest session number.
    pub const LAST_SESSION: &str = "last_session";
    /// Weight of all stored events, see `apply::weight`.
    pub const EVENT_WEIGHT: &str = "event_weight";
    /// Number of the last change of settings.
    pub const LAST_CHANGE: &str = "last_change";
    /// Newest entry of the audit trail.
    pub const LAST_AUDIT: &str = "last_audit";
}
