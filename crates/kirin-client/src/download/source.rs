//! Where a download may go.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use http::Uri;

use crate::base_url::is_loopback;

/// A URL that may be downloaded from: https, without credentials, not an address of a private
/// network. Where the API itself is on this machine, its outputs may be too.
///
/// # Errors
///
/// Why not, as a sentence part.
pub(super) fn checked(url: &str, loopback_allowed: bool) -> Result<Uri, &'static str> {
    let uri: Uri = url.parse().map_err(|_| "the output's URL is not a URL")?;
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return Err("the output's URL is not absolute");
    };
    if authority.as_str().contains('@') {
        return Err("the output's URL carries credentials");
    }
    let host = authority.host();
    if loopback_allowed && is_loopback(host) && matches!(scheme, "http" | "https") {
        return Ok(uri);
    }
    match scheme {
        "https" if is_private(host) => {
            Err("the output's URL names an address of a private network")
        }
        "https" => Ok(uri),
        _ => Err("the output's URL does not start with https://"),
    }
}

/// Where a redirect leads, checked as the first URL was.
///
/// # Errors
///
/// Why it is not followed, as a sentence part.
pub(super) fn redirected(
    from: &Uri,
    location: &str,
    loopback_allowed: bool,
) -> Result<Uri, &'static str> {
    let (scheme, authority) = (from.scheme_str().unwrap_or("https"), from.authority());
    let absolute = match (location.strip_prefix("//"), authority) {
        (Some(rest), _) => format!("{scheme}://{rest}"),
        (None, Some(authority)) if location.starts_with('/') => {
            format!("{scheme}://{authority}{location}")
        }
        _ => location.to_owned(),
    };
    checked(&absolute, loopback_allowed)
}

/// Whether a host is an address that a public server has no reason to name. Names are resolved
/// later; what stands here are literal addresses, in every way of writing them that a resolver
/// understands.
fn is_private(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let host = host.strip_suffix('.').unwrap_or(host);
    match host.parse().map(|address: IpAddr| address.to_canonical()) {
        Ok(IpAddr::V4(address)) => is_private_v4(address),
        Ok(IpAddr::V6(address)) => is_private_v6(address),
        Err(_) => is_loopback(host) || is_local_name(host) || ends_in_a_number(host),
    }
}

/// The blocks of the IANA registry that are not globally reachable.
fn is_private_v4(address: Ipv4Addr) -> bool {
    matches!(
        address.octets(),
        [0 | 10 | 127, ..]
            | [100, 64..=127, ..]
            | [169, 254, ..]
            | [172, 16..=31, ..]
            | [192, 0, 0 | 2, _]
            | [192, 168, ..]
            | [198, 18 | 19, ..]
            | [198, 51, 100, _]
            | [203, 0, 113, _]
            | [224..=255, ..]
    )
}

/// All but global unicast, and what carries an IPv4 address that may be private: NAT64, 6to4 and
/// Teredo.
fn is_private_v6(address: Ipv6Addr) -> bool {
    !matches!(address.segments(), [0x2000..=0x3fff, ..])
        || matches!(address.segments(), [0x2001, 0 | 0xdb8, ..] | [0x2002, ..])
}

/// Names that mean this machine or this network, and nothing outside of it.
fn is_local_name(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    [".localhost", ".local", ".internal"]
        .iter()
        .any(|suffix| host.ends_with(suffix))
}

/// An address as one number, in octal or in hexadecimal: no name ends so.
fn ends_in_a_number(host: &str) -> bool {
    let last = host.rsplit('.').next().unwrap_or_default();
    let hexadecimal = last.strip_prefix("0x").or_else(|| last.strip_prefix("0X"));
    match hexadecimal {
        Some(digits) => digits.bytes().all(|digit| digit.is_ascii_hexdigit()),
        None => !last.is_empty() && last.bytes().all(|digit| digit.is_ascii_digit()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_to_public_hosts_is_downloaded_from() {
        for (url, allowed) in [
            ("https://example.com/a.mp4?signature=s", true),
            ("https://93.184.216.34/a.mp4", true),
            ("http://example.com/a.mp4", false),
            ("file:///etc/passwd", false),
            ("javascript:alert(1)", false),
            ("https://user:password@example.com/a.mp4", false),
            ("http://169.254.169.254/latest", false),
            ("https://169.254.169.254/latest", false),
            ("https://10.0.0.1/a.mp4", false),
            ("https://[::1]/a.mp4", false),
            ("https://[::ffff:10.0.0.1]/a.mp4", false),
            ("https://localhost/a.mp4", false),
            ("https://localhost./a.mp4", false),
            ("https://a.localhost/a.mp4", false),
            ("https://metadata.google.internal/a.mp4", false),
            ("https://127.0.0.1./a.mp4", false),
            ("https://2130706433/a.mp4", false),
            ("https://0x7f000001/a.mp4", false),
            ("https://0177.0.0.1/a.mp4", false),
            ("https://127.1/a.mp4", false),
            ("https://0.0.0.0/a.mp4", false),
            ("https://100.64.0.1/a.mp4", false),
            ("https://172.31.255.255/a.mp4", false),
            ("https://172.32.0.1/a.mp4", true),
            ("https://192.0.0.1/a.mp4", false),
            ("https://198.18.0.1/a.mp4", false),
            ("https://224.0.0.1/a.mp4", false),
            ("https://255.255.255.255/a.mp4", false),
            ("https://[::]/a.mp4", false),
            ("https://[fe80::1]/a.mp4", false),
            ("https://[fd00::1]/a.mp4", false),
            ("https://[64:ff9b::a9fe:a9fe]/a.mp4", false),
            ("https://[2002:a9fe:a9fe::1]/a.mp4", false),
            ("https://[2001:0:1::1]/a.mp4", false),
            ("https://[2606:2800:220:1::1]/a.mp4", true),
            ("https://1.example.com/a.mp4", true),
            ("https://cdn.0xabc.example/a.mp4", true),
            ("http://127.0.0.1:4010/a.mp4", false),
        ] {
            assert_eq!(checked(url, false).is_ok(), allowed, "{url}");
        }
        assert!(checked("http://127.0.0.1:4010/a.mp4", true).is_ok());
        assert!(checked("http://10.0.0.1/a.mp4", true).is_err());
    }

    #[test]
    fn redirects_are_resolved_and_checked() {
        let from: Uri = "https://example.com/a/b?q".parse().unwrap();
        for (location, expected) in [
            ("/c", Ok("https://example.com/c")),
            ("//cdn.example.com/c", Ok("https://cdn.example.com/c")),
            ("https://cdn.example.com/c", Ok("https://cdn.example.com/c")),
            (
                "http://example.com/c",
                Err("the output's URL does not start with https://"),
            ),
            ("c", Err("the output's URL is not absolute")),
        ] {
            let found = redirected(&from, location, false).map(|uri| uri.to_string());
            assert_eq!(
                found.as_deref().map_err(|reason| *reason),
                expected,
                "{location}"
            );
        }
    }
}
