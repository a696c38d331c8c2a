//! Requests to cameras themselves: commands of triggers by recipe, and pictures.
//!
//! Only to a camera's registered address, one command at a time for each camera, bounded in time and size.
//! `client` speaks HTTP, `login` answers a device that wants a password, `reach` says which addresses may
//! be spoken to, `settings` is how an administrator says where and as whom.

mod client;
mod login;
mod reach;
pub mod settings;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

pub use hyper::{Method, header};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::Core;
use super::catalogue::CameraEntry;
use crate::domain::{Camera, CameraId, CameraPassword, Network};
pub use client::{Answer, Request};

/// Time for one command, all of its requests together (operations.md 7, camera-ingest.md 6).
pub const WITHIN: Duration = Duration::from_secs(5);
/// Commands that may wait for one camera.
const WAITING_MAX: usize = 16;
/// A device's port where none is set.
const PORT: u16 = 80;

/// Why a device did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The camera's record has no address.
    #[error("the camera has no address")]
    NoAddress,
    /// The address is none that the server speaks to.
    #[error(
        "the camera's address is this machine's own, link-local, multicast or otherwise not one of a camera; \
         device.allow can allow it"
    )]
    AddressRefused,
    /// The password was sealed with another `secret.key`, or is damaged.
    #[error(
        "the camera's password cannot be read with this installation's secret.key; set it again"
    )]
    PasswordUnreadable,
    /// The host name stands for nothing.
    #[error("the camera's host name cannot be resolved")]
    Unresolved,
    /// No connection.
    #[error("the camera cannot be reached: {0}")]
    Unreachable(std::io::ErrorKind),
    /// It took too long.
    #[error("the camera did not answer in time")]
    Timeout,
    /// It does not take user name and password, or wants them and none are set.
    #[error("the camera does not accept the user name and password that are set for it")]
    LoginRefused,
    /// It wants a log-in of a kind that the server does not have.
    #[error("the camera asks for a log-in that is not supported")]
    LoginUnsupported,
    /// It sends elsewhere, where the server does not go.
    #[error("the camera answered with a redirect, which is not followed")]
    Redirected,
    /// Its answer is longer than asked for.
    #[error("the camera's answer is too long")]
    TooLong,
    /// What it says is not HTTP, or ends too early.
    #[error("the camera's answer is not HTTP, or ended too early")]
    BadAnswer,
    /// It answered, and did not do it: its status.
    #[error("the camera answered with status {0}")]
    Status(u16),
    /// It answered with success, but says in the body that it did not do it.
    #[error("the camera's answer says that it did not do it")]
    Denied,
    /// Too many commands wait for the camera.
    #[error("too many commands wait for this camera")]
    Busy,
}

impl Failure {
    /// The word for programs.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::NoAddress => "no_address",
            Self::AddressRefused => "address_refused",
            Self::PasswordUnreadable => "password_unreadable",
            Self::Unresolved => "unresolved",
            Self::Unreachable(_) => "unreachable",
            Self::Timeout => "timeout",
            Self::LoginRefused => "login_refused",
            Self::LoginUnsupported => "login_unsupported",
            Self::Redirected => "redirected",
            Self::TooLong => "too_long",
            Self::BadAnswer => "bad_answer",
            Self::Status(_) => "status",
            Self::Denied => "denied",
            Self::Busy => "busy",
        }
    }

    /// Whether the device was not there, or not able: the same may work a little later.
    pub const fn may_pass(&self) -> bool {
        matches!(
            self,
            Self::Unresolved
                | Self::Unreachable(_)
                | Self::Timeout
                | Self::BadAnswer
                | Self::Status(500..)
                | Self::Busy
        )
    }
}

/// What holds for every device, from the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Networks that may be spoken to although they are otherwise refused.
    pub allow: Vec<Network>,
    /// Time for one command.
    pub within: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { allow: Vec::new(), within: WITHIN }
    }
}

/// See the module.
#[derive(Clone, Debug)]
pub struct Devices {
    core: Arc<Core>,
    limits: Arc<OnceLock<Limits>>,
}

/// Where a camera's commands come one after the other; one and the same in every copy of its entry.
#[derive(Clone, Debug)]
pub struct Queue {
    at_it: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
}

