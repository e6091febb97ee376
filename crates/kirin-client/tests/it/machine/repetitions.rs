//! At most one repetition follows from proofs of absence, and only for a day.

use kirin_client::machine::{Event, Knowledge, SendReason, Settings};
use kirin_types::Timestamp;

use super::{
    answers::{
        IN_PROGRESS, STARTED_AT, create_status, created, lost, not_sent, query_status, rate_limit,
    },
    script::{
        Script, assert_not_created, assert_running, assert_unresolved, proven, refuses_duplicates,
        seconds, with,
    },
};

const HOUR: i64 = 3_600_000;

fn declared() -> Settings {
    with(proven().with_lookup_lag(seconds(1)))
}

/// Proved to be absent, and about to be sent again.
fn proved() -> Script {
    let mut script = Script::generate(declared());
    script.create(lost());
    script.row();
    assert_eq!(script.machine.send_reason(), Some(SendReason::Absence));
    script
}

#[test]
fn what_was_repeated_once_is_not_repeated_by_another_machine() {
    let mut settings = declared();
    settings.repetitions_after_absence = 1;
    for mut script in [
        Script::reconcile(settings.clone()),
        Script::generate(settings),
    ] {
        if let kirin_client::machine::Action::Create(_) = script.machine.action() {
            script.create(lost());
        }
        let creates = script.creates();
        script.row();
        assert_not_created(&script);
        assert_eq!(script.creates(), creates);
    }
}

#[test]
fn a_repetition_is_counted_over_a_restart() {
    // It may have been sent before the process ended.
    let mut script = proved();
    script.restart();
    script.row();
    assert_not_created(&script);
    assert_eq!(script.creates(), 1);

    let mut script = proved();
    script.create(lost());
    script.restart();
    script.row();
    assert_not_created(&script);
    assert_eq!(script.creates(), 2);
}

#[test]
fn a_repetition_that_was_not_sent_or_was_refused_is_not_used_up_but_needs_a_new_row() {
    for answer in [not_sent(), rate_limit("1")] {
        let mut script = proved();
        script.create(answer);
        // Nothing follows from the first row any more.
        assert!(script.until() > script.now, "{script}");
        script.row();
        assert_eq!(script.machine.send_reason(), Some(SendReason::Absence));
        script.create(lost());
        script.row();
        assert_not_created(&script);
        assert_eq!(script.creates(), 3);
    }
}

#[test]
fn a_repetition_that_was_refused_for_good_is_looked_up_before_the_end() {
    let mut script = proved();
    script.create(create_status(402));
    let from = script.now.as_secs_f64();
    let times = script.look_ups(&query_status(404));
    // Once at once, and when the lag is over.
    assert_eq!(times, [from, from + 1.0]);
    assert_not_created(&script);
}

#[test]
fn a_person_may_send_again_what_was_repeated_before() {
    let mut settings = declared();
    settings.repetitions_after_absence = 1;
    let mut script = Script::send_again(settings);
    assert_eq!(script.machine.send_reason(), Some(SendReason::Person));
    script.create(created(IN_PROGRESS));
    assert_running(&script);
}

/// An intent of so many milliseconds ago, gone on with where the clocks show so much.
fn reconciled(host_refuses: bool, age: i64, ours: i64, service: i64) -> Script {
    let host = match host_refuses {
        true => refuses_duplicates(),
        false => proven().with_lookup_lag(seconds(1)),
    };
    let mut settings = with(host);
    settings.intended_at = Some(Timestamp::from_milliseconds(STARTED_AT - age));
    let mut script = Script::reconcile(settings);
    script.tell(Event::ClocksRead {
        ours: Timestamp::from_milliseconds(STARTED_AT + ours),
        service: Some(Timestamp::from_milliseconds(STARTED_AT + service)),
    });
    script
}

/// A computer that sleeps has a clock that goes on, and monotonic time that may not. The service tells none.
#[test]
fn a_day_asleep_is_seen_without_a_date() {
    for hours in [23, 25] {
        let mut script = Script::generate(with(refuses_duplicates()));
        script.create(lost());
        script.wait();
        let ours = Timestamp::from_milliseconds(STARTED_AT + hours * HOUR);
        let service = None;
        script.tell(Event::ClocksRead { ours, service });
        script.look_up(query_status(404));
        let is_sent_again = script.machine.send_reason().is_some();
        assert_eq!(is_sent_again, hours == 23, "{hours} h");
    }
}

#[test]
fn what_allows_to_send_holds_for_a_day_after_the_intent() {
    let day = 24 * HOUR;
    for (age, ours, service, sends) in [
        (day - 60_000, 0, 0, true),
        // By our clock at the start.
        (day + 1, 0, 0, false),
        (-day - 1, 0, 0, false),
        // By the `Date` of an answer.
        (day - 60_000, 0, 61_000, false),
        // By our clock when the answer came: it was put forward since the start.
        (HOUR, day, day, false),
        // Clocks that differ by more than an hour say nothing.
        (HOUR, 0, HOUR, true),
        (HOUR, 0, HOUR + 1, false),
        (HOUR, 0, -HOUR, true),
        (HOUR, 0, -HOUR - 1, false),
    ] {
        let mut absent = reconciled(false, age, ours, service);
        let mut refuses = reconciled(true, age, ours, service);
        if sends {
            absent.row();
            absent.create(created(IN_PROGRESS));
            assert_running(&absent);
            refuses.until_create();
            continue;
        }
        for script in [&mut absent, &mut refuses] {
            script.look_ups(&query_status(404));
            assert_eq!(
                assert_unresolved(script),
                Knowledge::MayExist,
                "{age} {ours} {service}"
            );
            assert_eq!(script.creates(), 0);
        }
    }
}

#[test]
fn an_intent_of_which_nobody_knows_when_it_was_is_not_sent_again() {
    for host in [proven().with_lookup_lag(seconds(1)), refuses_duplicates()] {
        let mut without_intent = with(host);
        without_intent.intended_at = None;
        let mut without_clock = with(host);
        without_clock.started_at = None;
        for settings in [without_intent, without_clock] {
            let mut script = Script::reconcile(settings);
            script.look_ups(&query_status(404));
            assert_eq!(assert_unresolved(&script), Knowledge::MayExist);
            assert_eq!(script.creates(), 0);
        }
    }
}

/// The day passes while it is waited for.
#[test]
fn a_day_that_passes_while_a_machine_waits_ends_what_allows_to_send() {
    let mut settings = declared();
    settings.deadline = None;
    let mut script = Script::generate(settings);
    script.create(lost());
    script.after(seconds(24 * 3600 + 1));
    script.look_ups(&query_status(404));
    assert_eq!(assert_unresolved(&script), Knowledge::MayExist);
    assert_eq!(script.creates(), 1);
}
