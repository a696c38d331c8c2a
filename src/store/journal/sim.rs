//! A disk that can fail, stop and lose power: tests only.
//!
//! Beside the real files it keeps what of them is surely on disk, and what is not. It is a
//! harsher disk than most: unsynced blocks arrive in any choice, and so do unsynced names.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::path::Path;

thread_local! {
    static DISK: RefCell<Option<Disk>> = const { RefCell::new(None) };
}

/// File names and contents.
pub(super) type Image = BTreeMap<String, Vec<u8>>;

#[derive(Default)]
struct Disk {
    inodes: Vec<Inode>,
    names: BTreeMap<String, usize>,
    synced_names: BTreeMap<String, usize>,
    pending_names: Vec<NameOp>,
    /// Steps until everything fails.
    crash_in: Option<u32>,
    /// Syncs of files until one fails.
    fail_sync_in: Option<u32>,
    /// A write that was under way when everything stopped.
    torn: Option<(usize, u64, Vec<u8>)>,
    rng: u64,
    steps: u32,
}

#[derive(Default)]
struct Inode {
    synced: Vec<u8>,
    pending: Vec<(u64, Vec<u8>)>,
}

enum NameOp {
    Create(String, usize),
    Rename(String, String),
    Remove(String),
}

/// Starts over with these files, all on disk. From now on real syncs are left out.
pub(super) fn start(image: &Image, seed: u64) {
    let mut disk = Disk { rng: seed | 1, ..Disk::default() };
    for (name, bytes) in image {
        disk.names.insert(name.clone(), disk.inodes.len());
        disk.inodes.push(Inode { synced: bytes.clone(), pending: Vec::new() });
    }
    disk.synced_names = disk.names.clone();
    DISK.set(Some(disk));
}

/// Everything from the `steps`th step on fails.
pub(super) fn crash_in(steps: u32) {
    with(|disk| disk.crash_in = Some(steps));
}

/// The `syncs`th sync of a file from now on fails, once.
pub(super) fn fail_sync_in(syncs: u32) {
    with(|disk| disk.fail_sync_in = Some(syncs));
}

/// Nothing fails any more. Returns the steps taken so far.
pub(super) fn calm() -> u32 {
    with(|disk| {
        (disk.crash_in, disk.fail_sync_in, disk.torn) = (None, None, None);
        disk.steps
    })
}

/// One of the many things the disk may hold after a power cut at this moment.
pub(super) fn power_cut(seed: u64) -> Image {
    with(|disk| {
        disk.rng = (disk.rng ^ seed.wrapping_mul(0x9e37_79b9_7f4a_7c15)) | 1;
        if let Some((inode, offset, bytes)) = disk.torn.take() {
            disk.inodes[inode].pending.push((offset, bytes));
        }
        for i in 0..disk.inodes.len() {
            disk.lose(i);
        }
        let mut names = disk.synced_names.clone();
        let prefix = disk.random(disk.pending_names.len() as u64 + 1);
        let any = disk.random(4) == 0;
        for (i, op) in (0..).zip(std::mem::take(&mut disk.pending_names)) {
            if if any { disk.random(2) == 0 } else { i < prefix } {
                apply(&mut names, &op);
            }
        }
        names.into_iter().map(|(name, i)| (name, disk.inodes[i].synced.clone())).collect()
    })
}

impl Disk {
    fn random(&mut self, below: u64) -> u64 {
        self.rng ^= self.rng << 13;
        self.rng ^= self.rng >> 7;
        self.rng ^= self.rng << 17;
        (self.rng >> 11) % below
    }

    /// A random part of what is pending reaches the disk, the rest never will.
    fn lose(&mut self, inode: usize) {
        let grain = if self.random(3) == 0 { 512 } else { 4096 };
        let odds = 1 + self.random(5); // mostly kept, mostly lost, or between
        for (offset, bytes) in std::mem::take(&mut self.inodes[inode].pending) {
            for (i, part) in bytes.chunks(grain).enumerate() {
                if self.random(6) < odds {
                    put(&mut self.inodes[inode].synced, offset + (i * grain) as u64, part);
                }
            }
        }
    }

