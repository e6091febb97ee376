//! Who may use the emulator: programs on this machine, and its own page.
//!
//! A browser on this machine runs pages of other sites, and they can reach loopback. A name that
//! was made to resolve to 127.0.0.1 (DNS rebinding) is seen in `Host`; a request from another
//! origin in `Origin` and `Sec-Fetch-Site`. The rule is one for the API, its videos and the
//! emulator's own endpoints: a create chooses where the emulator posts a callback to.

use http::{HeaderMap, HeaderName, Request, header};

use super::admin::Refusal;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Checks the head of a request.
pub(super) fn check<T>(request: &Request<T>) -> Result<(), Refusal> {
    let host = check_host(request)?;
    match is_same_origin(request.headers(), host) {
        true => Ok(()),
        false => Err(Refusal::CrossOrigin),
    }
}

/// Checks alone which host a request is for, and gives what `Host` says.
pub(super) fn check_host<T>(request: &Request<T>) -> Result<&str, Refusal> {
    // A target with a host, as proxies are sent, goes before the header (RFC 9112, 3.2.2).
    let target = request.uri().authority();
    single(request.headers(), &header::HOST)
        .filter(|host| is_loopback(host))
        .filter(|_| target.is_none_or(|target| is_loopback(target.as_str())))
        .ok_or(Refusal::OtherHost)
}

/// Whether a request says that its body is JSON, which no form of a page can, not even in old browsers
/// that send neither `Origin` nor `Sec-Fetch-Site`.
pub(super) fn is_json(headers: &HeaderMap) -> bool {
    single(headers, &header::CONTENT_TYPE).is_some_and(|value| {
        let (media_type, _) = value.split_once(';').unwrap_or((value, ""));
        media_type.trim().eq_ignore_ascii_case("application/json")
    })
}

/// The value of a header that must be there once.
fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

/// Whether `Host` is a loopback name, with any port: it may have been forwarded from another one.
fn is_loopback(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    ["127.0.0.1", "localhost", "[::1]"]
        .iter()
        .any(|own| name.eq_ignore_ascii_case(own))
}

fn is_same_origin(headers: &HeaderMap, host: &str) -> bool {
    let own_page = headers.get_all(SEC_FETCH_SITE).iter().all(|site| {
        // `none` is an address that a person typed.
        ["same-origin", "none"].iter().any(|own| site == own)
    });
    let own_origin = !headers.contains_key(header::ORIGIN)
        || single(headers, &header::ORIGIN)
            .and_then(|origin| origin.strip_prefix("http://"))
            .is_some_and(|origin| origin.eq_ignore_ascii_case(host));
    own_page && own_origin
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(target: &str, headers: &[(&str, &str)]) -> Result<(), Refusal> {
        let mut request = Request::builder().uri(target);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        super::check(&request.body(()).unwrap())
    }

    #[test]
    fn programs_on_this_machine_may() {
        for host in [
            "127.0.0.1:4010",
            "LOCALHOST:4010",
            "[::1]:4010",
            "localhost",
        ] {
            assert_eq!(check("/", &[("host", host)]), Ok(()), "{host}");
        }
    }

    #[test]
    fn other_hosts_may_not() {
        for host in [
            "evil.example:4010",
            "127.0.0.1.evil.example",
            "localhost.evil.example:4010",
            "evil.example:127.0.0.1",
            "127.0.0.2:4010",
            "[::2]",
            "0.0.0.0:4010",
            "",
        ] {
            let refused = check("/", &[("host", host)]);
            assert_eq!(refused, Err(Refusal::OtherHost), "{host}");
        }
        assert_eq!(check("/", &[]), Err(Refusal::OtherHost));
        let twice = [("host", "localhost"), ("host", "evil.example")];
        assert_eq!(check("/", &twice), Err(Refusal::OtherHost));
        let host = [("host", "localhost")];
        assert_eq!(check("http://127.0.0.1:4010/", &host), Ok(()));
        for target in ["http://evil.example/", "http://localhost@evil.example/"] {
            assert_eq!(check(target, &host), Err(Refusal::OtherHost), "{target}");
        }
    }

    #[test]
    fn only_the_own_page_may() {
        let host = ("host", "127.0.0.1:4010");
        for header in [
            ("origin", "http://127.0.0.1:4010"),
            ("sec-fetch-site", "same-origin"),
            ("sec-fetch-site", "none"),
        ] {
            assert_eq!(check("/", &[host, header]), Ok(()), "{header:?}");
        }
        for header in [
            ("origin", "https://evil.example"),
            ("origin", "http://127.0.0.1:4011"),
            ("origin", "https://127.0.0.1:4010"),
            ("origin", "http://localhost:4010"),
            ("origin", "null"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
        ] {
            let refused = check("/", &[host, header]);
            assert_eq!(refused, Err(Refusal::CrossOrigin), "{header:?}");
        }
        let twice = [
            host,
            ("sec-fetch-site", "none"),
            ("sec-fetch-site", "cross-site"),
        ];
        assert_eq!(check("/", &twice), Err(Refusal::CrossOrigin));
    }

    #[test]
    fn a_body_is_json_if_it_says_so() {
        let says_json = |content_type: &str| {
            let value = content_type.parse().unwrap();
            is_json(&HeaderMap::from_iter([(header::CONTENT_TYPE, value)]))
        };
        for content_type in ["application/json", "Application/JSON; charset=utf-8"] {
            assert!(says_json(content_type), "{content_type}");
        }
        for content_type in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "",
            "json",
        ] {
            assert!(!says_json(content_type), "{content_type}");
        }
        assert!(!is_json(&HeaderMap::new()));
    }
}
