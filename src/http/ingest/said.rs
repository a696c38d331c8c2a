//! What a delivery says, whatever its make.

use crate::service::ingest::{Message, State};

/// Most messages of one delivery; the rest is left out.
pub(super) const MESSAGES_MAX: usize = 100;
/// Most messages that are put together: one more shows that there was too much.
pub(super) const MESSAGES_READ_MAX: usize = MESSAGES_MAX + 1;
/// Longest value of a tag that a make's message gives, bytes.
pub(super) const VALUE_BYTES_MAX: usize = 1_000;
/// Most tags that a make's message gives.
const TAGS_MAX: usize = 30;

/// A message, and the picture that came with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Said {
    /// What happened.
    pub message: Message,
    /// JPEG, PNG or WebP as it was sent; proven later.
    pub picture: Option<Vec<u8>>,
}

impl Said {
    /// That something happened: no tag, no time, one condition of its name.
    pub fn new(name: &str, state: State) -> Self {
        let (name, source) = (name.to_owned(), String::new());
        let message = Message { name, state, time: None, source, meta: Vec::new() };
        Self { message, picture: None }
    }

    /// Notes a tag, if there is a value for it.
    pub fn tag(&mut self, name: &str, value: Option<impl AsRef<str>>) {
        let Some(value) = value else { return };
        let value = value.as_ref().trim();
        if !value.is_empty() {
            self.message.meta.push((name.to_owned(), value.to_owned()));
        }
    }

    /// Notes a channel other than the first, counted from 1; and how the sender counts it, if differently.
    pub fn channel(&mut self, channel: u32, raw: u32) {
        self.tag("channel", (channel != 1).then(|| channel.to_string()));
        self.tag("raw_channel", (raw != channel).then(|| raw.to_string()));
    }

    /// The same with tags that are few and short, whatever the sender wrote.
    pub fn bounded(mut self) -> Self {
        let meta = &mut self.message.meta;
        meta.truncate(TAGS_MAX);
        for (_, value) in meta {
            value.truncate(value.floor_char_boundary(VALUE_BYTES_MAX));
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_few_and_short() {
        let mut said = Said::new("motion", State::Pulse);
        said.tag("none", None::<&str>);
        said.tag("blank", Some("  "));
        said.channel(2, 34);
        for _ in 0..40 {
            said.tag("long", Some("ä".repeat(900)));
        }
        let meta = said.bounded().message.meta;
        assert_eq!(meta[0], ("channel".to_owned(), "2".to_owned()));
        assert_eq!(meta[1], ("raw_channel".to_owned(), "34".to_owned()));
        assert_eq!((meta.len(), meta[2].1.len()), (30, 1_000));
    }
}
