//! External ids are unique under one user, who may have several keys: two keys are one user, unless the caller
//! names two accounts.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use kirin_client::{
    Billing, Client, ClientBuilder, Control, CreateId, DuplicateIds, Error, ErrorKind,
    GenerationHandle, HostCapabilities, Journal, JournalChange, JournalEntry, JournalError,
    JournalState, JournalWrite, Lookup, MemoryJournal, Recalled, TakenBack,
    machine::{Cause, Outcome, SendReason, Withheld},
};
use kirin_tests::canary;
use kirin_types::{Task, TaskId};

use super::{COMPLETED, intend, intent, refused_outcome, stranger, write};
use crate::scripted::{Answer, Scripted, json, not_found, request, shown};

const THEIRS: &str = "0123456789abcdef";

/// With the key that it was sent with, such a host would be sent it again.
fn host() -> HostCapabilities {
    HostCapabilities::default()
        .with_duplicate_ids(DuplicateIds::Refused)
        .with_lookup(Lookup::Proven)
        .with_lookup_lag(Duration::ZERO)
}

fn builder(transport: &Scripted, journal: &Arc<MemoryJournal>) -> ClientBuilder {
    Client::builder(canary::key().parse().unwrap())
        .transport(transport.clone())
        .journal(journal.clone())
        .capabilities(host())
        .control(Control::new(
            "order-1".parse().unwrap(),
            "task-0".parse().unwrap(),
        ))
}

fn posts(transport: &Scripted) -> usize {
    let calls = transport.calls();
    calls.iter().filter(|call| call.starts_with("POST")).count()
}

fn only(journal: &MemoryJournal) -> JournalEntry {
    let [entry] = <[_; 1]>::try_from(journal.entries()).unwrap();
    entry
}

/// Whoever goes on with it: who wants it, who reads the journal at a restart, and a person.
#[derive(Clone, Copy, Debug)]
enum How {
    Generate,
    ResumeEntry,
    SendAgain,
}

const ALL: [How; 3] = [How::Generate, How::ResumeEntry, How::SendAgain];

/// A create of another key, this far; then it is gone on with here.
struct Theirs {
    journal: Arc<MemoryJournal>,
    before: JournalEntry,
    transport: Scripted,
    ended: Result<Task, Error>,
}

impl Theirs {
    async fn gone_on_with(how: How, changes: Vec<JournalChange>, answers: Vec<Answer>) -> Self {
        let (transport, journal) = (Scripted::new(answers), Arc::new(MemoryJournal::default()));
        let client = builder(&transport, &journal).build().unwrap();
        let mut theirs = intent(&client);
        theirs.key = THEIRS.parse().unwrap();
        intend(&*journal, &theirs, !changes.is_empty()).await;
        for change in changes {
            let write = write(&theirs, stranger(), change);
            journal.write(&write).await.unwrap();
        }
        let before = only(&journal);
        let ended = match how {
            How::Generate => client.generate(request()).await,
            How::ResumeEntry => client.resume_entry(before.clone()).await,
            How::SendAgain => client.send_again(before.intent.clone()).await,
        };
        Self {
            journal,
            before,
            transport,
            ended,
        }
    }

    /// Found, and taken for ours: without a create.
    fn found(self) -> JournalEntry {
        assert_eq!(self.ended.unwrap().id().as_str(), "task-1");
        assert_eq!(posts(&self.transport), 0);
        only(&self.journal)
    }

    /// Not found: that proves nothing, and changes nothing.
    fn missed(self) -> Error {
        let error = self.ended.unwrap_err();
        shown(&error);
        assert_eq!(error.billing(), Billing::Unknown, "{error}");
        assert!(!self.transport.calls().is_empty());
        assert_eq!(posts(&self.transport), 0);
        assert_eq!(only(&self.journal), self.before);
        error
    }
}

fn accept() -> JournalChange {
    JournalChange::Accept("task-1".parse().unwrap())
}

fn end(outcome: Outcome) -> JournalChange {
    JournalChange::End(Box::new(outcome))
}

