//! As much of HTTP/1.1 as a server needs that says exactly what it is told to (RFC 9112).

/// A response head. How the body is framed, the headers say.
pub(super) fn head(status: u16, headers: &[(&str, &str)]) -> Vec<u8> {
    let headers: String = headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect();
    format!("HTTP/1.1 {status} Status\r\n{headers}\r\n").into_bytes()
}

/// The head of a request, up to and without the empty line, and how many bytes of the text it
/// takes with that line.
pub(super) fn request_head(received: &[u8]) -> Option<(&str, usize)> {
    let end = received.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&received[..end]).ok()?;
    Some((head, end + 4))
}

/// The value of a header in a request head.
pub(super) fn header<'head>(head: &'head str, name: &str) -> Option<&'head str> {
    let fields = head.lines().skip(1).filter_map(|line| line.split_once(':'));
    let mut found = fields.filter(|(field, _)| field.eq_ignore_ascii_case(name));
    found.next().map(|(_, value)| value.trim())
}

/// How many bytes of a request follow its head.
pub(super) fn content_length(head: &str) -> usize {
    let length = header(head, "content-length");
    length.and_then(|length| length.parse().ok()).unwrap_or(0)
}
