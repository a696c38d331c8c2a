//! Carries requests out against the services.

use std::io::BufRead;

use super::reply::{
    AccessTokens, AddedCamera, Ca, ChangedUser, Checked, Device, Group, ListedCamera, ListedGroup,
    ListedKey, ListedToken, ListedUser, Reply, Token, TokenRef,
};
use super::request::Request;
use super::socket::Serving;
use crate::domain::{
    Access, CameraId, CameraPassword, Credential, Envelope, Kind, Origin, Role, Timestamp,
};
use crate::service::Services;
use crate::service::access::Caller;
use crate::service::camera::{CameraChange, NewCamera};
use crate::service::credential::Issued;
use crate::service::device::settings::DeviceChange;
use crate::service::error::Error;
use crate::service::user::Listed;

/// What a request may read and write on the way.
pub(super) struct Streams<'s> {
    /// Lines of an import.
    pub input: &'s mut dyn BufRead,
    /// Takes pieces of an export.
    pub output: &'s mut dyn FnMut(String) -> std::io::Result<()>,
    /// Told how many items of how many are done.
    pub progress: &'s mut dyn FnMut(u64, u64),
}

/// Where requests are carried out.
#[derive(Clone, Copy)]
pub(super) struct Host<'h> {
    /// What envelopes name as the server's address.
    pub origin: &'h Origin,
    /// The server, if this process is it.
    pub serving: Option<&'h Serving>,
}

/// Carries `request` out.
///
/// # Errors
/// A text for people.
pub(super) async fn execute(
    services: &Services,
    request: Request,
    host: Host<'_>,
    streams: Streams<'_>,
) -> Result<Reply, String> {
    let set = services.public_origin(); // may have changed since the server started
    let origin = set.as_ref().unwrap_or(host.origin);
    let on = On { services, origin, serving: host.serving, caller: Caller::local() };
    match request {
        Request::Export(request) => on.export(&request, streams.output).await,
        Request::Import => on.import(streams.input).await,
        Request::Ca => ca(services),
        Request::Backup { file, with_pictures, passphrase } => {
            on.backup(file, with_pictures, passphrase, streams.progress).await
        }
        Request::Status => on.status().await,
        other => on.settings(other).await.map_err(text),
    }
}

fn ca(services: &Services) -> Result<Reply, String> {
    let found = services.tls.authority().map_err(|error| error.to_string())?;
    let (facts, pem) =
        found.ok_or("there is no own CA here: a server with tls.mode own-ca makes it")?;
    Ok(Reply::Ca(Ca {
        subject: facts.subject,
        fingerprint_sha256: facts.fingerprint,
        not_after: facts.not_after.rfc3339(),
        pem,
    }))
}

/// One sentence with what lies beneath a storage failure.
pub(super) fn text(error: Error) -> String {
    match error {
        Error::StorageFailed(source) => format!("storage failed: {source}"),
        other => other.to_string(),
    }
}

pub(super) struct On<'s> {
    pub services: &'s Services,
    origin: &'s Origin,
    pub serving: Option<&'s Serving>,
    pub caller: Caller,
}

