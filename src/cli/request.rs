//! What the command line asks of the services: the same through the socket and in one process.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::Format;
use super::{
    CameraCommand, DataCommand, GroupAccess, GroupCommand, KeyCommand, TokenAccess, TokenCommand,
    UserCommand, UserRole,
};
use crate::domain::{Access, Role};

/// One request, as it goes through the socket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Request {
    CameraAdd {
        name: String,
        timezone: String,
        id: Option<u32>,
    },
    CameraList,
    CameraDevice {
        id: u32,
        address: Option<String>,
        port: Option<u16>,
        username: Option<String>,
        password: Option<Password>,
        snapshot_path: Option<String>,
    },
    CameraRemove {
        id: u32,
        purge: bool,
    },
    TokenCreate {
        camera: Option<u32>,
        access: String,
        expires_s: Option<u64>,
    },
    TokenList,
    TokenRotate {
        id: u32,
        overlap_s: u64,
    },
    TokenRevoke {
        id: u32,
    },
    KeyCreate {
        name: String,
    },
    KeyList,
    KeyRevoke {
        id: u32,
    },
    GroupCreate {
        name: String,
        cameras: Vec<u32>,
        access: String,
    },
    GroupList,
    GroupRemove {
        id: u32,
    },
    UserAdd {
        name: String,
        role: String,
        password: Password,
    },
    UserPasswd {
        name: String,
        password: Password,
    },
    UserList,
    UserRemove {
        name: String,
    },
    Ca,
    Status,
    Check,
    Backup {
        file: PathBuf,
        with_pictures: bool,
        passphrase: Option<Password>,
    },
    Export(ExportRequest),
    /// Lines of events follow, until the writing side closes.
    Import,
}

/// A password or passphrase on its way from a file or standard input; it shows in no log.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Password(pub String);

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password(..)")
    }
}

impl Request {
    /// Takes the password or passphrase that its command named a source of.
    pub fn fill(&mut self, secret: Password) {
        match self {
            Self::UserAdd { password, .. } | Self::UserPasswd { password, .. } => {
                *password = secret;
            }
            Self::CameraDevice { password, .. } => *password = Some(secret),
            Self::Backup { passphrase, .. } => *passphrase = Some(secret),
            _ => {}
        }
    }
}

/// What to export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ExportRequest {
    pub cameras: Vec<u32>,
    pub names: Vec<String>,
    pub start: Option<String>,
    pub end: Option<String>,
    pub after_id: Option<u64>,
    pub format: Format,
}

/// Passwords and passphrases are left out; [`Request::fill`] puts them in.
impl From<&DataCommand> for Request {
    fn from(command: &DataCommand) -> Self {
        match command {
            DataCommand::Camera(CameraCommand::Add { name, timezone, id }) => {
                Self::CameraAdd { name: name.clone(), timezone: timezone.clone(), id: *id }
            }
            DataCommand::Camera(CameraCommand::List) => Self::CameraList,
            DataCommand::Camera(CameraCommand::Device(device)) => Self::CameraDevice {
                id: device.id,
                address: device.address.clone(),
                port: device.port,
                username: device.username.clone(),
                password: None,
                snapshot_path: device.snapshot_path.clone(),
            },
            DataCommand::Camera(CameraCommand::Remove { id, purge }) => {
                Self::CameraRemove { id: *id, purge: *purge }
            }
            DataCommand::Token(TokenCommand::Create { camera, access, expires }) => {
                let access = match access {
                    TokenAccess::All => Access::All,
                    TokenAccess::Watch => Access::Watch,
                    TokenAccess::Ingest => Access::Ingest,
                    TokenAccess::Metrics => Access::Metrics,
                };
                let access = access.word().to_owned();
                Self::TokenCreate { camera: *camera, access, expires_s: *expires }
            }
            DataCommand::Token(TokenCommand::List) => Self::TokenList,
            DataCommand::Token(TokenCommand::Rotate { token_id, overlap }) => {
                Self::TokenRotate { id: *token_id, overlap_s: overlap.unwrap_or(0) }
            }
            DataCommand::Token(TokenCommand::Revoke { token_id }) => {
                Self::TokenRevoke { id: *token_id }
            }
            DataCommand::Key(KeyCommand::Create { name }) => Self::KeyCreate { name: name.clone() },
            DataCommand::Key(KeyCommand::List) => Self::KeyList,
            DataCommand::Key(KeyCommand::Revoke { id }) => Self::KeyRevoke { id: *id },
            DataCommand::Group(GroupCommand::Create { name, camera, access }) => {
                let access = match access {
                    GroupAccess::All => Access::All,
                    GroupAccess::Watch => Access::Watch,
                };
                let access = access.word().to_owned();
                Self::GroupCreate { name: name.clone(), cameras: camera.clone(), access }
            }
            DataCommand::Group(GroupCommand::List) => Self::GroupList,
            DataCommand::Group(GroupCommand::Remove { id }) => Self::GroupRemove { id: *id },
            DataCommand::User(UserCommand::Add { name, role, .. }) => {
                let role = match role {
                    UserRole::Admin => Role::Admin,
                    UserRole::Operator => Role::Operator,
                    UserRole::Viewer => Role::Viewer,
                };
                let (name, role) = (name.clone(), role.word().to_owned());
                Self::UserAdd { name, role, password: Password::default() }
            }
            DataCommand::User(UserCommand::Passwd { name, .. }) => {
                Self::UserPasswd { name: name.clone(), password: Password::default() }
            }
            DataCommand::User(UserCommand::List) => Self::UserList,
            DataCommand::User(UserCommand::Remove { name }) => {
                Self::UserRemove { name: name.clone() }
            }
            DataCommand::Ca => Self::Ca,
            DataCommand::Status => Self::Status,
            // A restore is never sent: it needs the data directory for itself.
            DataCommand::Check | DataCommand::Restore { .. } => Self::Check,
            DataCommand::Backup { file, without_pictures, .. } => Self::Backup {
                // The server has another working directory.
                file: std::path::absolute(file).unwrap_or_else(|_| file.clone()),
                with_pictures: !without_pictures,
                passphrase: None,
            },
            DataCommand::Export { camera, events, start, end, after_id, format } => {
                Self::Export(ExportRequest {
                    cameras: camera.clone(),
                    names: events.clone(),
                    start: start.clone(),
                    end: end.clone(),
                    after_id: *after_id,
                    format: *format,
                })
            }
            DataCommand::Import { .. } => Self::Import,
        }
    }
}
