//! Whole sessions and every error text, as text to read: run with `INSTA_UPDATE=always` after a
//! change and read every difference as somebody who worries about money.

use std::{fmt::Write as _, time::Duration};

use kirin_client::{
    Error, Lookup, PollSchedule,
    machine::{Action, Cause, Knowledge, KnownCreate, Outcome, Settings, Withheld},
    wire::{CreateAnswer, QueryAnswer},
};
use kirin_types::{KIRIN_V2_5_TURBO_T2V, Task, TaskId};

use crate::{
    machine::{
        answers::{
            CANCELLED, COMPLETED, EXTERNAL_ID, FAILED, ID, IN_PROGRESS, OTHER_ID, WITHOUT_OUTPUT,
            control, create_error, created, duplicate, lost, no_answer, not_sent, query_status,
            rate_limit, task,
        },
        script::{Script, proven, seconds, settings, withheld},
    },
    wire::{decode_create, read, response},
};

/// A call takes so long, where a session shows time.
const CALL: Duration = Duration::from_millis(80);

/// The defaults of the model, so that the sessions show what people see.
fn defaults() -> Settings {
    Settings::for_model(&KIRIN_V2_5_TURBO_T2V, None)
}

fn on_a_proven_host() -> Settings {
    let mut settings = defaults();
    settings.capabilities = proven();
    settings
}

/// Answers every query the same until the end or until `last`.
fn poll(script: &mut Script, answer: &QueryAnswer, last: Duration) {
    while let Action::Wait { until } = script.machine.action()
        && until < last
    {
        script.wait();
        script.after(CALL).query(answer.clone());
    }
}

