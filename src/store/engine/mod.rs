//! The store as its users see it: submit changes, read snapshots, change settings, stop.

mod applier;
mod file;
mod handle;
mod progress;
mod pulse;
mod queue;
mod reading;
mod reserve;
mod room;
mod thread;
mod verify;
mod writer;

use std::collections::VecDeque;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread::JoinHandle;
use std::time::Instant;

use arc_swap::ArcSwap;
use redb::ReadableTable;

use super::attachment::Attachments;
use super::change::Change;
use super::error::{Result, StoreError, io};
use super::files::{self, Lock};
use super::journal::{self, Journal};
use super::read::ReadTx;
use super::tables::{SCHEMA_VERSION, STATE, state};
use super::write::WriteTx;
use super::{apply, backup, migrate};
use crate::domain::durations::{Distribution, Durations};
use crate::domain::{Attachment, EventId, Timestamp};
use applier::Job;
use handle::Handle;
use progress::{Part, Progress};
use pulse::Pulse;
use queue::{Done, Item, Queue};
use room::Room;
use thread::{Alarm, spawn};

pub(super) use file::{Superseded, open_untouched};
pub use queue::Ticket;
pub use room::RoomFigures;
pub use verify::verify;

/// The database's file name in the data directory.
pub(super) const DATABASE_FILE: &str = "watchpost.redb";
/// Where backups are in the data directory, unless somewhere else.
pub(super) const BACKUP_DIR: &str = "backups";
/// Records per transaction while the journal's tail is applied at start.
const REPLAY_CHUNK: usize = if cfg!(test) { 100 } else { 8_000 };

/// How a store is to behave.
#[derive(Clone)]
pub struct Options {
    /// Memory for the database's pages, bytes.
    pub cache_bytes: usize,
    /// Room below which creates are refused, bytes. `None`: 5 % of the file system, 4 to 64 MiB.
    pub min_free_bytes: Option<u64>,
    /// Size of a journal segment. `None`: by the file system's size.
    pub segment_bytes: Option<u64>,
    /// Where the backup goes that is made before the tables' format changes. `None`: `backups` in the
    /// data directory.
    pub backup_dir: Option<PathBuf>,
    /// Now, for that backup.
    pub now: Timestamp,
    /// Called once when storage has failed for good; the process should end.
    pub on_fatal: Arc<dyn Fn(&str) + Send + Sync>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            cache_bytes: 64 << 20,
            min_free_bytes: None,
            segment_bytes: None,
            backup_dir: None,
            now: Timestamp(0),
            on_fatal: Arc::new(|what| tracing::error!("{what}")),
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options").field("cache_bytes", &self.cache_bytes).finish_non_exhaustive()
    }
}

/// Figures of a running store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Writes that wait for the journal.
    pub queued_writes: usize,
    /// Journal records that are on disk but not yet in the tables.
    pub unapplied: u64,
    /// Newest event id that was given.
    pub last_event: EventId,
    /// Size of the database file.
    pub database_bytes: u64,
    /// Room below which creates are refused, bytes.
    pub min_free_bytes: u64,
    /// Room as of the last look, bytes.
    pub room: u64,
    /// Whether creates are refused for lack of room.
    pub full: bool,
    /// Whether storage has failed and is being tried again.
    pub failed: bool,
}

/// The data directory, open: shared by clones, closed by [`Store::close`].
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    dir: PathBuf,
    handle: Arc<ArcSwap<Handle>>,
    /// Held while the database is opened anew.
    reopening: Arc<Mutex<()>>,
    queue: Arc<Queue>,
    progress: Arc<Progress>,
    pulse: Arc<Pulse>,
    room: Arc<Room>,
    commits: Arc<Durations>,
    pictures: Attachments,
    filemeta: Attachments,
    threads: Mutex<Vec<JoinHandle<()>>>,
    backing_up: AtomicBool,
    _lock: Lock,
}

