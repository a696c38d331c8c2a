//! Trigger recipes: how a camera without an agent is asked over HTTP to raise an event (camera-ingest.md 6).

mod fill;

pub use fill::{FillError, Values, xml_text};

use super::camera::is_target;
use super::event_type::EventTypeId;
use super::{CameraId, is_name};

/// Longest path and query, in bytes.
pub const TARGET_BYTES_MAX: usize = 2_048;
/// Longest body, in bytes.
pub const BODY_BYTES_MAX: usize = 8_192;
/// Most headers, and the longest value of one, in bytes.
pub const HEADERS_MAX: usize = 16;
/// See [`HEADERS_MAX`].
pub const HEADER_BYTES_MAX: usize = 1_024;
/// Shortest and longest time that a state is held.
pub const HOLD_MS: std::ops::RangeInclusive<u32> = 100..=3_600_000;
/// How long an output is held where nothing is said.
pub const HOLD_MS_USUAL: u32 = 5_000;
/// Longest time that the event is waited for which comes of a command.
pub const ECHO_WAIT_MS_MAX: u32 = 10_000;
/// Highest number of an input or output.
pub const PORT_MAX: u16 = 64;

/// How one event type of one camera is triggered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipe {
    /// What is sent.
    pub command: Command,
    /// Milliseconds after which the state is set back; 0 where nothing is.
    pub hold_ms: u32,
    /// Whoever triggers it must say that he means it; each trigger stands in the audit trail.
    pub confirm: bool,
    /// Name of the event that comes of it; none = that of the type.
    pub echo_event: Option<String>,
    /// Milliseconds that it is waited for.
    pub echo_wait_ms: u32,
    /// What if none comes.
    pub no_echo: NoEcho,
}

/// What happens if a device did as asked and no event comes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoEcho {
    /// The answer says so; nothing is stored.
    Report,
    /// The server stores the event itself.
    Store,
}

/// What is sent to a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// A request of the administrator's own, and the one that takes its effect back.
    Generic {
        /// Sent at once.
        request: Message,
        /// Sent after the hold time.
        release: Option<Message>,
    },
    /// A maker's own way; taken back after the hold time.
    Output(Output),
}

/// An input or output of a device that can be set over HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Axis: a virtual input.
    AxisVirtualInput {
        /// 1 to 64.
        port: u16,
    },
    /// Axis: an output port.
    AxisOutput {
        /// 1 to 64.
        port: u16,
    },
    /// Hikvision: an alarm output.
    HikvisionOutput {
        /// 1 to 64.
        output: u16,
    },
    /// Dahua: an alarm output.
    DahuaOutput {
        /// 1 to 64: the first one is 1.
        output: u16,
    },
    /// ONVIF: a relay output.
    OnvifRelay {
        /// Its token, as `GetRelayOutputs` tells it.
        token: String,
        /// Path of the device service.
        path: String,
    },
}

impl Output {
    /// Whether it may be a door, a siren or whatever else hangs on a wire.
    pub const fn is_physical(&self) -> bool {
        !matches!(self, Self::AxisVirtualInput { .. })
    }
}

/// How a request's body is written, which decides how values are escaped in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyType {
    /// JSON; values stand inside strings.
    Json,
    /// XML; values stand in text or in quoted attributes.
    Xml,
    /// `a=b&c=d`.
    Form,
    /// Text; values stand as they are.
    Text,
}

impl BodyType {
    /// Its `Content-Type`, unless the headers have one.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Xml => "application/xml",
            Self::Form => "application/x-www-form-urlencoded",
            Self::Text => "text/plain; charset=utf-8",
        }
    }
}

/// A request with `{name}`, `{time}` and `{meta.TAG}` in it; filled, they are gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// One of [`METHODS`].
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Header names and values.
    pub headers: Vec<(String, String)>,
    /// The body, empty for none.
    pub body: String,
    /// How the body is written.
    pub body_type: BodyType,
}

