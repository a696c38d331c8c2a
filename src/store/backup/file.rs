//! The file of a backup: written under a temporary name, proved by reading it again, then named.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

use super::{Manifest, Part, hex, point};
use crate::store::error::{Result, StoreError, io as failed};
use crate::store::files;

/// Begin and end of every backup.
const MAGIC: &[u8; 8] = b"wpbackup";
/// Format of the file. A newer one is refused.
const FORMAT: u32 = 1;
const HEAD: usize = 12;
const HEAD_BYTES: u64 = HEAD as u64;
const TAIL: usize = 48;
const TAIL_BYTES: u64 = TAIL as u64;
/// Longest manifest.
const MANIFEST_BYTES_MAX: u64 = 1 << 20;
/// Most parts of one file.
const PARTS_MAX: usize = 16;
/// After so many bytes they are synced, room is looked at and a pause is made.
const STEP_BYTES: u64 = 4 << 20;
/// The same after so many items: what is only looked at writes nothing.
const STEP_ITEMS: u64 = 100_000;
/// Longest pause after a step.
const PAUSE_MAX: Duration = Duration::from_millis(250);
/// Read at a time.
const READ_BYTES: usize = 256 << 10;

/// End of the name that a backup has until it is whole; a dot stands before it.
pub const PARTIAL: &str = ".partial";
/// Part with the tables.
pub(super) const TABLES: &str = "tables";
/// Part with journal records.
pub(super) const JOURNAL: &str = "journal";
/// Part with the sealed secret key.
pub(super) const KEY: &str = "secret.key.age";
/// Part with the sealed certificate authority.
pub(super) const CA: &str = "tls-ca.pem.age";

/// Told how many more items are written; `false` stops.
pub(super) type Watch<'w> = dyn FnMut(u64) -> bool + 'w;

/// A backup that is being written. Its temporary file goes when this is dropped unfinished.
pub(super) struct Writer<'w> {
    out: BufWriter<File>,
    path: PathBuf,
    temporary: PathBuf,
    written: u64,
    part: Option<(&'static str, u64, Sha256)>,
    parts: Vec<Part>,
    step_begun: Instant,
    step_at: u64,
    /// Room to leave on the disk.
    reserve: u64,
    /// Whether others use the disk meanwhile.
    gentle: bool,
    watch: &'w mut Watch<'w>,
    items: u64,
    finished: bool,
}

impl<'w> Writer<'w> {
    /// Begins the file. What is there under its name already must be a backup.
    pub fn create(
        path: &Path,
        reserve: u64,
        gentle: bool,
        watch: &'w mut Watch<'w>,
    ) -> Result<Self> {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.is_empty() || name.starts_with('.') {
            return Err(StoreError::Failed(format!("{} cannot name a backup", path.display())));
        }
        if path.exists() && !begins_as_backup(path) {
            let what = format!("{} is there and is no backup; it stays", path.display());
            return Err(StoreError::Failed(what));
        }
        let temporary = path.with_file_name(format!(".{name}{PARTIAL}"));
        let _ = fs::remove_file(&temporary); // of one that was killed
        let mut options = OpenOptions::new();
        let file = options.create_new(true).read(true).write(true).mode(0o600).open(&temporary);
        let file = file.map_err(failed(format!("making {}", temporary.display())))?;
        let mut writer = Self {
            out: BufWriter::with_capacity(READ_BYTES, file),
            path: path.to_owned(),
            temporary,
            written: 0,
            part: None,
            parts: Vec::new(),
            step_begun: Instant::now(),
            step_at: 0,
            reserve,
            gentle,
            watch,
            items: 0,
            finished: false,
        };
        writer.put(&head())?;
        Ok(writer)
    }

    /// Begins a part; the one before ends.
    pub fn begin(&mut self, name: &'static str) {
        self.end();
        self.part = Some((name, self.written, Sha256::new()));
    }

    fn end(&mut self) {
        if let Some((name, offset, hash)) = self.part.take() {
            let (bytes, sha256) = (self.written - offset, hex(&hash.finalize()));
            self.parts.push(Part { name: name.to_owned(), offset, bytes, sha256 });
        }
    }

    /// Writes to the part.
    pub fn put(&mut self, bytes: &[u8]) -> Result<()> {
        self.out.write_all(bytes).map_err(|error| self.failed(error))?;
        self.written += bytes.len() as u64;
        if let Some((_, _, hash)) = &mut self.part {
            hash.update(bytes);
        }
        if self.written - self.step_at >= STEP_BYTES { self.step() } else { Ok(()) }
    }

