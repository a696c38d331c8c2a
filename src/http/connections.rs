//! Connections: how many there may be, in all and from one address, and how long one may idle.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use actix_web::rt::net::TcpStream;
use socket2::{SockRef, Socket};

use super::edge::Edge;

/// Most connections at once (operations.md 3).
pub const CONNECTIONS_MAX: usize = 1_024;
/// Most connections from one address.
pub const CONNECTIONS_PER_ADDRESS_MAX: usize = 256;

/// Longest time between the end of an answer and the next whole head. actix has a time-out only for a
/// connection's first head: without this, a sender that drips its second one would stay for ever.
pub const IDLE_MAX: Duration = Duration::from_mins(2);

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
    started: Instant,
    max: usize,
    per_address_max: usize,
    /// Proxies, behind whose one address there are many clients.
    edge: Edge,
}

#[derive(Debug, Default)]
struct Open {
    total: usize,
    by_address: HashMap<IpAddr, usize>,
    watched: HashMap<u64, Arc<Watched>>,
    last_watched: u64,
}

/// What tells an idle connection, and a handle to end it.
#[derive(Debug)]
struct Watched {
    socket: Socket,
    /// Requests that are being answered.
    busy: AtomicU32,
    /// End of the last answer, in milliseconds since the registry was made.
    idle_since_ms: AtomicU64,
}

/// One connection. Lives in the connection's data; counted until dropped.
#[derive(Debug)]
pub struct Connection {
    admitted: Option<(Connections, IpAddr)>,
    watched: Option<(u64, Arc<Watched>)>,
}

/// A request that is being answered, until dropped.
#[derive(Debug)]
pub struct Busy(Connections, Arc<Watched>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.1.idle_since_ms.store(self.0.now_ms(), Ordering::Relaxed);
        self.1.busy.fetch_sub(1, Ordering::Release);
    }
}

impl Connections {
    /// At most `max` connections, `per_address_max` of them from one address that is no trusted proxy's.
    pub fn new(max: usize, per_address_max: usize, edge: Edge) -> Self {
        let open = Mutex::default();
        Self(Arc::new(Registry { open, started: Instant::now(), max, per_address_max, edge }))
    }

    /// With the limits of operations.md 3.
    pub fn behind(edge: Edge) -> Self {
        Self::new(CONNECTIONS_MAX, CONNECTIONS_PER_ADDRESS_MAX, edge)
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
        let is_crowded = here >= self.0.per_address_max && !self.0.edge.trusts(address);
        if open.total >= self.0.max || is_crowded {
            return Connection { admitted: None, watched: None };
        }
        open.total += 1;
        open.by_address.insert(address, here + 1);
        Connection { admitted: Some((self.clone(), address)), watched: None }
    }

    /// Ends connections that have been idle for longer than `idle_max`; to be called now and then.
    pub fn sweep(&self, idle_max: Duration) {
        let now_ms = self.now_ms();
        let idle_max_ms = u64::try_from(idle_max.as_millis()).unwrap_or(u64::MAX);
        for watched in self.open().watched.values() {
            let idle_ms = now_ms.saturating_sub(watched.idle_since_ms.load(Ordering::Relaxed));
            if watched.busy.load(Ordering::Acquire) == 0 && idle_ms > idle_max_ms {
                let _ = watched.socket.shutdown(std::net::Shutdown::Both); // it may just have gone
            }
        }
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.0.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Counts a new connection, or refuses and ends it; told so where that can be said without more ado.
    ///
    /// Ended at once, because an idle or slow connection over the limit would never reach the middleware.
    /// What it managed to send is refused there too: see [`Connection::is_refused`].
    pub fn enter(&self, stream: &TcpStream, peer: IpAddr, may_be_told: bool) -> Connection {
        let mut connection = self.admit(peer);
        let socket = SockRef::from(stream);
        if connection.is_refused() {
            if may_be_told {
                let _ = socket.send(REFUSAL); // a courtesy; a peer that is gone does not need it
            }
            let _ = socket.shutdown(std::net::Shutdown::Both);
        } else if let Ok(socket) = socket.try_clone() {
            connection.watch(socket);
        }
        connection
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
        Self::behind(Edge::default())
    }
}

impl Connection {
    /// Whether it is over a limit: nothing it sends may be carried out.
    pub fn is_refused(&self) -> bool {
        self.admitted.is_none()
    }

    /// Tells that a request of it is being answered.
    pub fn begin(&self) -> Option<Busy> {
        let (connections, _) = self.admitted.as_ref()?;
        let (_, watched) = self.watched.as_ref()?;
        watched.busy.fetch_add(1, Ordering::Acquire);
        Some(Busy(connections.clone(), Arc::clone(watched)))
    }

    fn watch(&mut self, socket: Socket) {
        let Some((connections, _)) = &self.admitted else { return };
        let idle_since_ms = AtomicU64::new(connections.now_ms());
        let watched = Arc::new(Watched { socket, busy: AtomicU32::new(0), idle_since_ms });
        let mut open = connections.open();
        open.last_watched += 1;
        let id = open.last_watched;
        open.watched.insert(id, Arc::clone(&watched));
        self.watched = Some((id, watched));
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if let Some((connections, address)) = self.admitted.take() {
            if let Some((id, _)) = self.watched.take() {
                connections.open().watched.remove(&id);
            }
            connections.leave(address);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_hold_in_all_and_per_address() {
        let connections = Connections::new(3, 2, Edge::default());
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
    fn a_trusted_proxy_has_the_limit_of_all_alone() {
        let proxy: IpAddr = "10.0.0.1".parse().unwrap();
        let edge = Edge::new(vec!["10.0.0.1".parse().unwrap()], 0);
        let connections = Connections::new(3, 1, edge);
        let held: Vec<_> = (0..3).map(|_| connections.admit(proxy)).collect();
        assert!(held.iter().all(|connection| !connection.is_refused()));
        assert!(connections.admit(proxy).is_refused());
    }

    #[test]
    fn only_idle_connections_are_ended() {
        use std::io::Read;
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let connections = Connections::default();
        let connect = || {
            let client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            client.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
            let (accepted, peer) = listener.accept().unwrap();
            let mut connection = connections.admit(peer.ip());
            connection.watch(SockRef::from(&accepted).try_clone().unwrap());
            (client, accepted, connection)
        };
        let (mut idle, _idle_end, _idle_connection) = connect();
        let (mut busy, _busy_end, busy_connection) = connect();
        let answering = busy_connection.begin();
        std::thread::sleep(Duration::from_millis(20));
        connections.sweep(Duration::from_mins(1));
        assert!(idle.read(&mut [0]).is_err(), "nothing is read, and nothing has ended");
        connections.sweep(Duration::from_millis(10));
        assert_eq!(idle.read(&mut [0]).unwrap(), 0);
        assert!(busy.read(&mut [0]).is_err());
        drop(answering);
        connections.sweep(Duration::from_mins(1));
        assert!(busy.read(&mut [0]).is_err());
        drop(busy_connection);
        assert_eq!(connections.open().watched.len(), 1);
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
