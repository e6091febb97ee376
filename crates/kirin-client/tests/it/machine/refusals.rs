//! Refused creates: something on the way may have sent them twice, and the first of the two may have been
//! accepted. So they are looked up before they end and before they are repeated.

use kirin_client::{
    DuplicateIds, HostCapabilities, Lookup,
    machine::{Action, Cause, Event, Knowledge, Notice, Outcome, Withheld},
    wire::CreateAnswer,
};

use super::{
    answers::{
        ID, IN_PROGRESS, OTHER_ID, STARTED_AT, create_error, create_status, created, duplicate,
        lost, no_answer, not_sent, query_status, rate_limit, task, task_with_id,
    },
    script::{
        Script, assert_not_created, assert_running, assert_unresolved, proven, seconds, settings,
        with,
    },
};
use crate::wire::{decode_create, response};

/// Refusals that are final, as the answer to a second POST that a proxy made of one.
fn final_refusals() -> Vec<CreateAnswer> {
    vec![
        create_status(307),
        create_status(400),
        create_status(401),
        create_status(402),
        create_status(403),
        create_error("404-message.json"),
        create_status(404),
        create_status(422),
        create_error("200-insufficient-credits.json"),
        create_error("429-kling-1101.json"),
    ]
}

#[test]
fn a_create_that_a_proxy_sent_twice_is_adopted_whatever_its_second_answer_is() {
    for answer in final_refusals() {
        // It is found at once, or at any look-up before the end.
        for misses in 0..4 {
            let mut script = Script::generate(settings());
            let notice = script.create(answer.clone());
            assert!(matches!(notice, Notice::Refused { .. }), "{script}");
            for _ in 0..misses {
                script.look_up(query_status(404));
                script.wait();
            }
            let notice = script.look_up(task(IN_PROGRESS));
            let id = ID.parse().unwrap();
            assert_eq!(notice, Notice::Accepted { id, adopted: true });
            assert_running(&script);
            assert_eq!(script.creates(), 1);
        }
    }
}

#[test]
fn a_duplicate_refusal_at_the_first_attempt_is_looked_up_and_adopted() {
    for host in [
        HostCapabilities::default(),
        proven().with_lookup_lag(seconds(1)),
        proven().with_duplicate_ids(DuplicateIds::Refused),
    ] {
        for misses in 0..6 {
            let mut script = Script::generate(with(host));
            script.create(duplicate());
            for _ in 0..misses {
                script.wait();
                script.look_up(query_status(404));
            }
            script.wait();
            script.look_up(task(IN_PROGRESS));
            assert_running(&script);
            assert_eq!(script.creates(), 1);
            assert_eq!(
                script.machine.capabilities().duplicate_ids,
                DuplicateIds::Refused
            );
        }
    }
}

/// It says that it exists, so it is never proved to be absent, and nothing is sent again.
#[test]
fn a_duplicate_refusal_whose_task_is_never_found_is_unresolved() {
    let host = proven().with_lookup_lag(seconds(1));
    for host in [host, host.with_duplicate_ids(DuplicateIds::Refused)] {
        let mut script = Script::generate(with(host));
        script.create(duplicate());
        script.look_ups(&query_status(404));
        assert_eq!(assert_unresolved(&script), Knowledge::Exists);
        assert_eq!(script.creates(), 1);
        // Nothing was shown of it.
        assert_eq!(
            script.machine.capabilities().duplicate_ids,
            host.duplicate_ids
        );
    }
}

#[test]
fn a_rate_limited_create_that_a_proxy_sent_twice_is_adopted_before_it_is_repeated() {
    for lag in [None, Some(7), Some(60)] {
        let mut host = HostCapabilities::default();
        host.lookup_lag = lag.map(seconds);
        let mut script = Script::generate(with(host));
        script.create(rate_limit("1"));
        assert_eq!(script.wait(), seconds(lag.unwrap_or(30)), "{lag:?}");
        script.look_up(task(IN_PROGRESS));
        assert_running(&script);
        assert_eq!(script.creates(), 1);
    }
}

/// Directly before the POST: where its turn does not come within ten seconds, it is looked up again.
#[test]
fn a_create_is_repeated_within_ten_seconds_of_the_look_up_before_it() {
    let mut script = Script::generate(settings());
    script.create(rate_limit("1"));
    script.wait();
    script.look_up(query_status(404));
    assert_eq!(script.machine.send_by(), Some(seconds(40)));
    script.after(seconds(60)).tell(Event::SendDelayed);
    script.look_up(query_status(404));
    // One that was not sent is looked up before it is tried again, too.
    script.create(not_sent());
    script.wait();
    script.look_up(task(IN_PROGRESS));
    assert_running(&script);
    assert_eq!(script.creates(), 2);
}

