//! What the dialects in JSON share: members as text, and messages put together step by step.

use serde_json::Value;

use super::said::{Said, VALUE_BYTES_MAX};
use super::{picture, time};
use crate::service::ingest::State;

/// Most members of a list that becomes one tag.
const LIST_MAX: usize = 100;

/// A message that is being put together.
#[derive(Debug)]
pub(super) struct Draft(Said);

impl Draft {
    /// A message with nothing but its name and state.
    pub(super) fn new(name: &str, state: State) -> Self {
        Self(Said::new(name, state))
    }

    /// `other`, with the word that the sender has for it.
    pub(super) fn other(code: &str, state: State) -> Self {
        Self::new("other", state).key("code", Some(code.to_owned()))
    }

    /// When it happened, as it was sent.
    pub(super) fn at(mut self, text: Option<String>, zone: &str) -> Self {
        self.0.message.time = text.map(|text| time::read(&text, zone).ok_or(text));
        self
    }

    /// A tag, if there is a value for it.
    pub(super) fn tag(mut self, tag: &str, value: Option<String>) -> Self {
        self.0.tag(tag, value);
        self
    }

    /// A tag that tells conditions of one name apart.
    pub(super) fn key(self, tag: &str, value: Option<String>) -> Self {
        self.apart_by(tag, value.as_deref()).tag(tag, value)
    }

    /// What tells conditions of one name apart, and is no tag.
    pub(super) fn apart_by(mut self, what: &str, value: Option<&str>) -> Self {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            let source = &mut self.0.message.source;
            for part in [cut(what), "=", cut(value), "\n"] {
                source.push_str(part);
            }
        }
        self
    }

    /// The channel, as it was sent. `first` is what the sender calls the first one, which goes without saying.
    ///
    /// Another one is counted from 1, and told as it was sent if that is something else.
    pub(super) fn channel(self, raw: Option<String>, first: i64) -> Self {
        let Some(raw) = raw else { return self };
        let number = raw.parse::<i64>().ok().map(|n| n.saturating_sub(first).saturating_add(1));
        if number == Some(1) {
            return self;
        }
        let channel = number.map(|number| number.to_string());
        let raw = Some(raw).filter(|raw| Some(raw) != channel.as_ref());
        self.key("channel", channel).key("raw_channel", raw)
    }

    /// The picture that came with it.
    pub(super) fn picture(mut self, picture: Option<Vec<u8>>) -> Self {
        self.0.picture = picture;
        self
    }

    /// The message, done.
    pub(super) fn said(self) -> Said {
        self.0
    }
}

/// A string, a number or a truth value as text, at most a tag's length of it. `None` if it is missing, empty
/// or something else.
pub(super) fn text(value: Option<&Value>) -> Option<String> {
    let text = match value? {
        Value::String(text) => cut(text.trim()).to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Bool(truth) => truth.to_string(),
        Value::Null | Value::Array(_) | Value::Object(_) => return None,
    };
    (!text.is_empty()).then_some(text)
}

/// The texts of an array, with commas between them.
pub(super) fn list(value: Option<&Value>) -> Option<String> {
    let members = value?.as_array()?;
    let texts: Vec<_> = members.iter().take(LIST_MAX).filter_map(|v| text(Some(v))).collect();
    (!texts.is_empty()).then(|| texts.join(","))
}

/// The picture that a member holds in base64.
pub(super) fn picture(value: Option<&Value>) -> Option<Vec<u8>> {
    picture::decode(value?.as_str()?)
}

/// The words of a code without what their spelling varies in: letters and digits alone, in lower case.
pub(super) fn plain(code: &str) -> String {
    let kept = code.chars().filter(char::is_ascii_alphanumeric);
    kept.map(|c| c.to_ascii_lowercase()).collect()
}

fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(VALUE_BYTES_MAX)]
}

#[cfg(test)]
pub(super) mod testing {
    //! How the tests of the dialects put down what they expect.

    use proptest::prelude::*;
    use serde_json::{Map, Number};

    use super::*;
    use crate::service::ingest::Message;

    /// A delivery in JSON, with a picture where the fixture leaves room for one.
    pub(in super::super) fn json(fixture: &str) -> Value {
        serde_json::from_str(&fixture.replace("{{JPEG_BASE64}}", JPEG_BASE64.trim())).unwrap()
    }

