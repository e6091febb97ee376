//! As much of HTTP/2 as a server needs that says exactly what it is told to (RFC 9113).

pub(super) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

pub(super) const DATA: u8 = 0;
pub(super) const HEADERS: u8 = 1;
pub(super) const RST_STREAM: u8 = 3;
pub(super) const SETTINGS: u8 = 4;
pub(super) const PING: u8 = 6;
const GOAWAY: u8 = 7;
const CONTINUATION: u8 = 9;

pub(super) const ACK: u8 = 1;
pub(super) const END_STREAM: u8 = 1;
pub(super) const END_HEADERS: u8 = 4;
pub(super) const PADDED: u8 = 8;

pub(super) const NO_ERROR: u32 = 0;
pub(super) const PROTOCOL_ERROR: u32 = 1;
pub(super) const INTERNAL_ERROR: u32 = 2;
pub(super) const REFUSED_STREAM: u32 = 7;
pub(super) const CANCEL: u32 = 8;
pub(super) const ENHANCE_YOUR_CALM: u32 = 11;

/// The largest payload that every peer takes.
const MAX_PAYLOAD: usize = 16 << 10;

pub(super) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    // A payload is shorter than 2^24, so the highest byte of its length is zero.
    let length = (payload.len() as u32).to_be_bytes();
    let head = [&length[1..], &[kind, flags], &stream.to_be_bytes()].concat();
    [&head, payload].concat()
}

pub(super) fn reset(stream: u32, reason: u32) -> Vec<u8> {
    frame(RST_STREAM, 0, stream, &reason.to_be_bytes())
}

pub(super) fn go_away(last_stream: u32, reason: u32) -> Vec<u8> {
    let payload = [last_stream.to_be_bytes(), reason.to_be_bytes()].concat();
    frame(GOAWAY, 0, 0, &payload)
}

/// A response head, in one frame or, if it is long, in several.
pub(super) fn head(stream: u32, status: u16, headers: &[(&str, &str)], ends: bool) -> Vec<u8> {
    let mut block = literal(":status", &status.to_string());
    for (name, value) in headers {
        block.extend(literal(name, value));
    }
    let pieces: Vec<&[u8]> = block.chunks(MAX_PAYLOAD).collect();
    let mut frames = Vec::new();
    for (index, piece) in pieces.iter().enumerate() {
        let mut flags = 0;
        if index == 0 && ends {
            flags |= END_STREAM;
        }
        if index + 1 == pieces.len() {
            flags |= END_HEADERS;
        }
        let kind = if index == 0 { HEADERS } else { CONTINUATION };
        frames.extend(frame(kind, flags, stream, piece));
    }
    frames
}

/// A head that has begun and goes on: the first frame, and one of those that follow without end.
pub(super) fn endless_head(stream: u32) -> (Vec<u8>, Vec<u8>) {
    let long = "y".repeat(MAX_PAYLOAD - 100);
    let begin = literal(":status", "200");
    (
        frame(HEADERS, 0, stream, &begin),
        frame(CONTINUATION, 0, stream, &literal("x-long", &long)),
    )
}

pub(super) fn data(stream: u32, bytes: &[u8], ends: bool) -> Vec<u8> {
    let flags = if ends { END_STREAM } else { 0 };
    frame(DATA, flags, stream, bytes)
}

/// A header field as HPACK's literal without an index and without Huffman's code (RFC 7541, 6.2.2).
fn literal(name: &str, value: &str) -> Vec<u8> {
    let mut field = vec![0];
    for text in [name, value] {
        field.extend(integer(text.len()));
        field.extend_from_slice(text.as_bytes());
    }
    field
}

/// An integer with a prefix of 7 bits (RFC 7541, 5.1).
fn integer(value: usize) -> Vec<u8> {
    const PREFIX: usize = 127;
    if value < PREFIX {
        return vec![value as u8];
    }
    let (mut bytes, mut rest) = (vec![PREFIX as u8], value - PREFIX);
    while rest >= 128 {
        bytes.push((rest % 128) as u8 | 128);
        rest /= 128;
    }
    bytes.push(rest as u8);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_written_as_in_the_examples_of_rfc_7541() {
        assert_eq!(integer(10), [10]);
        assert_eq!(integer(126), [126]);
        assert_eq!(integer(127), [127, 0]);
        // As its example of 1337, with 7 bits of prefix: 1337 - 127 = 1210 = 9 * 128 + 58.
        assert_eq!(integer(1337), [127, 186, 9]);
    }

    #[test]
    fn frames_begin_with_length_kind_flags_and_stream() {
        let written = frame(HEADERS, END_HEADERS, 1, b"abc");
        assert_eq!(written, [0, 0, 3, 1, 4, 0, 0, 0, 1, b'a', b'b', b'c']);
        assert_eq!(
            frame(DATA, 0, 0x0102_0304, &[0; 0x1234])[..9],
            [0, 0x12, 0x34, 0, 0, 1, 2, 3, 4]
        );
    }

    #[test]
    fn a_long_head_is_continued() {
        let long = "y".repeat(2 * MAX_PAYLOAD);
        let written = head(1, 200, &[("x", &long)], true);
        assert_eq!(written[3..5], [HEADERS, END_STREAM]);
        let second = 9 + MAX_PAYLOAD;
        assert_eq!(written[second + 3..second + 5], [CONTINUATION, 0]);
        let third = 2 * second;
        assert_eq!(written[third + 3..third + 5], [CONTINUATION, END_HEADERS]);
    }
}
