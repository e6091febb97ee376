//! Each thing that goes wrong: its exit code, and what a program reads about it.

use serde_json::Value;

use crate::{
    kirin::{Kirin, Run},
    scenarios::{self, Scenario},
    service::{Answer, Server, TASK, emulator, instant},
};

/// Runs the scenarios with `--json`: a program learns from stdout what a person does from stderr.
fn check(all: Vec<Scenario>) {
    let runs = scenarios::run(all, |kirin| kirin.arg("--json"));
    for (scenario, run) in &runs {
        let name = scenario.name;
        assert_eq!(
            run.exit_code(),
            Some(scenario.exit_code),
            "{name}: {run:#?}"
        );
        check_streams(name, run);
        let report = run.json();
        assert_eq!(keys(&report), FIELDS, "{name}");
        let error = &report["error"];
        let fields = ["billing", "code", "exit_code", "message", "next_step"];
        assert_eq!(keys(error), fields, "{name}");
        assert_eq!(error["billing"], scenario.billing, "{name}: {report:#}");
        assert_eq!(error["exit_code"], scenario.exit_code, "{name}");
        for text in ["message", "next_step"] {
            assert!(
                !error[text].as_str().unwrap_or_default().is_empty(),
                "{name}: {report:#}"
            );
        }
    }
}

/// Every field of the object that `--json` prints.
pub(crate) const FIELDS: [&str; 9] = [
    "cost",
    "discount",
    "error",
    "external_task_id",
    "id",
    "metadata",
    "outputs",
    "paths",
    "status",
];

pub(crate) fn keys(object: &Value) -> Vec<&str> {
    let object = object
        .as_object()
        .unwrap_or_else(|| panic!("no object but {object}"));
    object.keys().map(String::as_str).collect()
}

/// What holds for the streams of every failed run.
pub(crate) fn check_streams(name: &str, run: &Run) {
    assert!(run.stderr.contains("error: "), "{name}: {run:#?}");
    assert!(!run.stderr.contains("panicked"), "{name}: {run:#?}");
    // The secrets themselves are looked for wherever a run ends.
    assert!(!run.stderr.contains("signature="), "{name}: {run:#?}");
    let control = |character: char| character.is_control() && character != '\n';
    assert!(!run.stderr.contains(control), "{name}: {run:#?}");
}

#[test]
fn what_is_wrong_here_is_found_before_sending() {
    check(scenarios::before_sending());
}

#[test]
fn answers_to_a_create_decide_the_exit_code() {
    check(scenarios::create_answers());
}

#[test]
fn nothing_is_lost_after_the_acceptance() {
    check(scenarios::after_acceptance());
}

#[test]
fn videos_that_do_not_get_here_can_be_downloaded_again() {
    check(scenarios::downloads());
}

#[test]
fn refused_requests_are_not_sent() {
    let server = Server::start(|_, _| Answer::running());
    for arguments in [
        vec!["generate", ""],
        vec!["generate", "a boat", "--duration", "7"],
        vec!["generate", "a boat", "--output", "old.mp4"],
        vec!["generate", "a boat", "--output", "old.mp4/boat.mp4"],
        vec!["create", "a boat", "--mode", "best"],
    ] {
        let kirin = Kirin::new().with_file("old.mp4", "old").args(&arguments);
        let run = kirin.at(&server.base_url).run();
        assert!(
            matches!(run.exit_code(), Some(2 | 12)),
            "{arguments:?}: {run:#?}"
        );
        assert_eq!(run.files(), ["old.mp4"], "{arguments:?}");
    }
    assert_eq!(server.requests(), [""; 0]);
}

#[test]
fn prompts_are_counted_in_characters() {
    let emulator = emulator(instant());
    let prompt = "纸".repeat(2500);
    let run = Kirin::new()
        .args(["create", &prompt])
        .at(emulator.base_url())
        .run();
    run.ended_with(0);
    assert_eq!(emulator.statistics().tasks_created, 1);
}

#[test]
fn lost_answer_is_not_sent_again() {
    let server = Server::start(|request, _| match request.starts_with("POST") {
        true => Answer::Close,
        false => Answer::Json(404, "{}".into()),
    });
    let id = ["--external-task-id", "order-42", "--timeout", "1"];
    let run = Kirin::generate()
        .at(&server.base_url)
        .args(id)
        .run()
        .ended_with(11);
    assert!(run.stderr.contains("kirin status order-42"), "{run:#?}");
    assert_eq!(server.creates(), 1);
}

#[test]
fn lost_answer_is_found_if_the_service_has_the_task() {
    let server = Server::start(|request, base_url| match request {
        "POST /model/v1/generation" => Answer::Close,
        request if request.starts_with("GET /files") => Answer::Video,
        _ => Answer::completed(base_url),
    });
    let run = Kirin::generate().at(&server.base_url).run().ended_with(0);
    assert_eq!(run.stdout, format!("{TASK}.mp4\n"));
    assert_eq!(server.creates(), 1);
}

#[test]
fn unreachable_service_is_tried_a_few_times() {
    // The port is free again as soon as the listener is gone.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let run = Kirin::new()
        .args(["create", "a boat"])
        .at(&base_url)
        .run()
        .ended_with(7);
    assert!(run.stderr.contains("trying again in"), "{run:#?}");
    assert!(run.stderr.contains("Nothing was spent."), "{run:#?}");
}