    /// One more item is written, or was looked at.
    pub fn item(&mut self) -> Result<()> {
        self.items += 1;
        if self.items >= STEP_ITEMS { self.step() } else { Ok(()) }
    }

    /// What was written goes to the disk now, in small portions: a gigabyte of it in the page cache
    /// would be in the way of the journal's syncs. A pause as long as the step leaves the processor too.
    fn step(&mut self) -> Result<()> {
        self.step_at = self.written;
        self.out.flush().map_err(|error| self.failed(error))?;
        self.out.get_ref().sync_data().map_err(|error| self.failed(error))?;
        if !(self.watch)(std::mem::take(&mut self.items)) {
            return Err(StoreError::Stopped);
        }
        if files::free_bytes(&self.temporary)? < self.reserve {
            return Err(StoreError::Full);
        }
        if self.gentle {
            std::thread::sleep(self.step_begun.elapsed().min(PAUSE_MAX));
        }
        self.step_begun = Instant::now();
        Ok(())
    }

    /// Ends the file, reads it all again, and gives it its name.
    pub fn finish(mut self, fill: impl FnOnce(Vec<Part>) -> Manifest) -> Result<(Manifest, u64)> {
        self.end();
        let manifest = fill(std::mem::take(&mut self.parts));
        let json = serde_json::to_vec(&manifest)
            .map_err(|error| StoreError::Failed(format!("the manifest: {error}")))?;
        self.put(&json)?;
        self.put(&(json.len() as u64).to_le_bytes())?;
        self.put(&proof(&head(), &json))?;
        self.put(MAGIC)?;
        self.out.flush().map_err(|error| self.failed(error))?;
        let written = self.out.get_ref();
        written.sync_all().map_err(|error| self.failed(error))?;
        // From the disk, as far as the system lets go of what it has in memory.
        let _ = rustix::fs::fadvise(written, 0, None, rustix::fs::Advice::DontNeed);
        // Whoever watches sees that all is written and only read again from here on.
        if !(self.watch)(std::mem::take(&mut self.items)) {
            return Err(StoreError::Stopped);
        }
        let found = Reader::open(&self.temporary)?.verify(self.gentle, self.watch)?;
        if found != manifest {
            return Err(StoreError::Damaged(format!("{}", self.temporary.display())));
        }
        point("a backup has no name yet");
        let give_name = || -> io::Result<()> {
            fs::rename(&self.temporary, &self.path)?;
            File::open(self.path.parent().unwrap_or(Path::new("/")))?.sync_all()
        };
        give_name().map_err(failed(format!("naming {}", self.path.display())))?;
        self.finished = true;
        point("a backup has its name");
        Ok((manifest, self.written))
    }

    /// A full disk is told apart from a broken one.
    fn failed(&self, error: io::Error) -> StoreError {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreError::Full,
            _ => failed(format!("writing {}", self.temporary.display()))(error),
        }
    }
}

impl Drop for Writer<'_> {
    fn drop(&mut self) {
        if !self.finished {
            let _ = fs::remove_file(&self.temporary);
        }
    }
}

fn begins_as_backup(path: &Path) -> bool {
    let mut head = [0; 8];
    File::open(path).and_then(|mut file| file.read_exact(&mut head)).is_ok() && head == *MAGIC
}

/// The first bytes of a file.
fn head() -> [u8; HEAD] {
    let mut head = [0; HEAD];
    head[..8].copy_from_slice(MAGIC);
    head[8..].copy_from_slice(&FORMAT.to_le_bytes());
    head
}

/// What proves a file's first bytes and its manifest.
pub(super) fn proof(head: &[u8], manifest: &[u8]) -> [u8; 32] {
    Sha256::new_with_prefix(head).chain_update(manifest).finalize().into()
}

/// A backup whose manifest has been read.
pub(super) struct Reader {
    file: File,
    path: PathBuf,
    pub manifest: Manifest,
}

