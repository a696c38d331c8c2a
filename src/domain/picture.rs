//! An event's picture: how it stands, and what of it can be asked for.

use super::{EventId, Timestamp};

/// Widest thumbnail, in pixels.
pub const THUMB_WIDTH: u32 = 320;

/// How an event's picture stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum PictureState {
    /// There is none, and none is on its way.
    #[default]
    None,
    /// Somebody said that it will be sent.
    Expected,
    /// It is there.
    Ready,
    /// It was expected and did not come.
    Failed,
}

impl PictureState {
    /// The number that a stored row holds.
    pub const fn number(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Expected => 1,
            Self::Ready => 2,
            Self::Failed => 3,
        }
    }

    /// Reads [`Self::number`]; what no version has written counts as no picture.
    pub const fn from_number(number: u8) -> Self {
        match number {
            1 => Self::Expected,
            2 => Self::Ready,
            3 => Self::Failed,
            _ => Self::None,
        }
    }

    /// The word on the wire.
    pub const fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Expected => "expected",
            Self::Ready => "ready",
            Self::Failed => "failed",
        }
    }
}

/// What a signed address is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Reading the thumbnail.
    Thumb,
    /// Reading the picture as it was sent.
    Full,
    /// Sending the picture, once.
    Upload,
}

impl Purpose {
    /// The word in an address, and in what is signed.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Thumb => "thumb",
            Self::Full => "full",
            Self::Upload => "upload",
        }
    }

    /// Reads [`Self::word`].
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Thumb, Self::Full, Self::Upload].into_iter().find(|p| p.word() == word)
    }
}

/// The path of an event's picture; what a signature covers besides it follows as a query.
pub fn path(id: EventId) -> String {
    format!("/api/v2/storage/events/{}/thumb/", id.0)
}

/// What a signature covers. No credential's text begins with `picture`, so no MAC is good for both.
pub(super) fn signed_text(id: EventId, purpose: Purpose, until: Timestamp) -> String {
    format!("picture {} {} {}", id.0, purpose.word(), until.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_words_come_back() {
        for number in 0..4 {
            assert_eq!(PictureState::from_number(number).number(), number);
        }
        assert_eq!(PictureState::from_number(200), PictureState::None);
        for purpose in [Purpose::Thumb, Purpose::Full, Purpose::Upload] {
            assert_eq!(Purpose::from_word(purpose.word()), Some(purpose));
        }
    }
}
