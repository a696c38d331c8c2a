//! Settings on disk: what administrators set, as JSON text by key.

use redb::ReadableTable;

use super::error::Result;
use super::read::ReadTx;
use super::row::{self, SettingRow};
use super::tables::SETTINGS;
use super::write::WriteTx;

impl ReadTx {
    /// Settings by key. A damaged one is reported and left out.
    pub fn settings(&self) -> Result<Vec<(String, String)>> {
        let table = match self.tx.open_table(SETTINGS) {
            Err(redb::TableError::TableDoesNotExist(_)) => return Ok(Vec::new()), // none yet
            table => table?,
        };
        all(&table)
    }
}

fn all(table: &impl ReadableTable<&'static str, &'static [u8]>) -> Result<Vec<(String, String)>> {
    let mut all = Vec::new();
    for entry in table.iter()? {
        let (key, value) = entry?;
        let key = key.value();
        match row::decode(salt(key), value.value()) {
            Ok(SettingRow::V1 { json }) => all.push((key.to_owned(), json)),
            Err(row::Damage) => {
                tracing::error!(setting = key, "a setting's row is damaged; it is left out");
            }
        }
    }
    Ok(all)
}

impl WriteTx<'_> {
    /// As [`ReadTx::settings`], with what this transaction wrote.
    pub fn settings(&self) -> Result<Vec<(String, String)>> {
        all(&self.tx.open_table(SETTINGS)?)
    }

    /// Writes a setting, or removes it.
    pub fn put_setting(&self, key: &str, json: Option<&str>) -> Result<()> {
        let mut table = self.tx.open_table(SETTINGS)?;
        match json {
            Some(json) => {
                let row = SettingRow::V1 { json: json.to_owned() };
                table.insert(key, row::encode(salt(key), &row).as_slice())?;
            }
            None => {
                table.remove(key)?;
            }
        }
        Ok(())
    }
}

/// A row under another's key is found.
fn salt(key: &str) -> u64 {
    u64::from(crc32c::crc32c(key.as_bytes()))
}