impl Reader {
    /// Reads the end of the file.
    ///
    /// # Errors
    /// [`StoreError::Damaged`], [`StoreError::Newer`].
    pub fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(failed(format!("opening {}", path.display())))?;
        let damaged = |what: &str| {
            StoreError::Damaged(format!("{} is not a whole backup: {what}", path.display()))
        };
        let reading = |error: io::Error| failed(format!("reading {}", path.display()))(error);
        let length = file.metadata().map_err(reading)?.len();
        if length < HEAD_BYTES + TAIL_BYTES {
            return Err(damaged("it is too short"));
        }
        let (mut head, mut tail) = ([0; HEAD], [0; TAIL]);
        file.read_exact_at(&mut head, 0).map_err(reading)?;
        file.read_exact_at(&mut tail, length - TAIL_BYTES).map_err(reading)?;
        if head[..8] != *MAGIC || tail[40..] != *MAGIC {
            return Err(damaged("its begin or its end is missing"));
        }
        let manifest_bytes = u64::from_le_bytes(tail[..8].try_into().expect("8 bytes"));
        let Some(begin) = (length - TAIL_BYTES)
            .checked_sub(manifest_bytes)
            .filter(|begin| *begin >= HEAD_BYTES && manifest_bytes <= MANIFEST_BYTES_MAX)
        else {
            return Err(damaged("its end is damaged"));
        };
        let mut json = vec![0; usize::try_from(manifest_bytes).expect("at most 1 MiB")];
        file.read_exact_at(&mut json, begin).map_err(reading)?;
        if proof(&head, &json)[..] != tail[8..40] {
            return Err(damaged("its manifest is damaged"));
        }
        // Only now: a flipped bit of the head is damage, not another format.
        let found = u32::from_le_bytes(head[8..].try_into().expect("4 bytes"));
        if found != FORMAT {
            return Err(StoreError::Newer { found, known: FORMAT });
        }
        let manifest: Manifest = serde_json::from_slice(&json)
            .map_err(|error| damaged(&format!("its manifest cannot be read: {error}")))?;
        let mut at = HEAD_BYTES;
        for part in &manifest.parts {
            if part.offset != at {
                return Err(damaged("its parts do not follow each other"));
            }
            at = at.saturating_add(part.bytes);
        }
        if at != begin || manifest.parts.len() > PARTS_MAX {
            return Err(damaged("its parts do not fill it"));
        }
        Ok(Self { file, path: path.to_owned(), manifest })
    }

    /// Reads every byte.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] names the first part that is wrong.
    /// [`StoreError::Stopped`] if `watch` says so.
    pub fn verify(&self, gentle: bool, watch: &mut Watch<'_>) -> Result<Manifest> {
        let mut buffer = vec![0; READ_BYTES];
        for part in &self.manifest.parts {
            let mut input = self.part(part)?;
            let (mut hash, mut since, mut begun) = (Sha256::new(), 0, Instant::now());
            loop {
                let count = input.read(&mut buffer).map_err(|error| self.reading(error))?;
                if count == 0 {
                    break;
                }
                hash.update(&buffer[..count]);
                since += count as u64;
                if since >= STEP_BYTES {
                    if !watch(0) {
                        return Err(StoreError::Stopped);
                    }
                    if gentle {
                        std::thread::sleep(begun.elapsed().min(PAUSE_MAX));
                    }
                    (since, begun) = (0, Instant::now());
                }
            }
            if hex(&hash.finalize()) != part.sha256 {
                let what = format!("{}: its part {} is damaged", self.path.display(), part.name);
                return Err(StoreError::Damaged(what));
            }
        }
        Ok(self.manifest.clone())
    }

    /// A part's bytes by its name.
    pub fn named(&self, name: &str) -> Result<Option<Input>> {
        self.manifest.part(name).map(|part| self.part(part)).transpose()
    }

    fn part(&self, part: &Part) -> Result<Input> {
        let mut file = File::open(&self.path).map_err(|error| self.reading(error))?;
        file.seek(SeekFrom::Start(part.offset)).map_err(|error| self.reading(error))?;
        Ok(Input(BufReader::with_capacity(READ_BYTES, file).take(part.bytes)))
    }

    fn reading(&self, error: io::Error) -> StoreError {
        failed(format!("reading {}", self.path.display()))(error)
    }

    /// How long the file is.
    pub fn bytes(&self) -> u64 {
        self.file.metadata().map_or(0, |meta| meta.len())
    }
}

/// The bytes of one part.
pub(super) struct Input(io::Take<BufReader<File>>);

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Input {
    /// Exactly `buffer.len()` bytes.
    pub fn exactly(&mut self, buffer: &mut [u8]) -> Result<()> {
        self.0.read_exact(buffer).map_err(failed("reading a backup"))
    }

    /// The next `N` bytes.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut bytes = [0; N];
        self.exactly(&mut bytes)?;
        Ok(bytes)
    }

    /// Whether nothing is left.
    pub fn is_at_end(&self) -> bool {
        self.0.limit() == 0
    }
}
