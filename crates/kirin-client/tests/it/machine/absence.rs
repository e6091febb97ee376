//! The row of look-ups that proves absence: control, miss, miss, control, miss, control. What breaks it,
//! at each of its places, and what it is good for.

use std::time::Duration;

use kirin_client::{
    Control, Lookup,
    machine::{Action, Event, Knowledge, Settings},
    wire::Probe,
};

use super::{
    answers::{
        CONTROL_EXTERNAL_ID, CONTROL_ID, EXTERNAL_ID, FOREIGN_404, ID, IN_PROGRESS, OTHER_ID,
        STARTED_AT, control, control_with, created, lost, miss_with, no_probe, query_rate_limit,
        query_status, task_probe,
    },
    script::{
        Script, assert_not_created, assert_running, assert_unresolved, proven, seconds, with,
    },
};
use crate::wire::{decode_probe, response};

/// Which places of a row are controls.
const CONTROLS: [usize; 3] = [0, 3, 5];

fn declared() -> Settings {
    with(proven().with_lookup_lag(seconds(1)))
}

/// A session whose create was lost, at the beginning of a row.
fn at_row(settings: Settings) -> Script {
    let mut script = Script::generate(settings);
    script.create(lost());
    // The call may have been on its way for 30 s, and twice the lag is 2 s.
    assert_eq!(script.until_row(), seconds(32));
    script
}

/// The look-up at `place` breaks the row: nothing is sent, and one more row is made 15 s later. If that
/// breaks, too, it is left to a person.
fn assert_breaks(what: &str, place: usize, probe: &Probe) {
    let broken = |script: &mut Script| {
        script.probes(place);
        script.probe(probe.clone());
        assert!(
            !matches!(
                script.machine.action(),
                Action::Create(_) | Action::Probe(_)
            ),
            "{what} at {place}:\n{script}"
        );
    };
    let mut script = at_row(declared());
    broken(&mut script);
    let mut again = Script::generate(declared());
    again.create(lost());
    again.until_row();
    broken(&mut again);
    assert_eq!(again.row(), seconds(47), "{what} at {place}");
    again.create(created(IN_PROGRESS));
    assert_running(&again);

    assert_eq!(script.until_row(), seconds(47), "{what} at {place}");
    broken(&mut script);
    script.look_ups(&query_status(404));
    assert_eq!(assert_unresolved(&script), Knowledge::MayExist);
    assert_eq!(script.creates(), 1, "{what} at {place}");
}

#[test]
fn a_row_is_control_miss_miss_control_miss_control() {
    let mut script = at_row(declared());
    let (ours, control) = (EXTERNAL_ID, CONTROL_EXTERNAL_ID);
    assert_eq!(
        script.probes(6),
        [control, ours, ours, control, ours, control]
    );
    assert_eq!(script.now, seconds(32));
    script.create(created(IN_PROGRESS));
    assert_running(&script);
    assert_eq!(script.creates(), 2);
}

/// Nine of thirteen gateways say 404 in JSON; no list of their words can be complete.
#[test]
fn a_404_to_a_control_breaks_a_row_whoever_wrote_it() {
    for (name, body) in FOREIGN_404 {
        for place in CONTROLS {
            let probe = decode_probe(&response(404, &[], body.as_bytes()));
            assert_breaks(name, place, &probe);
        }
    }
}

#[test]
fn an_answer_out_of_a_cache_breaks_a_row_at_each_place() {
    for place in 0..6 {
        for age in ["1", "3600", "who knows"] {
            let headers = [("age", age)];
            let probe = match CONTROLS.contains(&place) {
                true => control_with(&headers),
                false => miss_with(&headers),
            };
            assert_breaks("a cache", place, &probe);
        }
    }
    // A cache that asked again says so.
    let mut script = at_row(declared());
    for _ in 0..6 {
        script.probe(script.right(&[("age", "0")]));
    }
    script.create(created(IN_PROGRESS));
}

#[test]
fn trouble_breaks_a_row_at_each_place() {
    for place in 0..6 {
        assert_breaks("no answer", place, &no_probe());
        for status in [200, 204, 301, 400, 401, 403, 408, 429, 500, 502, 503] {
            let probe = decode_probe(&response(status, &[], b""));
            assert_breaks(&format!("HTTP {status}"), place, &probe);
        }
    }
}

#[test]
fn a_control_with_another_task_id_or_another_external_id_breaks_a_row() {
    for place in CONTROLS {
        let probe = task_probe(OTHER_ID, IN_PROGRESS, &[]);
        assert_breaks("another task", place, &probe);
        for fields in another_external_id() {
            assert_breaks(&fields, place, &task_probe(CONTROL_ID, &fields, &[]));
        }
    }
}

