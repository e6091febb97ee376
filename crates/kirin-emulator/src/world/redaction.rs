//! What of a request may be shown.

use std::borrow::Cow;

use http::{HeaderMap, Uri, header};

/// Stands where something was.
const REDACTED: &str = "[redacted]";

/// Longest text that is kept, in characters.
pub(super) const CHARACTERS: usize = 200;

/// The parameters of a query string that are no secrets.
const HARMLESS: [&str; 4] = ["page", "page_size", "type", "keywords"];

/// Path and query. Of a parameter that is not known to be harmless, nothing is kept but that it
/// was there; a name that looks like one may be a secret without a name.
pub(super) fn target(uri: &Uri, headers: &HeaderMap) -> String {
    let path = uri.path();
    let target = match uri.query() {
        Some(query) => {
            let parameters: Vec<_> = query.split('&').map(parameter).collect();
            format!("{path}?{}", parameters.join("&")).into()
        }
        None => Cow::from(path),
    };
    shorten(&without_key(&target, headers), CHARACTERS)
}

fn parameter(parameter: &str) -> String {
    match parameter.split_once('=') {
        Some((name, _)) if HARMLESS.contains(&name) => parameter.into(),
        Some(("signature", _)) => format!("signature={REDACTED}"),
        _ => REDACTED.into(),
    }
}

/// A text in which the key of the request may stand, without it.
pub(super) fn without_key<'a>(text: &'a str, headers: &HeaderMap) -> Cow<'a, str> {
    let values = headers.get_all(header::AUTHORIZATION).iter();
    let keys = values
        .filter_map(|value| value.to_str().ok()?.split_whitespace().last())
        .filter(|key| !key.eq_ignore_ascii_case("bearer"));
    keys.fold(text.into(), |text, key| match text.contains(key) {
        true => text.replace(key, REDACTED).into(),
        false => text,
    })
}

/// The first characters of a text, `most` of them.
pub(super) fn shorten(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn a_target_is_shown_without_secrets() {
        let check = |target: &str, expected: &str| {
            let mut headers = HeaderMap::new();
            let key = HeaderValue::from_static("Bearer secret");
            headers.insert(header::AUTHORIZATION, key);
            let uri: Uri = target.parse().unwrap();
            assert_eq!(super::target(&uri, &headers), expected);
        };
        check("/a/b", "/a/b");
        check("/a?page=1&type=video", "/a?page=1&type=video");
        check("/a?signature=1", "/a?signature=[redacted]");
        check("/a?api_key=1&x", "/a?[redacted]&[redacted]");
        check("/a/secret/b", "/a/[redacted]/b");
        check("/a?keywords=secret", "/a?keywords=[redacted]");
        let long = format!("/{}", "a".repeat(1000));
        check(&long, &long[..200]);
    }
}
