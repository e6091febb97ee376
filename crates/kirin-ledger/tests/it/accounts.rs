//! Accounts: the ids of one user are not those of another.

use kirin_client::{
    Intent, Journal as _, JournalChange, JournalState, JournalWrite, OperationId, TakenBack,
    machine::SendReason,
};
use kirin_ledger::{Claim, Entry, LedgerError};

use crate::support::{Desk, base_url, id, intent, new_operation};

const OTHER_KEY: &str = "fedcba9876543210";

/// An account's create under this id, with a key of its own.
fn of_account(external_task_id: &str, account: Option<&str>, key: &str) -> Intent {
    let mut intent = intent(external_task_id);
    intent.account = account.map(|name| name.parse().unwrap());
    intent.key = key.parse().unwrap();
    intent
}

async fn write(desk: &Desk, intent: &Intent, operation: OperationId, change: JournalChange) {
    let write = JournalWrite::new(intent.create_id().unwrap(), operation, change);
    let written = desk.ledger.journal(base_url()).write(&write).await;
    written.unwrap_or_else(|error| panic!("{error}"));
}

/// Intends it; the operation has ended then.
async fn intend(desk: &Desk, intent: &Intent) -> OperationId {
    let operation = new_operation();
    let change = JournalChange::Intend(Box::new(intent.clone()));
    write(desk, intent, operation, change).await;
    operation
}

fn accept(task: &str) -> JournalChange {
    JournalChange::Accept(task.parse().unwrap())
}

fn accounts(entries: &[Entry]) -> Vec<Option<&str>> {
    let account = |entry| -> Option<&str> { Option::as_ref(entry).map(AsRef::as_ref) };
    entries
        .iter()
        .map(|entry| account(&entry.account))
        .collect()
}

/// All that reads entries by an external id tells them apart.
#[tokio::test]
async fn two_accounts_have_an_entry_each_under_one_id() {
    let desk = Desk::new();
    let ada = of_account("order-42", Some("ada"), "0123456789abcdef");
    let grace = of_account("order-42", Some("grace"), OTHER_KEY);
    let (of_ada, of_grace) = (intend(&desk, &ada).await, intend(&desk, &grace).await);
    write(&desk, &grace, of_grace, accept("task-2")).await;
    write(&desk, &ada, of_ada, accept("task-1")).await;

    let found = desk.ledger.find("order-42").await.unwrap();
    assert_eq!(accounts(&found), [Some("ada"), Some("grace")]);
    for (entry, (intent, task)) in found.iter().zip([(&ada, "task-1"), (&grace, "task-2")]) {
        assert_eq!(entry.task_id.as_ref().unwrap().as_str(), task);
        assert_eq!(entry.key, intent.key);
        assert_eq!(entry.handle().unwrap().account, intent.account);
        let kept = desk.ledger.journal_entry(entry.number).await.unwrap();
        assert_eq!(kept.intent.account, intent.account);
        assert_eq!(kept.handle(), entry.handle());
        let create = intent.create_id().unwrap();
        let recalled = desk.ledger.journal(base_url()).recall(&create).await;
        assert_eq!(recalled.unwrap().entry, Some(kept));
    }
    // It survives.
    let again = desk.another().entries().await.unwrap();
    assert_eq!(accounts(&again), [Some("ada"), Some("grace")]);
}

#[tokio::test]
async fn two_keys_of_no_account_or_of_one_have_one_entry() {
    for account in [None, Some("ada")] {
        let desk = Desk::new();
        let first = of_account("order-42", account, "0123456789abcdef");
        let second = of_account("order-42", account, OTHER_KEY);
        let operation = intend(&desk, &first).await;
        let journal = desk.ledger.journal(base_url());
        let recalled = journal.recall(&second.create_id().unwrap()).await.unwrap();
        let entry = recalled.entry.unwrap();
        assert_eq!(entry.intent.key, first.key);
        // Whichever key finds it has it.
        journal.operation_ended(&operation);
        write(&desk, &second, new_operation(), accept("task-1")).await;
        let [entry] = <[_; 1]>::try_from(desk.ledger.entries().await.unwrap()).unwrap();
        assert_eq!(entry.key, second.key);
        assert_eq!(
            entry.state,
            JournalState::Accepted("task-1".parse().unwrap())
        );
    }
}

