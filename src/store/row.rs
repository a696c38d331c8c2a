//! Values on disk: the only place that knows the record encoding (bincode, versioned, checksummed).
//!
//! Layout of a value: `crc32c: u32 LE | bincode of a versioned enum`. The enum's variant is the
//! format version: add `V2`, never edit `V1`. The checksum of an event covers its id too, so a row
//! in the wrong place is found.

use bincode::config::{Configuration, Limit, LittleEndian, Varint};
use bincode::{BorrowDecode, Decode, Encode};

/// Longest encoded row. A decoder never allocates more for a hostile length.
const ROW_BYTES_MAX: usize = 1 << 20;
/// The same for a journal record as it is in memory. More than any write that the queue takes: what
/// was acknowledged must be read back, or the store would not open.
const RECORD_BYTES_MAX: usize = 256 << 20;

const CONFIG: Configuration<LittleEndian, Varint, Limit<ROW_BYTES_MAX>> =
    bincode::config::standard().with_limit::<ROW_BYTES_MAX>();
const RECORD_CONFIG: Configuration<LittleEndian, Varint, Limit<RECORD_BYTES_MAX>> =
    bincode::config::standard().with_limit::<RECORD_BYTES_MAX>();

/// A value that does not decode or fails its checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Damage;

/// Appends `row` with its checksum; `salt` goes into the checksum only.
#[expect(clippy::missing_panics_doc, reason = "memory takes whatever is written")]
pub fn encode_into<R: Encode>(salt: u64, row: &R, out: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(&[0; 4]);
    bincode::encode_into_std_write(row, out, CONFIG).expect("rows encode into memory");
    let crc = checksum(salt, &out[start + 4..]);
    out[start..start + 4].copy_from_slice(&crc.to_le_bytes());
}

/// `row` with its checksum.
pub fn encode<R: Encode>(salt: u64, row: &R) -> Vec<u8> {
    let mut out = Vec::with_capacity(64);
    encode_into(salt, row, &mut out);
    out
}

/// Reads what [`encode_into`] wrote with the same `salt`.
///
/// # Errors
/// [`Damage`].
pub fn decode<'a, R: BorrowDecode<'a, ()>>(salt: u64, bytes: &'a [u8]) -> Result<R, Damage> {
    let (crc, body) = bytes.split_first_chunk::<4>().ok_or(Damage)?;
    if u32::from_le_bytes(*crc) != checksum(salt, body) {
        return Err(Damage);
    }
    whole(bincode::borrow_decode_from_slice(body, CONFIG), body)
}

/// Appends `record` without a checksum: the journal's batches have their own.
#[expect(clippy::missing_panics_doc, reason = "memory takes whatever is written")]
pub fn encode_plain<R: Encode>(record: &R, out: &mut Vec<u8>) {
    bincode::encode_into_std_write(record, out, RECORD_CONFIG).expect("records encode into memory");
}

/// Reads what [`encode_plain`] wrote.
///
/// # Errors
/// [`Damage`].
pub fn decode_plain<'a, R: BorrowDecode<'a, ()>>(bytes: &'a [u8]) -> Result<R, Damage> {
    whole(bincode::borrow_decode_from_slice(bytes, RECORD_CONFIG), bytes)
}

/// What was decoded, if it took all of `bytes`.
fn whole<R, E>(decoded: Result<(R, usize), E>, bytes: &[u8]) -> Result<R, Damage> {
    match decoded {
        Ok((row, used)) if used == bytes.len() => Ok(row),
        _ => Err(Damage),
    }
}

fn checksum(salt: u64, body: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&salt.to_le_bytes()), body)
}

/// A row of `events`.
#[derive(Debug, PartialEq, Encode, BorrowDecode)]
pub enum EventRow<'a> {
    /// First format.
    V1(EventV1<'a>),
}

