//! Trigger recipes on disk, and what is held and must be set back.

use redb::ReadableTable;

use super::error::{Result, StoreError};
use super::event_type::salt;
use super::key::Series;
use super::read::ReadTx;
use super::row::{self, CommandRow, MessageRow, OutputRow, RecipeRow, ReleaseRow, UndoRow};
use super::tables::{RECIPES, RELEASES};
use super::write::WriteTx;
use crate::domain::recipe::{BodyType, Command, Message, NoEcho, Output, Recipe, Release, Undo};
use crate::domain::{CameraId, EventTypeId};

impl ReadTx {
    /// Every recipe, by camera and type.
    pub fn recipes(&self) -> Result<Vec<(CameraId, EventTypeId, Recipe)>> {
        let table = self.tx.open_table(RECIPES)?;
        let mut recipes = Vec::new();
        for entry in table.iter()? {
            let (key, value) = entry?;
            let key = key.value();
            let damaged = || StoreError::Damaged(format!("a recipe of camera {}", key.camera));
            let row = row::decode(salt(key), value.value()).map_err(|row::Damage| damaged())?;
            let recipe = recipe(row).ok_or_else(damaged)?;
            recipes.push((CameraId(key.camera), EventTypeId(key.event_type), recipe));
        }
        Ok(recipes)
    }

    /// Everything that is held, by camera and type.
    pub fn releases(&self) -> Result<Vec<Release>> {
        let table = self.tx.open_table(RELEASES)?;
        let mut releases = Vec::new();
        for entry in table.iter()? {
            let (key, value) = entry?;
            let key = key.value();
            let damaged = || StoreError::Damaged(format!("a release of camera {}", key.camera));
            let row = row::decode(salt(key), value.value()).map_err(|row::Damage| damaged())?;
            let ReleaseRow::V1 { undo, due, hold_ms } = row;
            let undo = match undo {
                UndoRow::Message(row) => Undo::Message(message(row).ok_or_else(damaged)?),
                UndoRow::Output(row) => Undo::Output(output(row).ok_or_else(damaged)?),
            };
            releases.push(Release {
                camera: CameraId(key.camera),
                event_type: EventTypeId(key.event_type),
                undo,
                due_us: due,
                hold_ms,
            });
        }
        Ok(releases)
    }
}

impl WriteTx<'_> {
    /// Writes the recipe of a camera's type, new or changed.
    pub fn put_recipe(
        &self,
        camera: CameraId,
        event_type: EventTypeId,
        recipe: &Recipe,
    ) -> Result<()> {
        let key = Series { camera: camera.0, event_type: event_type.0 };
        let row = RecipeRow::V1 {
            command: match &recipe.command {
                Command::Generic { request, release } => {
                    CommandRow::Generic(message_row(request), release.as_ref().map(message_row))
                }
                Command::Output(output) => CommandRow::Output(output_row(output)),
            },
            hold_ms: recipe.hold_ms,
            confirm: recipe.confirm,
            echo_event: recipe.echo_event.clone(),
            echo_wait_ms: recipe.echo_wait_ms,
            stores: recipe.no_echo == NoEcho::Store,
        };
        let bytes = row::encode(salt(key), &row);
        self.tx.open_table(RECIPES)?.insert(key, bytes.as_slice())?;
        Ok(())
    }

    /// Removes the recipe of a camera's type.
    pub fn remove_recipe(&self, camera: CameraId, event_type: EventTypeId) -> Result<()> {
        let key = Series { camera: camera.0, event_type: event_type.0 };
        self.tx.open_table(RECIPES)?.remove(key)?;
        Ok(())
    }

    /// Writes what is held, in place of what was held of the same camera and type.
    pub fn put_release(&self, release: &Release) -> Result<()> {
        let key = Series { camera: release.camera.0, event_type: release.event_type.0 };
        let row = ReleaseRow::V1 {
            undo: match &release.undo {
                Undo::Message(message) => UndoRow::Message(message_row(message)),
                Undo::Output(output) => UndoRow::Output(output_row(output)),
            },
            due: release.due_us,
            hold_ms: release.hold_ms,
        };
        let bytes = row::encode(salt(key), &row);
        self.tx.open_table(RELEASES)?.insert(key, bytes.as_slice())?;
        Ok(())
    }

    /// Nothing is held any more of a camera and type.
    pub fn remove_release(&self, camera: CameraId, event_type: EventTypeId) -> Result<()> {
        let key = Series { camera: camera.0, event_type: event_type.0 };
        self.tx.open_table(RELEASES)?.remove(key)?;
        Ok(())
    }
}

