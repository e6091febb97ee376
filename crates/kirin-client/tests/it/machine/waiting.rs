//! An accepted task until its end, or until there is a reason to
//! stop asking.

use std::time::Duration;

use kirin_client::{
    Error, ErrorKind, HostCapabilities, Lookup, PollSchedule,
    machine::{Action, Cause, Notice, Outcome, Settings},
    wire::QueryAnswer,
};

use super::{
    answers::{
        COMPLETED, FAILED, ID, IN_PROGRESS, OTHER_ID, WITHOUT_OUTPUT, created, no_answer,
        query_rate_limit, query_status, task, task_with_id,
    },
    script::{Script, proven, seconds, settings, with},
};
use crate::wire::{decode_query, read, response};

/// A session whose task was accepted at once, on a host whose lookup needs no proof.
pub(super) fn accepted() -> Script {
    accepted_with(with(proven()))
}

fn accepted_with(settings: Settings) -> Script {
    let mut script = Script::generate(settings);
    script.create(created(IN_PROGRESS));
    script
}

/// Waits, then queries.
pub(super) fn poll(script: &mut Script, answer: QueryAnswer) -> Notice {
    script.wait();
    script.query(answer)
}

fn assert_cannot_query(script: &Script) -> Cause {
    match script.outcome() {
        Outcome::CannotQuery { id, cause, .. } => {
            assert_eq!(id.as_str(), ID);
            cause.clone()
        }
        _ => panic!("{script}"),
    }
}

fn golden(name: &str) -> QueryAnswer {
    decode_query(&response(200, &[], &read("tasks", name)))
}

#[test]
fn a_404_after_the_create_is_tolerated_for_a_minute() {
    let mut script = accepted();
    let mut asked = Vec::new();
    while let Action::Wait { .. } = script.machine.action() {
        asked.push(script.wait());
        script.query(query_status(404));
    }
    assert!(
        matches!(script.outcome(), Outcome::Lost { id } if id.as_str() == ID),
        "{script}"
    );
    let (last, earlier) = asked.split_last().unwrap();
    assert!(*last >= seconds(60), "{asked:?}");
    assert!(earlier.iter().all(|at| *at < seconds(60)), "{asked:?}");
    // The gaps grow: a service in trouble is not asked every second.
    assert!((5..=10).contains(&asked.len()), "{asked:?}");
    assert_eq!(script.creates(), 1, "never created again");
}

#[test]
fn a_404_within_the_minute_is_forgotten_when_the_task_is_found() {
    let mut script = accepted();
    for _ in 0..4 {
        poll(&mut script, query_status(404));
    }
    poll(&mut script, task(IN_PROGRESS));
    poll(&mut script, task(COMPLETED));
    assert!(matches!(script.outcome(), Outcome::Completed(_)));
}

/// A task that was seen does not go away: a 404 is trouble then, and has the budget of trouble.
#[test]
fn a_404_of_a_task_that_was_found_is_trouble() {
    let mut script = accepted();
    script.after(seconds(100));
    poll(&mut script, task(IN_PROGRESS));
    for _ in 0..9 {
        poll(&mut script, query_status(404));
    }
    assert!(matches!(script.machine.action(), Action::Wait { .. }));
    poll(&mut script, query_status(404));
    assert_cannot_query(&script);
}

#[test]
fn a_task_of_an_earlier_process_is_given_ten_seconds() {
    let mut script = Script::resume(settings());
    script.query(query_status(404));
    while let Action::Wait { .. } = script.machine.action() {
        poll(&mut script, query_status(404));
    }
    assert!(matches!(script.outcome(), Outcome::Lost { .. }), "{script}");
    assert!(
        script.now >= seconds(10) && script.now < seconds(25),
        "{script}"
    );
}

#[test]
fn passing_trouble_is_asked_through() {
    let garbage = decode_query(&response(200, &[], b"<html>"));
    for trouble in [query_status(500), query_status(503), no_answer(), garbage] {
        let mut script = accepted();
        let before = script.machine.task().cloned();
        for _ in 0..9 {
            let notice = poll(&mut script, trouble.clone());
            assert!(matches!(notice, Notice::Trouble { .. }), "{script}");
            assert_eq!(
                script.machine.task().cloned(),
                before,
                "the task is as it was"
            );
        }
        poll(&mut script, task(COMPLETED));
        assert!(matches!(script.outcome(), Outcome::Completed(_)));
    }
}

