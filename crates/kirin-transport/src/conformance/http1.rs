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

/// The body of a request with this head, once all of it is there, and how many bytes it takes.
pub(super) fn body(head: &str, received: &[u8]) -> Option<(Vec<u8>, usize)> {
    let coding = header(head, "transfer-encoding").unwrap_or_default();
    if coding.eq_ignore_ascii_case("chunked") {
        return chunks(received);
    }
    let length = header(head, "content-length");
    let length = length.and_then(|length| length.parse().ok()).unwrap_or(0);
    Some((received.get(..length)?.to_vec(), length))
}

/// A body in chunks (RFC 9112, 7.1), without trailers.
fn chunks(received: &[u8]) -> Option<(Vec<u8>, usize)> {
    let (mut body, mut at) = (Vec::new(), 0);
    loop {
        let line = received[at..].windows(2).position(|two| two == b"\r\n")?;
        let size = std::str::from_utf8(&received[at..at + line]).ok()?;
        let size = usize::from_str_radix(size.split(';').next()?.trim(), 16).ok()?;
        at += line + 2;
        body.extend_from_slice(received.get(at..at + size)?);
        at += size + 2;
        if size == 0 {
            return (at <= received.len()).then_some((body, at));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(head: &str, received: &str, expected: Option<(&str, usize)>) {
        let found = body(&format!("POST / HTTP/1.1\r\n{head}"), received.as_bytes());
        let expected = expected.map(|(body, length)| (body.as_bytes().to_vec(), length));
        assert_eq!(found, expected, "{head} {received:?}");
    }

    #[test]
    fn a_body_is_as_long_as_its_head_says() {
        check("", "x", Some(("", 0)));
        check("Content-Length: 5", "hello!", Some(("hello", 5)));
        check("content-length: 5", "hell", None);
        let chunked = "Transfer-Encoding: chunked";
        check(
            chunked,
            "3\r\nhel\r\n2;x\r\nlo\r\n0\r\n\r\n!",
            Some(("hello", 22)),
        );
        for cut in [
            "",
            "3",
            "3\r\n",
            "3\r\nhe",
            "3\r\nhel\r\n",
            "3\r\nhel\r\n0\r\n",
        ] {
            check(chunked, cut, None);
        }
    }
}
