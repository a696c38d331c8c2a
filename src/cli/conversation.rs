//! A simulated camera's side of the conversation with a server.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::Context;
use futures_util::future::LocalBoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::{Instant, MissedTickBehavior, interval, interval_at};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use super::scene::{SIZE, scene};
use super::simulate::{Camera, Done};
use super::upload::put;
use crate::domain::time::SECOND_US;
use crate::service::clock::Clock;

/// How often the camera pings, as agents do.
const PING_EVERY: Duration = Duration::from_secs(10);
/// Events that may wait for their `done`; the next one waits for them.
const WAITING_MAX: u64 = 256;
/// Pictures that may wait for their address or be on their way; further events have none.
const PICTURES_MAX: usize = 4;
/// Time for the server to close after `bye`.
const CLOSE_WITHIN: Duration = Duration::from_secs(2);

/// A type that the camera announces, and its switches there.
struct Known {
    name: String,
    active: bool,
    snapshot: bool,
}

impl Known {
    fn new(name: &str) -> Self {
        Self { name: name.to_owned(), active: true, snapshot: true }
    }
}

/// See the module.
pub(super) struct Conversation<'a> {
    camera: &'a Camera,
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    msgid: u64,
    /// Known when the server has said `cam_hello`.
    camera_id: Option<u64>,
    types: Vec<Known>,
    /// Events without their `done`.
    waiting: u64,
    /// Pictures that wait for their address, by the number of their event's message.
    pictures: HashMap<u64, Vec<u8>>,
    /// Pictures on their way; each tells whether it was taken.
    uploads: FuturesUnordered<LocalBoxFuture<'static, bool>>,
    random: fastrand::Rng,
    clock: Clock,
    done: Done,
}

impl<'a> Conversation<'a> {
    /// Over a connection that was just made.
    pub fn new(camera: &'a Camera, socket: WebSocketStream<MaybeTlsStream<TcpStream>>) -> Self {
        Self {
            camera,
            socket,
            msgid: 0,
            camera_id: None,
            types: camera.types.iter().map(|(name, _)| Known::new(name)).collect(),
            waiting: 0,
            pictures: HashMap::new(),
            uploads: FuturesUnordered::new(),
            random: fastrand::Rng::new(),
            clock: Clock::system(),
            done: Done::default(),
        }
    }

    /// Registers, then sends events and answers what the server asks, until all are sent or the server ends it.
    ///
    /// # Errors
    /// The connection breaks while something is sent.
    pub async fn hold(mut self) -> anyhow::Result<Done> {
        let token = &self.camera.token;
        self.say(json!({
            "cmd": "register", "ver": "1", "tz": "UTC", "vendor": "Watchpost", "pwd": "",
            "prev_sid": "", "reg_token": token, "media_protocols": ["rtmp"],
        }))
        .await?;
        let is_sending = self.camera.rate > 0.0;
        let period = if is_sending { 1.0 / self.camera.rate } else { 3_600.0 };
        let mut events = interval(Duration::from_secs_f64(period.min(86_400.0)));
        events.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let mut pings = interval_at(Instant::now() + PING_EVERY, PING_EVERY);
        loop {
            let may_send = is_sending
                && self.camera_id.is_some()
                && self.waiting < WAITING_MAX
                && (self.camera.count == 0 || self.done.sent < self.camera.count);
            tokio::select! {
                frame = self.socket.next() => match frame {
                    Some(Ok(Message::Text(text))) => {
                        let message = serde_json::from_str(&text).unwrap_or(Value::Null);
                        self.hear(&message).await?;
                        if self.done.ended.is_some() {
                            break;
                        }
                    }
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => {
                        self.done.ended = Some("the connection is lost".to_owned());
                        break;
                    }
                },
                Some(is_kept) = self.uploads.next() => self.done.pictures += u64::from(is_kept),
                _ = events.tick(), if may_send => self.happen().await?,
                _ = pings.tick() => self.socket.send(Message::Ping(Vec::new().into())).await?,
            }
            let is_complete = self.camera.count > 0 && self.done.sent >= self.camera.count;
            if is_complete && self.waiting == 0 && self.uploads.is_empty() {
                self.say(json!({"cmd": "bye", "reason": "CONN_CLOSE"})).await?;
                break;
            }
        }
        let ended = async { while let Some(Ok(_)) = self.socket.next().await {} };
        let _ = tokio::time::timeout(CLOSE_WITHIN, ended).await; // it has said all it has to say
        Ok(self.done)
    }

    async fn hear(&mut self, message: &Value) -> anyhow::Result<()> {
        match message["cmd"].as_str().unwrap_or_default() {
            "hello" => {
                self.say(json!({
                    "cmd": "cam_register", "ip": "", "uuid": message["uuid"], "brand": "Watchpost",
                    "model": self.camera.model, "sn": "0", "version": env!("CARGO_PKG_VERSION"),
                    "type": "simulated", "raw_messaging": false,
                }))
                .await?;
                self.answer(message, "OK").await
            }
            "cam_hello" => {
                self.camera_id = message["cam_id"].as_u64();
                self.answer(message, "OK").await
            }
            "get_cam_events" => {
                let can_snapshot = self.camera.place.is_some();
                let events: Vec<Value> = self.types.iter().map(|known| json!({
                    "event": known.name, "active": known.active, "stream": false,
                    "snapshot": known.snapshot && can_snapshot,
                    "caps": {"stream": false, "snapshot": can_snapshot, "periodic": false, "trigger": true},
                })).collect();
                self.say(json!({
                    "cmd": "cam_events_conf", "refid": message["msgid"], "orig_cmd": "get_cam_events",
                    "cam_id": self.camera_id, "enabled": true, "events": events,
                }))
                .await
            }
            "set_cam_events" => {
                for told in message["events"].as_array().into_iter().flatten() {
                    let known = self.types.iter_mut().find(|known| told["event"] == *known.name);
                    if let Some(known) = known {
                        known.active = told["active"].as_bool().unwrap_or(known.active);
                        known.snapshot = told["snapshot"].as_bool().unwrap_or(known.snapshot);
                    }
                }
                self.answer(message, "OK").await
            }
            "cam_trigger_event" => self.raise(message).await,
            "done" => {
                if message["orig_cmd"] == "cam_event" {
                    self.answered(message, message["status"] == "OK");
                }
                Ok(())
            }
            "direct_upload_url" => {
                // An event that is not stored has no id, but the picture is wanted no more than that.
                if let Some(picture) = self.answered(message, message["event_id"].is_u64())
                    && let Some(url) = message["url"].as_str().filter(|_| message["status"] == "OK")
                {
                    self.upload(url, &message["headers"], picture);
                }
                Ok(())
            }
            "bye" => {
                let reason = message["reason"].as_str().unwrap_or("ERROR");
                self.done.ended = Some(reason.to_owned());
                Ok(())
            }
            _ => self.answer(message, "OK").await,
        }
    }

