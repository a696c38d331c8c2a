//! Who calls, and what they may: the one place that decides, for every path (operations.md 5.3).

use std::net::IpAddr;

use super::error::{Error, Result};
use crate::domain::user::SessionHash;
use crate::domain::{Access, CameraId, EventId, Role, UserId};

/// What a request wants to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Read events, their tags, counts and pictures.
    ReadEvents,
    /// Create events.
    CreateEvents,
    /// Change tags of events.
    ChangeEvents,
    /// Delete events.
    DeleteEvents,
    /// Read cameras and their event types.
    ReadCameras,
    /// Change a camera's event types, or its own record.
    ChangeCameras,
    /// Ask a camera to raise an event.
    Trigger,
    /// Add and remove cameras and credentials.
    Manage,
    /// Say who may do what: users and license keys; and read who did what.
    Govern,
    /// Read `/metrics`.
    ReadMetrics,
    /// Use what the administration shows to every role.
    UseAdmin,
}

/// Who a caller is, for logs and for what only its maker may touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Who {
    /// An access, ingest or metrics token.
    Token(u32),
    /// A group token.
    Group(u32),
    /// A license key.
    Key(u32),
    /// A person who has logged in, whatever the session.
    User(UserId),
    /// The command line, on the machine itself.
    Local,
}

/// Where a caller's rights come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rights {
    /// What its credential allows.
    Access(Access),
    /// What its user's role allows.
    Role(Role),
}

/// The cameras that a caller can see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All, those that were removed included.
    All,
    /// These, ascending.
    Cameras(Vec<CameraId>),
}

/// A proven caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Who it is.
    pub who: Who,
    /// What it may do.
    pub rights: Rights,
    /// Where.
    pub scope: Scope,
    /// The session, if it came with a cookie.
    pub session: Option<SessionHash>,
    /// The address that it calls from; none on the machine itself.
    pub from: Option<IpAddr>,
}

impl Caller {
    /// The command line.
    pub const fn local() -> Self {
        Self::new(Who::Local, Rights::Access(Access::All), Scope::All)
    }

    /// Whoever proved to be `who`, from nowhere in particular.
    pub(super) const fn new(who: Who, rights: Rights, scope: Scope) -> Self {
        Self { who, rights, scope, session: None, from: None }
    }

    /// Whether it can only deliver events of its own camera.
    pub fn is_ingest(&self) -> bool {
        self.rights == Rights::Access(Access::Ingest)
    }

    /// Whether its credential is for the whole account.
    pub fn is_account_wide(&self) -> bool {
        self.scope == Scope::All
    }

    /// Passes if the credential allows `action` at all.
    ///
    /// # Errors
    /// [`Error::AccessDenied`].
    pub fn may(&self, action: Action) -> Result<()> {
        use Action::{
            ChangeEvents, CreateEvents, DeleteEvents, Govern, Manage, ReadCameras, ReadEvents,
            ReadMetrics, Trigger, UseAdmin,
        };
        let allowed = match self.rights {
            Rights::Access(Access::All) => match action {
                DeleteEvents | Manage => self.is_account_wide(),
                // A key that made users or keys would outlive its own end; figures have a token of their own.
                Govern | UseAdmin | ReadMetrics => self.who == Who::Local,
                _ => true,
            },
            Rights::Access(Access::Watch) => matches!(action, ReadEvents | ReadCameras),
            Rights::Access(Access::Ingest) => action == CreateEvents,
            Rights::Access(Access::Metrics) => action == ReadMetrics,
            Rights::Role(Role::Admin) => true,
            Rights::Role(Role::Operator) => {
                matches!(action, ReadEvents | ChangeEvents | ReadCameras | Trigger | UseAdmin)
            }
            Rights::Role(Role::Viewer) => matches!(action, ReadEvents | ReadCameras | UseAdmin),
        };
        if allowed { Ok(()) } else { Err(Error::AccessDenied(action.refusal())) }
    }

