//! A task that is known by its external id only.

use kirin_client::{
    Billing, Error, ErrorKind, HostCapabilities, Lookup,
    machine::{Action, Notice, Outcome},
    wire::QueryAnswer,
};

use super::{
    answers::{
        COMPLETED, EXTERNAL_ID, ID, IN_PROGRESS, OTHER_ID, query_status, task, task_with_id,
    },
    script::{Script, seconds, settings, with},
};

fn seek() -> Script {
    Script::find(settings())
}

/// It was asked for by another name than its own, so the answer is about it, and teaches its name.
#[test]
fn an_external_id_is_looked_up_once_and_the_task_is_waited_for_by_its_own() {
    let mut script = seek();
    let notice = script.look_up(task(IN_PROGRESS));
    let id = ID.parse().unwrap();
    assert_eq!(notice, Notice::Found { id }, "{script}");
    assert_eq!(script.machine.capabilities().lookup, Lookup::Proven);
    assert_eq!(script.wait(), seconds(5));
    script.query(task(COMPLETED));
    assert!(
        matches!(script.outcome(), Outcome::Completed(_)),
        "{script}"
    );
}

/// It may have been created a moment ago.
#[test]
fn an_external_id_that_nobody_knows_is_asked_for_for_ten_seconds() {
    let mut script = seek();
    let asked = script.look_ups(&query_status(404));
    assert!(asked.len() > 2, "{script}");
    assert!((10.0..30.0).contains(asked.last().unwrap()), "{script}");
    let error = Error::check(script.outcome().clone()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{script}");
    assert_eq!(error.billing(), Billing::Unknown);
    assert_eq!(error.task_id(), None, "it is no id of the service's");
    assert_eq!(error.external_task_id().unwrap().as_str(), EXTERNAL_ID);
    assert_eq!(script.creates(), 0);
}

#[test]
fn what_keeps_a_task_from_being_looked_up_is_told_as_what_it_is() {
    for (answer, kind, asked) in [
        (query_status(401), ErrorKind::Authentication, 1),
        (query_status(400), ErrorKind::CannotQuery, 1),
        (query_status(503), ErrorKind::CannotQuery, 10),
        (about("order-43"), ErrorKind::CannotQuery, 10),
    ] {
        let mut script = seek();
        assert_eq!(script.look_ups(&answer).len(), asked, "{script}");
        let error = Error::check(script.outcome().clone()).unwrap_err();
        assert_eq!(error.kind(), kind, "{script}");
        assert_eq!(error.billing(), Billing::Unknown);
        assert_eq!(error.task_id(), None, "{script}");
    }
}

fn about(external_task_id: &str) -> QueryAnswer {
    let named = format!(r#""metadata":{{"external_task_id":"{external_task_id}"}},{IN_PROGRESS}"#);
    task_with_id(OTHER_ID, &named)
}

#[test]
fn a_look_up_ends_with_one_last_query_at_the_deadline() {
    let mut short = settings();
    short.deadline = Some(seconds(3));
    let mut script = Script::find(short);
    let asked = script.look_ups(&query_status(503));
    assert_eq!(asked.last(), Some(&3.0), "{script}");
    assert!(matches!(script.outcome(), Outcome::NotFound { .. }));
}

/// A person may type either id. That a task is found by its own says nothing of the look-up.
#[test]
fn a_task_that_is_found_by_its_own_id_proves_no_look_up() {
    let mut script = Script::find(with(HostCapabilities::default()));
    script.look_up(task_with_id(EXTERNAL_ID, IN_PROGRESS));
    assert_eq!(script.machine.capabilities().lookup, Lookup::Unproven);
    script.wait();
    assert!(
        matches!(script.machine.action(), Action::Query(id) if id.as_str() == EXTERNAL_ID),
        "{script}"
    );
}

/// The answer may be older than what it is about.
#[test]
fn a_wake_that_comes_during_the_look_up_makes_the_next_query_come_soon() {
    let mut found = seek();
    found.wake();
    found.look_up(task(IN_PROGRESS));
    assert_eq!(found.until(), seconds(1), "{found}");
}

#[test]
fn a_wake_cuts_the_pause_after_a_miss_and_none_after_trouble() {
    let mut missed = seek();
    let mut cut = 0;
    for _ in 0..4 {
        missed.look_up(query_status(404));
        let before = missed.until();
        missed.wake();
        cut += usize::from(missed.until() < before);
        assert!(missed.until() - missed.now <= seconds(1), "{missed}");
        missed.wait();
    }
    assert!(cut > 0, "{missed}");
    let mut troubled = seek();
    troubled.look_up(query_status(503));
    let until = troubled.until();
    troubled.wake();
    assert_eq!(troubled.until(), until, "{troubled}");
}
