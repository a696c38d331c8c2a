//! Everything on disk: a journal in front, tables behind it, and the threads between the two.
//!
//! An event is acknowledged when its journal record is on disk; one applier thread moves what the
//! journal holds into the tables. Reads wait until what was acknowledged before is applied.

mod age;
mod apply;
mod attachment;
mod audit;
pub mod backup;
mod breath;
mod camera;
mod change;
pub mod check;
mod counts;
mod credential;
mod engine;
mod error;
mod event_type;
mod files;
mod hold;
pub mod journal;
pub mod key;
mod migrate;
pub mod query;
mod read;
mod recipe;
pub mod row;
mod setting;
mod sizes;
mod tables;
#[cfg(test)]
mod tests;
mod user;
mod write;

pub use age::{Aged, ClockDoubt, Cutoffs};
pub use attachment::{Attachments, FileKind, NewFile, StoredFile, TemporaryFile};
pub use change::{Change, Create};
pub use engine::{Options, RoomFigures, Stats, Store, Ticket, verify};
pub use error::{Result, StoreError};
pub use files::{
    TlsFile, begin_run, end_run, free_bytes, put_setup_code, put_tls_file, remove_setup_code,
    secret_key, tls_file, total_bytes,
};
pub use query::{GroupBy, Histogram, Listed, Query, Selection};
pub use read::{ReadTx, Remembered, StoredEvent, damaged_rows};
pub use sizes::Sizes;
pub use tables::SCHEMA_VERSION;
pub use write::WriteTx;
