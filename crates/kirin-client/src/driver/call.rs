//! One call: it is sent, and its answer read whole.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{Request, Response};
use kirin_transport::{Body, Sent, TransportError, TransportErrorKind};
use kirin_types::GenerationRequest;

use super::{
    Client,
    clock::{Moment, within},
    trace,
};
use crate::wire::{CreateAnswer, MAX_ANSWER_BYTES, MAX_ERROR_BYTES, QueryAnswer};

/// How long the body of a refusal is waited for, within the time of its call.
const REFUSAL_BODY_TIMEOUT: Duration = Duration::from_secs(5);

impl Client {
    pub(super) async fn create_once(
        &self,
        request: &GenerationRequest,
        limit: Duration,
    ) -> CreateAnswer {
        match self.call(self.0.endpoint.create(request), limit).await {
            Ok(response) => CreateAnswer::decode(&response),
            Err(error) => CreateAnswer::failed(&error),
        }
    }

    pub(super) async fn query_once(&self, id: &str, limit: Duration) -> QueryAnswer {
        match self.call(self.0.endpoint.query(id), limit).await {
            Ok(response) => QueryAnswer::decode(&response),
            Err(error) => QueryAnswer::failed(&error),
        }
    }

    async fn call(
        &self,
        request: Request<Bytes>,
        limit: Duration,
    ) -> Result<Response<Bytes>, TransportError> {
        let sent_bytes = request.body().len();
        let answer = self.exchange(request, limit).await;
        let size = |it: &Response<Bytes>| (it.status().as_u16(), it.body().len());
        trace::called(sent_bytes, answer.as_ref().map(size));
        answer
    }

    async fn exchange(
        &self,
        request: Request<Bytes>,
        limit: Duration,
    ) -> Result<Response<Bytes>, TransportError> {
        let ends_at = Moment::now() + limit;
        let timed_out = || TransportError::new(TransportErrorKind::Timeout, Sent::Maybe);
        let response = within(limit, self.send(request)).await;
        let (head, body) = response.ok_or_else(timed_out)??.into_parts();
        let left = ends_at.since(Moment::now());
        let body = match head.status.is_success() {
            true => {
                let whole = within(left, body.collect(MAX_ANSWER_BYTES)).await;
                whole.ok_or_else(timed_out)??
            }
            false => beginning(body, left.min(REFUSAL_BODY_TIMEOUT)).await,
        };
        let response = Response::from_parts(head, body);
        Ok(self.0.endpoint.without_key(response))
    }

    pub(crate) async fn send(
        &self,
        request: Request<Bytes>,
    ) -> Result<Response<Body>, TransportError> {
        self.0.transport.send(request).await
    }
}

/// What comes of a refusal's body within a time: its status is known already, and says more than a
/// cut or a stall.
async fn beginning(mut body: Body, limit: Duration) -> Bytes {
    let mut received = BytesMut::new();
    let receiving = async {
        while let Some(Ok(data)) = body.next().await {
            let room = MAX_ERROR_BYTES - received.len();
            received.extend_from_slice(&data[..data.len().min(room)]);
            if received.len() == MAX_ERROR_BYTES {
                break;
            }
        }
    };
    // Whether it has ended makes no difference.
    let _ = within(limit, receiving).await;
    received.freeze()
}
