//! Answers that a fault delays, cuts, stretches or swallows.

use std::{future::pending, io};

use bytes::Bytes;
use http::{HeaderValue, Response, header};

use super::{answer_body::AnswerBody, clock, stream::End};
use crate::world::{Delivery, NoAnswer};

/// Makes of an answer what is to be sent, and tells the connection where it ends.
pub(super) async fn deliver(
    response: Response<Bytes>,
    delivery: Option<Delivery>,
    end: &End,
) -> Response<AnswerBody> {
    match delivery {
        Some(Delivery::After(delay)) => {
            clock::pause(delay).await;
            response.map(AnswerBody::whole)
        }
        Some(Delivery::Closing | Delivery::Reloading) => {
            let mut response = response.map(AnswerBody::whole);
            let close = HeaderValue::from_static("close");
            response.headers_mut().insert(header::CONNECTION, close);
            response
        }
        Some(Delivery::Cut { at_byte }) => {
            match at_byte {
                Some(byte) => end.cut_at(byte),
                None => end.cut_body_at(response.body().len() as u64 / 2),
            }
            response.map(AnswerBody::whole)
        }
        Some(Delivery::Drip { every }) => response.map(|body| AnswerBody::slowly(body, every)),
        Some(Delivery::Padded { spaces }) => response.map(|body| AnswerBody::padded(body, spaces)),
        None => response.map(AnswerBody::whole),
    }
}

/// Ends a request without an answer; the error ends its connection.
pub(super) async fn no_answer(no_answer: NoAnswer, end: &End) -> io::Error {
    match no_answer {
        NoAnswer::Close => {}
        // Until the caller or the server ends the connection.
        NoAnswer::Never => pending().await,
        NoAnswer::Reset => end.reset(),
    }
    io::ErrorKind::ConnectionAborted.into()
}
