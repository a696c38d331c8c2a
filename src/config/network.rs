//! `http.trusted_proxies`: networks as they are written.

use std::net::IpAddr;

use ipnet::IpNet;

use super::ConfigError;

/// Most networks of proxies that may be given.
const PROXIES_MAX: usize = 64;

/// Networks as `10.0.0.0/8`, or as single addresses.
pub(super) fn proxies(texts: &[String]) -> Result<Vec<IpNet>, ConfigError> {
    if texts.len() > PROXIES_MAX {
        let text = format!("http.trusted_proxies has more than {PROXIES_MAX} networks");
        return Err(ConfigError::Value(text));
    }
    let network = |text: &String| {
        let text = text.trim();
        let address = || text.parse::<IpAddr>().map(IpNet::from);
        text.parse::<IpNet>().or_else(|_| address()).map_err(|_| {
            let wanted = "is not a network like 10.0.0.0/8";
            ConfigError::Value(format!("http.trusted_proxies: {text:?} {wanted}"))
        })
    };
    texts.iter().map(network).collect()
}
