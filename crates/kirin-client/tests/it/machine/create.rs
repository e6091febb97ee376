//! What becomes of a create after each kind of answer, and the create rule beside its table.

use std::time::Duration;

use kirin_client::{
    DuplicateIds, Error, ErrorKind, HostCapabilities, Lookup,
    machine::{Action, Cause, Knowledge, Machine, Notice, Outcome},
    wire::{CreateAnswer, QueryAnswer},
};
use kirin_types::{GenerationRequest, Timestamp};

use super::{
    answers::{
        COMPLETED, FAILED, IN_PROGRESS, OTHER_ID, STARTED_AT, WITHOUT_OUTPUT, create_error,
        create_status, created, duplicate, lost, not_sent, query_status, rate_limit, task,
        task_with_id,
    },
    script::{
        Script, assert_not_created, assert_running, assert_unresolved, lost_on, proven,
        refuses_duplicates, seconds, settings, with,
    },
};
use crate::wire::{decode_create, response};

/// The statuses of a create that say that nothing was created, and are final.
const NOT_CREATED: [u16; 19] = [
    400, 401, 402, 403, 404, 405, 406, 411, 413, 414, 415, 421, 422, 426, 428, 431, 451, 307, 308,
];

/// A task under our id that was created a day before our intent.
fn older_task() -> QueryAnswer {
    let yesterday = STARTED_AT - 86_400_000;
    let fields = format!(r#"{IN_PROGRESS},"created_at":{yesterday}"#);
    task_with_id(OTHER_ID, &fields)
}

#[test]
fn a_create_needs_an_external_task_id() {
    let request = GenerationRequest::builder("a fox").build().unwrap();
    assert!(Machine::generate(request, settings()).is_err());
}

#[test]
fn the_create_is_the_request_that_was_given_every_time() {
    let mut script = Script::generate(settings());
    for _ in 0..3 {
        let Action::Create(request) = script.machine.action() else {
            panic!("{script}");
        };
        assert_eq!(*request, super::script::request());
        script.create(not_sent());
        script.wait();
    }
}

#[test]
fn what_was_not_sent_is_sent_again_within_a_budget() {
    let mut script = Script::generate(settings());
    let mut waits = Vec::new();
    for _ in 0..3 {
        let notice = script.create(not_sent());
        assert!(matches!(notice, Notice::Retrying { .. }), "{script}");
        let began_at = script.now;
        waits.push((script.wait() - began_at).as_secs_f64());
    }
    // 1, 2 and 4 s, with half of each left to chance.
    for (wait, ceiling) in waits.iter().zip([1.0, 2.0, 4.0]) {
        assert!((ceiling / 2.0..=ceiling).contains(wait), "{waits:?}");
    }
    script.create(not_sent());
    assert!(matches!(assert_not_created(&script), Cause::Trouble(_)));
    assert_eq!(script.creates(), 4);
}

#[test]
fn what_got_through_at_last_is_created_once() {
    let mut script = Script::generate(settings());
    for _ in 0..3 {
        script.create(not_sent());
        script.wait();
    }
    script.create(created(IN_PROGRESS));
    assert_running(&script);
}

/// Being told to slow down is an answer: the server can be reached, so the budget begins again.
#[test]
fn a_rate_limit_between_does_not_use_up_the_budget() {
    let mut script = Script::generate(settings());
    for _ in 0..5 {
        script.create(rate_limit("1"));
        script.until_create();
        script.create(not_sent());
        script.until_create();
    }
    script.create(created(IN_PROGRESS));
    assert_running(&script);
}

#[test]
fn after_a_reset_nothing_is_sent_again_on_a_host_of_which_nothing_is_known() {
    let mut script = Script::generate(settings());
    let notice = script.create(lost());
    assert!(matches!(notice, Notice::LostAnswer { .. }));
    script.look_ups(&query_status(404));
    assert_eq!(assert_unresolved(&script), Knowledge::MayExist);
    assert_eq!(script.creates(), 1);
}

#[test]
fn a_server_error_is_ambiguous() {
    for status in [408, 409, 500, 502, 503, 504, 599] {
        let mut script = Script::generate(settings());
        script.create(create_status(status));
        assert_eq!(script.wait(), seconds(1), "{status}");
        script.look_up(task(IN_PROGRESS));
        assert_running(&script);
        assert_eq!(script.creates(), 1);
    }
}

#[test]
fn a_rate_limit_waits_and_sends_again() {
    fn check(answer: &CreateAnswer, shortest: f64, longest: f64) {
        let mut script = Script::generate(with(refuses_duplicates()));
        script.create(answer.clone());
        let waited = script.wait().as_secs_f64();
        assert!((shortest..=longest).contains(&waited), "{script}");
        script.create(created(IN_PROGRESS));
        assert_running(&script);

        // Where it is not known what a duplicate comes to, something on the way may have sent it twice:
        // its task is looked for after 30 s, or after the lag, before it is repeated.
        for (host, shortest) in [
            (HostCapabilities::default(), shortest.max(30.0)),
            (
                HostCapabilities::default().with_lookup_lag(seconds(7)),
                shortest.max(7.0),
            ),
        ] {
            let mut script = Script::generate(with(host));
            script.create(answer.clone());
            let waited = script.wait().as_secs_f64();
            assert!((shortest..=longest.max(shortest)).contains(&waited));
            script.look_up(query_status(404));
            script.create(created(IN_PROGRESS));
            assert_running(&script);
            assert_eq!(script.creates(), 2);
        }
    }

    check(&create_status(429), 0.5, 1.0);
    check(&create_error("429-rate-limit-exceeded.json"), 0.5, 1.0);
    check(&create_error("429-kling-1302.json"), 0.5, 1.0);
    check(&create_error("429-kling-1303.json"), 0.5, 1.0);
    // What the server asks for counts between our own delay and five minutes.
    check(&rate_limit("0"), 0.5, 1.0);
    check(&rate_limit("42"), 42.0, 42.0);
    check(&rate_limit("999999999"), 300.0, 300.0);
    check(&rate_limit("-5"), 0.5, 1.0);
    check(&rate_limit("NaN"), 0.5, 1.0);
}

#[test]
fn a_rate_limit_goes_on_until_the_deadline_and_costs_nothing() {
    let mut script = Script::generate(settings());
    while let Action::Create(_) = script.machine.action() {
        script.create(rate_limit("60"));
        script.look_ups(&query_status(404));
    }
    assert_eq!(script.creates(), 10);
    assert!(script.now < seconds(600), "{script}");
    assert!(matches!(
        assert_not_created(&script),
        Cause::Refused(refusal) if refusal.status == 429
    ));
}

#[test]
fn a_refusal_is_final_and_nothing_was_created() {
    for name in [
        "400-bad-request.json",
        "401-unauthorized.json",
        "402-insufficient-credits.json",
        "403-insufficient-balance.json",
        "403-model-not-allowed.json",
        "404-message.json",
        "429-kling-1100.json",
        "429-kling-1101.json",
        "429-kling-1102.json",
    ] {
        let mut script = Script::generate(settings());
        let notice = script.create(create_error(name));
        assert!(matches!(notice, Notice::Refused { .. }), "{script}");
        // At once, and at the times at which a task would be found that something on the way made.
        let times = script.look_ups(&query_status(404));
        assert_eq!(times, [0.0, 1.0, 2.0, 4.0], "{script}");
        assert!(matches!(assert_not_created(&script), Cause::Refused(_)));
    }
    for status in NOT_CREATED {
        let lag = seconds(9);
        let mut script = Script::generate(with(HostCapabilities::default().with_lookup_lag(lag)));
        script.create(create_status(status));
        assert_eq!(script.look_ups(&query_status(404)), [0.0, 9.0], "{status}");
        assert_eq!(script.creates(), 1);
        assert!(matches!(
            assert_not_created(&script),
            Cause::Refused(refusal) if refusal.status == status
        ));
    }
}

/// Where nothing can be looked up, the refusal is the end.
#[test]
fn a_refusal_is_the_end_at_once_where_the_lookup_is_missing() {
    let host = HostCapabilities::default().with_lookup(Lookup::Missing);
    for status in NOT_CREATED {
        let mut script = Script::generate(with(host));
        script.create(create_status(status));
        assert!(matches!(assert_not_created(&script), Cause::Refused(_)));
    }
}

/// The list is closed: what is not in it is also said by somebody between us and a service that has
/// accepted.
#[test]
fn every_other_client_error_and_redirect_is_ambiguous() {
    for status in (300..500).filter(|it| !NOT_CREATED.contains(it)) {
        if matches!(status, 307 | 308 | 429) {
            continue;
        }
        let mut script = Script::generate(settings());
        let notice = script.create(create_status(status));
        assert!(matches!(notice, Notice::LostAnswer { .. }), "{status}");
        script.look_ups(&query_status(404));
        assert_eq!(assert_unresolved(&script), Knowledge::MayExist, "{status}");
        assert_eq!(script.creates(), 1);
    }
}

/// A refusal is said of its own attempt only. The first one may have been paid for.
#[test]
fn a_refusal_while_in_doubt_is_not_not_created() {
    for status in [400, 401, 402, 403, 404, 422] {
        let mut script = lost_on(refuses_duplicates());
        script.wait();
        script.look_up(query_status(404));
        script.create(create_status(status));
        let began_at = script.now.as_secs_f64();
        let times = script.look_ups(&query_status(404));
        let times: Vec<_> = times.iter().map(|time| time - began_at).collect();
        assert_eq!(times, [1.0, 2.0, 4.0, 8.0, 15.0, 30.0]);
        assert_eq!(assert_unresolved(&script), Knowledge::MayExist);
        assert_eq!(script.creates(), 2, "a refused create is not sent again");
    }
}

#[test]
fn a_refusal_while_in_doubt_still_adopts_the_task() {
    let mut script = lost_on(refuses_duplicates());
    script.wait();
    script.look_up(query_status(404));
    script.create(create_status(402));
    script.wait();
    script.look_up(task(IN_PROGRESS));
    assert_running(&script);
}

#[test]
fn a_refusal_is_not_created_once_the_earlier_attempt_is_proved_absent() {
    let host = refuses_duplicates()
        .with_lookup(Lookup::Proven)
        .with_lookup_lag(seconds(10));
    let mut script = lost_on(host);
    script.wait();
    script.look_up(query_status(404));
    script.create(create_status(402));
    assert_eq!(script.row(), seconds(50), "{script}");
    assert!(matches!(
        assert_not_created(&script),
        Cause::Refused(refusal) if refusal.status == 402
    ));
}

/// The task that has the id is not ours, and nothing of ours was accepted.
#[test]
fn a_duplicate_of_another_task_without_an_earlier_attempt_is_an_error_of_the_caller() {
    let mut script = Script::generate(settings());
    script.create(duplicate());
    assert_eq!(script.wait(), seconds(1));
    script.look_up(older_task());
    assert!(matches!(assert_not_created(&script), Cause::Refused(_)));
    let error = Error::check(script.outcome().clone()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::DuplicateExternalTaskId);
    // That it was refused is worth knowing all the same.
    assert_eq!(
        script.machine.capabilities().duplicate_ids,
        DuplicateIds::Refused
    );
}

#[test]
fn attempts_that_created_nothing_for_sure_do_not_make_a_duplicate_ours() {
    let mut script = Script::generate(settings());
    script.create(not_sent());
    script.wait();
    script.create(rate_limit("1"));
    script.until_create();
    script.create(duplicate());
    script.wait();
    script.look_up(older_task());
    assert!(matches!(assert_not_created(&script), Cause::Refused(_)));
}

#[test]
fn a_duplicate_after_a_lost_attempt_is_looked_up_and_adopted() {
    let mut script = lost_on(refuses_duplicates().with_lookup(Lookup::Missing));
    script.wait();
    // The lookup is known to be missing, so nothing can be adopted.
    script.create(duplicate());
    assert_eq!(assert_unresolved(&script), Knowledge::Exists);

    for name in [
        "400-duplicate-external-task-id.json",
        "400-external-task-id-exists.json",
        "409-external-task-id-exists.json",
    ] {
        let mut script = lost_on(refuses_duplicates());
        script.wait();
        script.look_up(query_status(404));
        script.create(create_error(name));
        assert_eq!(script.wait(), seconds(2));
        script.look_up(task(IN_PROGRESS));
        assert_running(&script);
    }
}

/// Absence was proved, and yet the id is in use: whatever the lookup said, it is ours.
#[test]
fn a_duplicate_after_a_proof_of_absence_is_looked_up_too() {
    let mut script = lost_on(proven().with_lookup_lag(Duration::ZERO));
    script.row();
    script.create(duplicate());
    script.look_ups(&query_status(404));
    assert_eq!(assert_unresolved(&script), Knowledge::Exists);
    assert_eq!(script.creates(), 2);
}

/// Code 1201 alone has other uses, so it says nothing about the next create.
#[test]
fn only_the_words_of_a_refusal_prove_that_duplicates_are_refused() {
    fn check(body: &str, expected: DuplicateIds) {
        let mut script = Script::generate(settings());
        script.create(decode_create(&response(400, &[], body.as_bytes())));
        let before = script.machine.capabilities().duplicate_ids;
        assert_eq!(before, DuplicateIds::Unknown, "nothing was shown yet");
        script.wait();
        script.look_up(task(IN_PROGRESS));
        assert_running(&script);
        let learned = script.machine.capabilities().duplicate_ids;
        assert_eq!(learned, expected, "{body}");
    }

    check(r#"{"code":1201}"#, DuplicateIds::Unknown);
    check(
        r#"{"code":1201,"message":"already exists"}"#,
        DuplicateIds::Unknown,
    );
    check(
        r#"{"message":"external_task_id already exists"}"#,
        DuplicateIds::Refused,
    );
}

#[test]
fn a_task_that_is_older_or_of_another_model_is_not_adopted() {
    fn check(fields: &str, ours: bool) {
        let mut script = lost_on(proven());
        script.wait();
        script.look_up(task_with_id(OTHER_ID, &format!("{IN_PROGRESS},{fields}")));
        match script.machine.task() {
            Some(task) => assert!(ours && task.id().as_str() == OTHER_ID, "{script}"),
            None => {
                assert!(!ours, "{script}");
                let Knowledge::OtherTask { id } = assert_unresolved(&script) else {
                    panic!("{script}");
                };
                assert_eq!(id.as_str(), OTHER_ID);
            }
        }
        assert_eq!(script.creates(), 1, "a taken id is not sent again");
    }

    let minute = 60_000;
    check(r#""model":"kirin_v2_5_turbo_t2v""#, true);
    check(r#""model":"kirin_v3_t2v""#, false);
    check(&format!(r#""created_at":{}"#, STARTED_AT + minute), true);
    // Clocks differ: five minutes are forgiven.
    check(
        &format!(r#""created_at":{}"#, STARTED_AT - 5 * minute),
        true,
    );
    check(
        &format!(r#""created_at":{}"#, STARTED_AT - 5 * minute - 1),
        false,
    );
    // Seconds, as in the clients' tests.
    check(&format!(r#""created_at":{}"#, STARTED_AT / 1000), true);
    check(
        &format!(r#""created_at":{}"#, STARTED_AT / 1000 - 3600),
        false,
    );
    check(r#""created_at":"yesterday""#, true);
}

#[test]
fn without_wall_time_no_task_is_too_old() {
    for started_at in [None, Some(Timestamp::from_milliseconds(i64::MIN))] {
        let mut settings = settings();
        settings.started_at = started_at;
        let mut script = Script::generate(settings);
        script.create(lost());
        script.wait();
        script.look_up(task(&format!("{IN_PROGRESS},\"created_at\":1")));
        assert_running(&script);
    }
}

#[test]
fn a_success_that_cannot_be_read_is_ambiguous() {
    for body in ["", "<html>", r#"{"id":"a"#, "{}", r#"{"error":"?"}"#, "[]"] {
        let mut script = Script::generate(settings());
        script.create(decode_create(&response(200, &[], body.as_bytes())));
        assert_eq!(script.wait(), seconds(1), "{body}");
        script.look_up(task(IN_PROGRESS));
        assert_running(&script);
    }
}

#[test]
fn an_envelope_is_judged_by_its_code() {
    let mut script = Script::generate(settings());
    script.create(create_error("200-insufficient-credits.json"));
    script.look_ups(&query_status(404));
    assert_not_created(&script);
    let mut script = Script::generate(settings());
    script.create(create_error("200-envelope-error-beside-task.json"));
    assert_eq!(script.wait(), seconds(1));
}

#[test]
fn a_redirect_is_not_followed_and_its_target_is_named() {
    let location = [("location", "https://elsewhere.example/a?key=1")];
    for status in [307, 308] {
        let mut script = Script::generate(settings());
        script.create(decode_create(&response(status, &location, b"")));
        script.look_ups(&query_status(404));
        let Cause::Refused(refusal) = assert_not_created(&script) else {
            panic!("{script}");
        };
        assert_eq!(
            refusal.redirect.as_deref(),
            Some("https://elsewhere.example/a")
        );
    }
    // 303 says that it was done, and nobody knows what 301 and 302 stand for.
    for status in [301, 302, 303] {
        let mut script = Script::generate(settings());
        let notice = script.create(decode_create(&response(status, &location, b"")));
        let cause = format!("HTTP {status}, a redirect to https://elsewhere.example/a");
        assert_eq!(notice, Notice::LostAnswer { cause });
        assert_eq!(script.wait(), seconds(1));
        script.look_up(task(IN_PROGRESS));
        assert_running(&script);
        assert_eq!(script.creates(), 1);
    }
}

#[test]
fn an_answer_that_is_a_finished_task_is_the_end() {
    fn check(fields: &str, expected: fn(&Outcome) -> bool) {
        let mut script = Script::generate(settings());
        script.create(created(fields));
        assert!(expected(script.outcome()), "{script}");
    }

    check(COMPLETED, |outcome| {
        matches!(outcome, Outcome::Completed(_))
    });
    check(FAILED, |outcome| matches!(outcome, Outcome::Failed(_)));
}

#[test]
fn an_answer_that_is_completed_without_output_is_asked_about_once() {
    let mut script = Script::generate(with(proven()));
    script.create(created(WITHOUT_OUTPUT));
    script.wait();
    script.query(task(WITHOUT_OUTPUT));
    assert!(matches!(
        script.outcome(),
        Outcome::CompletedWithoutOutput(_)
    ));
}

/// What is written down of a machine that is about to send may be older than the send.
#[test]
fn a_machine_that_is_taken_up_after_a_restart_looks_before_it_sends() {
    let mut script = Script::generate(with(HostCapabilities::default()));
    assert!(matches!(script.machine.action(), Action::Create(_)));
    script.machine = script.machine.clone().after_restart();
    assert!(matches!(script.machine.action(), Action::LookUp(_)));
    script.look_up(query_status(404));
    script.look_ups(&query_status(404));
    assert_eq!(assert_unresolved(&script), Knowledge::MayExist);
    assert_eq!(script.creates(), 0);

    // Nothing is in doubt while it waits to send again what was refused, or waits for its task.
    let mut script = Script::generate(with(HostCapabilities::default()));
    script.create(create_status(429));
    let paused = script.machine.clone();
    assert_eq!(paused.clone().after_restart(), paused);
    script.until_create();
    script.create(created(IN_PROGRESS));
    let waiting = script.machine.clone();
    assert_eq!(waiting.clone().after_restart(), waiting);
}

/// Nobody else has an id of 128 random bits, so a duplicate of it is our own create, sent twice by
/// something on the way; and a wrong clock makes its task no other one.
#[test]
fn a_duplicate_of_a_minted_id_is_our_own() {
    let mut minted = settings();
    minted.external_task_id_is_minted = true;
    minted.started_at = Some(Timestamp::from_milliseconds(9_999_999_999_999));
    let mut script = Script::generate(minted);
    script.create(duplicate());
    script.wait();
    script.look_up(task(IN_PROGRESS));
    assert_running(&script);
    assert_eq!(script.creates(), 1);
}
