//! The one host that is spoken to without encryption, because the caller named it.

use std::{fmt, net::Ipv6Addr};

use http::{Uri, uri::Authority};

use crate::host::host_and_port;

/// A host and its port, as in the URLs that name it: without the port that is usual for plain HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PlainHost(String);

impl PlainHost {
    /// Reads `emulator:4010`, `10.0.0.5` or `[fd00::1]:4010`.
    ///
    /// # Errors
    ///
    /// It is no host, or more than a host and its port.
    pub(crate) fn parse(text: &str) -> Result<Self, InvalidPlainHost> {
        let authority: Authority = text.parse().map_err(|_| InvalidPlainHost)?;
        match host_and_port(&authority, 80) {
            Ok(host) if is_host(authority.host()) => Ok(Self(host)),
            _ => Err(InvalidPlainHost),
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a URL leads to it without encryption.
    pub(crate) fn is_of(&self, uri: &Uri) -> bool {
        let of_uri = uri.authority().map(|it| host_and_port(it, 80));
        uri.scheme_str() == Some("http") && of_uri.is_some_and(|it| it.is_ok_and(|it| it == self.0))
    }
}

/// Longest name of a host (RFC 1035).
const LONGEST: usize = 253;

fn is_host(host: &str) -> bool {
    match host.strip_prefix('[').and_then(|it| it.strip_suffix(']')) {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => {
            let is_legal = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
            host.len() <= LONGEST && host.bytes().all(is_legal)
        }
    }
}

/// A text that names no host for plain HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct InvalidPlainHost;

impl fmt::Display for InvalidPlainHost {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a host for plain HTTP is a name or an address, and a port if it is not 80: emulator:4010")
    }
}

impl std::error::Error for InvalidPlainHost {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_name_or_an_address_with_a_port() {
        for (text, expected) in [
            ("emulator:4010", Some("emulator:4010")),
            ("Emulator", Some("emulator")),
            ("emulator:80", Some("emulator")),
            ("10.0.0.5:8080", Some("10.0.0.5:8080")),
            ("[FD00::1]:4010", Some("[fd00::1]:4010")),
            ("", None),
            (":4010", None),
            ("http://emulator:4010", None),
            ("emulator:4010/", None),
            ("emulator:4010/path", None),
            ("emulator:65536", None),
            ("emulator:port", None),
            ("user@emulator:4010", None),
            ("two words", None),
            ("emulator?x", None),
            ("*", None),
            ("a,b", None),
            ("[::1", None),
        ] {
            let host = PlainHost::parse(text);
            let host = host.as_ref().ok().map(PlainHost::as_str);
            assert_eq!(host, expected, "{text:?}");
        }
    }

    #[test]
    fn a_url_leads_to_it_by_its_host_and_port_over_plain_http() {
        let host = PlainHost::parse("emulator:4010").unwrap();
        for (url, expected) in [
            ("http://emulator:4010/a.mp4", true),
            ("http://EMULATOR:4010", true),
            ("https://emulator:4010/a.mp4", false),
            ("http://emulator/a.mp4", false),
            ("http://emulator:4011/a.mp4", false),
            ("http://emulator.example:4010/a.mp4", false),
            ("http://user@emulator:4010/a.mp4", false),
            ("/a.mp4", false),
        ] {
            assert_eq!(host.is_of(&url.parse().unwrap()), expected, "{url}");
        }
        let usual = PlainHost::parse("emulator").unwrap();
        assert!(usual.is_of(&"http://emulator:80/".parse().unwrap()));
    }
}
