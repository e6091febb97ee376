//! What holds in every state: a wrong event changes nothing, asking changes nothing, and the
//! machine can be written down and go on elsewhere.

use std::time::Duration;

use kirin_client::{
    DuplicateIds, HostCapabilities,
    machine::{Action, Cause, Event, Machine, Withheld},
};

use super::{
    answers::{
        CANCELLED, COMPLETED, FAILED, IN_PROGRESS, WITHOUT_OUTPUT, control_with, create_status,
        created, duplicate, lost, miss_with, no_probe, not_sent, query_status, rate_limit, task,
    },
    script::{Script, proven, seconds, settings, with, withheld},
};

/// A machine in every state that it has, with a name for each.
pub(super) fn states() -> Vec<(&'static str, Script)> {
    let mut states = Vec::new();
    let mut add = |name, steps: &dyn Fn(&mut Script)| {
        let host = HostCapabilities::default().with_duplicate_ids(DuplicateIds::Refused);
        let mut script = Script::generate(with(host));
        steps(&mut script);
        states.push((name, script));
    };
    add("sending", &|_| {});
    add("sending, woken", &|script| script.wake());
    add("sending after a pause", &|script| {
        script.create(not_sent());
        script.wait();
    });
    add("paused", &|script| drop(script.create(rate_limit("9"))));
    add("look-up paused", &|script| drop(script.create(lost())));
    add("looking up", &|script| {
        script.create(lost());
        script.wait();
    });
    add("sending in doubt", &|script| {
        script.create(lost());
        script.wait();
        script.look_up(query_status(404));
    });
    add("known to exist", &|script| {
        script.create(lost());
        script.wait();
        script.look_up(query_status(404));
        script.create(duplicate());
    });
    add("refused in doubt", &|script| {
        script.create(lost());
        script.wait();
        script.look_up(query_status(404));
        script.create(rate_limit("9"));
        script.wait();
        script.create(create_status(402));
    });
    add("withheld", &|script| drop(script.withhold()));
    add("withheld in doubt", &|script| {
        script.create(lost());
        script.wait();
        script.look_up(query_status(404));
        script.withhold();
    });
    add("accepted", &|script| {
        drop(script.create(created(IN_PROGRESS)))
    });
    add("probing", &|script| {
        script.create(created(IN_PROGRESS));
        script.wait();
    });
    add("querying", &|script| {
        script.create(created(WITHOUT_OUTPUT));
        script.wait();
        script.look_up(query_status(404));
    });
    add("known to exist at the first attempt", &|script| {
        drop(script.create(duplicate()))
    });
    add("refused", &|script| drop(script.create(create_status(402))));
    add("refused, look-up paused", &|script| {
        script.create(create_status(402));
        script.look_up(query_status(404));
    });
    add("not created", &|script| {
        script.create(create_status(402));
        script.look_ups(&query_status(404));
    });
    add("completed", &|script| {
        drop(script.create(created(COMPLETED)))
    });
    add("cancelled, once", &|script| {
        drop(script.create(created(CANCELLED)))
    });
    add("cancelled, and believed", &|script| {
        script.create(created(CANCELLED));
        for _ in 0..2 {
            script.after(seconds(20));
            script.wait();
            match script.machine.action() {
                Action::LookUp(_) => drop(script.look_up(task(CANCELLED))),
                _ => drop(script.query(task(CANCELLED))),
            }
        }
    });
    add("failed", &|script| drop(script.create(created(FAILED))));
    add("unresolved", &|script| {
        script.create(lost());
        script.wait();
        script.look_up(query_status(401));
    });
    let on_a_proven_host = || {
        let host = proven().with_lookup_lag(seconds(5));
        let mut script = Script::generate(with(host));
        script.create(lost());
        script.until_row();
        script
    };
    let mut script = on_a_proven_host();
    states.push(("in a row", on_a_proven_host()));
    script.probe(control_with(&[]));
    states.push(("in a row, before a miss", script));
    let mut script = on_a_proven_host();
    script.probe(no_probe());
    states.push(("row paused", script));
    let mut script = on_a_proven_host();
    script.row();
    states.push(("sending by a proof", script));
    let mut script = Script::generate(settings());
    script.create(rate_limit("9"));
    script.wait();
    states.push(("looking before it repeats", script));
    let mut first = settings();
    first.looks_up_first = true;
    states.push((
        "looking before the first attempt",
        Script::generate(first.clone()),
    ));
    states.push((
        "looking before a person's attempt",
        Script::send_again(first),
    ));
    let seek = || Script::find(settings());
    states.push(("seeking", seek()));
    let mut script = seek();
    script.look_up(query_status(404));
    states.push(("seeking, paused", script));
    let mut script = seek();
    script.look_up(query_status(401));
    states.push(("not found", script));
    let mut ended = settings();
    ended.ended = Some(Cause::Withheld(Withheld::Deadline));
    states.push(("looking once more", Script::generate(ended)));
    let mut of_another_key = settings();
    of_another_key.was_sent_with_another_key = true;
    states.push((
        "looking with another key",
        Script::reconcile(of_another_key),
    ));
    states.push(("resumed", Script::resume(settings())));
    states.push(("reconciling", Script::reconcile(settings())));
    states.push(("sending again", Script::send_again(settings())));
    states
}