/// One event. `order_time` is left out where it equals `time`.
#[derive(Clone, Debug, PartialEq, Encode, BorrowDecode)]
pub struct EventV1<'a> {
    /// Camera.
    pub camera: u32,
    /// Number of the type's name.
    pub event_type: u16,
    /// The sender's time, microseconds.
    pub time: i64,
    /// What it sorts by, where that is not `time`.
    pub order_time: Option<i64>,
    /// Arrival, microseconds.
    pub received_at: i64,
    /// States of its picture and its metadata file, see `Attached::number`; format 1 wrote 0.
    pub attached: u8,
    /// The sender's idempotency key.
    pub uid: Option<&'a str>,
    /// Tags as JSON text.
    pub meta: &'a str,
}

/// A record of the journal.
#[derive(Debug, PartialEq, Encode, BorrowDecode)]
pub enum ChangeRow<'a> {
    /// An event that was created.
    CreateV1 {
        /// Its id.
        id: u64,
        /// Its row.
        row: EventV1<'a>,
        /// Hash of the request under the event's idempotency key; 0 without one.
        hash: u128,
    },
    /// Tags that were set or taken away.
    TagsV1 {
        /// The event.
        id: u64,
        /// Tag, and its value or nothing.
        edits: Vec<(&'a str, Option<&'a str>)>,
    },
    /// Events that were deleted.
    DeleteV1 {
        /// Their ids.
        ids: Vec<u64>,
    },
    /// The state of an event's picture changed, from format 2 on.
    PictureV1 {
        /// The event.
        id: u64,
        /// See `FileState::number`.
        state: u8,
    },
    /// The state of an event's metadata file changed, from format 2 on.
    FilemetaV1 {
        /// The event.
        id: u64,
        /// See `FileState::number`.
        state: u8,
    },
}

/// A row of `event_counts` or `event_minutes`: its sum, and each slot that is not zero.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode)]
pub struct CountsV1 {
    /// Sum of the slots.
    pub total: u64,
    /// Slot number and count, in slot order.
    pub slots: Vec<(u8, u64)>,
}

/// The sum of a row of counters, without reading its slots: a total over years adds up whole days.
///
/// # Errors
/// [`Damage`].
pub fn decode_total(bytes: &[u8]) -> Result<u64, Damage> {
    let (crc, body) = bytes.split_first_chunk::<4>().ok_or(Damage)?;
    if u32::from_le_bytes(*crc) != checksum(0, body) {
        return Err(Damage);
    }
    // The variant and the first field, as they are encoded.
    match bincode::borrow_decode_from_slice::<(u32, u64), _>(body, CONFIG) {
        Ok(((0, total), _)) => Ok(total),
        _ => Err(Damage),
    }
}

/// See [`CountsV1`].
#[derive(Debug, PartialEq, Encode, Decode)]
pub enum CountsRow {
    /// First format.
    V1(CountsV1),
}

/// A row of `idempotency`.
#[derive(Debug, PartialEq, Encode, Decode)]
pub enum IdempotencyRow {
    /// First format.
    V1 {
        /// The event that was stored.
        id: u64,
        /// Hash of the request.
        hash: u128,
        /// Arrival, microseconds.
        arrival: i64,
    },
}

/// A row of `cameras`.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub enum CameraRow {
    /// First format.
    V1(CameraV1),
    /// With what came in format 2.
    V2(CameraV1, CameraAdded),
    /// With what the server needs to speak to the device.
    V3(CameraV1, CameraAdded, CameraDevice),
}

/// Members as in `domain::Camera`.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct CameraV1 {
    /// See `Camera::name`.
    pub name: String,
    /// See `Camera::timezone`.
    pub timezone: String,
    /// See `Camera::enabled`.
    pub enabled: bool,
    /// See `Camera::created`.
    pub created: i64,
    /// See `Camera::rec_mode`.
    pub rec_mode: String,
    /// See `Camera::url`.
    pub url: Option<String>,
    /// See `Camera::login`.
    pub login: Option<String>,
    /// See `Camera::latitude`.
    pub latitude: Option<String>,
    /// See `Camera::longitude`.
    pub longitude: Option<String>,
    /// See `Camera::meta`.
    pub meta: Vec<(String, String)>,
}

/// What a camera of format 1 does not have: its default.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode)]
pub struct CameraAdded {
    /// See `Camera::address`.
    pub address: Option<String>,
    /// See `Camera::quiet_after_s`.
    pub quiet_after_s: u32,
    /// Vendor, model and firmware; see `Camera::agent`.
    pub agent: Option<(String, String, String)>,
}

