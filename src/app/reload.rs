//! SIGHUP: what is read anew while the server runs (operations.md 9.2).

use std::path::PathBuf;

use crate::config::{Config, Settings};
use crate::log;
use crate::service::{self, Services};
use crate::supervisor;

/// What the settings come from, to be asked again.
#[derive(Debug)]
pub(super) struct Reload {
    /// Flags and variables.
    pub given: Settings,
    /// The configuration file that was named.
    pub file: Option<PathBuf>,
}

impl Reload {
    /// Reads the configuration and the certificate anew. What cannot be used leaves all as it was: the
    /// settings if it is among them, the certificate if it is there.
    /// What counts only from the next start on is named, beside what `running` has.
    pub async fn run(&self, running: &Config, services: &Services) {
        supervisor::reloading();
        match Config::load(self.given.clone(), self.file.as_deref()) {
            Ok(config) => {
                log::set_level(&config.log_level);
                let fixed = service::Settings::fixed(config.fixed.iter().cloned());
                match services.administration.reload(fixed).await {
                    Ok(changed) if changed.is_empty() => tracing::info!("settings were read anew"),
                    Ok(changed) => {
                        tracing::info!("settings were read anew; changed: {}", changed.join(", "));
                    }
                    Err(error) => tracing::error!(%error, "settings stay as they were"),
                }
                for key in config.differs_at_start(running) {
                    tracing::warn!(setting = key, "a change counts from the next start on");
                }
            }
            Err(error) => tracing::error!(%error, "settings stay as they were"),
        }
        if let Err(error) = services.reload_certificate().await {
            tracing::error!(%error, "the certificate stays as it was");
        }
        supervisor::ready();
    }
}
