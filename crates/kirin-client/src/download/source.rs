//! Where a download may go.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use http::Uri;
use url::{ParseError, Url};

use crate::{host::is_loopback, plain_host::PlainHost};

const NOT_HTTPS: &str = "the output's URL does not start with https://";

/// What may be asked beside https to public hosts.
#[derive(Clone, Debug, Default)]
pub(super) struct Trusted {
    /// This machine: where the API is on it, its outputs may be, too.
    pub(super) loopback: bool,
    /// The host that the caller named for plain HTTP.
    pub(super) plain_host: Option<PlainHost>,
}

/// A URL that may be downloaded from: https, without credentials, not an address of a private
/// network; or what is trusted.
///
/// It is read as browsers read it (the URL standard of WHATWG): what stores hand out has spaces and
/// letters of every alphabet in it. What is checked is what is given back, and what is connected to.
///
/// # Errors
///
/// Why not, as a sentence part.
pub(super) fn checked(url: &str, trusted: &Trusted) -> Result<Uri, &'static str> {
    let url = Url::parse(url).map_err(|error| match error {
        ParseError::RelativeUrlWithoutBase => "the output's URL is not absolute",
        _ => "the output's URL is not a URL",
    })?;
    may_be_asked(url, trusted)
}

/// Where a redirect leads, checked as the first URL was.
///
/// # Errors
///
/// Why it is not followed, as a sentence part.
pub(super) fn redirected(
    from: &Uri,
    location: &str,
    trusted: &Trusted,
) -> Result<Uri, &'static str> {
    if location.trim().is_empty() {
        return Err("the output's URL is redirected without saying where");
    }
    let from = Url::parse(&from.to_string()).map_err(|_| "the output's URL is not a URL")?;
    let to = from.join(location);
    let to = to.map_err(|_| "the output's URL is redirected to what is not a URL")?;
    may_be_asked(to, trusted)
}

fn may_be_asked(mut url: Url, trusted: &Trusted) -> Result<Uri, &'static str> {
    if url.cannot_be_a_base() {
        return Err("the output's URL is not absolute");
    }
    if url.host().is_none() {
        return Err("the output's URL is not a URL");
    }
    url.set_fragment(None);
    let uri: Uri = url
        .as_str()
        .parse()
        .map_err(|_| "the output's URL is not a URL")?;
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return Err(NOT_HTTPS);
    };
    if authority.as_str().contains('@') {
        return Err("the output's URL carries credentials");
    }
    let host = authority.host();
    if has_empty_label(host) {
        return Err("the output's URL is not a URL");
    }
    let is_here = trusted.loopback && is_loopback(host) && matches!(scheme, "http" | "https");
    let is_named = trusted.plain_host.as_ref();
    if is_here || is_named.is_some_and(|named| named.is_of(&uri)) {
        return Ok(uri);
    }
    match scheme {
        "https" if is_private(host) => {
            Err("the output's URL names an address of a private network")
        }
        "https" => Ok(uri),
        _ => Err(NOT_HTTPS),
    }
}