impl Store {
    /// Opens the data directory, applies what the journal holds beyond the tables, commits that,
    /// and starts the threads. Blocks.
    ///
    /// # Errors
    /// [`StoreError::InUse`], [`StoreError::Newer`], [`StoreError::Damaged`]: nothing was changed.
    pub fn open(dir: &Path, options: Options) -> Result<Self> {
        let lock = files::lock(dir)?;
        backup::swap::finish(dir)?;
        migrate::look(&dir.join(DATABASE_FILE))?;
        // A run that did not end properly may have seen a sync fail.
        let doubted = files::is_running(dir);
        let handle = Handle::open(&dir.join(DATABASE_FILE), options.cache_bytes, doubted)?;
        private(&dir.join(DATABASE_FILE))?;
        let (format, incarnation) = migrate::begin(handle.database())?;
        let journal_dir = dir.join("journal");
        match std::fs::create_dir(&journal_dir) {
            Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
                return Err(io(format!("making {}", journal_dir.display()))(error));
            }
            _ => {}
        }
        let mut journal_options = journal::Options::for_dir(&journal_dir)?;
        if let Some(bytes) = options.segment_bytes {
            journal_options.segment_bytes = bytes;
        }
        let applied_seq = handle.state(state::APPLIED_SEQ)?;
        let (mut journal, tail) =
            Journal::open(&journal_dir, incarnation, applied_seq, journal_options)?;
        for path in journal.set_aside() {
            tracing::warn!(path = %path.display(), "a journal segment of another database was set aside");
        }
        let min_free = room::min_free(dir, options.min_free_bytes)?;
        if format < SCHEMA_VERSION {
            let backup_dir = options.backup_dir.unwrap_or_else(|| dir.join(BACKUP_DIR));
            let db = handle.database();
            backup::before_upgrade(db, &tail, dir, &backup_dir, min_free, options.now)?;
            migrate::upgrade(db)?;
            if let Some(error) = handle.failure() {
                return Err(error); // a step that did not reach the disk was not taken
            }
        }
        let mut memory = apply::Memory::default();
        replay(&handle, &mut memory, &tail)?;
        let synced = journal.next_seq() - 1;
        journal.release(synced)?;
        let tx = ReadTx::new(handle.begin_read()?);
        let (last_event, weight) = (tx.last_event()?, tx.event_weight()?);
        drop(tx);

