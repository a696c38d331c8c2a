//! From a socket to the app: who may connect, the TLS handshake, HTTP/1.1.
//!
//! actix-web's own `HttpServer` does the handshake before anything of ours is asked. A sender of silent
//! connections could then hold all there are; here each is counted before its handshake begins.

use std::cell::Cell;
use std::io;
use std::net::TcpListener;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_http::HttpService;
use actix_http::error::DispatchError;
use actix_http::{Extensions, KeepAlive, Protocol, Request};
use actix_server::{Server, ServerBuilder};
use actix_service::{
    IntoServiceFactory, Service, ServiceFactory, ServiceFactoryExt, fn_service, map_config,
};
use actix_web::body::MessageBody;
use actix_web::dev::{AppConfig, Response};
use actix_web::rt::net::TcpStream;
use rustls::ServerConfig;
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::connections::{Connection, Connections};
use super::edge::Via;
use super::listen::{DISCONNECT_TIMEOUT, HEAD_TIMEOUT, KEEP_ALIVE, WRITE_BUFFER_BYTES};

/// Time from the connection to the end of its TLS handshake.
pub const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);
/// What a client is told that speaks plain HTTP where TLS is spoken.
const USE_TLS: &[u8] = b"HTTP/1.1 400 Bad Request\r\n\
    content-type: text/plain\r\n\
    connection: close\r\n\
    content-length: 36\r\n\r\n\
    this address speaks https, not http\n";

/// A socket that is listened to, and how.
#[derive(Debug)]
pub struct Door {
    /// The socket.
    pub socket: TcpListener,
    /// How connections are secured; `None` for plain HTTP.
    pub tls: Option<Arc<ServerConfig>>,
    /// Whether events are taken in there and nothing else is served.
    pub ingest_only: bool,
}

/// Times that differ in tests.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// For a connection's first head.
    pub head: Duration,
    /// For a closing connection to take what is left.
    pub disconnect: Duration,
}

impl Default for Times {
    fn default() -> Self {
        Self { head: HEAD_TIMEOUT, disconnect: DISCONNECT_TIMEOUT }
    }
}

/// Serves `app` at each door, when the result is awaited. `builder` says with how many workers, and how they
/// stop; `connections` counts across all doors.
///
/// # Errors
/// A socket cannot be used.
pub fn serve<F, I, S, B>(
    mut builder: ServerBuilder,
    doors: Vec<Door>,
    connections: &Connections,
    times: Times,
    app: F,
) -> io::Result<Server>
where
    F: Fn() -> I + Send + Clone + 'static,
    I: IntoServiceFactory<S, Request>,
    S: ServiceFactory<Request, Config = AppConfig> + 'static,
    S::Error: Into<actix_web::Error> + 'static,
    S::InitError: std::fmt::Debug,
    S::Response: Into<Response<B>> + 'static,
    <S::Service as Service<Request>>::Future: 'static,
    S::Service: 'static,
    B: MessageBody + 'static,
{
    let stopping = builder.graceful_shutdown_signal();
    for Door { socket, tls, ingest_only } in doors {
        let name = format!("http-{}", socket.local_addr()?);
        let (app, connections, stopping) = (app.clone(), connections.clone(), stopping.clone());
        builder = builder.listen(name, socket, move || {
            let via = Via { tls: tls.is_some(), ingest_only };
            let stopping = stopping.clone();
            let app = app().into_factory().map_err(|error| error.into().error_response());
            let http = HttpService::build()
                // So that kept-alive connections end after their answer when the server stops.
                .graceful_shutdown_signal(move || {
                    let stopping = stopping.clone();
                    async move { stopping.notified().await }
                })
                .keep_alive(KeepAlive::Timeout(KEEP_ALIVE))
                .client_request_timeout(times.head)
                .client_disconnect_timeout(times.disconnect)
                .h1_write_buffer_size(WRITE_BUFFER_BYTES)
                .on_connect_ext(move |io: &Io, data: &mut Extensions| {
                    data.insert(via);
                    if let Some(connection) = io.connection.take() {
                        data.insert(connection);
                    }
                })
                .finish(map_config(app, |()| AppConfig::default()));
            let (tls, connections) = (tls.clone().map(TlsAcceptor::from), connections.clone());
            fn_service(move |stream: TcpStream| enter(stream, tls.clone(), connections.clone()))
                .and_then(http)
        })?;
    }
    Ok(builder.run())
}

/// Counts a new connection and secures it.
async fn enter(
    stream: TcpStream,
    tls: Option<TlsAcceptor>,
    connections: Connections,
) -> Result<(Io, Protocol, Option<std::net::SocketAddr>), DispatchError> {
    let peer = stream.peer_addr()?;
    let connection = connections.enter(&stream, peer.ip(), tls.is_none());
    let stream = match tls {
        None => Stream::Plain(stream),
        // Nothing can be told it without a handshake, and that would cost what the limit saves.
        Some(_) if connection.is_refused() => {
            return Err(io::Error::from(io::ErrorKind::ConnectionRefused).into());
        }
        Some(tls) => {
            let shaken = tokio::time::timeout(HANDSHAKE_TIMEOUT, handshake(stream, &tls)).await;
            let shaken = shaken.unwrap_or_else(|late| Err(late.into()));
            // Anybody could fill the log with it; whoever looks for a camera's trouble turns it on.
            let told = |error: &io::Error| tracing::debug!(%peer, %error, "no TLS handshake");
            Stream::Tls(Box::new(shaken.inspect_err(told)?))
        }
    };
    Ok((Io { stream, connection: Cell::new(Some(connection)) }, Protocol::Http1, Some(peer)))
}

async fn handshake(stream: TcpStream, tls: &TlsAcceptor) -> io::Result<TlsStream<TcpStream>> {
    let mut first = [0];
    stream.peek(&mut first).await?;
    // A method; TLS begins with the type of its record, 22.
    if first[0].is_ascii_uppercase() {
        let _ = SockRef::from(&stream).send(USE_TLS); // a courtesy
        return Err(io::ErrorKind::InvalidData.into());
    }
    tls.accept(stream).await
}

/// A connection's bytes in clear.
struct Io {
    stream: Stream,
    /// Handed to the connection's data when HTTP begins.
    connection: Cell<Option<Connection>>,
}

enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// Does the same on either stream.
macro_rules! either {
    ($io:ident, $stream:ident => $what:expr) => {
        match &mut $io.get_mut().stream {
            Stream::Plain($stream) => {
                let $stream = Pin::new($stream);
                $what
            }
            Stream::Tls($stream) => {
                let $stream = Pin::new(&mut **$stream);
                $what
            }
        }
    };
}

impl AsyncRead for Io {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        either!(self, stream => stream.poll_read(cx, into))
    }
}

impl AsyncWrite for Io {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        either!(self, stream => stream.poll_write(cx, bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, stream => stream.poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, stream => stream.poll_shutdown(cx))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        either!(self, stream => stream.poll_write_vectored(cx, parts))
    }

    fn is_write_vectored(&self) -> bool {
        match &self.stream {
            Stream::Plain(stream) => stream.is_write_vectored(),
            Stream::Tls(stream) => stream.is_write_vectored(),
        }
    }
}
