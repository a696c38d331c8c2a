//! What a request is answered: the same through the socket and in one process.

use serde::{Deserialize, Serialize};

use super::recovery::{BackedUp, Restored};
use super::status::Report;

/// The answer to a request. Serialised, it is what `--json` prints.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Reply {
    Camera(AddedCamera),
    Device(Device),
    Cameras { objects: Vec<ListedCamera> },
    Token(Token),
    Tokens { objects: Vec<ListedToken> },
    Key { key_id: u32, license_key: String },
    Group(Group),
    Groups { objects: Vec<ListedGroup> },
    Keys { objects: Vec<ListedKey> },
    User(ChangedUser),
    Users { objects: Vec<ListedUser> },
    Purged { deleted: u64 },
    Ca(Ca),
    Checked(Checked),
    Status(Box<Report>),
    BackedUp(Box<BackedUp>),
    Restored(Box<Restored>),
    Imported(Imported),
    Nothing {},
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AddedCamera {
    pub id: u32,
    pub name: String,
    pub access_tokens: AccessTokens,
    pub ingest_token: String,
    pub tokens: Vec<TokenRef>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct AccessTokens {
    pub all: String,
    pub watch: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct TokenRef {
    pub token_id: u32,
    pub access: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListedCamera {
    pub id: u32,
    pub name: String,
    pub timezone: String,
    pub enabled: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Device {
    pub id: u32,
    pub address: Option<String>,
    pub port: u16,
    pub username: Option<String>,
    pub has_password: bool,
    pub snapshot_path: Option<String>,
}

#[expect(clippy::struct_field_names, reason = "the names that --json prints")]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Token {
    pub token_id: u32,
    pub token: String,
    pub access: String,
    pub camid: Option<u32>,
    pub expires: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListedToken {
    pub token_id: u32,
    pub access: String,
    pub camid: Option<u32>,
    pub expires: Option<String>,
}

#[expect(clippy::struct_field_names, reason = "the names that --json prints")]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Group {
    pub group_id: u32,
    pub name: String,
    pub group_token: String,
    pub access: String,
    pub cameras: Vec<u32>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListedGroup {
    pub group_id: u32,
    pub name: String,
    pub access: String,
    pub cameras: Vec<u32>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListedKey {
    pub key_id: u32,
    pub name: String,
    pub created: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ChangedUser {
    pub name: String,
    pub role: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListedUser {
    pub name: String,
    pub role: String,
    pub created: String,
    pub last_login: Option<String>,
    pub sessions: usize,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Ca {
    pub subject: String,
    pub fingerprint_sha256: String,
    pub not_after: String,
    pub pem: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Checked {
    pub events: u64,
    pub index_entries: u64,
    pub counter_rows: u64,
    pub audit_entries: u64,
    pub pictures: u64,
    pub filemeta: u64,
    pub checksum: String,
    pub problem_count: u64,
    pub problems: Vec<String>,
}

impl Checked {
    /// What cannot be read any further.
    pub fn broken(problems: Vec<String>) -> Self {
        Self { problem_count: problems.len() as u64, problems, ..Self::default() }
    }
}

#[expect(clippy::struct_field_names, reason = "the names that --json prints")]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Imported {
    pub imported: u64,
    pub replayed: u64,
    pub failed: u64,
    pub errors: Vec<String>,
}

/// One line of an answer on the socket.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Frame {
    /// Text for standard output, line ends included.
    Output(String),
    /// How far it is.
    Progress { done: u64, total: u64 },
    /// The end: it worked.
    Done(Reply),
    /// The end: it did not.
    Failed(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Replies carry no tag of their own, so each must be read back as what it was.
    #[test]
    fn replies_are_told_apart() {
        let text = String::new;
        let tokens = AccessTokens { all: text(), watch: text() };
        for reply in [
            Reply::Camera(AddedCamera {
                id: 1,
                name: text(),
                access_tokens: tokens,
                ingest_token: text(),
                tokens: vec![TokenRef { token_id: 1, access: text() }],
            }),
            Reply::Cameras {
                objects: vec![ListedCamera {
                    id: 1,
                    name: text(),
                    timezone: text(),
                    enabled: true,
                }],
            },
            Reply::Device(Device {
                id: 1,
                address: None,
                port: 80,
                username: None,
                has_password: false,
                snapshot_path: None,
            }),
            Reply::Token(Token {
                token_id: 1,
                token: text(),
                access: text(),
                camid: Some(1),
                expires: None,
            }),
            Reply::Tokens {
                objects: vec![ListedToken {
                    token_id: 1,
                    access: text(),
                    camid: None,
                    expires: None,
                }],
            },
            Reply::Key { key_id: 1, license_key: text() },
            Reply::Group(Group {
                group_id: 1,
                name: text(),
                group_token: text(),
                access: text(),
                cameras: vec![1],
            }),
            Reply::Groups {
                objects: vec![ListedGroup {
                    group_id: 1,
                    name: text(),
                    access: text(),
                    cameras: vec![],
                }],
            },
            Reply::User(ChangedUser { name: text(), role: text() }),
            Reply::Users {
                objects: vec![ListedUser {
                    name: text(),
                    role: text(),
                    created: text(),
                    last_login: None,
                    sessions: 0,
                }],
            },
            Reply::Keys { objects: vec![ListedKey { key_id: 1, name: text(), created: text() }] },
            Reply::Purged { deleted: 4 },
            Reply::Status(Box::new(Report::example())),
            Reply::BackedUp(Box::new(BackedUp::example())),
            Reply::Restored(Box::new(Restored::example())),
            Reply::Imported(Imported::default()),
            Reply::Nothing {},
        ] {
            let json = serde_json::to_string(&reply).unwrap();
            assert_eq!(serde_json::from_str::<Reply>(&json).unwrap(), reply, "{json}");
        }
    }
}
