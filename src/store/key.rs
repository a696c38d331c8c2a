//! Composite keys: big-endian, fixed width, so that byte order is field order.

use std::cmp::Ordering;

use redb::{Key, TypeName, Value};

/// Number that stands in the tag index and its counters for "has a picture". Tags get theirs from 1 on, and
/// a database has no room for so many.
pub const PICTURE_READY: u32 = u32::MAX;
/// The same for "a picture is expected": what is left to give up after a restart.
pub const PICTURE_EXPECTED: u32 = u32::MAX - 1;
/// The same for "a metadata file is expected".
pub const FILEMETA_EXPECTED: u32 = u32::MAX - 2;

/// Defines a key struct with its layout, in the order of its fields.
macro_rules! key {
    ($(#[$doc:meta])* $name:ident, $width:literal { $($(#[$field_doc:meta])* $field:ident: $type:ty),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name { $($(#[$field_doc])* pub $field: $type,)+ }

        impl $name {
            fn encode(&self) -> [u8; $width] {
                let mut bytes = [0; $width];
                let mut at = 0;
                $(
                    let part = self.$field.sorted_bytes();
                    bytes[at..at + part.len()].copy_from_slice(&part);
                    at += part.len();
                )+
                debug_assert_eq!(at, $width);
                bytes
            }

            fn decode(bytes: &[u8]) -> Self {
                let mut at = 0;
                $(
                    let width = size_of::<$type>();
                    let $field = <$type>::from_sorted(&bytes[at..at + width]);
                    at += width;
                )+
                debug_assert_eq!(at, $width);
                Self { $($field,)+ }
            }
        }

        impl Value for $name {
            type SelfType<'a> = Self;
            type AsBytes<'a> = [u8; $width];
            fn fixed_width() -> Option<usize> {
                Some($width)
            }
            fn from_bytes<'a>(data: &'a [u8]) -> Self where Self: 'a {
                Self::decode(data)
            }
            fn as_bytes<'a, 'b: 'a>(value: &'a Self) -> [u8; $width] where Self: 'b {
                value.encode()
            }
            fn type_name() -> TypeName {
                TypeName::new(concat!("watchpost::", stringify!($name), "/1"))
            }
        }

        impl Key for $name {
            fn compare(a: &[u8], b: &[u8]) -> Ordering {
                a.cmp(b)
            }
        }
    };
}

/// A number whose bytes sort as it does.
trait Sorted: Sized {
    type Bytes: AsRef<[u8]>;
    fn sorted_bytes(&self) -> Self::Bytes;
    fn from_sorted(bytes: &[u8]) -> Self;
}

macro_rules! sorted {
    ($($type:ty, $width:literal, $flip:expr;)+) => {$(
        impl Sorted for $type {
            type Bytes = [u8; $width];
            fn sorted_bytes(&self) -> [u8; $width] {
                (*self ^ $flip).to_be_bytes()
            }
            fn from_sorted(bytes: &[u8]) -> Self {
                let mut part = [0; $width];
                part.copy_from_slice(bytes);
                Self::from_be_bytes(part) ^ $flip
            }
        }
    )+};
}
sorted! {
    u16, 2, 0;
    u32, 4, 0;
    u64, 8, 0;
    i64, 8, i64::MIN;
}

key! {
    /// Key of `events_by_time`: `time: i64, sign flipped | id: u64`, 16 bytes.
    TimeKey, 16 {
        /// `order_time` in microseconds.
        time: i64,
        /// Event id: two events at one microsecond both have a place.
        id: u64,
    }
}

key! {
    /// Key of `events_by_series`: `camera: u32 | event_type: u16 | time: i64 | id: u64`, 22 bytes.
    SeriesKey, 22 {
        /// Camera.
        camera: u32,
        /// Number of the event type's name.
        event_type: u16,
        /// `order_time` in microseconds.
        time: i64,
        /// Event id.
        id: u64,
    }
}

key! {
    /// Key of `event_tags`: `tag: u32 | time: i64 | id: u64`, 20 bytes.
    TagKey, 20 {
        /// Number of the tag.
        tag: u32,
        /// `order_time` in microseconds.
        time: i64,
        /// Event id.
        id: u64,
    }
}

key! {
    /// Camera and event type: value of the time and tag indexes, key of `series`, 6 bytes.
    Series, 6 {
        /// Camera.
        camera: u32,
        /// Number of the event type's name.
        event_type: u16,
    }
}

key! {
    /// Key of `event_counts`: `day | tag | camera | event_type`, 14 bytes; 0 means "all".
    ///
    /// Time first: the rows of today share a few hot leaves (contract storage 3).
    DayKey, 14 {
        /// Days since the epoch.
        day: u32,
        /// Number of the tag, 0 = tagged or not.
        tag: u32,
        /// Camera, 0 = all.
        camera: u32,
        /// Event type, 0 = all.
        event_type: u16,
    }
}

key! {
    /// Key of `event_minutes`: `hour | event_type`, 6 bytes; type 0 means "all".
    HourKey, 6 {
        /// Hours since the epoch.
        hour: u32,
        /// Event type, 0 = all.
        event_type: u16,
    }
}

key! {
    /// Key of `idempotency_by_age`: `arrival | id`, 16 bytes.
    AgeKey, 16 {
        /// When the event was taken in, microseconds.
        arrival: i64,
        /// Event id.
        id: u64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A key survives its bytes, and bytes sort as keys do.
    fn holds<K>(a: K, b: K) -> Result<(), TestCaseError>
    where
        K: for<'a> Value<SelfType<'a> = K> + Key + Ord + Copy + 'static,
    {
        let (left, right) = (K::as_bytes(&a), K::as_bytes(&b));
        prop_assert_eq!(K::from_bytes(left.as_ref()), a);
        prop_assert_eq!(Some(left.as_ref().len()), K::fixed_width());
        prop_assert_eq!(K::compare(left.as_ref(), right.as_ref()), a.cmp(&b));
        Ok(())
    }

    proptest! {
        #[test]
        fn time_keys(a: (i64, u64), b: (i64, u64)) {
            holds(TimeKey { time: a.0, id: a.1 }, TimeKey { time: b.0, id: b.1 })?;
            holds(AgeKey { arrival: a.0, id: a.1 }, AgeKey { arrival: b.0, id: b.1 })?;
        }

        #[test]
        fn series_keys(a: (u32, u16, i64, u64), b: (u32, u16, i64, u64), same: bool) {
            let b = if same { (a.0, a.1, b.2, b.3) } else { b };
            let key = |k: (u32, u16, i64, u64)| SeriesKey { camera: k.0, event_type: k.1, time: k.2, id: k.3 };
            holds(key(a), key(b))?;
            holds(Series { camera: a.0, event_type: a.1 }, Series { camera: b.0, event_type: b.1 })?;
        }

        #[test]
        fn tag_keys(a: (u32, i64, u64), b: (u32, i64, u64)) {
            let key = |k: (u32, i64, u64)| TagKey { tag: k.0, time: k.1, id: k.2 };
            holds(key(a), key(b))?;
            holds(key(a), key((a.0, b.1, b.2)))?;
        }

        #[test]
        fn count_keys(a: (u32, u32, u32, u16), b: (u32, u32, u32, u16)) {
            let key = |k: (u32, u32, u32, u16)| DayKey { day: k.0, tag: k.1, camera: k.2, event_type: k.3 };
            holds(key(a), key(b))?;
            holds(key(a), key((a.0, a.1, b.2, b.3)))?;
            holds(HourKey { hour: a.0, event_type: a.3 }, HourKey { hour: b.0, event_type: b.3 })?;
        }
    }
}
