//! What a service manager hands over and wants to know: sockets, readiness, the watchdog.
//!
//! The protocol is systemd's (`sd_notify(3)`, `sd_listen_fds(3)`); without a manager nothing is sent. It
//! must know that the process lives: `sd_notify` answers nothing, so a message that is lost is only logged.

use std::io;
use std::net::TcpListener;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::Duration;

use listenfd::ListenFd;
use sd_notify::NotifyState;

/// How often more time is asked for while the start or the stop takes longer.
const ASK_EVERY: Duration = Duration::from_secs(10);
/// How much more, each time: what is left after a question that came late.
const MORE_US: u32 = 30_000_000;
/// How often at most: after half an hour the manager may decide.
const ASK_TIMES_MAX: u32 = 180;
/// So many times is the watchdog fed, or the writer asked, before the manager gives up.
const FED_IN_TIMEOUT: u32 = 6;

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, "the service manager was not told");
    }
}

/// Listening TCP sockets that were handed over, in their order (socket activation). To be called once,
/// before there are threads.
///
/// # Errors
/// One of them is no TCP socket.
pub fn sockets() -> io::Result<Vec<TcpListener>> {
    let mut handed = ListenFd::from_env();
    (0..handed.len()).filter_map(|place| handed.take_tcp_listener(place).transpose()).collect()
}

/// Events can be stored now.
pub fn ready() {
    tell(&[NotifyState::Ready]);
}

/// The settings are being read anew; [`ready`] ends it.
pub fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell(&[NotifyState::Reloading, now]),
        Err(_) => tell(&[NotifyState::Reloading]),
    }
}

/// The server stops.
pub fn stopping() {
    tell(&[NotifyState::Stopping]);
}

/// The server goes round.
pub fn feed_watchdog() {
    tell(&[NotifyState::Watchdog]);
}

/// How often the watchdog is to be fed, if there is one.
pub fn watchdog_every() -> Option<Duration> {
    sd_notify::watchdog_enabled().map(|timeout| timeout / FED_IN_TIMEOUT)
}

/// Asks for more time, again and again until it is dropped: what begins may take long, as the repair and
/// the migration of a large database do.
#[derive(Debug)]
pub struct MoreTime {
    end: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl MoreTime {
    /// Begins to ask, where somebody listens. `what` is shown as the unit's status.
    pub fn ask(what: &'static str) -> Self {
        if std::env::var_os("NOTIFY_SOCKET").is_none() {
            return Self { end: None, thread: None };
        }
        let (end, ended) = mpsc::channel();
        let ask = move || {
            for _ in 0..ASK_TIMES_MAX {
                tell(&[NotifyState::Status(what), NotifyState::ExtendTimeoutUsec(MORE_US)]);
                if ended.recv_timeout(ASK_EVERY) != Err(RecvTimeoutError::Timeout) {
                    return;
                }
            }
        };
        let thread = std::thread::Builder::new().name("more-time".to_owned()).spawn(ask);
        Self { end: Some(end), thread: thread.ok() }
    }
}

impl Drop for MoreTime {
    fn drop(&mut self) {
        self.end.take();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        tell(&[NotifyState::Status("")]);
    }
}