        let room = Arc::new(Room::new(dir, min_free, weight));
        let pictures = Attachments::open(dir, Attachment::Picture)?;
        let filemeta = Attachments::open(dir, Attachment::Filemeta)?;
        let progress = Arc::new(Progress::new(synced));
        let pulse = Arc::new(Pulse::default());
        let queue = Arc::new(Queue::new(last_event.0 + 1, room.min_free / 2));
        let last_change = handle.state(state::LAST_CHANGE)?;
        let (handle, reopening) = (Arc::new(ArcSwap::from_pointee(handle)), Arc::default());
        let (jobs, applier_jobs) = mpsc::channel();
        let on_fatal = options.on_fatal;
        let preparer = journal.preparer();
        let commits = Arc::new(Durations::new());
        let writer = writer::Writer {
            journal,
            queue: Arc::clone(&queue),
            progress: Arc::clone(&progress),
            pulse: Arc::clone(&pulse),
            room: Arc::clone(&room),
            commits: Arc::clone(&commits),
            jobs,
            on_fatal: Arc::clone(&on_fatal),
        };
        let applier = applier::Applier {
            handle: Arc::clone(&handle),
            reopening: Arc::clone(&reopening),
            memory,
            progress: Arc::clone(&progress),
            room: Arc::clone(&room),
            jobs: applier_jobs,
            on_fatal: Arc::clone(&on_fatal),
            last_change,
            waiting: VecDeque::new(),
        };
        let alarm = |name, part| Alarm {
            name,
            part,
            progress: Arc::clone(&progress),
            on_fatal: Arc::clone(&on_fatal),
        };
        let threads = vec![
            spawn(alarm("journal", Part::Journal), move || writer.run(&preparer))?,
            spawn(alarm("applier", Part::Tables), move || applier.run())?,
        ];
        let threads = Mutex::new(threads);
        Ok(Self(Arc::new(Inner {
            dir: dir.into(),
            handle,
            reopening,
            queue,
            progress,
            pulse,
            room,
            commits,
            pictures,
            filemeta,
            threads,
            backing_up: AtomicBool::new(false),
            _lock: lock,
        })))
    }

    /// Queues changes as one write; `done` is called, on the journal's thread, once they are on disk
    /// or have failed. Creates get their ids here, in order. Never blocks on the disk.
    ///
    /// # Errors
    /// [`StoreError::Overloaded`], [`StoreError::Full`] (creates only), [`StoreError::Failed`]:
    /// nothing was queued and `done` is not called.
    pub fn submit(
        &self,
        changes: Vec<Change>,
        done: impl FnOnce(Result<()>) + Send + 'static,
    ) -> Result<Ticket> {
        let inner = &*self.0;
        inner.progress.check()?;
        let takes_room = changes.iter().any(|change| !matches!(change, Change::Delete { .. }));
        if self.is_low() && takes_room {
            return Err(StoreError::Full);
        }
        inner.room.spend(changes.iter().map(|change| change.bytes() as u64).sum());
        inner.queue.push(changes, Done::new(done))
    }

    /// Runs `f` in a transaction on the settings, after everything queued before has been applied,
    /// and returns when it is durable. Blocks. An error from `f` changes nothing,
    /// nor does a panic.
    pub fn exclusive<T: Send + 'static, E: From<StoreError> + Send + 'static>(
        &self,
        f: impl FnOnce(&WriteTx<'_>) -> std::result::Result<T, E> + Send + 'static,
    ) -> std::result::Result<T, E> {
        self.0.progress.check()?;
        let (sender, receiver) = mpsc::sync_channel(1);
        let progress = Arc::clone(&self.0.progress);
        self.0.queue.push_exclusive(Item::Exclusive(Box::new(move |handle| {
            let outcome = (|| {
                let mut tx = handle.begin_write()?;
                tx.set_quick_repair(true);
                // The transaction must not be dropped by a panic: redb would wait for its end.
                let value = catch_unwind(AssertUnwindSafe(|| f(&WriteTx { tx: &tx })))
                    .map_err(|_| StoreError::Failed("the change panicked".into()))??;
                {
                    let mut table = tx.open_table(STATE).map_err(StoreError::from)?;
                    let last = table.get(state::LAST_CHANGE).map_err(StoreError::from)?;
                    let next = last.map_or(0, |value| value.value()) + 1;
                    table.insert(state::LAST_CHANGE, next).map_err(StoreError::from)?;
                }
                handle.commit(tx)?;
                Ok(value)
            })();
            let committed = outcome.is_ok();
            if let Some(error) = handle.failure() {
                progress.set_failed(Part::Tables, Some(&error)); // before anybody hears of it
            }
            let _ = sender.send(outcome);
            committed
        })))?;
        let stopped = |_| StoreError::Failed("the store has stopped".into());
        receiver.recv().map_err(stopped).map_err(E::from)?
    }

    /// Whether writes are possible now.
    ///
    /// # Errors
    /// [`StoreError::Failed`] or [`StoreError::Full`].
    pub fn ready(&self) -> Result<()> {
        self.0.progress.check()?;
        if self.is_low() { Err(StoreError::Full) } else { Ok(()) }
    }

    fn is_low(&self) -> bool {
        self.0.room.is_low(self.0.progress.unapplied_bytes() as u64)
    }

    /// Sets the reserve aside again, if there is room. Blocks.
    pub fn tend_room(&self) {
        self.0.room.tend();
    }

    /// Room as it is now. Cost: two questions to the file system.
    pub fn room(&self) -> RoomFigures {
        self.0.room.look(self.0.progress.unapplied_bytes() as u64)
    }

    /// Says how many bytes of the database's pages are in use, as a walk over them has found.
    pub fn measured(&self, used: u64) {
        self.0.room.measured(used);
    }

    /// Whether the journal's thread has come round since this was called before; asks it anew. Never
    /// blocks. A disk that hangs, or an applier that does not keep up, leaves it unanswered.
    pub fn writer_answers(&self) -> bool {
        let answered = self.0.pulse.ask();
        self.0.queue.nudge();
        answered
    }

    /// Newest journal record that the tables hold.
    pub fn applied_seq(&self) -> u64 {
        self.0.progress.applied()
    }

    /// Newest journal record that is on disk.
    pub fn synced_seq(&self) -> u64 {
        self.0.progress.synced()
    }

    /// Newest journal record that a durable commit of the tables holds.
    #[cfg(test)]
    pub(super) fn durable_seq(&self) -> u64 {
        self.0.progress.durable()
    }

    /// Fails as a write does that goes wrong: whoever writes next notices.
    #[cfg(test)]
    pub(super) fn fail_database(&self) {
        self.0.handle.load().give_up(&StoreError::Failed("a test wants it".to_owned()));
    }

    /// Figures of this moment.
    pub fn stats(&self) -> Stats {
        let progress = &self.0.progress;
        let database = std::fs::metadata(self.0.dir.join(DATABASE_FILE));
        Stats {
            queued_writes: self.0.queue.len(),
            unapplied: progress.synced().saturating_sub(progress.applied()),
            last_event: EventId(self.0.queue.last_event()),
            database_bytes: database.map_or(0, |meta| meta.len()),
            min_free_bytes: self.0.room.min_free,
            room: self.0.room.last().room,
            full: self.is_low(),
            failed: progress.check().is_err(),
        }
    }

    /// How long batches of the journal took to be on disk, since the start; failed ones too.
    pub fn commits(&self) -> Distribution {
        self.0.commits.read()
    }

    /// The files of pictures, or the metadata files.
    pub fn attachments(&self, of: Attachment) -> &Attachments {
        match of {
            Attachment::Picture => &self.0.pictures,
            Attachment::Filemeta => &self.0.filemeta,
        }
    }

    /// The right to make a backup, if nobody has it; until dropped.
    pub(super) fn begin_backup(&self) -> Option<BackingUp> {
        let was = self.0.backing_up.swap(true, Ordering::AcqRel);
        (!was).then(|| BackingUp(self.clone()))
    }

    /// The data directory.
    pub fn dir(&self) -> &Path {
        &self.0.dir
    }

    /// Takes no more writes, lets the queued ones finish, commits, and ends the threads. Blocks.
    pub fn close(&self) {
        self.0.close();
    }
}

