//! Where log lines go: to standard error, and the newest into memory for administrators.

use std::fmt::{self, Write as _};

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, fmt as lines, reload};

use crate::config::{DEFAULT_LOG, LogFormat};
use crate::service::log::{self, ring};

/// Starts logging: `level` on standard error; into memory the same, and never less than the default.
/// Gives a way to change the level later.
pub fn start(format: LogFormat, level: &str) -> impl Fn(&str) + use<> {
    let (of_stderr, change_stderr) = reload::Layer::new(filter(level));
    let (of_memory, change_memory) = reload::Layer::new(memory_filter(level));
    let memory = Memory.with_filter(of_memory);
    let stderr = lines::layer().with_writer(std::io::stderr);
    let stderr = match format {
        LogFormat::Text => stderr.with_ansi(false).boxed(),
        LogFormat::Json => stderr.json().boxed(),
    };
    tracing_subscriber::registry().with(stderr.with_filter(of_stderr)).with(memory).init();
    move |level| {
        let changed = change_stderr.reload(filter(level));
        if let Err(error) = changed.and_then(|()| change_memory.reload(memory_filter(level))) {
            tracing::error!(%error, "what is logged stays as it was");
        }
    }
}

fn filter(level: &str) -> EnvFilter {
    EnvFilter::try_new(level).unwrap_or_else(|_| EnvFilter::new("info"))
}

fn memory_filter(level: &str) -> EnvFilter {
    let quiet = filter(level).max_level_hint().is_some_and(|most| most < LevelFilter::INFO);
    filter(if quiet { DEFAULT_LOG } else { level })
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
