//! Where log lines go: to standard error, and the newest into memory for administrators.

use std::fmt::{self, Write as _};
use std::sync::OnceLock;

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, fmt as lines, reload};

use crate::config::{DEFAULT_LOG, LogFormat};
use crate::service::log::{self, ring};

/// Takes what is to be logged.
type Set = Box<dyn Fn(&str) + Send + Sync>;

/// There once logging has started.
static SET: OnceLock<Set> = OnceLock::new();

/// Starts logging: `level` on standard error; into memory the same, and never less than the default.
pub fn start(format: LogFormat, level: &str) {
    let (to_stderr, stderr_level) = reload::Layer::new(filter(level));
    let (to_memory, memory_level) = reload::Layer::new(filter(at_least_default(level)));
    let stderr = lines::layer().with_writer(std::io::stderr);
    let stderr = match format {
        LogFormat::Text => stderr.with_ansi(false).boxed(),
        LogFormat::Json => stderr.json().boxed(),
    };
    tracing_subscriber::registry()
        .with(stderr.with_filter(to_stderr))
        .with(Memory.with_filter(to_memory))
        .init();
    let _ = SET.set(Box::new(move |level| {
        let outcomes = [
            stderr_level.reload(filter(level)),
            memory_level.reload(filter(at_least_default(level))),
        ];
        for error in outcomes.into_iter().filter_map(Result::err) {
            tracing::warn!(%error, "what is logged stays as it is");
        }
    }));
}

/// Changes what is logged, from the next line on.
pub fn set_level(level: &str) {
    if let Some(set) = SET.get() {
        set(level);
    }
}

fn filter(level: &str) -> EnvFilter {
    EnvFilter::try_new(level).unwrap_or_else(|_| EnvFilter::new("info"))
}

fn at_least_default(level: &str) -> &str {
    let quiet = filter(level).max_level_hint().is_some_and(|most| most < LevelFilter::INFO);
    if quiet { DEFAULT_LOG } else { level }
}

/// Puts lines into the ring.
struct Memory;

impl<S: Subscriber> Layer<S> for Memory {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let level = match *event.metadata().level() {
            Level::ERROR => log::Level::Error,
            Level::WARN => log::Level::Warn,
            Level::INFO => log::Level::Info,
            _ => log::Level::Debug,
        };
        let mut text = Text::default();
        event.record(&mut text);
        text.message.push_str(&text.fields);
        ring().push(level, event.metadata().target(), &text.message);
    }
}

/// The message, then ` name=value` for each field.
#[derive(Default)]
struct Text {
    message: String,
    fields: String,
}

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing to a String does not fail.
        let _ = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            name => write!(self.fields, " {name}={value:?}"),
        };
    }
}
