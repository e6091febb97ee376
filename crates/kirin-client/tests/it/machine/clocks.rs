//! Whose task a look-up has found: clocks that are wrong, ids that were minted, and answers that name
//! another external id.

use kirin_client::machine::{
    Cause, ClockDifference, Event, Knowledge, Outcome, Settings, Withheld,
};
use kirin_types::Timestamp;

use super::{
    answers::{
        ID, IN_PROGRESS, OTHER_ID, STARTED_AT, created, duplicate, lost, query_status, task,
        task_with_id,
    },
    script::{
        Script, assert_not_created, assert_running, assert_unresolved, proven, refuses_duplicates,
        seconds, settings, with,
    },
    totality::states,
};

const MINUTE: i64 = 60_000;

/// A task of ours, made by a service whose clock is right, so long after the intent in truth.
fn made_at(milliseconds: i64) -> kirin_client::wire::QueryAnswer {
    task(&format!(r#"{IN_PROGRESS},"created_at":{milliseconds}"#))
}

/// Our clock is so many minutes ahead of the service's, which made the task a second after the intent.
fn ahead(minutes: i64) -> Settings {
    let mut settings = settings();
    settings.started_at = Some(Timestamp::from_milliseconds(STARTED_AT + minutes * MINUTE));
    settings.intended_at = settings.started_at;
    settings.clock_difference = Some(ClockDifference::from_milliseconds(-minutes * MINUTE));
    settings
}

#[test]
fn a_task_is_adopted_by_a_clock_that_is_six_minutes_ahead() {
    for minutes in [6, 59, 6 * 60, -6, -6 * 60] {
        let minted = |known| {
            let mut settings = ahead(minutes);
            settings.external_task_id_is_minted = true;
            settings.clock_difference = settings.clock_difference.filter(|_| known);
            settings
        };
        let without_difference = {
            let mut settings = ahead(minutes);
            settings.clock_difference = None;
            settings
        };
        for settings in [
            ahead(minutes),
            without_difference,
            minted(true),
            minted(false),
        ] {
            let mut script = Script::generate(settings.clone());
            script.create(lost());
            script.wait();
            script.look_up(made_at(STARTED_AT + 1000));
            assert_running(&script);
            assert_eq!(script.creates(), 1);

            let mut script = Script::generate(settings);
            script.create(duplicate());
            script.wait();
            script.look_up(made_at(STARTED_AT + 1000));
            assert_running(&script);
            assert_eq!(script.creates(), 1);
        }
    }
}

/// The intent was written down by a clock that was six minutes ahead, or behind, and the difference with
/// it; at the restart the clock is right.
#[test]
fn a_clock_that_is_put_right_between_the_attempt_and_the_restart_loses_nothing() {
    for minutes in [6, -6, 55] {
        let mut settings = ahead(minutes);
        settings.started_at = Some(Timestamp::from_milliseconds(STARTED_AT + 2000));
        let mut script = Script::reconcile(settings);
        script.tell(Event::ClocksRead {
            ours: Timestamp::from_milliseconds(STARTED_AT + 2000),
            service: Some(Timestamp::from_milliseconds(STARTED_AT + 2000)),
        });
        script.look_up(made_at(STARTED_AT + 1000));
        assert_running(&script);
    }
}

/// One step for a driver, so that none forgets the clocks: it is as if they were told first.
#[test]
fn an_answer_brings_what_the_clocks_showed() {
    let ours = Timestamp::from_milliseconds(STARTED_AT);
    let service = Timestamp::from_milliseconds(STARTED_AT + 120 * MINUTE);
    let answered = |answer| Event::Answered {
        answer: Box::new(answer),
        ours: Some(ours),
        service: Some(service),
    };
    let answer = || Event::CreateAnswered(lost());
    let mut at_once = Script::generate(with(refuses_duplicates()));
    at_once.tell(answered(answer()));
    let mut one_by_one = Script::generate(with(refuses_duplicates()));
    one_by_one.tell(Event::ClocksRead {
        ours,
        service: Some(service),
    });
    one_by_one.tell(answer());
    assert_eq!(at_once.machine, one_by_one.machine);
    // Clocks that are two hours apart allow no repetition.
    at_once.look_ups(&query_status(404));
    assert_eq!(assert_unresolved(&at_once), Knowledge::MayExist);
    // What answers nothing that was asked changes nothing, not even the clocks.
    for (name, state) in states() {
        let mut machine = state.machine.clone();
        let nested = answered(Event::SendDelayed);
        if machine.handle(state.now, nested).is_err() {
            assert_eq!(machine, state.machine, "{name}");
        }
    }
}

/// The first answer tells how far the clocks are apart, where nobody knew it before.
#[test]
fn an_older_task_is_another_one_from_the_first_answer_on() {
    let answered_at = |milliseconds: i64, minutes_ahead: i64| {
        let mut settings = ahead(minutes_ahead);
        settings.clock_difference = None;
        let mut script = Script::generate(settings);
        script.tell(Event::Answered {
            answer: Box::new(Event::CreateAnswered(duplicate())),
            ours: Some(Timestamp::from_milliseconds(
                STARTED_AT + minutes_ahead * MINUTE,
            )),
            service: Some(Timestamp::from_milliseconds(STARTED_AT)),
        });
        script.wait();
        script.look_up(made_at(STARTED_AT + milliseconds));
        script
    };
    for minutes_ahead in [0, 6, -6, 24 * 60, -24 * 60] {
        assert_running(&answered_at(1000, minutes_ahead));
        assert_running(&answered_at(-5 * MINUTE, minutes_ahead));
        for older in [6, 31 * 24 * 60] {
            let script = answered_at(-older * MINUTE, minutes_ahead);
            assert!(
                matches!(assert_not_created(&script), Cause::Refused(_)),
                "{script}"
            );
        }
    }
}

/// Our clock was put back before the first answer: it tells nothing of the time of the intent, and no task is
/// lost by it.
#[test]
fn a_clock_that_is_put_back_before_the_first_answer_loses_nothing() {
    for minutes_ahead in [6, 60, 24 * 60] {
        let mut settings = ahead(minutes_ahead);
        settings.clock_difference = None;
        let mut script = Script::generate(settings);
        script.tell(Event::Answered {
            answer: Box::new(Event::CreateAnswered(lost())),
            ours: Some(Timestamp::from_milliseconds(STARTED_AT)),
            service: Some(Timestamp::from_milliseconds(STARTED_AT)),
        });
        script.wait();
        script.look_up(made_at(STARTED_AT + 1000));
        assert_running(&script);
    }
}

#[test]
fn a_created_at_of_zero_is_no_time() {
    for created_at in ["0", "0.0", "-1"] {
        let mut script = Script::generate(settings());
        script.create(lost());
        script.wait();
        script.look_up(task(&format!(r#"{IN_PROGRESS},"created_at":{created_at}"#)));
        assert_running(&script);
    }
}

/// A time in words, and one with a fraction, say how old a task is as well as any other.
#[test]
fn a_created_at_in_words_or_with_a_fraction_is_a_time() {
    for created_at in [r#""2020-01-01T00:00:00Z""#, "1577836800000.5", "1577836800"] {
        let mut script = Script::generate(settings());
        script.create(lost());
        script.wait();
        let fields = format!(r#"{IN_PROGRESS},"created_at":{created_at}"#);
        script.look_up(task_with_id(OTHER_ID, &fields));
        let id = OTHER_ID.parse().unwrap();
        assert_eq!(assert_unresolved(&script), Knowledge::OtherTask { id });
    }
}

/// Older by five minutes is forgiven, corrected by the difference that the intent keeps.
#[test]
fn a_task_that_is_older_than_the_intent_is_another_one_by_the_services_clock() {
    for minutes in [0, 6, -6] {
        for (created_at, ours) in [(-5 * MINUTE, true), (-5 * MINUTE - 1, false)] {
            let mut script = Script::generate(ahead(minutes));
            script.create(lost());
            script.wait();
            script.look_up(made_at(STARTED_AT + created_at));
            match ours {
                true => assert_running(&script),
                false => {
                    let id = ID.parse().unwrap();
                    assert_eq!(assert_unresolved(&script), Knowledge::OtherTask { id });
                }
            }
        }
    }
}

/// What seems too old is the caller's error only where nothing of ours can have been accepted.
#[test]
fn a_task_that_seems_too_old_is_the_callers_error_only_without_an_ambiguous_attempt() {
    let older = || made_at(STARTED_AT - 6 * MINUTE);
    // The host was known to refuse duplicates before the first attempt that was lost.
    let mut known = Script::generate(with(refuses_duplicates()));
    known.create(lost());
    known.wait();
    known.look_up(older());
    let cause = assert_not_created(&known);
    let id = ID.parse().unwrap();
    assert_eq!(cause, Cause::Withheld(Withheld::IdInUse { id }));

    // It has shown so only since.
    let mut shown = Script::generate(with(proven()));
    shown.create(lost());
    shown.wait();
    shown.look_up(older());
    assert_unresolved(&shown);

    let mut reconciled = Script::reconcile(with(refuses_duplicates()));
    reconciled.look_up(older());
    let id = ID.parse().unwrap();
    assert_eq!(assert_unresolved(&reconciled), Knowledge::OtherTask { id });
}

#[test]
fn an_answer_that_names_another_external_id_is_neither_a_hit_nor_a_miss() {
    for field in [
        r#""external_task_id":"order-43""#,
        r#""task_info":{"external_task_id":"order-43"}"#,
        r#""metadata":{"external_task_id":"order-43"}"#,
    ] {
        let another = || task(&format!("{IN_PROGRESS},{field}"));
        // After an answer that was lost: no adoption, and no harmless create follows from it.
        let mut script = Script::generate(with(refuses_duplicates()));
        script.create(lost());
        script.wait();
        script.look_up(another());
        assert_eq!(script.wait(), seconds(2), "{field}");
        script.look_up(query_status(404));
        script.create(created(IN_PROGRESS));
        assert_running(&script);

        // After a refusal: not adopted, and the look-up is repeated.
        let mut script = Script::generate(settings());
        script.create(super::answers::create_status(402));
        script.look_up(another());
        script.wait();
        script.look_up(task(IN_PROGRESS));
        assert_running(&script);

        // Nothing but that: nothing is repeated, nothing is adopted.
        let mut script = Script::generate(settings());
        script.create(lost());
        script.look_ups(&another());
        let Outcome::Unresolved { knowledge, .. } = script.outcome() else {
            panic!("{script}");
        };
        assert_eq!(*knowledge, Knowledge::MayExist);
        assert_eq!(script.creates(), 1);
    }
}
