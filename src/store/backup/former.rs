//! What a restore keeps of the data that it takes the place of: what must not be undone.

use std::collections::BTreeMap;
use std::path::Path;

use super::take::incarnations;
use crate::domain::{Credential, Kind};
use crate::store::engine::{DATABASE_FILE, Options, Store};
use crate::store::error::{Result, StoreError};
use crate::store::tables::state;
use crate::store::write::WriteTx;

/// Counters of ids that people and programs know things by: never used twice, also after a restore.
const IDS: [&str; 5] = [
    state::LAST_EVENT,
    state::LAST_CAMERA,
    state::LAST_CREDENTIAL,
    state::LAST_USER,
    state::LAST_SESSION,
];
/// How far event ids go on behind a backup whose former database cannot be asked (operations.md 1.4).
const EVENTS_AHEAD: u64 = 1_000_000;

/// The former database, as far as it can be read.
pub(super) struct Former {
    origin: u128,
    ids: [u64; IDS.len()],
    credentials: BTreeMap<(char, u32), Credential>,
}

impl Former {
    /// Opens what is in the data directory, which applies its journal, and reads what counts. `None` if
    /// there is nothing, or it cannot be opened.
    ///
    /// # Errors
    /// [`StoreError::InUse`].
    pub fn read(dir: &Path) -> Result<Option<Self>> {
        if !dir.join(DATABASE_FILE).is_file() {
            return Ok(None);
        }
        let options = Options { min_free_bytes: Some(0), ..Options::default() };
        match Store::open(dir, options).and_then(|store| {
            let former = Self::of(&store);
            store.close();
            former
        }) {
            Ok(former) => Ok(Some(former)),
            Err(StoreError::InUse) => Err(StoreError::InUse),
            Err(error) => {
                tracing::warn!(%error, "the former database cannot be read; it is moved aside as it is");
                Ok(None)
            }
        }
    }

    fn of(store: &Store) -> Result<Self> {
        let tx = store.read()?;
        let mut ids = [0; IDS.len()];
        for (id, name) in ids.iter_mut().zip(IDS) {
            *id = tx.state(name)?;
        }
        let credentials = tx.credentials()?.into_iter();
        let credentials = credentials.map(|c| ((c.kind.letter(), c.id), c)).collect();
        Ok(Self { origin: incarnations(&tx.tx)?.1, ids, credentials })
    }

    /// The incarnation that it descends from.
    pub const fn origin(&self) -> u128 {
        self.origin
    }
}

/// Raises counters so that no id is given twice.
pub(super) fn keep_ids(tx: &WriteTx<'_>, former: Option<&Former>) -> Result<()> {
    if let Some(former) = former {
        for (id, name) in former.ids.iter().zip(IDS) {
            tx.raise(name, *id)?;
        }
        return Ok(());
    }
    let last = tx.number(state::LAST_EVENT)?;
    tx.raise(state::LAST_EVENT, last + EVENTS_AHEAD)
}

/// Takes over what happened to credentials since the backup: those revoked stay so, those rotated keep
/// their new secret. Gives how many changed.
pub(super) fn keep_revocations(
    tx: &WriteTx<'_>,
    restored: &[Credential],
    former: &Former,
) -> Result<u64> {
    let mut changed = 0;
    for credential in restored {
        match former.credentials.get(&(credential.kind.letter(), credential.id)) {
            None => tx.remove_credential(credential.kind, credential.id)?,
            Some(now) if now != credential => tx.put_credential(now)?,
            Some(_) => continue,
        }
        changed += 1;
    }
    Ok(changed)
}

/// A kind of credential in words.
pub(super) const fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Token => "token",
        Kind::Group => "group token",
        Kind::Key => "license key",
    }
}
