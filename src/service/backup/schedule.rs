//! Backups that are made by themselves, and whether that works.

use std::sync::Arc;
use std::time::Duration;

use super::folder::{Backup, read};
use super::{Backups, State, Wanted, after};
use crate::service::audit::Act;
use crate::service::blocking;
use crate::service::error::{Error, Result};
use crate::service::job::Progress;
use crate::service::system::Health;
use crate::store::StoreError;
use crate::store::backup::Reason;

/// Pause after a scheduled backup that failed.
const AGAIN_AFTER: Duration = Duration::from_mins(15);

impl Backups {
    /// Makes a backup if `backup.every` has passed since the last scheduled one, and deletes those that
    /// are too many. Nothing by a clock that is not believed: it would come too early, too late, or for
    /// ever. What fails is tried again after a quarter of an hour.
    ///
    /// # Errors
    /// The store's.
    pub async fn pass(&self) -> Result<()> {
        if !self.lock().looked {
            let folder = Arc::clone(&self.folder);
            let (backups, _) = blocking(move || Ok(read(&folder))).await?;
            self.lock().look(&backups);
        }
        let Some(every) = self.every() else { return Ok(()) };
        let elapsed = self.core.clock.elapsed();
        if elapsed < self.lock().again_at || self.lock().running.is_some() {
            return Ok(());
        }
        let Some(now) = self.clock.look().await? else { return Ok(()) };
        let last = self.lock().newest_scheduled;
        if last.is_some_and(|last| last <= now && now < after(last, every)) {
            return Ok(());
        }
        let wanted = Wanted { with_pictures: true, passphrase: None };
        let total = self.items(&wanted).await?;
        let path = self.new_path("scheduled");
        let progress = Progress::default();
        let made = self.make(None, path, wanted, Reason::Scheduled, (total, progress)).await;
        match made {
            Ok(_) => self.rotate().await,
            Err(Error::StorageFailed(StoreError::Stopped)) => Ok(()),
            Err(error) => {
                self.lock().again_at = elapsed + AGAIN_AFTER;
                Err(error)
            }
        }
    }

    /// Deletes the oldest scheduled backups beyond `backup.keep`.
    async fn rotate(&self) -> Result<()> {
        let keep = self.core.catalogue().settings.backup_keep();
        let folder = Arc::clone(&self.folder);
        let (backups, _) = blocking(move || Ok(read(&folder))).await?;
        let scheduled =
            backups.into_iter().filter(|backup| backup.manifest.reason == Reason::Scheduled);
        for backup in scheduled.skip(keep) {
            let path = self.folder.join(&backup.name);
            if let Err(error) = std::fs::remove_file(&path) {
                tracing::warn!(%error, path = %path.display(), "an old backup stays");
            } else {
                let act = Act::on("backup.delete", format!("backup {}", backup.name));
                self.core.note(None, act.with("too many"), "ok").await?;
            }
        }
        Ok(())
    }

    /// Whether a scheduled backup should long have been there: nearly twice the time has passed, or the
    /// last try failed.
    pub fn is_overdue(&self) -> bool {
        let Some(every) = self.every() else { return false };
        let state = self.lock();
        let since = state.newest.unwrap_or(self.started_at);
        state.failure.is_some() || self.core.clock.now() > after(since, every * 2)
    }

    /// How backups do, for the list of checks.
    pub(in crate::service) fn check(&self) -> (Health, String) {
        let overdue = self.is_overdue();
        let state = self.lock();
        match (&state.failure, state.newest) {
            (Some((_, text)), _) => (Health::Warn, format!("the last backup failed: {text}")),
            (None, Some(newest)) if overdue => {
                (Health::Warn, format!("overdue; the last one is of {}", newest.rfc3339()))
            }
            (None, None) if overdue => (Health::Warn, "overdue; there is none".to_owned()),
            (None, Some(newest)) => {
                (Health::Ok, format!("the last one is of {}", newest.rfc3339()))
            }
            (None, None) if !state.looked => {
                (Health::Ok, "the folder has not been read yet".to_owned())
            }
            (None, None) => (Health::Ok, "none yet".to_owned()),
        }
    }
}