#[test]
fn a_look_up_that_is_refused_as_the_create_was_says_nothing_and_the_end_stands() {
    for status in [401, 403] {
        for refused in [401, 403] {
            let mut script = Script::generate(settings());
            script.create(create_status(refused));
            script.look_up(query_status(status));
            assert!(matches!(assert_not_created(&script), Cause::Refused(_)));
        }
    }
}

/// What was refused for something else may have been sent twice, and now nobody can look.
#[test]
fn a_refused_create_whose_look_ups_tell_nothing_is_unresolved() {
    let is_about_the_key = |answer: &CreateAnswer| match answer {
        CreateAnswer::Refused(refusal) => [401, 403].contains(&refusal.status),
        _ => false,
    };
    for answer in final_refusals().iter().filter(|it| !is_about_the_key(it)) {
        for told in [
            query_status(401),
            query_status(403),
            query_status(503),
            no_answer(),
        ] {
            let mut script = Script::generate(settings());
            script.create(answer.clone());
            script.look_up(told.clone());
            assert_eq!(script.look_ups(&told).len(), 3, "{script}");
            assert_eq!(assert_unresolved(&script), Knowledge::MayExist);
            assert_eq!(script.creates(), 1);
        }
    }
    // It is not repeated either.
    for told in [query_status(401), no_answer()] {
        let mut script = Script::generate(settings());
        script.create(rate_limit("1"));
        assert_eq!(script.look_ups(&told).len(), 4, "{script}");
        assert_eq!(assert_unresolved(&script), Knowledge::MayExist);
        assert_eq!(script.creates(), 1);
    }
}

/// One failure is not the end.
#[test]
fn a_look_up_before_a_repetition_that_fails_is_made_again() {
    let mut script = Script::generate(settings());
    script.create(rate_limit("1"));
    script.wait();
    script.look_up(query_status(503));
    script.wait();
    script.look_up(query_status(404));
    script.create(created(IN_PROGRESS));
    assert_running(&script);
}

/// A host that has no look-up by external id may say so by 400 or 405.
#[test]
fn a_create_is_repeated_where_the_host_has_no_such_look_up() {
    let mut script = Script::generate(settings());
    script.create(rate_limit("1"));
    script.wait();
    script.look_up(query_status(405));
    script.create(created(IN_PROGRESS));
    assert_running(&script);

    let host = HostCapabilities::default().with_lookup(Lookup::Missing);
    let mut script = Script::generate(with(host));
    script.create(rate_limit("1"));
    assert_eq!(script.wait(), seconds(30));
    script.create(created(IN_PROGRESS));
    assert_running(&script);
}

/// What another generation has found by its external id shows that the host has such a look-up: a refusal
/// of one is no answer then.
#[test]
fn what_another_generation_learned_of_the_host_counts_for_a_refused_create() {
    let mut script = Script::generate(settings());
    script.create(rate_limit("1"));
    let proven = HostCapabilities::default().with_lookup(Lookup::Proven);
    script.tell(Event::HostLearned(proven));
    script.tell(Event::HostLearned(HostCapabilities::default()));
    script.wait();
    script.look_up(query_status(400));
    assert_eq!(script.creates(), 1);
    script.wait();
    script.look_up(query_status(404));
    script.create(created(IN_PROGRESS));
    assert_running(&script);
}

