//! Tasks that end in other words than the documented ones: the wait ends, and nothing else does.

use std::time::Duration;

use kirin_client::{
    Billing, Error, ErrorKind, PollSchedule,
    machine::{Action, Machine, Notice, Outcome, Settings},
};

use super::{
    answers::{
        CANCELLED, COMPLETED, DONE, FAILED, IN_PROGRESS, created, no_answer, query_status, task,
    },
    script::{Script, proven, seconds, settings, with},
    waiting::{accepted, poll},
};

/// Answers the same to each query, until the machine is at its end; gives the times of the queries.
fn ask_to_the_end(script: &mut Script, fields: &str) -> Vec<Duration> {
    let mut asked = Vec::new();
    while let Action::Wait { .. } = script.machine.action() {
        asked.push(script.wait());
        script.query(task(fields));
    }
    asked
}

fn with_schedule(schedule: PollSchedule, deadline: u64) -> Settings {
    let mut settings = with(proven());
    settings.schedule = schedule;
    settings.deadline = Some(seconds(deadline));
    settings
}

fn accepted_with(settings: Settings) -> Script {
    let mut script = Script::generate(settings);
    script.create(created(IN_PROGRESS));
    script
}

fn status(word: &str, beside: &str) -> String {
    format!(r#""status":"{word}"{beside}"#)
}

#[test]
fn cancelled_three_times_over_30_s_ends_the_wait_and_may_still_be_charged() {
    let mut script = accepted();
    let asked = ask_to_the_end(&mut script, CANCELLED);
    assert!(asked.len() >= 3, "{script}");
    let (first, last) = (asked[0], asked[asked.len() - 1]);
    assert!(last - first >= seconds(30), "{script}");
    assert!(last - first < seconds(45), "{script}");
    let Outcome::OtherEnd(ended) = script.outcome() else {
        panic!("{script}");
    };
    assert_eq!(ended.status(), Some("cancelled"));
    let error = Error::check(script.outcome().clone()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::OtherEnd);
    assert_eq!(error.billing(), Billing::Unknown);
    let text = error.to_string();
    for part in ["cancelled: by operator", "may still finish and be charged"] {
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn every_plain_word_for_an_end_ends_the_wait_under_its_own_name() {
    for word in [
        "cancelled",
        "canceled",
        "CANCELLED",
        "expired",
        "rejected",
        "timeout",
        "Timed Out",
        "error",
        "fail",
        "FAILURE",
        "aborted",
        "terminated",
        "JOB_STATE_EXPIRED",
    ] {
        let mut script = accepted();
        ask_to_the_end(&mut script, &status(word, ""));
        let Outcome::OtherEnd(ended) = script.outcome() else {
            panic!("{word}: {script}");
        };
        assert_eq!(ended.status(), Some(word));
    }
}

/// What stands beside a word that nobody knows is as plain as the word.
#[test]
fn an_unknown_word_beside_an_error_ends_the_wait() {
    let mut script = accepted();
    ask_to_the_end(
        &mut script,
        &status("moderation", r#","error":"not allowed""#),
    );
    let error = Error::check(script.outcome().clone()).unwrap_err();
    assert!(error.what().contains("moderation: not allowed"), "{error}");
}

#[test]
fn done_with_an_output_ends_the_wait_as_completed() {
    for word in [
        "done",
        "finished",
        "Ready",
        "complete",
        "partially_completed",
    ] {
        let mut script = accepted();
        let fields = DONE.replace("done", word);
        let asked = ask_to_the_end(&mut script, &fields);
        assert!(asked[asked.len() - 1] - asked[0] >= seconds(30), "{script}");
        assert!(matches!(script.outcome(), Outcome::OtherEnd(_)), "{script}");
        assert!(script.outcome().task_with_output().is_some());
        let ended = Error::check(script.outcome().clone()).unwrap();
        assert_eq!(ended.status(), Some(word));
    }
}

/// Only the words of the service are final; with a synonym nothing waits for a repetition.
#[test]
fn documented_words_end_at_once() {
    for fields in [
        COMPLETED.to_owned(),
        COMPLETED.replace("completed", "success"),
        FAILED.into(),
    ] {
        let mut script = accepted();
        poll(&mut script, task(&fields));
        assert!(
            matches!(script.outcome(), Outcome::Completed(_) | Outcome::Failed(_)),
            "{script}"
        );
    }
}

#[test]
fn a_task_that_goes_on_is_waited_for_whatever_stands_beside_its_word() {
    let error = r#","error":{"message":"worker lost, trying again"}"#;
    let output = DONE.split_once(r#","output""#).unwrap().1;
    let output = format!(r#","output"{output}"#);
    for word in [
        "processing",
        "queued",
        "pending",
        "in_queue",
        "in-progress",
        "retrying",
        "rendering",
    ] {
        for beside in ["", error, &output] {
            let mut script = accepted();
            ask_to_the_end(&mut script, &status(word, beside));
            assert!(
                matches!(script.outcome(), Outcome::StillRunning { .. }),
                "{word}: {script}"
            );
            assert_eq!(script.now, seconds(600), "the deadline");
        }
    }
    // Words that say nothing by themselves.
    for word in ["done", "finished", "who_knows", ""] {
        let mut script = accepted();
        ask_to_the_end(&mut script, &status(word, ""));
        assert!(
            matches!(script.outcome(), Outcome::StillRunning { .. }),
            "{word}"
        );
    }
}

#[test]
fn another_word_in_between_begins_the_count_again() {
    for between in [
        IN_PROGRESS,
        r#""status":"expired""#,
        r#""status":"who_knows""#,
    ] {
        let mut script = accepted_with(with_schedule(PollSchedule::Fixed(seconds(14)), 600));
        for _ in 0..3 {
            // 28 s, and no more.
            for _ in 0..3 {
                poll(&mut script, task(CANCELLED));
            }
            assert!(
                matches!(script.machine.action(), Action::Wait { .. }),
                "{script}"
            );
            poll(&mut script, task(between));
        }
        let began_at = script.now;
        let asked = ask_to_the_end(&mut script, CANCELLED);
        assert_eq!(asked, [14, 28, 42, 56].map(|at| began_at + seconds(at)));
        assert!(matches!(script.outcome(), Outcome::OtherEnd(_)), "{script}");
    }
}

#[test]
fn spellings_of_a_word_count_as_one() {
    let mut script = accepted_with(with_schedule(PollSchedule::Fixed(seconds(15)), 600));
    for word in ["timed_out", "Timed Out", "TIMED-OUT"] {
        poll(&mut script, task(&status(word, "")));
    }
    assert!(matches!(script.outcome(), Outcome::OtherEnd(_)), "{script}");
}

/// An answer that did not come says nothing about the task, and takes nothing back.
#[test]
fn a_failed_query_in_between_does_not_begin_the_count_again() {
    for failed in [no_answer(), query_status(500), query_status(404)] {
        let mut script = accepted_with(with_schedule(PollSchedule::Fixed(seconds(15)), 600));
        // A query has found it.
        poll(&mut script, task(IN_PROGRESS));
        poll(&mut script, task(CANCELLED));
        let first = script.now;
        poll(&mut script, failed.clone());
        poll(&mut script, task(CANCELLED));
        assert!(
            matches!(script.machine.action(), Action::Wait { .. }),
            "two are no three"
        );
        ask_to_the_end(&mut script, CANCELLED);
        assert!(matches!(script.outcome(), Outcome::OtherEnd(_)), "{script}");
        assert!(script.now - first < seconds(46), "{script}");
    }
}

/// It works on, whatever its word is.
#[test]
fn a_task_whose_progress_moves_has_not_ended() {
    let mut script = accepted();
    for percent in 1..40 {
        let progress = format!(
            r#","progress":{},"error":"preview only""#,
            f64::from(percent) / 40.0
        );
        poll(&mut script, task(&status("upscaled", &progress)));
        assert!(
            matches!(script.machine.action(), Action::Wait { .. }),
            "{script}"
        );
    }
    // A plain word is one, whatever moves.
    let mut script = accepted();
    for percent in 1..40 {
        let progress = format!(r#","progress":{}"#, f64::from(percent) / 40.0);
        if let Action::Wait { .. } = script.machine.action() {
            poll(&mut script, task(&status("cancelled", &progress)));
        }
    }
    assert!(matches!(script.outcome(), Outcome::OtherEnd(_)), "{script}");
}

/// However seldom it asks, and where the deadline is.
#[test]
fn the_gaps_leave_room_for_three_answers_over_30_s_before_the_deadline() {
    let minute = seconds(60);
    for schedule in [
        PollSchedule::Fixed(minute),
        PollSchedule::optimum(seconds(45)),
        PollSchedule::seldom(minute),
        PollSchedule::Fixed(seconds(29)),
        PollSchedule::Fixed(Duration::from_millis(700)),
    ] {
        let mut script = accepted_with(with_schedule(schedule.clone(), 600));
        let first = script.wait();
        script.query(task(CANCELLED));
        // The clock of the deadline ends exactly with the time that the word has to stand.
        let mut settings = with_schedule(schedule.clone(), 0);
        settings.deadline = Some(first + seconds(30));
        let mut script = accepted_with(settings);
        ask_to_the_end(&mut script, CANCELLED);
        assert!(
            matches!(script.outcome(), Outcome::OtherEnd(_)),
            "{schedule:?}: {script}"
        );
    }
}

#[test]
fn a_deadline_that_comes_first_names_the_word_and_the_reason() {
    let mut script = accepted_with(with_schedule(PollSchedule::Fixed(seconds(5)), 20));
    ask_to_the_end(&mut script, CANCELLED);
    assert!(
        matches!(script.outcome(), Outcome::StillRunning { .. }),
        "{script}"
    );
    let error = Error::check(script.outcome().clone()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::StillRunning);
    assert!(error.what().contains("cancelled: by operator"), "{error}");

    let mut script = accepted_with(with_schedule(PollSchedule::Fixed(seconds(5)), 20));
    ask_to_the_end(&mut script, IN_PROGRESS);
    let error = Error::check(script.outcome().clone()).unwrap_err();
    assert!(
        error.what().ends_with("the last status was in_progress"),
        "{error}"
    );
}

#[test]
fn a_task_that_cannot_be_asked_names_the_last_word_and_the_reason() {
    for failed in [query_status(401), no_answer()] {
        let mut script = accepted();
        poll(&mut script, task(CANCELLED));
        while let Action::Wait { .. } = script.machine.action() {
            poll(&mut script, failed.clone());
        }
        assert!(
            matches!(script.outcome(), Outcome::CannotQuery { .. }),
            "{script}"
        );
        let error = Error::check(script.outcome().clone()).unwrap_err();
        assert!(error.what().contains("cancelled: by operator"), "{error}");
    }
}

#[test]
fn the_word_and_the_reason_are_told_on_the_way() {
    let mut script = accepted();
    let notice = poll(&mut script, task(CANCELLED));
    let Notice::UnknownStatus { status, reason } = notice else {
        panic!("{script}");
    };
    assert_eq!(status.as_deref(), Some("cancelled"));
    assert_eq!(reason.as_deref(), Some("by operator"));
}

#[test]
fn the_reason_is_told_whatever_field_it_stands_in() {
    for field in ["message", "fail_reason", "error_message", "detail"] {
        let beside = format!(r#","{field}":"stopped by hand""#);
        for word in ["cancelled", "expired", "failed"] {
            let mut script = accepted();
            ask_to_the_end(&mut script, &status(word, &beside));
            let error = Error::check(script.outcome().clone()).unwrap_err();
            let reason = format!("{word}: stopped by hand");
            assert!(error.what().ends_with(&reason), "{error}");
        }
        // Beside a task that goes on it ends nothing, and is not shown as the reason of an end.
        let mut script = accepted();
        for _ in 0..5 {
            let notice = poll(&mut script, task(&status("in_progress", &beside)));
            assert!(
                matches!(notice, Notice::Progress { reason: None, .. }),
                "{notice:?}"
            );
        }
    }
}

/// A later process counts for itself: the task may have gone on meanwhile.
#[test]
fn a_wait_in_another_process_asks_again_and_takes_what_has_come_of_it() {
    let mut script = Script::resume(settings());
    script.query(task(CANCELLED));
    assert!(
        matches!(script.machine.action(), Action::Wait { .. }),
        "{script}"
    );
    poll(&mut script, task(COMPLETED));
    assert!(
        matches!(script.outcome(), Outcome::Completed(_)),
        "{script}"
    );
}

/// What an earlier version wrote down has no count.
#[test]
fn a_machine_that_was_written_down_before_ends_were_counted_is_read() {
    let mut script = accepted();
    poll(&mut script, task(IN_PROGRESS));
    let written = serde_json::to_string(&script.machine).unwrap();
    let earlier = written.replace(r#","ending":null"#, "");
    assert_ne!(earlier, written);
    let read: Machine = serde_json::from_str(&earlier).unwrap();
    assert_eq!(read, script.machine);
    let cannot_query = r#"{"CannotQuery":{"id":"a","cause":{"Withheld":"OtherKey"}}}"#;
    assert!(serde_json::from_str::<Outcome>(cannot_query).is_ok());
}
