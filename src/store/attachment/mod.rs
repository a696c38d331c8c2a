//! Pictures and metadata files of events as files: one of each for an event that has it, beside the
//! database.
//!
//! A file is what was sent (any program that shows pictures opens one), behind it the thumbnail of a
//! picture, and a trailer that says where both are and proves them:
//!
//! `what was sent | thumbnail JPEG | thumb_len, full_len, width, height, thumb_crc, full_crc: u32 LE | kind: u8 |
//! 3 × 0 | crc of the trailer so far: u32 LE | "wppict/1"`
//!
//! One file, so that picture and thumbnail are replaced together. It is named by its event's id, in a
//! folder of [`SHARD_IDS`] ids: ids grow, so folders empty as retention goes on. A file counts only if
//! its event's row says `ready`; it is written, synced and renamed before the row says so.

mod held;
mod rows;
mod trailer;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};

use super::error::{Result, StoreError, io};
use crate::domain::{Attachment, EventId};
pub(super) use held::{Held, hold};
use trailer::{TRAILER_BYTES, Trailer};

/// Folder of the data directory.
pub(super) const fn folder_name(of: Attachment) -> &'static str {
    match of {
        Attachment::Picture => "pictures",
        Attachment::Filemeta => "filemeta",
    }
}
/// What a backup still needs of files that were removed or replaced since it was begun.
const HELD: &str = "held";
/// Where files are while they are written; what a crash left there goes at the next start.
const TEMPORARY: &str = "tmp";
/// Ids that share a folder.
const SHARD_IDS: u64 = 4_096;

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// JPEG.
    Jpeg,
    /// PNG.
    Png,
    /// WebP.
    Webp,
    /// JSON: a metadata file.
    Json,
}

impl FileKind {
    const ALL: [Self; 4] = [Self::Jpeg, Self::Png, Self::Webp, Self::Json];

    /// Its media type.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Webp => "image/webp",
            Self::Json => "application/json",
        }
    }

    const fn number(self) -> u8 {
        match self {
            Self::Jpeg => 1,
            Self::Png => 2,
            Self::Webp => 3,
            Self::Json => 4,
        }
    }
}

/// A file to be written.
#[derive(Clone, Copy, Debug)]
pub struct NewFile<'a> {
    /// As it was sent.
    pub full: &'a [u8],
    /// What that is.
    pub kind: FileKind,
    /// A picture's width and height, else 0.
    pub size: (u32, u32),
    /// The small picture, a JPEG; empty without one.
    pub thumb: &'a [u8],
}

/// A file that was read, or its thumbnail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredFile {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// What they are.
    pub kind: FileKind,
    /// Their CRC-32C.
    pub crc: u32,
}

/// A file that is on disk whole, but has no event yet. Removed when dropped.
#[derive(Debug)]
pub struct TemporaryFile {
    path: PathBuf,
    bytes: u64,
    crc: u32,
}

impl TemporaryFile {
    /// CRC-32C of what was sent.
    pub const fn crc(&self) -> u32 {
        self.crc
    }
}

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path); // after a rename there is nothing under this name
    }
}

/// Bytes that the files take, as far as they have been looked at.
#[derive(Debug, Default)]
struct Books {
    /// Folders from before this start that have not been looked at.
    unswept: BTreeSet<u64>,
    bytes: u64,
    /// Whether a backup is being made: what goes is put into [`HELD`].
    held: bool,
}

impl Books {
    /// A file is gone.
    fn forget(&mut self, id: EventId, bytes: u64) {
        if !self.unswept.contains(&(id.0 / SHARD_IDS)) {
            self.bytes = self.bytes.saturating_sub(bytes);
        }
    }
}

/// The files of one kind: pictures, or metadata files.
#[derive(Debug)]
pub struct Attachments {
    of: Attachment,
    dir: PathBuf,
    books: Mutex<Books>,
    last_temporary: AtomicU64,
}

