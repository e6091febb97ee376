//! Which part of the server answers a request: the page, the admin endpoints, or the world.

use std::{io, time::Duration};

use bytes::Bytes;
use http::{Request, Response};
use hyper::body::{Body, Incoming};

use super::{
    Service, admin, answer_body::AnswerBody, body, callbacks, clock, guard, page, stream::End,
};
use crate::world::{OutgoingCallback, Received, Reply};

/// How long a body may take to arrive.
const BODY_TIME: Duration = Duration::from_secs(30);

/// Answers a request.
///
/// # Errors
///
/// The body did not arrive whole, or a fault ends the connection: no one is answered.
pub(super) async fn answer(
    service: &Service,
    request: Request<Incoming>,
    end: &End,
) -> io::Result<Response<AnswerBody>> {
    end.open();
    let (head, body) = request.into_parts();
    let head = Request::from_parts(head, ());
    if let Some(response) = page::answer(&head, service.names()) {
        return Ok(response.map(AnswerBody::whole));
    }
    if let Err(refusal) = guard::check(&head, service.names()) {
        // Who is refused in the middle of a body may not get to read why.
        read(body).await?;
        return Ok(refusal.response().map(AnswerBody::whole));
    }
    if head.uri().path().starts_with(admin::PREFIX) {
        let body = read(body).await?;
        let response = admin::answer(service, &head, body.as_ref()).await;
        return Ok(response.map(AnswerBody::whole));
    }
    // Most requests have no body, and need no timer and no second look at the world.
    if body.is_end_stream() {
        let request = head.map(|()| Bytes::new());
        let reply = service.ask(|world, elapsed| world.handle(elapsed, &request));
        return service
            .deliver(reply.unwrap_or_else(Reply::from), end)
            .await;
    }
    let received = service.ask(|world, elapsed| world.receive(elapsed, &head));
    let reply = match received {
        Ok(Ok(received)) => {
            let body = read(body).await?;
            let (reply, before_answer) = handle(service, received, head, body);
            for callback in before_answer {
                callbacks::send(service, callback).await;
            }
            reply
        }
        Ok(Err(no_answer)) => Reply::NoAnswer(no_answer),
        Err(panicked) => panicked.into(),
    };
    service.deliver(reply, end).await
}

/// The reply to a request, and the callbacks to send before it is given.
fn handle(
    service: &Service,
    received: Received,
    head: Request<()>,
    body: Option<Bytes>,
) -> (Reply, Vec<OutgoingCallback>) {
    let asked = service.ask(|world, elapsed| {
        let reply = match body {
            Some(body) => world.handle_received(elapsed, received, &head.map(|()| body)),
            None => world.handle_too_large(elapsed, received, &head),
        };
        (reply, world.callbacks_before_answer())
    });
    asked.unwrap_or_else(|panicked| (panicked.into(), Vec::new()))
}

/// Reads a body; `None` if it is too large.
async fn read(body: Incoming) -> io::Result<Option<Bytes>> {
    clock::within(BODY_TIME, body::read(body))
        .await
        .ok_or(io::ErrorKind::TimedOut)?
        .map_err(io::Error::other)
}
