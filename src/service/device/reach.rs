//! Which addresses the server speaks to as cameras'.
//!
//! Cameras live in private networks, so those are fine. What is never a camera's is refused: the machine
//! itself, link-local (where clouds keep their machines' own data), multicast, and what is no host at all.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::Failure;
use crate::domain::Network;

/// Addresses in ordinary networks at which clouds keep their machines' own data.
const METADATA: [IpAddr; 2] = [
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
];

/// Whether `address` may be a camera's.
pub(super) fn is_allowed(address: IpAddr, allow: &[Network]) -> bool {
    let address = address.to_canonical();
    if allow.iter().any(|network| network.contains(address)) {
        return true;
    }
    let is_never = match address {
        IpAddr::V4(v4) => {
            v4.is_loopback()
                || v4.is_link_local()
                || v4.is_multicast()
                || v4.is_broadcast()
                || v4.octets()[0] == 0
        }
        IpAddr::V6(v6) => {
            v6.is_loopback()
                || v6.is_unicast_link_local()
                || v6.is_multicast()
                || v6.is_unspecified()
        }
    };
    !is_never && !METADATA.contains(&address)
}

/// The addresses of `host`, those that may be spoken to, in the resolver's order.
///
/// # Errors
/// [`Failure::Unresolved`], [`Failure::AddressRefused`] if none is left.
pub(super) async fn resolve(
    host: &str,
    port: u16,
    allow: &[Network],
) -> Result<Vec<SocketAddr>, Failure> {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    let found: Vec<SocketAddr> = if let Ok(address) = bare.parse::<IpAddr>() {
        vec![SocketAddr::new(address, port)]
    } else {
        let found = tokio::net::lookup_host((bare, port)).await;
        found.map_err(|_| Failure::Unresolved)?.collect()
    };
    if found.is_empty() {
        return Err(Failure::Unresolved);
    }
    let allowed: Vec<SocketAddr> =
        found.into_iter().filter(|address| is_allowed(address.ip(), allow)).collect();
    if allowed.is_empty() { Err(Failure::AddressRefused) } else { Ok(allowed) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_networks_are_cameras_and_the_machine_itself_is_not() {
        for good in
            ["10.0.0.7", "192.168.1.2", "172.16.0.1", "203.0.113.9", "fd12::7", "2001:db8::7"]
        {
            assert!(is_allowed(good.parse().unwrap(), &[]), "{good}");
        }
        for bad in [
            "127.0.0.1",
            "127.8.8.8",
            "::1",
            "::ffff:127.0.0.1",
            "169.254.169.254",
            "::ffff:169.254.169.254",
            "fe80::1",
            "224.0.0.251",
            "ff02::1",
            "255.255.255.255",
            "0.0.0.0",
            "0.1.2.3",
            "::",
            "100.100.100.200",
            "fd00:ec2::254",
        ] {
            assert!(!is_allowed(bad.parse().unwrap(), &[]), "{bad}");
        }
    }

    #[test]
    fn what_is_allowed_by_name_is_allowed() {
        let allow = ["127.0.0.0/8".parse().unwrap(), "fe80::/10".parse().unwrap()];
        assert!(is_allowed("127.0.0.1".parse().unwrap(), &allow));
        assert!(is_allowed("fe80::1".parse().unwrap(), &allow));
        assert!(!is_allowed("::1".parse().unwrap(), &allow));
    }
}
