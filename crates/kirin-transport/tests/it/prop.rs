//! What holds for every body, and for every server.

#[cfg(all(feature = "http2", feature = "testing"))]
mod faults;
#[cfg(feature = "hyper")]
mod servers;

use bytes::Bytes;
use http_body::Body as _;
use kirin_tests::{
    property,
    proptest::{collection::vec, prelude::*, sample::Index},
};
use kirin_transport::{Body, Sent, TransportErrorKind};
use tokio::runtime::{Builder, Runtime};

use crate::frames::Frames;

#[test]
fn however_bytes_are_split_they_collect_to_the_same_within_the_limit() {
    let runtime = runtime();
    let cuts = vec(any::<Index>(), 0..6);
    let inputs = (
        vec(any::<u8>(), 0..64),
        cuts,
        any::<bool>(),
        0_usize..80,
        any::<u64>(),
    );
    property!(inputs, |(bytes, cuts, trailers, limit, announced)| {
        let bytes = Bytes::from(bytes);
        let mut frames = Frames::of_data(split(&bytes, &cuts)).announcing(announced);
        if trailers {
            frames = frames.then_trailers();
        }
        let collected = runtime.block_on(Body::new(frames).collect(limit));
        match collected {
            Ok(collected) => {
                prop_assert!(bytes.len() <= limit);
                prop_assert_eq!(collected, bytes);
            }
            Err(error) => {
                prop_assert!(bytes.len() > limit);
                prop_assert_eq!(error.kind(), TransportErrorKind::TooLarge);
                prop_assert_eq!(error.sent(), Sent::Maybe);
            }
        }
        Ok(())
    });
}

#[test]
fn wrapping_a_body_changes_neither_its_pieces_nor_its_size() {
    let runtime = runtime();
    let inputs = (vec(any::<u8>(), 0..64), vec(any::<Index>(), 0..6));
    property!(inputs, |(bytes, cuts)| {
        let bytes = Bytes::from(bytes);
        let pieces = split(&bytes, &cuts);
        let frames = Frames::of_data(pieces.clone()).announcing(bytes.len() as u64);
        let mut body = Body::new(Body::new(frames));
        prop_assert_eq!(body.size_hint().exact(), Some(bytes.len() as u64));
        for piece in pieces {
            let next = runtime.block_on(body.next());
            prop_assert_eq!(next.unwrap().unwrap(), piece);
        }
        prop_assert!(runtime.block_on(body.next()).is_none());
        Ok(())
    });
}

/// The same bytes in pieces, of which some may be empty.
fn split(bytes: &Bytes, cuts: &[Index]) -> Vec<Bytes> {
    let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
    places.sort_unstable();
    places.push(bytes.len());
    let mut start = 0;
    let mut pieces = Vec::new();
    for end in places {
        pieces.push(bytes.slice(start..end));
        start = end;
    }
    pieces
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}
