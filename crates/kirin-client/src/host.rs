//! Hosts as they appear in URLs.

use http::uri::Authority;

/// A host in small letters, and its port unless it is the usual one: a host that is written in two ways is one.
///
/// # Errors
///
/// Why it cannot be in a URL that is asked, as a sentence part.
pub(crate) fn host_and_port(authority: &Authority, usual: u16) -> Result<String, &'static str> {
    let (text, host) = (authority.as_str(), authority.host());
    if text.contains('@') {
        return Err("it must not carry a user name or password");
    }
    if host.is_empty() {
        return Err("it names no host");
    }
    let host = host.to_ascii_lowercase();
    match (text.len() - host.len(), authority.port_u16()) {
        (0 | 1, None) => Ok(host),
        (_, None) => Err("its port is no number up to 65535"),
        (_, Some(port)) if port == usual => Ok(host),
        (_, Some(port)) => Ok(format!("{host}:{port}")),
    }
}

/// Whether a URL's host is this machine: `localhost`, 127.0.0.0/8 or `[::1]`.
pub(crate) fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || address
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}
