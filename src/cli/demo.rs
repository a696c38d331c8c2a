//! The demonstration site: a day of events, and four simulated cameras that connect and send new ones.

use std::sync::Arc;

use super::scene::scene;
use super::simulate::Camera;
use crate::domain::setting::Value;
use crate::domain::time::{DAY_US, HOUR_US, SECOND_US};
use crate::domain::{Access, Attachment, CameraId, Meta, NewEvent, Role, Timestamp, When};
use crate::service::Services;
use crate::service::access::Caller;
use crate::service::camera::{CameraChange, NewCamera};
use crate::service::error::Result;

/// Events of the day before the demonstration starts.
const DAY_EVENTS: usize = 5_000;
/// Seconds between the events of each camera; together one in about two seconds.
const PACE_S: [f64; 4] = [5.0, 7.0, 9.0, 13.0];

/// Where the site is.
const ZONE: &str = "Europe/Berlin";
/// Of the newest events so many are looked at for a picture, and every third gets one.
const PICTURED: usize = 180;

/// Letters of a password, none of which looks like another.
const LETTERS: &[u8] = b"abcdefghkmnpqrstuvwxyz23456789";

/// A simulated camera: its name, and what it sees how often.
const SITE: [(&str, &[(&str, u32)]); 4] = [
    ("Gate North", &[("vehicle", 5), ("license_plate", 3), ("person", 2), ("motion", 4)]),
    ("Loading Dock", &[("person", 5), ("vehicle", 3), ("line_crossing", 2), ("motion", 5)]),
    ("Lobby", &[("person", 8), ("face", 2), ("motion", 3)]),
    ("Server Room", &[("motion", 1), ("digital_input", 1), ("temperature", 1)]),
];

/// What the demonstration site has.
#[derive(Debug)]
pub struct Demo {
    /// Its cameras, to be connected to the server at the given address.
    pub cameras: Vec<Camera>,
    /// A license key.
    pub key: String,
    /// Password of its user `admin`.
    pub password: String,
}

/// Adds a user and the cameras, and fills the day before now. `server` is where the cameras will connect.
///
/// # Errors
/// The services'.
pub async fn fill(services: &Services, server: &str) -> Result<Demo> {
    let local = Caller::local();
    let text = |text: &str| Some(Value::Text(text.to_owned()));
    let site = [("site.name", text("Hafen Nord")), ("site.time_zone", text(ZONE))];
    let site = site.map(|(key, value)| (key.to_owned(), value)).into();
    services.administration.change(&local, site).await?;
    let password = password();
    services.users.add(&local, "admin".to_owned(), &password, Role::Admin).await?;
    let (mut cameras, mut simulated) = (Vec::new(), Vec::new());
    for ((name, types), pace_s) in SITE.into_iter().zip(PACE_S) {
        let change = CameraChange { timezone: Some(ZONE.to_owned()), ..CameraChange::default() };
        let new = NewCamera { id: None, name: name.to_owned(), change };
        let added = services.cameras.add(&local, new).await?;
        let id = added.entry.camera.id;
        let token = added.tokens.iter().find(|token| token.access == Access::Ingest);
        simulated.push(Camera {
            server: server.to_owned(),
            token: token.map(|token| services.credentials.secret(token)).unwrap_or_default(),
            model: format!("demo {}", id.0),
            types: types.iter().map(|(name, weight)| ((*name).to_owned(), *weight)).collect(),
            rate: 1.0 / pace_s,
            count: 0,
            tags,
            place: Some(simulated.len()),
        });
        for (name, _) in types.iter().filter(|(name, _)| *name != "motion") {
            services.event_types.add(&local, id, (*name).to_owned(), false).await?;
        }
        cameras.push(id);
    }
    let now = services.clock().now();
    let mut random = fastrand::Rng::with_seed(20);
    let mut times: Vec<i64> =
        (0..DAY_EVENTS).map(|_| now.0 - DAY_US + moment(&mut random)).collect();
    times.sort_unstable();
    let mut stored = Vec::new();
    for chunk in times.chunks(500) {
        let items = chunk.iter().map(|at| Ok(event(&mut random, &cameras, Timestamp(*at))));
        for result in services.events.record_many(&local, items.collect()).await? {
            stored.push(result?.event);
        }
    }
    for event in stored.iter().rev().take(PICTURED).step_by(3) {
        let place = cameras.iter().position(|id| *id == event.camera).unwrap_or(0);
        let picture = Arc::new(scene(&mut random, place, &event.name));
        services.attachments.attach(&local, event.id, Attachment::Picture, picture).await?;
    }
    let key = services.credentials.create_key(&local, "demo".to_owned()).await?;
    Ok(Demo { cameras: simulated, key: key.secret, password })
}

/// A password that can be typed from the screen. It guards a scratch site on this machine.
fn password() -> String {
    let mut random = fastrand::Rng::new();
    let mut word = || -> String {
        (0..4).map(|_| char::from(LETTERS[random.usize(..LETTERS.len())])).collect()
    };
    format!("demo-{}-{}", word(), word())
}

/// An instant of the day, in microseconds from its start; more often around two busy hours.
fn moment(random: &mut fastrand::Rng) -> i64 {
    let busy = [9, 17][random.usize(..2)] * HOUR_US;
    let whole_second = match random.u8(..3) {
        0 => random.i64(0..DAY_US),
        _ => (busy + random.i64(-2 * HOUR_US..2 * HOUR_US)).rem_euclid(DAY_US),
    } / SECOND_US;
    whole_second * SECOND_US
}

fn event(random: &mut fastrand::Rng, cameras: &[CameraId], at: Timestamp) -> NewEvent {
    let place = random.usize(..SITE.len());
    let types = SITE[place].1;
    let sum: u32 = types.iter().map(|(_, weight)| weight).sum();
    let mut pick = random.u32(..sum);
    let mut name = types[0].0;
    for (candidate, weight) in types {
        name = candidate;
        if pick < *weight {
            break;
        }
        pick -= weight;
    }
    let pairs = tags(random, name).into_iter().map(|(tag, value)| (tag.to_owned(), value));
    NewEvent {
        camera: cameras.get(place).copied(),
        name: name.to_owned(),
        when: When::At(at),
        meta: Meta::from_pairs(pairs).unwrap_or_default(),
        uid: None,
    }
}

fn tags(random: &mut fastrand::Rng, name: &str) -> Vec<(&'static str, String)> {
    let confidence = format!("0.{:02}", random.u8(60..100));
    match name {
        "vehicle" => {
            let kind = ["car", "truck", "van"][random.usize(..3)];
            vec![("object", kind.to_owned()), ("confidence", confidence)]
        }
        "license_plate" => {
            let plate = format!("B-WP {:04}", random.u16(1..10_000));
            vec![("plate", plate), ("confidence", confidence)]
        }
        "person" | "face" => vec![("object", "person".to_owned()), ("confidence", confidence)],
        "line_crossing" => {
            let direction = ["in", "out"][random.usize(..2)];
            vec![("rule", "Yard".to_owned()), ("direction", direction.to_owned())]
        }
        "temperature" => vec![("value", random.u8(19..34).to_string()), ("unit", "C".to_owned())],
        "digital_input" => vec![("input", "door".to_owned())],
        _ => vec![("region", random.u8(1..5).to_string())],
    }
}
