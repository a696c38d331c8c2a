//! A camera: a device that reports events, and its record.

use std::collections::BTreeMap;

use super::time::Timestamp;

/// Most cameras of one installation (operations.md 3).
pub const CAMERAS_MAX: usize = 4_096;
/// Most tags of a camera's own meta.
pub const CAMERA_META_MAX: usize = 64;

/// A camera's number, `camid` on the wire. Never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CameraId(pub u32);

/// A camera's record, as an administrator sees and changes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Camera {
    /// Its number.
    pub id: CameraId,
    /// Its name, 1..128 bytes.
    pub name: String,
    /// IANA name of its time zone.
    pub timezone: String,
    /// Whether it is in use. A camera that is switched off keeps its events.
    pub enabled: bool,
    /// When its record was made.
    pub created: Timestamp,
    /// VXG's recording mode, kept for clients that set it: `on`, `off`, `by_event`.
    pub rec_mode: String,
    /// The camera's own stream address, if one was given.
    pub url: Option<String>,
    /// The user name for [`Self::url`], if one was given.
    pub login: Option<String>,
    /// Degrees north, a JSON number as text, so that it comes back digit by digit.
    pub latitude: Option<String>,
    /// Degrees east, likewise.
    pub longitude: Option<String>,
    /// Tags of the camera itself, in tag order.
    pub meta: BTreeMap<String, String>,
}
