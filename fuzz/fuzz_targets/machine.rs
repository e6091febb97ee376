//! A machine as it was written down, or as something wrote it: what can be read continues, step by step, without
//! a panic, and can be written down again.
#![no_main]

use std::time::Duration;

use kirin_client::{
    BaseUrl, GenerationHandle,
    machine::{Action, Event, Machine, Outcome},
    wire::{Call, CreateAnswer, Endpoint, Exchange, QueryAnswer},
};
use kirin_transport::{Sent, TransportError, TransportErrorKind};
use kirin_types::{Task, Timestamp};
use libfuzzer_sys::fuzz_target;

/// How many steps a machine goes: some never end.
const STEPS: usize = 64;

fn closed(choice: u8) -> TransportError {
    let sent = if choice & 1 == 0 {
        Sent::Maybe
    } else {
        Sent::No
    };
    TransportError::new(TransportErrorKind::Closed, sent)
}

/// Some answer to what the machine asks for.
fn answer(machine: &Machine, elapsed: &mut Duration, choice: u8) -> Option<Event> {
    let words = ["in_progress", "queued", "cancelled", "completed", "failed"];
    let word = words[usize::from(choice >> 1) % words.len()];
    let created_at = 1_769_757_744 + i64::from(choice);
    let task = |id: &str| {
        let json = serde_json::json!({"id": id, "status": word, "created_at": created_at});
        Task::from_json(json.to_string().as_bytes()).expect("a task")
    };
    Some(match machine.action() {
        Action::Create(_) => Event::CreateAnswered(match choice % 3 {
            0 => CreateAnswer::Created(task("a")),
            _ => CreateAnswer::failed(&closed(choice)),
        }),
        Action::Finished(_) => return None,
        Action::LookUp(_) | Action::Query(_) => match choice % 3 {
            0 => Event::QueryAnswered(QueryAnswer::Task(task("a"))),
            1 => not_found(&endpoint().query("a")),
            _ => endpoint().query("a").read(Err(closed(choice)), None),
        },
        Action::Probe(id) => match choice & 1 {
            0 => not_found(&endpoint().probe(id, "1")),
            _ => endpoint().probe(id, "1").read(Err(closed(choice)), None),
        },
        Action::Wait { until } => {
            *elapsed = until.max(*elapsed);
            Event::WaitEnded
        }
    })
}

fn endpoint() -> Endpoint {
    Endpoint::new(BaseUrl::default(), "any-key".parse().expect("a key")).expect("an endpoint")
}

fn not_found(call: &Call) -> Event {
    let mut response = http::Response::default();
    *response.status_mut() = http::StatusCode::NOT_FOUND;
    call.read(Exchange::Whole(response), None)
}

fn show(machine: &Machine) {
    let _ = (machine.task(), machine.external_task_id());
    let _ = (machine.send_reason(), machine.send_by());
    let _ = (machine.capabilities(), format!("{machine:?}"));
}

/// The first line is the machine, those that follow are events, and what is no event chooses answers.
fn drive(mut machine: Machine, lines: &[&[u8]]) {
    let mut elapsed = Duration::ZERO;
    let mut choices = 0..STEPS;
    for line in lines.iter().copied().chain([&b""[..]; STEPS]) {
        let Some(step) = choices.next() else { break };
        let choice = line.first().copied().unwrap_or(step as u8);
        elapsed = elapsed.saturating_add(Duration::from_millis(u64::from(choice)));
        let event = match serde_json::from_slice(line) {
            Ok(event) => Some(event),
            Err(_) if choice == b'!' => Some(Event::ClocksRead {
                ours: Timestamp::from_milliseconds(1_769_757_744_000),
                service: None,
            }),
            Err(_) => answer(&machine, &mut elapsed, choice),
        };
        let Some(event) = event else { break };
        // An event that does not answer the action is refused, and changes nothing.
        let before = machine.clone();
        match machine.handle(elapsed, event) {
            Ok(notice) => assert!(!format!("{notice:?}").is_empty()),
            Err(_) => assert!(machine == before, "a refused event changed something"),
        }
        show(&machine);
    }
}

fuzz_target!(|data: &[u8]| {
    let lines: Vec<&[u8]> = data.split(|byte| *byte == b'\n').collect();
    let Some((first, lines)) = lines.split_first() else {
        return;
    };
    if let Ok(machine) = serde_json::from_slice::<Machine>(first) {
        let written = serde_json::to_string(&machine).expect("a machine can be written");
        let again: Machine = serde_json::from_str(&written).expect("and read again");
        show(&again);
        drive(again.after_restart(), lines);
        drive(machine, lines);
    }
    if let Ok(answer) = serde_json::from_slice::<CreateAnswer>(first) {
        serde_json::to_string(&answer).expect("an answer can be written");
    }
    if let Ok(answer) = serde_json::from_slice::<QueryAnswer>(first) {
        serde_json::to_string(&answer).expect("an answer can be written");
    }
    if let Ok(handle) = serde_json::from_slice::<GenerationHandle>(first) {
        let written = serde_json::to_string(&handle).expect("a handle can be written");
        assert_eq!(
            serde_json::from_str::<GenerationHandle>(&written).ok(),
            Some(handle)
        );
    }
    if let Ok(outcome) = serde_json::from_slice::<Outcome>(first) {
        let _ = (
            outcome.task(),
            outcome.task_id(),
            outcome.task_with_output(),
        );
        serde_json::to_string(&outcome).expect("an outcome can be written");
    }
});
