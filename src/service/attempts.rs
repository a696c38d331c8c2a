//! Guessing: how often somebody may fail before waiting is all that helps. Never a lock for good, and
//! never one for other addresses (operations.md 5.5).

use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard};

use super::error::{Error, Result};
use crate::domain::time::{MINUTE_US, SECOND_US};

/// Failures of one user from one address within [`WINDOW_US`].
const PER_USER_MAX: usize = 5;
/// Failures from one address within [`WINDOW_US`], whatever the user.
const PER_ADDRESS_MAX: usize = 20;
/// How long a failure counts, microseconds.
const WINDOW_US: i64 = 15 * MINUTE_US;
/// Places that are remembered; the longest quiet one gives way.
const PLACES_MAX: usize = 4_096;
/// Different unknown tokens from one address in [`UNKNOWN_WINDOW_US`].
const UNKNOWN_MAX: usize = 60;
/// How long an unknown token counts, microseconds.
const UNKNOWN_WINDOW_US: i64 = MINUTE_US;

/// Failures of log-ins.
#[derive(Debug, Default)]
pub(super) struct Attempts(Mutex<HashMap<Place, VecDeque<i64>>>);

/// An address, with a user or for all of them.
type Place = (Option<IpAddr>, Option<String>);

impl Attempts {
    /// Counts an attempt before it is made, so that many at once are no way around: as failed, until
    /// [`Self::succeeded`] says otherwise. Times are monotonic microseconds.
    ///
    /// # Errors
    /// [`Error::TooManyAttempts`]; the attempt is not counted then.
    pub fn begin(&self, user: &str, from: Option<IpAddr>, now: i64) -> Result<()> {
        let places = places(user, from);
        let mut all = self.lock();
        let mut wait_us = 0;
        for (place, max) in &places {
            if let Some(failures) = all.get_mut(place) {
                failures.retain(|at| now - at < WINDOW_US);
                if failures.len() >= *max {
                    wait_us = wait_us.max(failures[0] + WINDOW_US - now);
                }
            }
        }
        if wait_us > 0 {
            return Err(too_many(wait_us));
        }
        for (place, _) in places {
            make_room(&mut all, |failures| failures.back().copied().unwrap_or(i64::MIN));
            all.entry(place).or_default().push_back(now);
        }
        Ok(())
    }

