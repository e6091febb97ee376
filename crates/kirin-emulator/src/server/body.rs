//! Reading a request's body within bounds.

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};

use crate::World;

/// How much of a body that is too large is read, and dropped, so that the caller gets to read
/// the refusal: a connection that is closed under a sender may lose it.
const DRAINED_BYTES: u64 = 64 * 1024 * 1024;

/// Reads a body; `None` if it is too large.
///
/// # Errors
///
/// The connection ended before the body did.
pub(super) async fn read(mut body: Incoming) -> Result<Option<Bytes>, hyper::Error> {
    let announced = body.size_hint().lower();
    if announced > DRAINED_BYTES {
        return Ok(None);
    }
    let mut bytes = BytesMut::new();
    let mut received = 0;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else {
            continue;
        };
        received += data.len() as u64;
        if received > DRAINED_BYTES {
            return Ok(None);
        }
        if received <= World::MAX_BODY_BYTES as u64 {
            bytes.extend_from_slice(&data);
        }
    }
    let whole = received <= World::MAX_BODY_BYTES as u64;
    Ok(whole.then(|| bytes.freeze()))
}
