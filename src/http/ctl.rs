//! `/ctl/NEW/{token}/`: the WebSocket that cameras with VXG's agent keep open (API contract 6).
//!
//! Frames in and out; what they mean is in `service::agent`. The token stands in the path, as the agent
//! sends it. `/ctl/{connid}/` is the same: a connection's id is its token.

use std::time::Duration;

use actix_web::http::Method;
use actix_web::web::{self, Bytes, Data, Path, Payload, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, rt};
use actix_ws::{
    AggregatedMessage, AggregatedMessageStream, CloseCode, CloseReason, ProtocolError, Session,
};
use tokio::time::Instant;

use super::auth::{origin, peer};
use super::body::JSON_BYTES_MAX;
use super::error::{ApiError, ErrorBody};
use super::json::check_depth;
use super::route::resource;
use crate::service::agent::{Bye, Connection, Out};
use crate::service::{Error, Services};

const NEW: &str = "/ctl/NEW/{token}/";
const AGAIN: &str = "/ctl/{token}/";
/// What the agent offers; echoed.
const PROTOCOL: &str = "vxg-message-protocol";
/// Silence after which the server pings. Never sooner: an agent was seen that took a ping amiss, and
/// agents ping by themselves every 10 s.
const PING_AFTER: Duration = Duration::from_mins(1);
/// Silence after that which ends the connection.
const PONG_WITHIN: Duration = Duration::from_secs(70);
/// Time for a message to leave, and for the other side to close.
const SEND_WITHIN: Duration = Duration::from_secs(30);
/// See [`SEND_WITHIN`].
const CLOSE_WITHIN: Duration = Duration::from_secs(2);
/// Longest message, as any JSON body.
const MESSAGE_BYTES_MAX: usize = JSON_BYTES_MAX;

pub(super) fn configure(config: &mut ServiceConfig) {
    for path in [NEW, AGAIN] {
        config.service(resource(path, [(Method::GET, web::to(connect))]));
    }
}

/// Keep a camera connected: a WebSocket of JSON messages, as VXG's embedded agent speaks it.
///
/// An `all` or ingest token of one camera is needed; with any other the connection opens and is told `bye`
/// with `AUTH_FAILURE`. A second connection of a camera takes the place of the first, which is told
/// `CONN_CONFLICT`. Every `cam_event` is an event; `done` says that it is on disk.
#[utoipa::path(get, path = NEW, operation_id = "connect_camera", tag = "cameras", security(()),
    params(("token" = String, Path, description = "An `all` or ingest token of the camera")),
    responses(
        (status = 101, description = "The connection is open. Sub-protocol `vxg-message-protocol`"),
        (status = 400, body = ErrorBody, description = "`bad_parameter`: not a WebSocket")))]
pub(super) async fn connect(
    request: HttpRequest,
    services: Data<Services>,
    token: Path<String>,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let opened = services.agents.open(&token, peer(&request), &origin(&request));
    let (response, session, stream) =
        actix_ws::handle_with_protocols(&request, payload, &[PROTOCOL])
            .map_err(|error| Error::BadParameter(format!("a WebSocket is expected: {error}")))?;
    let stream = stream
        .max_frame_size(MESSAGE_BYTES_MAX)
        .aggregate_continuations()
        .max_continuation_size(MESSAGE_BYTES_MAX);
    let socket = Socket { session, stream, heard: Instant::now(), pinged: false };
    // It ends with its socket, and the server waits for it as for any answer that is being sent.
    rt::spawn(async move {
        match opened {
            Ok(connection) => serve(socket, connection).await,
            Err(_) => socket.refuse().await,
        }
    });
    Ok(response)
}

/// A camera's end of the conversation.
struct Socket {
    session: Session,
    stream: AggregatedMessageStream,
    heard: Instant,
    pinged: bool,
}

/// What happened on a connection.
enum Heard {
    Frame(Option<Result<AggregatedMessage, ProtocolError>>),
    Told(Vec<Out>),
    Silence,
}