impl State {
    pub(super) fn look(&mut self, backups: &[Backup]) {
        self.looked = true;
        let newest = |found: &mut dyn Iterator<Item = &Backup>| {
            found.map(|backup| backup.manifest.created()).max()
        };
        self.newest = self.newest.max(newest(&mut backups.iter()));
        let scheduled = |backup: &&Backup| backup.manifest.reason == Reason::Scheduled;
        self.newest_scheduled = newest(&mut backups.iter().filter(scheduled));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Timestamp;
    use crate::domain::setting::{Key, Source, Value};
    use crate::domain::time::{DAY_US, HOUR_US, SECOND_US};
    use crate::service::access::Caller;
    use crate::service::clock::Clock;
    use crate::service::{Services, Settings};
    use crate::store::Options;

    fn open(dir: &std::path::Path, clock: &Clock, every: u64) -> Services {
        let set = |key, number| (key, Value::Integer(number), Source::File);
        let settings = Settings::fixed([set(Key::BackupEvery, every), set(Key::BackupKeep, 2)]);
        let options = Options { min_free_bytes: Some(0), ..Options::default() };
        Services::open(dir, options, settings, clock.clone()).unwrap()
    }

    async fn created(services: &Services) -> Vec<i64> {
        let overview = services.backups.list(&Caller::local()).await.unwrap();
        overview.backups.iter().map(|backup| backup.manifest.created_us).collect()
    }

    #[tokio::test]
    async fn one_is_made_when_the_time_has_passed_and_the_oldest_goes() {
        let dir = tempfile::tempdir().unwrap();
        let start = Timestamp(1_795_411_651 * SECOND_US);
        let clock = Clock::manual(start);
        let services = open(dir.path(), &clock, 24);
        let at = |days: i64| start.0 + days * DAY_US;
        for (advance, expected) in [
            (0, vec![at(0)]),
            (23 * HOUR_US, vec![at(0)]),
            (HOUR_US, vec![at(1), at(0)]),
            (DAY_US, vec![at(2), at(1)]),
        ] {
            clock.advance_us(advance);
            services.backups.pass().await.unwrap();
            services.backups.pass().await.unwrap();
            assert_eq!(created(&services).await, expected);
        }
        // What somebody asked for is not counted, and not taken away.
        let wanted = Wanted { with_pictures: true, passphrase: None };
        let path = dir.path().join("backups/mine.backup");
        clock.advance_us(HOUR_US);
        services.backups.write(&Caller::local(), path.clone(), wanted, &mut |_| {}).await.unwrap();
        clock.advance_us(23 * HOUR_US);
        services.backups.pass().await.unwrap();
        assert_eq!(created(&services).await.len(), 3);
        assert!(path.exists());
        // A start reads the folder.
        services.close();
        drop(services);
        let services = open(dir.path(), &clock, 24);
        services.backups.pass().await.unwrap();
        assert_eq!(created(&services).await.len(), 3);
        assert_eq!(services.backups.newest(), Some(Timestamp(at(3))));
        // By a clock that is not believed none is made, and none is taken away.
        services.look().await.unwrap();
        clock.step_us(40 * DAY_US);
        services.backups.pass().await.unwrap();
        assert_eq!(created(&services).await.len(), 3);
        assert!(services.backups.is_overdue(), "which is told");
    }

    #[tokio::test]
    async fn what_fails_is_told_and_tried_again_later() {
        let dir = tempfile::tempdir().unwrap();
        let clock = Clock::manual(Timestamp(1_795_411_651 * SECOND_US));
        let services = open(dir.path(), &clock, 1);
        let folder = dir.path().join("backups");
        std::fs::write(&folder, "in the way").unwrap();
        assert!(services.backups.pass().await.is_err());
        assert!(services.backups.pass().await.is_ok(), "not at once");
        assert_eq!((services.backups.failures_total(), services.backups.is_overdue()), (1, true));
        assert_eq!(services.notices().last().unwrap().code, "backup_overdue");
        std::fs::remove_file(&folder).unwrap();
        clock.advance_us(i64::try_from(AGAIN_AFTER.as_micros()).unwrap());
        services.backups.pass().await.unwrap();
        assert_eq!(created(&services).await.len(), 1);
        assert!(!services.backups.is_overdue());
    }

    #[tokio::test]
    async fn a_file_elsewhere_says_nothing_of_the_folder() {
        let dir = tempfile::tempdir().unwrap();
        let clock = Clock::manual(Timestamp(1_795_411_651 * SECOND_US));
        let services = open(dir.path(), &clock, 1);
        let elsewhere = |name: &str| {
            let wanted = Wanted { with_pictures: true, passphrase: None };
            let (services, path) = (services.clone(), dir.path().join(name));
            async move { services.backups.write(&Caller::local(), path, wanted, &mut |_| {}).await }
        };
        assert!(elsewhere("no folder/a.backup").await.is_err());
        assert_eq!((services.backups.failures_total(), services.backups.is_overdue()), (0, false));
        std::fs::write(dir.path().join("backups"), "in the way").unwrap();
        assert!(services.backups.pass().await.is_err());
        elsewhere("a.backup").await.unwrap();
        assert_eq!((services.backups.failures_total(), services.backups.is_overdue()), (1, true));
    }
}