/// A name with nothing between two dots, or of dots alone: what a resolver makes of it is its own affair.
fn has_empty_label(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    host.split('.').any(str::is_empty)
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
            assert_eq!(checked(url, &Trusted::default()).is_ok(), allowed, "{url}");
        }
        let here = Trusted {
            loopback: true,
            plain_host: None,
        };
        assert!(checked("http://127.0.0.1:4010/a.mp4", &here).is_ok());
        assert!(checked("http://10.0.0.1/a.mp4", &here).is_err());
    }

    #[test]
    fn urls_are_read_as_browsers_read_them() {
        for (url, expected) in [
            ("https://h.example/my film.mp4", "/my%20film.mp4"),
            ("https://h.example/a<b>\"c\".mp4", "/a%3Cb%3E%22c%22.mp4"),
            ("https://h.example/{a}|`b`^c.mp4", "/%7Ba%7D|%60b%60^c.mp4"),
            ("https://h.example/f\u{fc}r.mp4", "/f%C3%BCr.mp4"),
            (
                "https://h.example/\u{72d0}.mp4?n=\u{72d0} a",
                "/%E7%8B%90.mp4?n=%E7%8B%90%20a",
            ),
            ("https://h.example/a.mp4\n", "/a.mp4"),
            (" \thttps://h.example/a\r\n.mp4 ", "/a.mp4"),
            (
                "https://h.example/a%20b%2Fc.mp4?s=a%2Bb+c/d=",
                "/a%20b%2Fc.mp4?s=a%2Bb+c/d=",
            ),
            ("https://h.example/a.mp4#t=10", "/a.mp4"),
            ("https://h.example\\a\\b.mp4", "/a/b.mp4"),
            ("https://h.example/a/../b.mp4", "/b.mp4"),
            ("HTTPS://H.EXAMPLE:443/a.mp4", "/a.mp4"),
            ("https:h.example/a.mp4", "/a.mp4"),
            ("https://h.example", "/"),
        ] {
            let uri = checked(url, &Trusted::default()).map(|uri| uri.to_string());
            assert_eq!(uri, Ok(format!("https://h.example{expected}")), "{url:?}");
        }
        let uri = checked("https://b\u{fc}cher.example/a", &Trusted::default()).unwrap();
        assert_eq!(uri.host(), Some("xn--bcher-kva.example"));
    }

    #[test]
    fn no_spelling_of_a_host_gets_past_the_check() {
        for url in [
            "https://0x7f.1/a",
            "https://0x7F.0.0.1/a",
            "https://017700000001/a",
            "https://127.0.0.1%2e/a",
            "https://127%2e0%2e0%2e1/a",
            "https://\u{ff11}\u{ff12}\u{ff17}.0.0.1/a",
            "https://127\u{3002}0\u{3002}0\u{3002}1/a",
            "https://\u{24db}ocalhost/a",
            "https://LOCALHOST/a",
            "https://local\u{ad}host/a",
            "https://[::ffff:7f00:1]/a",
            "https://[0:0:0:0:0:0:0:1]/a",
            "https://10.1/a",
            "https://169.254.169.254\\@example.com/a",
            "https:///127.0.0.1/a",
            "https://\t127.0.0.1/a",
            "https://user@127.0.0.1/a",
            "https://1\n27.0.0.1/a",
        ] {
            let found = checked(url, &Trusted::default());
            assert!(found.is_err(), "{url:?}: {found:?}");
        }
        // The host is what stands before the first slash, backwards or not.
        let evil = checked("https://example.com\\@evil.example/", &Trusted::default()).unwrap();
        assert_eq!(evil.host(), Some("example.com"));
        assert!(checked("https://example.com@evil.example/", &Trusted::default()).is_err());
    }

    #[test]
    fn a_host_with_an_empty_label_is_not_asked() {
        for (url, allowed) in [
            ("https://example.com./a.mp4", true),
            ("https://./a.mp4", false),
            ("https://../a.mp4", false),
            ("https://example..com/a.mp4", false),
            ("https://.example.com/a.mp4", false),
            ("https://localhost../a.mp4", false),
            ("https://127.0.0.1../a.mp4", false),
        ] {
            assert_eq!(checked(url, &Trusted::default()).is_ok(), allowed, "{url}");
        }
    }

    #[test]
    fn redirects_are_resolved_and_checked() {
        let from: Uri = "https://example.com/a/b.mp4?q".parse().unwrap();
        for (location, expected) in [
            ("/c", Ok("https://example.com/c")),
            ("//cdn.example.com/c", Ok("https://cdn.example.com/c")),
            ("https://cdn.example.com/c", Ok("https://cdn.example.com/c")),
            ("real.mp4", Ok("https://example.com/a/real.mp4")),
            ("?x=1", Ok("https://example.com/a/b.mp4?x=1")),
            ("?real=1#t=2", Ok("https://example.com/a/b.mp4?real=1")),
            ("../c", Ok("https://example.com/c")),
            ("./c d.mp4", Ok("https://example.com/a/c%20d.mp4")),
            ("/f\u{fc}r.mp4", Ok("https://example.com/f%C3%BCr.mp4")),
            ("/f%FCr.mp4", Ok("https://example.com/f%FCr.mp4")),
            ("http://example.com/c", Err(NOT_HTTPS)),
            ("ftp://example.com/c", Err(NOT_HTTPS)),
            ("data:video/mp4,a", Err("the output's URL is not absolute")),
            ("file:///etc/passwd", Err("the output's URL is not a URL")),
            (
                "//127.0.0.1/c",
                Err("the output's URL names an address of a private network"),
            ),
            (
                "\\\\0x7f.1/c",
                Err("the output's URL names an address of a private network"),
            ),
            (
                "//user@example.com/c",
                Err("the output's URL carries credentials"),
            ),
            (
                "https://",
                Err("the output's URL is redirected to what is not a URL"),
            ),
            (
                " ",
                Err("the output's URL is redirected without saying where"),
            ),
        ] {
            let found = redirected(&from, location, &Trusted::default()).map(|uri| uri.to_string());
            let found = found.as_deref().map_err(|reason| *reason);
            assert_eq!(found, expected, "{location}");
        }
    }

    #[test]
    fn plain_http_leads_to_the_named_host_alone() {
        let trusted = Trusted {
            loopback: false,
            plain_host: PlainHost::parse("10.0.0.5:4010").ok(),
        };
        let from: Uri = "https://example.com/a".parse().unwrap();
        for (url, allowed) in [
            ("http://10.0.0.5:4010/a.mp4", true),
            ("http://10.0.0.5/a.mp4", false),
            ("http://10.0.0.5:4011/a.mp4", false),
            ("http://10.0.0.6:4010/a.mp4", false),
            ("https://10.0.0.5:4010/a.mp4", false),
            ("http://127.0.0.1:4010/a.mp4", false),
            ("http://example.com/a.mp4", false),
            ("http://user@10.0.0.5:4010/a.mp4", false),
            ("ftp://10.0.0.5:4010/a.mp4", false),
            ("https://example.com/a.mp4", true),
        ] {
            assert_eq!(checked(url, &trusted).is_ok(), allowed, "{url}");
            let redirected = redirected(&from, url, &trusted);
            assert_eq!(redirected.is_ok(), allowed, "{url}, by a redirect");
        }
    }
}