/// Passes frames until either side ends.
async fn serve(mut socket: Socket, mut connection: Connection) {
    let reason = loop {
        let silent_at = socket.silent_at();
        let heard = tokio::select! {
            frame = socket.stream.recv() => Heard::Frame(frame),
            told = connection.next() => Heard::Told(told),
            () = tokio::time::sleep_until(silent_at) => Heard::Silence,
        };
        let told = match heard {
            Heard::Frame(frame) => match socket.read(frame, &mut connection).await {
                Ok(told) => told,
                Err(reason) => break reason,
            },
            Heard::Told(told) => told,
            Heard::Silence if socket.pinged => break None,
            Heard::Silence => {
                socket.pinged = true;
                if socket.session.ping(b"").await.is_err() {
                    break None;
                }
                continue;
            }
        };
        if let Err(reason) = socket.send(told).await {
            break reason;
        }
    };
    tokio::join!(socket.close(reason), connection.close());
}

impl Socket {
    fn silent_at(&self) -> Instant {
        self.heard + if self.pinged { PING_AFTER + PONG_WITHIN } else { PING_AFTER }
    }

    /// What a frame leads to.
    ///
    /// # Errors
    /// The connection is over; a reason if the other side is to be told.
    async fn read(
        &mut self,
        frame: Option<Result<AggregatedMessage, ProtocolError>>,
        connection: &mut Connection,
    ) -> Result<Vec<Out>, Option<CloseReason>> {
        let frame = match frame {
            None => return Err(None),
            Some(Err(ProtocolError::Overflow)) => return Err(Some(CloseCode::Size.into())),
            Some(Err(ProtocolError::Io(error))) if error.kind() == std::io::ErrorKind::Other => {
                return Err(Some(CloseCode::Size.into())); // a message in too many pieces
            }
            Some(Err(_)) => return Err(Some(CloseCode::Protocol.into())),
            Some(Ok(frame)) => frame,
        };
        (self.heard, self.pinged) = (Instant::now(), false);
        Ok(match frame {
            AggregatedMessage::Text(text) if check_depth(text.as_bytes()).is_ok() => {
                connection.receive(&text).await
            }
            AggregatedMessage::Text(_) | AggregatedMessage::Binary(_) => {
                connection.receive_nonsense().await
            }
            AggregatedMessage::Ping(bytes) => {
                self.pong(bytes).await?;
                Vec::new()
            }
            AggregatedMessage::Pong(_) => Vec::new(),
            AggregatedMessage::Close(_) => return Err(Some(CloseCode::Normal.into())),
        })
    }

    async fn pong(&mut self, bytes: Bytes) -> Result<(), Option<CloseReason>> {
        let sent = tokio::time::timeout(SEND_WITHIN, self.session.pong(&bytes)).await;
        if matches!(sent, Ok(Ok(()))) { Ok(()) } else { Err(None) }
    }

    /// Sends what is to be sent.
    ///
    /// # Errors
    /// As [`Self::read`].
    async fn send(&mut self, told: Vec<Out>) -> Result<(), Option<CloseReason>> {
        for out in told {
            match out {
                Out::Text(text) => {
                    let sent = tokio::time::timeout(SEND_WITHIN, self.session.text(text)).await;
                    if !matches!(sent, Ok(Ok(()))) {
                        return Err(None);
                    }
                }
                Out::Close(bye) => return Err(Some(close_reason(bye))),
            }
        }
        Ok(())
    }

    /// Turns away a camera whose token does not hold.
    async fn refuse(mut self) {
        let bye = Bye::AuthFailure;
        let text = format!(r#"{{"cmd":"bye","msgid":1,"reason":"{}"}}"#, bye.word());
        let told = vec![Out::Text(text), Out::Close(bye)];
        let reason = self.send(told).await.err().flatten();
        self.close(reason).await;
    }

    /// Closes, and reads on for a moment so that the last words arrive.
    async fn close(self, reason: Option<CloseReason>) {
        let Self { session, mut stream, .. } = self;
        let Some(reason) = reason else { return };
        let ended = async {
            if session.close(Some(reason)).await.is_ok() {
                while let Some(Ok(_)) = stream.recv().await {}
            }
        };
        let _ = tokio::time::timeout(CLOSE_WITHIN, ended).await; // gone in any case
    }
}

fn close_reason(bye: Bye) -> CloseReason {
    let code = match bye {
        Bye::Left => CloseCode::Normal,
        Bye::Shutdown => CloseCode::Away,
        Bye::Error => CloseCode::Protocol,
        Bye::AuthFailure | Bye::ConnConflict | Bye::Deleted => CloseCode::Policy,
    };
    (code, bye.word()).into()
}
