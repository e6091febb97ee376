//! Every way to write an answer, seen from the wire, and that our types read each of them.

use http::{Method, StatusCode};
use kirin_emulator::{
    AnswerForm, CreatedAt, EmulatorConfig, ErrorForm, Lifecycle, OutputForm, StatusWords,
    TaskErrorForm,
};
use kirin_types::{Task, TaskState, Timestamp};
use serde_json::{Value, json};

use crate::support::{CREATE, Session, envelope, read, request};

fn fox() -> String {
    envelope(json!({ "prompt": "a fox", "external_task_id": "order-42" }))
}

/// The answers to a create, to a query in the middle, and to one at the end.
fn answers(config: EmulatorConfig) -> [Value; 3] {
    let mut session = Session::new(config);
    let (_, created) = session.post(fox());
    session.advance(1500);
    let middle = session.query("order-42").1;
    session.advance(1500);
    [created, middle, session.query("order-42").1]
}

fn decoded(answer: &Value) -> Task {
    Task::from_json(answer.to_string().as_bytes()).unwrap()
}

#[test]
fn status_words() {
    let check = |words, expected: [&str; 3], failed: &str| {
        let config = EmulatorConfig::new().status_words(words);
        let answers = answers(config.clone());
        assert_eq!(
            answers.each_ref().map(|answer| &answer["status"]),
            expected.map(|word| json!(word)).each_ref()
        );
        assert!(matches!(
            decoded(&answers[2]).state(),
            TaskState::Completed { .. }
        ));
        let [.., end] = self::answers(config.fail_with("002011095"));
        assert_eq!(end["status"], failed);
        assert!(matches!(decoded(&end).state(), TaskState::Failed { .. }));
    };
    check(
        StatusWords::Documented,
        ["in_progress", "in_progress", "completed"],
        "failed",
    );
    check(
        StatusWords::Guide,
        ["pending", "processing", "completed"],
        "failed",
    );
    check(
        StatusWords::Kling,
        ["submitted", "processing", "succeed"],
        "failed",
    );
    check(
        StatusWords::Older,
        ["in_queue", "in_progress", "success"],
        "failed",
    );
    check(
        StatusWords::Uppercase,
        ["IN_PROGRESS", "IN_PROGRESS", "COMPLETED"],
        "FAILED",
    );
}

#[test]
fn envelope_of_answers() {
    let bare = answers(EmulatorConfig::new());
    let enveloped = answers(EmulatorConfig::new().answer_form(AnswerForm::Enveloped));
    for (bare, enveloped) in bare.iter().zip(&enveloped) {
        let expected = json!({ "data": bare, "status": { "code": 200, "message": "success" } });
        assert_eq!(*enveloped, expected);
        assert_eq!(decoded(enveloped).id(), decoded(bare).id());
    }
}

#[test]
fn time_of_the_create() {
    let check = |created_at, expected: Value| {
        let [created, ..] = answers(EmulatorConfig::new().created_at(created_at));
        assert_eq!(created["created_at"], expected);
        decoded(&created).created_at().map(Timestamp::milliseconds)
    };
    let milliseconds = 1_769_757_744_021_i64;
    assert_eq!(
        check(CreatedAt::Milliseconds, json!(milliseconds)),
        Some(milliseconds)
    );
    assert_eq!(
        check(CreatedAt::Seconds, json!(1_769_757_744)),
        Some(1_769_757_744_000)
    );
    assert_eq!(check(CreatedAt::Absent, Value::Null), None);
}

#[test]
fn status_of_the_create() {
    for status in [StatusCode::OK, StatusCode::CREATED, StatusCode::ACCEPTED] {
        let config = EmulatorConfig::new().created_status(status);
        let mut session = Session::new(config);
        assert_eq!(session.post(fox()).0, status);
        assert_eq!(session.query("order-42").0, StatusCode::OK);
    }
}

#[test]
fn place_of_the_output() {
    let [.., end] = answers(EmulatorConfig::new().output_form(OutputForm::WithoutContent));
    assert_eq!(end["output"][0]["type"], "video");
    let task = decoded(&end);
    let TaskState::Completed { output, .. } = task.state() else {
        panic!("{task:?}");
    };
    assert_eq!(output.len(), 1);
}