#[test]
fn the_task_of_another_under_a_refused_id_is_not_adopted() {
    let yesterday = STARTED_AT - 86_400_000;
    let fields = format!(r#"{IN_PROGRESS},"created_at":{yesterday}"#);
    for answer in final_refusals() {
        let mut script = Script::generate(settings());
        script.create(answer);
        script.look_up(task_with_id(OTHER_ID, &fields));
        assert!(matches!(assert_not_created(&script), Cause::Refused(_)));
    }
    let mut script = Script::generate(settings());
    script.create(rate_limit("1"));
    script.wait();
    script.look_up(task_with_id(OTHER_ID, &fields));
    let id = OTHER_ID.parse().unwrap();
    assert_eq!(
        assert_not_created(&script),
        Cause::Withheld(Withheld::IdInUse { id })
    );
    assert_eq!(script.creates(), 1);
}

/// In a journal that may have forgotten it, the first attempt follows one look-up.
#[test]
fn a_first_attempt_that_may_be_a_second_one_follows_a_look_up() {
    let first = || {
        let mut settings = settings();
        settings.looks_up_first = true;
        let script = Script::generate(settings);
        assert!(
            matches!(script.machine.action(), Action::LookUp(_)),
            "{script}"
        );
        script
    };
    let mut found = first();
    found.look_up(task(IN_PROGRESS));
    assert_running(&found);
    assert_eq!(found.creates(), 0);

    let mut missed = first();
    missed.look_up(query_status(404));
    missed.create(created(IN_PROGRESS));
    assert_running(&missed);

    let mut another = first();
    let fields = format!(r#"{IN_PROGRESS},"model":"kirin_v3_t2v""#);
    another.look_up(task_with_id(OTHER_ID, &fields));
    let id = OTHER_ID.parse().unwrap();
    let cause = assert_not_created(&another);
    assert_eq!(cause, Cause::Withheld(Withheld::IdInUse { id }));

    let mut failing = first();
    failing.look_ups(&no_answer());
    assert!(matches!(assert_not_created(&failing), Cause::Trouble(_)));
    assert_eq!(failing.creates(), 0);
}

/// An id that stands beside an error is asked about, and never trusted.
#[test]
fn an_id_beside_an_error_is_a_hint() {
    let hinted = || {
        let mut script = Script::generate(settings());
        let body = format!(r#"{{"id":"{ID}","error":"Missing Token"}}"#);
        script.create(decode_create(&response(200, &[], body.as_bytes())));
        assert_eq!(script.wait(), seconds(1));
        script
    };
    let mut found = hinted();
    found.query(task(IN_PROGRESS));
    assert_running(&found);

    // What is not there, or another's, is looked up as ever.
    for answer in [
        query_status(404),
        task_with_id(OTHER_ID, IN_PROGRESS),
        task(&format!(r#"{IN_PROGRESS},"external_task_id":"order-43""#)),
        no_answer(),
    ] {
        let mut script = hinted();
        script.query(answer);
        script.look_up(task(IN_PROGRESS));
        assert_running(&script);
        assert_eq!(script.creates(), 1);
    }
}

/// A refusal of a later attempt says nothing of the one before it.
#[test]
fn a_proved_no_takes_back_its_own_attempt_only() {
    let mut script = Script::generate(with(
        HostCapabilities::default()
            .with_duplicate_ids(DuplicateIds::Refused)
            .with_lookup(Lookup::Missing),
    ));
    script.create(lost());
    for _ in 0..4 {
        script.wait();
        script.create(not_sent());
    }
    assert_unresolved(&script);

    let mut first = Script::generate(settings());
    for _ in 0..3 {
        first.create(not_sent());
        first.wait();
    }
    first.create(not_sent());
    assert!(matches!(assert_not_created(&first), Cause::Trouble(_)));
}

/// A miss before the lag says nothing of what was refused, also where the deadline is near.
#[test]
fn a_refusal_near_the_deadline_is_looked_up_after_the_lag_before_it_ends() {
    let mut near = with(HostCapabilities::default().with_lookup_lag(seconds(6)));
    near.deadline = Some(seconds(3));
    let mut script = Script::generate(near);
    script.create(create_status(402));
    script.look_up(query_status(404));
    assert_eq!(script.wait(), seconds(6));
    script.look_up(task(IN_PROGRESS));
    assert_running(&script);

    let mut near = settings();
    near.deadline = Some(seconds(1));
    let mut script = Script::generate(near);
    script.create(create_status(402));
    script.look_up(query_status(404));
    assert_eq!(script.look_ups(&query_status(404)), [1.0, 2.0, 4.0]);
    assert!(matches!(assert_not_created(&script), Cause::Refused(_)));
}

#[test]
fn a_look_up_that_is_redirected_or_gone_is_no_miss() {
    for status in [302, 410, 451] {
        let mut script = Script::generate(settings());
        script.create(create_status(402));
        script.look_up(query_status(status));
        script.look_ups(&query_status(status));
        assert_eq!(assert_unresolved(&script), Knowledge::MayExist, "{status}");
    }
}

#[test]
fn a_first_attempt_is_not_sent_where_the_look_up_before_it_is_forbidden() {
    for status in [401, 403] {
        let mut first = settings();
        first.looks_up_first = true;
        let mut script = Script::generate(first);
        script.look_up(query_status(status));
        assert!(matches!(assert_not_created(&script), Cause::Refused(_)));
        assert_eq!(script.creates(), 0);
    }
}

/// Nobody knows how long a host remembers an id that it would refuse.
#[test]
fn an_old_refusal_is_looked_up_and_not_repeated_even_where_duplicates_are_refused() {
    let mut old = with(HostCapabilities::default().with_duplicate_ids(DuplicateIds::Refused));
    old.follows_refusal = true;
    let three_days = 3 * 86_400_000;
    old.intended_at = Some(kirin_types::Timestamp::from_milliseconds(
        STARTED_AT - three_days,
    ));
    let mut script = Script::generate(old);
    script.look_ups(&query_status(404));
    assert_eq!(assert_unresolved(&script), Knowledge::MayExist);
    assert_eq!(script.creates(), 0);
}

/// An id beside an error may be anything's, also where our external id is minted.
#[test]
fn a_hint_that_leads_to_another_model_is_not_adopted() {
    let mut minted = settings();
    minted.external_task_id_is_minted = true;
    let mut script = Script::generate(minted);
    let body = format!(r#"{{"id":"{OTHER_ID}","error":"later"}}"#);
    script.create(decode_create(&response(200, &[], body.as_bytes())));
    script.wait();
    let fields = format!(r#"{IN_PROGRESS},"model":"kirin_v3_t2v""#);
    script.tell(Event::QueryAnswered(task_with_id(OTHER_ID, &fields)));
    script.look_up(task(IN_PROGRESS));
    assert_running(&script);
}

/// What was refused last may have been accepted a moment before.
#[test]
fn a_row_that_ends_a_refused_repetition_begins_after_the_lag_of_the_refusal() {
    let host = proven()
        .with_duplicate_ids(DuplicateIds::Refused)
        .with_lookup_lag(seconds(30));
    let mut script = Script::generate(with(host));
    script.create(lost());
    script.wait();
    script.look_up(query_status(404));
    script.create(rate_limit("300"));
    script.wait();
    let refused_at = script.now;
    script.create(create_status(402));
    while let Action::Wait { until } = script.machine.action() {
        let _ = until;
        script.wait();
        if !matches!(script.machine.action(), Action::LookUp(_)) {
            break;
        }
        script.look_up(query_status(404));
    }
    assert!(
        matches!(script.machine.action(), Action::Probe(_)),
        "{script}"
    );
    assert!(script.now >= refused_at + seconds(30), "{script}");
}

/// With another key nothing is ever sent, and nothing is said not to be created: whatever the look-ups
/// answer, and whatever others learn of the host.
#[test]
fn a_create_of_another_key_is_looked_for_and_never_sent() {
    for status in [400, 401, 404, 405, 429, 503] {
        let host = proven()
            .with_lookup_lag(seconds(1))
            .with_duplicate_ids(DuplicateIds::Refused);
        let mut settings = with(host);
        settings.intended_at = settings.started_at;
        settings.was_sent_with_another_key = true;
        let mut script = Script::reconcile(settings);
        script.tell(Event::HostLearned(host));
        for _ in 0..40 {
            match script.machine.action() {
                Action::LookUp(_) => drop(script.look_up(query_status(status))),
                Action::Wait { .. } => drop(script.wait()),
                Action::Finished(_) => break,
                action => panic!("{status}: {action:?}"),
            }
        }
        let Outcome::Unresolved { cause, .. } = script.outcome() else {
            panic!("{status}: {:?}", script.outcome());
        };
        assert_eq!(*cause, Cause::Withheld(Withheld::OtherKey), "{status}");
    }
}

/// Nothing is sent of what has ended; it is looked up once.
#[test]
fn what_has_ended_is_looked_up_once_more_and_never_sent() {
    let cause = Cause::Withheld(Withheld::Deadline);
    for status in [400, 401, 404, 503] {
        let mut settings = settings();
        settings.ended = Some(cause.clone());
        let mut script = Script::generate(settings);
        let mut look_ups = 0;
        for _ in 0..20 {
            match script.machine.action() {
                Action::LookUp(_) => {
                    look_ups += 1;
                    script.look_up(query_status(status));
                }
                Action::Wait { .. } => drop(script.wait()),
                Action::Finished(_) => break,
                action => panic!("{status}: {action:?}"),
            }
        }
        match status {
            404 => {
                assert_eq!(look_ups, 1);
                assert_eq!(assert_not_created(&script), cause);
            }
            // It is not known to be absent, and the journal keeps its end.
            401 | 503 => drop(assert_unresolved(&script)),
            _ => assert!(look_ups > 0),
        }
    }
}
