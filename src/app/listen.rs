//! The sockets that a server listens to, and how it tells of them.

use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use anyhow::Context;
use rustls::ServerConfig;

use crate::config::Config;
use crate::http::listen::{adopt, listener};
use crate::http::serve::Door;
use crate::supervisor;

/// The sockets of a configuration, open and not yet served.
#[derive(Debug)]
pub(super) struct Sockets {
    /// Where everything is served.
    main: Vec<TcpListener>,
    /// Where events are taken in over plain HTTP and nothing else is served.
    ingest: Vec<TcpListener>,
}

/// Where a server listens.
#[derive(Debug)]
pub(super) struct Addresses {
    /// Where everything is served: one at least.
    pub main: Vec<SocketAddr>,
    ingest: Vec<SocketAddr>,
    tls: bool,
}

/// Opens the sockets, and takes those that the service manager hands over: everything is served there too.
/// To be called once, before there are threads.
///
/// # Errors
/// One cannot be opened; the text names it.
pub(super) fn open(config: &Config) -> anyhow::Result<Sockets> {
    let open = |addresses: &[SocketAddr]| {
        let open = |address: &SocketAddr| {
            listener(*address).with_context(|| format!("listening on {address}"))
        };
        addresses.iter().map(open).collect::<anyhow::Result<Vec<_>>>()
    };
    let handed = supervisor::sockets().context("the sockets that were handed over")?;
    let handed: std::io::Result<Vec<_>> = handed.into_iter().map(adopt).collect();
    let mut main = handed.context("the sockets that were handed over")?;
    main.append(&mut open(&config.listen)?);
    Ok(Sockets { main, ingest: open(&config.ingest_listen)? })
}

impl Sockets {
    /// Where they listen, and what is to be served there.
    ///
    /// # Errors
    /// The system does not tell an address.
    pub fn doors(self, tls: Option<&Arc<ServerConfig>>) -> std::io::Result<(Addresses, Vec<Door>)> {
        let told = |sockets: &[TcpListener]| {
            sockets.iter().map(TcpListener::local_addr).collect::<std::io::Result<Vec<_>>>()
        };
        let (main, ingest) = (told(&self.main)?, told(&self.ingest)?);
        let addresses = Addresses { main, ingest, tls: tls.is_some() };
        let main = self.main.into_iter();
        let main = main.map(|socket| Door { socket, tls: tls.cloned(), ingest_only: false });
        let ingest = self.ingest.into_iter();
        let ingest = ingest.map(|socket| Door { socket, tls: None, ingest_only: true });
        Ok((addresses, main.chain(ingest).collect()))
    }
}

impl Addresses {
    /// The same as URLs, those that serve everything first.
    pub fn urls(&self) -> Vec<String> {
        let scheme = if self.tls { "https" } else { "http" };
        let main = self.main.iter().map(|address| format!("{scheme}://{address}"));
        main.chain(self.ingest.iter().map(|address| format!("http://{address}"))).collect()
    }

    /// Tells where the server listens, once it is ready: in the log, and on standard output a line each,
    /// those that serve everything first.
    pub fn announce(&self) -> std::io::Result<()> {
        let version = env!("CARGO_PKG_VERSION");
        let scheme = if self.tls { "https" } else { "http" };
        let mut out = std::io::stdout().lock();
        for address in &self.main {
            tracing::info!(version, %address, scheme, "listening");
            writeln!(out, "listening on {scheme}://{address}")?;
        }
        for address in &self.ingest {
            tracing::info!(%address, scheme = "http", "listening for events alone");
            writeln!(out, "listening on http://{address}")?;
        }
        out.flush()
    }
}
