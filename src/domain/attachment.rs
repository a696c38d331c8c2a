//! What an event has besides its row, a picture and a metadata file: how they stand, and what of them can be
//! asked for.

use super::{EventId, Timestamp};

/// Widest thumbnail, in pixels.
pub const THUMB_WIDTH: u32 = 320;

/// Largest picture, in bytes.
pub const PICTURE_BYTES_MAX: usize = 10 << 20;
/// Largest metadata file, in bytes.
pub const FILEMETA_BYTES_MAX: usize = 1 << 20;

/// A file that an event may have, one of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Attachment {
    /// Its picture.
    Picture,
    /// Its metadata file: JSON, such as what an analysis found and where in the picture.
    Filemeta,
}

impl Attachment {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Picture, Self::Filemeta];

    /// What people call it.
    pub const fn noun(self) -> &'static str {
        match self {
            Self::Picture => "picture",
            Self::Filemeta => "metadata file",
        }
    }

    /// The largest one, in bytes.
    pub const fn bytes_max(self) -> usize {
        match self {
            Self::Picture => PICTURE_BYTES_MAX,
            Self::Filemeta => FILEMETA_BYTES_MAX,
        }
    }

    /// What an address to send it to is good for.
    pub const fn upload(self) -> Purpose {
        match self {
            Self::Picture => Purpose::Upload,
            Self::Filemeta => Purpose::UploadFilemeta,
        }
    }

    /// The path of an event's one; what a signature covers besides it follows as a query.
    pub fn path(self, id: EventId) -> String {
        let name = match self {
            Self::Picture => "thumb",
            Self::Filemeta => "filemeta",
        };
        format!("/api/v2/storage/events/{}/{name}/", id.0)
    }
}

/// How an event's picture, or its metadata file, stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum FileState {
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

impl FileState {
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

/// How all of an event's files stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Attached {
    /// Its picture.
    pub picture: FileState,
    /// Its metadata file.
    pub filemeta: FileState,
}

impl Attached {
    /// How one of them stands.
    pub const fn state(self, of: Attachment) -> FileState {
        match of {
            Attachment::Picture => self.picture,
            Attachment::Filemeta => self.filemeta,
        }
    }

    /// The same with one of them standing otherwise.
    #[must_use]
    pub const fn with(self, of: Attachment, state: FileState) -> Self {
        match of {
            Attachment::Picture => Self { picture: state, ..self },
            Attachment::Filemeta => Self { filemeta: state, ..self },
        }
    }

    /// The number that a stored row holds: the picture's in the lowest two bits, the metadata file's in the
    /// next two.
    pub const fn number(self) -> u8 {
        self.picture.number() | self.filemeta.number() << 2
    }

    /// Reads [`Self::number`]; what no version has written counts as no files.
    pub const fn from_number(number: u8) -> Self {
        if number > 0b1111 {
            return Self { picture: FileState::None, filemeta: FileState::None };
        }
        Self {
            picture: FileState::from_number(number & 0b11),
            filemeta: FileState::from_number(number >> 2),
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
    /// Reading the metadata file.
    Filemeta,
    /// Sending the metadata file, once.
    UploadFilemeta,
}

impl Purpose {
    const ALL: [Self; 5] =
        [Self::Thumb, Self::Full, Self::Upload, Self::Filemeta, Self::UploadFilemeta];

    /// The word in an address, and in what is signed.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Thumb => "thumb",
            Self::Full => "full",
            Self::Upload => "upload",
            Self::Filemeta => "filemeta",
            Self::UploadFilemeta => "upload_filemeta",
        }
    }

    /// Reads [`Self::word`].
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.word() == word)
    }

    /// Which of an event's files it is for.
    pub const fn attachment(self) -> Attachment {
        match self {
            Self::Thumb | Self::Full | Self::Upload => Attachment::Picture,
            Self::Filemeta | Self::UploadFilemeta => Attachment::Filemeta,
        }
    }

    /// Whether it is for sending.
    pub const fn is_upload(self) -> bool {
        matches!(self, Self::Upload | Self::UploadFilemeta)
    }
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
            assert_eq!(FileState::from_number(number).number(), number);
        }
        assert_eq!(FileState::from_number(200), FileState::None);
        for number in 0..16 {
            assert_eq!(Attached::from_number(number).number(), number);
        }
        assert_eq!(Attached::from_number(16), Attached::default());
        for purpose in Purpose::ALL {
            assert_eq!(Purpose::from_word(purpose.word()), Some(purpose));
        }
        for of in Attachment::ALL {
            assert!(of.upload().is_upload() && of.upload().attachment() == of);
            let ready = Attached::default().with(of, FileState::Ready);
            assert_eq!(
                (ready.state(of), Attached::from_number(ready.number())),
                (FileState::Ready, ready)
            );
        }
    }
}
