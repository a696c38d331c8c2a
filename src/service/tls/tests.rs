//! The own authority over time, and what is refused of files.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::*;
use crate::domain::time::{HOUR_US, SECOND_US};
use crate::service::clock::Clock;
use crate::service::clock_watch::BUILT;
use crate::service::{Services, Settings};
use crate::store::{Options, TlsFile};

const START: Timestamp = Timestamp(1_790_000_000 * SECOND_US);

fn open(dir: &Path, clock: &Clock) -> Services {
    let options = Options { min_free_bytes: Some(0), ..Options::default() };
    Services::open(dir, options, Settings::default(), clock.clone()).unwrap()
}

fn own(names: &[&str]) -> Mode {
    Mode::OwnCa { names: names.iter().map(|name| (*name).to_owned()).collect() }
}

fn shown(services: &Services) -> Facts {
    services.tls.report().certificate.unwrap()
}

#[test]
fn the_own_certificate_is_renewed_thirty_days_before_its_end_and_not_sooner() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Clock::manual(START);
    let services = open(dir.path(), &clock);
    services.tls.begin(own(&["nvr.example"])).unwrap();
    let first = shown(&services);
    let lasts = first.not_after.0 - first.not_before.0;
    assert_eq!(lasts, 397 * DAY_US);
    assert!(first.not_before < START && first.names.contains(&"nvr.example".to_owned()));

    clock.advance_us(first.not_after.0 - START.0 - 30 * DAY_US - SECOND_US);
    services.tls.pass().unwrap();
    assert_eq!(shown(&services), first, "a second before");
    clock.advance_us(SECOND_US);
    services.tls.pass().unwrap();
    let second = shown(&services);
    assert_ne!(second.fingerprint, first.fingerprint);
    assert!(second.not_after.0 - first.not_after.0 > 360 * DAY_US);
    let authority = services.tls.report().authority.unwrap();
    assert!(authority.not_after.0 - START.0 > 19 * 365 * DAY_US);
    assert_eq!(services.tls.health().unwrap().0, Health::Ok);
}

#[test]
fn authority_and_certificate_outlive_a_restart_in_files_for_their_owner_alone() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Clock::manual(START);
    let before = {
        let services = open(dir.path(), &clock);
        services.tls.begin(own(&[])).unwrap();
        let report = services.tls.report();
        services.close();
        report
    };
    for file in [TlsFile::Authority, TlsFile::Certificate] {
        let meta = std::fs::metadata(dir.path().join(file.name())).unwrap();
        assert_eq!(meta.permissions().mode() & 0o777, 0o600);
    }
    clock.advance_us(HOUR_US);
    let services = open(dir.path(), &clock);
    services.tls.begin(own(&[])).unwrap();
    assert_eq!(services.tls.report(), before);
    let (facts, pem) = services.tls.authority().unwrap().unwrap();
    assert_eq!(Some(facts), before.authority);
    assert!(pem.starts_with("-----BEGIN CERTIFICATE-----") && !pem.contains("PRIVATE"));
    services.close();
}

#[test]
fn a_name_that_comes_is_taken_in_and_one_that_goes_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Clock::manual(START);
    let services = open(dir.path(), &clock);
    let (authority, _) = (Authority::open(dir.path(), START).unwrap(), &services);
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let made =
        |wanted: &[&str]| authority.certificate(dir.path(), &names(wanted), clock.now()).unwrap().1;
    let first = made(&["a.example", "10.0.0.5"]);
    assert_eq!(first.names, ["a.example", "10.0.0.5"]);
    assert_eq!(made(&["a.example"]), first);
    let second = made(&["a.example", "10.0.0.6", "2001:db8::1"]);
    assert_eq!(second.names, ["a.example", "10.0.0.6", "2001:db8::1"]);
}