#[test]
fn the_waits_after_trouble_double_up_to_half_a_minute() {
    let mut script = accepted();
    script.wait();
    for ceiling in [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0, 30.0] {
        script.query(no_answer());
        let began_at = script.now;
        let waited = (script.wait() - began_at).as_secs_f64();
        assert!((ceiling / 2.0..=ceiling).contains(&waited), "{script}");
    }
    script.query(no_answer());
    assert!(matches!(assert_cannot_query(&script), Cause::Trouble(_)));
}

#[test]
fn only_failures_in_a_row_count() {
    let mut script = accepted();
    for _ in 0..3 {
        for _ in 0..9 {
            poll(&mut script, query_status(500));
        }
        poll(&mut script, task(IN_PROGRESS));
    }
    assert!(matches!(script.machine.action(), Action::Wait { .. }));
}

#[test]
fn a_key_or_right_that_is_refused_stops_at_once_and_can_be_resumed() {
    for status in [400, 401, 403] {
        let mut script = accepted();
        poll(&mut script, query_status(status));
        assert!(matches!(
            assert_cannot_query(&script),
            Cause::Refused(refusal) if refusal.status == status
        ));
    }
    let mut script = accepted();
    let refused = read("errors", "200-unauthorized.json");
    poll(&mut script, decode_query(&response(200, &[], &refused)));
    let error = Error::check(script.outcome().clone()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Authentication);
    let mut script = Script::resume(settings());
    script.query(task(COMPLETED));
    assert!(matches!(script.outcome(), Outcome::Completed(_)));
}

#[test]
fn hints_are_taken_between_the_own_delay_and_five_minutes() {
    fn check(retry_after: &str, shortest: f64, longest: f64) {
        let mut script = accepted();
        script.wait();
        script.query(query_rate_limit(retry_after));
        let began_at = script.now;
        let waited = (script.wait() - began_at).as_secs_f64();
        assert!(
            (shortest..=longest).contains(&waited),
            "{retry_after}: {script}"
        );
    }

    check("0", 0.5, 1.0);
    check("42", 42.0, 42.0);
    check("301", 300.0, 300.0);
    check("999999999", 300.0, 300.0);
    for garbage in ["-5", "NaN", "soon", "1e3"] {
        check(garbage, 0.5, 1.0);
    }
}

#[test]
fn a_hint_beyond_the_deadline_is_cut_to_it() {
    let mut script = accepted();
    script.after(seconds(400));
    poll(&mut script, query_rate_limit("300"));
    assert_eq!(script.wait(), seconds(600));
    script.query(task(COMPLETED));
    assert!(matches!(script.outcome(), Outcome::Completed(_)));
}

#[test]
fn an_unknown_word_keeps_polling_and_is_reported() {
    let mut script = accepted();
    for name in ["status-unknown-word.json", "status-absent.json"] {
        let notice = poll(&mut script, golden(name));
        let Notice::UnknownStatus { status, .. } = notice else {
            panic!("{name}:\n{script}");
        };
        let word = script.machine.task().unwrap().status().map(str::to_owned);
        assert_eq!(status, word);
    }
    poll(&mut script, task(COMPLETED));
    assert!(matches!(script.outcome(), Outcome::Completed(_)));
}

#[test]
fn known_words_are_of_their_kind() {
    fn check(names: &[&str], expected: fn(&Script) -> bool) {
        for name in names {
            let mut script = accepted();
            poll(&mut script, golden(name));
            assert!(expected(&script), "{name}:\n{script}");
        }
    }

    check(
        &[
            "status-in-progress.json",
            "status-in-queue.json",
            "status-pending.json",
            "status-processing.json",
            "status-submitted.json",
        ],
        |script| matches!(script.machine.action(), Action::Wait { .. }),
    );
    check(
        &["completed.json", "output-without-content-level.json"],
        |script| {
            matches!(
                script.machine.action(),
                Action::Finished(Outcome::Completed(_))
            )
        },
    );
    check(&["status-failed.json", "failed.json"], |script| {
        matches!(
            script.machine.action(),
            Action::Finished(Outcome::Failed(_))
        )
    });
}

