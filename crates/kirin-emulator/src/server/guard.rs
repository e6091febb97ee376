//! Who may use the emulator: programs on this machine, or where it is set to listen, and its own page.
//!
//! A browser on this machine runs pages of other sites, and they can reach loopback. A name that
//! was made to resolve to 127.0.0.1 (DNS rebinding) is seen in `Host`; a request from another
//! origin in `Origin` and `Sec-Fetch-Site`. The rule is one for the API, its videos and the
//! emulator's own endpoints: a create chooses where the emulator posts a callback to.

use http::{HeaderMap, HeaderName, Request, header};

use super::refusal::Refusal;
use crate::place::Names;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Checks the head of a request.
pub(super) fn check<T>(request: &Request<T>, names: &Names) -> Result<(), Refusal> {
    let host = check_host(request, names)?;
    match is_same_origin(request.headers(), host) {
        true => Ok(()),
        false => Err(Refusal::CrossOrigin),
    }
}

/// Checks alone which host a request is for, and gives what `Host` says.
pub(super) fn check_host<'a, T>(
    request: &'a Request<T>,
    names: &Names,
) -> Result<&'a str, Refusal> {
    // A target with a host, as proxies are sent, goes before the header (RFC 9112, 3.2.2).
    let target = request.uri().authority();
    single(request.headers(), &header::HOST)
        .filter(|host| names.include(host))
        .filter(|_| target.is_none_or(|target| names.include(target.as_str())))
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
    use crate::EmulatorConfig;

    fn check(target: &str, headers: &[(&str, &str)]) -> Result<(), Refusal> {
        check_at(&EmulatorConfig::new(), target, headers)
    }

    fn check_at(
        config: &EmulatorConfig,
        target: &str,
        headers: &[(&str, &str)],
    ) -> Result<(), Refusal> {
        let mut request = Request::builder().uri(target);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        super::check(&request.body(()).unwrap(), &Names::of(config))
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
    fn an_emulator_is_also_called_by_its_address_and_by_its_name() {
        let somewhere = EmulatorConfig::new().listen("10.0.0.5".parse().unwrap());
        let everywhere = EmulatorConfig::new().listen("0.0.0.0".parse().unwrap());
        let named = everywhere.clone().host_name("emulator");
        for (config, host, allowed) in [
            (&somewhere, "10.0.0.5:4010", true),
            (&somewhere, "127.0.0.1:4010", true),
            (&somewhere, "10.0.0.6:4010", false),
            (&everywhere, "localhost:4010", true),
            (&everywhere, "0.0.0.0:4010", false),
            (&everywhere, "emulator:4010", false),
            (&named, "emulator:4010", true),
            (&named, "EMULATOR", true),
            (&named, "127.0.0.1:4010", true),
            (&named, "emulator.evil.example:4010", false),
            (&named, "evil.example:4010", false),
        ] {
            let checked = check_at(config, "/", &[("host", host)]);
            assert_eq!(checked.is_ok(), allowed, "{host}");
        }
        let host = ("host", "emulator:4010");
        for (origin, allowed) in [
            ("http://emulator:4010", true),
            ("http://evil.example:4010", false),
            ("https://emulator:4010", false),
            ("null", false),
        ] {
            let checked = check_at(&named, "/", &[host, ("origin", origin)]);
            assert_eq!(checked.is_ok(), allowed, "{origin}");
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
