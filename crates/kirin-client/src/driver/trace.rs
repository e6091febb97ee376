//! Spans for subscribers, with the feature `tracing`; without it nothing happens here.
//!
//! Ids, counts, sizes and kinds of failure are recorded: never a header, a body, a URL or a text of
//! the service, any of which may hold a secret.

#[cfg(feature = "tracing")]
use tracing::{Instrument, Span, debug, debug_span, field::Empty, info, info_span};

use kirin_transport::TransportError;
use kirin_types::{Task, TaskId};

use crate::Error;

/// What is known of a generation at its start.
pub(super) struct Known {
    pub(super) model: Option<String>,
    pub(super) external_task_id: Option<String>,
    /// Empty if there are none.
    pub(super) tags: String,
    pub(super) task_id: Option<String>,
}

/// A whole generation, with an event at its end.
pub(super) fn generation(
    known: Known,
    work: impl Future<Output = Result<Task, Error>>,
) -> impl Future<Output = Result<Task, Error>> {
    #[cfg(feature = "tracing")]
    return async move {
        let span = info_span!(
            "kirin_generation",
            kirin.model = known.model,
            kirin.external_task_id = known.external_task_id,
            kirin.task_id = known.task_id,
            kirin.tags = Some(known.tags).filter(|tags| !tags.is_empty()),
            kirin.creates = Empty,
            kirin.queries = Empty,
            kirin.billing = Empty,
            error.r#type = Empty,
        );
        let ended = work.instrument(span.clone()).await;
        if let Err(error) = &ended {
            span.record("error.type", format!("{:?}", error.kind()));
            span.record("kirin.billing", format!("{:?}", error.billing()));
        }
        info!(parent: &span, "ended");
        ended
    };
    #[cfg(not(feature = "tracing"))]
    {
        let _ = (
            known.model,
            known.external_task_id,
            known.task_id,
            known.tags,
        );
        work
    }
}

/// The service has the task of the generation.
pub(super) fn accepted(task_id: &TaskId) {
    #[cfg(feature = "tracing")]
    {
        Span::current().record("kirin.task_id", task_id.as_str());
        info!("accepted");
    }
    #[cfg(not(feature = "tracing"))]
    let _ = task_id;
}

/// How many calls the generation has made.
pub(super) fn calls(creates: u32, queries: u32) {
    #[cfg(feature = "tracing")]
    Span::current()
        .record("kirin.creates", creates)
        .record("kirin.queries", queries);
    #[cfg(not(feature = "tracing"))]
    let _ = (creates, queries);
}

/// One call, by the id it is about; `attempt` counts from 1.
pub(super) fn call<T>(
    name: &'static str,
    id: &str,
    attempt: u32,
    work: impl Future<Output = T>,
) -> impl Future<Output = T> {
    #[cfg(feature = "tracing")]
    let work = work.instrument(debug_span!(
        "kirin_call",
        kirin.call = name,
        kirin.id = id,
        kirin.attempt = attempt,
        http.request.body.size = Empty,
        http.response.body.size = Empty,
        http.response.status_code = Empty,
        error.r#type = Empty,
        sent = Empty,
    ));
    #[cfg(not(feature = "tracing"))]
    let _ = (name, id, attempt);
    work
}

/// The end of the call at hand: status and bytes of the answer, or why there is none.
pub(super) fn called(sent_bytes: usize, answer: Result<(u16, usize), &TransportError>) {
    #[cfg(feature = "tracing")]
    {
        let span = Span::current();
        span.record("http.request.body.size", sent_bytes);
        match answer {
            Ok((status, received_bytes)) => {
                span.record("http.response.status_code", status);
                span.record("http.response.body.size", received_bytes);
                debug!("answered");
            }
            Err(error) => {
                span.record("error.type", format!("{:?}", error.kind()));
                span.record("sent", format!("{:?}", error.sent()));
                debug!("failed");
            }
        }
    }
    #[cfg(not(feature = "tracing"))]
    let _ = (sent_bytes, answer);
}