#[test]
fn session_happy_path() {
    let mut script = Script::generate(defaults());
    script
        .after(CALL)
        .create(created(r#""status":"in_progress""#));
    script.wait();
    script
        .after(CALL)
        .look_up(task(r#""status":"in_progress","progress":0.2"#));
    poll(&mut script, &task(IN_PROGRESS), seconds(45));
    script.wait();
    script.after(CALL).query(task(COMPLETED));
    insta::assert_snapshot!("session_happy_path", script);
}

#[test]
fn session_lost_answer_adopted() {
    let mut script = Script::generate(defaults());
    script.after(seconds(30)).create(lost());
    script.wait();
    script.after(CALL).look_up(query_status(404));
    script.wait();
    script.after(CALL).look_up(task(IN_PROGRESS));
    script.wait();
    script.after(CALL).query(task(COMPLETED));
    insta::assert_snapshot!("session_lost_answer_adopted", script);
}

#[test]
fn session_lost_answer_unresolved() {
    let mut script = Script::generate(defaults());
    script
        .after(CALL)
        .create(create_error("500-runtime-execution-failed.json"));
    while let Action::Wait { .. } = script.machine.action() {
        script.wait();
        script.after(CALL).look_up(query_status(404));
    }
    insta::assert_snapshot!("session_lost_answer_unresolved", script);
}

/// The lag that is declared and a row of look-ups with controls make the second create safe.
#[test]
fn session_lost_answer_sent_again() {
    let mut settings = defaults();
    settings.capabilities = proven().with_lookup_lag(seconds(5));
    settings.controls = vec![control()];
    let mut script = Script::generate(settings);
    script.after(CALL).create(lost());
    loop {
        match script.machine.action() {
            Action::Create(_) => break,
            Action::LookUp(_) => drop(script.after(CALL).look_up(query_status(404))),
            Action::Probe(_) => drop(script.after(CALL).probes(1)),
            _ => drop(script.wait()),
        }
    }
    script.after(CALL).create(created(IN_PROGRESS));
    insta::assert_snapshot!("session_lost_answer_sent_again", script);
}

#[test]
fn session_rate_limited() {
    let mut script = Script::generate(on_a_proven_host());
    script.after(CALL).create(rate_limit("12"));
    script.wait();
    script.after(CALL).look_up(query_status(404));
    script
        .after(CALL)
        .create(create_error("429-kling-1303.json"));
    script.wait();
    script.after(CALL).look_up(query_status(404));
    script.after(CALL).create(created(IN_PROGRESS));
    script.wait();
    script.after(CALL).query(task(COMPLETED));
    insta::assert_snapshot!("session_rate_limited", script);
}

#[test]
fn session_deadline() {
    let mut settings = on_a_proven_host();
    settings.deadline = Some(seconds(60));
    let mut script = Script::generate(settings);
    script.after(CALL).create(created(IN_PROGRESS));
    while let Action::Wait { .. } = script.machine.action() {
        script.wait();
        script.after(CALL).query(task(IN_PROGRESS));
    }
    insta::assert_snapshot!("session_deadline", script);
}

#[test]
fn session_failed_task() {
    let mut script = Script::generate(on_a_proven_host());
    script.after(CALL).create(created(IN_PROGRESS));
    script.wait();
    script.after(CALL).query(no_answer());
    script.wait();
    script.after(CALL).query(task(FAILED));
    insta::assert_snapshot!("session_failed_task", script);
}

#[test]
fn session_404_grace() {
    let mut settings = on_a_proven_host();
    settings.schedule = PollSchedule::Fixed(seconds(2));
    let mut script = Script::generate(settings);
    script.after(CALL).create(created(IN_PROGRESS));
    while let Action::Wait { .. } = script.machine.action() {
        script.wait();
        script.after(CALL).query(query_status(404));
    }
    insta::assert_snapshot!("session_404_grace", script);
}

/// Something on the way may have sent it twice, so its task is looked for.
#[test]
fn session_refused() {
    let mut script = Script::generate(defaults());
    script
        .after(CALL)
        .create(create_error("402-insufficient-credits.json"));
    loop {
        match script.machine.action() {
            Action::Finished(_) => break,
            Action::LookUp(_) => drop(script.after(CALL).look_up(query_status(404))),
            _ => drop(script.wait()),
        }
    }
    insta::assert_snapshot!("session_refused", script);
}

#[test]
fn session_unreachable() {
    let mut script = Script::generate(settings());
    for _ in 0..3 {
        script.after(CALL).create(not_sent());
        script.wait();
    }
    script.after(CALL).create(not_sent());
    insta::assert_snapshot!("session_unreachable", script);
}

/// What happened, what it means for the money, what to do: for every end, and for a create and a
/// query that were refused in each way there is.
#[test]
fn errors() {
    let mut text = String::new();
    for outcome in ends() {
        let error = Error::check(outcome).unwrap_err();
        // It is text for people: fragments joined with full stops, nothing doubled.
        let shown = error.to_string();
        let expected = format!("{}. {}. {}", error.what(), error.money(), error.next_step());
        assert_eq!(shown, expected);
        assert!(!shown.contains("..") && !shown.ends_with('.'), "{shown}");
        writeln!(
            text,
            "{:?}, billing {}\n    {}\n    {}\n    {}\n    task id {}, external id {}\n",
            error.kind(),
            serde_json::to_string(&error.billing()).unwrap(),
            error.what(),
            error.money(),
            error.next_step(),
            error.task_id().map_or("none", TaskId::as_str),
            error.external_task_id().map_or("none", |id| id.as_str()),
        )
        .unwrap();
    }
    insta::assert_snapshot!("errors", text);
}

#[test]
fn a_completed_task_is_no_error() {
    assert!(Error::check(Outcome::Completed(parsed(COMPLETED))).is_ok());
}

fn ends() -> Vec<Outcome> {
    let id = || ID.parse::<TaskId>().unwrap();
    let lost = match lost() {
        CreateAnswer::Ambiguous(trouble) => Cause::Trouble(trouble),
        other => panic!("{other:?}"),
    };
    let refused_query = match query_status(401) {
        QueryAnswer::Refused(refusal) => Cause::Refused(refusal),
        other => panic!("{other:?}"),
    };
    let unresolved = |knowledge, cause| Outcome::Unresolved {
        external_task_id: EXTERNAL_ID.parse().unwrap(),
        knowledge,
        cause,
    };
    let other_id = OTHER_ID.parse().unwrap();
    let cannot_query = |cause| Outcome::CannotQuery {
        id: id(),
        cause,
        task: None,
    };
    let known = |state| Cause::Withheld(Withheld::Known { state });
    let known_end = |has_failed, cost: Option<&str>| {
        known(KnownCreate::Ended {
            id: id(),
            has_failed,
            cost: cost.map(|cost| cost.parse().unwrap()),
        })
    };
    let charged = format!(r#"{WITHOUT_OUTPUT},"usage":{{"cost":"0.21"}}"#);
    let free = format!(r#"{WITHOUT_OUTPUT},"usage":{{"cost":"0.00"}}"#);
    let mut ends = vec![
        Outcome::StillRunning {
            id: id(),
            task: None,
        },
        Outcome::StillRunning {
            id: id(),
            task: Some(Box::new(parsed(CANCELLED))),
        },
        Outcome::CannotQuery {
            id: id(),
            cause: lost.clone(),
            task: Some(Box::new(parsed(CANCELLED))),
        },
        Outcome::OtherEnd(parsed(CANCELLED)),
        Outcome::OtherEnd(parsed(r#""status":"expired""#)),
        Outcome::Lost { id: id() },
        Outcome::Failed(parsed(FAILED)),
        Outcome::Failed(parsed(r#""status":"failed""#)),
        Outcome::CompletedWithoutOutput(parsed(WITHOUT_OUTPUT)),
        Outcome::CompletedWithoutOutput(parsed(&charged)),
        Outcome::CompletedWithoutOutput(parsed(&free)),
        unresolved(Knowledge::MayExist, lost.clone()),
        unresolved(Knowledge::MayExist, refused_query.clone()),
        unresolved(Knowledge::MayExist, refused(&query_status(400))),
        unresolved(Knowledge::Exists, lost.clone()),
        unresolved(Knowledge::OtherTask { id: other_id }, lost.clone()),
        cannot_query(lost.clone()),
        cannot_query(refused_query),
        cannot_query(refused(&query_status(400))),
        cannot_query(refused(&query_status(403))),
        Outcome::NotCreated { cause: lost },
        not_created(&not_sent()),
        not_created(&duplicate()),
        not_created(&redirect()),
        Outcome::NotCreated {
            cause: Cause::Withheld(withheld()),
        },
        Outcome::NotCreated {
            cause: Cause::Withheld(Withheld::Budget {
                description: "it costs 0.21 USD, and 0.42 of 0.50 USD are spent or reserved".into(),
            }),
        },
        Outcome::NotCreated {
            cause: Cause::Withheld(Withheld::UnknownPrice {
                model: "kirin_v1_t2v".into(),
            }),
        },
        unresolved(Knowledge::MayExist, Cause::Withheld(withheld())),
        Outcome::NotCreated {
            cause: Cause::Withheld(Withheld::OtherRequest),
        },
        Outcome::NotCreated {
            cause: Cause::Withheld(Withheld::RepetitionUsed),
        },
        Outcome::NotCreated {
            cause: Cause::Withheld(Withheld::IdInUse {
                id: OTHER_ID.parse().unwrap(),
            }),
        },
        unresolved(Knowledge::MayExist, known(KnownCreate::InDoubt)),
        cannot_query(known(KnownCreate::Accepted { id: id() })),
        cannot_query(known_end(false, None)),
        cannot_query(known_end(false, Some("0.17"))),
        cannot_query(known_end(true, None)),
        cannot_query(known_end(true, Some("0"))),
        unresolved(Knowledge::MayExist, Cause::Withheld(Withheld::UnderWay)),
        unresolved(Knowledge::MayExist, Cause::Withheld(Withheld::OtherKey)),
        unresolved(
            Knowledge::MayExist,
            Cause::Withheld(Withheld::OtherAccount {
                name: "grace".parse().unwrap(),
            }),
        ),
        unresolved(
            Knowledge::MayExist,
            Cause::Withheld(Withheld::OtherBaseUrl {
                sent_to: "https://api.example.com".into(),
            }),
        ),
    ];
    for name in [
        "400-bad-request.json",
        "401-unauthorized.json",
        "402-insufficient-credits.json",
        "402-error-code-40200.json",
        "403-model-not-allowed.json",
        "404-message.json",
        "429-rate-limit-exceeded.json",
        "429-kling-1100.json",
        "429-kling-1102.json",
        "429-kling-1303.json",
        "200-unauthorized.json",
    ] {
        ends.push(not_created(&create_error(name)));
    }
    ends.push(not_created(&decode_create(&response(405, &[], b""))));
    ends
}

fn parsed(fields: &str) -> Task {
    Task::from_json(format!(r#"{{"id":"{ID}",{fields}}}"#).as_bytes()).unwrap()
}

fn refused(answer: &QueryAnswer) -> Cause {
    match answer {
        QueryAnswer::Refused(refusal) => Cause::Refused(refusal.clone()),
        other => panic!("{other:?}"),
    }
}

fn not_created(answer: &CreateAnswer) -> Outcome {
    let cause = match answer {
        CreateAnswer::Duplicate(refusal) | CreateAnswer::Refused(refusal) => {
            Cause::Refused(refusal.clone())
        }
        CreateAnswer::NotSent(trouble) => Cause::Trouble(trouble.clone()),
        other => panic!("{other:?}"),
    };
    Outcome::NotCreated { cause }
}

fn redirect() -> CreateAnswer {
    let location = [("location", "https://login.example.com/a?token=secret")];
    decode_create(&response(307, &location, b""))
}

/// The golden error bodies as a create's answer, in the words that a person would see.
#[test]
fn refusals() {
    let mut text = String::new();
    for name in [
        "400-every-message.json",
        "402-error-code-top-level.json",
        "403-balance-or-permission.txt",
        "500-empty.txt",
        "502-proxy.html",
    ] {
        let status = name.split('-').next().unwrap().parse().unwrap();
        let answer = decode_create(&response(status, &[], &read("errors", name)));
        let shown = match answer {
            CreateAnswer::Ambiguous(trouble) => format!("ambiguous: {trouble}"),
            CreateAnswer::Refused(refusal) => format!("refused: {refusal}"),
            other => panic!("{other:?}"),
        };
        writeln!(text, "{name}\n    {shown}").unwrap();
    }
    let unreadable = decode_create(&response(200, &[], b"<html>"));
    let CreateAnswer::Ambiguous(trouble) = unreadable else {
        panic!("{unreadable:?}");
    };
    writeln!(text, "200 <html>\n    ambiguous: {trouble}").unwrap();
    insta::assert_snapshot!("refusals", text);
}

/// A host that cannot be asked by external id costs one query more.
#[test]
fn session_unproven_lookup_missed() {
    let mut script = Script::generate(defaults());
    script.after(CALL).create(created(IN_PROGRESS));
    script.wait();
    script.after(CALL).look_up(query_status(404));
    script.after(CALL).query(task(COMPLETED));
    assert_eq!(script.machine.capabilities().lookup, Lookup::Unproven);
    insta::assert_snapshot!("session_unproven_lookup_missed", script);
}