/// A name does not make room.
#[tokio::test]
async fn the_budget_of_a_day_counts_all_accounts() {
    let desk = Desk::new();
    let ada = of_account("order-42", Some("ada"), "0123456789abcdef");
    let grace = of_account("order-42", Some("grace"), OTHER_KEY);
    let limited = desk.ledger.journal(base_url());
    let limited = limited.budget_per_day("0.41".parse().unwrap());
    let mut written = Vec::new();
    for intent in [ada, grace] {
        let change = JournalChange::Intend(Box::new(intent.clone()));
        let create = intent.create_id().unwrap();
        let write = JournalWrite::new(create, new_operation(), change);
        written.push(limited.write(&write).await);
    }
    written[0].as_ref().unwrap();
    let refused = written[1].as_ref().unwrap_err().to_string();
    assert!(refused.contains("0.21 of the 0.41 USD"), "{refused}");
}

/// A create of these tests, as far as it came.
#[derive(Clone, Copy, Debug)]
enum Made {
    Intended,
    /// Refused, and to be looked up once more: something on the way may have sent it twice.
    Refused,
    Sent,
}

async fn make(desk: &Desk, account: &str, made: Made) {
    let intent = of_account("order-42", Some(account), OTHER_KEY);
    let operation = intend(desk, &intent).await;
    let (attempt, reason) = (1, SendReason::Unsent);
    let send = JournalChange::Send { attempt, reason };
    let why = TakenBack::Refused;
    let refused = JournalChange::TakeBack {
        attempt,
        why,
        reason,
    };
    let changes = match made {
        Made::Intended => vec![],
        Made::Refused => vec![send, refused],
        Made::Sent => vec![send],
    };
    for change in changes {
        write(desk, &intent, operation, change).await;
    }
    desk.ledger.journal(base_url()).operation_ended(&operation);
}

/// What may be charged comes before what created nothing, then the latest.
#[tokio::test]
async fn of_several_entries_under_one_id_the_one_that_matters_most_is_claimed() {
    for charged in [Made::Sent, Made::Refused] {
        assert_claimed("ada", [("ada", charged), ("grace", Made::Intended)]).await;
        assert_claimed("ada", [("grace", Made::Intended), ("ada", charged)]).await;
    }
    assert_claimed("ada", [("grace", Made::Intended), ("ada", Made::Intended)]).await;
    assert_claimed("ada", [("grace", Made::Sent), ("ada", Made::Refused)]).await;
}

async fn assert_claimed(account: &str, in_order: [(&str, Made); 2]) {
    let desk = Desk::new();
    for (account, made) in in_order {
        make(&desk, account, made).await;
    }
    let claim = desk.ledger.claim(&base_url(), &id("order-42")).await;
    let Claim::Taken(entry) = claim.unwrap() else {
        panic!("it is free")
    };
    assert_eq!(accounts(&[*entry]), [Some(account)], "{in_order:?}");
}

/// Of several, what may be charged is claimed before what created nothing; by its number, each.
#[tokio::test]
async fn an_entry_of_several_accounts_is_claimed_by_its_number() {
    let desk = Desk::new();
    let journal = desk.ledger.journal(base_url());
    for (account, task) in [("ada", None), ("grace", Some("task-1")), ("edith", None)] {
        let intent = of_account("order-42", Some(account), OTHER_KEY);
        let operation = intend(&desk, &intent).await;
        if let Some(task) = task {
            write(&desk, &intent, operation, accept(task)).await;
        }
        journal.operation_ended(&operation);
    }
    let Claim::Taken(entry) = desk
        .ledger
        .claim(&base_url(), &id("order-42"))
        .await
        .unwrap()
    else {
        panic!("it is free")
    };
    assert_eq!(accounts(&[*entry]), [Some("grace")]);

    let other = desk.another();
    for (number, is_free) in [(1, true), (2, false), (3, true)] {
        let claim = other.claim_entry(number).await.unwrap();
        assert_eq!(matches!(claim, Claim::Taken(_)), is_free, "{claim:?}");
        assert_eq!(matches!(claim, Claim::UnderWay(..)), !is_free, "{claim:?}");
    }
    let error = other.claim_entry(4).await.unwrap_err();
    assert!(matches!(error, LedgerError::NoSuchEntry), "{error}");
}
