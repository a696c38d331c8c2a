//! An event's tags: tag → string, kept as the JSON text that goes out again.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// Most tags of one event (operations.md 3).
pub const TAGS_MAX: usize = 64;
/// Longest tag, in bytes.
pub const TAG_BYTES_MAX: usize = 128;
/// Longest value, in bytes.
pub const VALUE_BYTES_MAX: usize = 16 * 1024;
/// Largest meta of one event, as JSON text, in bytes.
pub const META_BYTES_MAX: usize = 64 * 1024;

/// Tags and their values as a JSON object of strings, in the order they were sent.
///
/// A tag stands in it once; of repeated ones the last value counts.
#[derive(Clone, PartialEq, Eq)]
pub struct Meta(Box<str>);

/// Which limit of operations.md 3 a meta breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MetaLimit {
    /// More than [`TAGS_MAX`] tags.
    #[error("more than {TAGS_MAX} tags")]
    Tags,
    /// An empty tag, or one over [`TAG_BYTES_MAX`].
    #[error("a tag must have 1 to {TAG_BYTES_MAX} bytes")]
    Tag,
    /// A value over [`VALUE_BYTES_MAX`].
    #[error("a value has more than {VALUE_BYTES_MAX} bytes")]
    Value,
    /// All of it over [`META_BYTES_MAX`].
    #[error("meta has more than {META_BYTES_MAX} bytes")]
    All,
}

impl Meta {
    /// No tags: `{}`.
    pub fn empty() -> Self {
        Self("{}".into())
    }

    /// Takes text that [`Meta::json`] once gave, as a stored row holds it.
    pub fn from_stored(json: &str) -> Self {
        Self(json.into())
    }

    /// Builds it from pairs; of repeated tags the last value counts, at the first one's place.
    ///
    /// # Errors
    /// [`MetaLimit`].
    pub fn from_pairs(
        pairs: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, MetaLimit> {
        let mut unique: Vec<(String, String)> = Vec::new();
        for (tag, value) in pairs {
            check_tag(&tag)?;
            check_value(&value)?;
            if let Some(slot) = unique.iter_mut().find(|(t, _)| *t == tag) {
                slot.1 = value;
            } else if unique.len() == TAGS_MAX {
                return Err(MetaLimit::Tags);
            } else {
                unique.push((tag, value));
            }
        }
        let text = write(&unique);
        if text.len() > META_BYTES_MAX { Err(MetaLimit::All) } else { Ok(Self(text.into())) }
    }

    /// The JSON object, ready to be sent.
    pub fn json(&self) -> &str {
        &self.0
    }

    /// Whether there is no tag.
    pub fn is_empty(&self) -> bool {
        &*self.0 == "{}"
    }

    /// Tags and values in their order. Damaged text has none.
    pub fn pairs(&self) -> Vec<(String, String)> {
        if self.is_empty() {
            return Vec::new();
        }
        serde_json::from_str::<Strings>(&self.0).map(|s| s.0).unwrap_or_default()
    }

    /// The value of `tag`.
    pub fn get(&self, tag: &str) -> Option<String> {
        self.pairs().into_iter().find(|(t, _)| t == tag).map(|(_, value)| value)
    }

    /// This meta with `edits` made in order: a value sets its tag, `None` takes the tag away.
    ///
    /// # Errors
    /// [`MetaLimit`] if the result breaks one.
    pub fn edited(&self, edits: &[(String, Option<String>)]) -> Result<Self, MetaLimit> {
        let mut pairs = self.pairs();
        for (tag, value) in edits {
            match value {
                Some(value) => pairs.push((tag.clone(), value.clone())),
                None => pairs.retain(|(t, _)| t != tag),
            }
        }
        Self::from_pairs(pairs)
    }

    /// The same tags sorted, as text: equal for metas that mean the same.
    pub fn canonical(&self) -> String {
        let mut pairs = self.pairs();
        pairs.sort();
        write(&pairs)
    }
}

/// Checks one tag on its own.
///
/// # Errors
/// [`MetaLimit::Tag`].
pub fn check_tag(tag: &str) -> Result<(), MetaLimit> {
    if (1..=TAG_BYTES_MAX).contains(&tag.len()) { Ok(()) } else { Err(MetaLimit::Tag) }
}

/// Checks one value on its own.
///
/// # Errors
/// [`MetaLimit::Value`].
pub fn check_value(value: &str) -> Result<(), MetaLimit> {
    if value.len() <= VALUE_BYTES_MAX { Ok(()) } else { Err(MetaLimit::Value) }
}

/// A value as it is stored: a JSON string's content, anything else as its JSON text.
pub fn value_text(raw: &RawValue) -> String {
    serde_json::from_str::<String>(raw.get()).unwrap_or_else(|_| raw.get().to_owned())
}

fn write(pairs: &[(String, String)]) -> String {
    let mut text =
        String::with_capacity(2 + pairs.iter().map(|(t, v)| t.len() + v.len() + 6).sum::<usize>());
    text.push('{');
    for (at, (tag, value)) in pairs.iter().enumerate() {
        if at > 0 {
            text.push(',');
        }
        text.push_str(&quoted(tag));
        text.push(':');
        text.push_str(&quoted(value));
    }
    text.push('}');
    text
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("a string always has a JSON form")
}

impl Default for Meta {
    fn default() -> Self {
        Self::empty()
    }
}

impl fmt::Debug for Meta {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An object as sent: pairs in order, values of any kind as text.
pub struct Sent(pub Vec<(String, String)>);

/// An object of strings as stored.
struct Strings(Vec<(String, String)>);

struct Pairs<V>(std::marker::PhantomData<V>);

impl<'de, V: Deserialize<'de> + IntoText> Visitor<'de> for Pairs<V> {
    type Value = Vec<(String, String)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of tags")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut pairs = Vec::new();
        while let Some((tag, value)) = map.next_entry::<String, V>()? {
            pairs.push((tag, value.into_text()));
        }
        Ok(pairs)
    }
}