/// Neither a hit nor a miss.
#[test]
fn an_answer_to_our_own_id_that_names_another_external_id_breaks_a_row() {
    for place in [1, 2, 4] {
        for fields in another_external_id() {
            assert_breaks(&fields, place, &task_probe(ID, &fields, &[]));
        }
    }
}

/// The places in which an answer names the external id of its task.
fn another_external_id() -> [String; 3] {
    [
        r#""external_task_id":"order-43""#,
        r#""task_info":{"external_task_id":"order-43"}"#,
        r#""metadata":{"external_task_id":"order-43"}"#,
    ]
    .map(|field| format!("{IN_PROGRESS},{field}"))
}

#[test]
fn our_own_task_in_a_row_is_adopted() {
    for place in [1, 2, 4] {
        for fields in [
            IN_PROGRESS.to_owned(),
            format!(r#"{IN_PROGRESS},"external_task_id":"order-42""#),
        ] {
            let mut script = at_row(declared());
            script.probes(place);
            script.probe(task_probe(ID, &fields, &[]));
            assert_running(&script);
            assert_eq!(script.creates(), 1);
        }
    }
}

/// Of two servers behind one address, one may be behind: by its clock, it answers out of its past.
#[test]
fn a_date_that_goes_back_breaks_a_row_at_each_place() {
    let earlier = [("date", "Fri, 30 Jan 2026 07:22:24 GMT")];
    let later = [("date", "Fri, 30 Jan 2026 07:22:25 GMT")];
    for place in 1..6 {
        let mut script = at_row(declared());
        for _ in 0..place {
            script.probe(script.right(&later));
        }
        script.probe(script.right(&earlier));
        assert!(
            matches!(script.machine.action(), Action::Wait { .. }),
            "{script}"
        );
        assert_eq!(script.row(), seconds(47), "{place}");
    }
    // One that stands still, or goes on, breaks nothing.
    let mut script = at_row(declared());
    for place in 0..6 {
        let headers = if place < 3 { &earlier } else { &later };
        script.probe(script.right(headers));
    }
    script.create(created(IN_PROGRESS));
}

#[test]
fn a_row_takes_ten_seconds_at_most() {
    for place in 0..6 {
        let mut script = at_row(declared());
        script.probes(place);
        script.after(Duration::from_millis(10_001));
        script.probe(script.right(&[]));
        assert!(
            matches!(script.machine.action(), Action::Wait { .. }),
            "{script}"
        );
    }
    let mut script = at_row(declared());
    script.probes(5);
    script.after(seconds(10));
    script.probes(1);
    script.create(created(IN_PROGRESS));
}

#[test]
fn a_row_without_a_control_that_is_older_than_the_intent_proves_nothing() {
    let young = || Control::new(control().external_task_id, control().task_id);
    let check = |created_at: Option<i64>| {
        let mut settings = declared();
        settings.controls = vec![young()];
        let mut script = at_row(settings);
        for _ in 0..2 {
            while let Action::Probe(id) = script.machine.action() {
                let fields = match created_at {
                    Some(at) => format!(r#"{IN_PROGRESS},"created_at":{at}"#),
                    None => IN_PROGRESS.to_owned(),
                };
                let probe = match id.as_str() == CONTROL_EXTERNAL_ID {
                    true => task_probe(CONTROL_ID, &fields, &[]),
                    false => miss_with(&[]),
                };
                script.probe(probe);
            }
            if let Action::Wait { .. } = script.machine.action() {
                script.wait();
            }
        }
        script
    };
    let minute = 60_000;
    for unknown in [None, Some(0), Some(STARTED_AT), Some(STARTED_AT + minute)] {
        let script = check(unknown);
        assert_eq!(
            assert_unresolved(&script),
            Knowledge::MayExist,
            "{unknown:?}"
        );
        assert_eq!(script.creates(), 1);
    }
    // Its own `created_at` says that it is older.
    let older = check(Some(STARTED_AT - minute));
    assert!(
        matches!(older.machine.action(), Action::Create(_)),
        "{older}"
    );
}

#[test]
fn one_control_of_several_has_to_be_older_than_the_intent() {
    let mut settings = declared();
    settings.controls = vec![
        control(),
        Control::new("order-2".parse().unwrap(), OTHER_ID.parse().unwrap()),
    ];
    let mut script = at_row(settings);
    let mut asked = Vec::new();
    while let Action::Probe(id) = script.machine.action() {
        asked.push(id.to_string());
        script.probe(match asked.last().unwrap().as_str() {
            CONTROL_EXTERNAL_ID => control_with(&[]),
            "order-2" => task_probe(OTHER_ID, IN_PROGRESS, &[]),
            _ => miss_with(&[]),
        });
    }
    // They take turns.
    assert_eq!(
        asked,
        [
            "order-1", "order-42", "order-42", "order-2", "order-42", "order-1"
        ]
    );
    script.create(created(IN_PROGRESS));
}

#[test]
fn without_a_control_absence_is_never_proved() {
    let mut settings = declared();
    settings.controls = Vec::new();
    assert_never_proved(settings);
}

/// The service may ask to wait longer than the caller waits: one look-up at the deadline takes the row's place.
#[test]
fn a_row_that_is_put_off_past_the_deadline_is_a_look_up_at_it() {
    let mut settings = declared();
    settings.deadline = Some(seconds(40));
    let mut script = Script::generate(settings);
    script.create(lost());
    while script.wait() < seconds(30) {
        script.look_up(query_status(404));
    }
    script.look_up(query_rate_limit("20"));
    assert_eq!(script.wait(), seconds(40));
    script.look_up(query_status(404));
    assert_eq!(assert_unresolved(&script), Knowledge::MayExist);
    assert_eq!(script.creates(), 1);
}

/// A control that this key finds says nothing of what another key has sent.
#[test]
fn absence_of_what_another_key_has_sent_is_never_proved() {
    let mut settings = declared();
    settings.was_sent_with_another_key = true;
    assert_never_proved(settings);
}

fn assert_never_proved(settings: Settings) {
    let mut script = Script::generate(settings);
    script.create(lost());
    let times = script.look_ups(&query_status(404));
    // The last one comes when the lag is over: a task would be found by then.
    assert_eq!(times, [1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 32.0]);
    assert_eq!(assert_unresolved(&script), Knowledge::MayExist);
    assert_eq!(script.creates(), 1);
}

/// A callback is no reason to break a row, and none to make it sooner.
#[test]
fn a_wake_leaves_a_row_as_it_is() {
    let mut script = at_row(declared());
    for _ in 0..6 {
        script.wake();
        script.probes(1);
    }
    script.create(created(IN_PROGRESS));

    let mut script = Script::generate(declared());
    script.create(lost());
    script.wake();
    assert_eq!(script.row(), seconds(32));
}

#[test]
fn a_row_that_its_process_did_not_end_is_made_again_from_its_beginning() {
    for place in 0..6 {
        let mut script = at_row(declared());
        script.probes(place);
        script.restart();
        // What was on its way when the process ended may take its whole time.
        assert_eq!(script.row(), seconds(64), "{place}");
        script.create(created(IN_PROGRESS));
        assert_running(&script);
    }
}

/// The proof is good for ten seconds; then a row is made again, and nothing is sent without it.
#[test]
fn a_proof_holds_for_ten_seconds() {
    let mut script = at_row(declared());
    assert_eq!(script.machine.send_by(), None);
    script.probes(5);
    script.after(seconds(3));
    script.probes(1);
    assert_eq!(script.machine.send_by(), Some(seconds(45)));
    script.after(seconds(11)).tell(Event::SendDelayed);
    assert_eq!(script.row(), seconds(46));
    assert_eq!(script.machine.send_by(), Some(seconds(56)));
    script.create(created(IN_PROGRESS));
    assert_eq!(script.creates(), 2);
    assert_eq!(script.machine.send_by(), None);

    // A row that then finds it adopts it.
    let mut script = at_row(declared());
    script.probes(6);
    script.after(seconds(11)).tell(Event::SendDelayed);
    script.until_row();
    script.probes(1);
    script.probe(task_probe(ID, IN_PROGRESS, &[]));
    assert_running(&script);
    assert_eq!(script.creates(), 1);
}

/// Sending again on a host that refuses duplicates needs no proof; ending as not created does.
#[test]
fn a_host_that_refuses_duplicates_needs_the_row_only_to_end_as_not_created() {
    let host = proven()
        .with_lookup_lag(seconds(1))
        .with_duplicate_ids(kirin_client::DuplicateIds::Refused);
    let refused = || {
        let mut script = Script::generate(with(host));
        script.create(lost());
        assert_eq!(script.until_create(), seconds(1));
        script.create(super::answers::create_status(402));
        script
    };
    let mut proved = refused();
    assert_eq!(proved.row(), seconds(32));
    assert_not_created(&proved);

    let mut broken = refused();
    for _ in 0..2 {
        broken.until_row();
        broken.probe(no_probe());
    }
    broken.look_ups(&query_status(404));
    assert_eq!(assert_unresolved(&broken), Knowledge::MayExist);
    assert_eq!(broken.creates(), 2);
    assert_eq!(broken.machine.capabilities().lookup, Lookup::Proven);
}
