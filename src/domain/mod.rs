//! What the product is about: cameras, event types, events, credentials, people. No I/O, no framework.

pub mod attachment;
pub mod audit;
pub mod camera;
pub mod catalog;
pub mod credential;
pub mod durations;
pub mod event;
pub mod event_type;
pub mod filter;
pub mod meta;
pub mod network;
pub mod recipe;
pub mod retention;
pub mod setting;
pub mod time;
pub mod user;

pub use attachment::{Attached, Attachment, FileState};
pub use camera::{Agent, Camera, CameraId, Device, DevicePassword};
pub use credential::{
    Access, CameraPassword, Credential, Envelope, Kind, LastUse, Nonce, Origin, Sealed, SecretKey,
};
pub use event::{Event, EventId, Hold, NewEvent, When};
pub use event_type::{Caps, EventType, EventTypeId};
pub use meta::Meta;
pub use network::Network;
pub use time::Timestamp;
pub use user::{Role, Session, User, UserId};

/// Longest name of a camera or an event type, in bytes (operations.md 3).
pub const NAME_BYTES_MAX: usize = 128;

/// Whether `name` may name a camera or an event type: 1 to [`NAME_BYTES_MAX`] bytes, no control characters.
pub fn is_name(name: &str) -> bool {
    !name.trim().is_empty() && name.len() <= NAME_BYTES_MAX && !name.chars().any(char::is_control)
}
