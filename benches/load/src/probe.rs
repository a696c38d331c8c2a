//! The disk's own limit: how long a small write takes to be on it.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::Instant;

use serde::Serialize;

/// Bytes of a write, as the journal's smallest.
const BLOCK: usize = 4_096;

/// Milliseconds of a write with its fdatasync.
#[derive(Debug, Serialize)]
#[expect(clippy::struct_field_names, reason = "the unit ends each name")]
pub struct Disk {
    /// Each write makes the file longer.
    pub append_p50_ms: f64,
    pub append_p99_ms: f64,
    /// Each write goes where zeros were written before.
    pub overwrite_p50_ms: f64,
    pub overwrite_p99_ms: f64,
    /// The same for 64 KiB.
    pub overwrite_64k_p50_ms: f64,
}

/// Probes the file system of `dir` with `writes` writes of each kind.
pub fn probe(dir: &Path, writes: usize) -> anyhow::Result<Disk> {
    let path = dir.join("watchpost-probe");
    let outcome = measure(&path, writes.max(1));
    std::fs::remove_file(&path)?;
    outcome
}

fn measure(path: &Path, writes: usize) -> anyhow::Result<Disk> {
    let file = File::create(path)?;
    let append = times(&file, writes, BLOCK)?;
    file.write_all_at(&vec![0; writes * BLOCK * 16], 0)?;
    file.sync_all()?;
    let overwrite = times(&file, writes, BLOCK)?;
    let large = times(&file, writes, BLOCK * 16)?;
    let at = |times: &[f64], share: usize| times[(times.len() * share).div_ceil(100).max(1) - 1];
    Ok(Disk {
        append_p50_ms: at(&append, 50),
        append_p99_ms: at(&append, 99),
        overwrite_p50_ms: at(&overwrite, 50),
        overwrite_p99_ms: at(&overwrite, 99),
        overwrite_64k_p50_ms: at(&large, 50),
    })
}

fn times(file: &File, writes: usize, bytes: usize) -> anyhow::Result<Vec<f64>> {
    let block = vec![0x5a; bytes];
    let mut times = Vec::with_capacity(writes);
    for number in 0..writes {
        let began = Instant::now();
        file.write_all_at(&block, (number * bytes) as u64)?;
        rustix::fs::fdatasync(file)?;
        times.push(began.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_unstable_by(f64::total_cmp);
    Ok(times)
}
