//! What is written in other formats than JSON, or behind serde's attributes, and read again.

use std::{fmt::Debug, fs, time::Duration};

use kirin_client::{
    BaseUrl, Billing, DownloadErrorKind, DownloadEvent, Error, ErrorKind, GenerationHandle,
    TakenBack,
    machine::{Cause, Event, Machine, Notice, Outcome, SendReason, Settings},
    wire::{CreateAnswer, Endpoint, Exchange, QueryAnswer, Trouble},
};
use kirin_ledger::Money;
use kirin_transport::{Sent, TransportError, TransportErrorKind};
use kirin_types::{
    Amount, ErrorReason, GenerationRequest, KIRIN_V2_5_TURBO_T2V, Mode, RawJson, Retry, Task,
    Timestamp,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

mod prop;

/// Answers that are hard to hold in another format.
const HARD: [&str; 8] = [
    r#"{"id":"a","usage":{"cost":19.999999999999999999}}"#,
    r#"{"id":"a","big":123456789012345678901234567890,"small":1e-28,"zeros":1.50,"minus":-0,"E":1E5}"#,
    r#"{"id":"a","half":"\ud83d"}"#,
    r#"{"id":"a","twice":1,"twice":2}"#,
    r#"{"id":"a","ours":{"$json":"1","more":2},"theirs":{"$serde_json::private::Number":"x"}}"#,
    "{\"id\" : \"a\" ,\n \"slash\":\"https:\\/\\/example.com\\/a.mp4\", \"letter\":\"\\u00e9\" }",
    r#"{"id":"a","nothing":null,"yes":true,"no":false,"list":[[],{},[1,[2.5,"x"]]]}"#,
    r#"{"id":"a","integers":[18446744073709551615,-9223372036854775808]}"#,
];

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind")]
enum Tagged<T> {
    Value(T),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "content")]
enum Adjacent<T> {
    Value(T),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Untagged<T> {
    Number(u8),
    Value(T),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Flat<T> {
    note: String,
    #[serde(flatten)]
    value: T,
}

fn survives_json<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T) {
    let json = serde_json::to_string(value).unwrap();
    assert_eq!(
        serde_json::from_str::<T>(&json).expect(&json),
        *value,
        "{json}"
    );
    let json = serde_json::to_vec_pretty(value).unwrap();
    assert_eq!(serde_json::from_slice::<T>(&json).unwrap(), *value);
}

fn survives_cbor<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T) {
    let mut cbor = Vec::new();
    ciborium::into_writer(value, &mut cbor).unwrap();
    assert_eq!(ciborium::from_reader::<T, _>(&*cbor).unwrap(), *value);
}

fn survives_yaml<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T) {
    let yaml = serde_norway::to_string(value).unwrap();
    assert_eq!(
        serde_norway::from_str::<T>(&yaml).expect(&yaml),
        *value,
        "{yaml}"
    );
}

fn survives_all<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T) {
    survives_json(value);
    survives_cbor(value);
    survives_yaml(value);
}

fn survives_everywhere<T: Clone + Serialize + DeserializeOwned + PartialEq + Debug>(value: &T) {
    survives_all(value);
    survives_all(&Tagged::Value(value.clone()));
    survives_all(&Adjacent::Value(value.clone()));
    survives_cbor(&Untagged::Value(value.clone()));
    survives_yaml(&Untagged::Value(value.clone()));
    if holds_in_floats(value) {
        survives_json(&Untagged::Value(value.clone()));
    }
    survives_all(&Flat {
        note: "n".to_owned(),
        value: value.clone(),
    });
}

/// Serde looks ahead into plain JSON by floats, so numbers of more digits are lost to it.
fn holds_in_floats(value: &impl Serialize) -> bool {
    !serde_norway::to_string(value).unwrap().contains("$json")
}

