//! The handlers over services of their own.

use std::path::Path;

use actix_web::body::to_bytes;
use actix_web::http::Method;
use actix_web::http::header::HeaderMap;
use actix_web::test::{TestRequest, call_service, init_service};
use actix_web::web::{Bytes, Data};
use actix_web::{App, web};
use serde_json::{Value, json};

use crate::domain::{Access, CameraId, Timestamp};
use crate::http::body::BodyBudget;
use crate::http::event::{self, EVENTS};
use crate::http::{job, route};
use crate::service::access::Caller;
use crate::service::camera::NewCamera;
use crate::service::clock::Clock;
use crate::service::{Services, Settings};

/// When the clock stands still.
pub const TIME: &str = "2026-01-01T12:00:00";

/// The handlers over services of their own, with one camera, a license key and two tokens.
pub struct Server {
    /// The services themselves.
    pub services: Services,
    /// Value of `Authorization` for the whole account; sent if no other one is.
    pub key: String,
    /// The same for reading from camera 1.
    pub watch: String,
    /// The same for creating events of camera 1.
    pub ingest: String,
    _dir: tempfile::TempDir,
}

/// An answer, its body read.
pub struct Answer {
    pub status: u16,
    headers: HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("{}", self.text))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

impl Server {
    pub async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut options = defaults(Services::open);
        (options.min_free_bytes, options.segment_bytes) = (Some(0), Some(1 << 20));
        let clock = Clock::manual(Timestamp::parse(TIME).unwrap());
        let services = Services::open(dir.path(), options, Settings::default(), clock).unwrap();
        let me = Caller::local();
        let new = |id, name: &str| NewCamera {
            id: Some(CameraId(id)),
            name: name.to_owned(),
            ..NewCamera::default()
        };
        let added = services.cameras.add(&me, new(1, "Gate, \"north\"")).await.unwrap();
        services.cameras.add(&me, new(2, "Yard")).await.unwrap();
        let secret = |access| {
            let token = added.tokens.iter().find(|token| token.access == access).unwrap();
            format!("Acc {}", services.credentials.secret(token))
        };
        let (watch, ingest) = (secret(Access::Watch), secret(Access::Ingest));
        let issued = services.credentials.create_key(&me, "k".to_owned()).await.unwrap();
        Self { key: format!("LKey {}", issued.secret), watch, ingest, services, _dir: dir }
    }

    pub async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Answer {
        let app = App::new()
            .app_data(Data::new(self.services.clone()))
            .app_data(Data::new(BodyBudget::default()))
            .configure(event::configure)
            .configure(job::configure)
            .default_service(web::to(route::not_found));
        let app = init_service(app).await;
        let mut request = TestRequest::with_uri(path).method(method).set_payload(body.into());
        if !headers.iter().any(|(name, _)| *name == "authorization") {
            request = request.insert_header(("authorization", self.key.as_str()));
        }
        for (name, value) in headers {
            request = request.insert_header((*name, *value));
        }
        let response = call_service(&app, request.to_request()).await;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = to_bytes(response.into_body()).await.unwrap();
        Answer { status, headers, text: String::from_utf8_lossy(&body).into_owned() }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], String::new()).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::POST, path, &[], body.to_string()).await
    }

    /// Stores an event so many seconds after [`TIME`], and returns its id.
    pub async fn event(&self, camera: u32, name: &str, second: u32, meta: Value) -> u64 {
        let time = format!("2026-01-01T12:00:{second:02}");
        let body = json!({ "camid": camera, "name": name, "time": time, "meta": meta });
        let answer = self.post(EVENTS, &body).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        answer.json()["id"].as_u64().unwrap()
    }
}

/// What `open` takes for the store, which HTTP does not know by name.
fn defaults<O: Default, R>(_open: fn(&Path, O, Settings, Clock) -> R) -> O {
    O::default()
}