#[test]
fn spelling_of_a_task_error() {
    let check = |form, expected: Value| {
        let config = EmulatorConfig::new().lifecycle(Lifecycle::at_once());
        let config = config.fail_with("002011095").task_error_form(form);
        let [.., end] = answers(config);
        assert_eq!(end["error"], expected);
        let task = decoded(&end);
        let TaskState::Failed {
            error: Some(error), ..
        } = task.state()
        else {
            panic!("{task:?}");
        };
        assert_eq!(error.message.as_deref(), Some("Internal generation error"));
        error.code.as_ref().map(|code| code.as_str().to_owned())
    };
    let code = Some("002011095".to_owned());
    let message = "Internal generation error";
    let documented = json!({ "code": "002011095", "error_message": message });
    assert_eq!(check(TaskErrorForm::Documented, documented), code);
    let other = json!({ "code": "002011095", "message": message });
    assert_eq!(check(TaskErrorForm::Message, other), code);
    let number = json!({ "code": 2_011_095, "error_message": message });
    assert_eq!(check(TaskErrorForm::IntegerCode, number), code);
    assert_eq!(check(TaskErrorForm::Text, json!(message)), None);
}

#[test]
fn spelling_of_a_refusal() {
    // A duplicate, which has a code, and an unknown task, which has none.
    let check = |form, status: Option<StatusCode>, duplicate: Value, unknown: Value| {
        let mut session = Session::new(EmulatorConfig::new().error_form(form));
        session.post(fox());
        let response = session.response(&request(Method::POST, CREATE, fox()));
        let (found, answer) = read(&response);
        let id = response.headers()["x-request-id"].to_str().unwrap();
        let expected = duplicate.to_string().replace("ID", id);
        assert_eq!(answer, serde_json::from_str::<Value>(&expected).unwrap());
        assert_eq!(found, status.unwrap_or(StatusCode::BAD_REQUEST));
        let (found, mut answer) = session.query("nobody");
        if let Some(id) = answer.get_mut("request_id") {
            *id = json!("ID");
        }
        assert_eq!(answer, unknown);
        assert_eq!(found, status.unwrap_or(StatusCode::NOT_FOUND));
    };
    let exists = "external_task_id order-42 already exists: it must be unique";
    let nobody = "no such task: nobody";
    let object = json!({ "code": 1201, "message": exists, "request_id": "ID" });
    check(
        ErrorForm::AsSeen,
        None,
        object.clone(),
        json!({ "message": nobody }),
    );
    check(
        ErrorForm::Message,
        None,
        object,
        json!({ "message": nobody, "request_id": "ID" }),
    );
    check(
        ErrorForm::Detail,
        None,
        json!({ "detail": exists }),
        json!({ "detail": nobody }),
    );
    check(
        ErrorForm::Text,
        None,
        json!({ "error": exists }),
        json!({ "error": nobody }),
    );
    check(
        ErrorForm::Object,
        None,
        json!({ "error": { "code": 1201, "message": exists }, "request_id": "ID" }),
        json!({ "error": { "message": nobody }, "request_id": "ID" }),
    );
    let envelope = |status: Value| json!({ "status": status, "data": null });
    for (form, status) in [
        (ErrorForm::Envelope, None),
        (ErrorForm::EnvelopeUnder200, Some(StatusCode::OK)),
    ] {
        let duplicate = json!({ "code": 400, "message": exists, "error_code": 1201 });
        let unknown = json!({ "code": 404, "message": nobody });
        check(form, status, envelope(duplicate), envelope(unknown));
    }
}

#[test]
fn a_request_is_checked_strictly_and_says_what_may_have_been_meant() {
    let mut session = Session::new(EmulatorConfig::new());
    let (status, refused) = session.post(envelope(json!({ "prompt": "a fox", "durations": "5" })));
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let message = refused["message"].as_str().unwrap();
    assert!(message.contains("did you mean \"duration\"?"), "{message}");
}

#[test]
fn a_lenient_emulator_passes_things_on_with_a_note() {
    let mut session = Session::new(EmulatorConfig::new().lenient());
    let params = json!({ "prompt": "a fox", "style": "oil", "duration": "7", "mode": "pro" });
    let body = json!({
        "model": crate::support::MODEL, "input": [{ "params": params, "type": "t" }],
    });
    let (status, task) = session.post(body.to_string());
    assert_eq!(status, StatusCode::OK, "{task}");
    let notes: Vec<_> = session.world.notes().collect();
    assert_eq!(notes.len(), 3, "{notes:?}");
    for (note, part) in notes
        .iter()
        .zip(["input[0].type", "duration is \"7\"", "style is not"])
    {
        assert!(
            note.contains(part) && note.contains("was passed on although"),
            "{note}"
        );
    }
    session.advance(3000);
    let (_, task) = session.query(task["id"].as_str().unwrap());
    assert_eq!(
        task["output"][0]["content"][0]["size"], "1920x1080",
        "the rest holds"
    );
    // What a model must have is asked for all the same.
    assert_eq!(
        session.post(envelope(json!({ "style": "oil" }))).0,
        StatusCode::BAD_REQUEST
    );
    let unknown = json!({ "model": "kirin_v9", "prompt": "a fox" });
    assert_eq!(session.post(unknown.to_string()).0, StatusCode::BAD_REQUEST);
}
