//! What this machine is called: the names and addresses that its own certificate is for.

use std::collections::BTreeSet;
use std::net::IpAddr;

/// Most names in a certificate, so that a machine with many interfaces still gets one that clients read.
const NAMES_MAX: usize = 128;

/// Names and addresses under which clients may reach this machine, in a steady order: what was given,
/// the public address's host, the host's name (also as multicast DNS has it) and the interfaces'
/// addresses. A link-local IPv6 address means nothing without its interface and is left out.
pub(super) fn names(given: &[String], public_host: Option<&str>) -> Vec<String> {
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let addresses = nix::ifaddrs::getifaddrs().map(|found| {
        let address = |found: nix::ifaddrs::InterfaceAddress| address(&found.address?);
        found.filter_map(address).collect()
    });
    let addresses = addresses.unwrap_or_else(|error| {
        tracing::warn!(%error, "the addresses of this machine are not known");
        Vec::new()
    });
    collect(given, public_host, &host, &addresses)
}

fn address(found: &nix::sys::socket::SockaddrStorage) -> Option<IpAddr> {
    let v4 = found.as_sockaddr_in().map(|address| IpAddr::from(address.ip()));
    v4.or_else(|| found.as_sockaddr_in6().map(|address| IpAddr::from(address.ip())))
}

fn collect(
    given: &[String],
    public_host: Option<&str>,
    host: &str,
    addresses: &[IpAddr],
) -> Vec<String> {
    // What somebody said comes first: it is not what is left out when there are too many.
    let mut names = Vec::new();
    let mut known = BTreeSet::new();
    let mut add = |name: String| {
        if !name.is_empty() && known.insert(name.clone()) && names.len() < NAMES_MAX {
            names.push(name);
        }
    };
    for name in given.iter().map(String::as_str).chain(public_host) {
        add(plain(name));
    }
    let is_host = host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte));
    if is_host && !host.is_empty() {
        add(plain(host));
        let short = host.split('.').next().unwrap_or(host);
        add(plain(short));
        add(plain(&format!("{short}.local")));
    }
    add("localhost".to_owned());
    add("127.0.0.1".to_owned());
    add("::1".to_owned());
    let mut addresses: Vec<IpAddr> = addresses.iter().map(IpAddr::to_canonical).collect();
    addresses.sort_unstable();
    for address in addresses {
        let is_local = matches!(address, IpAddr::V6(v6) if v6.is_unicast_link_local());
        if !is_local && !address.is_unspecified() && !address.is_multicast() {
            add(address.to_string());
        }
    }
    names
}

/// A name as it is compared: small letters, an address in its one form and without brackets.
fn plain(name: &str) -> String {
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    match bare.parse::<IpAddr>() {
        Ok(address) => address.to_canonical().to_string(),
        Err(_) => name.to_ascii_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_has_its_names_and_addresses_once_each() {
        let given = ["NVR.example".to_owned(), "2001:DB8::1".to_owned()];
        let addresses = ["10.0.0.5", "127.0.0.1", "fe80::1", "2001:db8::1", "169.254.3.4"];
        let addresses = addresses.map(|text| text.parse().unwrap());
        let names = collect(&given, Some("[2001:db8::2]"), "recorder.site", &addresses);
        let expected = [
            "nvr.example",
            "2001:db8::1",
            "2001:db8::2",
            "recorder.site",
            "recorder",
            "recorder.local",
            "localhost",
            "127.0.0.1",
            "::1",
            "10.0.0.5",
            "169.254.3.4",
        ];
        assert_eq!(names, expected);
    }

    #[test]
    fn a_machine_with_many_addresses_keeps_what_was_given() {
        let addresses: Vec<IpAddr> =
            (0..1_000_u32).map(|n| IpAddr::from(n.to_be_bytes())).collect();
        let names = collect(&["nvr.example".to_owned()], None, "h\u{e4}fen", &addresses);
        assert_eq!(names.len(), NAMES_MAX);
        assert_eq!(names[..2], ["nvr.example", "localhost"]);
    }

    #[test]
    fn this_machine_is_known() {
        let names = names(&[], None);
        assert!(names.iter().any(|name| name == "127.0.0.1"), "{names:?}");
    }
}
