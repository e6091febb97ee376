//! gzip that nobody asked for.

use std::io::Write;

use flate2::{Compression, write::GzEncoder};
use kirin_client::wire::CreateAnswer;
use kirin_tests::canary;

use super::{Create, Query, create_kind, decode_create, query_kind, refusal, response};

/// As something on the way sends it.
pub(crate) fn compressed(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn what_was_compressed_unasked_is_read() {
    let body = compressed(br#"{"id":"t1","status":"in_progress"}"#);
    let answer = response(200, &[("content-encoding", "gzip")], &body);
    assert_eq!(create_kind(&answer), Create::Created);
    assert_eq!(query_kind(&answer), Query::Task);
}

/// It is not found in what is compressed.
#[test]
fn the_key_is_taken_out_of_what_was_compressed() {
    let body = format!(r#"{{"message":"invalid key: {}"}}"#, canary::key());
    let refusal = refusal(&response(401, &[], &compressed(body.as_bytes())));
    assert_eq!(refusal.to_string(), "HTTP 401: invalid key: (hidden)");
}

/// The create is in doubt, and it is told what to do.
#[test]
fn a_coding_that_cannot_be_undone_is_named_and_leaves_the_create_in_doubt() {
    for coding in ["br", "zstd", "compress", "gzip, br"] {
        let body = b"\x1b\x21\x00\xf8\x8d\x94\x6e\xde";
        let answer = response(200, &[("content-encoding", coding)], body);
        let CreateAnswer::Ambiguous(trouble) = decode_create(&answer) else {
            panic!("{coding}");
        };
        for part in [&format!("compressed ({coding})")[..], "switch that off"] {
            assert!(trouble.description.contains(part), "{trouble}");
        }
        assert_eq!(query_kind(&answer), Query::Trouble);
    }
}
