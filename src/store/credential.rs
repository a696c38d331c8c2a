//! Credentials on disk: what a secret is derived from, never the secret.

use redb::ReadableTable;

use super::error::{Result, StoreError};
use super::read::{ReadTx, left_out};
use super::row::{self, CredentialRow, UseRow};
use super::tables::{CREDENTIAL_USES, CREDENTIALS, state};
use super::write::WriteTx;
use crate::domain::{Access, CameraId, Credential, Kind, LastUse, Timestamp};

impl ReadTx {
    /// All credentials, by kind and id. A damaged one is reported and left out: its secret holds no longer.
    pub fn credentials(&self) -> Result<Vec<Credential>> {
        let table = self.tx.open_table(CREDENTIALS)?;
        let mut all = Vec::new();
        for entry in table.iter()? {
            let (key, value) = entry?;
            match decode(key.value(), value.value()) {
                Ok(credential) => all.push(credential),
                Err(error) => left_out(&error),
            }
        }
        Ok(all)
    }

    /// Last uses by credential id. A damaged row counts as never used.
    pub fn credential_uses(&self) -> Result<Vec<(u32, LastUse)>> {
        let table = self.tx.open_table(CREDENTIAL_USES)?;
        let mut all = Vec::new();
        for entry in table.iter()? {
            let (id, value) = entry?;
            let id = id.value();
            if let Ok(UseRow::V1 { at, from }) = row::decode(u64::from(id), value.value()) {
                let from = from.and_then(|from| from.parse().ok());
                all.push((id, LastUse { at: Timestamp(at), from }));
            }
        }
        Ok(all)
    }
}

impl WriteTx<'_> {
    /// The next credential id, whatever the kind.
    pub fn new_credential_id(&self) -> Result<u32> {
        self.next_u32(state::LAST_CREDENTIAL)
    }

    /// Writes a credential's row, new or changed.
    pub fn put_credential(&self, credential: &Credential) -> Result<()> {
        let row = CredentialRow::V1 {
            access: credential.access.word().to_owned(),
            nonce: credential.nonce,
            former: credential.former.map(|(nonce, end)| (nonce, end.0)),
            expires: credential.expires.map(|at| at.0),
            created: credential.created.0,
            name: credential.name.clone(),
            cameras: credential.cameras.iter().map(|c| c.0).collect(),
        };
        let key = key(credential.kind, credential.id);
        let bytes = row::encode(salt(key), &row);
        self.tx.open_table(CREDENTIALS)?.insert(key, bytes.as_slice())?;
        Ok(())
    }

    /// Writes when a credential was last used.
    pub fn put_credential_use(&self, id: u32, last: LastUse) -> Result<()> {
        let row = UseRow::V1 { at: last.at.0, from: last.from.map(|from| from.to_string()) };
        let bytes = row::encode(u64::from(id), &row);
        self.tx.open_table(CREDENTIAL_USES)?.insert(id, bytes.as_slice())?;
        Ok(())
    }

    /// Removes a credential: its secret holds no longer.
    pub fn remove_credential(&self, kind: Kind, id: u32) -> Result<()> {
        self.tx.open_table(CREDENTIALS)?.remove(key(kind, id))?;
        self.tx.open_table(CREDENTIAL_USES)?.remove(id)?;
        Ok(())
    }
}

fn key(kind: Kind, id: u32) -> (u8, u32) {
    (u8::try_from(kind.letter()).expect("the letters are ASCII"), id)
}

fn salt((letter, id): (u8, u32)) -> u64 {
    u64::from(letter) << 32 | u64::from(id)
}

fn decode((letter, id): (u8, u32), bytes: &[u8]) -> Result<Credential> {
    let damaged = || StoreError::Damaged(format!("credential {id}"));
    let kind = [Kind::Token, Kind::Group, Kind::Key]
        .into_iter()
        .find(|kind| kind.letter() == char::from(letter))
        .ok_or_else(damaged)?;
    let CredentialRow::V1 { access, nonce, former, expires, created, name, cameras } =
        row::decode(salt((letter, id)), bytes).map_err(|row::Damage| damaged())?;
    Ok(Credential {
        kind,
        id,
        access: Access::from_word(&access).ok_or_else(damaged)?,
        nonce,
        former: former.map(|(nonce, end)| (nonce, Timestamp(end))),
        expires: expires.map(Timestamp),
        created: Timestamp(created),
        name,
        cameras: cameras.into_iter().map(CameraId).collect(),
    })
}
