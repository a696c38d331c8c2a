//! What can be wrong with a request or go wrong inside, in the product's words. No status here.

use super::attachment;
use super::device;
use super::password::Refusal;
use crate::domain::meta::MetaLimit;
use crate::domain::{CameraId, EventId};
use crate::store::StoreError;

/// Why a service refuses or fails.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No credential, or none that holds.
    #[error("no valid credential was given")]
    InvalidAuth,
    /// The credential holds, but does not allow this.
    #[error("the credential does not allow this: {0}")]
    AccessDenied(&'static str),
    /// A camera named in a query or body is outside the credential's scope, or does not exist.
    #[error("camera {} is outside the scope of the credential", .0.0)]
    OutOfScope(CameraId),
    /// A camera named in a path does not exist, or is outside the scope.
    #[error("camera {} does not exist", .0.0)]
    CameraNotFound(CameraId),
    /// The camera is switched off: what its own credentials create is refused.
    #[error("camera {} is switched off", .0.0)]
    CameraDisabled(CameraId),
    /// An event that does not exist, or is outside the scope.
    #[error("event {} does not exist", .0.0)]
    EventNotFound(EventId),
    /// An event that is held: nothing deletes it.
    #[error("event {} is held; take the hold off first", .0.0)]
    EventHeld(EventId),
    /// An event type named in a path.
    #[error("event type {0:?} does not exist on this camera")]
    EventTypeNotFound(String),
    /// Anything else named in a path.
    #[error("{0} does not exist")]
    NotFound(&'static str),
    /// An event type named in a body.
    #[error("event type {0:?} is not known on this camera")]
    UnknownEventType(String),
    /// A member that must be there and is not.
    #[error("{0} is missing")]
    MissingField(&'static str),
    /// A parameter or member that cannot be used as it is.
    #[error("{0}")]
    BadParameter(String),
    /// A setting that does not exist, or a value that it cannot have.
    #[error("{detail}")]
    BadSetting {
        /// Its key, as given.
        key: String,
        /// What it must be.
        detail: String,
    },
    /// Flag, variable or file set it.
    #[error(
        "{key} is set by the configuration file, a variable or a flag; it can only be changed there"
    )]
    SettingFixed {
        /// Its key.
        key: &'static str,
    },
    /// The name is taken.
    #[error("{0} exists already")]
    Exists(&'static str),
    /// A user of this name is there.
    #[error("a user of this name exists already")]
    UserExists,
    /// Name or password is wrong; which one is not told.
    #[error("the name or the password is wrong")]
    WrongLogin,
    /// The current password, which a new one needs, is wrong.
    #[error("the current password is wrong")]
    WrongPassword,
    /// Too many failures from this address.
    #[error("too many failed attempts; try again later")]
    TooManyAttempts {
        /// Seconds until it may be tried again.
        retry_after_s: u64,
    },
    /// A new password is not taken.
    #[error("{}", .0.text())]
    PasswordRefused(Refusal),
    /// Nobody could manage the server without this one.
    #[error("this is the last admin")]
    LastAdmin,
    /// The set-up code is wrong.
    #[error("the set-up code is wrong")]
    WrongCode {
        /// Tries that are left.
        tries_left: u32,
    },
    /// The set-up code counts no longer.
    #[error("the set-up code has ended; restart the server for a new one")]
    CodeVoid,
    /// Built-in event types stay.
    #[error("a built-in event type cannot be removed")]
    BuiltIn,
    /// A picture is not taken.
    #[error("{}", .0.text())]
    PictureRefused(attachment::Refusal),
    /// A metadata file is not taken; why it is no JSON.
    #[error("a metadata file must be JSON: {0}")]
    FilemetaRefused(String),
    /// A signed address has ended, was not made here or not for this, or has done what it was for.
    #[error("this address has ended, or is not one of this server's")]
    BadSignature,
    /// Tags beyond a limit.
    #[error(transparent)]
    MetaLimit(#[from] MetaLimit),
    /// Another of these would be too many.
    #[error("{0}")]
    LimitReached(&'static str),
    /// The idempotency key was used for something else.
    #[error("the idempotency key stands for another request")]
    IdempotencyMismatch,
    /// The camera cannot be asked to raise this type.
    #[error("the camera cannot be asked to raise this event type")]
    NotTriggerable,
    /// The type opens a door, sounds a siren or the like: the caller must say that he means it.
    #[error("this trigger needs a confirmation")]
    ConfirmationRequired,
    /// The camera is not connected.
    #[error("the camera is not connected")]
    CameraOffline,
    /// The camera answered a trigger with a refusal; its word for it.
    #[error("the camera refused: {0}")]
    CameraRefused(String),
    /// The camera did not answer a trigger in time.
    #[error("the camera did not answer in time")]
    CameraTimeout,
    /// A camera's device did not do what it was asked, or could not be asked.
    #[error("{0}")]
    DeviceFailed(device::Failure),
    /// A camera sends faster than it may.
    #[error("this camera sends too fast")]
    RateLimited {
        /// Seconds until it may go on.
        retry_after_s: u64,
    },
    /// Too much waits; try again soon.
    #[error("the server is busy: {0}")]
    Overloaded(&'static str),
    /// Another backup is being made.
    #[error("a backup is being made already")]
    BackupRunning,
    /// A backup would not fit on the disk.
    #[error("a backup may need {needed} bytes; {free} are free")]
    NoRoom {
        /// Bytes that it would take, at most.
        needed: u64,
        /// Bytes that may be written.
        free: u64,
    },
    /// Too little room is left on the disk.
    #[error("the disk is full")]
    StorageFull,
    /// The disk or the database failed.
    #[error("storage failed")]
    StorageFailed(#[source] StoreError),
}

impl From<attachment::Refusal> for Error {
    fn from(refusal: attachment::Refusal) -> Self {
        Self::PictureRefused(refusal)
    }
}

impl From<device::Failure> for Error {
    fn from(failure: device::Failure) -> Self {
        Self::DeviceFailed(failure)
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Overloaded => Self::Overloaded("too many writes are waiting"),
            StoreError::TooLong => {
                Self::Overloaded("the query takes too long; narrow its time range")
            }
            StoreError::Full => Self::StorageFull,
            StoreError::Busy => Self::BackupRunning,
            StoreError::NoRoom { needed, free } => Self::NoRoom { needed, free },
            other => Self::StorageFailed(other),
        }
    }
}

/// Result of a service function.
pub type Result<T> = std::result::Result<T, Error>;
