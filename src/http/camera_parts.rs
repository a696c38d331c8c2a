//! What cameras and channels have in common on the wire: one record seen through several paths.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::params::Params;
use crate::domain::Camera;
use crate::domain::meta::Sent;
use crate::service::access::{Action, Caller};
use crate::service::catalogue::CameraEntry;
use crate::service::error::Error;

/// Degrees, kept digit by digit: a JSON number, or a text that holds one.
#[derive(Debug, Deserialize)]
#[serde(try_from = "Box<RawValue>")]
pub(super) struct Degrees(pub String);

impl TryFrom<Box<RawValue>> for Degrees {
    type Error = &'static str;

    fn try_from(raw: Box<RawValue>) -> Result<Self, Self::Error> {
        let text = crate::domain::meta::value_text(&raw);
        match serde_json::from_str::<f64>(text.trim()) {
            Ok(_) => Ok(Self(text.trim().to_owned())),
            Err(_) => Err("latitude and longitude are numbers"),
        }
    }
}

/// Degrees as the JSON number they came as.
pub(super) fn degrees(text: Option<&String>) -> Option<Box<RawValue>> {
    RawValue::from_string(text?.clone()).ok()
}

/// Tags as they were sent; values of any kind become text.
pub(super) fn tags(sent: Sent) -> BTreeMap<String, String> {
    sent.0.into_iter().collect()
}

/// The address of a camera's stream and the user name for it.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(super) struct SourceInput {
    /// Address of the stream.
    pub url: Option<String>,
    /// User name for it.
    pub login: Option<String>,
    /// Taken for compatibility and not kept: the server opens no stream.
    #[expect(dead_code, reason = "it stands in the API reference")]
    #[schema(write_only)]
    password: Option<String>,
}

/// `active` while a camera's agent is connected, `offline` while it is not; `inactive` when the camera
/// is switched off.
pub(super) fn status(entry: &CameraEntry) -> &'static str {
    match (entry.camera.enabled, entry.link.is_connected()) {
        (false, _) => "inactive",
        (true, true) => "active",
        (true, false) => "offline",
    }
}

/// What the caller may do with the cameras it sees: `all` or `watch`.
pub(super) fn access(caller: &Caller) -> &'static str {
    if caller.may(Action::ChangeCameras).is_ok() { "all" } else { "watch" }
}

/// The address of the stream. A password inside it is for those who may change it.
pub(super) fn stream_url(caller: &Caller, camera: &Camera) -> Option<String> {
    let url = camera.url.as_ref()?;
    if caller.may(Action::ChangeCameras).is_ok() {
        return Some(url.clone());
    }
    Some(without_password(url))
}

/// `rtsp://user:secret@host/` as `rtsp://user@host/`.
pub(super) fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    match authority.rsplit_once('@') {
        Some((user, host)) => {
            let user = user.split_once(':').map_or(user, |(user, _)| user);
            format!("{scheme}://{user}@{host}{path}")
        }
        None => url.to_owned(),
    }
}

/// Which cameras a list is asked for, by their own tags: `meta` any of these, `meta_not` none.
pub(super) struct TagFilter {
    any: Vec<String>,
    none: Vec<String>,
}

impl TagFilter {
    /// Reads `meta` and `meta_not`.
    ///
    /// # Errors
    /// `bad_parameter` for a list that is too long.
    pub fn read(params: &Params) -> Result<Self, Error> {
        let list = |name| -> Result<Vec<String>, Error> {
            Ok(params.raw_list(name)?.into_iter().map(str::to_owned).collect())
        };
        Ok(Self { any: list("meta")?, none: list("meta_not")? })
    }

    /// Whether a camera is asked for.
    pub fn takes(&self, camera: &Camera) -> bool {
        let has = |tag: &String| camera.meta.contains_key(tag);
        (self.any.is_empty() || self.any.iter().any(has)) && !self.none.iter().any(has)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_in_an_address_can_be_left_out() {
        for (url, shown) in [
            ("rtsp://u:p@cam/1?x=a@b", "rtsp://u@cam/1?x=a@b"),
            ("rtsp://u:p@w@cam", "rtsp://u@cam"),
            ("rtsp://cam:554/a:b@c", "rtsp://cam:554/a:b@c"),
            ("cam", "cam"),
        ] {
            assert_eq!(without_password(url), shown);
        }
    }

    #[test]
    fn degrees_come_back_digit_by_digit() {
        let read = |json| serde_json::from_str::<Degrees>(json).map(|degrees| degrees.0);
        assert_eq!(read("52.5200").unwrap(), "52.5200");
        assert_eq!(read("\"-13.4\"").unwrap(), "-13.4");
        for json in ["\"north\"", "true", "[1]", "\"1 2\"", "\"\""] {
            assert!(read(json).is_err(), "{json}");
        }
    }
}
