//! What the site is called and where it is.

use super::Services;

/// The site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// Its name.
    pub name: String,
    /// IANA name of its time zone.
    pub time_zone: String,
}

impl Services {
    /// The site, as it is set.
    pub fn site(&self) -> Site {
        let settings = self.settings();
        Site {
            name: settings.site_name().to_owned(),
            time_zone: settings.time_zone().name().to_owned(),
        }
    }
}