impl Attachments {
    /// Looks for what is there, and removes what a crash left half written. Makes nothing: folders come
    /// with the first file. Cost: three folders read, none of them large.
    pub(super) fn open(data_dir: &Path, of: Attachment) -> Result<Self> {
        let dir = data_dir.join(folder_name(of));
        for folder in [TEMPORARY, HELD] {
            for (name, path) in entries(&dir.join(folder))? {
                fs::remove_file(&path).map_err(io(format!("removing {name}")))?;
            }
        }
        let shards = entries(&dir)?.into_iter().filter_map(|(name, _)| shard_of_name(&name));
        let books = Books { unswept: shards.collect(), bytes: 0, held: false };
        Ok(Self { of, dir, books: Mutex::new(books), last_temporary: AtomicU64::new(0) })
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().expect("nothing panics while it is held")
    }

    /// Bytes of all files, of those from before this start as far as [`Self::sweep`] has come.
    pub fn bytes(&self) -> u64 {
        self.books().bytes
    }

    fn folder(&self, shard: u64) -> PathBuf {
        self.dir.join(format!("{shard:06x}"))
    }

    fn path(&self, id: EventId) -> PathBuf {
        self.folder(id.0 / SHARD_IDS).join(id.0.to_string())
    }

    /// Where an event's file stands in a data directory.
    pub(super) fn path_in(data_dir: &Path, of: Attachment, id: EventId) -> PathBuf {
        let folder = format!("{:06x}", id.0 / SHARD_IDS);
        data_dir.join(folder_name(of)).join(folder).join(id.0.to_string())
    }

    /// Writes a file under a temporary name, and syncs it.
    pub fn write(&self, new: &NewFile<'_>) -> Result<TemporaryFile> {
        let folder = self.dir.join(TEMPORARY);
        if !folder.is_dir() {
            make(&self.dir)?;
            make(&folder)?;
        }
        let number = self.last_temporary.fetch_add(1, Ordering::Relaxed);
        let path = folder.join(number.to_string());
        let length = |bytes: &[u8]| {
            u32::try_from(bytes.len()).map_err(|_| StoreError::Failed("a file too large".into()))
        };
        let trailer = Trailer {
            thumb_len: length(new.thumb)?,
            full_len: length(new.full)?,
            size: new.size,
            thumb_crc: crc32c::crc32c(new.thumb),
            full_crc: crc32c::crc32c(new.full),
            kind: new.kind,
        };
        let bytes = (new.full.len() + new.thumb.len() + TRAILER_BYTES) as u64;
        let mut options = OpenOptions::new();
        let file = options.create_new(true).write(true).mode(0o600).open(&path);
        let mut file = file.map_err(failed("making an event's file"))?;
        let temporary = TemporaryFile { path, bytes, crc: trailer.full_crc };
        let mut write = || -> std::io::Result<()> {
            file.write_all(new.full)?;
            file.write_all(new.thumb)?;
            file.write_all(&trailer.encode())?;
            file.sync_all()
        };
        write().map_err(failed("writing an event's file"))?;
        Ok(temporary)
    }

    /// Gives a written file to an event, in place of what it had. It survives a power cut when this
    /// returns.
    pub fn place(&self, temporary: &TemporaryFile, id: EventId) -> Result<()> {
        let shard = id.0 / SHARD_IDS;
        let (folder, path) = (self.folder(shard), self.path(id));
        {
            let mut books = self.books(); // no folder goes meanwhile
            if make(&folder)? {
                books.unswept.remove(&shard);
            }
            let before = fs::metadata(&path).map_or(0, |meta| meta.len());
            if books.held && before > 0 {
                self.keep(&path, id, false)?;
            }
            fs::rename(&temporary.path, &path).map_err(failed("naming an event's file"))?;
            if !books.unswept.contains(&shard) {
                books.bytes = books.bytes.saturating_sub(before) + temporary.bytes;
            }
        }
        sync_folder(&folder)
    }