impl Default for Queue {
    fn default() -> Self {
        Self {
            at_it: Arc::new(Semaphore::new(1)),
            waiting: Arc::new(Semaphore::new(WAITING_MAX + 1)),
        }
    }
}

/// A camera's turn: no other command is at it until this is dropped.
#[derive(Debug)]
pub struct Turn {
    devices: Devices,
    entry: Arc<CameraEntry>,
    deadline: Instant,
    _at_it: OwnedSemaphorePermit,
    _waited: OwnedSemaphorePermit,
}

impl Devices {
    pub(super) fn new(core: Arc<Core>) -> Self {
        Self { core, limits: Arc::default() }
    }

    /// Says what holds for every device. The first one counts; without it, the defaults.
    pub fn limit(&self, limits: Limits) {
        let _ = self.limits.set(limits); // set once, where the server starts
    }

    /// Time for one command.
    pub fn within(&self) -> Duration {
        self.limits().within
    }

    fn limits(&self) -> &Limits {
        self.limits.get_or_init(Limits::default)
    }

    /// Waits for a camera's turn, at most as long as a command may take; the command then has as long
    /// once more.
    ///
    /// # Errors
    /// [`Failure::NoAddress`] also for a camera that does not exist, [`Failure::Busy`],
    /// [`Failure::Timeout`].
    pub async fn turn(&self, camera: CameraId) -> Result<Turn, Failure> {
        let entry = |devices: &Self| devices.core.catalogue().camera(camera).cloned();
        let queue = entry(self).ok_or(Failure::NoAddress)?.queue.clone();
        let waited = queue.waiting.try_acquire_owned().map_err(|_| Failure::Busy)?;
        let within = self.limits().within;
        let at_it = tokio::time::timeout(within, queue.at_it.acquire_owned());
        let at_it = at_it.await.map_err(|_| Failure::Timeout)?.map_err(|_| Failure::Busy)?;
        Ok(Turn {
            // As it is now: it may have been changed meanwhile.
            entry: entry(self).ok_or(Failure::NoAddress)?,
            devices: self.clone(),
            deadline: Instant::now() + within,
            _at_it: at_it,
            _waited: waited,
        })
    }

    /// One request to a camera, in its turn.
    ///
    /// # Errors
    /// As [`Self::turn`] and [`Turn::ask`].
    pub async fn ask(&self, camera: CameraId, request: &Request) -> Result<Answer, Failure> {
        self.turn(camera).await?.ask(request).await
    }
}

impl Turn {
    /// Sends a request to the camera's registered address, logs in if the device wants that, and gives
    /// the answer, which is a success (2xx).
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn ask(&self, request: &Request) -> Result<Answer, Failure> {
        let place = Place::of(&self.devices.core, &self.entry.camera)?;
        let asked = client::ask(&place, &self.devices.limits().allow, request);
        tokio::time::timeout_at(self.deadline, asked).await.map_err(|_| Failure::Timeout)?
    }

    /// User name and password as they are set, for protocols that carry them in a message.
    ///
    /// # Errors
    /// [`Failure::PasswordUnreadable`].
    pub fn login(&self) -> Result<Option<Login>, Failure> {
        Ok(Place::of(&self.devices.core, &self.entry.camera)?.login)
    }
}

/// Where a camera is, and as whom the server speaks to it.
#[derive(Debug)]
struct Place {
    host: String,
    port: u16,
    login: Option<Login>,
}

/// User name and password of a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// The user name; may be empty.
    pub username: String,
    /// The password; may be empty.
    pub password: CameraPassword,
}

impl Place {
    fn of(core: &Core, camera: &Camera) -> Result<Self, Failure> {
        let device = &camera.device;
        let host = camera.address.clone().ok_or(Failure::NoAddress)?;
        let password = match &device.password {
            Some(kept) => {
                let opened = core.key.unseal(camera.id, &kept.sealed);
                Some(opened.ok_or(Failure::PasswordUnreadable)?)
            }
            None => None,
        };
        let is_set = device.username.is_some() || password.is_some();
        let login = is_set.then(|| Login {
            username: device.username.clone().unwrap_or_default(),
            password: password.unwrap_or_else(|| CameraPassword(String::new())),
        });
        Ok(Self { host, port: device.port.unwrap_or(PORT), login })
    }
}
