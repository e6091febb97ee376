//! The table of the create rule, one test per cell: what a lost create comes to, by what the host
//! can do and by whether the task exists.

use std::time::Duration;

use kirin_client::{
    DuplicateIds, HostCapabilities, Lookup,
    machine::{Action, Knowledge},
};

use super::{
    answers::{
        FOREIGN_404, ID, IN_PROGRESS, created, duplicate, lost, not_found, query_status, task,
        task_probe,
    },
    script::{
        Script, assert_not_created, assert_running, assert_unresolved, lost_on, seconds, with,
    },
};
use crate::wire::{decode_probe, response};

/// When a task is looked for after its create was lost, in seconds.
const LOOK_UPS: [f64; 6] = [1.0, 2.0, 4.0, 8.0, 15.0, 30.0];

fn host(duplicate_ids: DuplicateIds, lookup: Lookup, lag: Option<u64>) -> HostCapabilities {
    let host = HostCapabilities::default()
        .with_duplicate_ids(duplicate_ids)
        .with_lookup(lookup);
    match lag {
        Some(lag) => host.with_lookup_lag(seconds(lag)),
        None => host,
    }
}

/// The task is found by the look-up at hand.
fn assert_adopts(script: &mut Script) {
    script.look_up(task(IN_PROGRESS));
    assert_running(script);
    assert_eq!(script.machine.capabilities().lookup, Lookup::Proven);
}

/// Every host on which the look-up is not known to be missing adopts what the look-up finds, at
/// whichever of the usual times it does.
#[test]
fn a_task_that_exists_and_is_found_is_adopted() {
    fn check(host: HostCapabilities) {
        for (misses, found_at) in LOOK_UPS.iter().enumerate() {
            let mut script = lost_on(host);
            for missed_at in &LOOK_UPS[..misses] {
                assert_eq!(script.wait().as_secs_f64(), *missed_at);
                script.look_up(query_status(404));
            }
            assert_eq!(script.wait().as_secs_f64(), *found_at);
            assert_adopts(&mut script);
            assert_eq!(script.creates(), 1);
        }
    }

    check(host(DuplicateIds::Unknown, Lookup::Proven, Some(60)));
    check(host(DuplicateIds::Unknown, Lookup::Proven, None));
    check(host(DuplicateIds::Unknown, Lookup::Unproven, None));
    check(host(DuplicateIds::Unknown, Lookup::Unproven, Some(60)));
}

#[test]
fn refuses_duplicates_and_lookup_works_exists_adopted() {
    for lookup in [Lookup::Proven, Lookup::Unproven] {
        for lag in [None, Some(0), Some(60)] {
            let mut script = lost_on(host(DuplicateIds::Refused, lookup, lag));
            assert_eq!(script.wait(), seconds(1));
            assert_adopts(&mut script);
            assert_eq!(script.creates(), 1);
        }
    }
}

#[test]
fn refuses_duplicates_and_lookup_works_absent_sent_again_at_once() {
    for lookup in [Lookup::Proven, Lookup::Unproven] {
        for lag in [None, Some(0), Some(60)] {
            let mut script = lost_on(host(DuplicateIds::Refused, lookup, lag));
            assert_eq!(script.wait(), seconds(1));
            script.look_up(query_status(404));
            assert_eq!(script.now, seconds(1));
            script.create(created(IN_PROGRESS));
            assert_running(&script);
        }
    }
}

/// It exists, but the first look-up came too early: the second create is refused, and costs nothing.
#[test]
fn refuses_duplicates_and_lookup_lags_exists_adopted_after_the_refusal() {
    let mut script = lost_on(host(DuplicateIds::Refused, Lookup::Proven, None));
    script.wait();
    script.look_up(query_status(404));
    script.create(duplicate());
    assert_eq!(script.wait(), seconds(2));
    script.look_up(query_status(404));
    assert_eq!(script.wait(), seconds(3));
    assert_adopts(&mut script);
    assert_eq!(script.creates(), 2);
}

/// The lag that was declared is waited out before the end, even where it is longer than the usual
/// look-ups: the table says adopted, whatever the lag.
#[test]
fn refuses_duplicates_and_lookup_lags_long_exists_adopted_when_the_lag_is_over() {
    let mut script = lost_on(host(DuplicateIds::Refused, Lookup::Proven, Some(60)));
    script.wait();
    script.look_up(query_status(404));
    script.create(duplicate());
    for began_at in [2, 3, 5, 9, 16, 31] {
        assert_eq!(script.wait(), seconds(began_at), "{script}");
        script.look_up(query_status(404));
    }
    assert_eq!(script.wait(), seconds(150), "{script}");
    assert_adopts(&mut script);
    assert_eq!(script.creates(), 2);
}

#[test]
fn refuses_duplicates_and_lookup_never_finds_it_unresolved_but_known_to_exist() {
    for lag in [None, Some(60)] {
        let mut script = lost_on(host(DuplicateIds::Refused, Lookup::Proven, lag));
        script.wait();
        script.look_up(query_status(404));
        script.create(duplicate());
        // A miss is no proof of absence any more: the service itself said that it exists.
        script.look_ups(&query_status(404));
        assert_eq!(assert_unresolved(&script), Knowledge::Exists);
        assert_eq!(script.creates(), 2);
    }
}

