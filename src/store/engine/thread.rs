//! The engine's threads: named, and never dead unnoticed.

use std::sync::Arc;
use std::thread::JoinHandle;

use super::progress::{Part, Progress};
use super::{Result, StoreError, io};

/// Tells when its thread panics: nobody is to wait for it for ever.
pub(super) struct Alarm {
    pub name: &'static str,
    pub part: Part,
    pub progress: Arc<Progress>,
    pub on_fatal: Arc<dyn Fn(&str) + Send + Sync>,
}

impl Drop for Alarm {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let what = format!("the {} thread panicked", self.name);
            self.progress.set_failed(self.part, Some(&StoreError::Failed(what.clone())));
            (self.on_fatal)(&what);
        }
    }
}

pub(super) fn spawn(alarm: Alarm, run: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>> {
    let name = alarm.name;
    let run = move || {
        let _alarm = alarm;
        run();
    };
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(run)
        .map_err(io(format!("starting the {name} thread")))
}
