//! Which texts are URLs that the service can fetch.

/// Whether the text starts with `https://` or `http://`, names a host and has no spaces.
pub(crate) fn is_absolute_http_url(text: &str) -> bool {
    let rest = text.split_once("://").and_then(|(scheme, rest)| {
        let known = ["https", "http"]
            .iter()
            .any(|known| scheme.eq_ignore_ascii_case(known));
        known.then_some(rest)
    });
    let printable = |character: char| !character.is_whitespace() && !character.is_control();
    rest.is_some_and(|rest| {
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        !host.is_empty() && rest.chars().all(printable)
    })
}
