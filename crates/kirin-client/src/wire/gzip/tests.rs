//! Someone else's gzip.

use std::io::Write;

use flate2::{
    Compression, GzBuilder,
    write::{GzEncoder, ZlibEncoder},
};
use http::HeaderName;
use kirin_tests::{
    property,
    proptest::{collection::vec, prelude::*, sample::Index},
};

use super::*;
use crate::wire::{CreateAnswer, MAX_ANSWER_BYTES, MAX_ERROR_BYTES, QueryAnswer};

const CREATED: &[u8] = br#"{"id":"t1","status":"in_progress"}"#;

/// As something on the way sends it.
fn compressed(plain: &[u8]) -> Vec<u8> {
    written(GzEncoder::new(Vec::new(), Compression::default()), plain)
}

fn written(mut encoder: GzEncoder<Vec<u8>>, plain: &[u8]) -> Vec<u8> {
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

fn undone_of(status: u16, body: &[u8]) -> Bytes {
    without_gzip(response(status, &[], body)).into_body()
}

fn response(status: u16, headers: &[(&str, &str)], body: &[u8]) -> Response<Bytes> {
    let mut response = Response::new(Bytes::copy_from_slice(body));
    *response.status_mut() = status.try_into().unwrap();
    for (name, value) in headers {
        let name: HeaderName = name.parse().unwrap();
        response.headers_mut().insert(name, value.parse().unwrap());
    }
    response
}

fn is_created(answer: &Response<Bytes>) -> bool {
    matches!(CreateAnswer::decode(answer, None), CreateAnswer::Created(_))
}

fn is_task(answer: &Response<Bytes>) -> bool {
    matches!(QueryAnswer::decode(answer), QueryAnswer::Task(_))
}

#[test]
fn gzip_is_undone_whatever_the_head_says_of_it() {
    let named = GzBuilder::new()
        .filename("task.json")
        .comment("of a proxy")
        .extra(vec![0; 300])
        .write(Vec::new(), Compression::none());
    let members = [
        compressed(&CREATED[..9]),
        compressed(b""),
        compressed(&CREATED[9..]),
    ];
    let padded = [compressed(CREATED), vec![0; 32]];
    // A head with a checksum of its own.
    let mut checked = compressed(CREATED);
    checked[3] |= 2;
    checked.splice(10..10, [0, 0]);
    for body in [
        compressed(CREATED),
        written(named, CREATED),
        members.concat(),
        padded.concat(),
        checked,
    ] {
        for headers in [
            &[][..],
            &[("content-encoding", "gzip")],
            &[("content-encoding", "x-gzip")],
            &[("content-encoding", "GZIP")],
        ] {
            let answer = without_gzip(response(200, headers, &body));
            assert_eq!(answer.body(), CREATED);
            assert!(is_created(&answer));
            assert!(is_task(&answer));
        }
    }
    // A proxy has undone it, and left the head as it was.
    let plain = without_gzip(response(200, &[("content-encoding", "gzip")], CREATED));
    assert_eq!(plain.body(), CREATED);
}

#[test]
fn what_cannot_be_undone_is_ambiguous() {
    let twice = compressed(&compressed(CREATED));
    let mut corrupt = compressed(CREATED);
    let checksum = corrupt.len() - 8;
    corrupt[checksum] ^= 1;
    let brotli = b"\x1b\x21\x00\xf8\x8d\x94\x6e\xde";
    let reserved = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x07\xff\xff";
    // An answer as it is, and behind it what is no deflate: nobody knows since when it was wrong.
    let length = u16::try_from(CREATED.len()).unwrap();
    let lengths = [length.to_le_bytes(), (!length).to_le_bytes()].concat();
    let broken = [&reserved[..10], &[0], &lengths, CREATED, &[7, 0, 0]].concat();
    for body in [
        &twice[..],
        &corrupt,
        &broken,
        brotli,
        reserved,
        b"\x1f\x8b\x08",
        b"\x1f\x8b",
    ] {
        let answer = without_gzip(response(200, &[], body));
        let created = CreateAnswer::decode(&answer, None);
        assert!(matches!(created, CreateAnswer::Ambiguous(_)), "{body:?}");
        let queried = QueryAnswer::decode(&answer);
        assert!(matches!(queried, QueryAnswer::Trouble(_)), "{body:?}");
    }
}

#[test]
fn deflate_is_undone_where_the_head_says_it() {
    let zlib = written_zlib(CREATED);
    let bare = zlib[2..zlib.len() - 4].to_vec();
    for body in [&zlib[..], &bare, CREATED] {
        for coding in ["deflate", "Deflate"] {
            let answer = without_gzip(response(200, &[("content-encoding", coding)], body));
            assert_eq!(answer.body(), CREATED);
            assert!(is_created(&answer));
        }
    }
    // It is not the whole body, so the head may be wrong of it.
    let behind = [&zlib[..], b"{"].concat();
    let answer = response(200, &[("content-encoding", "deflate")], &behind);
    assert_eq!(without_gzip(answer).body(), &behind);
    let bomb = written_zlib(&vec![b' '; 64 << 20]);
    let answer = response(200, &[("content-encoding", "deflate")], &bomb);
    assert_eq!(without_gzip(answer).body().len(), MAX_ANSWER_BYTES);
}

#[test]
fn nothing_is_called_compressed_that_is_text_or_says_that_it_is_not() {
    for (coding, body) in [
        ("br", &b"the service is asleep"[..]),
        ("identity", b"\xff\xfe"),
        ("", b"\xff\xfe"),
    ] {
        let answer = without_gzip(response(200, &[("content-encoding", coding)], body));
        let CreateAnswer::Ambiguous(trouble) = CreateAnswer::decode(&answer, None) else {
            panic!("{coding}");
        };
        assert!(!trouble.description.contains("compressed"), "{trouble}");
    }
}

fn written_zlib(plain: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn of_gzip_that_was_cut_what_came_is_undone() {
    let plain = [CREATED, &[b' '; 4000]].concat();
    let whole = written(GzEncoder::new(Vec::new(), Compression::none()), &plain);
    let cut = undone_of(200, &whole[..200]);
    assert!(!cut.is_empty() && plain.starts_with(&cut), "{cut:?}");
    assert!(is_created(&response(200, &[], &cut)));
}

/// A bomb of 64 MiB, and one for a refusal.
#[test]
fn of_a_bomb_only_so_much_is_kept_as_of_an_answer() {
    let plain = [CREATED, &vec![b' '; 64 << 20]].concat();
    let bomb = compressed(&plain);
    assert!(bomb.len() < MAX_ERROR_BYTES);
    let members = bomb.repeat(4);
    for body in [bomb, members] {
        let kept = undone_of(200, &body);
        assert_eq!(kept, plain[..MAX_ANSWER_BYTES]);
        assert_eq!(undone_of(500, &body), plain[..MAX_ERROR_BYTES]);
        assert!(is_created(&response(200, &[], &kept)));
    }
}

#[test]
fn what_is_no_gzip_is_left_as_it_is() {
    for body in [&b""[..], b"{}", b"\x1f", b"\x1f\x8b\x09abc", b"<html>"] {
        let answer: Response<Bytes> = response(200, &[], body);
        assert_eq!(without_gzip(answer).body(), body);
    }
}

mod prop {
    use super::*;

    #[test]
    fn no_bytes_are_too_strange_and_no_accident_makes_another_answer() {
        let accidents = vec((any::<Index>(), any::<u8>()), 0..3);
        property!(
            (vec(any::<u8>(), 0..300), any::<Index>(), accidents),
            |(plain, cut, accidents)| {
                let whole = compressed(&plain);
                let as_it_was = undone_of(200, &whole);
                prop_assert!(plain.is_empty() || as_it_was == plain);
                let shorter = &whole[..cut.index(whole.len() + 1)];
                let undone_of_it = undone_of(200, shorter);
                prop_assert!(undone_of_it == shorter || plain.starts_with(&undone_of_it));
                let mut other = shorter.to_vec();
                for (at, byte) in accidents {
                    if !other.is_empty() {
                        *at.get_mut(&mut other) = byte;
                    }
                }
                let _ = undone_of(200, &other);
                Ok(())
            }
        );
    }
}
