//! A create in doubt: a lookup that lags or fails, callbacks, and the
//! deadline while a create is in doubt.

use std::time::Duration;

use kirin_client::{
    HostCapabilities, Lookup,
    machine::{Action, Event, Knowledge, Outcome},
};

use super::{
    answers::{
        COMPLETED, ID, IN_PROGRESS, create_status, created, duplicate, lost, no_answer, no_probe,
        not_sent, query_rate_limit, query_status, rate_limit, task, task_probe,
    },
    script::{
        Script, assert_not_created, assert_running, assert_unresolved, lost_on, proven,
        refuses_duplicates, seconds, settings, with,
    },
};

#[test]
fn a_lookup_that_lags_is_waited_for_before_anything_is_sent_again() {
    for found_at in [1, 2, 4, 8, 15, 30] {
        let mut script = lost_on(proven().with_lookup_lag(seconds(25)));
        while script.wait() < seconds(found_at) {
            script.look_up(query_status(404));
        }
        script.look_up(task(IN_PROGRESS));
        assert_running(&script);
        assert_eq!(script.creates(), 1);
    }
    // The row that would prove absence finds it, too, at whichever of its places.
    for place in [1, 2, 4] {
        let mut script = lost_on(proven().with_lookup_lag(seconds(25)));
        assert_eq!(script.until_row(), seconds(80));
        script.probes(place);
        script.probe(task_probe(ID, IN_PROGRESS, &[]));
        assert_running(&script);
        assert_eq!(script.creates(), 1);
    }
}

#[test]
fn a_lookup_that_fails_leaves_it_open_and_is_repeated() {
    let mut script = lost_on(HostCapabilities::default());
    let times = script.look_ups(&no_answer());
    assert_eq!(times[..6], [1.0, 2.0, 4.0, 8.0, 15.0, 30.0]);
    // Failures have a budget of their own: ten in a row, the late ones up to 30 s apart.
    assert_eq!(times.len(), 10, "{times:?}");
    for pair in times[5..].windows(2) {
        assert!((15.0..=30.0).contains(&(pair[1] - pair[0])), "{times:?}");
    }
    assert_eq!(assert_unresolved(&script), Knowledge::MayExist);
    assert_eq!(script.creates(), 1);
}

/// One 503 at the wrong moment must not turn a proof that was waited for into "nobody knows".
#[test]
fn the_look_up_that_would_prove_absence_is_repeated_when_it_fails() {
    let mut script = lost_on(proven().with_lookup_lag(seconds(60)));
    assert_eq!(script.until_row(), seconds(150));
    script.probe(no_probe());
    // The whole row is made again.
    assert_eq!(script.row(), seconds(165));
    script.create(created(IN_PROGRESS));
    assert_running(&script);
}

#[test]
fn a_lookup_that_is_told_to_wait_waits() {
    let mut script = lost_on(HostCapabilities::default());
    script.wait();
    script.look_up(query_rate_limit("20"));
    assert_eq!(script.wait(), seconds(21));
    script.look_up(query_rate_limit("999999999"));
    assert_eq!(script.wait(), seconds(21 + 300));
}

#[test]
fn a_key_that_is_refused_ends_the_look_ups() {
    for status in [401, 403] {
        for host in [HostCapabilities::default(), refuses_duplicates()] {
            let mut script = lost_on(host);
            script.wait();
            script.look_up(query_status(status));
            assert_eq!(assert_unresolved(&script), Knowledge::MayExist);
        }
    }
}

/// A host that cannot look up by external id may answer 400 instead of 404. If it refuses
/// duplicates, the table's second row is safe there.
#[test]
fn a_look_up_that_is_refused_is_replaced_by_a_harmless_create() {
    let mut script = lost_on(refuses_duplicates());
    script.wait();
    script.look_up(query_status(400));
    assert_eq!(script.wait(), seconds(2));
    script.create(created(IN_PROGRESS));
    assert_running(&script);

    let mut script = lost_on(HostCapabilities::default());
    script.wait();
    script.look_up(query_status(400));
    assert_eq!(assert_unresolved(&script), Knowledge::MayExist);
}

#[test]
fn a_callback_before_the_answer_makes_the_first_look_up_immediate() {
    let mut script = Script::generate(settings());
    script.after(seconds(1)).wake();
    script.after(seconds(29)).create(lost());
    assert_eq!(script.wait(), seconds(30));
    script.look_up(task(COMPLETED));
    assert!(matches!(script.outcome(), Outcome::Completed(_)));
}

#[test]
fn a_callback_between_two_look_ups_makes_the_next_one_immediate() {
    let mut script = lost_on(HostCapabilities::default());
    for _ in 0..4 {
        script.wait();
        script.look_up(query_status(404));
    }
    assert_eq!(script.until(), seconds(15));
    script.after(seconds(2)).wake();
    assert_eq!(script.wait(), seconds(10));
    script.look_up(task(IN_PROGRESS));
    assert_running(&script);
}

/// What a callback says is never believed, and it is no proof of absence that it came.
#[test]
fn a_callback_does_not_make_a_miss_a_proof() {
    let mut script = lost_on(proven().with_lookup_lag(seconds(60)));
    script.wake();
    script.wait();
    script.look_up(query_status(404));
    assert!(matches!(script.machine.action(), Action::Wait { .. }));
}

#[test]
fn a_callback_while_a_create_waits_changes_nothing() {
    let mut script = Script::generate(settings());
    script.create(rate_limit("42"));
    script.after(seconds(1)).wake();
    assert_eq!(script.wait(), seconds(42));
    script.look_up(query_status(404));
    script.create(created(IN_PROGRESS));
    assert_running(&script);
}

