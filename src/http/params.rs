//! Query strings as decoded pairs, and values read from them.

use std::str::FromStr;

use crate::domain::Timestamp;
use crate::domain::filter::{LIST_VALUES_MAX, PAGE_DEFAULT, PAGE_MAX};
use crate::service::{Error, Result};

/// Largest offset kept: what every client can count to exactly.
pub const OFFSET_MAX: u64 = (1 << 53) - 1;

/// A query string's decoded pairs in their order. Pairs with an empty value are left out: they mean absent.
///
/// Decoding never fails: a stray `%` stays, bytes that are not UTF-8 become U+FFFD, `+` is a blank.
#[derive(Clone, Debug, Default)]
pub struct Params(Vec<(String, String)>);

impl Params {
    /// Decodes `query`, the part of the target after `?`.
    pub fn parse(query: &str) -> Self {
        let pairs = form_urlencoded::parse(query.as_bytes());
        let pairs = pairs.map(|(name, value)| (name.into_owned(), value.into_owned()));
        Self(pairs.filter(|(_, value)| !value.is_empty()).collect())
    }

    /// The last value of `name`: clients append to the `next` they follow.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().rev().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// Every value of `name`, in order.
    pub fn get_all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> + 'a {
        self.0.iter().filter(move |(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// The values of the comma lists called `name`, without blanks around them and without empty ones.
    ///
    /// # Errors
    /// `bad_parameter` if there are more than [`LIST_VALUES_MAX`].
    pub fn list(&self, name: &str) -> Result<Vec<&str>> {
        let values = self.raw_list(name)?.into_iter().map(str::trim);
        Ok(values.filter(|value| !value.is_empty()).collect())
    }

    /// Like [`Self::list`], but blanks are part of the values: tags compare exactly.
    ///
    /// # Errors
    /// `bad_parameter` if there are more than [`LIST_VALUES_MAX`].
    pub fn raw_list(&self, name: &str) -> Result<Vec<&str>> {
        let values = self.0.iter().filter(|(n, _)| n == name).flat_map(|(_, v)| v.split(','));
        let values: Vec<_> =
            values.filter(|value| !value.is_empty()).take(LIST_VALUES_MAX + 1).collect();
        if values.len() > LIST_VALUES_MAX {
            return Err(bad(name, &format!("at most {LIST_VALUES_MAX} values")));
        }
        Ok(values)
    }

    /// Whether `name` is given as true; anything unreadable is false.
    pub fn flag(&self, name: &str) -> bool {
        self.get(name).and_then(bool_param).unwrap_or(false)
    }

    /// `name` as a boolean.
    ///
    /// # Errors
    /// `bad_parameter` if it is neither true nor false.
    pub fn boolean(&self, name: &str) -> Result<Option<bool>> {
        let parse = |text| bool_param(text).ok_or_else(|| bad(name, "true or false"));
        self.get(name).map(parse).transpose()
    }

    /// `name` as a whole number from 0; one too large for 64 bits becomes the largest.
    ///
    /// # Errors
    /// `bad_parameter` if it is negative or not a number.
    pub fn number(&self, name: &str) -> Result<Option<u64>> {
        let parse = |text| number(text).ok_or_else(|| bad(name, "a whole number from 0"));
        self.get(name).map(parse).transpose()
    }

    /// `name` as a time, in any spelling of the API.
    ///
    /// # Errors
    /// `bad_parameter` if it is none.
    pub fn time(&self, name: &str) -> Result<Option<Timestamp>> {
        let parse = |text| Timestamp::parse(text).map_err(|error| bad(name, &error.to_string()));
        self.get(name).map(parse).transpose()
    }

    /// `name` parsed as `T`; `form` says in an error's text what it must look like.
    ///
    /// # Errors
    /// `bad_parameter` if it cannot be parsed.
    pub fn parsed<T: FromStr>(&self, name: &str, form: &str) -> Result<Option<T>> {
        let parse = |text: &str| text.trim().parse().map_err(|_| bad(name, form));
        self.get(name).map(parse).transpose()
    }

    /// `limit` as VXG means it: 20 if absent, 1,000 for 0 and for more than that.
    ///
    /// # Errors
    /// `bad_parameter` if it is negative or not a number.
    pub fn limit(&self) -> Result<usize> {
        Ok(match self.number("limit")? {
            None => PAGE_DEFAULT,
            Some(0) => PAGE_MAX,
            Some(limit) => usize::try_from(limit).unwrap_or(PAGE_MAX).min(PAGE_MAX),
        })
    }

    /// `offset`, 0 if absent.
    ///
    /// # Errors
    /// `bad_parameter` if it is negative or not a number.
    pub fn offset(&self) -> Result<u64> {
        Ok(self.number("offset")?.unwrap_or(0).min(OFFSET_MAX))
    }

    /// The pairs with one of these `names`, in their order: what a link to another page repeats.
    pub fn echo(&self, names: &[&str]) -> Vec<(String, String)> {
        self.0.iter().filter(|(name, _)| names.contains(&name.as_str())).cloned().collect()
    }
}

/// Reads `true`, `True`, `1`, and the like; `None` if it is neither true nor false.
pub fn bool_param(text: &str) -> Option<bool> {
    let is = |word: &&str| text.trim().eq_ignore_ascii_case(word);
    if ["true", "1", "yes", "on"].iter().any(&is) {
        Some(true)
    } else if ["false", "0", "no", "off"].iter().any(is) {
        Some(false)
    } else {
        None
    }
}

/// An error that names the parameter and says what it must be.
pub fn bad(name: &str, form: &str) -> Error {
    Error::BadParameter(format!("{name}: {form}"))
}

/// Digits only: no sign, no fraction. Saturates.
pub fn number(text: &str) -> Option<u64> {
    let text = text.trim();
    let is_number = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_values_are_absent_and_names_repeat() {
        let params = Params::parse("a=1&a=&a=2&b=x%20y+z&c&=d");
        assert_eq!(params.get("a"), Some("2"));
        assert_eq!(params.get_all("a").collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(params.get("b"), Some("x y z"));
        assert_eq!(params.get("c"), None);
    }

    #[test]
    fn lists_are_split_after_decoding() {
        let params = Params::parse("n=a,%20b%2Cc,,&n=d");
        assert_eq!(params.list("n").unwrap(), ["a", "b", "c", "d"]);
        assert_eq!(params.raw_list("n").unwrap(), ["a", " b", "c", "d"]);
    }

    #[test]
    fn booleans_have_many_spellings() {
        for (text, value) in [
            ("true", Some(true)),
            ("True", Some(true)),
            ("1", Some(true)),
            ("FALSE", Some(false)),
            ("0", Some(false)),
            ("maybe", None),
        ] {
            assert_eq!(bool_param(text), value, "{text}");
        }
    }

    #[test]
    fn numbers_have_digits_only() {
        assert_eq!(number(" 12 "), Some(12));
        assert_eq!(number("99999999999999999999"), Some(u64::MAX));
        for text in ["", "-1", "+1", "1.0", "1e3", "0x1"] {
            assert_eq!(number(text), None, "{text}");
        }
        let wait = Params::parse("wait=x").parsed::<u8>("wait", "0 or 1");
        assert!(matches!(wait, Err(Error::BadParameter(text)) if text == "wait: 0 or 1"));
    }
}
