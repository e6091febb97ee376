//! Who may use the admin endpoints: programs on this machine, and the emulator's own page.
//!
//! A browser on this machine runs pages of other sites, and they can reach loopback. A name that
//! was made to resolve to 127.0.0.1 (DNS rebinding) is seen in `Host`; a request from another
//! origin in `Origin` and `Sec-Fetch-Site`; and a form, which sends neither in old browsers, cannot
//! say that it sends JSON.

use http::{HeaderMap, HeaderName, Request, header};

use super::{Refusal, changes};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Checks the head of a request.
pub(super) fn check<T>(request: &Request<T>) -> Result<(), Refusal> {
    let headers = request.headers();
    let host = check_host(headers)?;
    if !is_same_origin(headers, host) {
        return Err(Refusal::CrossOrigin);
    }
    if changes(request.method()) && !is_json(headers) {
        return Err(Refusal::NotJson);
    }
    Ok(())
}

/// Checks the head of a request to the API: whoever sends it names this machine, and no page of another
/// origin does. A program may leave `Host` out, and says what it likes of its body.
pub(in crate::server) fn check_api(headers: &HeaderMap) -> Result<(), Refusal> {
    let host = match headers.contains_key(header::HOST) {
        true => check_host(headers)?,
        false => "",
    };
    match is_same_origin(headers, host) {
        true => Ok(()),
        false => Err(Refusal::CrossOrigin),
    }
}

/// Checks the `Host` header alone, and gives it.
pub(in crate::server) fn check_host(headers: &HeaderMap) -> Result<&str, Refusal> {
    single(headers, &header::HOST)
        .filter(|host| is_loopback(host))
        .ok_or(Refusal::OtherHost)
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
    let own_page = headers.get(SEC_FETCH_SITE).is_none_or(|site| {
        // `none` is an address that a person typed.
        ["same-origin", "none"].iter().any(|own| site == own)
    });
    let own_origin = !headers.contains_key(header::ORIGIN)
        || single(headers, &header::ORIGIN)
            .and_then(|origin| origin.strip_prefix("http://"))
            .is_some_and(|origin| origin.eq_ignore_ascii_case(host));
    own_page && own_origin
}

fn is_json(headers: &HeaderMap) -> bool {
    single(headers, &header::CONTENT_TYPE).is_some_and(|value| {
        let (media_type, _) = value.split_once(';').unwrap_or((value, ""));
        media_type.trim().eq_ignore_ascii_case("application/json")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(method: &str, headers: &[(&str, &str)]) -> Result<(), Refusal> {
        let mut request = Request::builder().method(method).uri("/_emulator/state");
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
            assert_eq!(check("GET", &[("host", host)]), Ok(()), "{host}");
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
            let refused = check("GET", &[("host", host)]);
            assert_eq!(refused, Err(Refusal::OtherHost), "{host}");
        }
        assert_eq!(check("GET", &[]), Err(Refusal::OtherHost));
        let twice = [("host", "localhost"), ("host", "evil.example")];
        assert_eq!(check("GET", &twice), Err(Refusal::OtherHost));
    }

    #[test]
    fn only_the_own_page_may() {
        let host = ("host", "127.0.0.1:4010");
        for header in [
            ("origin", "http://127.0.0.1:4010"),
            ("sec-fetch-site", "same-origin"),
            ("sec-fetch-site", "none"),
        ] {
            assert_eq!(check("GET", &[host, header]), Ok(()), "{header:?}");
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
            let refused = check("GET", &[host, header]);
            assert_eq!(refused, Err(Refusal::CrossOrigin), "{header:?}");
        }
    }

    #[test]
    fn what_changes_something_says_that_it_is_json() {
        let host = ("host", "localhost:4010");
        for content_type in ["application/json", "Application/JSON; charset=utf-8"] {
            let headers = [host, ("content-type", content_type)];
            assert_eq!(check("POST", &headers), Ok(()), "{content_type}");
        }
        for content_type in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "",
            "json",
        ] {
            let headers = [host, ("content-type", content_type)];
            let refused = check("POST", &headers);
            assert_eq!(refused, Err(Refusal::NotJson), "{content_type}");
        }
        assert_eq!(check("DELETE", &[host]), Err(Refusal::NotJson));
    }
}