#[test]
fn a_status_that_goes_back_is_shown_and_does_not_move_the_deadline() {
    let mut script = accepted();
    script.after(seconds(300));
    poll(
        &mut script,
        task(r#""status":"in_progress","progress":0.9"#),
    );
    let notice = poll(&mut script, task(r#""status":"in_queue""#));
    assert!(matches!(notice, Notice::Progress { .. }), "{script}");
    while let Action::Wait { until } = script.machine.action() {
        assert!(until <= seconds(600), "{script}");
        poll(&mut script, task(r#""status":"in_queue""#));
    }
    assert_eq!(script.now, seconds(600));
    assert!(matches!(script.outcome(), Outcome::StillRunning { .. }));
}

#[test]
fn the_first_end_stays() {
    for (first, later) in [(FAILED, COMPLETED), (COMPLETED, FAILED)] {
        let mut script = accepted();
        poll(&mut script, task(first));
        let end = script.machine.clone();
        let event = kirin_client::machine::Event::QueryAnswered(task(later));
        assert!(script.machine.handle(seconds(20), event).is_err());
        assert_eq!(script.machine, end);
    }
}

#[test]
fn completed_without_output_is_asked_once_more() {
    for name in [
        "output-empty.json",
        "output-empty-content.json",
        "output-text.json",
    ] {
        let mut script = accepted();
        let notice = poll(&mut script, golden(name));
        assert!(matches!(notice, Notice::Trouble { .. }), "{name}: {script}");
        poll(&mut script, golden(name));
        let Outcome::CompletedWithoutOutput(task) = script.outcome() else {
            panic!("{name}: {script}");
        };
        assert_eq!(task.id().as_str(), ID);

        let mut script = accepted();
        poll(&mut script, golden(name));
        poll(&mut script, task_done());
        assert!(matches!(script.outcome(), Outcome::Completed(_)));
    }
}

fn task_done() -> QueryAnswer {
    task(COMPLETED)
}

/// "Still running" would be a lie, so the second query does not wait for another time.
#[test]
fn completed_without_output_at_the_deadline_is_not_still_running() {
    let mut script = accepted();
    script.after(seconds(700));
    poll(&mut script, task(WITHOUT_OUTPUT));
    script.query(task(WITHOUT_OUTPUT));
    assert!(matches!(
        script.outcome(),
        Outcome::CompletedWithoutOutput(_)
    ));

    let mut script = accepted();
    script.after(seconds(700));
    poll(&mut script, task(WITHOUT_OUTPUT));
    script.query(query_status(500));
    assert!(matches!(script.outcome(), Outcome::StillRunning { .. }));
}

#[test]
fn fields_of_other_types_do_not_stop_a_wait() {
    let mut script = accepted();
    for fields in [
        r#""status":"in_progress","progress":"50%""#,
        r#""status":7"#,
        r#""status":null,"created_at":"x","model":[]"#,
        r#""status":"in_progress","error":{"code":1}"#,
    ] {
        poll(&mut script, task(fields));
        assert!(matches!(script.machine.action(), Action::Wait { .. }));
    }
    // An id of another type is no answer about this task.
    let answer = decode_query(&response(200, &[], br#"{"id":7,"status":"completed"}"#));
    let notice = poll(&mut script, answer);
    assert!(matches!(notice, Notice::Trouble { .. }));
}

#[test]
fn an_answer_about_another_task_is_rejected_and_counted() {
    let mut script = accepted();
    for _ in 0..9 {
        let notice = poll(&mut script, task_with_id(OTHER_ID, COMPLETED));
        assert!(matches!(notice, Notice::Trouble { .. }), "{script}");
        assert_eq!(script.machine.task().unwrap().id().as_str(), ID);
    }
    poll(&mut script, task_with_id(OTHER_ID, COMPLETED));
    assert_cannot_query(&script);
}

#[test]
fn the_deadline_cuts_the_wait_and_is_followed_by_one_last_query() {
    let mut settings = with(proven());
    settings.schedule = PollSchedule::Fixed(seconds(45));
    settings.deadline = Some(seconds(100));
    let mut script = accepted_with(settings.clone());
    for asked_at in [45, 90, 100] {
        assert_eq!(script.wait(), seconds(asked_at));
        script.query(task(IN_PROGRESS));
    }
    let Outcome::StillRunning { id, task: last } = script.outcome() else {
        panic!("{script}");
    };
    assert_eq!(id.as_str(), ID);
    assert_eq!(last.as_ref().unwrap().status(), Some("in_progress"));
    let error = Error::check(script.outcome().clone()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::StillRunning);

    // The last query decides.
    let mut script = accepted_with(settings);
    script.after(seconds(99));
    poll(&mut script, task(IN_PROGRESS));
    assert_eq!(script.wait(), seconds(100));
    script.query(task(COMPLETED));
    assert!(matches!(script.outcome(), Outcome::Completed(_)));
}

#[test]
fn trouble_at_the_deadline_is_still_running_too() {
    for answer in [
        query_status(404),
        query_status(500),
        no_answer(),
        task_with_id(OTHER_ID, COMPLETED),
    ] {
        let mut settings = with(proven());
        settings.deadline = Some(seconds(20));
        let mut script = accepted_with(settings);
        script.after(seconds(20));
        poll(&mut script, answer);
        assert!(
            matches!(script.outcome(), Outcome::StillRunning { .. }),
            "{script}"
        );
    }
}

#[test]
fn without_a_deadline_a_task_is_waited_for_for_ever() {
    let mut settings = with(proven());
    settings.deadline = None;
    let mut script = accepted_with(settings);
    script.after(seconds(365 * 86_400));
    poll(&mut script, task(IN_PROGRESS));
    assert!(matches!(script.machine.action(), Action::Wait { .. }));
}

#[test]
fn a_deadline_of_zero_still_asks_once() {
    let mut settings = settings();
    settings.deadline = Some(Duration::ZERO);
    let mut script = Script::resume(settings);
    script.query(task(IN_PROGRESS));
    assert!(matches!(script.outcome(), Outcome::StillRunning { .. }));
}

#[test]
fn an_unproven_host_is_first_asked_by_external_id() {
    let mut script = accepted_with(settings());
    script.wait();
    script.look_up(task(IN_PROGRESS));
    assert_eq!(script.machine.capabilities().lookup, Lookup::Proven);
    // From then on by task id.
    poll(&mut script, task(COMPLETED));
    assert!(matches!(script.outcome(), Outcome::Completed(_)));
}

/// Nothing about the task is concluded from an answer to the look-up but a hit.
#[test]
fn a_miss_of_the_first_look_up_is_repeated_by_task_id_at_once() {
    for answer in [
        query_status(404),
        query_status(400),
        query_status(401),
        query_status(500),
        no_answer(),
        task_with_id(OTHER_ID, COMPLETED),
    ] {
        let mut script = accepted_with(settings());
        let asked_at = script.wait();
        script.look_up(answer);
        assert_eq!(script.now, asked_at);
        script.query(task(IN_PROGRESS));
        assert_eq!(script.machine.capabilities(), HostCapabilities::default());
        poll(&mut script, task(COMPLETED));
        assert!(matches!(script.outcome(), Outcome::Completed(_)));
    }
}

#[test]
fn a_host_that_is_known_is_not_probed() {
    for lookup in [Lookup::Proven, Lookup::Missing] {
        let host = HostCapabilities::default().with_lookup(lookup);
        let mut script = accepted_with(with(host));
        poll(&mut script, task(IN_PROGRESS));
        assert_eq!(script.machine.capabilities(), host);
    }
}

#[test]
fn the_schedule_counts_from_the_acceptance() {
    let mut settings = with(proven());
    settings.schedule = PollSchedule::Exponential {
        first: seconds(1),
        longest: seconds(8),
        factor: 2,
    };
    let mut script = Script::generate(settings);
    script.after(seconds(100)).create(created(IN_PROGRESS));
    for asked_at in [101, 103, 107, 115, 123] {
        assert_eq!(script.wait(), seconds(asked_at));
        script.query(task(IN_PROGRESS));
    }
}

#[test]
fn gaps_beyond_all_bounds_are_harmless() {
    let mut settings = with(proven());
    settings.schedule = PollSchedule::Fixed(Duration::MAX);
    settings.deadline = None;
    let mut script = accepted_with(settings);
    poll(&mut script, task(IN_PROGRESS));
    assert_eq!(script.until(), Duration::MAX);
    script.wake();
    assert_eq!(script.until(), Duration::MAX);
}
