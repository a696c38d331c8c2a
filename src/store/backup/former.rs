//! What a restore keeps of the data that it takes the place of: what must not be undone.

use std::collections::BTreeMap;
use std::path::Path;

use redb::ReadableDatabase;

use super::take::{incarnations, number};
use crate::domain::{Credential, Kind};
use crate::store::engine::{DATABASE_FILE, Options, Store, open_untouched};
use crate::store::error::{Result, StoreError};
use crate::store::files;
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
/// How far event ids go on behind a backup whose former database cannot be asked, or not all of it
/// (operations.md 1.4).
const EVENTS_AHEAD: u64 = 1_000_000;
/// Memory for pages of a newer version's database, of which one small table is read.
const LOOK_CACHE_BYTES: usize = 4 << 20;

/// The former database, as far as it can be read.
pub(super) struct Former {
    origin: u128,
    ids: [u64; IDS.len()],
    /// `None` in data of a newer version.
    credentials: Option<BTreeMap<(char, u32), Credential>>,
}

impl Former {
    /// Opens what is in the data directory, which applies its journal, and reads what counts. Data of a
    /// newer version, which an older one is put in place of, is only looked at. `None` if there is nothing,
    /// or it cannot be read.
    ///
    /// # Errors
    /// [`StoreError::InUse`].
    pub fn read(dir: &Path) -> Result<Option<Self>> {
        if !dir.join(DATABASE_FILE).is_file() {
            return Ok(None);
        }
        let options = Options { min_free_bytes: Some(0), ..Options::default() };
        let opened = Store::open(dir, options).and_then(|store| {
            let former = Self::of(&store);
            store.close();
            former
        });
        let former = match opened {
            Err(StoreError::Newer { .. }) => Self::newer(dir),
            opened => opened,
        };
        match former {
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
        Ok(Self { origin: incarnations(&tx.tx)?.1, ids, credentials: Some(credentials) })
    }

    /// What every version keeps alike of a database that a newer one left: whose it is and its counters.
    /// Its rows cannot be read, nor its journal, which may hold events beyond the counter: ids leave a gap.
    fn newer(dir: &Path) -> Result<Self> {
        let _lock = files::lock(dir)?;
        let db = open_untouched(&dir.join(DATABASE_FILE), LOOK_CACHE_BYTES)?;
        let tx = db.begin_read()?;
        let mut ids = [0; IDS.len()];
        for (id, name) in ids.iter_mut().zip(IDS) {
            *id = number(&tx, name)?;
        }
        ids[0] = ids[0].saturating_add(EVENTS_AHEAD);
        Ok(Self { origin: incarnations(&tx)?.1, ids, credentials: None })
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
/// their new secret. Gives how many changed; `None` if the former data does not tell what happened.
pub(super) fn keep_revocations(
    tx: &WriteTx<'_>,
    restored: &[Credential],
    former: &Former,
) -> Result<Option<u64>> {
    let Some(credentials) = &former.credentials else { return Ok(None) };
    let mut changed = 0;
    for credential in restored {
        match credentials.get(&(credential.kind.letter(), credential.id)) {
            None => tx.remove_credential(credential.kind, credential.id)?,
            Some(now) if now != credential => tx.put_credential(now)?,
            Some(_) => continue,
        }
        changed += 1;
    }
    Ok(Some(changed))
}

/// A kind of credential in words.
pub(super) const fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Token => "token",
        Kind::Group => "group token",
        Kind::Key => "license key",
    }
}