/// Members as in `domain::camera::Device`.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode)]
pub struct CameraDevice {
    /// See `Device::port`.
    pub port: Option<u16>,
    /// See `Device::username`.
    pub username: Option<String>,
    /// The sealed password, and when it was set (microseconds).
    pub password: Option<(Vec<u8>, i64)>,
    /// See `Device::snapshot_path`.
    pub snapshot_path: Option<String>,
}

/// A row of `event_types`.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub enum EventTypeRow {
    /// First format; members as in `domain::EventType`.
    V1 {
        /// Trigger, record, snapshot, periodic as bits 0 to 3.
        caps: u8,
        /// Notify, receive, record, snapshot, generate images, custom as bits 0 to 5.
        switches: u8,
        /// See `EventType::period`.
        period: u32,
        /// See `EventType::alias`.
        alias: Option<String>,
    },
}

/// A row of `recipes`.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub enum RecipeRow {
    /// First format; members as in `domain::recipe::Recipe`.
    V1 {
        /// See `Recipe::command`.
        command: CommandRow,
        /// See `Recipe::hold_ms`.
        hold_ms: u32,
        /// See `Recipe::confirm`.
        confirm: bool,
        /// See `Recipe::echo_event`.
        echo_event: Option<String>,
        /// See `Recipe::echo_wait_ms`.
        echo_wait_ms: u32,
        /// Whether an event that does not come is stored by the server.
        stores: bool,
    },
}

/// What a recipe sends.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub enum CommandRow {
    /// A request, and what takes it back.
    Generic(MessageRow, Option<MessageRow>),
    /// A maker's own way.
    Output(OutputRow),
}

/// Members as in `domain::recipe::Message`.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct MessageRow {
    /// See `Message::method`.
    pub method: String,
    /// See `Message::target`.
    pub target: String,
    /// See `Message::headers`.
    pub headers: Vec<(String, String)>,
    /// See `Message::body`.
    pub body: String,
    /// JSON, XML, form, text as 0 to 3.
    pub body_type: u8,
}

/// A member of `domain::recipe::Output`.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct OutputRow {
    /// Axis virtual input, Axis output, Hikvision, Dahua, ONVIF relay as 0 to 4.
    pub kind: u8,
    /// Its number; 0 of a relay.
    pub number: u16,
    /// Token of a relay, else empty.
    pub token: String,
    /// Path of a relay's service, else empty.
    pub path: String,
}

/// A row of `releases`.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub enum ReleaseRow {
    /// First format; members as in `domain::recipe::Release`.
    V1 {
        /// See `Release::undo`.
        undo: UndoRow,
        /// See `Release::due_us`.
        due: i64,
        /// See `Release::hold_ms`.
        hold_ms: u32,
    },
}

/// What is sent to set a state back.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub enum UndoRow {
    /// A request, filled.
    Message(MessageRow),
    /// An output, set to rest.
    Output(OutputRow),
}

/// A row of `credentials`.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub enum CredentialRow {
    /// First format.
    V1 {
        /// `all`, `watch`, `ingest` or `metrics`.
        access: String,
        /// Random bytes that the secret is derived from.
        nonce: [u8; 16],
        /// Nonce of the secret before a rotation, and when that ends (microseconds).
        former: Option<([u8; 16], i64)>,
        /// When it ends, microseconds.
        expires: Option<i64>,
        /// When it was made, microseconds.
        created: i64,
        /// Name of a group or a key; empty for a token.
        name: String,
        /// The token's camera, or the group's.
        cameras: Vec<u32>,
    },
}

/// A row of `users`.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub enum UserRow {
    /// First format; members as in `domain::User`.
    V1 {
        /// See `User::name`.
        name: String,
        /// `admin`, `operator` or `viewer`.
        role: String,
        /// KiB, passes and lanes of Argon2id.
        cost: (u32, u32, u32),
        /// Salt of the password's hash.
        salt: [u8; 16],
        /// The password's hash.
        hash: [u8; 32],
        /// See `User::created`.
        created: i64,
        /// See `User::last_login`.
        last_login: Option<i64>,
    },
}

