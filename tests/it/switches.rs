//! The client against the emulator under every setting of what the documents leave open.

use std::time::Duration;

use kirin_client::{Client, Error, ErrorKind, PollSchedule};
use kirin_emulator::{
    AnswerForm, BodyForms, CreatedAt, Duplicates, Emulator, EmulatorConfig, ErrorForm, Lookup,
    OutputForm, Scenario, StatusWords, TaskErrorForm,
};
use kirin_types::{GenerationRequest, Task, TaskState};

/// One generation, and how often it was charged.
async fn generate(config: EmulatorConfig) -> (Result<Task, Error>, usize) {
    let task_time = Duration::from_millis(100);
    let config = config.task_time(task_time);
    let emulator = Emulator::start(config).await.unwrap();
    let client = Client::builder("any-key".parse().unwrap())
        .base_url(emulator.base_url().parse().unwrap())
        .schedule(PollSchedule::optimum(task_time))
        .build()
        .unwrap();
    let request = GenerationRequest::builder("a fox").external_task_id("order-42");
    let done = client.generate(request.build().unwrap()).await;
    emulator.assert_charged_once();
    (done, emulator.ledger().charges().len())
}

/// Completed, and paid for once.
async fn completes(name: &str, config: EmulatorConfig) {
    let (done, charges) = generate(config).await;
    let task = done.unwrap_or_else(|error| panic!("{name}: {error:?}"));
    let completed = matches!(task.state(), TaskState::Completed { .. });
    assert!(completed && charges == 1, "{name}: {task:?}");
}

/// Ends in this error, after so many charges.
async fn fails(name: &str, config: EmulatorConfig, expected: (ErrorKind, usize)) {
    let (done, charges) = generate(config).await;
    let error = done.expect_err(name);
    assert_eq!((error.kind(), charges), expected, "{name}: {error:?}");
}

/// A configuration with one setting of its own.
fn with<S: std::fmt::Debug>(
    settings: impl IntoIterator<Item = S>,
    set: impl Fn(EmulatorConfig, S) -> EmulatorConfig,
) -> Vec<(String, EmulatorConfig)> {
    let set = |setting| (format!("{setting:?}"), set(EmulatorConfig::new(), setting));
    settings.into_iter().map(set).collect()
}

const ANSWERS: [AnswerForm; 2] = [AnswerForm::Bare, AnswerForm::Enveloped];
const TIMES: [CreatedAt; 3] = [
    CreatedAt::Absent,
    CreatedAt::Milliseconds,
    CreatedAt::Seconds,
];
const ERRORS: [ErrorForm; 7] = [
    ErrorForm::AsSeen,
    ErrorForm::Detail,
    ErrorForm::Envelope,
    ErrorForm::EnvelopeUnder200,
    ErrorForm::Message,
    ErrorForm::Object,
    ErrorForm::Text,
];
const OUTPUTS: [OutputForm; 2] = [OutputForm::Documented, OutputForm::WithoutContent];
const WORDS: [StatusWords; 5] = [
    StatusWords::Documented,
    StatusWords::Guide,
    StatusWords::Kling,
    StatusWords::Older,
    StatusWords::Uppercase,
];
const TASK_ERRORS: [TaskErrorForm; 4] = [
    TaskErrorForm::Documented,
    TaskErrorForm::IntegerCode,
    TaskErrorForm::Message,
    TaskErrorForm::Text,
];

#[tokio::test]
async fn a_client_completes_however_the_answers_are_written() {
    let mut all = with(ANSWERS, EmulatorConfig::answer_form);
    all.extend(with(TIMES, EmulatorConfig::created_at));
    all.extend(with(OUTPUTS, EmulatorConfig::output_form));
    all.extend(with(WORDS, EmulatorConfig::status_words));
    let created = [200, 201, 202].map(|status| http::StatusCode::from_u16(status).unwrap());
    all.extend(with(created, EmulatorConfig::created_status));
    for (name, config) in all {
        completes(&name, config).await;
    }
}

#[tokio::test]
async fn a_client_knows_a_refusal_and_a_failure_however_they_are_written() {
    let broke =
        |config: EmulatorConfig, form| config.balance("0.20".parse().unwrap()).error_form(form);
    for (name, config) in with(ERRORS, broke) {
        fails(&name, config, (ErrorKind::Balance, 0)).await;
    }
    let failing =
        |config: EmulatorConfig, form| config.fail_with("002011095").task_error_form(form);
    for (name, config) in with(TASK_ERRORS, failing) {
        fails(&name, config, (ErrorKind::TaskFailed, 1)).await;
    }
}

/// The answer to the create is lost, and nothing is declared of the host.
#[tokio::test]
async fn a_client_buys_once_whatever_becomes_of_duplicates_and_lookups() {
    let lost = r#"{"rules": [{"fault": "commit_then_drop", "scope": "create", "nth": 1}]}"#;
    for duplicates in [Duplicates::Accept, Duplicates::Refuse, Duplicates::Replay] {
        for lookup in [Lookup::Works, Lookup::Lags(Duration::from_millis(1500))] {
            let name = format!("{duplicates:?} {lookup:?}");
            let config = EmulatorConfig::new().duplicates(duplicates).lookup(lookup);
            completes(&name, config.scenario(Scenario::from_json(lost).unwrap())).await;
        }
    }
}

#[tokio::test]
async fn a_client_says_unresolved_where_nothing_can_be_looked_up() {
    let lost = r#"{"rules": [{"fault": "commit_then_drop", "scope": "create", "nth": 1}]}"#;
    let unresolved = async |duplicates| {
        let config = EmulatorConfig::new()
            .duplicates(duplicates)
            .lookup(Lookup::Missing)
            .scenario(Scenario::from_json(lost).unwrap());
        let name = format!("{duplicates:?}");
        fails(&name, config, (ErrorKind::Unresolved, 1)).await;
    };
    // The lookups take a minute, so these three wait together.
    tokio::join!(
        unresolved(Duplicates::Accept),
        unresolved(Duplicates::Refuse),
        unresolved(Duplicates::Replay),
    );
}

#[tokio::test]
async fn a_client_sends_the_form_that_the_samples_show() {
    completes("both", EmulatorConfig::new().body_forms(BodyForms::Both)).await;
    completes(
        "envelope",
        EmulatorConfig::new().body_forms(BodyForms::Envelope),
    )
    .await;
    // Nothing is sent in the other form, and nothing is paid for.
    let (done, charges) = generate(EmulatorConfig::new().body_forms(BodyForms::Flat)).await;
    assert!(done.is_err());
    assert_eq!(charges, 0);
}

/// A setting that these tests do not know would not be tested.
#[test]
fn no_setting_is_forgotten() {
    let source = include_str!("../../crates/kirin-emulator/src/switches.rs");
    let is_variant = |line: &&str| {
        let name = line
            .strip_prefix("    ")
            .and_then(|line| line.strip_suffix(','));
        name.is_some_and(|name| {
            name.starts_with(|first: char| first.is_ascii_uppercase())
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
        })
    };
    let known = ANSWERS.len()
        + TIMES.len()
        + ERRORS.len()
        + OUTPUTS.len()
        + WORDS.len()
        + TASK_ERRORS.len();
    assert_eq!(source.lines().filter(is_variant).count(), known);
}