/// What may have been sent, in each way in which a journal says so.
fn in_doubt() -> Vec<Vec<JournalChange>> {
    let unresolved = Outcome::Unresolved {
        external_task_id: "order-42".parse().unwrap(),
        knowledge: kirin_client::machine::Knowledge::MayExist,
        cause: Cause::Withheld(Withheld::Deadline),
    };
    // Refused, and not looked up: something on the way may have sent it twice.
    let refused = JournalChange::TakeBack {
        attempt: 1,
        why: TakenBack::Refused,
        reason: SendReason::Unsent,
    };
    let sent_once_more = JournalChange::Send {
        attempt: 2,
        reason: SendReason::RefusesDuplicates,
    };
    vec![vec![sent_once_more], vec![end(unresolved)], vec![refused]]
}

fn missing() -> Vec<Answer> {
    (0..14).map(|_| not_found()).collect()
}

#[tokio::test(start_paused = true)]
async fn what_may_have_been_sent_with_another_key_is_looked_up_and_gone_on_with() {
    for how in ALL {
        for changes in in_doubt() {
            let found = vec![not_found(), json(200, COMPLETED)];
            let theirs = Theirs::gone_on_with(how, changes, found).await;
            let entry = theirs.found();
            assert_eq!(entry.state.task_id().unwrap().as_str(), "task-1");
            let ours = intent(
                &builder(&Scripted::new([]), &Arc::default())
                    .build()
                    .unwrap(),
            )
            .key;
            assert_eq!(entry.intent.key, ours);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_not_found_with_another_key_is_refused_as_in_doubt_and_nothing_is_sent() {
    for how in ALL {
        for changes in in_doubt() {
            let theirs = Theirs::gone_on_with(how, changes, missing()).await;
            let error = theirs.missed();
            assert_eq!(error.kind(), ErrorKind::Unresolved, "{how:?}");
            let said = error.to_string();
            assert!(said.contains("another API key"), "{error}");
            assert!(said.contains("`ClientBuilder::account`"), "{error}");
        }
    }
}

/// What has a task, whatever came of it as far as the journal knows.
fn with_task() -> Vec<Vec<JournalChange>> {
    let id: TaskId = "task-1".parse().unwrap();
    let completed = Outcome::Completed(Task::from_json(COMPLETED.as_bytes()).unwrap());
    let still_running = Outcome::StillRunning {
        id: id.clone(),
        task: None,
    };
    let lost = Outcome::Lost { id };
    let ends = [completed, still_running, lost].map(end);
    let accepted = std::iter::once(vec![accept()]);
    accepted
        .chain(ends.map(|end| vec![accept(), end]))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_task_of_another_key_is_asked_for_with_this_one_and_gone_on_with() {
    for how in ALL {
        for changes in with_task() {
            let found = vec![not_found(), json(200, COMPLETED)];
            let theirs = Theirs::gone_on_with(how, changes, found).await;
            let calls = theirs.transport.calls();
            assert!(calls[0].ends_with("/task-1"), "{how:?}: {calls:?}");
            let entry = theirs.found();
            assert!(matches!(&entry.state, JournalState::Ended(it) if it.task().is_some()));
        }
    }
}

/// Neither is it lost, nor do 401 and 403 say anything of it.
#[tokio::test(start_paused = true)]
async fn a_task_of_another_key_that_this_one_does_not_find_keeps_its_state() {
    for how in ALL {
        for changes in with_task() {
            for status in [401, 403, 404] {
                let refusal = r#"{"message":"no such task"}"#;
                let answers = (0..9).map(|_| json(status, refusal)).collect();
                let theirs = Theirs::gone_on_with(how, changes.clone(), answers).await;
                let error = theirs.missed();
                assert_eq!(error.task_id().unwrap().as_str(), "task-1", "{how:?}");
                assert_ne!(error.kind(), ErrorKind::NotFound, "{error}");
                // It is still the other key's.
                assert_eq!(error.resume().unwrap().key.to_string(), THEIRS);
            }
        }
    }
}

/// A handle may come from anywhere.
#[tokio::test(start_paused = true)]
async fn a_handle_of_another_key_is_gone_on_with_where_its_task_is_found() {
    let handle = GenerationHandle::new(
        kirin_client::BaseUrl::default(),
        THEIRS.parse().unwrap(),
        "task-1".parse().unwrap(),
    );
    for is_there in [true, false] {
        let transport = Scripted::new(match is_there {
            true => vec![json(200, COMPLETED)],
            false => missing(),
        });
        let client = builder(&transport, &Arc::default()).build().unwrap();
        let resumed = client.resume(handle.clone()).await;
        match is_there {
            true => assert_eq!(resumed.unwrap().id().as_str(), "task-1"),
            false => {
                let error = resumed.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::CannotQuery);
                assert_eq!(error.resume(), Some(&handle));
                assert!(error.next_step().contains("API key"), "{error}");
            }
        }
    }
}

/// Nothing was sent, or it is proved that nothing came of it: this key sends it, once.
#[tokio::test(start_paused = true)]
async fn what_another_key_did_not_create_is_sent_with_this_one() {
    let not_created = Outcome::NotCreated {
        cause: Cause::Withheld(Withheld::Deadline),
    };
    let not_sent = JournalChange::TakeBack {
        attempt: 1,
        why: TakenBack::NotSent,
        reason: SendReason::Unsent,
    };
    // After a refusal, and for a person, it is looked up once more.
    for (how, changes, looks_up) in [
        (How::Generate, Vec::new(), false),
        (How::ResumeEntry, Vec::new(), false),
        (How::SendAgain, Vec::new(), false),
        (How::Generate, vec![not_sent], false),
        (How::Generate, vec![end(not_created.clone())], false),
        (How::Generate, vec![end(refused_outcome())], true),
        (How::SendAgain, vec![end(not_created)], true),
    ] {
        let mut answers = vec![json(200, COMPLETED)];
        if looks_up {
            answers.insert(0, not_found());
        }
        let theirs = Theirs::gone_on_with(how, changes, answers).await;
        theirs.ended.unwrap();
        assert_eq!(posts(&theirs.transport), 1, "{how:?}");
        assert!(theirs.transport.is_used_up());
        let entry = only(&theirs.journal);
        assert_ne!(entry.intent.key.to_string(), THEIRS, "{how:?}");
    }
}

/// What ended as refused is looked up once more with this key too; a miss leaves that to the key that sent it.
#[tokio::test(start_paused = true)]
async fn a_refused_create_of_another_key_is_looked_up_and_stays_to_be_looked_up() {
    let refused = || vec![end(refused_outcome())];
    let found = vec![json(200, COMPLETED)];
    let theirs = Theirs::gone_on_with(How::ResumeEntry, refused(), found).await;
    assert_eq!(theirs.found().state.task_id().unwrap().as_str(), "task-1");

    let theirs = Theirs::gone_on_with(How::ResumeEntry, refused(), vec![not_found()]).await;
    assert!(theirs.before.is_refusal_open);
    let error = theirs.ended.unwrap_err();
    assert_eq!(error.billing(), Billing::None, "{error}");
    assert_eq!(only(&theirs.journal), theirs.before);
}

/// The key of the entry counts, whatever intent was read before.
#[tokio::test(start_paused = true)]
async fn an_intent_that_was_read_before_does_not_hide_that_another_key_has_sent_it() {
    let (transport, journal) = (Scripted::new(missing()), Arc::default());
    let client = builder(&transport, &journal).build().unwrap();
    let ours = intent(&client);
    let mut theirs = ours.clone();
    theirs.key = THEIRS.parse().unwrap();
    intend(&*journal, &theirs, true).await;
    let error = client.reconcile(ours).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unresolved);
    assert!(error.to_string().contains("another API key"), "{error}");
    assert_eq!(posts(&transport), 0);
}

/// A journal that has nothing of it, or cannot be read for now.
struct Ignorant {
    is_readable: bool,
    kept: MemoryJournal,
}

#[async_trait]
impl Journal for Ignorant {
    async fn recall(&self, create: &CreateId) -> Result<Recalled, JournalError> {
        match self.is_readable {
            true => self.kept.recall(create).await,
            false => Err(JournalError::new("the disk is away")),
        }
    }

    async fn write(&self, write: &JournalWrite) -> Result<(), JournalError> {
        self.kept.write(write).await
    }
}

/// The intent alone says which key has sent it.
#[tokio::test(start_paused = true)]
async fn what_another_key_has_sent_is_looked_up_although_the_journal_does_not_say_so() {
    for is_readable in [true, false] {
        for is_there in [true, false] {
            let transport = Scripted::new(match is_there {
                true => vec![json(200, COMPLETED)],
                false => missing(),
            });
            let kept = MemoryJournal::default();
            let client = builder(&transport, &Arc::default())
                .journal(Ignorant { is_readable, kept })
                .build()
                .unwrap();
            let mut theirs = intent(&client);
            theirs.key = THEIRS.parse().unwrap();
            let ended = client.send_again(theirs).await;
            assert_eq!(posts(&transport), 0, "{is_readable}");
            match is_there {
                true => assert_eq!(ended.unwrap().id().as_str(), "task-1"),
                false => assert_eq!(ended.unwrap_err().billing(), Billing::Unknown),
            }
        }
    }
}

/// Nobody asks for what is another user's, and nothing that is said of it is said of its charge.
#[tokio::test(start_paused = true)]
async fn what_is_of_another_account_is_refused_at_once_whatever_it_is() {
    let transport = Scripted::new([]);
    let journal = Arc::new(MemoryJournal::default());
    let client = builder(&transport, &journal)
        .account("ada")
        .build()
        .unwrap();
    let mut theirs = intent(&client);
    theirs.account = Some("grace".parse().unwrap());
    intend(&*journal, &theirs, true).await;
    let in_doubt = only(&journal);
    let write = write(&theirs, stranger(), accept());
    journal.write(&write).await.unwrap();
    let accepted = only(&journal);
    for ended in [
        client.reconcile(theirs.clone()).await,
        client.send_again(theirs.clone()).await,
        client.resume_entry(in_doubt).await,
        client.resume_entry(accepted.clone()).await,
        client.resume(accepted.handle().unwrap()).await,
    ] {
        let error = ended.unwrap_err();
        assert_eq!(error.billing(), Billing::Unknown, "{error}");
        assert!(error.to_string().contains("grace"), "{error}");
        assert!(error.next_step().contains("account"), "{error}");
    }
    assert_eq!(transport.calls(), [""; 0]);
    assert_eq!(only(&journal), accepted);
}

/// A control of the other key proves nothing for a miss of this one.
#[tokio::test]
async fn a_journal_gives_no_control_of_another_key() {
    let journal = MemoryJournal::default();
    let client = builder(&Scripted::new([]), &Arc::default())
        .build()
        .unwrap();
    let mut theirs = intent(&client);
    theirs.key = THEIRS.parse().unwrap();
    intend(&journal, &theirs, true).await;
    let write = write(&theirs, stranger(), accept());
    journal.write(&write).await.unwrap();
    for (key, controls) in [(theirs.key, 1), (intent(&client).key, 0)] {
        let create = CreateId::new(theirs.base_url.clone(), key, "order-43".parse().unwrap());
        let recalled = journal.recall(&create).await.unwrap();
        assert_eq!(recalled.controls.len(), controls);
    }
}

/// An account has made the create of these tests, with a key of its own; then another one wants it.
async fn with_accounts(
    first: Option<&str>,
    second: Option<&str>,
    answers: Vec<Answer>,
) -> (Vec<JournalEntry>, usize, Result<Task, Error>) {
    let journal = Arc::new(MemoryJournal::default());
    let client = |key: &str, account: Option<&str>, transport: &Scripted| {
        let mut builder = Client::builder(key.parse().unwrap())
            .transport(transport.clone())
            .journal(journal.clone());
        if let Some(account) = account {
            builder = builder.account(account);
        }
        builder.build().unwrap()
    };
    let transport = Scripted::new([json(200, COMPLETED)]);
    let client_of_first = client("a-key", first, &transport);
    client_of_first.generate(request()).await.unwrap();
    assert_eq!(posts(&transport), 1);

    let transport = Scripted::new(answers);
    let second = client(canary::key(), second, &transport);
    let ended = second.generate(request()).await;
    (journal.entries(), posts(&transport), ended)
}

#[tokio::test(start_paused = true)]
async fn only_two_account_names_make_two_creates_of_one_id() {
    let created = vec![json(200, COMPLETED.replace("task-1", "task-2"))];
    let (entries, posts, ended) = with_accounts(Some("ada"), Some("grace"), created).await;
    assert_eq!(ended.unwrap().id().as_str(), "task-2");
    assert_eq!(posts, 1);
    let accounts: Vec<_> = entries
        .iter()
        .map(|entry| entry.intent.account.as_ref().unwrap().as_str())
        .collect();
    assert_eq!(accounts, ["ada", "grace"]);
    for (first, second) in [
        (None, None),
        (Some("ada"), Some("ada")),
        // One that has no name may be anybody's.
        (Some("ada"), None),
        (None, Some("grace")),
    ] {
        let (entries, posts, ended) = with_accounts(first, second, missing()).await;
        assert_eq!(ended.unwrap_err().task_id().unwrap().as_str(), "task-1");
        assert_eq!(posts, 0, "{first:?} {second:?}");
        assert_eq!(entries.len(), 1, "{first:?} {second:?}");
    }
}

/// Which of several an operation goes on with.
#[tokio::test]
async fn of_several_accounts_what_may_be_charged_comes_first() {
    let journal = Arc::new(MemoryJournal::default());
    let client = builder(&Scripted::new([]), &journal).build().unwrap();
    for (account, is_sent) in [("ada", true), ("grace", false)] {
        let mut intent = intent(&client);
        intent.account = Some(account.parse().unwrap());
        intend(&*journal, &intent, is_sent).await;
    }
    for (account, found) in [
        (Some("ada"), Some("ada")),
        (Some("grace"), Some("grace")),
        (Some("katherine"), None),
        (None, Some("ada")),
    ] {
        let create = intent(&client).create_id().unwrap();
        let create = create.with_account(account.map(|name| name.parse().unwrap()));
        let entry = journal.recall(&create).await.unwrap().entry;
        let entry = entry.map(|entry| entry.intent.account.unwrap().to_string());
        assert_eq!(entry.as_deref(), found, "{account:?}");
    }
}

/// Once this key has seen the task, it would see it again.
#[tokio::test(start_paused = true)]
async fn a_task_that_this_key_has_found_and_then_no_more_is_lost() {
    let running = json(200, r#"{"id":"task-1","status":"in_progress"}"#);
    let answers = std::iter::once(running).chain((0..60).map(|_| not_found()));
    let changes = in_doubt().remove(0);
    let theirs = Theirs::gone_on_with(How::Generate, changes, answers.collect()).await;
    let error = theirs.ended.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
    assert!(!error.to_string().contains("another API key"), "{error}");
}

/// Also where the journal names the task, and this client has heard nothing of it yet.
#[tokio::test(start_paused = true)]
async fn a_handle_is_of_the_account_of_its_client() {
    let journal = Arc::new(MemoryJournal::default());
    let client = |transport: &Scripted| {
        let builder = builder(transport, &journal).account("ada");
        builder.build().unwrap()
    };
    let first = client(&Scripted::new([json(200, COMPLETED)]));
    let mut generation = first.generate(request()).start();
    let accepted = generation.accepted().await.unwrap();
    (&mut generation).await.unwrap();
    let error = client(&Scripted::new([])).generate(request()).await;
    for handle in [&accepted, error.unwrap_err().resume().unwrap()] {
        assert_eq!(handle.account, first.account().cloned());
    }
}

/// What has a name is gone on with under it, by a client that has none too.
#[tokio::test(start_paused = true)]
async fn an_entry_of_an_account_is_gone_on_with_as_of_that_account() {
    for place in [0, 1] {
        let journal = Arc::new(MemoryJournal::default());
        let transport = Scripted::new([json(200, COMPLETED)]);
        let client = builder(&transport, &journal).build().unwrap();
        for account in ["ada", "grace"] {
            let mut intent = intent(&client);
            intent.account = Some(account.parse().unwrap());
            intend(&*journal, &intent, true).await;
        }
        let before = journal.entries();
        let generation = client.resume_entry(before[place].clone());
        let mut generation = generation.start();
        let handle = generation.accepted().await.unwrap();
        generation.await.unwrap();
        let entries = journal.entries();
        assert_eq!(entries[1 - place], before[1 - place]);
        let entry = &entries[place];
        assert_eq!(entry.state.task_id().unwrap().as_str(), "task-1");
        assert_eq!(entry.handle().unwrap().account, entry.intent.account);
        assert_eq!(handle.account, before[place].intent.account);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_delivered_is_delivered_to_its_account() {
    let journal = Arc::new(MemoryJournal::default());
    let mut clients = Vec::new();
    for account in ["ada", "grace"] {
        let transport = Scripted::new([json(200, COMPLETED)]);
        let client = builder(&transport, &journal)
            .account(account)
            .build()
            .unwrap();
        client.generate(request()).await.unwrap();
        clients.push(client);
    }
    let id = "order-42".parse().unwrap();
    clients[1].delivered(&id).await.unwrap();
    let delivered = |journal: &MemoryJournal| {
        let entries = journal.entries().into_iter();
        entries.map(|entry| entry.is_delivered).collect::<Vec<_>>()
    };
    assert_eq!(delivered(&journal), [false, true]);
}
