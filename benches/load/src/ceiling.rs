//! The bare ceiling: actix-web reads the same JSON and answers about as much, and does nothing else.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::TcpListener;
use std::sync::atomic::{AtomicU64, Ordering};

use actix_web::{App, HttpResponse, HttpServer, web};
use serde::{Deserialize, Serialize};

/// What is sent to create an event.
#[derive(Deserialize)]
struct New {
    camid: u32,
    name: String,
    time: String,
    meta: BTreeMap<String, String>,
}

/// What is answered.
#[derive(Serialize)]
struct Created {
    id: u64,
    camid: u32,
    name: String,
    time: String,
    meta: BTreeMap<String, String>,
}

static LAST: AtomicU64 = AtomicU64::new(0);

async fn create(new: web::Json<New>) -> HttpResponse {
    let New { camid, name, time, meta } = new.into_inner();
    let id = LAST.fetch_add(1, Ordering::Relaxed) + 1;
    HttpResponse::Created().json(Created { id, camid, name, time, meta })
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    writeln!(std::io::stdout(), "listening on http://{}", listener.local_addr()?)?;
    let app = || App::new().route("/api/v2/storage/events/", web::post().to(create));
    HttpServer::new(app).listen(listener)?.run().await
}
