//! Load for Watchpost and its peers: makes the data set, asks, and says what that took.
//!
//! Everything is printed as one JSON document on standard output, for the scripts beside it.

mod client;
mod data;
mod probe;
mod request;
mod run;

use std::io::{self, BufWriter};
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;

use request::{Maker, Profile, Shape, Target};
use run::Plan;

#[derive(Parser)]
#[command(version, about)]
enum Command {
    /// Write the data set as JSON lines, as `watchpost import` reads it
    Generate {
        /// How many events
        #[arg(long)]
        events: u64,
        /// Of so many in a hundred a worker has seen to: they have the tag `done`
        #[arg(long, default_value_t = 0)]
        done_percent: u64,
    },
    /// Ask a server
    Run(Run),
    /// Measure how long a synced write takes in a directory
    Probe {
        /// On the file system to measure
        dir: PathBuf,
        /// Writes of each kind
        #[arg(long, default_value_t = 1_000)]
        writes: usize,
    },
}

#[derive(clap::Args)]
struct Run {
    /// HOST:PORT of the server
    #[arg(long)]
    address: String,
    /// What the server is
    #[arg(long)]
    target: Target,
    /// What is asked
    #[arg(long)]
    profile: Profile,
    /// Which list
    #[arg(long, default_value = "newest")]
    shape: Shape,
    /// Value of the Authorization header
    #[arg(long, default_value = "", env = "LOAD_AUTHORIZATION", hide_env_values = true)]
    authorization: String,
    /// Connections at once
    #[arg(long, default_value_t = 1)]
    connections: usize,
    /// Seconds that are measured
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// Seconds before that, which are not
    #[arg(long, default_value_t = 0.0)]
    warmup: f64,
    /// Requests a second, whether or not answers come (open loop)
    #[arg(long)]
    rate: Option<f64>,
    /// At most so many requests
    #[arg(long)]
    requests: Option<u64>,
    /// Number of the first request: which events are sent, which lists are asked for
    #[arg(long, default_value_t = 0)]
    first: u64,
    /// Events of a bulk request
    #[arg(long, default_value_t = 500)]
    batch: u64,
    /// Of the shape `offset`
    #[arg(long, default_value_t = 0)]
    offset: u64,
}

fn main() -> anyhow::Result<()> {
    match Command::parse() {
        Command::Generate { events, done_percent } => {
            let mut out = BufWriter::with_capacity(1 << 20, io::stdout().lock());
            Ok(data::generate(&mut out, events, done_percent)?)
        }
        Command::Probe { dir, writes } => print(&probe::probe(&dir, writes)?),
        Command::Run(asked) => {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            let plan = Plan {
                connections: asked.connections.max(1),
                duration: Duration::from_secs_f64(asked.seconds),
                warmup: Duration::from_secs_f64(asked.warmup),
                rate: asked.rate,
                requests: asked.requests,
                first: asked.first,
            };
            let maker = Maker {
                target: asked.target,
                profile: asked.profile,
                shape: asked.shape,
                host: asked.address,
                authorization: asked.authorization,
                batch: asked.batch,
                offset: asked.offset,
            };
            print(&runtime.block_on(run::run(maker, plan))?)
        }
    }
}

fn print(value: &impl serde::Serialize) -> anyhow::Result<()> {
    serde_json::to_writer(io::stdout().lock(), value)?;
    io::Write::write_all(&mut io::stdout(), b"\n")?;
    Ok(())
}