impl On<'_> {
    async fn settings(&self, request: Request) -> Result<Reply, Error> {
        let (services, caller) = (self.services, &self.caller);
        Ok(match request {
            Request::CameraAdd { name, timezone, id } => {
                let change = CameraChange { timezone: Some(timezone), ..CameraChange::default() };
                let new = NewCamera { id: id.map(CameraId), name, change };
                let added = services.cameras.add(caller, new).await?;
                self.camera(&added.entry.camera.name, &added.tokens)
            }
            Request::CameraDevice { id, address, port, username, password, snapshot_path } => {
                let password = password.map(|password| CameraPassword(password.0));
                let device = DeviceChange { port, username, password, snapshot_path };
                let change = CameraChange { address, device, ..CameraChange::default() };
                let entry = services.cameras.change(caller, CameraId(id), change).await?;
                let device = &entry.camera.device;
                Reply::Device(Device {
                    id,
                    address: entry.camera.address.clone(),
                    port: device.port.unwrap_or(80),
                    username: device.username.clone(),
                    has_password: device.password.is_some(),
                    snapshot_path: device.snapshot_path.clone(),
                })
            }
            Request::CameraRemove { id, purge } => {
                let removed = services.cameras.remove(caller, CameraId(id)).await;
                match removed {
                    // Purging what an earlier removal left is what the second call is for.
                    Err(Error::CameraNotFound(_)) if purge => {}
                    other => other?,
                }
                if !purge {
                    return Ok(Reply::Nothing {});
                }
                Reply::Purged { deleted: services.events.purge(caller, CameraId(id)).await? }
            }
            Request::TokenCreate { camera, access, expires_s } => {
                let access = access_of(&access)?;
                let now = services.clock().now().0;
                let expires = expires_s.map(|s| {
                    let us = i64::try_from(s).unwrap_or(i64::MAX).saturating_mul(1_000_000);
                    Timestamp(now.saturating_add(us).min(Timestamp::MAX.0))
                });
                let camera = camera.map(CameraId);
                self.token(
                    &services.credentials.create_token(caller, camera, access, expires).await?,
                )
            }
            Request::TokenRotate { id, overlap_s } => {
                self.token(&services.credentials.rotate(caller, id, overlap_s).await?)
            }
            Request::TokenRevoke { id } => self.revoke(Kind::Token, id).await?,
            Request::KeyCreate { name } => {
                let issued = services.credentials.create_key(caller, name).await?;
                Reply::Key { key_id: issued.credential.id, license_key: issued.secret }
            }
            Request::KeyRevoke { id } => self.revoke(Kind::Key, id).await?,
            Request::GroupCreate { name, cameras, access } => {
                let access = access_of(&access)?;
                let cameras = cameras.into_iter().map(CameraId).collect();
                let issued =
                    services.credentials.create_group(caller, name, cameras, access).await?;
                let row = &issued.credential;
                Reply::Group(Group {
                    group_id: row.id,
                    name: row.name.clone(),
                    group_token: self.envelope(row, issued.secret.clone()),
                    access: row.access.word().to_owned(),
                    cameras: row.cameras.iter().map(|c| c.0).collect(),
                })
            }
            Request::GroupRemove { id } => self.revoke(Kind::Group, id).await?,
            Request::UserAdd { name, role, password } => {
                let role = Role::from_word(&role)
                    .ok_or_else(|| Error::BadParameter(format!("unknown role {role:?}")))?;
                user(&services.users.add(caller, name, &password.0, role).await?)
            }
            Request::UserPasswd { name, password } => {
                user(&services.users.change(caller, &name, None, Some(&password.0)).await?)
            }
            Request::UserRemove { name } => {
                services.users.remove(caller, &name).await?;
                Reply::Nothing {}
            }
            Request::Check => {
                let report = services.attachments.verify().await?;
                Reply::Checked(Checked {
                    events: report.events,
                    index_entries: report.index_entries,
                    counter_rows: report.counter_rows,
                    audit_entries: report.audit_entries,
                    pictures: report.pictures,
                    filemeta: report.filemeta,
                    checksum: format!("{:08x}", report.checksum),
                    problem_count: report.problem_count,
                    problems: report.problems,
                })
            }
            other => self.lists(&other)?,
        })
    }

    fn lists(&self, request: &Request) -> Result<Reply, Error> {
        let (services, caller) = (self.services, &self.caller);
        Ok(match request {
            Request::CameraList => Reply::Cameras {
                objects: services.cameras.list(caller)?.iter().map(|c| listed(&c.camera)).collect(),
            },
            Request::TokenList => Reply::Tokens {
                objects: services
                    .credentials
                    .list(caller, Kind::Token)?
                    .iter()
                    .map(|row| ListedToken {
                        token_id: row.id,
                        access: row.access.word().to_owned(),
                        camid: row.cameras.first().map(|c| c.0),
                        expires: row.expires.map(Timestamp::rfc3339),
                    })
                    .collect(),
            },
            Request::KeyList => Reply::Keys {
                objects: services
                    .credentials
                    .list(caller, Kind::Key)?
                    .iter()
                    .map(|row| ListedKey {
                        key_id: row.id,
                        name: row.name.clone(),
                        created: row.created.rfc3339(),
                    })
                    .collect(),
            },
            Request::UserList => Reply::Users {
                objects: services
                    .users
                    .list(caller)?
                    .into_iter()
                    .map(|listed| ListedUser {
                        name: listed.user.name.clone(),
                        role: listed.user.role.word().to_owned(),
                        created: listed.user.created.rfc3339(),
                        last_login: listed.user.last_login.map(Timestamp::rfc3339),
                        sessions: listed.sessions,
                    })
                    .collect(),
            },
            Request::GroupList => Reply::Groups {
                objects: services
                    .credentials
                    .list(caller, Kind::Group)?
                    .iter()
                    .map(|row| ListedGroup {
                        group_id: row.id,
                        name: row.name.clone(),
                        access: row.access.word().to_owned(),
                        cameras: row.cameras.iter().map(|c| c.0).collect(),
                    })
                    .collect(),
            },
            _ => Reply::Nothing {},
        })
    }

    fn envelope(&self, row: &Credential, secret: String) -> String {
        Envelope::new(row, secret, self.origin).encode()
    }

    fn camera(&self, name: &str, tokens: &[Credential]) -> Reply {
        let secret = |access: Access| {
            let row = tokens.iter().find(|row| row.access == access);
            row.map(|row| (row, self.services.credentials.secret(row)))
        };
        let envelope = |access| {
            secret(access).map(|(row, secret)| self.envelope(row, secret)).unwrap_or_default()
        };
        Reply::Camera(AddedCamera {
            id: tokens.first().and_then(|row| row.cameras.first()).map_or(0, |c| c.0),
            name: name.to_owned(),
            access_tokens: AccessTokens {
                all: envelope(Access::All),
                watch: envelope(Access::Watch),
            },
            ingest_token: secret(Access::Ingest).map(|(_, secret)| secret).unwrap_or_default(),
            tokens: tokens
                .iter()
                .map(|row| TokenRef { token_id: row.id, access: row.access.word().to_owned() })
                .collect(),
        })
    }

    /// `all` and `watch` as an envelope, `ingest` and `metrics` as the bare secret.
    fn token(&self, issued: &Issued) -> Reply {
        let (row, secret) = (&issued.credential, issued.secret.clone());
        let token = match row.access {
            Access::All | Access::Watch => self.envelope(row, secret),
            Access::Ingest | Access::Metrics => secret,
        };
        Reply::Token(Token {
            token_id: row.id,
            token,
            access: row.access.word().to_owned(),
            camid: row.cameras.first().map(|c| c.0),
            expires: row.expires.map(Timestamp::rfc3339),
        })
    }

    async fn revoke(&self, kind: Kind, id: u32) -> Result<Reply, Error> {
        self.services.credentials.revoke(&self.caller, kind, id).await?;
        Ok(Reply::Nothing {})
    }
}

fn access_of(word: &str) -> Result<Access, Error> {
    Access::from_word(word).ok_or_else(|| Error::BadParameter(format!("unknown access {word:?}")))
}

fn user(listed: &Listed) -> Reply {
    let (name, role) = (listed.user.name.clone(), listed.user.role.word().to_owned());
    Reply::User(ChangedUser { name, role })
}

fn listed(camera: &crate::domain::Camera) -> ListedCamera {
    ListedCamera {
        id: camera.id.0,
        name: camera.name.clone(),
        timezone: camera.timezone.clone(),
        enabled: camera.enabled,
    }
}
