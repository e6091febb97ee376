//! One call: it is sent, and its answer read whole.

use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    task::Poll,
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use http::{Request, Response};
use kirin_transport::{Body, SendWatch, Sent, TransportError, TransportErrorKind};
use kirin_types::{ExternalTaskId, GenerationRequest};

use super::{Client, randomness, trace};
use crate::{
    clock::{Moment, within, within_or_ever},
    machine::{ClockDifference, Event},
    wire::{Call, Exchange, answer_limit},
};

/// How long the body of a refusal is waited for, within the time of its call.
const REFUSAL_BODY_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a call may take.
#[derive(Clone, Copy)]
pub(super) struct CallTime {
    /// From when its body leaves; where the transport does not tell that, from the call.
    pub(super) limit: Duration,
    /// How long it may wait to leave: for a connection, or for its turn on one.
    pub(super) queue: Option<Duration>,
}

impl CallTime {
    pub(super) fn limited(limit: Duration) -> Self {
        Self { limit, queue: None }
    }
}

impl Client {
    pub(super) async fn create_once(
        &self,
        request: &GenerationRequest,
        time: CallTime,
        watch: SendWatch,
    ) -> Event {
        self.call(self.0.endpoint.create(request), time, watch)
            .await
    }

    pub(super) async fn query_once(&self, id: &str, limit: Duration) -> Event {
        let call = self.0.endpoint.query(id);
        self.ask(call, limit).await
    }

    pub(super) async fn probe_once(&self, id: &ExternalTaskId, limit: Duration) -> Event {
        let no_cache = randomness::query_parameter();
        let call = self.0.endpoint.probe(id, &no_cache);
        self.ask(call, limit).await
    }

    async fn ask(&self, call: Call, limit: Duration) -> Event {
        let time = CallTime::limited(limit);
        self.call(call, time, SendWatch::new()).await
    }

    async fn call(&self, call: Call, time: CallTime, watch: SendWatch) -> Event {
        let request = call.request();
        let sent_bytes = request.body().len();
        let exchange = self.exchange(request, time, watch).await;
        trace::called(sent_bytes, received(&exchange));
        self.learn_typical_time(&exchange);
        let event = call.read(exchange, self.wall_time());
        if let Event::Answered {
            ours: Some(ours),
            service: Some(service),
            ..
        } = &event
        {
            self.learn_clock(ClockDifference::between(*ours, *service));
        }
        event
    }

    async fn exchange(
        &self,
        mut request: Request<Bytes>,
        time: CallTime,
        watch: SendWatch,
    ) -> Exchange {
        request.extensions_mut().insert(watch.clone());
        let (response, ends_at) = match self.head(request, &watch, time).await {
            Ok(head) => head,
            Err(error) => return Exchange::Failed(error),
        };
        let (head, body) = response.into_parts();
        let left = ends_at.since(Moment::now());
        let left = match head.status.is_success() {
            true => left,
            false => left.min(REFUSAL_BODY_TIMEOUT),
        };
        let (body, cut) = beginning(body, answer_limit(head.status), left).await;
        let response = Response::from_parts(head, body);
        match cut {
            Some(error) => Exchange::Cut(response, error),
            None => Exchange::Whole(response),
        }
    }

    /// Waits for the head of the answer; the time runs from when the body leaves. What has not left when
    /// its time to wait is over is withdrawn, and never will.
    async fn head(
        &self,
        request: Request<Bytes>,
        watch: &SendWatch,
        time: CallTime,
    ) -> Result<(Response<Body>, Moment), TransportError> {
        let began_at = Moment::now();
        let mut sending = pin!(self.send(request));
        let mut first = sending.as_mut();
        let head = poll_fn(|context| Poll::Ready(first.as_mut().poll(context))).await;
        if let Poll::Ready(head) = head {
            return Ok((head?, began_at + time.limit));
        }
        if watch.is_announced() && !watch.is_taken() {
            let leaving = or_taken(sending.as_mut(), watch);
            match within_or_ever(time.queue, leaving).await {
                Some(Some(head)) => return Ok((head?, Moment::now() + time.limit)),
                Some(None) => {}
                None if watch.withdraw() => return Err(timed_out(Sent::No)),
                // It was taken at the last moment.
                None => {}
            }
        }
        let ends_at = Moment::now() + time.limit;
        match within(time.limit, sending).await {
            Some(head) => Ok((head?, ends_at)),
            None if watch.withdraw() => Err(timed_out(Sent::No)),
            None => Err(timed_out(Sent::Maybe)),
        }
    }

    pub(crate) async fn send(
        &self,
        request: Request<Bytes>,
    ) -> Result<Response<Body>, TransportError> {
        self.0.transport.send(request).await
    }
}

/// Status and bytes of an answer, or why there is none. A refusal that was cut is one all the same.
fn received(exchange: &Exchange) -> Result<(u16, usize), &TransportError> {
    let size = |answer: &Response<Bytes>| (answer.status().as_u16(), answer.body().len());
    match exchange {
        Exchange::Cut(answer, error) if answer.status().is_success() => Err(error),
        Exchange::Cut(answer, _) | Exchange::Whole(answer) => Ok(size(answer)),
        Exchange::Failed(error) => Err(error),
    }
}

fn timed_out(sent: Sent) -> TransportError {
    TransportError::new(TransportErrorKind::Timeout, sent)
}

/// What comes of `sending`, or nothing once the body has left.
async fn or_taken<T>(sending: Pin<&mut impl Future<Output = T>>, watch: &SendWatch) -> Option<T> {
    let mut sending = sending;
    let mut taken = pin!(watch.taken());
    poll_fn(|context| {
        if let Poll::Ready(done) = sending.as_mut().poll(context) {
            return Poll::Ready(Some(done));
        }
        taken.as_mut().poll(context).map(|()| None)
    })
    .await
}

/// What comes of a body within a time, at most so many bytes; and why no more came, where more was to
/// come.
async fn beginning(
    mut body: Body,
    limit: usize,
    time: Duration,
) -> (Bytes, Option<TransportError>) {
    let mut received = BytesMut::new();
    let receiving = async {
        while let Some(data) = body.next().await {
            let data = data?;
            let room = limit - received.len();
            received.extend_from_slice(&data[..data.len().min(room)]);
            if data.len() > room {
                let kind = TransportErrorKind::TooLarge;
                return Err(TransportError::new(kind, Sent::Maybe));
            }
        }
        Ok(())
    };
    let cut = match within(time, receiving).await {
        Some(received) => received.err(),
        None => Some(timed_out(Sent::Maybe)),
    };
    (received.freeze(), cut)
}
