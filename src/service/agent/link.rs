//! Where the services meet a camera's connection: whether there is one, and the way to it.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

use crate::domain::{EventId, Meta, Timestamp};
use crate::service::error::Result;

/// Triggers that may wait for one camera.
const WAITING_MAX: usize = 16;

/// A camera's connection, if there is one. Clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Link(Arc<Mutex<Place>>);

#[derive(Debug, Default)]
struct Place {
    seat: Option<Seat>,
    last: u64,
}

/// What holds a camera's place.
#[derive(Debug)]
struct Seat {
    number: u64,
    /// None until the camera is there and can be spoken to.
    connected: Option<Connected>,
    asks: mpsc::Sender<Ask>,
    /// Told when another connection takes the place.
    replaced: watch::Sender<bool>,
}

/// Since when a camera is connected, and from where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connected {
    /// Since when.
    pub since: Timestamp,
    /// The address it comes from.
    pub from: Option<IpAddr>,
}

/// A trigger on its way to the camera.
#[derive(Debug)]
pub(super) struct Ask {
    pub name: String,
    pub time: Timestamp,
    pub meta: Meta,
    /// Who waits for the answer, if anybody does.
    pub reply: Option<oneshot::Sender<Result<Option<EventId>>>>,
    pub deadline: Instant,
}

/// A connection's end of its place.
#[derive(Debug)]
pub(super) struct Taken {
    link: Link,
    number: u64,
    pub asks: mpsc::Receiver<Ask>,
    pub replaced: watch::Receiver<bool>,
    /// Another connection held the place and was connected.
    pub took_over: bool,
}

impl Link {
    fn lock(&self) -> MutexGuard<'_, Place> {
        self.0.lock().expect("nothing panics while it is held")
    }

    /// The connection, if the camera is there.
    pub fn connected(&self) -> Option<Connected> {
        self.lock().seat.as_ref().and_then(|seat| seat.connected)
    }

    /// Whether the camera is there.
    pub fn is_connected(&self) -> bool {
        self.connected().is_some()
    }

    /// Takes the camera's place; who held it is told.
    pub(super) fn take(&self) -> Taken {
        let (sender, asks) = mpsc::channel(WAITING_MAX);
        let (tell, replaced) = watch::channel(false);
        let mut place = self.lock();
        place.last += 1;
        let number = place.last;
        let seat = Seat { number, connected: None, asks: sender, replaced: tell };
        let former = place.seat.replace(seat);
        let took_over = former.as_ref().is_some_and(|seat| seat.connected.is_some());
        if let Some(former) = former {
            let _ = former.replaced.send(true); // it may just have gone
        }
        Taken { link: self.clone(), number, asks, replaced, took_over }
    }

    /// The way to the camera, if it is there.
    pub(super) fn asks(&self) -> Option<mpsc::Sender<Ask>> {
        let place = self.lock();
        place.seat.as_ref().filter(|seat| seat.connected.is_some()).map(|seat| seat.asks.clone())
    }
}

impl Taken {
    /// The camera is there.
    pub fn connect(&self, connected: Connected) {
        let mut place = self.link.lock();
        if let Some(seat) = place.seat.as_mut().filter(|seat| seat.number == self.number) {
            seat.connected = Some(connected);
        }
    }

    /// Leaves the place; says whether the camera was there, be it on the connection before, and nobody
    /// else has it now.
    pub fn leave(&self) -> bool {
        let mut place = self.link.lock();
        let own = place.seat.take_if(|seat| seat.number == self.number);
        own.is_some_and(|seat| seat.connected.is_some() || self.took_over)
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.leave();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_connection_has_the_place() {
        let link = Link::default();
        let connected = Connected { since: Timestamp(1), from: None };
        let first = link.take();
        assert!(!link.is_connected() && link.asks().is_none());
        first.connect(connected);
        assert!(link.is_connected() && link.asks().is_some());
        let second = link.take();
        assert!(second.took_over && *first.replaced.borrow());
        assert!(!link.is_connected(), "it has not said yet who it is");
        first.connect(connected);
        assert!(!link.is_connected() && !first.leave());
        second.connect(connected);
        drop(first);
        assert!(link.is_connected());
        drop(second);
        assert!(!link.is_connected());
    }
}
