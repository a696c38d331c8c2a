//! A camera: a device that reports events, and its record.

use std::collections::BTreeMap;

use super::credential::Sealed;
use super::time::Timestamp;

/// Most cameras of one installation (operations.md 3).
pub const CAMERAS_MAX: usize = 4_096;
/// Longest path and query of a device, in bytes.
pub const TARGET_BYTES_MAX: usize = 512;
/// Longest address of a camera, in bytes.
pub const ADDRESS_BYTES_MAX: usize = 255;
/// Longest time that a camera may be set to be quiet for: 30 days.
pub const QUIET_AFTER_S_MAX: u32 = 2_592_000;
/// Longest text that is kept of what an agent says of itself, in bytes.
pub const AGENT_BYTES_MAX: usize = 128;
/// Longest user name of a device, in bytes.
pub const USERNAME_BYTES_MAX: usize = 128;
/// Longest password of a device, in bytes.
pub const PASSWORD_BYTES_MAX: usize = 256;
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
    /// Where it is on the network: a host name or an IP address.
    pub address: Option<String>,
    /// Seconds without an event after which it counts as quiet; 0 = a day.
    pub quiet_after_s: u32,
    /// What its agent said of itself when it last connected; none if it never did.
    pub agent: Option<Agent>,
    /// How the server itself speaks to the device at [`Self::address`].
    pub device: Device,
}

/// How the server speaks to a camera's device: for triggers by recipe and for pictures.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Device {
    /// Its port for HTTP; none = 80.
    pub port: Option<u16>,
    /// Who the server logs in as, if the device wants that.
    pub username: Option<String>,
    /// With which password.
    pub password: Option<DevicePassword>,
    /// Path and query of a picture of what it sees now; see [`is_target`].
    pub snapshot_path: Option<String>,
}

/// A device's password: never shown, only used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DevicePassword {
    /// The password, for the server alone.
    pub sealed: Sealed,
    /// When it was set.
    pub set_at: Timestamp,
}

/// What a camera's agent says of itself. Each text at most [`AGENT_BYTES_MAX`], empty if not told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Agent {
    /// Who made the camera.
    pub vendor: String,
    /// Which model it is.
    pub model: String,
    /// Version of its firmware.
    pub firmware: String,
}

/// Whether `text` may be a camera's address: an IP address, bare or in brackets, or a host name; no
/// port, no scheme.
pub fn is_address(text: &str) -> bool {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    if bare.parse::<std::net::IpAddr>().is_ok() {
        return true;
    }
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= ADDRESS_BYTES_MAX && text.strip_suffix('.').unwrap_or(text).split('.').all(label)
}

/// Whether `text` may be asked for at a device as it stands: a path with perhaps a query, of at most `bytes_max`
/// visible ASCII characters, none of which would need escaping.
pub fn is_target(text: &str, bytes_max: usize) -> bool {
    text.starts_with('/')
        && text.len() <= bytes_max
        && text.bytes().all(|b| b.is_ascii_graphic() && !b"\"#<>\\^`{|}".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::{TARGET_BYTES_MAX, is_address};

    #[test]
    fn a_target_is_a_path_that_needs_no_escaping() {
        let is_target = |text: &str| super::is_target(text, TARGET_BYTES_MAX);
        for good in ["/", "/cgi-bin/snapshot.cgi?channel=1", "/a%20b?x=[1]&y=:@!$'()*+,;"] {
            assert!(is_target(good), "{good}");
        }
        for bad in ["", "a", "http://a/b", "/a b", "/a#b", "/a\r\nHost: x", "/\u{e4}"] {
            assert!(!is_target(bad), "{bad}");
        }
        assert!(is_target(&format!("/{}", "a".repeat(511))));
        assert!(!is_target(&format!("/{}", "a".repeat(512))));
    }

    #[test]
    fn an_address_is_a_host_or_an_ip() {
        for good in ["10.20.4.31", "fe80::1", "[fe80::1]", "gate", "cam_7.site.example", "a.b."] {
            assert!(is_address(good), "{good}");
        }
        for bad in ["", ".", "a..b", "-a", "a b", "http://a", "a/b", "a:80", "[a]", "ä"] {
            assert!(!is_address(bad), "{bad}");
        }
        assert!(!is_address(&["a".repeat(63).as_str(); 5].join(".")));
    }
}