trait IntoText {
    fn into_text(self) -> String;
}

impl IntoText for String {
    fn into_text(self) -> String {
        self
    }
}

impl IntoText for Box<RawValue> {
    fn into_text(self) -> String {
        value_text(&self)
    }
}

impl<'de> Deserialize<'de> for Sent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Pairs::<Box<RawValue>>(std::marker::PhantomData)).map(Self)
    }
}

impl<'de> Deserialize<'de> for Strings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Pairs::<String>(std::marker::PhantomData)).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pair(tag: &str, value: &str) -> (String, String) {
        (tag.to_owned(), value.to_owned())
    }

    #[test]
    fn values_that_are_not_strings_become_their_json_text() {
        let sent: Sent = serde_json::from_str(
            r#"{"s":"x\n","n":1.50,"b":true,"a":[1, 2],"o":{"k":1},"z":null}"#,
        )
        .unwrap();
        let meta = Meta::from_pairs(sent.0).unwrap();
        assert_eq!(
            meta.json(),
            r#"{"s":"x\n","n":"1.50","b":"true","a":"[1, 2]","o":"{\"k\":1}","z":"null"}"#
        );
    }

    #[test]
    fn limits_are_held() {
        let many = |n: usize| (0..n).map(|i| (i.to_string(), String::new()));
        assert!(Meta::from_pairs(many(64)).is_ok());
        assert_eq!(Meta::from_pairs(many(65)), Err(MetaLimit::Tags));
        assert_eq!(Meta::from_pairs([pair("", "x")]), Err(MetaLimit::Tag));
        assert_eq!(Meta::from_pairs([(("t").repeat(129), String::new())]), Err(MetaLimit::Tag));
        assert!(Meta::from_pairs([pair("t", &"v".repeat(16_384))]).is_ok());
        assert_eq!(Meta::from_pairs([pair("t", &"v".repeat(16_385))]), Err(MetaLimit::Value));
        let large = (0..5).map(|i| (i.to_string(), "v".repeat(16_000)));
        assert_eq!(Meta::from_pairs(large), Err(MetaLimit::All));
    }

    #[test]
    fn edits_set_and_take_away() {
        let meta = Meta::from_pairs([pair("a", "1"), pair("b", "2")]).unwrap();
        let edits =
            [("b".into(), None), ("c".into(), Some("3".into())), ("a".into(), Some("9".into()))];
        assert_eq!(meta.edited(&edits).unwrap().json(), r#"{"a":"9","c":"3"}"#);
    }

    proptest! {
        #[test]
        fn pairs_come_back(pairs in proptest::collection::btree_map("\\PC{1,12}", "(?s).{0,20}", 0..8)) {
            let meta = Meta::from_pairs(pairs.clone()).unwrap();
            prop_assert_eq!(meta.pairs(), pairs.into_iter().collect::<Vec<_>>());
            prop_assert_eq!(Meta::from_stored(meta.json()), meta);
        }
    }
}
