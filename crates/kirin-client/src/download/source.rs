//! Where a download may go.

use std::net::IpAddr;

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
/// later; what stands here are literal addresses.
fn is_private(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    match address
        .parse()
        .map(|address: IpAddr| address.to_canonical())
    {
        Ok(IpAddr::V4(address)) => {
            address.is_private()
                || address.is_loopback()
                || address.is_link_local()
                || address.is_unspecified()
                || address.is_broadcast()
        }
        Ok(IpAddr::V6(address)) => {
            address.is_loopback()
                || address.is_unspecified()
                || address.is_unique_local()
                || address.is_unicast_link_local()
        }
        Err(_) => is_loopback(host),
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
