//! gzip that no one asked for, undone.

use bytes::Bytes;
use http::{HeaderMap, Response, header};
use miniz_oxide::inflate::{
    TINFLStatus,
    core::{
        DecompressorOxide, decompress,
        inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF as INTO_ONE_BUFFER,
    },
};

use super::answer_limit;

/// How each member of gzip with deflate begins. No JSON and no text does.
const MAGIC: [u8; 3] = [0x1f, 0x8b, 8];

/// Bytes of a member's head that are always there.
const HEAD: usize = 10;

/// Bytes of a member's end: a checksum, and the length.
const END: usize = 8;

/// Bytes for which room is made at first.
const FIRST_ROOM: usize = 16 * 1024;

/// An answer as it was before something on the way compressed it, unasked, with gzip; any other as it
/// is. Whether it was compressed is told by how its body begins, and not by its head: a proxy that
/// undoes it may leave the head as it was. It comes first: a key that the server repeats is not found in
/// what is compressed. `deflate` is undone where the head says it.
///
/// What was cut is undone up to there. Of what is larger than an answer may be, only so much is kept. Where a checksum is wrong, and where it was
/// compressed twice, the answer cannot be read.
pub(crate) fn without_gzip(answer: Response<Bytes>) -> Response<Bytes> {
    let limit = answer_limit(answer.status());
    let is_deflate = content_coding(answer.headers()).is_some_and(|it| it == "deflate");
    answer.map(|body| {
        let undone = match is_deflate {
            true => undone_deflate(&body, limit),
            false => undone(&body, limit),
        };
        undone.map_or(body, Bytes::from)
    })
}

/// How the head says that an answer is compressed.
pub(super) fn content_coding(headers: &HeaderMap) -> Option<String> {
    let coding = headers.get(header::CONTENT_ENCODING)?.to_str().ok()?;
    let coding = coding.trim().to_ascii_lowercase();
    Some(coding).filter(|it| !matches!(it.as_str(), "" | "identity"))
}

/// What was compressed with `deflate`: it is meant to have a head and a checksum, and some leave them out.
/// Whether the whole body was it is the proof, for another body may say so, too.
fn undone_deflate(body: &[u8], limit: usize) -> Option<Vec<u8>> {
    [(body.get(2..)?, 4), (body, 0)]
        .into_iter()
        .find_map(|(data, end)| {
            let mut plain = Vec::new();
            match inflate(data, &mut plain, limit) {
                Inflated::Whole { length } if length + end == data.len() => Some(plain),
                Inflated::Beginning if plain.len() >= limit => Some(plain),
                _ => None,
            }
        })
}

/// What was compressed: all members, one behind the other, up to the limit. `None` where it is no
/// gzip, or its checksum is wrong.
fn undone(mut rest: &[u8], limit: usize) -> Option<Vec<u8>> {
    let mut plain = Vec::new();
    let mut is_first = true;
    // What follows a member and is none is padding.
    while is_first || (rest.starts_with(&MAGIC) && plain.len() < limit) {
        is_first = false;
        let Some(data) = without_head(rest) else {
            break;
        };
        let begins_at = plain.len();
        let length = match inflate(data, &mut plain, limit) {
            Inflated::Whole { length } => length,
            Inflated::Beginning => break,
            Inflated::Corrupt => return None,
        };
        let Some((end, behind)) = data[length..].split_at_checked(END) else {
            break;
        };
        let checksum = u32::from_le_bytes(end[..4].try_into().ok()?);
        if checksum != crc32(&plain[begins_at..]) {
            return None;
        }
        rest = behind;
    }
    Some(plain).filter(|plain| !plain.is_empty())
}

/// What follows the head of a member: a name, a comment and more may be in it.
fn without_head(member: &[u8]) -> Option<&[u8]> {
    let mut rest = member.strip_prefix(&MAGIC)?.get(HEAD - MAGIC.len()..)?;
    let flags = member[MAGIC.len()];
    if flags & 4 != 0 {
        let (length, extra) = rest.split_at_checked(2)?;
        rest = extra.get(usize::from(u16::from_le_bytes(length.try_into().ok()?))..)?;
    }
    for text in [8, 16] {
        if flags & text != 0 {
            let end = rest.iter().position(|byte| *byte == 0)?;
            rest = &rest[end + 1..];
        }
    }
    match flags & 2 {
        0 => Some(rest),
        _ => rest.get(2..),
    }
}

/// The result of one member.
enum Inflated {
    /// It was cut, or continues behind the limit.
    Beginning,
    /// No one knows since when what it gave was wrong.
    Corrupt,
    /// All of it, which had this length compressed.
    Whole { length: usize },
}

/// Undoes one member, at most up to the limit of the whole.
fn inflate(data: &[u8], plain: &mut Vec<u8>, limit: usize) -> Inflated {
    // A window of its own: a member refers to nothing before it.
    let begins_at = plain.len();
    let mut inflater = Box::<DecompressorOxide>::default();
    let (mut read, mut written) = (0, 0);
    loop {
        let room = (written * 2).max(FIRST_ROOM).min(limit - begins_at);
        plain.resize(begins_at + room, 0);
        let into = &mut plain[begins_at..];
        let (status, more_read, more_written) =
            decompress(&mut inflater, &data[read..], into, written, INTO_ONE_BUFFER);
        read += more_read;
        written += more_written;
        let is_full = begins_at + written >= limit;
        if status == TINFLStatus::HasMoreOutput && !is_full && more_written > 0 {
            continue;
        }
        plain.truncate(begins_at + written);
        return match status {
            TINFLStatus::Done => Inflated::Whole { length: read },
            TINFLStatus::FailedCannotMakeProgress | TINFLStatus::HasMoreOutput => {
                Inflated::Beginning
            }
            _ => Inflated::Corrupt,
        };
    }
}

/// The checksum of gzip, bit by bit: answers are short.
fn crc32(bytes: &[u8]) -> u32 {
    let update = |checksum: u32, byte: &u8| {
        (0..8).fold(checksum ^ u32::from(*byte), |checksum, _| {
            let carry = (checksum & 1) * 0xEDB8_8320;
            (checksum >> 1) ^ carry
        })
    };
    !bytes.iter().fold(!0, update)
}

#[cfg(test)]
mod tests;