    /// Removes an event's file, if there is one.
    pub fn remove(&self, id: EventId) -> Result<()> {
        let path = self.path(id);
        let Ok(meta) = fs::metadata(&path) else { return Ok(()) };
        let mut books = self.books();
        if books.held {
            self.keep(&path, id, true)?;
        }
        match fs::remove_file(&path) {
            Err(error) if books.held && error.kind() == ErrorKind::NotFound => {
                books.forget(id, meta.len());
                Ok(())
            }
            Ok(()) => {
                books.forget(id, meta.len());
                Ok(())
            }
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(failed("removing an event's file")(error))
            }
            Err(_) => Ok(()),
        }
    }

    /// An event's file as it was sent, or a picture's thumbnail; `None` if there is no file.
    ///
    /// # Errors
    /// [`StoreError::Damaged`].
    pub fn read(&self, id: EventId, thumb: bool) -> Result<Option<StoredFile>> {
        let mut file = match File::open(self.path(id)) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed("opening an event's file")(error)),
        };
        let damaged = || StoreError::Damaged(format!("the {} of event {}", self.of.noun(), id.0));
        let read = failed("reading an event's file");
        let mut part = || -> std::io::Result<Option<StoredFile>> {
            let length = file.metadata()?.len();
            let Some(end) = length.checked_sub(TRAILER_BYTES as u64) else { return Ok(None) };
            let mut bytes = [0; TRAILER_BYTES];
            file.seek(SeekFrom::Start(end))?;
            file.read_exact(&mut bytes)?;
            let Some(trailer) = Trailer::decode(&bytes) else { return Ok(None) };
            let (full, small) = (u64::from(trailer.full_len), u64::from(trailer.thumb_len));
            if full + small != end {
                return Ok(None);
            }
            let (from, len, crc, kind) = if thumb {
                (full, trailer.thumb_len, trailer.thumb_crc, FileKind::Jpeg)
            } else {
                (0, trailer.full_len, trailer.full_crc, trailer.kind)
            };
            let mut bytes = vec![0; len as usize];
            file.seek(SeekFrom::Start(from))?;
            file.read_exact(&mut bytes)?;
            let is_whole = crc32c::crc32c(&bytes) == crc;
            Ok(is_whole.then_some(StoredFile { bytes, kind, crc }))
        };
        part().map_err(read)?.ok_or_else(damaged).map(Some)
    }

    /// Ids of a folder's files and their sizes; what is not named as a file of ours is left out.
    fn files(&self, shard: u64) -> Result<BTreeMap<u64, u64>> {
        let mut files = BTreeMap::new();
        for (name, path) in entries(&self.folder(shard))? {
            if let Some(id) = id_of_name(&name).filter(|id| id / SHARD_IDS == shard) {
                files.insert(id, fs::metadata(&path).map_or(0, |meta| meta.len()));
            }
        }
        Ok(files)
    }

    /// Looks at one folder that is from before this start: adds up its files, and gives the ids that
    /// have one. An empty folder goes. `None` when all have been looked at.
    pub fn sweep(&self) -> Result<Option<Vec<EventId>>> {
        let mut books = self.books();
        let Some(shard) = books.unswept.first().copied() else { return Ok(None) };
        let files = self.files(shard);
        books.unswept.remove(&shard); // also if it cannot be read: the others can
        let files = files?;
        books.bytes += files.values().sum::<u64>();
        if files.is_empty() {
            let _ = fs::remove_dir(self.folder(shard)); // refused if there is something else in it
        }
        Ok(Some(files.into_keys().map(EventId).collect()))
    }
}

fn shard_of_name(name: &str) -> Option<u64> {
    let shard = u64::from_str_radix(name, 16).ok()?;
    (format!("{shard:06x}") == name).then_some(shard)
}

fn id_of_name(name: &str) -> Option<u64> {
    let id: u64 = name.parse().ok()?;
    (id.to_string() == name).then_some(id)
}

/// What a folder holds; nothing if it is not there.
fn entries(folder: &Path) -> Result<Vec<(String, PathBuf)>> {
    let what = || format!("reading {}", folder.display());
    let list = match fs::read_dir(folder) {
        Ok(list) => list,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(io(what())(error)),
    };
    let mut entries = Vec::new();
    for entry in list {
        let entry = entry.map_err(io(what()))?;
        entries.push((entry.file_name().to_string_lossy().into_owned(), entry.path()));
    }
    Ok(entries)
}

