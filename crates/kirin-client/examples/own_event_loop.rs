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
    machine::{Action, Event, Machine, Outcome, Settings},
    wire::{CreateAnswer, Endpoint, Probe, QueryAnswer, without_gzip},
};
use kirin_emulator::{EmulatorConfig, World, world::Reply};
use kirin_types::{ExternalTaskId, GenerationRequest, KIRIN_V2_5_TURBO_T2V, Timestamp};

fn main() -> Result<(), Box<dyn Error>> {
    let mut world = World::new(EmulatorConfig::default(), Timestamp::from_milliseconds(0));
    let endpoint = Endpoint::new("http://127.0.0.1:4010".parse()?, "any-key".parse()?)?;
    let id: ExternalTaskId = "order-42".parse()?;
    let request = GenerationRequest::builder("a fox")
        .external_task_id(id.as_str())
        .build()?;
    let settings = Settings::for_model(&KIRIN_V2_5_TURBO_T2V);
    let mut machine = Machine::generate(request, settings)?;
    let mut elapsed = Duration::ZERO;
    let mut probes = 0;

    loop {
        let event = match machine.action() {
            Action::Create(request) => {
                let answer = send(&mut world, elapsed, &endpoint.create(request))?;
                let answer = endpoint.without_key(without_gzip(answer));
                Event::CreateAnswered(CreateAnswer::decode(&answer, &id))
            }
            Action::Probe(id) => {
                // Each address is used once, so that no cache has an answer to it.
                probes += 1;
                let probe = endpoint.probe(id, &format!("{probes}"));
                let answer = send(&mut world, elapsed, &probe)?;
                Event::Probed(Probe::decode(&answer))
            }
            Action::LookUp(id) => {
                let answer = send(&mut world, elapsed, &endpoint.query(id.as_str()))?;
                Event::QueryAnswered(QueryAnswer::decode(&answer))
            }
            Action::Query(id) => {
                let answer = send(&mut world, elapsed, &endpoint.query(id.as_str()))?;
                Event::QueryAnswered(QueryAnswer::decode(&answer))
            }
            Action::Wait { until } => {
                elapsed = until;
                Event::WaitEnded
            }
            Action::Finished(Outcome::Completed(task)) => {
                println!(
                    "{:.3} s: task {} is completed",
                    elapsed.as_secs_f64(),
                    task.id()
                );
                return Ok(());
            }
            Action::Finished(outcome) => return Err(format!("{outcome:?}").into()),
        };
        let notice = machine.handle(elapsed, event)?;
        println!("{:.3} s: {notice:?}", elapsed.as_secs_f64());
    }
}

/// One exchange, without a network.
fn send(
    world: &mut World,
    elapsed: Duration,
    request: &Request<Bytes>,
) -> Result<Response<Bytes>, &'static str> {
    match world.handle(elapsed, request) {
        Reply::Response(response) => Ok(response),
        _ => Err("this loop asks for no video"),
    }
}
