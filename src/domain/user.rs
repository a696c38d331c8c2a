//! People: users, their roles and passwords, and the sessions they log in to.

use super::time::Timestamp;

/// Longest name of a user, in bytes.
pub const USER_NAME_BYTES_MAX: usize = 64;
/// Most users of one installation.
pub const USERS_MAX: usize = 1_024;

/// What a user may do (operations.md 5.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Everything.
    Admin,
    /// Reading, tags and triggers.
    Operator,
    /// Reading.
    Viewer,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Admin, Self::Operator, Self::Viewer];

    /// The word on the wire and on the command line.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Operator => "operator",
            Self::Viewer => "viewer",
        }
    }

    /// Reads [`Self::word`].
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.word() == word)
    }
}

/// A user's number. Never reused, so that who comes later has no part in what was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserId(pub u32);

/// A password, hashed with Argon2id.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash {
    /// Memory that the hash takes, KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
    /// Random bytes of its own.
    pub salt: [u8; 16],
    /// The hash.
    pub hash: [u8; 32],
}

impl std::fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PasswordHash(..)")
    }
}

/// A person who logs in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The number.
    pub id: UserId,
    /// The name, as it was given; no two differ only in case.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// What its password is checked against.
    pub password: PasswordHash,
    /// When it was made.
    pub created: Timestamp,
    /// When it last logged in.
    pub last_login: Option<Timestamp>,
}

/// Whether `name` may name a user: 1 to [`USER_NAME_BYTES_MAX`] bytes, no control characters, no
/// slash (it stands in paths), no blank at either end.
pub fn is_user_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= USER_NAME_BYTES_MAX
        && name.trim() == name
        && name != "."
        && name != ".."
        && !name.chars().any(|c| c.is_control() || c == '/' || c == '\\')
}

/// What names are compared by: people do not remember in which case a name was given.
pub fn folded(name: &str) -> String {
    name.trim().to_lowercase()
}

/// SHA-256 of a session's secret.
pub type SessionHash = [u8; 32];

/// A session as it is stored: never its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its number, for lists.
    pub id: u64,
    /// What its cookie is looked up by.
    pub hash: SessionHash,
    /// Whose it is.
    pub user: UserId,
    /// When it began.
    pub created: Timestamp,
    /// When it was last used; behind by some minutes.
    pub last_seen: Timestamp,
    /// Where it was begun.
    pub address: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_in_paths() {
        for good in ["m", "m.krause", "Jörg Ödön", "a@b.example", "x".repeat(64).as_str()] {
            assert!(is_user_name(good), "{good}");
        }
        for bad in
            ["", " a", "a ", "a/b", "a\\b", "..", ".", "a\nb", "\u{7f}", "x".repeat(65).as_str()]
        {
            assert!(!is_user_name(bad), "{bad:?}");
        }
    }

    #[test]
    fn roles_are_words() {
        for role in Role::ALL {
            assert_eq!(Role::from_word(role.word()), Some(role));
        }
        assert_eq!(Role::from_word("Admin"), None);
        assert_eq!(folded("M.Krause"), folded("m.krause "));
    }
}