    fn step(&mut self) -> io::Result<()> {
        self.steps += 1;
        match &mut self.crash_in {
            Some(0) => Err(io::Error::other("crashed")),
            Some(n) => {
                *n -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn name(&mut self, op: NameOp) {
        apply(&mut self.names, &op);
        self.pending_names.push(op);
    }
}

fn apply(names: &mut BTreeMap<String, usize>, op: &NameOp) {
    match op {
        NameOp::Create(name, inode) => {
            names.insert(name.clone(), *inode);
        }
        NameOp::Rename(from, to) => {
            if let Some(inode) = names.remove(from) {
                names.insert(to.clone(), inode);
            }
        }
        NameOp::Remove(name) => {
            names.remove(name);
        }
    }
}

fn put(file: &mut Vec<u8>, offset: u64, bytes: &[u8]) {
    let start = usize::try_from(offset).unwrap();
    let end = start + bytes.len();
    if file.len() < end {
        file.resize(end, 0);
    }
    file[start..end].copy_from_slice(bytes);
}

fn with<T>(f: impl FnOnce(&mut Disk) -> T) -> T {
    DISK.with_borrow_mut(|disk| f(disk.as_mut().expect("sim::start was called")))
}

/// For the hooks below: without `start` they do nothing.
fn hook<T>(real: T, f: impl FnOnce(&mut Disk) -> io::Result<T>) -> io::Result<T> {
    DISK.with_borrow_mut(|disk| disk.as_mut().map_or(Ok(real), f))
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap().to_str().unwrap().to_owned()
}

pub(super) fn create(path: &Path) -> io::Result<()> {
    hook((), |disk| {
        disk.step()?;
        let inode = disk.inodes.len();
        disk.inodes.push(Inode::default());
        disk.name(NameOp::Create(name_of(path), inode));
        Ok(())
    })
}

pub(super) fn write(path: &Path, bytes: &[u8], offset: u64) -> io::Result<()> {
    hook((), |disk| {
        let inode = disk.names[&name_of(path)];
        let first_failure = disk.crash_in == Some(0) && disk.torn.is_none();
        disk.step().inspect_err(|_| {
            if first_failure {
                disk.torn = Some((inode, offset, bytes.to_vec()));
            }
        })?;
        disk.inodes[inode].pending.push((offset, bytes.to_vec()));
        Ok(())
    })
}

/// Whether the real file is to be synced.
pub(super) fn sync(path: &Path) -> io::Result<bool> {
    hook(true, |disk| {
        disk.step()?;
        let inode = disk.names[&name_of(path)];
        match &mut disk.fail_sync_in {
            Some(0) => {
                disk.fail_sync_in = None;
                disk.lose(inode); // and the page cache still shows it
                return Err(io::Error::other("sync failed"));
            }
            Some(n) => *n -= 1,
            None => {}
        }
        let Inode { synced, pending } = &mut disk.inodes[inode];
        for (offset, bytes) in pending.drain(..) {
            put(synced, offset, &bytes);
        }
        Ok(false)
    })
}

pub(super) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    hook((), |disk| {
        disk.step()?;
        disk.name(NameOp::Rename(name_of(from), name_of(to)));
        Ok(())
    })
}

pub(super) fn remove(path: &Path) -> io::Result<()> {
    hook((), |disk| {
        disk.step()?;
        disk.name(NameOp::Remove(name_of(path)));
        Ok(())
    })
}

/// Whether the real directory is to be synced.
pub(super) fn sync_dir() -> io::Result<bool> {
    hook(true, |disk| {
        disk.step()?;
        disk.synced_names = disk.names.clone();
        disk.pending_names.clear();
        Ok(false)
    })
}
