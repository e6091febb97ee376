//! What is not the API but the emulator's own: endpoints under `/_emulator/` to look at it and to
//! change it while it runs.
//!
//! They are for this machine only, as everything here is: the listener is on loopback, and
//! [`guard`](super::guard) refuses what a page of another site could send through a browser. What changes
//! something must also say that it is JSON.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    Service,
    guard::is_json,
    json_response::{json_response, no_store},
    refusal::Refusal,
};
use crate::{Scenario, World, openapi};

mod clock;

mod scenario;

mod tasks;

/// What the paths of all of them start with.
pub(super) const PREFIX: &str = "/_emulator/";

/// Where the page finds the videos, behind [`PREFIX`].
const VIDEOS: &str = "videos/";

/// How many tasks `state` lists, the latest ones.
const TASKS: usize = 100;

/// Longest body that is taken, in bytes.
const BODY_BYTES: usize = 1024 * 1024;

/// Answers a request under [`PREFIX`] that [`guard`](super::guard) lets pass; a body of `None` is one that
/// is too long.
pub(super) async fn answer(
    service: &Service,
    head: &Request<()>,
    body: Option<&Bytes>,
) -> Response<Bytes> {
    let body = body.filter(|body| body.len() <= BODY_BYTES);
    let checked = match changes(head.method()) && !is_json(head.headers()) {
        true => Err(Refusal::NotJson),
        false => body.ok_or(Refusal::TooLarge { most: BODY_BYTES }),
    };
    let answered = match (checked, name(head).strip_prefix(VIDEOS)) {
        (Ok(_), Some(video)) => show_video(service, head, video).await,
        (Ok(body), None) => call(service, head, body),
        (Err(refusal), _) => Err(refusal),
    };
    answered.unwrap_or_else(Refusal::response)
}

/// The path behind [`PREFIX`].
fn name<T>(head: &Request<T>) -> &str {
    head.uri().path().strip_prefix(PREFIX).unwrap_or_default()
}

/// The endpoints. A new one is a line here, with its method in the lines below.
fn call<T>(service: &Service, head: &Request<T>, body: &[u8]) -> Result<Response<Bytes>, Refusal> {
    match (head.method().as_str(), name(head)) {
        ("GET", "callbacks") => {
            let world = service.world();
            Ok(ok(&world.callback_records().collect::<Vec<_>>()))
        }
        ("GET", "health") => Ok(ok(&json!({ "status": "ok" }))),
        ("GET", "openapi.json") => Ok(ok(&openapi::document(&service.world().base_url()))),
        ("GET", "ledger") => Ok(ok(&service.at(World::ledger))),
        ("POST", "clock") => {
            service.advance(clock::advance(body)?);
            Ok(ok(
                &json!({ "elapsed_ms": milliseconds(service.elapsed()) }),
            ))
        }
        ("POST", "reset") => {
            service.reset();
            Ok(ok(&json!({})))
        }
        ("GET", "requests") => {
            let world = service.world();
            Ok(ok(&world.requests().collect::<Vec<_>>()))
        }
        ("GET", "scenario") => Ok(ok(&scenario::report(&service.world()))),
        ("POST", "scenario") => scenario::set(service, body).map(|report| ok(&report)),
        ("DELETE", "scenario") => {
            service.set_scenario(Scenario::default());
            Ok(ok(&scenario::report(&service.world())))
        }
        ("GET", "state") => Ok(ok(&state(service))),
        (_, "scenario") => Err(Refusal::MethodNotAllowed {
            allowed: "GET, POST, DELETE",
        }),
        (_, "callbacks" | "health" | "ledger" | "openapi.json" | "requests" | "state") => {
            Err(Refusal::MethodNotAllowed { allowed: "GET" })
        }
        ("POST", "tasks") => tasks::end(service, body).map(|()| ok(&json!({}))),
        (_, "clock" | "reset" | "tasks") => Err(Refusal::MethodNotAllowed { allowed: "POST" }),
        _ => Err(Refusal::NoSuchPath),
    }
}

/// A video for the page, without a trace of it in what the emulator counts and logs.
async fn show_video(
    service: &Service,
    head: &Request<()>,
    name: &str,
) -> Result<Response<Bytes>, Refusal> {
    if changes(head.method()) {
        let allowed = "GET, HEAD";
        return Err(Refusal::MethodNotAllowed { allowed });
    }
    let video = service.at(|world, elapsed| world.shown_video(elapsed, name, head));
    let mut response = service.render(&video.ok_or(Refusal::NoSuchPath)?).await;
    no_store(&mut response);
    Ok(response)
}

fn state(service: &Service) -> Value {
    service.at(|world, elapsed| {
        let tasks: Vec<_> = world
            .overview(elapsed, TASKS)
            .map(|task| json!(task))
            .collect();
        let counted = world.statistics();
        json!({
            "elapsed_ms": milliseconds(elapsed),
            "statistics": {
                "requests_received": counted.requests_received,
                "creates_received": counted.creates_received,
                "tasks_created": counted.tasks_created,
                "queries_received": counted.queries_received,
                "artifacts_served": counted.artifacts_served,
            },
            "tasks": tasks,
            "notes": world.notes().collect::<Vec<_>>(),
        })
    })
}

fn milliseconds(elapsed: Duration) -> u64 {
    u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX)
}

/// A JSON answer under 200.
fn ok(body: &impl Serialize) -> Response<Bytes> {
    json_response(StatusCode::OK, body)
}

/// Whether a request of this method may change something.
fn changes(method: &Method) -> bool {
    ![Method::GET, Method::HEAD].contains(method)
}
