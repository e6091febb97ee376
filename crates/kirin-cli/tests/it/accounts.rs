//! Several keys of one user, and the creates that other programs have made for several accounts.

use std::path::Path;

use kirin_client::{ApiKey, machine::SendReason};
use kirin_client::{BaseUrl, Intent, Journal as _, JournalChange, JournalWrite, OperationId};
use kirin_ledger::Ledger;
use kirin_types::GenerationRequest;
use tempfile::TempDir;

use crate::{
    kirin::{Kirin, Run},
    service::{Answer, Server, TASK},
};

const CREATE: [&str; 4] = ["create", "a fox", "--external-task-id", "order-42"];

/// What a service has, and the home of a person.
struct Desk {
    server: Server,
    home: TempDir,
}

impl Desk {
    /// Its create is lost, and its look-ups find what is there.
    fn new(is_there: bool) -> Self {
        let server =
            Server::start(
                move |request, base_url| match (request.starts_with("POST"), is_there) {
                    (true, _) => Answer::Close,
                    (false, true) => Answer::completed(base_url),
                    (false, false) => Answer::Json(404, r#"{"message": "no such task"}"#.into()),
                },
            );
        let home = tempfile::tempdir().unwrap();
        Self { server, home }
    }

    fn kirin(&self, arguments: &[&str]) -> Run {
        self.at_home(arguments).at(&self.server.base_url).run()
    }

    /// Nothing is looked up, so that no test waits for it.
    fn without_lookups(&self, key: &str, arguments: &[&str]) -> Run {
        let base_url = &self.server.base_url;
        let configuration = format!("[hosts.\"{base_url}\"]\nlookup = \"missing\"\n");
        let kirin = self.at_home(arguments).at(base_url);
        let kirin = kirin.with_file("config.toml", &configuration);
        let kirin = kirin.env("KIRIN_CONFIG", "config.toml");
        kirin.env("KIRIN_API_KEY", key).run()
    }

    fn at_home(&self, arguments: &[&str]) -> Kirin {
        let kirin = Kirin::new().args(arguments);
        kirin.env("HOME", self.home.path())
    }

    /// Another program has made these creates under one id, each for an account; its key is this person's.
    fn with_accounts(self, accounts: &[(&str, JournalChange)]) -> Self {
        let path = self.home.path().join(".local/share/kirin/ledger.sqlite3");
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let base_url: BaseUrl = self.server.base_url.parse().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        runtime.unwrap().block_on(write(&path, base_url, accounts));
        assert!(Ledger::wait_until_closed());
        self
    }
}

async fn write(path: &Path, base_url: BaseUrl, accounts: &[(&str, JournalChange)]) {
    let ledger = Ledger::open(path).unwrap();
    let journal = ledger.journal(base_url.clone());
    for ((account, change), number) in accounts.iter().zip(1..) {
        let request = GenerationRequest::builder("a fox").external_task_id("order-42");
        let key: ApiKey = kirin_tests::canary::key().parse().unwrap();
        let request = request.build().unwrap();
        let mut intent = Intent::new(request, base_url.clone(), key.fingerprint(), None).unwrap();
        intent.account = Some(account.parse().unwrap());
        let create = intent.create_id().unwrap();
        for change in [JournalChange::Intend(Box::new(intent)), change.clone()] {
            let write = JournalWrite::new(create.clone(), OperationId::new(7, number), change);
            journal.write(&write).await.unwrap();
        }
    }
}

fn accepted(task: &str) -> JournalChange {
    JournalChange::Accept(task.parse().unwrap())
}

fn sent() -> JournalChange {
    JournalChange::Send {
        attempt: 1,
        reason: SendReason::Unsent,
    }
}

/// A new key is of the same user: what was lost with the old one is looked up, and never sent again by itself.
#[test]
fn a_create_of_another_key_is_looked_up_with_this_one_and_not_sent() {
    for is_there in [true, false] {
        let desk = Desk::new(is_there);
        desk.without_lookups("an-older-key", &CREATE).ended_with(11);
        assert_eq!(desk.server.creates(), 1);
        if is_there {
            let run = desk.kirin(&CREATE).ended_with(0);
            assert!(run.stdout.contains(TASK), "{run:#?}");
        } else {
            let run = desk.without_lookups(kirin_tests::canary::key(), &CREATE);
            let run = run.ended_with(11);
            assert!(run.stderr.contains("another API key"), "{run:#?}");
            assert!(!run.stderr.contains("ClientBuilder"), "{run:#?}");
        }
        assert_eq!(desk.server.creates(), 1);
    }
}

#[test]
fn accounts_are_distinguished_where_creates_are_listed() {
    let accounts = [("ada", accepted("task-1")), ("grace", accepted("task-2"))];
    let desk = Desk::new(true).with_accounts(&accounts);
    let shown = desk
        .at_home(&["show", "order-42", "--json"])
        .run()
        .ended_with(0);
    let reports: Vec<serde_json::Value> = shown
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let of_each: Vec<_> = reports
        .iter()
        .map(|it| (&it["account"], &it["id"]))
        .collect();
    assert_eq!(of_each.len(), 2);
    assert_eq!(
        (of_each[0].0, of_each[0].1),
        (&"ada".into(), &"task-1".into())
    );
    assert_eq!(
        (of_each[1].0, of_each[1].1),
        (&"grace".into(), &"task-2".into())
    );
    let shown = desk
        .at_home(&["show", "order-42"])
        .run()
        .ended_with(0)
        .stdout;
    assert!(shown.contains("account           ada"), "{shown}");
    let listed = desk.at_home(&["list"]).run().ended_with(0).stdout;
    let head = listed.lines().next().unwrap();
    assert!(head.contains("ID") && head.contains("ACCOUNT"), "{listed}");
    assert!(listed.contains("grace"), "{listed}");
}

/// One of several is taken for none that is meant: not for money, and not to wait for.
#[test]
fn of_several_accounts_under_one_id_none_is_taken_unasked() {
    let accounts = [("ada", accepted("task-1")), ("grace", accepted(TASK))];
    let desk = Desk::new(true).with_accounts(&accounts);
    for arguments in [&CREATE[..], &["wait", "order-42"]] {
        let run = desk.kirin(arguments).ended_with(2);
        assert!(run.stderr.contains("several accounts"), "{run:#?}");
        assert!(run.stderr.contains("  kirin show order-42"), "{run:#?}");
        assert_eq!(desk.server.requests(), [""; 0], "{arguments:?}");
    }
    // The task has one id that nothing else has.
    let run = desk.kirin(&["wait", TASK]).ended_with(0);
    assert_eq!(run.stdout, "completed\n");
}

#[test]
fn creates_of_several_accounts_in_doubt_are_not_sent_again_at_once() {
    let accounts = [("ada", sent()), ("grace", sent())];
    let desk = Desk::new(false).with_accounts(&accounts);
    let run = desk.kirin(&["resolve", "order-42", "--send-again"]);
    let run = run.ended_with(2);
    assert!(run.stderr.contains("several accounts"), "{run:#?}");
    assert_eq!(desk.server.creates(), 0);
}
