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
use kirin_types::{ExternalTaskId, GenerationRequest, Timestamp};

use super::{
    Client,
    clock::{Moment, within, within_or_ever},
    randomness, trace,
};
use crate::{
    machine::ClockDifference,
    wire::{
        CreateAnswer, MAX_ANSWER_BYTES, MAX_ERROR_BYTES, Probe, QueryAnswer, date, without_gzip,
    },
};

/// How long the body of a refusal is waited for, within the time of its call.
const REFUSAL_BODY_TIMEOUT: Duration = Duration::from_secs(5);

/// An answer, or what has come of it: then, why no more came.
struct Exchanged {
    response: Response<Bytes>,
    cut: Option<TransportError>,
}

/// An answer, and what the service's clock showed where it told that.
pub(super) struct Answered<T> {
    pub(super) answer: T,
    pub(super) date: Option<Timestamp>,
}

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
    ) -> Answered<CreateAnswer> {
        let Some(id) = request.external_task_id() else {
            unreachable!("a create has an external task id");
        };
        let call = self.0.endpoint.create(request);
        let exchanged = self.call(call, time, watch).await;
        let decode = |answer: &Exchanged| match &answer.cut {
            Some(error) => CreateAnswer::decode_cut(&answer.response, id, error),
            None => CreateAnswer::decode(&answer.response, id),
        };
        self.read(exchanged, decode, CreateAnswer::failed)
    }

    pub(super) async fn query_once(&self, id: &str, limit: Duration) -> Answered<QueryAnswer> {
        let call = self.0.endpoint.query(id);
        let exchanged = self.ask(call, limit).await;
        let decode = |answer: &Exchanged| match &answer.cut {
            Some(error) => QueryAnswer::failed(error),
            None => QueryAnswer::decode(&answer.response),
        };
        self.read(exchanged, decode, QueryAnswer::failed)
    }

    pub(super) async fn probe_once(&self, id: &ExternalTaskId, limit: Duration) -> Answered<Probe> {
        let no_cache = randomness::query_parameter();
        let call = self.0.endpoint.probe(id, &no_cache);
        let exchanged = self.ask(call, limit).await;
        let decode = |answer: &Exchanged| match &answer.cut {
            Some(error) => Probe::failed(error),
            None => Probe::decode(&answer.response),
        };
        self.read(exchanged, decode, Probe::failed)
    }

    fn read<T>(
        &self,
        exchanged: Result<Exchanged, TransportError>,
        decode: impl FnOnce(&Exchanged) -> T,
        failed: impl FnOnce(&TransportError) -> T,
    ) -> Answered<T> {
        let exchanged = match exchanged {
            Ok(exchanged) => exchanged,
            Err(error) => {
                return Answered {
                    answer: failed(&error),
                    date: None,
                };
            }
        };
        let date = date(exchanged.response.headers());
        if let Some((ours, service)) = self.wall_time().zip(date) {
            self.learn_clock(ClockDifference::between(ours, service));
        }
        Answered {
            answer: decode(&exchanged),
            date,
        }
    }

    async fn ask(
        &self,
        request: Request<Bytes>,
        limit: Duration,
    ) -> Result<Exchanged, TransportError> {
        let time = CallTime::limited(limit);
        self.call(request, time, SendWatch::new()).await
    }

    async fn call(
        &self,
        request: Request<Bytes>,
        time: CallTime,
        watch: SendWatch,
    ) -> Result<Exchanged, TransportError> {
        let sent_bytes = request.body().len();
        let answer = self.exchange(request, time, watch).await;
        let whole = answer.as_ref().and_then(|answer| match &answer.cut {
            Some(error) => Err(error),
            None => Ok(&answer.response),
        });
        let size = |it: &Response<Bytes>| (it.status().as_u16(), it.body().len());
        trace::called(sent_bytes, whole.map(size));
        answer
    }

    async fn exchange(
        &self,
        mut request: Request<Bytes>,
        time: CallTime,
        watch: SendWatch,
    ) -> Result<Exchanged, TransportError> {
        request.extensions_mut().insert(watch.clone());
        let (response, ends_at) = self.head(request, &watch, time).await?;
        let (head, body) = response.into_parts();
        let left = ends_at.since(Moment::now());
        let (limit, left) = match head.status.is_success() {
            true => (MAX_ANSWER_BYTES, left),
            false => (MAX_ERROR_BYTES, left.min(REFUSAL_BODY_TIMEOUT)),
        };
        let (body, cut) = beginning(body, limit, left).await;
        // The status of a refusal is known already, and says more than a cut or a stall.
        let cut = cut.filter(|_| head.status.is_success());
        let response = without_gzip(Response::from_parts(head, body));
        Ok(Exchanged {
            response: self.0.endpoint.without_key(response),
            cut,
        })
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
