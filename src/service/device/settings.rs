//! How the server speaks to a camera's device, as an administrator sets it.

use crate::domain::camera::{PASSWORD_BYTES_MAX, USERNAME_BYTES_MAX};
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