    /// Does what a trigger asks for: the event first, then `done`.
    async fn raise(&mut self, message: &Value) -> anyhow::Result<()> {
        let known = self.types.iter().find(|known| message["event"] == *known.name);
        let Some(name) = known.filter(|known| known.active).map(|known| known.name.clone()) else {
            return self.answer(message, "INVALID_PARAM").await;
        };
        self.tell(&name, &message["time"], &message["meta"], PICTURES_MAX).await?;
        self.done.triggered += 1;
        self.answer(message, "OK").await
    }

    /// Sends an event of its own.
    async fn happen(&mut self) -> anyhow::Result<()> {
        self.done.sent += 1;
        let types = &self.camera.types;
        let sum: u32 = types.iter().map(|(_, weight)| weight).sum();
        let mut pick = self.random.u32(..sum.max(1));
        let picked = types.iter().find(|(_, weight)| {
            let is_here = pick < *weight;
            pick = pick.saturating_sub(*weight);
            is_here
        });
        let Some((name, _)) = picked else { return Ok(()) };
        if !self.types.iter().any(|known| known.name == *name && known.active) {
            return Ok(()); // switched off: it stays inside the camera
        }
        let tags = (self.camera.tags)(&mut self.random, name);
        let meta: Value =
            tags.into_iter().map(|(tag, value)| (tag.to_owned(), Value::from(value))).collect();
        #[expect(clippy::cast_precision_loss, reason = "below 2^53 until the year 2255")]
        let time = self.clock.now().0 as f64 / SECOND_US as f64;
        self.tell(name, &time.into(), &meta, 1).await // one that sends fast leaves pictures out
    }

    /// Sends an event, with a picture if fewer than `busy` of them are about.
    async fn tell(
        &mut self,
        name: &str,
        time: &Value,
        meta: &Value,
        busy: usize,
    ) -> anyhow::Result<()> {
        self.waiting += 1;
        let is_wanted = self.types.iter().any(|known| known.name == name && known.snapshot);
        let is_free = self.pictures.len() + self.uploads.len() < busy;
        let place = self.camera.place.filter(|_| is_wanted && is_free);
        let picture = place.map(|place| scene(&mut self.random, place, name));
        let info = picture.as_ref().map(|picture| {
            let image_time = self.clock.now().utc().format("%Y%m%dT%H%M%S%.6f").to_string();
            let (width, height) = SIZE;
            json!({"image_time": image_time, "width": width, "height": height, "size": picture.len()})
        });
        self.say(json!({
            "cmd": "cam_event", "cam_id": self.camera_id, "event": name, "time": time,
            "status": "OK", "mediatm": 0, "meta": meta, "snapshot_info": info,
        }))
        .await?;
        self.pictures.extend(picture.map(|picture| (self.msgid, picture)));
        Ok(())
    }

    /// The server has answered an event: its picture, if it has one.
    fn answered(&mut self, message: &Value, is_taken: bool) -> Option<Vec<u8>> {
        self.waiting = self.waiting.saturating_sub(1);
        self.done.acknowledged += u64::from(is_taken);
        self.pictures.remove(&message["refid"].as_u64()?)
    }

    /// Begins to send a picture where the server wants it.
    fn upload(&mut self, url: &str, headers: &Value, picture: Vec<u8>) {
        let headers = headers.as_object().into_iter().flatten();
        let headers =
            headers.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
        let (url, headers) = (url.to_owned(), headers.collect::<Vec<_>>());
        let upload = async move {
            match put(&url, &headers, &picture).await {
                Ok(200) => true,
                Ok(status) => {
                    tracing::warn!(status, "the server did not take a picture");
                    false
                }
                Err(error) => {
                    tracing::warn!(%error, "a picture could not be sent");
                    false
                }
            }
        };
        self.uploads.push(upload.boxed_local());
    }

    async fn answer(&mut self, message: &Value, status: &str) -> anyhow::Result<()> {
        self.say(json!({
            "cmd": "done", "cam_id": self.camera_id, "refid": message["msgid"],
            "orig_cmd": message["cmd"], "status": status,
        }))
        .await
    }

    /// Sends a message; members that are null are left out.
    async fn say(&mut self, mut message: Value) -> anyhow::Result<()> {
        self.msgid += 1;
        message["msgid"] = self.msgid.into();
        if let Some(members) = message.as_object_mut() {
            members.retain(|_, value| !value.is_null());
        }
        self.socket.send(Message::text(message.to_string())).await.context("the connection")
    }
}
