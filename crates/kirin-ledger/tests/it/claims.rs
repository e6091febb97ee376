//! Two processes and one create.

use kirin_client::{Journal as _, JournalState};
use kirin_ledger::Claim;

use crate::support::{Desk, accept, base_url, completed, id, intent};

#[tokio::test]
async fn k5_a_create_is_this_process_s_own_until_it_ends() {
    let desk = Desk::new();
    let (mine, other) = (desk.journal(), desk.another());
    let theirs = other.journal(base_url());
    let order = id("order-42");
    mine.intent(&intent("order-42")).await.unwrap();
    for refused in [
        theirs.intent(&intent("order-42")).await,
        theirs.sent(&order).await,
        theirs.accepted(&order, &"task-1".parse().unwrap()).await,
        theirs.outcome(&order, &completed("task-1")).await,
    ] {
        let said = refused.unwrap_err().to_string();
        assert_eq!(said, "another process is at the same create");
    }
    let under_way = other.claim(&base_url(), &order).await.unwrap();
    assert!(matches!(under_way, Claim::UnderWay(..)), "{under_way:?}");
    mine.sent(&order).await.unwrap();
    mine.accepted(&order, &"task-1".parse().unwrap())
        .await
        .unwrap();
    mine.outcome(&order, &completed("task-1")).await.unwrap();
    let ended = other.claim(&base_url(), &order).await.unwrap();
    let Claim::Taken(entry) = ended else {
        panic!("{ended:?}")
    };
    assert!(entry.state.is_final());
}

#[tokio::test]
async fn k5_the_claims_of_a_process_end_with_it() {
    let mut desk = Desk::new();
    accept(&desk.journal(), "order-42", "task-1").await;
    let other = desk.another();
    let order = id("order-42");
    let claim =
        async |ledger: &kirin_ledger::Ledger| ledger.claim(&base_url(), &order).await.unwrap();
    assert!(matches!(claim(&other).await, Claim::UnderWay(..)));
    // A clone is the same opening, so both have to go.
    desk.ledger = desk.another();
    let Claim::Taken(entry) = claim(&other).await else {
        panic!("it is free")
    };
    assert!(matches!(entry.state, JournalState::Accepted(_)));
    assert!(matches!(claim(&desk.ledger).await, Claim::UnderWay(..)));
    other.release(entry.number).await.unwrap();
    assert!(matches!(claim(&desk.ledger).await, Claim::Taken(_)));
}

#[tokio::test]
async fn what_nobody_intended_is_new() {
    let desk = Desk::new();
    let claim = desk
        .ledger
        .claim(&base_url(), &id("order-42"))
        .await
        .unwrap();
    assert_eq!(claim, Claim::New);
}

#[tokio::test(flavor = "multi_thread")]
async fn c10_of_many_at_once_one_intends() {
    let desk = Desk::new();
    let attempts = (0..20).map(|_| {
        let ledger = desk.another();
        tokio::spawn(async move {
            let journal = ledger.journal(base_url());
            let intended = journal.intent(&intent("order-42")).await;
            // Whoever ended would free it.
            (ledger, intended.is_ok())
        })
    });
    let mut intended = 0;
    let mut open = Vec::new();
    for attempt in attempts.collect::<Vec<_>>() {
        let (ledger, is_ok) = attempt.await.unwrap();
        open.push(ledger);
        intended += usize::from(is_ok);
    }
    assert_eq!(intended, 1);
}