/// Methods that a recipe may use.
pub const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];
/// Headers that are the connection's own, or the log-in's.
const HEADERS_REFUSED: [&str; 12] = [
    "authorization",
    "connection",
    "content-length",
    "cookie",
    "expect",
    "host",
    "keep-alive",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// What takes back the effect of a command: complete, so that it can be done whatever has changed since.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Undo {
    /// This request, filled.
    Message(Message),
    /// This output is set to rest.
    Output(Output),
}

/// A state that a device is held in, and when it is set back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// The camera.
    pub camera: CameraId,
    /// The type that was triggered.
    pub event_type: EventTypeId,
    /// What is sent then.
    pub undo: Undo,
    /// When, microseconds since the epoch.
    pub due_us: i64,
    /// How long the state is held; by a clock that was set it is not held longer.
    pub hold_ms: u32,
}

impl Recipe {
    /// Checks everything that can be checked before a device is asked.
    ///
    /// # Errors
    /// What is wrong, for people.
    pub fn check(&self) -> Result<(), String> {
        let holds = match &self.command {
            Command::Generic { request, release } => {
                request.check().map_err(|error| format!("request: {error}"))?;
                if let Some(release) = release {
                    release.check().map_err(|error| format!("release: {error}"))?;
                }
                release.is_some()
            }
            Command::Output(output) => {
                check_output(output)?;
                true
            }
        };
        match (holds, self.hold_ms) {
            (true, held) if !HOLD_MS.contains(&held) => {
                return Err("hold_ms must be 100 to 3600000".to_owned());
            }
            (false, 1..) => return Err("hold_ms needs a release".to_owned()),
            _ => {}
        }
        if self.echo_wait_ms > ECHO_WAIT_MS_MAX {
            return Err("echo_wait_ms must be 0 to 10000".to_owned());
        }
        let is_type = |name: &String| is_name(name) && !name.contains([',', '/']);
        if !self.echo_event.as_ref().is_none_or(is_type) {
            return Err("echo_event is not the name of an event type".to_owned());
        }
        Ok(())
    }
}

fn check_output(output: &Output) -> Result<(), String> {
    match output {
        Output::AxisVirtualInput { port: number }
        | Output::AxisOutput { port: number }
        | Output::HikvisionOutput { output: number }
        | Output::DahuaOutput { output: number } => {
            if !(1..=PORT_MAX).contains(number) {
                return Err(format!("output must be 1 to {PORT_MAX}"));
            }
        }
        Output::OnvifRelay { token, path } => {
            if token.is_empty() || token.len() > 64 || token.chars().any(char::is_control) {
                return Err("relay must be a token of 1 to 64 bytes".to_owned());
            }
            if path.starts_with("//") || !is_target(path, 256) {
                return Err("path is not a path of at most 256 bytes".to_owned());
            }
        }
    }
    Ok(())
}

