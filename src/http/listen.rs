//! Sockets and the server's own knobs.
//!
//! What the parser below us does by itself (actix-http 3.20, `h1/decoder.rs` and `h1/dispatcher.rs`), each
//! with an empty body and the connection closed:
//!
//! | what | answer |
//! |---|---|
//! | head not complete within [`HEAD_TIMEOUT`], first request of a connection | 408 |
//! | more than 96 headers; an unfinished head of 128 KiB | 431 |
//! | a finished head over 16 KiB | ours: 431 `headers_too_large` in [`super::limits`] |
//! | a target over 64 KiB; NUL, CR or LF in a header; no `Host` or two in HTTP/1.1 | 400 |
//! | `Content-Length` together with `Transfer-Encoding`, either twice, or unreadable | 400 |
//! | bad chunking | ours: 400 `bad_body`, if the body is being read; 400 otherwise |
//!
//! A later request on a kept-alive connection has no head time-out in actix, and [`KEEP_ALIVE`] ends only
//! connections that send nothing: [`super::connections::Connections::sweep`] ends the others.
//! `Expect: 100-continue` is granted before our limits are asked.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use socket2::{Domain, Protocol, SockRef, Socket, Type};

/// Time for a connection's first head (`HttpServer::client_request_timeout`).
pub const HEAD_TIMEOUT: Duration = Duration::from_secs(5);
/// Time for a closing connection to take what is left (`HttpServer::client_disconnect_timeout`). Must not
/// be zero: it is also how long the rest of a refused body is read away, so that the answer arrives. Nor less than a
/// second: actix counts from a clock that ticks each half second, and never wakes for a time that is over at once.
pub const DISCONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// Time that an idle connection is kept (`HttpServer::keep_alive`). Longer than the 60 s of common proxies.
pub const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// Most connections of one worker (`HttpServer::max_connections`). Beyond it nobody is accepted, so it
/// lies above what [`super::connections::Connections`] admits; that one decides.
pub const WORKER_CONNECTIONS_MAX: usize = super::connections::CONNECTIONS_MAX + 256;
/// Answers kept for a slow reader before waiting for it (`HttpServer::h1_write_buffer_size`).
pub const WRITE_BUFFER_BYTES: usize = 64 * 1024;
/// Connections that wait to be accepted.
const BACKLOG: i32 = 1_024;
/// Time that sent data may stay unacknowledged, or a reader's window closed (operations.md 3).
pub const USER_TIMEOUT: Duration = Duration::from_secs(30);
/// Kernel's send buffer of a connection; doubled by Linux. With [`WRITE_BUFFER_BYTES`] under 1 MiB.
const SEND_BUFFER_BYTES: usize = 256 * 1024;

/// Opens a listening socket, non-blocking, whose connections inherit its options (Linux copies them).
///
/// An IPv6 wildcard takes IPv4 as well. Port 0 picks one.
///
/// # Errors
/// What the system says: the address is in use, is not ours, needs a privilege.
pub fn listener(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    if address.is_ipv6() && address.ip().is_unspecified() {
        socket.set_only_v6(false)?;
    }
    set_options(&SockRef::from(&socket))?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// A listening socket that somebody else opened, as [`listener`] would have it.
///
/// # Errors
/// What the system says: it does not listen, above all.
pub fn adopt(listener: TcpListener) -> io::Result<TcpListener> {
    let socket = SockRef::from(&listener);
    if !socket.is_listener()? {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the socket does not listen"));
    }
    set_options(&socket)?;
    Ok(listener)
}

fn set_options(socket: &SockRef<'_>) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(USER_TIMEOUT))?;
    socket.set_send_buffer_size(SEND_BUFFER_BYTES)?;
    socket.set_nonblocking(true)?;
    // A camera is asked and its answer stored within milliseconds; waiting for fuller packets takes 40.
    socket.set_tcp_nodelay(true)
}

#[cfg(test)]
mod tests {
    use std::net::TcpStream;

    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn accepted_connections_inherit_the_options() {
        let listener = listener("127.0.0.1:0".parse().unwrap()).unwrap();
        let _client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        listener.set_nonblocking(false).unwrap();
        let (accepted, _) = listener.accept().unwrap();
        let socket = SockRef::from(&accepted);
        assert_eq!(socket.tcp_user_timeout().unwrap(), Some(USER_TIMEOUT));
        assert!(socket.send_buffer_size().unwrap() <= 1024 * 1024 - WRITE_BUFFER_BYTES);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_socket_that_was_handed_over_gets_the_same_options() {
        let plain = TcpListener::bind("127.0.0.1:0").unwrap();
        let adopted = adopt(plain).unwrap();
        let socket = SockRef::from(&adopted);
        assert_eq!(socket.tcp_user_timeout().unwrap(), Some(USER_TIMEOUT));
        assert!(socket.nonblocking().unwrap() && socket.tcp_nodelay().unwrap());
        let deaf = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP)).unwrap();
        assert!(adopt(deaf.into()).is_err());
    }

    #[test]
    fn an_address_in_use_is_said() {
        let first = listener("127.0.0.1:0".parse().unwrap()).unwrap();
        let error = listener(first.local_addr().unwrap()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
    }
}