const BODY_TYPES: [BodyType; 4] = [BodyType::Json, BodyType::Xml, BodyType::Form, BodyType::Text];

fn message_row(message: &Message) -> MessageRow {
    let Message { method, target, headers, body, body_type } = message.clone();
    let place = BODY_TYPES.iter().position(|known| *known == body_type).unwrap_or_default();
    let body_type = u8::try_from(place).unwrap_or_default();
    MessageRow { method, target, headers, body, body_type }
}

fn message(row: MessageRow) -> Option<Message> {
    let MessageRow { method, target, headers, body, body_type } = row;
    let body_type = *BODY_TYPES.get(usize::from(body_type))?;
    Some(Message { method, target, headers, body, body_type })
}

fn output_row(output: &Output) -> OutputRow {
    let row = |kind, number| OutputRow { kind, number, token: String::new(), path: String::new() };
    match output {
        Output::AxisVirtualInput { port } => row(0, *port),
        Output::AxisOutput { port } => row(1, *port),
        Output::HikvisionOutput { output } => row(2, *output),
        Output::DahuaOutput { output } => row(3, *output),
        Output::OnvifRelay { token, path } => {
            OutputRow { kind: 4, number: 0, token: token.clone(), path: path.clone() }
        }
    }
}

fn output(row: OutputRow) -> Option<Output> {
    let OutputRow { kind, number, token, path } = row;
    Some(match kind {
        0 => Output::AxisVirtualInput { port: number },
        1 => Output::AxisOutput { port: number },
        2 => Output::HikvisionOutput { output: number },
        3 => Output::DahuaOutput { output: number },
        4 => Output::OnvifRelay { token, path },
        _ => return None,
    })
}

fn recipe(row: RecipeRow) -> Option<Recipe> {
    let RecipeRow::V1 { command, hold_ms, confirm, echo_event, echo_wait_ms, stores } = row;
    let command = match command {
        CommandRow::Generic(request, release) => {
            let release = match release {
                Some(release) => Some(message(release)?),
                None => None,
            };
            Command::Generic { request: message(request)?, release }
        }
        CommandRow::Output(row) => Command::Output(output(row)?),
    };
    let no_echo = if stores { NoEcho::Store } else { NoEcho::Report };
    Some(Recipe { command, hold_ms, confirm, echo_event, echo_wait_ms, no_echo })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sent_comes_back() {
        for body_type in BODY_TYPES {
            let sent = Message {
                method: "PUT".into(),
                target: "/a".into(),
                headers: vec![("A".into(), "b".into())],
                body: "c".into(),
                body_type,
            };
            assert_eq!(message(message_row(&sent)), Some(sent));
        }
        for sent in [
            Output::AxisVirtualInput { port: 1 },
            Output::AxisOutput { port: 2 },
            Output::HikvisionOutput { output: 3 },
            Output::DahuaOutput { output: 4 },
            Output::OnvifRelay { token: "t".into(), path: "/p".into() },
        ] {
            assert_eq!(output(output_row(&sent)), Some(sent));
        }
        let unknown = OutputRow { kind: 5, number: 1, token: String::new(), path: String::new() };
        assert_eq!(output(unknown), None);
    }
}
