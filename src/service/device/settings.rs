//! How the server speaks to a camera's device, as an administrator sets it.

use super::PORT;
use crate::domain::camera::{PASSWORD_BYTES_MAX, TARGET_BYTES_MAX, USERNAME_BYTES_MAX, is_target};
use crate::domain::{Camera, CameraPassword, DevicePassword};
use crate::service::Core;
use crate::service::error::{Error, Result};

/// What to change of how the server speaks to a device; `None` leaves a member as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeviceChange {
    /// See [`crate::domain::Device::port`]; 0 takes it away.
    pub port: Option<u16>,
    /// See [`crate::domain::Device::username`]; empty takes it away.
    pub username: Option<String>,
    /// The password in clear; empty takes it away.
    pub password: Option<CameraPassword>,
    /// See [`crate::domain::Device::snapshot_path`]; may be a whole URL of the camera. Empty takes it away.
    pub snapshot_path: Option<String>,
}

/// Refuses what cannot be used.
pub(in crate::service) fn check(change: &DeviceChange) -> Result<()> {
    let bad = |what: &str| Err(Error::BadParameter(what.to_owned()));
    let has_control = |text: &str| text.chars().any(char::is_control);
    // A colon ends the name in Basic, so no device has one.
    if change.username.as_ref().is_some_and(|name| {
        name.len() > USERNAME_BYTES_MAX || has_control(name) || name.contains(':')
    }) {
        return bad("username has at most 128 bytes, no control characters and no colon");
    }
    if change
        .password
        .as_ref()
        .is_some_and(|password| password.0.len() > PASSWORD_BYTES_MAX || has_control(&password.0))
    {
        return bad("password has at most 256 bytes and no control characters");
    }
    Ok(())
}

/// Changes how the server speaks to `camera`, whose address and port were `former`.
///
/// A password was given for one place. Where that changes, the password goes unless it comes anew: else
/// whoever may change the address could have it sent to a machine of his own.
pub(in crate::service) fn apply(
    core: &Core,
    camera: &mut Camera,
    former: &(Option<String>, Option<u16>),
    change: DeviceChange,
) -> Result<()> {
    let device = &mut camera.device;
    if let Some(port) = change.port {
        device.port = Some(port).filter(|port| *port != 0);
    }
    if let Some(username) = change.username {
        device.username = Some(username).filter(|name| !name.is_empty());
    }
    if *former != (camera.address.clone(), device.port) {
        device.password = None;
    }
    if let Some(text) = change.snapshot_path {
        device.snapshot_path = snapshot_path(&text, camera.address.as_deref(), device.port)?;
    }
    if let Some(password) = change.password {
        device.password = if password.0.is_empty() {
            None
        } else {
            let mut nonce = [0; 24];
            getrandom::fill(&mut nonce).map_err(|_| Error::Overloaded("no random numbers"))?;
            let sealed = core.key.seal(camera.id, &nonce, &password);
            Some(DevicePassword { sealed, set_at: core.clock.now() })
        };
    }
    Ok(())
}

/// The path of a picture, from a path or from a URL as devices tell theirs (ONVIF's `GetSnapshotUri`). The
/// URL must be one of this camera: the server speaks to no other.
fn snapshot_path(text: &str, address: Option<&str>, port: Option<u16>) -> Result<Option<String>> {
    let bad = |what: &str| Error::BadParameter(format!("snapshot_path: {what}"));
    let text = text.trim();
    let path = match text.split_once("://") {
        Some(("http", rest)) => {
            let (authority, path) = rest.find('/').map_or((rest, "/"), |at| rest.split_at(at));
            let (host, told) = match authority.rsplit_once(':') {
                Some((host, told)) if !told.ends_with(']') => (host, told.parse().ok()),
                _ => (authority, Some(PORT)),
            };
            let bare = |host: &str| host.trim_matches(['[', ']']).to_ascii_lowercase();
            let is_here = address.is_some_and(|address| bare(address) == bare(host));
            if !is_here || told != Some(port.unwrap_or(PORT)) {
                return Err(bad(
                    "a URL must have the camera's own address and port, and no user name",
                ));
            }
            path
        }
        Some((scheme, _)) if !scheme.starts_with('/') => {
            return Err(bad("a URL must begin with http://"));
        }
        _ => text,
    };
    if !path.is_empty() && !is_target(path, TARGET_BYTES_MAX) {
        return Err(bad("a path begins with / and has at most 512 visible ASCII characters"));
    }
    Ok(Some(path.to_owned()).filter(|path| !path.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_at_the_camera_itself() {
        let path = |text, port| snapshot_path(text, Some("Gate.site"), port).ok().flatten();
        for (text, port, kept) in [
            ("/cgi-bin/snapshot.cgi?channel=1", None, "/cgi-bin/snapshot.cgi?channel=1"),
            ("/fetch?from=http://x/", None, "/fetch?from=http://x/"),
            (" http://gate.site/onvif/snapshot?ch=1\n", None, "/onvif/snapshot?ch=1"),
            ("http://gate.site:80/a", None, "/a"),
            ("http://gate.site:8080", Some(8080), "/"),
        ] {
            assert_eq!(path(text, port).as_deref(), Some(kept), "{text}");
        }
        assert_eq!(snapshot_path("", None, None).unwrap(), None);
        assert_eq!(
            snapshot_path("http://[fe80::1]/a", Some("fe80::1"), None).unwrap().as_deref(),
            Some("/a")
        );
        for bad in [
            "snap.jpg",
            "/a b",
            "https://gate.site/a",
            "http://elsewhere/a",
            "http://gate.site:81/a",
            "http://gate.site@elsewhere/a",
            "http://root:pass@gate.site/a",
            "http://gate.site:x/a",
        ] {
            assert!(snapshot_path(bad, Some("gate.site"), None).is_err(), "{bad}");
        }
    }
}