/// A thousand callbacks are no reason for a thousand look-ups.
#[test]
fn wakes_are_merged_while_a_task_is_looked_for() {
    let mut script = lost_on(HostCapabilities::default());
    let mut look_ups = Vec::new();
    for _ in 0..1000 {
        script.after(Duration::from_millis(10)).wake();
        if let Action::Wait { until } = script.machine.action()
            && until <= script.now
        {
            look_ups.push(script.wait());
            script.wake();
            script.look_up(query_status(404));
        }
    }
    // In ten seconds: one at the first wake, then one a second.
    assert_eq!(look_ups.len(), 11, "{look_ups:?}");
    for pair in look_ups[1..].windows(2) {
        assert!(pair[1] - pair[0] >= seconds(1), "{look_ups:?}");
    }
}

#[test]
fn the_deadline_cuts_the_look_ups_and_is_followed_by_one_last() {
    let mut settings = with(HostCapabilities::default());
    settings.deadline = Some(seconds(10));
    let mut script = Script::generate(settings);
    script.create(lost());
    assert_eq!(
        script.look_ups(&query_status(404)),
        [1.0, 2.0, 4.0, 8.0, 10.0]
    );
    assert_eq!(assert_unresolved(&script), Knowledge::MayExist);
}

#[test]
fn a_create_that_was_lost_after_the_deadline_is_looked_up_once() {
    let mut settings = settings();
    settings.deadline = Some(seconds(10));
    let mut script = Script::generate(settings);
    script.after(seconds(30)).create(lost());
    assert_eq!(script.look_ups(&query_status(404)), [30.0]);
    assert_eq!(assert_unresolved(&script), Knowledge::MayExist);
}

/// A computer can sleep through the deadline: nobody waits for the task any more, so none is paid.
#[test]
fn no_create_is_sent_after_the_deadline() {
    let mut script = Script::generate(settings());
    script.create(rate_limit("60"));
    script.after(seconds(8 * 3600)).wait();
    script.look_ups(&query_status(404));
    assert_not_created(&script);
    assert_eq!(script.creates(), 1);

    let mut script = lost_on(refuses_duplicates().with_lookup(Lookup::Missing));
    script.after(seconds(8 * 3600)).wait();
    assert_eq!(assert_unresolved(&script), Knowledge::MayExist);
    assert_eq!(script.creates(), 1);
}

#[test]
fn a_proof_of_absence_after_the_deadline_is_not_created() {
    let mut settings = with(proven().with_lookup_lag(seconds(5)));
    settings.deadline = Some(seconds(40));
    let mut script = Script::generate(settings);
    script.create(lost());
    assert_eq!(script.row(), seconds(40));
    assert_not_created(&script);
    assert_eq!(script.creates(), 1);
}

/// A resend that cannot be made leaves the first attempt as open as it was.
#[test]
fn an_unreachable_server_while_in_doubt_is_looked_up_again_before_the_end() {
    let mut script = lost_on(refuses_duplicates());
    script.wait();
    script.look_up(query_status(404));
    for _ in 0..3 {
        script.create(not_sent());
        script.wait();
    }
    script.create(not_sent());
    assert!(matches!(script.machine.action(), Action::Wait { .. }));
    script.wait();
    script.look_up(task(IN_PROGRESS));
    assert_running(&script);
}

#[test]
fn a_rate_limit_while_in_doubt_is_not_not_created_at_the_deadline() {
    let mut script = lost_on(refuses_duplicates());
    script.wait();
    script.look_up(query_status(404));
    while let Action::Create(_) = script.machine.action() {
        script.create(rate_limit("120"));
        if let Action::Wait { .. } = script.machine.action() {
            script.wait();
        }
    }
    script.look_up(query_status(404));
    script.look_ups(&query_status(404));
    assert_eq!(assert_unresolved(&script), Knowledge::MayExist);
}

#[test]
fn at_most_four_creates_that_may_have_been_sent() {
    let mut script = lost_on(refuses_duplicates().with_lookup(Lookup::Missing));
    while let Action::Wait { .. } = script.machine.action() {
        script.wait();
        script.create(lost());
    }
    assert_eq!(script.creates(), 4);
    assert_eq!(assert_unresolved(&script), Knowledge::MayExist);
}

#[test]
fn declarations_and_clocks_beyond_all_bounds_are_harmless() {
    for lag in [Duration::MAX, Duration::MAX / 2] {
        let mut script = lost_on(proven().with_lookup_lag(lag));
        script.look_ups(&query_status(404));
        assert_eq!(assert_unresolved(&script), Knowledge::MayExist);
    }
    let mut script = Script::generate(settings());
    script.after(Duration::MAX).create(lost());
    script.look_ups(&query_status(404));
    assert_eq!(assert_unresolved(&script), Knowledge::MayExist);
    let mut settings = settings();
    settings.deadline = None;
    let mut script = Script::generate(settings);
    script.after(Duration::MAX).create(rate_limit("1"));
    script.until_create();
    script.create(created(IN_PROGRESS));
    script.tell(Event::Woken);
    assert_running(&script);
}

/// A refusal begins the usual times again, however many of them have passed.
#[test]
fn what_is_refused_late_is_looked_up_at_the_usual_times_again() {
    for answer in [create_status(402), duplicate()] {
        let mut script = lost_on(refuses_duplicates());
        for _ in 0..4 {
            script.wait();
            script.look_up(no_answer());
        }
        assert_eq!(script.wait(), seconds(15));
        script.look_up(query_status(404));
        script.create(answer);
        let times = script.look_ups(&query_status(404));
        assert_eq!(times, [16.0, 17.0, 19.0, 23.0, 30.0, 45.0], "{script}");
        assert_unresolved(&script);
    }
}