    /// The picture of the fixtures in base64, with a line end.
    pub(in super::super) const JPEG_BASE64: &str =
        include_str!("../../../tests/fixtures/ingest/_common/tiny_jpeg.b64.txt");

    /// The picture of the fixtures.
    pub(in super::super) fn jpeg() -> Option<Vec<u8>> {
        picture::decode(JPEG_BASE64)
    }

    /// A message in one line: name, state, time (`?` and the text if it is none), its tags, `+picture`.
    pub(in super::super) fn line(said: &Said) -> String {
        let Message { name, state, time, meta, .. } = &said.message;
        let time = match time {
            None => "-".to_owned(),
            Some(Ok(time)) => time.rfc3339(),
            Some(Err(text)) => format!("?{text}"),
        };
        let mut line = format!("{name} {state:?} {time}");
        let mut meta = meta.clone();
        meta.sort();
        for (tag, value) in meta {
            line = format!("{line} {tag}={value}");
        }
        if said.picture.is_some() { line + " +picture" } else { line }
    }

    /// All messages, a line each.
    pub(in super::super) fn lines(said: Option<Vec<Said>>) -> Option<Vec<String>> {
        said.map(|said| said.iter().map(line).collect())
    }

    /// JSON that uses the words of the fixtures in ways that nobody meant.
    pub(in super::super) fn noise(words: &'static [&'static str]) -> impl Strategy<Value = Value> {
        let word = move || {
            prop_oneof![
                4 => proptest::sample::select(words).prop_map(str::to_owned),
                1 => ".{0,8}",
            ]
        };
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(|n| Number::from_f64(n).map_or(Value::Null, Value::Number)),
            word().prop_map(Value::String),
        ];
        leaf.prop_recursive(5, 48, 6, move |inner| {
            let members = proptest::collection::vec((word(), inner.clone()), 0..6);
            prop_oneof![
                proptest::collection::vec(inner, 0..6).prop_map(Value::Array),
                members
                    .prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>())),
            ]
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::testing::line;
    use super::*;

    #[test]
    fn a_first_channel_goes_without_saying_and_others_are_kept_apart() {
        for (raw, first, tags, source) in [
            (None, 0, "", ""),
            (Some("0"), 0, "", ""),
            (Some("1"), 1, "", ""),
            (Some("2"), 0, " channel=3 raw_channel=2", "channel=3\nraw_channel=2\n"),
            (Some("2"), 1, " channel=2", "channel=2\n"),
            (Some("Yard"), 1, " raw_channel=Yard", "raw_channel=Yard\n"),
            (
                Some("-9223372036854775808"),
                2,
                " channel=-9223372036854775807 raw_channel=-9223372036854775808",
                "channel=-9223372036854775807\nraw_channel=-9223372036854775808\n",
            ),
        ] {
            let said =
                Draft::new("motion", State::Pulse).channel(raw.map(str::to_owned), first).said();
            assert_eq!(line(&said), format!("motion Pulse -{tags}"), "{raw:?}");
            assert_eq!(said.message.source, source, "{raw:?}");
        }
    }

    #[test]
    fn texts_are_short_and_of_one_value() {
        let long = Value::String(format!(" x{}", "ä".repeat(VALUE_BYTES_MAX)));
        assert_eq!(text(Some(&long)).map(|text| text.len()), Some(VALUE_BYTES_MAX - 1));
        let said = Draft::other(&"ä".repeat(VALUE_BYTES_MAX), State::Pulse).said();
        assert_eq!(said.message.source.len(), "code=\n".len() + VALUE_BYTES_MAX);
        for (value, expected) in [
            (json!(" a "), Some("a")),
            (json!(7), Some("7")),
            (json!(0.5), Some("0.5")),
            (json!(true), Some("true")),
            (json!(""), None),
            (json!(null), None),
            (json!([1]), None),
            (json!({}), None),
        ] {
            assert_eq!(text(Some(&value)).as_deref(), expected, "{value}");
        }
        assert_eq!(list(Some(&json!(["a", 2, null]))).as_deref(), Some("a,2"));
        assert_eq!(list(Some(&json!("a"))), None);
    }
}