#[test]
fn refuses_duplicates_and_lookup_missing_exists_unresolved() {
    let mut script = lost_on(host(DuplicateIds::Refused, Lookup::Missing, None));
    assert_eq!(script.wait(), seconds(1));
    script.create(duplicate());
    assert_eq!(assert_unresolved(&script), Knowledge::Exists);
    assert_eq!(script.creates(), 2);
}

#[test]
fn refuses_duplicates_and_lookup_missing_absent_created() {
    let mut script = lost_on(host(DuplicateIds::Refused, Lookup::Missing, None));
    assert_eq!(script.wait(), seconds(1));
    script.create(created(IN_PROGRESS));
    assert_running(&script);
}

#[test]
fn lookup_proven_with_lag_exists_adopted_at_the_last_moment() {
    let mut script = lost_on(host(DuplicateIds::Unknown, Lookup::Proven, Some(60)));
    assert_eq!(script.until_row(), seconds(150));
    // The row begins with a control, and finds the task where it looks for it.
    script.probes(1);
    script.probe(task_probe(ID, IN_PROGRESS, &[]));
    assert_running(&script);
    assert_eq!(script.machine.capabilities().lookup, Lookup::Proven);
    assert_eq!(script.creates(), 1);
}

/// The settle time is twice the lag, and counts from when the call must be over, however early the
/// answer to it was lost: a connection that breaks does not call back what is on its way.
#[test]
fn lookup_proven_with_lag_absent_sent_again_after_twice_the_lag() {
    fn check(lag: Duration, answered_after: Duration, settled_at: Duration) {
        let capabilities = host(DuplicateIds::Unknown, Lookup::Proven, None).with_lookup_lag(lag);
        let mut script = Script::generate(with(capabilities));
        script.after(answered_after).create(lost());
        assert_eq!(script.row(), settled_at, "{script}");
        assert_eq!(script.creates(), 1);
        script.create(created(IN_PROGRESS));
        assert_running(&script);
    }

    check(seconds(60), seconds(0), seconds(150));
    check(seconds(60), seconds(30), seconds(180));
    check(seconds(2), seconds(30), seconds(64));
    // However short the lag, it is taken for half a second at least.
    check(Duration::ZERO, seconds(0), seconds(31));
    check(Duration::from_millis(1500), seconds(0), seconds(33));
}

/// A look-up counts from when it began: one that began too early proves nothing when it ends late.
#[test]
fn lookup_proven_with_lag_a_miss_that_began_too_early_proves_nothing() {
    let mut script = lost_on(host(DuplicateIds::Unknown, Lookup::Proven, Some(10)));
    for began_at in [1, 2, 4, 8, 15, 30] {
        assert_eq!(script.wait(), seconds(began_at));
        if began_at < 30 {
            script.look_up(query_status(404));
        }
    }
    // It began at 30 s, and its answer came at 60 s; what is asked from 50 s on proves something.
    script.after(seconds(30)).look_up(query_status(404));
    assert_eq!(script.row(), seconds(60));
    script.create(created(IN_PROGRESS));
    assert_eq!(script.creates(), 2);
}

/// The second attempt has a settle time of its own, and then nothing is sent a third time.
#[test]
fn lookup_proven_with_lag_at_most_one_repetition_follows_from_absence() {
    let mut script = lost_on(host(DuplicateIds::Unknown, Lookup::Proven, Some(5)));
    assert_eq!(script.row(), seconds(40));
    script.create(lost());
    assert_eq!(script.row(), seconds(80));
    assert_not_created(&script);
    assert_eq!(script.creates(), 2);
}

#[test]
fn lookup_proven_without_lag_absent_unresolved() {
    let mut script = lost_on(host(DuplicateIds::Unknown, Lookup::Proven, None));
    assert_eq!(script.look_ups(&query_status(404)), LOOK_UPS);
    assert_eq!(assert_unresolved(&script), Knowledge::MayExist);
    assert_eq!(script.creates(), 1);
}

#[test]
fn lookup_unproven_absent_unresolved_whatever_lag_is_declared() {
    for lag in [None, Some(0), Some(5)] {
        let mut script = lost_on(host(DuplicateIds::Unknown, Lookup::Unproven, lag));
        assert_eq!(script.look_ups(&query_status(404)), LOOK_UPS);
        assert_eq!(assert_unresolved(&script), Knowledge::MayExist);
        assert_eq!(script.creates(), 1);
    }
}

#[test]
fn lookup_missing_and_nothing_known_of_duplicates_unresolved_at_once() {
    for lag in [None, Some(0), Some(5)] {
        let script = lost_on(host(DuplicateIds::Unknown, Lookup::Missing, lag));
        assert_eq!(assert_unresolved(&script), Knowledge::MayExist);
        assert_eq!(script.creates(), 1);
    }
}

/// Whoever wrote it: a 404 alone proves nothing, however often it comes and however late.
#[test]
fn lookup_proven_with_lag_a_404_alone_proves_nothing() {
    for (name, body) in FOREIGN_404 {
        let capabilities = host(DuplicateIds::Unknown, Lookup::Proven, Some(2));
        let mut script = lost_on(capabilities);
        script.look_ups(&not_found(body));
        // In a row, the same answer comes to the look-ups of the controls.
        while let Action::Probe(_) = script.machine.action() {
            script.probe(decode_probe(&response(404, &[], body.as_bytes())));
            script.look_ups(&not_found(body));
        }
        assert_eq!(assert_unresolved(&script), Knowledge::MayExist, "{name}");
        assert_eq!(script.creates(), 1, "{name}: {script}");
    }
}
