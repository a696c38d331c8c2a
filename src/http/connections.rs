//! Connections: how many there may be, in all and from one address.

use std::any::Any;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use actix_web::dev::Extensions;
use actix_web::rt::net::TcpStream;
use socket2::SockRef;

/// Most connections at once (operations.md 3).
pub const CONNECTIONS_MAX: usize = 1_024;
/// Most connections from one address.
pub const CONNECTIONS_PER_ADDRESS_MAX: usize = 256;

/// What a refused connection is told before it is closed, unasked: reading its request would cost
/// what the limit saves.
const REFUSAL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\n\
    content-type: application/json\r\n\
    retry-after: 1\r\n\
    connection: close\r\n\
    content-length: 86\r\n\r\n\
    {\"errorType\":\"overloaded\",\"errorDetail\":\"too many connections are open\",\"status\":503} ";

/// Counts connections, shared by all workers.
#[derive(Clone, Debug)]
pub struct Connections(Arc<Registry>);

#[derive(Debug)]
struct Registry {
    open: Mutex<Open>,
    max: usize,
    per_address_max: usize,
}

#[derive(Debug, Default)]
struct Open {
    total: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// One connection. Lives in the connection's data; counted until dropped.
#[derive(Debug)]
pub struct Connection {
    admitted: Option<(Connections, IpAddr)>,
}

impl Connections {
    /// At most `max` connections, `per_address_max` of them from one address.
    pub fn new(max: usize, per_address_max: usize) -> Self {
        let open = Mutex::default();
        Self(Arc::new(Registry { open, max, per_address_max }))
    }

    /// How many are open.
    pub fn count(&self) -> usize {
        self.open().total
    }

    /// Counts a new connection, or refuses it: a refused one takes no place.
    pub fn admit(&self, address: IpAddr) -> Connection {
        let address = address.to_canonical();
        let mut open = self.open();
        let here = open.by_address.get(&address).copied().unwrap_or(0);
        if open.total >= self.0.max || here >= self.0.per_address_max {
            return Connection { admitted: None };
        }
        open.total += 1;
        open.by_address.insert(address, here + 1);
        Connection { admitted: Some((self.clone(), address)) }
    }

    /// The hook for `HttpServer::on_connect`: counts, and tells a refused connection so and ends it.
    ///
    /// Ended at once, because an idle or slow connection over the limit would never reach the middleware.
    /// What it managed to send is refused there too: see [`Connection::is_refused`].
    pub fn on_connect(&self) -> impl Fn(&dyn Any, &mut Extensions) + Clone + Send + Sync + 'static {
        let connections = self.clone();
        move |io, data| {
            let Some(stream) = io.downcast_ref::<TcpStream>() else { return };
            let Ok(peer) = stream.peer_addr() else { return };
            let connection = connections.admit(peer.ip());
            if connection.is_refused() {
                let socket = SockRef::from(stream);
                let _ = socket.send(REFUSAL); // a courtesy; a peer that is gone does not need it
                let _ = socket.shutdown(std::net::Shutdown::Both);
            }
            data.insert(connection);
        }
    }

    fn leave(&self, address: IpAddr) {
        let mut open = self.open();
        open.total = open.total.saturating_sub(1);
        if let Some(here) = open.by_address.get_mut(&address) {
            *here -= 1;
            if *here == 0 {
                open.by_address.remove(&address);
            }
        }
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner) // counts stay right on a panic
    }
}

impl Default for Connections {
    fn default() -> Self {
        Self::new(CONNECTIONS_MAX, CONNECTIONS_PER_ADDRESS_MAX)
    }
}

impl Connection {
    /// Whether it is over a limit: nothing it sends may be carried out.
    pub fn is_refused(&self) -> bool {
        self.admitted.is_none()
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if let Some((connections, address)) = self.admitted.take() {
            connections.leave(address);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_hold_in_all_and_per_address() {
        let connections = Connections::new(3, 2);
        let one: IpAddr = "10.0.0.1".parse().unwrap();
        let mapped: IpAddr = "::ffff:10.0.0.1".parse().unwrap();
        let two: IpAddr = "10.0.0.2".parse().unwrap();
        let first = connections.admit(one);
        let second = connections.admit(mapped);
        assert!(!first.is_refused() && !second.is_refused());
        assert!(connections.admit(one).is_refused());
        let third = connections.admit(two);
        assert!(!third.is_refused());
        assert!(connections.admit(two).is_refused());
        assert_eq!(connections.count(), 3);
        drop((first, second, third));
        assert_eq!(connections.count(), 0);
        assert!(connections.open().by_address.is_empty());
    }

    #[test]
    fn the_refusal_is_framed_right() {
        let text = std::str::from_utf8(REFUSAL).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("content-length: {}", body.len())), "{}", body.len());
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(body["errorType"], "overloaded");
    }
}