/// See [`Store::begin_backup`].
pub(super) struct BackingUp(Store);

impl Drop for BackingUp {
    fn drop(&mut self) {
        self.0.0.backing_up.store(false, Ordering::Release);
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("dir", &self.0.dir).finish_non_exhaustive()
    }
}

impl Inner {
    fn close(&self) {
        self.queue.close();
        let threads = std::mem::take(&mut *self.threads.lock().expect("never poisoned"));
        for thread in threads {
            let name = thread.thread().name().unwrap_or_default().to_owned();
            if thread.join().is_err() {
                tracing::error!(thread = name, "a storage thread panicked");
            }
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.close();
    }
}

/// Applies the journal's tail and commits it durably: what was found may so far be only in the page
/// cache.
fn replay(handle: &Handle, memory: &mut apply::Memory, tail: &[journal::Record]) -> Result<()> {
    if tail.is_empty() {
        return Ok(());
    }
    let started = Instant::now();
    for chunk in tail.chunks(REPLAY_CHUNK) {
        let mut changes = Vec::with_capacity(chunk.len());
        for record in chunk {
            let change = Change::decode(&record.bytes)
                .map_err(|_| StoreError::Damaged(format!("journal record {}", record.seq)))?;
            changes.push(change);
        }
        let last_seq = chunk[chunk.len() - 1].seq;
        let mut tx = handle.begin_write()?;
        tx.set_quick_repair(true);
        apply::apply(&tx, memory, changes.iter(), last_seq)?;
        handle.commit(tx)?;
    }
    let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    tracing::info!(records = tail.len(), duration_ms, "applied what the journal held");
    Ok(())
}

pub(super) fn private(path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))
        .map_err(io(format!("setting the mode of {}", path.display())))
}

/// A transaction of its own; tells whether it was committed.
type Exclusive = Box<dyn FnOnce(&Handle) -> bool + Send>;
