//! The page at `/`: what the emulator does, for a person to look at.
//!
//! It only shows. What it shows it asks of the admin endpoints, and none of that is counted or
//! logged as a request to the API.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, Response, header};

use super::{guard::check_host, refusal::Refusal};
use crate::place::Names;

/// Its script and style are files of their own, so that nothing inline has to be allowed.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self'; media-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

const HEADERS: [(HeaderName, &str); 5] = [
    (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-store"),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
];

/// A file of the page by its path: its type, and the file.
fn file(path: &str) -> Option<(&'static str, &'static str)> {
    match path {
        "/" => Some(("text/html; charset=utf-8", include_str!("page.html"))),
        // A browser that is told of no icon asks for one, and that would be logged.
        "/_emulator/icon.svg" => Some(("image/svg+xml", include_str!("icon.svg"))),
        "/_emulator/page.css" => Some(("text/css; charset=utf-8", include_str!("page.css"))),
        "/_emulator/page.js" => Some(("text/javascript; charset=utf-8", include_str!("page.js"))),
        _ => None,
    }
}

/// Answers a request for a file of the page; `None` if it is for something else.
///
/// Unlike the admin endpoints it may be opened by a link on another site, which learns nothing.
pub(super) fn answer<T>(head: &Request<T>, names: &Names) -> Option<Response<Bytes>> {
    let (media_type, content) = file(head.uri().path())?;
    if let Err(refusal) = check_host(head, names) {
        return Some(refusal.response());
    }
    if ![Method::GET, Method::HEAD].contains(head.method()) {
        let allowed = "GET, HEAD";
        return Some(Refusal::MethodNotAllowed { allowed }.response());
    }
    let mut response = Response::new(Bytes::from_static(content.as_bytes()));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.extend(HEADERS.map(|(name, value)| (name, HeaderValue::from_static(value))));
    Some(response)
}
