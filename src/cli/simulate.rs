//! `watchpost simulate-camera`: a stand-in for a camera with an agent, for tests, integrators and `demo`.
//!
//! It speaks the protocol from the camera's side (API contract 6) and nothing of this program's own, so
//! it is also an example of what a camera has to do.

use std::time::Duration;

use anyhow::{Context, bail};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, connect_async};

use super::conversation::Conversation;

/// Pause before a lost connection is made again.
const AGAIN_AFTER: Duration = Duration::from_secs(5);

/// `watchpost simulate-camera`
#[derive(Debug, clap::Args)]
pub struct SimulateCamera {
    /// Where the server is
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    server: String,
    /// An `all` or ingest token of the camera
    #[arg(long)]
    token: String,
    /// Events a second, 0 for none
    #[arg(long, value_name = "N", default_value = "1", value_parser = rate)]
    rate: f64,
    /// Events after which it ends, 0 for never
    #[arg(long, value_name = "N", default_value = "0")]
    count: u64,
    /// An event type that it announces, and sends in turn; may be repeated
    #[arg(long = "type", value_name = "NAME", default_value = "motion")]
    types: Vec<String>,
    /// Send events without pictures
    #[arg(long)]
    no_pictures: bool,
}

fn rate(text: &str) -> Result<f64, String> {
    let rate: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if (0.0..=10_000.0).contains(&rate) { Ok(rate) } else { Err("0 to 10000".to_owned()) }
}

/// What makes the tags of an event of this type.
type Tags = fn(&mut fastrand::Rng, &str) -> Vec<(&'static str, String)>;

/// A simulated camera.
#[derive(Clone, Debug)]
pub struct Camera {
    /// `http://host:port` of the server.
    pub server: String,
    /// Its token.
    pub token: String,
    /// What it is called on the server's page: its model.
    pub model: String,
    /// What it announces, and how often it sends each compared to the others.
    pub types: Vec<(String, u32)>,
    /// Events a second.
    pub rate: f64,
    /// Events after which it ends, 0 for never.
    pub count: u64,
    /// The tags of its events.
    pub tags: Tags,
    /// What its pictures show, a place of `scene`; without one it sends none.
    pub place: Option<usize>,
}

/// What a camera did on one connection.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Done {
    /// Events that it sent by itself.
    pub(super) sent: u64,
    /// Events that the server said were taken.
    pub(super) acknowledged: u64,
    /// Triggers that it answered.
    pub(super) triggered: u64,
    /// Pictures that the server took.
    pub(super) pictures: u64,
    /// Why the server ended the connection, if it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ended: Option<String>,
}

/// Runs the command until it has sent what it was asked to, and prints what it did.
///
/// # Errors
/// The server cannot be reached, or turns the camera away.
pub fn simulate_camera(args: SimulateCamera, json: bool) -> anyhow::Result<()> {
    let camera = Camera {
        server: args.server,
        token: args.token,
        model: "simulated".to_owned(),
        types: args.types.into_iter().map(|name| (name, 1)).collect(),
        rate: args.rate,
        count: args.count,
        tags: |_, _| vec![("simulated", "true".to_owned())],
        place: (!args.no_pictures).then_some(0),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let done = runtime.block_on(async {
        loop {
            let done = camera.run().await?;
            match done.ended.as_deref() {
                None if camera.count > 0 && done.sent >= camera.count => return Ok(done),
                Some(reason @ ("AUTH_FAILURE" | "CONN_CONFLICT" | "DELETED")) => {
                    bail!("the server said bye: {reason}")
                }
                _ => tokio::time::sleep(AGAIN_AFTER).await,
            }
        }
    })?;
    let mut out = std::io::stdout().lock();
    if json {
        std::io::Write::write_fmt(&mut out, format_args!("{}\n", serde_json::to_string(&done)?))?;
    } else {
        let Done { sent, acknowledged, triggered, pictures, .. } = done;
        let text = format!(
            "{sent} events sent, {acknowledged} taken, {pictures} with a picture, {triggered} triggers answered"
        );
        std::io::Write::write_fmt(&mut out, format_args!("{text}\n"))?;
    }
    Ok(())
}

impl Camera {
    /// Connects and does what a camera does, until it has sent its events or the server ends it.
    ///
    /// # Errors
    /// The server cannot be reached, or the connection breaks at its start.
    pub async fn run(&self) -> anyhow::Result<Done> {
        let server = self.server.trim_end_matches('/');
        let host =
            server.strip_prefix("http://").context("the server's URL begins with http://")?;
        let token =
            percent_encoding::utf8_percent_encode(&self.token, percent_encoding::NON_ALPHANUMERIC);
        let mut request = format!("ws://{host}/ctl/NEW/{token}/").into_client_request()?;
        let protocol = "vxg-message-protocol".parse().context("a header")?;
        request.headers_mut().insert("Sec-WebSocket-Protocol", protocol);
        let (socket, _) = connect_async(request).await.context("connecting to the server")?;
        if let MaybeTlsStream::Plain(tcp) = socket.get_ref() {
            tcp.set_nodelay(true)?; // a trigger's answer is two small messages
        }
        Conversation::new(self, socket).hold().await
    }
}