    /// The attempt begun at `begun` was none to count: it was right, or could not be judged.
    pub fn succeeded(&self, user: &str, from: Option<IpAddr>, begun: i64) {
        let mut all = self.lock();
        for (place, _) in places(user, from) {
            if let Some(failures) = all.get_mut(&place) {
                if let Some(at) = failures.iter().position(|at| *at == begun) {
                    failures.remove(at);
                }
                if failures.is_empty() {
                    all.remove(&place);
                }
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Place, VecDeque<i64>>> {
        self.0.lock().expect("nothing panics while it is held")
    }
}

/// What fails at `user` from `from` is counted under, with the most of each.
fn places(user: &str, from: Option<IpAddr>) -> [(Place, usize); 2] {
    let from = from.map(network);
    [((from, Some(user.to_owned())), PER_USER_MAX), ((from, None), PER_ADDRESS_MAX)]
}

/// The address; of IPv6 the /64, since one machine has all of that.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// Takes the longest quiet place away if there is no room for another.
fn make_room<K: Clone + Eq + std::hash::Hash, V>(
    all: &mut HashMap<K, V>,
    last: impl Fn(&V) -> i64,
) {
    if all.len() >= PLACES_MAX
        && let Some(oldest) = all.iter().min_by_key(|(_, v)| last(v)).map(|(k, _)| k.clone())
    {
        all.remove(&oldest);
    }
}

fn too_many(wait_us: i64) -> Error {
    let retry_after_s =
        u64::try_from(wait_us.max(0)).unwrap_or(0).div_ceil(SECOND_US.cast_unsigned());
    Error::TooManyAttempts { retry_after_s: retry_after_s.max(1) }
}

/// Unknown tokens by address: a guesser sends many different ones, a badly set camera one over and over.
#[derive(Debug, Default)]
pub(super) struct UnknownTokens {
    hasher: RandomState,
    seen: Mutex<HashMap<IpAddr, Seen>>,
}

#[derive(Debug)]
struct Seen {
    since: i64,
    tokens: HashSet<u64>,
}

impl UnknownTokens {
    /// What somebody who presented an unknown token is told.
    pub fn refusal(&self, token: &str, from: Option<IpAddr>, now: i64) -> Error {
        let Some(from) = from.map(network) else { return Error::InvalidAuth };
        let mut all = self.seen.lock().expect("nothing panics while it is held");
        if !all.contains_key(&from) {
            make_room(&mut all, |seen| seen.since);
        }
        let seen = all.entry(from).or_insert_with(|| Seen { since: now, tokens: HashSet::new() });
        if now - seen.since >= UNKNOWN_WINDOW_US {
            *seen = Seen { since: now, tokens: HashSet::new() };
        }
        if seen.tokens.len() <= UNKNOWN_MAX {
            seen.tokens.insert(self.hasher.hash_one(token));
        }
        if seen.tokens.len() > UNKNOWN_MAX {
            return too_many(seen.since + UNKNOWN_WINDOW_US - now);
        }
        Error::InvalidAuth
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn five_failures_of_a_user_wait_and_others_do_not() {
        let attempts = Attempts::default();
        for second in 0..5 {
            attempts.begin("m", Some(at("10.0.0.5")), second * SECOND_US).unwrap();
        }
        let refused = attempts.begin("m", Some(at("10.0.0.5")), 10 * SECOND_US);
        assert!(matches!(refused, Err(Error::TooManyAttempts { retry_after_s: 890 })));
        attempts.begin("m", Some(at("10.0.0.6")), 10 * SECOND_US).unwrap();
        attempts.begin("k", Some(at("10.0.0.5")), 10 * SECOND_US).unwrap();
        attempts.begin("m", Some(at("10.0.0.5")), WINDOW_US).unwrap();
        assert!(attempts.begin("m", Some(at("10.0.0.5")), WINDOW_US).is_err());
    }

    #[test]
    fn twenty_failures_of_an_address_wait_whoever_is_tried() {
        let attempts = Attempts::default();
        for n in 0..20 {
            attempts.begin(&format!("user{n}"), Some(at("2001:db8::1")), 0).unwrap();
        }
        assert!(attempts.begin("another", Some(at("2001:db8::ffff")), 0).is_err());
        attempts.begin("another", Some(at("2001:db8:0:1::1")), 0).unwrap();
        assert!(attempts.begin("another", Some(at("::ffff:10.0.0.5")), 0).is_ok());
    }

    #[test]
    fn a_success_does_not_count() {
        let attempts = Attempts::default();
        for n in 0..100 {
            attempts.begin("m", Some(at("10.0.0.5")), n).unwrap();
            attempts.succeeded("m", Some(at("10.0.0.5")), n);
        }
        assert!(attempts.lock().is_empty());
    }

    #[test]
    fn memory_is_bounded() {
        let attempts = Attempts::default();
        let unknown = UnknownTokens::default();
        for n in 0..u32::try_from(PLACES_MAX).unwrap() * 2 {
            let address = Some(IpAddr::V4((n + 0x0a00_0000).into()));
            attempts.begin("m", address, i64::from(n)).unwrap();
            unknown.refusal("x", address, i64::from(n));
        }
        assert!(attempts.lock().len() <= PLACES_MAX);
        assert!(unknown.seen.lock().unwrap().len() <= PLACES_MAX);
    }

    #[test]
    fn many_different_unknown_tokens_wait_and_one_does_not() {
        let unknown = UnknownTokens::default();
        let refused = |token: &str, now| {
            matches!(
                unknown.refusal(token, Some(at("10.0.0.5")), now),
                Error::TooManyAttempts { .. }
            )
        };
        assert!((0..1_000).all(|_| !refused("same", 0)));
        assert!((1..UNKNOWN_MAX).all(|n| !refused(&n.to_string(), 0)));
        assert!(refused("one more", 0) && refused("same", SECOND_US));
        assert!(!refused("same", UNKNOWN_WINDOW_US));
    }
}