/// A row of `sessions`.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub enum SessionRow {
    /// First format; members as in `domain::Session`.
    V1 {
        /// See `Session::hash`.
        hash: [u8; 32],
        /// See `Session::user`.
        user: u32,
        /// See `Session::created`.
        created: i64,
        /// See `Session::last_seen`.
        last_seen: i64,
        /// See `Session::address`.
        address: String,
    },
}

/// A row of `audit`.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub enum AuditRow {
    /// First format; members as in `domain::audit::AuditEntry`.
    V1 {
        /// Hash of the entry before.
        previous: [u8; 32],
        /// See `AuditEntry::time`.
        time: i64,
        /// See `AuditEntry::who`.
        who: String,
        /// See `AuditEntry::from`.
        from: String,
        /// See `AuditEntry::action`.
        action: String,
        /// See `AuditEntry::object`.
        object: String,
        /// See `AuditEntry::result`.
        result: String,
        /// See `AuditEntry::detail`.
        detail: String,
    },
    /// What stands before the oldest entry that is kept; at id 0 only.
    AnchorV1 {
        /// The last entry that was given up for its age.
        id: u64,
        /// Its hash.
        hash: [u8; 32],
    },
}

/// A row of `credential_uses`.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub enum UseRow {
    /// First format.
    V1 {
        /// When, microseconds.
        at: i64,
        /// The address that the request came from.
        from: Option<String>,
    },
}

/// A row of `settings`.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub enum SettingRow {
    /// First format.
    V1 {
        /// The value as JSON text.
        json: String,
    },
}

/// A row of `holds`.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub enum HoldRow {
    /// First format; members as in `domain::Hold`.
    V1 {
        /// See `Hold::since`.
        since: i64,
        /// See `Hold::by`.
        by: String,
    },
}

/// A row of `clock_doubts`.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub enum DoubtRow {
    /// First format.
    V1 {
        /// Last event of the run, and when the clock became good, microseconds; none while it is not.
        end: Option<(u64, i64)>,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn event<'a>(uid: Option<&'a str>, meta: &'a str) -> EventRow<'a> {
        EventRow::V1(EventV1 {
            camera: 7,
            event_type: 3,
            time: 1_632_414_600_000_000,
            order_time: None,
            received_at: -5,
            attached: 0,
            uid,
            meta,
        })
    }

    #[test]
    fn a_row_in_the_wrong_place_is_damage() {
        let bytes = encode(12, &event(None, "{}"));
        assert_eq!(decode::<EventRow<'_>>(12, &bytes), Ok(event(None, "{}")));
        assert_eq!(decode::<EventRow<'_>>(13, &bytes), Err(Damage));
    }

    #[test]
    fn a_hostile_length_is_damage() {
        let mut body = vec![0, 253];
        body.extend_from_slice(&u64::MAX.to_le_bytes());
        assert_eq!(decode_plain::<CountsRow>(&body), Err(Damage));
        assert_eq!(
            decode_plain::<ChangeRow<'_>>(&[2, 253, 255, 255, 255, 255, 255, 255, 255, 255]),
            Err(Damage)
        );
    }

    proptest! {
        #[test]
        fn rows_come_back(uid in proptest::option::of("\\PC{0,20}"), meta in "\\PC{0,200}", salt: u64) {
            let row = event(uid.as_deref(), &meta);
            let bytes = encode(salt, &row);
            prop_assert_eq!(decode::<EventRow<'_>>(salt, &bytes).unwrap(), row);
        }

        #[test]
        fn a_flipped_bit_is_damage(meta in "\\PC{0,50}", at: prop::sample::Index, bit in 0..8u8) {
            let mut bytes = encode(1, &event(None, &meta));
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
            prop_assert_eq!(decode::<EventRow<'_>>(1, &bytes), Err(Damage));
        }

        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode_plain::<ChangeRow<'_>>(&bytes);
            let _ = decode_plain::<CredentialRow>(&bytes);
            let _ = decode_plain::<UseRow>(&bytes);
            let _ = decode::<CameraRow>(0, &bytes);
        }
    }
}
