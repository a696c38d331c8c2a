//! Channels on the wire.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::meta::Sent;
use crate::http::camera_parts::{SourceInput, TagFilter, status, stream_url, tags};
use crate::http::params::Params;
use crate::http::tokens::{AccessTokens, Tokens};
use crate::service::access::{Action, Caller};
use crate::service::camera::CameraChange;
use crate::service::catalogue::CameraEntry;
use crate::service::error::Result;

/// A camera as the account's list of channels shows it.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct ChannelBody {
    /// Its tokens; for license keys and admins only.
    #[serde(skip_serializing_if = "Option::is_none")]
    access_tokens: Option<AccessTokens>,
    /// When its record was made, UTC.
    #[schema(example = "2021-09-23T16:30:00")]
    created: String,
    /// Its number, `camid` of its events.
    id: u32,
    /// Its own tags; in lists and on one channel only with `include_meta`.
    #[serde(skip_serializing_if = "Option::is_none")]
    meta: Option<BTreeMap<String, String>>,
    /// Its name.
    name: String,
    /// Recording mode: `on`, `off` or `by_event`. Kept for clients; nothing is recorded.
    rec_mode: String,
    /// Where its stream is; absent if not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<SourceBody>,
    /// `active`: its agent is connected; `offline`: it is not; `inactive`: switched off.
    status: &'static str,
    /// Whether it streams: never.
    streaming: bool,
    /// IANA name of its time zone.
    #[schema(example = "Europe/Berlin")]
    timezone: String,
}

/// Where a camera's stream is.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct SourceBody {
    /// User name for it; absent if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    login: Option<String>,
    /// Its address; without the password in it for callers that only read.
    url: String,
}

/// A channel to add, or what to change of one: members left out or null stay as they are.
#[derive(Deserialize, ToSchema)]
pub(in crate::http) struct ChannelInput {
    /// Its name: 1 to 128 bytes. Required for a new channel.
    pub name: Option<String>,
    /// Recording mode: `on`, `off` or `by_event`.
    rec_mode: Option<String>,
    /// IANA name of its time zone; `UTC` if left out.
    timezone: Option<String>,
    /// All its tags.
    #[schema(value_type = Option<BTreeMap<String, String>>)]
    meta: Option<Sent>,
    /// Where its stream is.
    source: Option<SourceInput>,
}

impl ChannelBody {
    pub fn new(caller: &Caller, entry: &CameraEntry, tokens: &Tokens, with_meta: bool) -> Self {
        let camera = &entry.camera;
        let source = |url| SourceBody { login: camera.login.clone(), url };
        Self {
            access_tokens: caller.may(Action::Manage).is_ok().then(|| tokens.both(camera.id)),
            created: camera.created.vxg(),
            id: camera.id.0,
            meta: with_meta.then(|| camera.meta.clone()),
            name: camera.name.clone(),
            rec_mode: camera.rec_mode.clone(),
            source: stream_url(caller, camera).map(source),
            status: status(entry),
            streaming: false,
            timezone: camera.timezone.clone(),
        }
    }
}

impl From<ChannelInput> for CameraChange {
    fn from(input: ChannelInput) -> Self {
        let source = input.source.unwrap_or_default();
        Self {
            name: input.name,
            timezone: input.timezone,
            rec_mode: input.rec_mode,
            url: source.url,
            login: source.login,
            meta: input.meta.map(tags),
            ..Self::default()
        }
    }
}

/// The cameras that `meta` and `meta_not` ask for.
///
/// # Errors
/// `bad_parameter`.
pub(super) fn matching(
    cameras: &[Arc<CameraEntry>],
    params: &Params,
) -> Result<Vec<Arc<CameraEntry>>> {
    let filter = TagFilter::read(params)?;
    Ok(cameras.iter().filter(|entry| filter.takes(&entry.camera)).cloned().collect())
}
