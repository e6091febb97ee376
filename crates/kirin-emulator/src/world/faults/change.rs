//! What becomes of the answer to a request that was carried out.

use bytes::Bytes;
use http::{HeaderValue, Method, Response, StatusCode, header};
use serde_json::json;

use super::{Fired, answers, bomb, replies};
use crate::{
    Fault, Rule,
    artifact::{Artifact, Flaw},
    world::{Call, Delivery, NoAnswer, Reply},
};

/// Most spaces behind an answer, unless a rule says otherwise: 1 GiB.
const SPACES: u64 = 1 << 30;

/// How long an answer is held back unless a rule says otherwise.
const DELAY_MILLISECONDS: u64 = 5000;

/// The time before each byte of a slow body unless a rule says otherwise.
const DRIP_MILLISECONDS: u64 = 1000;

impl Fired {
    /// What is answered if the request is not carried out; `None` if it is.
    pub(in crate::world) fn instead(&self, call: &Call<'_>) -> Option<Reply> {
        match self.rule.fault() {
            Fault::ResetBeforeRead | Fault::ResetBeforeCommit => {
                Some(Reply::NoAnswer(NoAnswer::Reset))
            }
            _ => answers::instead(self, call),
        }
    }

    /// What is answered in the place of `reply`, which was carried out.
    pub(in crate::world) fn change(&self, reply: Reply, call: &Call<'_>) -> Reply {
        if let Some(delivery) = delivery(&self.rule) {
            let answer = Box::new(reply);
            return Reply::Disturbed { answer, delivery };
        }
        match (self.rule.fault(), reply) {
            (Fault::CommitThenDrop, _) => Reply::NoAnswer(NoAnswer::Close),
            (Fault::NeverAnswer, _) => Reply::NoAnswer(NoAnswer::Never),
            (Fault::CommitThen500, _) => {
                let body = json!({ "detail": "Runtime execution failed" });
                Reply::json(StatusCode::INTERNAL_SERVER_ERROR, &body)
            }
            (Fault::CommitThen502, _) => replies::html(StatusCode::BAD_GATEWAY),
            (Fault::CommitThen504, _) => replies::empty(StatusCode::GATEWAY_TIMEOUT),
            (Fault::CommitThen303, reply) => self.see_other(&reply, call),
            (Fault::RefusedReplay, _) => answers::refused_replay(self.choice, call.request_id()),
            (Fault::HtmlBody, _) => replies::html(StatusCode::OK),
            (Fault::EmptyBody, _) => replies::empty(StatusCode::OK),
            (Fault::BrokenJson, Reply::Response(response)) => Reply::Response(half(response)),
            (Fault::CompressedBomb, Reply::Response(response)) => {
                Reply::Response(compressed(response))
            }
            (fault, Reply::Artifact(artifact)) => Reply::Artifact(flawed(fault, artifact)),
            (_, reply) => reply,
        }
    }
}

impl Fired {
    /// Where the task is that was created, or asked for.
    fn see_other(&self, reply: &Reply, call: &Call<'_>) -> Reply {
        let path = call.path();
        let of_task = || match reply.created_task() {
            Some(id) if call.method() == Method::POST => format!("{path}/task/{id}"),
            _ => path.into(),
        };
        let location = self.rule.location.clone().unwrap_or_else(of_task);
        replies::empty(StatusCode::SEE_OTHER).with_header(header::LOCATION, &location)
    }
}

fn delivery(rule: &Rule) -> Option<Delivery> {
    Some(match rule.fault() {
        Fault::CommitThenCut => Delivery::Cut {
            at_byte: rule.at_byte,
        },
        Fault::CloseAfterAnswer => Delivery::Closing,
        Fault::Reload => Delivery::Reloading,
        Fault::Delay => Delivery::After(rule.duration(DELAY_MILLISECONDS)),
        Fault::HugeBody => Delivery::Padded {
            spaces: rule.bytes.unwrap_or(SPACES),
        },
        Fault::SlowBody => Delivery::Drip {
            every: rule.duration(DRIP_MILLISECONDS),
        },
        _ => return None,
    })
}

fn half(response: Response<Bytes>) -> Response<Bytes> {
    response.map(|body| body.slice(..body.len() / 2))
}

fn compressed(mut response: Response<Bytes>) -> Response<Bytes> {
    let gzip = HeaderValue::from_static("gzip");
    response
        .headers_mut()
        .insert(header::CONTENT_ENCODING, gzip);
    response.map(|_| bomb::gzip())
}

fn flawed(fault: Fault, artifact: Artifact) -> Artifact {
    match fault {
        Fault::ArtifactChanged => artifact.changed(),
        Fault::ArtifactTruncated => artifact.with_flaw(Flaw::Truncated),
        Fault::RangeIgnored => artifact.with_flaw(Flaw::RangeIgnored),
        Fault::WrongContentRange => artifact.with_flaw(Flaw::WrongContentRange),
        _ => artifact,
    }
}
