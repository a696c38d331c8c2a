//! The requests of each profile, for each server.

use std::fmt::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::ValueEnum;

use crate::data::{CAMERAS, Event, FIRST_S, NAMES, SPAN_S, mixed, time};

/// Who is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Target {
    Watchpost,
    Pocketbase,
    Ceiling,
}

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Profile {
    /// One event a request.
    Create,
    /// `--batch` events a request.
    Bulk,
    /// Lists of one `--shape`.
    List,
    /// Nine creates, then a list of the newest 50.
    Mix,
}

/// Which list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Shape {
    /// The newest 50 of all.
    Newest,
    /// The newest 50 of a camera.
    Camera,
    /// 50 of a camera and type in an hour.
    CameraTypeHour,
    /// The newest 50 of a type, over all cameras.
    Type,
    /// The newest 50 with a tag.
    Tag,
    /// 50 at `--offset`.
    Offset,
    /// The exact total of any range, camera and type: the list's smallest page.
    Total,
    /// A month by hour, by type.
    Histogram,
    /// What a worker asks again and again: the newest 50 of a type that lack the tag `done`.
    Poll,
}

/// Makes the requests of one run.
pub struct Maker {
    pub target: Target,
    pub profile: Profile,
    pub shape: Shape,
    pub host: String,
    pub authorization: String,
    pub batch: u64,
    pub offset: u64,
}

/// Events of one request.
pub struct Made {
    pub events: u64,
}

impl Maker {
    /// Writes request `number` to `out`.
    pub fn make(&self, number: u64, out: &mut Vec<u8>) -> Made {
        out.clear();
        let creates = match self.profile {
            Profile::Create => true,
            Profile::Mix => !number.is_multiple_of(10),
            Profile::Bulk | Profile::List => false,
        };
        if creates {
            let mut body = String::with_capacity(192);
            now(number).json(&mut body);
            self.post(self.create_path(), &body, out);
            return Made { events: 1 };
        }
        if self.profile == Profile::Bulk {
            let body = self.bulk(number);
            let path = match self.target {
                Target::Pocketbase => "/api/batch",
                Target::Watchpost | Target::Ceiling => "/api/v2/storage/events/bulk/",
            };
            self.post(path, &body, out);
            return Made { events: self.batch };
        }
        let path = match self.target {
            Target::Pocketbase => self.pocketbase_list(number),
            Target::Watchpost | Target::Ceiling => self.list(number),
        };
        self.head("GET", &path, out);
        out.extend_from_slice(b"\r\n");
        Made { events: 0 }
    }

