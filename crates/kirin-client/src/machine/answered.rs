//! The result of a call, as the event that the machine waits for.

use bytes::Bytes;
use http::Response;
use kirin_transport::{Sent, TransportError, TransportErrorKind};
use kirin_types::Timestamp;

use super::Event;
use crate::wire::{
    Asked, Call, CreateAnswer, Exchange, Probe, QueryAnswer, answer_limit, date, without_gzip,
};

impl Call {
    /// Reads the result as the event that the machine waits for, an [`Event::Answered`]. `ours` is
    /// what our own clock shows now, and `None` where there is none.
    ///
    /// What something on the way compressed with gzip is undone, as it was never asked for. Of a body that
    /// is larger than [`MAX_ANSWER_BYTES`](crate::wire::MAX_ANSWER_BYTES), in a refusal
    /// [`MAX_ERROR_BYTES`](crate::wire::MAX_ERROR_BYTES), only so much is read, and a success counts as cut. The
    /// key, and what else is sensitive among the headers that were sent, is replaced by `(hidden)`, because some
    /// servers repeat the key that they refuse; one of less than 8 characters is no secret, and stays.
    pub fn read(&self, exchange: impl Into<Exchange>, ours: Option<Timestamp>) -> Event {
        let (answer, service) = match exchange.into() {
            Exchange::Cut(response, error) => self.read_answer(response, Some(error)),
            Exchange::Failed(error) => (self.read_failure(&error), None),
            Exchange::Whole(response) => self.read_answer(response, None),
        };
        Event::Answered {
            answer: Box::new(answer),
            ours,
            service,
        }
    }

    fn read_answer(
        &self,
        mut response: Response<Bytes>,
        mut cut: Option<TransportError>,
    ) -> (Event, Option<Timestamp>) {
        let limit = answer_limit(response.status());
        if response.body().len() > limit {
            response.body_mut().truncate(limit);
            cut = cut.or_else(|| {
                let kind = TransportErrorKind::TooLarge;
                Some(TransportError::new(kind, Sent::Maybe))
            });
        }
        // The status of a refusal is known already, and says more than a cut or a stall.
        let cut = cut.filter(|_| response.status().is_success());
        let response = self.without_secrets(without_gzip(response));
        let service = date(response.headers());
        let event = match (self.asked(), &cut) {
            (Asked::Create(id), Some(error)) => {
                Event::CreateAnswered(CreateAnswer::decode_cut(&response, id.as_ref(), error))
            }
            (_, Some(error)) => self.read_failure(error),
            (Asked::Create(id), None) => {
                Event::CreateAnswered(CreateAnswer::decode(&response, id.as_ref()))
            }
            (Asked::Probe, None) => Event::Probed(Probe::decode(&response)),
            (Asked::Query, None) => Event::QueryAnswered(QueryAnswer::decode(&response)),
        };
        (event, service)
    }

    fn read_failure(&self, error: &TransportError) -> Event {
        match self.asked() {
            Asked::Create(_) => Event::CreateAnswered(CreateAnswer::failed(error)),
            Asked::Probe => Event::Probed(Probe::failed(error)),
            Asked::Query => Event::QueryAnswered(QueryAnswer::failed(error)),
        }
    }
}