fn tasks() -> Vec<Task> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/wire/tasks");
    let files = fs::read_dir(folder).unwrap();
    let golden = files.map(|file| fs::read(file.unwrap().path()).unwrap());
    let hard = HARD.iter().map(|json| json.as_bytes().to_vec());
    let tasks: Vec<Task> = golden
        .chain(hard)
        .map(|json| Task::from_json(&json).unwrap())
        .collect();
    assert!(tasks.len() > HARD.len() + 50);
    tasks
}

#[test]
fn a_task_survives_every_format_and_attribute() {
    for task in tasks() {
        survives_everywhere(&task);
        let json = serde_json::to_string(&task).unwrap();
        assert_eq!(json, task.raw().as_str(), "in JSON it is the text itself");
    }
}

#[test]
fn what_another_format_cannot_hold_is_json_text_in_it() {
    let task = Task::from_json(HARD[0].as_bytes()).unwrap();
    let yaml = serde_norway::to_string(&task).unwrap();
    assert_eq!(
        yaml,
        "id: a\nusage:\n  cost:\n    $json: '19.999999999999999999'\n"
    );
    let task = Task::from_json(br#"{"id":"a","usage":{"cost":0.21}}"#).unwrap();
    assert_eq!(
        serde_json::to_string(&Tagged::Value(task)).unwrap(),
        r#"{"kind":"Value","id":"a","usage":{"cost":0.21}}"#
    );
}

#[test]
fn json_that_is_nested_too_deep_for_others_survives() {
    let deep = format!("{}1{}", "[".repeat(300), "]".repeat(300));
    let json = format!(r#"{{"id":"a","deep":{deep}}}"#);
    survives_everywhere(&Task::from_json(json.as_bytes()).unwrap());
    let raw = RawJson::read(deep.as_bytes()).unwrap();
    survives_all(&raw);
}

#[test]
fn an_end_survives_every_format_and_attribute() {
    for task in tasks() {
        let id = task.id().clone();
        let unsigned = |outcome: &Outcome| {
            let json = serde_json::to_string(outcome).unwrap();
            serde_json::from_str::<Outcome>(&json).unwrap()
        };
        let outcomes = [
            Outcome::Completed(task.clone()),
            Outcome::Failed(task.clone()),
            Outcome::StillRunning {
                id: id.clone(),
                task: Some(Box::new(task.clone())),
            },
            Outcome::Lost { id },
        ];
        for outcome in outcomes.iter().map(unsigned) {
            survives_all(&outcome);
            let tagged = Tagged::Value(outcome.clone());
            let untagged = Untagged::Value(outcome.clone());
            let flat = Flat {
                note: "n".to_owned(),
                value: outcome.clone(),
            };
            survives_cbor(&tagged);
            survives_cbor(&untagged);
            survives_cbor(&flat);
            if holds_in_floats(&outcome) {
                survives_json(&tagged);
                survives_json(&untagged);
                survives_json(&flat);
            }
        }
    }
}

#[test]
fn machines_events_notices_and_handles_survive_every_format() {
    let request = GenerationRequest::builder("a fox")
        .external_task_id("order-42")
        .extra("new_parameter", 1e-28)
        .build()
        .unwrap();
    survives_everywhere(&request);
    let settings = Settings::for_model(&KIRIN_V2_5_TURBO_T2V, None);
    let mut machine = Machine::generate(request, settings).unwrap();
    survives_all(&machine);
    let task = Task::from_json(HARD[1].as_bytes()).unwrap();
    let event = Event::CreateAnswered(CreateAnswer::Created(task.clone()));
    let queried = Event::QueryAnswered(QueryAnswer::Task(task));
    let endpoint = Endpoint::new(BaseUrl::default(), "a-secret".parse().unwrap()).unwrap();
    let body = bytes::Bytes::from(HARD[0]);
    let response = Exchange::Whole(http::Response::new(body));
    let ours = Some(Timestamp::from_milliseconds(1_769_757_744_021));
    let answered = endpoint.query("a").read(response, ours);
    for event in [&event, &queried, &answered] {
        survives_json(event);
        survives_cbor(event);
    }
    let notice = machine.handle(Duration::from_secs(1), event).unwrap();
    assert_eq!(
        serde_json::to_string(&notice).unwrap(),
        r#"{"notice":"accepted","id":"a","adopted":false}"#
    );
    survives_all(&notice);
    survives_all(&Notice::Nothing);
    survives_json(&machine);
    survives_cbor(&machine);
    let handle = r#"{"base_url":"https://cloud.vtrix.ai","key":"0123456789abcdef","task_id":"a"}"#;
    survives_everywhere(&serde_json::from_str::<GenerationHandle>(handle).unwrap());
}

#[test]
fn amounts_are_read_from_numbers_and_strings_and_written_as_strings() {
    fn check(json: &str, expected: &str) {
        let amount: Amount = serde_json::from_str(json).expect(json);
        assert_eq!(amount.to_string(), expected);
        assert_eq!(
            serde_json::to_string(&amount).unwrap(),
            format!("{expected:?}")
        );
        survives_all(&amount);
        survives_all(&Untagged::Value(amount.clone()));
        survives_all(&Adjacent::Value(amount));
    }

    check("0.21", "0.21");
    check("\"0.21\"", "0.21");
    check("19.999999999999999999", "19.999999999999999999");
    check("\"19.999999999999999999\"", "19.999999999999999999");
    check(
        "7922816251426433759354395033.5",
        "7922816251426433759354395033.5",
    );
    check("1e-28", "1e-28");
    check("300", "300");
    for json in ["null", "true", "[]", "{}", "\"\"", "1e999", "\"NaN\""] {
        assert!(serde_json::from_str::<Amount>(json).is_err(), "{json}");
    }
}

#[test]
fn an_amount_that_was_a_float_counts_only_with_the_digits_that_a_float_keeps() {
    #[derive(Debug, Deserialize)]
    struct Bill {
        #[serde(flatten)]
        lines: std::collections::BTreeMap<String, Amount>,
    }
    let bill: Bill =
        serde_json::from_str(r#"{"a":0.21,"b":"19.999999999999999999","c":7}"#).unwrap();
    let amounts: Vec<_> = bill.lines.values().map(ToString::to_string).collect();
    assert_eq!(amounts, ["0.21", "19.999999999999999999", "7"]);
    let refused = serde_json::from_str::<Bill>(r#"{"a":0.12345678901234567}"#).unwrap_err();
    assert!(
        refused.to_string().contains("write it as a string"),
        "{refused}"
    );
    assert_eq!(
        serde_norway::from_str::<Amount>("0.21")
            .unwrap()
            .to_string(),
        "0.21"
    );
}

#[test]
fn a_transports_error_is_the_source_and_is_not_written_down() {
    let error =
        TransportError::new(TransportErrorKind::Timeout, Sent::Maybe).with_source("a reset");
    let CreateAnswer::Ambiguous(trouble) = CreateAnswer::failed(&error) else {
        unreachable!()
    };
    let outcome = Outcome::CannotQuery {
        id: "a".parse().unwrap(),
        cause: Cause::Trouble(trouble),
        task: None,
    };
    survives_all(&outcome);
    let error = Error::check(outcome.clone()).unwrap_err();
    let source = std::error::Error::source(&error).unwrap();
    let source = source.downcast_ref::<TransportError>().unwrap();
    assert_eq!(source.kind(), TransportErrorKind::Timeout);
    assert_eq!(
        std::error::Error::source(source).unwrap().to_string(),
        "a reset"
    );
    let json = serde_json::to_string(&outcome).unwrap();
    let read = Error::check(serde_json::from_str(&json).unwrap()).unwrap_err();
    assert!(std::error::Error::source(&read).is_none());
    assert_eq!(read.to_string(), error.to_string());
}

#[test]
fn what_was_written_before_there_was_a_status_is_read() {
    let written = r#"{"description":"HTTP 503","retry_after":{"secs":30,"nanos":0}}"#;
    let trouble: Trouble = serde_json::from_str(written).unwrap();
    assert_eq!(trouble.http_status, None);
    assert_eq!(serde_json::to_string(&trouble).unwrap(), written);
}

#[test]
fn an_error_tells_the_status_and_the_wait_of_the_last_answer() {
    let busy = http::Response::builder()
        .status(503)
        .header("retry-after", "30");
    let busy = busy.body(bytes::Bytes::new()).unwrap();
    let endpoint = Endpoint::new(BaseUrl::default(), "a-secret".parse().unwrap()).unwrap();
    let event = endpoint.query("a").read(Exchange::Whole(busy), None);
    let Some(QueryAnswer::Trouble(trouble)) = event.query_answer().cloned() else {
        unreachable!()
    };
    let error = Error::check(Outcome::CannotQuery {
        id: "a".parse().unwrap(),
        cause: Cause::Trouble(trouble),
        task: None,
    })
    .unwrap_err();
    assert_eq!(error.http_status(), Some(503));
    assert_eq!(error.retry_after(), Some(Duration::from_secs(30)));
    let lost = Outcome::Lost {
        id: "a".parse().unwrap(),
    };
    let error = Error::check(lost).unwrap_err();
    assert_eq!((error.http_status(), error.retry_after()), (None, None));
}

#[test]
fn a_request_that_cannot_be_built_is_an_error_that_spent_nothing() {
    let invalid = GenerationRequest::builder("").build().unwrap_err();
    let error = Error::from(invalid.clone());
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    assert_eq!(
        error.to_string(),
        format!("nothing was created: {invalid}. Nothing was spent. Change the request")
    );
    let source = std::error::Error::source(&error).unwrap();
    assert_eq!(source.downcast_ref(), Some(&invalid));
    assert_eq!(
        serde_json::to_value(&invalid).unwrap()["problems"][0]["field"],
        "prompt"
    );
}

#[test]
fn kinds_are_displayed_as_they_are_written() {
    fn check(kind: impl Serialize + std::fmt::Display, word: &str) {
        assert_eq!(kind.to_string(), word);
        assert_eq!(serde_json::to_value(kind).unwrap(), word);
    }

    check(
        ErrorKind::DuplicateExternalTaskId,
        "duplicate_external_task_id",
    );
    check(DownloadErrorKind::NotYetThere, "not_yet_there");
    check(TransportErrorKind::TooLarge, "too_large");
    check(Sent::Maybe, "maybe");
    check(ErrorReason::RateLimit, "rate_limit");
    check(SendReason::RefusesDuplicates, "refuses_duplicates");
    check(TakenBack::NotSent, "not_sent");
    check(Billing::Charged, "charged");
    check(Retry::CanHelp, "can_help");
    check(Money::Reserved, "reserved");
    check(Mode::Pro, "pro");
}

#[test]
fn the_state_of_a_task_says_what_it_made_and_cost() {
    let json = r#"{"id":"a","status":"completed","output":[{"content":[{"type":"video","url":"https://example.com/a.mp4"}]}],"usage":{"cost":0.21}}"#;
    let task = Task::from_json(json.as_bytes()).unwrap();
    assert!(task.is_completed());
    assert_eq!(task.outputs().len(), 1);
    assert_eq!(task.cost(), Some(&"0.21".parse().unwrap()));
    let state = serde_json::to_value(task.state()).unwrap();
    assert_eq!(state["state"], "completed");
    assert_eq!(state["output"][0]["url"], "https://example.com/a.mp4");
    assert_eq!(state["usage"]["cost"], "0.21");
    for status in ["failed", "in_progress", "who_knows"] {
        let json = json.replace("completed", status);
        let task = Task::from_json(json.as_bytes()).unwrap();
        assert!(!task.is_completed(), "{status}");
    }
}

#[cfg(unix)]
#[test]
fn an_event_is_written_whatever_its_file_is_called() {
    use std::os::unix::ffi::OsStrExt;

    let path = std::ffi::OsStr::from_bytes(b"fox-\xff.mp4").into();
    let event = DownloadEvent::Finished { path };
    assert_eq!(
        serde_json::to_string(&event).unwrap(),
        "{\"event\":\"finished\",\"path\":\"fox-\u{fffd}.mp4\"}"
    );
}