/// Makes a folder, durably. Tells whether it was not there.
fn make(folder: &Path) -> Result<bool> {
    match fs::create_dir(folder) {
        Ok(()) => {
            sync_folder(folder.parent().unwrap_or(folder))?;
            Ok(true)
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(failed("making a folder of files")(error)),
    }
}

fn sync_folder(folder: &Path) -> Result<()> {
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(failed("syncing a folder of files"))
}

/// A full disk is told apart from a broken one.
fn failed(what: &'static str) -> impl Fn(std::io::Error) -> StoreError {
    move |error| match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => StoreError::Full,
        _ => io(what)(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEW: NewFile<'_> =
        NewFile { full: b"full picture", kind: FileKind::Png, size: (640, 480), thumb: b"thumb" };

    #[test]
    fn a_picture_comes_back_and_is_counted() {
        let dir = tempfile::tempdir().unwrap();
        let pictures = Attachments::open(dir.path(), Attachment::Picture).unwrap();
        assert!(!dir.path().join("pictures").exists(), "nothing is made before it is needed");
        let id = EventId(5_000);
        assert_eq!(pictures.read(id, true).unwrap(), None);
        pictures.place(&pictures.write(&NEW).unwrap(), id).unwrap();
        let thumb = pictures.read(id, true).unwrap().unwrap();
        assert_eq!((thumb.bytes.as_slice(), thumb.kind), (NEW.thumb, FileKind::Jpeg));
        let full = pictures.read(id, false).unwrap().unwrap();
        assert_eq!((full.bytes.as_slice(), full.kind), (NEW.full, FileKind::Png));
        let bytes = (NEW.full.len() + NEW.thumb.len() + TRAILER_BYTES) as u64;
        assert_eq!(pictures.bytes(), bytes);
        pictures.place(&pictures.write(&NEW).unwrap(), id).unwrap(); // in place of the first
        assert_eq!(pictures.bytes(), bytes);
        // The next start counts it once, whatever is stored meanwhile.
        let pictures = Attachments::open(dir.path(), Attachment::Picture).unwrap();
        pictures.place(&pictures.write(&NEW).unwrap(), EventId(5_001)).unwrap();
        assert_eq!(pictures.sweep().unwrap(), Some(vec![id, EventId(5_001)]));
        assert_eq!(pictures.sweep().unwrap(), None);
        assert_eq!(pictures.bytes(), 2 * bytes);
        pictures.remove(id).unwrap();
        pictures.remove(id).unwrap();
        pictures.remove(EventId(5_001)).unwrap();
        assert_eq!(pictures.bytes(), 0);
        let pictures = Attachments::open(dir.path(), Attachment::Picture).unwrap();
        assert_eq!(pictures.sweep().unwrap(), Some(Vec::new()), "an empty folder");
        assert_eq!(entries(&pictures.dir).unwrap().len(), 1, "it is gone, {TEMPORARY} stays");
    }

    #[test]
    fn what_was_not_finished_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let pictures = Attachments::open(dir.path(), Attachment::Picture).unwrap();
        let there = || entries(&dir.path().join("pictures").join(TEMPORARY)).unwrap().len();
        let temporary = pictures.write(&NEW).unwrap();
        assert_eq!(there(), 1);
        drop(temporary);
        assert_eq!(there(), 0);
        std::mem::forget(pictures.write(&NEW).unwrap()); // as a crash would
        assert_eq!(there(), 1);
        Attachments::open(dir.path(), Attachment::Picture).unwrap();
        assert_eq!(there(), 0);
    }

    #[test]
    fn any_changed_byte_is_damage() {
        let dir = tempfile::tempdir().unwrap();
        let pictures = Attachments::open(dir.path(), Attachment::Picture).unwrap();
        let id = EventId(1);
        pictures.place(&pictures.write(&NEW).unwrap(), id).unwrap();
        let path = pictures.path(id);
        let good = fs::read(&path).unwrap();
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1;
            fs::write(&path, &bad).unwrap();
            let read = |thumb| pictures.read(id, thumb).is_err();
            assert!(read(true) || read(false), "byte {at}");
        }
        for length in 0..good.len() {
            fs::write(&path, &good[..length]).unwrap();
            assert!(pictures.read(id, true).is_err() && pictures.read(id, false).is_err());
        }
    }
}
