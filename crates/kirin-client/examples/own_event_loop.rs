//! Drives the machine without tokio and without a clock: an event loop of one's own.
//!
//! The service is the emulator's world, which is as pure as the machine: both are told the time,
//! so a task of three seconds takes none. Put your own HTTP in the place of `send`, and your own
//! clock in the place of `elapsed`.
//!
//! ```text
//! cargo run --package kirin-client --example own_event_loop
//! ```
#![expect(
    clippy::print_stdout,
    reason = "an example talks to the person who runs it"
)]

use std::{error::Error, time::Duration};

use bytes::Bytes;
use http::{Request, Response};
use kirin_client::{
    Error as KirinError,
    machine::{Action, Event, Machine, Settings},
    wire::{Call, Endpoint, Exchange},
};
use kirin_emulator::{EmulatorConfig, World, world::Reply};
use kirin_types::{GenerationRequest, KIRIN_V2_5_TURBO_T2V, Task, Timestamp};

/// What the clock on the wall shows when the world begins, in milliseconds since 1970.
const BEGINNING: i64 = 1_769_757_744_021;

pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    let beginning = Timestamp::from_milliseconds(BEGINNING);
    let mut world = World::new(EmulatorConfig::default(), beginning);
    let request = GenerationRequest::builder("a fox")
        .external_task_id("order-42")
        .build()?;
    let task = generate(&mut world, Duration::ZERO, request)?;
    println!("task {} is {:?}", task.id(), task.status());
    Ok(())
}

/// Create, reconcile, wait and query, from this time of the world on.
pub(crate) fn generate(
    world: &mut World,
    began_at: Duration,
    request: GenerationRequest,
) -> Result<Task, Box<dyn Error>> {
    let endpoint = Endpoint::new("http://127.0.0.1:4010".parse()?, "any-key".parse()?)?;
    // The wall time tells a task of this request from an older one that has the same id.
    let settings = Settings::for_model(&KIRIN_V2_5_TURBO_T2V, Some(wall_time(began_at)));
    let mut machine = Machine::generate(request, settings)?;
    let mut elapsed = Duration::ZERO;
    let mut probes = 0;

    loop {
        let mut answer = |call: Call| {
            let now = began_at + elapsed;
            send(world, now, &call.request())
                .map(|answer| call.read(Exchange::Whole(answer), Some(wall_time(now))))
        };
        let event = match machine.action() {
            Action::Create(request) => answer(endpoint.create(request))?,
            Action::LookUp(id) => answer(endpoint.query(id.as_str()))?,
            Action::Probe(id) => {
                // Each address is used once, so that no cache has an answer to it.
                probes += 1;
                answer(endpoint.probe(id, &probes.to_string()))?
            }
            Action::Query(id) => answer(endpoint.query(id.as_str()))?,
            Action::Wait { until } => {
                elapsed = until;
                Event::WaitEnded
            }
            Action::Finished(outcome) => return Ok(KirinError::check(outcome.clone())?),
        };
        let notice = machine.handle(elapsed, event)?;
        println!("{:.3} s: {notice:?}", elapsed.as_secs_f64());
    }
}

fn wall_time(elapsed: Duration) -> Timestamp {
    Timestamp::from_milliseconds(BEGINNING.saturating_add_unsigned(elapsed.as_millis() as u64))
}

/// One exchange, without a network.
fn send(
    world: &mut World,
    now: Duration,
    request: &Request<Bytes>,
) -> Result<Response<Bytes>, &'static str> {
    match world.handle(now, request) {
        Reply::Response(response) => Ok(response),
        _ => Err("this loop asks for no video"),
    }
}