#[test]
fn a_clock_that_is_wrong_at_the_first_start_is_made_good_later() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Clock::manual(Timestamp(86_400 * SECOND_US)); // 1970
    let services = open(dir.path(), &clock);
    services.tls.begin(own(&[])).unwrap();
    let first = shown(&services);
    assert!(first.not_before >= BUILT, "no earlier day is possible");
    services.tls.pass().unwrap();
    assert_eq!(shown(&services), first, "it is not made anew as long as the clock is wrong");
    assert!(services.tls.report().authority.unwrap().not_before < BUILT);

    // Somebody sets the clock: two years after the build, when the first one has ended.
    clock.step_us(BUILT.0 + 2 * 365 * DAY_US - clock.now().0);
    services.tls.pass().unwrap();
    let second = shown(&services);
    assert!((second.not_before..second.not_after).contains(&clock.now()));
    assert!(second.not_after.0 > clock.now().0 + 390 * DAY_US);

    // The battery is empty: what is known of the time is not thrown away.
    clock.step_us(-clock.now().0);
    services.tls.pass().unwrap();
    assert_eq!(shown(&services), second);
}

#[test]
fn a_clock_that_was_ahead_leaves_no_certificate_of_the_future() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Clock::manual(Timestamp(START.0 + 3_000 * DAY_US));
    let services = open(dir.path(), &clock);
    services.tls.begin(own(&[])).unwrap();
    clock.step_us(-3_000 * DAY_US);
    services.tls.pass().unwrap();
    let shown = shown(&services);
    assert!((shown.not_before..shown.not_after).contains(&START));
}

#[test]
fn a_certificate_of_an_authority_that_was_removed_goes_with_it() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Clock::manual(START);
    let names = ["a.example".to_owned()];
    let old = Authority::open(dir.path(), START).unwrap();
    let first = old.certificate(dir.path(), &names, clock.now()).unwrap().1;
    std::fs::remove_file(dir.path().join(TlsFile::Authority.name())).unwrap();
    let new = Authority::open(dir.path(), START).unwrap();
    assert_ne!(new.facts().fingerprint, old.facts().fingerprint);
    assert_ne!(new.certificate(dir.path(), &names, clock.now()).unwrap().1, first);
}

#[test]
fn an_authority_that_cannot_be_read_is_not_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(TlsFile::Authority.name());
    std::fs::write(&path, "nothing").unwrap();
    let error = Authority::open(dir.path(), START).unwrap_err().to_string();
    assert!(error.contains("tls-ca.pem") && error.contains("remove it"), "{error}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "nothing");
}

#[test]
fn what_is_no_pair_is_refused_and_the_one_before_stays() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Clock::manual(START);
    let services = open(dir.path(), &clock);
    let [certificate, key] = ["cert.pem", "key.pem"].map(|name| dir.path().join(name));
    let pair = |host: &str| {
        let made = rcgen::generate_simple_self_signed([host.to_owned()]).unwrap();
        (made.cert.pem(), made.signing_key.serialize_pem())
    };
    let (first, second) = (pair("one.example"), pair("two.example"));
    let write = |c: &str, k: &str| {
        std::fs::write(&certificate, c).unwrap();
        std::fs::write(&key, k).unwrap();
    };
    let mode = || Mode::Files { certificate: certificate.clone(), key: key.clone() };
    assert!(matches!(services.tls.begin(mode()), Err(TlsError::Unreadable { .. })));
    write(&first.0, &first.1);
    services.tls.renew().unwrap();
    for (text, c, k, said) in [
        ("keys of another", &first.0[..], &second.1[..], "not that of the certificate"),
        ("no key", &first.0, "", "no private key"),
        ("no certificate", "", &first.1, "no certificate"),
        ("half a certificate", &first.0[..200], &first.1, "cert.pem"),
        ("no PEM at all", "\u{0}\u{1}", &first.1, "no certificate"),
    ] {
        write(c, k);
        let error = services.tls.renew().unwrap_err().to_string();
        assert!(error.contains(said) && error.contains(".pem"), "{text}: {error}");
        assert_eq!(shown(&services).names, ["one.example"], "{text}");
    }
    write(&second.0, &second.1);
    services.tls.renew().unwrap();
    assert_eq!(shown(&services).names, ["two.example"]);
    assert_eq!(services.tls.report().mode, "files");
}