    fn create_path(&self) -> &'static str {
        match self.target {
            Target::Pocketbase => "/api/collections/events/records",
            Target::Watchpost | Target::Ceiling => "/api/v2/storage/events/",
        }
    }

    fn bulk(&self, number: u64) -> String {
        let is_pocketbase = self.target == Target::Pocketbase;
        let mut body = String::with_capacity(160 * self.batch as usize);
        body.push_str(if is_pocketbase { r#"{"requests":["# } else { "[" });
        for at in 0..self.batch {
            if at > 0 {
                body.push(',');
            }
            if is_pocketbase {
                body.push_str(
                    r#"{"method":"POST","url":"/api/collections/events/records","body":"#,
                );
            }
            now(number * self.batch + at).json(&mut body);
            if is_pocketbase {
                body.push('}');
            }
        }
        body.push_str(if is_pocketbase { "]}" } else { "]" });
        body
    }

    fn list(&self, number: u64) -> String {
        let mut path = "/api/v2/storage/events/".to_owned();
        let Picked { camera, name, from, to } = picked(number);
        let (mut start, mut end) = (String::new(), String::new());
        let mut between = |from_s: u64, to_s: u64| {
            time(from_s * 1_000_000, &mut start);
            time(to_s * 1_000_000, &mut end);
            format!("&start={start}&end={end}")
        };
        let _ = match self.shape {
            Shape::Newest => write!(path, "?order_by=-time&limit=50"),
            Shape::Camera => write!(path, "?order_by=-time&limit=50&camid={camera}"),
            Shape::CameraTypeHour => {
                let range = between(from, from + 3_600);
                write!(path, "?order_by=-time&limit=50&camid={camera}&events={name}{range}")
            }
            Shape::Type => write!(path, "?order_by=-time&limit=50&events={name}"),
            Shape::Tag => write!(path, "?order_by=-time&limit=50&meta=Car"),
            Shape::Offset => write!(path, "?order_by=-time&limit=50&offset={}", self.offset),
            Shape::Total => {
                let range = between(from, to);
                match number % 4 {
                    0 => write!(path, "?limit=1{range}"),
                    1 => write!(path, "?limit=1&camid={camera}{range}"),
                    2 => write!(path, "?limit=1&events={name}{range}"),
                    _ => write!(path, "?limit=1&camid={camera}&events={name}{range}"),
                }
            }
            Shape::Histogram => {
                let range = between(FIRST_S, FIRST_S + SPAN_S);
                write!(path, "histogram/?bucket=hour&group_by=name{range}")
            }
            Shape::Poll => write!(path, "?order_by=-time&limit=50&events={name}&meta_not=done"),
        };
        path
    }

    fn pocketbase_list(&self, number: u64) -> String {
        let mut path = "/api/collections/events/records?sort=-time&".to_owned();
        let Picked { camera, name, from, to } = picked(number);
        let between = |from_s: u64, to_s: u64| {
            let (mut start, mut end) = (String::new(), String::new());
            time(from_s * 1_000_000, &mut start);
            time(to_s * 1_000_000, &mut end);
            let (start, end) = (start.replace('T', "%20"), end.replace('T', "%20"));
            format!("time%3E=%27{start}%27%26%26time%3C=%27{end}%27")
        };
        let _ = match self.shape {
            Shape::Newest => write!(path, "perPage=50"),
            Shape::Camera => write!(path, "perPage=50&filter=camid={camera}"),
            Shape::CameraTypeHour => {
                let range = between(from, from + 3_600);
                write!(path, "perPage=50&filter=camid={camera}%26%26name=%27{name}%27%26%26{range}")
            }
            Shape::Type => write!(path, "perPage=50&filter=name=%27{name}%27"),
            Shape::Tag => write!(path, "perPage=50&filter=meta.Car!=null"),
            Shape::Offset => write!(path, "perPage=50&page={}", self.offset / 50 + 1),
            Shape::Total => {
                let range = between(from, to);
                match number % 4 {
                    0 => write!(path, "perPage=1&filter={range}"),
                    1 => write!(path, "perPage=1&filter=camid={camera}%26%26{range}"),
                    2 => write!(path, "perPage=1&filter=name=%27{name}%27%26%26{range}"),
                    _ => write!(
                        path,
                        "perPage=1&filter=camid={camera}%26%26name=%27{name}%27%26%26{range}"
                    ),
                }
            }
            // It has no histogram; nothing else answers the same.
            Shape::Histogram => write!(path, "perPage=1"),
            Shape::Poll => write!(path, "perPage=50&filter=name=%27{name}%27%26%26meta.done=null"),
        };
        path
    }

    fn head(&self, method: &str, path: &str, out: &mut Vec<u8>) {
        out.extend_from_slice(
            format!("{method} {path} HTTP/1.1\r\nHost: {}\r\n", self.host).as_bytes(),
        );
        if !self.authorization.is_empty() {
            out.extend_from_slice(format!("Authorization: {}\r\n", self.authorization).as_bytes());
        }
    }

    fn post(&self, path: &str, body: &str, out: &mut Vec<u8>) {
        self.head("POST", path, out);
        let lines =
            format!("Content-Type: application/json\r\nContent-Length: {}\r\n\r\n", body.len());
        out.extend_from_slice(lines.as_bytes());
        out.extend_from_slice(body.as_bytes());
    }
}

/// What a list asks for; another one with each request, the same in every run.
struct Picked {
    camera: u64,
    name: &'static str,
    from: u64,
    to: u64,
}

fn picked(number: u64) -> Picked {
    let random = mixed(number ^ 0x5eed);
    let (a, b) = (random % SPAN_S, (random >> 24) % SPAN_S);
    Picked {
        camera: (random >> 8) % CAMERAS + 1,
        name: NAMES[(random >> 20) as usize % NAMES.len()],
        from: FIRST_S + a.min(b),
        to: FIRST_S + a.max(b),
    }
}

/// An event of the set that happens now.
fn now(number: u64) -> Event {
    let us = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros());
    Event { time_us: us as u64, ..Event::new(number, u64::MAX, 0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_whole() {
        let maker = Maker {
            target: Target::Watchpost,
            profile: Profile::Create,
            shape: Shape::Newest,
            host: "h".to_owned(),
            authorization: "LKey k".to_owned(),
            batch: 2,
            offset: 0,
        };
        let mut out = Vec::new();
        assert_eq!(maker.make(1, &mut out).events, 1);
        let text = String::from_utf8(out.clone()).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with(
            "POST /api/v2/storage/events/ HTTP/1.1\r\nHost: h\r\nAuthorization: LKey k"
        ));
        assert!(head.ends_with(&format!("Content-Length: {}", body.len())));
        serde_json::from_str::<serde_json::Value>(body).unwrap();
        let bulk = Maker { profile: Profile::Bulk, target: Target::Pocketbase, ..maker };
        assert_eq!(bulk.make(3, &mut out).events, 2);
        let text = String::from_utf8(out).unwrap();
        let body: serde_json::Value =
            serde_json::from_str(text.split_once("\r\n\r\n").unwrap().1).unwrap();
        assert_eq!(body["requests"].as_array().unwrap().len(), 2);
    }
}
