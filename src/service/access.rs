//! Who calls, and what they may: the one place that decides, for every path (operations.md 5.3).

use super::error::{Error, Result};
use crate::domain::{Access, CameraId, EventId};

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
    /// Read `/metrics`.
    ReadMetrics,
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
    /// The command line, on the machine itself.
    Local,
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
    /// What its credential allows.
    pub access: Access,
    /// Where.
    pub scope: Scope,
}

impl Caller {
    /// The command line.
    pub const fn local() -> Self {
        Self { who: Who::Local, access: Access::All, scope: Scope::All }
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
        let allowed = match self.access {
            Access::All => match action {
                Action::DeleteEvents | Action::Manage | Action::ReadMetrics => {
                    self.is_account_wide()
                }
                _ => true,
            },
            Access::Watch => matches!(action, Action::ReadEvents | Action::ReadCameras),
            Access::Ingest => action == Action::CreateEvents,
            Access::Metrics => action == Action::ReadMetrics,
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
            Self::ReadMetrics => "reading metrics",
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
            ReadMetrics,
        ];
        let own = || Scope::Cameras(vec![CameraId(1)]);
        for (access, scope, allowed) in [
            (Access::Watch, own(), vec![ReadEvents, ReadCameras]),
            (
                Access::All,
                own(),
                vec![ReadEvents, CreateEvents, ChangeEvents, ReadCameras, ChangeCameras, Trigger],
            ),
            (Access::Ingest, own(), vec![CreateEvents]),
            (Access::Metrics, own(), vec![ReadMetrics]),
            (Access::All, Scope::All, all.to_vec()),
        ] {
            let caller = Caller { who: Who::Token(1), access, scope };
            for action in all {
                assert_eq!(
                    caller.may(action).is_ok(),
                    allowed.contains(&action),
                    "{access:?} {action:?}"
                );
            }
        }
    }

    #[test]
    fn a_foreign_camera_looks_missing() {
        let scope = Scope::Cameras(vec![CameraId(1)]);
        let caller = Caller { who: Who::Token(1), access: Access::All, scope };
        assert!(caller.may_at(Action::ReadCameras, CameraId(1)).is_ok());
        assert!(matches!(
            caller.may_at(Action::ReadCameras, CameraId(2)),
            Err(Error::CameraNotFound(CameraId(2)))
        ));
    }
}