/// Whether an event answers an action, by the words of the alphabet.
fn answers(event: &Event, machine: &Machine, now: Duration) -> bool {
    match (event, machine.action()) {
        (_, Action::Finished(_)) => false,
        (Event::Woken, _) => true,
        (Event::CreateAnswered(_) | Event::Withheld(_), Action::Create(_)) => true,
        (Event::Probed(_), Action::Probe(_)) => true,
        (Event::QueryAnswered(_), Action::LookUp(_) | Action::Query(_)) => true,
        (Event::SendDelayed, Action::Create(_)) => machine.send_by().is_some(),
        (Event::WaitEnded, Action::Wait { until }) => now >= until,
        _ => false,
    }
}

#[test]
fn a_wrong_event_is_an_error_and_changes_nothing() {
    let events = [
        Event::CreateAnswered(created(COMPLETED)),
        Event::CreateAnswered(lost()),
        Event::CreateAnswered(duplicate()),
        Event::QueryAnswered(task(COMPLETED)),
        Event::QueryAnswered(query_status(404)),
        Event::Probed(miss_with(&[])),
        Event::SendDelayed,
        Event::WaitEnded,
        Event::Withheld(withheld()),
        Event::Woken,
    ];
    let mut wrong = 0;
    for (name, script) in states() {
        for event in &events {
            for later in [Duration::ZERO, Duration::from_millis(1), seconds(100)] {
                let now = script.now + later;
                let mut machine = script.machine.clone();
                let before = serde_json::to_string(&machine).unwrap();
                let right = answers(event, &machine, now);
                let handled = machine.handle(now, event.clone());
                assert_eq!(handled.is_ok(), right, "{name}: {event:?} after {later:?}");
                if !right {
                    wrong += 1;
                    let after = serde_json::to_string(&machine).unwrap();
                    assert_eq!(after, before, "{name}: {event:?}");
                }
            }
        }
    }
    assert!(wrong > 100, "only {wrong} events were wrong");
}

#[test]
fn a_wait_does_not_end_before_its_time() {
    let mut script = Script::generate(settings());
    script.create(lost());
    let early = seconds(1) - Duration::from_nanos(1);
    assert!(script.machine.handle(early, Event::WaitEnded).is_err());
    assert!(script.machine.handle(seconds(1), Event::WaitEnded).is_ok());
}

/// Time never goes back: a clock that does moves nothing.
#[test]
fn time_that_goes_back_stands_still() {
    let mut script = Script::generate(with(proven().with_lookup_lag(seconds(5))));
    script.after(seconds(50)).create(lost());
    let at_zero = script.machine.handle(Duration::ZERO, Event::WaitEnded);
    assert!(at_zero.is_err(), "the wait ends at 51 s");
    assert_eq!(script.wait(), seconds(51));
    let mut back = script.machine.clone();
    back.handle(Duration::ZERO, Event::QueryAnswered(query_status(404)))
        .unwrap();
    script.look_up(query_status(404));
    assert_eq!(back, script.machine);
}

#[test]
fn asking_changes_nothing() {
    for (name, script) in states() {
        let before = serde_json::to_string(&script.machine).unwrap();
        for _ in 0..3 {
            let _ = (
                script.machine.action(),
                script.machine.task(),
                script.machine.capabilities(),
            );
        }
        let after = serde_json::to_string(&script.machine).unwrap();
        assert_eq!(after, before, "{name}");
    }
}

/// Every session of these tests survives being written down after each step; here each state does,
/// and what was read does the same as what was written.
#[test]
fn a_machine_that_was_written_down_goes_on_the_same() {
    for (name, script) in states() {
        let mut original = script.machine;
        let written = serde_json::to_vec(&original).unwrap();
        let mut read: Machine = serde_json::from_slice(&written).unwrap();
        assert_eq!(read, original, "{name}");
        let mut now = script.now;
        for _ in 0..8 {
            let event = match original.action() {
                Action::Create(_) => Event::CreateAnswered(lost()),
                Action::Finished(_) => break,
                Action::LookUp(_) | Action::Query(_) => Event::QueryAnswered(query_status(503)),
                Action::Probe(_) => Event::Probed(no_probe()),
                Action::Wait { until } => {
                    now = now.max(until);
                    Event::WaitEnded
                }
            };
            // The jitter is part of the state too, so the waits are the same.
            assert_eq!(read.action(), original.action(), "{name}");
            let notices = [&mut read, &mut original]
                .map(|machine| machine.handle(now, event.clone()).unwrap());
            assert_eq!(notices[0], notices[1], "{name}");
        }
        assert_eq!(read, original, "{name}");
    }
}

#[test]
fn jitter_comes_from_the_seed() {
    let wait = |seed| {
        let mut settings = settings();
        settings.seed = seed;
        let mut script = Script::generate(settings);
        script.create(not_sent());
        script.until()
    };
    assert_eq!(wait(7), wait(7));
    let waits: std::collections::BTreeSet<_> = (0..20).map(wait).collect();
    assert!(waits.len() > 15, "{waits:?}");
}
