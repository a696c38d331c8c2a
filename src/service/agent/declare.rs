//! What a camera announces, kept: what it says of itself, and its event types with their caps.

use super::wire::Declared;
use crate::domain::{Agent, CameraId, EventType, EventTypeId};
use crate::service::catalogue::CameraEntry;
use crate::service::error::{Error, Result};
use crate::service::event_type::{EventTypes, check_name, check_room, put};

impl EventTypes {
    /// Keeps what a camera's agent says of itself. Writes only what is new.
    ///
    /// # Errors
    /// [`Error::CameraNotFound`], and the store's.
    pub(super) async fn introduce(&self, camera: CameraId, agent: Agent) -> Result<()> {
        let catalogue = self.core().catalogue();
        let entry = catalogue.camera(camera).ok_or(Error::CameraNotFound(camera))?;
        if entry.camera.agent.as_ref() == Some(&agent) {
            return Ok(());
        }
        self.core()
            .change(move |tx, next| {
                let entry = next.camera(camera).ok_or(Error::CameraNotFound(camera))?;
                let mut entry = CameraEntry::clone(entry);
                entry.camera.agent = Some(agent);
                tx.put_camera(&entry.camera)?;
                next.put_camera(entry);
                Ok(())
            })
            .await
    }

    /// Keeps the types that a camera announces. A name that is new gets `receive` on; a custom one
    /// becomes the camera's own; switches that were set stay. Writes only what is new.
    ///
    /// Types that it does not announce stay as they are: their caps are remembered. Names that cannot be
    /// kept are left out.
    ///
    /// # Errors
    /// [`Error::CameraNotFound`], and the store's.
    pub(super) async fn merge(&self, camera: CameraId, declared: Vec<Declared>) -> Result<()> {
        let catalogue = self.core().catalogue();
        let entry = catalogue.camera(camera).ok_or(Error::CameraNotFound(camera))?;
        let is_new = |told: &&Declared| {
            let known = entry.types.get(&told.name);
            known.is_none_or(|known| merged(known.clone(), told) != *known)
        };
        let declared: Vec<Declared> = declared.iter().filter(is_new).cloned().collect();
        if declared.is_empty() {
            return Ok(());
        }
        self.core()
            .change(move |tx, next| {
                for told in declared {
                    let entry = next.camera(camera).ok_or(Error::CameraNotFound(camera))?;
                    let known = entry.types.get(&told.name).cloned();
                    let known = match known {
                        Some(known) => known,
                        None => match check_name(&told.name).and_then(|()| check_room(entry)) {
                            Ok(()) => {
                                let number = next.number_of(tx, &told.name)?;
                                fresh(number, &told)
                            }
                            Err(error) => {
                                tracing::warn!(camera.id = camera.0, %error, "an announced event type is left out");
                                continue;
                            }
                        },
                    };
                    put(tx, next, camera, merged(known, &told))?;
                }
                Ok(())
            })
            .await
    }
}

/// A type that the camera has just announced, with the switches it has there.
fn fresh(number: EventTypeId, told: &Declared) -> EventType {
    let mut new = EventType::declared(number, told.name.clone());
    new.record = told.switches.stream.unwrap_or(false);
    new.snapshot = told.switches.snapshot.unwrap_or(false);
    new.period = told.switches.period.unwrap_or(0);
    new
}

/// A type as it is after an announcement: the caps are the camera's, the switches stay. A switch that
/// nobody could have set before, for want of the cap, is the camera's too.
fn merged(mut known: EventType, told: &Declared) -> EventType {
    if known.custom {
        known.custom = false;
        known.receive = true;
    }
    let Some(caps) = told.caps else { return known };
    if caps.can_record && !known.caps.can_record {
        known.record = told.switches.stream.unwrap_or(known.record);
    }
    if caps.can_snapshot && !known.caps.can_snapshot {
        known.snapshot = told.switches.snapshot.unwrap_or(known.snapshot);
    }
    if caps.is_periodic && !known.caps.is_periodic {
        known.period = told.switches.period.unwrap_or(known.period);
    }
    known.caps = caps;
    known
}

#[cfg(test)]
mod tests {
    use super::super::wire::Switches;
    use super::*;
    use crate::domain::Caps;

    fn told() -> Declared {
        let caps = Caps { can_record: true, can_be_triggered: true, ..Caps::default() };
        let switches = Switches { stream: Some(true), ..Switches::default() };
        Declared { name: "door".into(), caps: Some(caps), switches }
    }

    #[test]
    fn an_announced_name_is_received_and_not_custom() {
        let new = merged(fresh(EventTypeId(1), &told()), &told());
        assert!(new.receive && new.record && !new.custom && new.caps.can_be_triggered);
        let custom = EventType::custom(EventTypeId(1), "door".into(), false);
        let known = merged(custom, &told());
        assert!(known.receive && known.record && !known.custom && !known.notify);
    }

    #[test]
    fn switches_that_were_set_stay() {
        let mut known = merged(fresh(EventTypeId(1), &told()), &told());
        (known.receive, known.record) = (false, false);
        assert_eq!(merged(known.clone(), &told()), known);
        let silent = Declared { caps: None, ..told() };
        assert_eq!(merged(known.clone(), &silent), known);
    }
}