    /// Whether the camera is in its scope.
    pub fn covers(&self, camera: CameraId) -> bool {
        match &self.scope {
            Scope::All => true,
            Scope::Cameras(list) => list.binary_search(&camera).is_ok(),
        }
    }

    /// The only camera in its scope, if it is one.
    pub fn only_camera(&self) -> Option<CameraId> {
        match &self.scope {
            Scope::Cameras(list) if list.len() == 1 => Some(list[0]),
            _ => None,
        }
    }

    /// Passes if `action` is allowed on a camera named in a path.
    ///
    /// # Errors
    /// [`Error::AccessDenied`], [`Error::CameraNotFound`].
    pub fn may_at(&self, action: Action, camera: CameraId) -> Result<()> {
        self.may(action)?;
        if self.covers(camera) { Ok(()) } else { Err(Error::CameraNotFound(camera)) }
    }

    /// Passes if an event of `camera` may be shown; looks like a missing one if not.
    ///
    /// # Errors
    /// [`Error::EventNotFound`].
    pub fn sees(&self, id: EventId, camera: CameraId) -> Result<()> {
        if self.covers(camera) { Ok(()) } else { Err(Error::EventNotFound(id)) }
    }
}

impl Action {
    const fn refusal(self) -> &'static str {
        match self {
            Self::ReadEvents => "reading events",
            Self::CreateEvents => "creating events",
            Self::ChangeEvents => "changing events",
            Self::DeleteEvents => "deleting events",
            Self::ReadCameras => "reading cameras",
            Self::ChangeCameras => "changing cameras and event types",
            Self::Trigger => "triggering events",
            Self::Manage => "managing cameras and credentials",
            Self::Govern => "managing users and license keys",
            Self::ReadMetrics => "reading metrics",
            Self::UseAdmin => "using the administration",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of operations.md 5.3, a row per credential.
    #[test]
    fn each_credential_may_what_the_table_says() {
        use Action::*;
        let all = [
            ReadEvents,
            CreateEvents,
            ChangeEvents,
            DeleteEvents,
            ReadCameras,
            ChangeCameras,
            Trigger,
            Manage,
            UseAdmin,
            Govern,
            ReadMetrics,
        ];
        let own = || Scope::Cameras(vec![CameraId(1)]);
        let access = Rights::Access;
        for (rights, scope, allowed) in [
            (access(Access::Watch), own(), vec![ReadEvents, ReadCameras]),
            (
                access(Access::All),
                own(),
                vec![ReadEvents, CreateEvents, ChangeEvents, ReadCameras, ChangeCameras, Trigger],
            ),
            (access(Access::Ingest), own(), vec![CreateEvents]),
            (access(Access::Metrics), own(), vec![ReadMetrics]),
            (access(Access::All), Scope::All, all[..all.len() - 3].to_vec()),
            (Rights::Role(Role::Admin), Scope::All, all.to_vec()),
            (
                Rights::Role(Role::Operator),
                Scope::All,
                vec![ReadEvents, ChangeEvents, ReadCameras, Trigger, UseAdmin],
            ),
            (Rights::Role(Role::Viewer), Scope::All, vec![ReadEvents, ReadCameras, UseAdmin]),
        ] {
            let caller = Caller::new(Who::Token(1), rights, scope);
            for action in all {
                assert_eq!(
                    caller.may(action).is_ok(),
                    allowed.contains(&action),
                    "{rights:?} {action:?}"
                );
            }
        }
        assert!(all.iter().all(|action| Caller::local().may(*action).is_ok()));
    }

    #[test]
    fn a_foreign_camera_looks_missing() {
        let scope = Scope::Cameras(vec![CameraId(1)]);
        let caller = Caller::new(Who::Token(1), Rights::Access(Access::All), scope);
        assert!(caller.may_at(Action::ReadCameras, CameraId(1)).is_ok());
        assert!(matches!(
            caller.may_at(Action::ReadCameras, CameraId(2)),
            Err(Error::CameraNotFound(CameraId(2)))
        ));
    }
}
