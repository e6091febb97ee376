//! Creates, look-ups, tasks and their money, by how they go.

use std::time::Duration;

use kirin_client::MemoryJournal;

use super::*;

const POSTS: &str = "kirin.create.posts";
const AMBIGUOUS: &str = "kirin.create.ambiguous";
const RECONCILED: &str = "kirin.reconcile.outcome";
const DURATION: &str = "kirin.task.duration";
const COST: &str = "kirin.cost";
const UNRESOLVED: &str = "kirin.unresolved";
const MODEL: &str = "kirin_v2_5_turbo_t2v";

/// The numbers with their labels, as a test writes them.
fn are(recorded: &Recorded, name: &str, expected: &[(&str, f64)]) {
    let labelled = recorded.labelled(name);
    let labelled: Vec<_> = labelled.iter().map(|(word, it)| (&word[..], *it)).collect();
    assert_eq!(labelled, expected, "{name}: {recorded:#?}");
}

fn refusal(status: u16, message: &str) -> Answer {
    json(status, format!(r#"{{"message":"{message}"}}"#))
}

// ------------------------------------------------------------------ posts

#[test]
fn a_create_that_goes_well_is_one_post() {
    let recorded = generated([json(200, CREATED), json(200, COMPLETED)]);
    are(&recorded, POSTS, &[("", 1.0)]);
    for name in [AMBIGUOUS, RECONCILED, UNRESOLVED] {
        are(&recorded, name, &[]);
    }
}

#[test]
fn a_post_that_was_not_sent_or_was_refused_does_not_count() {
    let busy = || refusal(429, "too many requests");
    let completed = || json(200, COMPLETED);
    let not_sent = Answer::Fail(Sent::No);
    are(
        &generated([not_sent, json(200, CREATED), completed()]),
        POSTS,
        &[("", 1.0)],
    );
    are(
        &generated([busy(), not_found(), json(200, CREATED), completed()]),
        POSTS,
        &[("", 1.0)],
    );
    let refused = generated(scripted::refused(refusal(402, "insufficient balance")));
    are(&refused, POSTS, &[]);
    are(&refused, COST, &[]);
}

/// A create whose answer is lost, on a host of these capabilities.
fn after_a_lost_answer(
    capabilities: HostCapabilities,
    answers: impl IntoIterator<Item = Answer>,
) -> Recorded {
    let transport = Scripted::new(std::iter::once(lost()).chain(answers));
    let asked = transport.clone();
    let control = Control::new("order-1".parse().unwrap(), "task-0".parse().unwrap());
    let recorded = recorded(|| async move {
        let client = builder(transport).capabilities(capabilities);
        let client = client.control(control.before_intent()).build().unwrap();
        // How it ends is told by other tests.
        let _ = client.generate(request()).await;
    });
    assert!(asked.is_used_up());
    recorded
}

fn proven() -> HostCapabilities {
    HostCapabilities::default().with_lookup(Lookup::Proven)
}

#[test]
fn a_create_that_is_sent_again_where_duplicates_are_refused_is_two_posts() {
    let capabilities = proven().with_duplicate_ids(DuplicateIds::Refused);
    let answers = [not_found(), json(200, CREATED), json(200, COMPLETED)];
    let recorded = after_a_lost_answer(capabilities, answers);
    are(&recorded, POSTS, &[("", 2.0)]);
    are(&recorded, AMBIGUOUS, &[("", 1.0)]);
    are(&recorded, RECONCILED, &[("sent_again", 1.0)]);
}

#[test]
fn a_create_that_is_sent_again_after_a_proof_of_absence_is_two_posts() {
    let capabilities = proven().with_lookup_lag(Duration::from_secs(1));
    let mut answers = proved_absent();
    answers.extend([json(200, CREATED), json(200, COMPLETED)]);
    let recorded = after_a_lost_answer(capabilities, answers);
    are(&recorded, POSTS, &[("", 2.0)]);
    are(&recorded, RECONCILED, &[("sent_again", 1.0)]);
}

/// A refusal after the proof: the second POST made nothing, and nothing is in doubt.
#[test]
fn a_repetition_that_is_refused_leaves_one_post_that_may_have_made_a_task() {
    let capabilities = proven().with_lookup_lag(Duration::from_secs(1));
    let mut answers = proved_absent();
    answers.extend([
        refusal(402, "insufficient balance"),
        not_found(),
        not_found(),
    ]);
    let recorded = after_a_lost_answer(capabilities, answers);
    are(&recorded, POSTS, &[("", 1.0)]);
    are(&recorded, RECONCILED, &[("sent_again", 1.0)]);
}

// ---------------------------------------------------------------- look-ups

#[test]
fn a_lost_answer_whose_task_is_found_is_ambiguous_once_and_found_once() {
    let recorded = generated([lost(), json(200, RUNNING), json(200, COMPLETED)]);
    are(&recorded, AMBIGUOUS, &[("", 1.0)]);
    are(&recorded, RECONCILED, &[("found", 1.0)]);
    are(&recorded, POSTS, &[("", 1.0)]);
    are(&recorded, COST, &[(&format!("{MODEL} charged"), 0.17)]);
}

#[test]
fn a_lost_answer_whose_task_is_not_found_is_unresolved_and_its_price_unknown() {
    let recorded = after_a_lost_answer(proven(), (0..6).map(|_| not_found()));
    are(&recorded, RECONCILED, &[("unresolved", 1.0)]);
    are(&recorded, UNRESOLVED, &[("", 1.0)]);
    are(&recorded, COST, &[(&format!("{MODEL} unknown"), 0.21)]);
    are(&recorded, DURATION, &[]);
}

/// What an earlier process left, at a client of this one.
async fn reconciled(transport: Scripted, journal: MemoryJournal) {
    let intent = journal.entries().pop().unwrap().intent;
    let client = builder(transport).journal(journal).build().unwrap();
    // How it ends is told by other tests.
    let _ = client.reconcile(intent).await;
}

/// The journal of a process that ended before the answer to its create came.
async fn left() -> MemoryJournal {
    let journal = Arc::new(MemoryJournal::default());
    let transport = Scripted::new([Answer::Never]);
    let client = builder(transport).journal(journal.clone()).build().unwrap();
    let generation = client.generate(request()).into_future();
    let _ = tokio::time::timeout(Duration::from_secs(1), generation).await;
    drop(client);
    Arc::into_inner(journal).unwrap()
}

#[test]
fn a_create_of_an_earlier_process_is_found_or_not() {
    let found = || vec![json(200, RUNNING), json(200, COMPLETED)];
    let missed = || (0..7).map(|_| not_found()).collect();
    let cases: [(Vec<Answer>, &str); 2] = [(found(), "found"), (missed(), "unresolved")];
    for (answers, outcome) in cases {
        let transport = Scripted::new(answers);
        let asked = transport.clone();
        let recorded = recorded(|| async move {
            let journal = left().await;
            reconciled(transport, journal).await;
        });
        assert!(asked.is_used_up());
        are(&recorded, RECONCILED, &[(outcome, 1.0)]);
        // The process that sent it says so, not the one that looked for it.
        are(&recorded, POSTS, &[("", 1.0)]);
    }
}