impl Message {
    fn check(&self) -> Result<(), String> {
        if !METHODS.contains(&self.method.as_str()) {
            return Err(format!("method is none of {}", METHODS.join(", ")));
        }
        if self.headers.len() > HEADERS_MAX {
            return Err(format!("more than {HEADERS_MAX} headers"));
        }
        for (name, value) in &self.headers {
            let is_token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
            if name.is_empty() || name.len() > 64 || !name.bytes().all(is_token) {
                return Err(format!("{name:?} is not the name of a header"));
            }
            if HEADERS_REFUSED.contains(&name.to_ascii_lowercase().as_str()) {
                return Err(format!("the header {name} is the server's own"));
            }
            if value.len() > HEADER_BYTES_MAX || value.chars().any(char::is_control) {
                return Err(format!("the value of {name} is too long or has control characters"));
            }
        }
        if self.target.len() > TARGET_BYTES_MAX {
            return Err(format!("path has more than {TARGET_BYTES_MAX} bytes"));
        }
        if self.body.len() > BODY_BYTES_MAX {
            return Err(format!("body has more than {BODY_BYTES_MAX} bytes"));
        }
        // A letter may stand for a value only where any value may stand.
        let filled = self.filled(&Values::sample()).map_err(|error| error.to_string())?;
        if filled.target.starts_with("//")
            || !is_target(&filled.target, fill::FILLED_TARGET_BYTES_MAX)
        {
            return Err(
                "path must begin with one / and have no blanks, no # and no quotes".to_owned()
            );
        }
        if self.body_type == BodyType::Json
            && !self.body.is_empty()
            && serde_json::from_str::<serde::de::IgnoredAny>(&filled.body).is_err()
        {
            return Err("body is not JSON, or has a placeholder outside of a string".to_owned());
        }
        if self.body_type == BodyType::Xml && !fill::is_safe_xml(&self.body) {
            return Err(
                "body has a placeholder inside of a tag, where values cannot be escaped; put it into quotes or text"
                    .to_owned(),
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(method: &str, target: &str) -> Message {
        Message {
            method: method.into(),
            target: target.into(),
            headers: vec![("X-Name".into(), "{name}".into())],
            body: String::new(),
            body_type: BodyType::Text,
        }
    }

    fn generic(request: Message, hold_ms: u32) -> Recipe {
        Recipe {
            command: Command::Generic { request, release: None },
            hold_ms,
            confirm: false,
            echo_event: None,
            echo_wait_ms: 10_000,
            no_echo: NoEcho::Report,
        }
    }

    #[test]
    fn a_good_recipe_passes() {
        let body = "{\"n\": \"{name} {meta.a b}\", \"x\": {}}".to_owned();
        let json = Message { body, body_type: BodyType::Json, ..message("POST", "/a?t={time}") };
        generic(json, 0).check().unwrap();
        let body = "<a b=\"{meta.x}\">{name}</a>".to_owned();
        let xml = Message { body, body_type: BodyType::Xml, ..message("PUT", "/a/{name}") };
        generic(xml.clone(), 0).check().unwrap();
        let release = Some(message("DELETE", "/a"));
        let both = Command::Generic { request: xml, release };
        Recipe { command: both, hold_ms: 100, ..generic(message("GET", "/"), 0) }.check().unwrap();
        let relay =
            Output::OnvifRelay { token: "R 1".into(), path: "/onvif/device_service".into() };
        let relay = Command::Output(relay);
        Recipe { command: relay, hold_ms: 5_000, ..generic(message("GET", "/"), 0) }
            .check()
            .unwrap();
    }

    #[test]
    fn what_cannot_be_sent_is_refused() {
        for target in
            ["", "a", "//evil", "/a b", "/a#b", "/ä", "/{x}", "/a\r\nX: y", "http://evil/"]
        {
            assert!(generic(message("GET", target), 0).check().is_err(), "{target}");
        }
        for method in ["get", "CONNECT", "OPTIONS", "TRACE", ""] {
            assert!(generic(message(method, "/"), 0).check().is_err(), "{method}");
        }
        for (name, value) in
            [("Host", "x"), ("authorization", "x"), ("a b", "x"), ("", "x"), ("A", "a\r\nB: c")]
        {
            let headers = vec![(name.to_owned(), value.to_owned())];
            let bad = Message { headers, ..message("GET", "/") };
            assert!(generic(bad, 0).check().is_err(), "{name}");
        }
        for (body, body_type) in [
            ("{\"n\": {meta.n}}", BodyType::Json),
            ("not json", BodyType::Json),
            ("<{name}/>", BodyType::Xml),
            ("<a b={name}/>", BodyType::Xml),
            ("<!-- {name} -->", BodyType::Xml),
        ] {
            let bad = Message { body: body.into(), body_type, ..message("POST", "/") };
            assert!(generic(bad, 0).check().is_err(), "{body}");
        }
        assert!(generic(message("GET", "/"), 500).check().is_err(), "nothing to set back");
        for output in [0, 65] {
            let command = Command::Output(Output::DahuaOutput { output });
            let recipe = Recipe { command, hold_ms: 500, ..generic(message("GET", "/"), 0) };
            assert!(recipe.check().is_err(), "{output}");
        }
        let command = Command::Output(Output::DahuaOutput { output: 1 });
        let endless = Recipe { command, hold_ms: 0, ..generic(message("GET", "/"), 0) };
        assert!(endless.check().is_err(), "an output that nothing sets back");
    }
}
