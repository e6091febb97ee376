//! The caller's own prices, what was spent before, and a budget of one generation.

use std::sync::Arc;

use kirin_client::{Budget, ErrorKind};
use kirin_types::{Amount, GenerationRequest, MODELS};

use super::{CREATED, budget, client, request};
use crate::scripted::{Scripted, json};

fn of_model(model: &str) -> GenerationRequest {
    let request = GenerationRequest::for_model(model).parameter("prompt", "a fox");
    request.external_task_id("order-1").build().unwrap()
}

fn amount(text: &str) -> Amount {
    text.parse().unwrap()
}

#[test]
fn the_callers_price_comes_before_the_list_price() {
    let check = |own: Option<&str>, model: &str, spent: Option<&str>| {
        let own = own.map(amount);
        let budget = Budget::new(amount("10")).prices(move |_| own.clone());
        let reserved = budget.reserve(&of_model(model));
        let taken = reserved.is_ok().then(|| budget.spent().to_string());
        assert_eq!(taken.as_deref(), spent, "{model}");
    };
    let (listed, unlisted) = ("kirin_v2_5_turbo_t2v", "kirin_v1_t2v");
    check(None, listed, Some("0.21"));
    check(Some("0.19"), listed, Some("0.19"));
    check(Some("0"), listed, Some("0"));
    check(None, unlisted, None);
    check(Some("0.14"), unlisted, Some("0.14"));
    // A negative price would make room that was never allowed.
    check(Some("-5"), listed, Some("0.21"));
    check(Some("-5"), unlisted, None);
}

#[test]
fn the_callers_price_counts_also_for_what_is_remembered_and_sent_again() {
    let budget = Budget::new(amount("0.20")).prices(|_| Some("0.14".parse().unwrap()));
    let request = of_model("kirin_v1_t2v");
    drop(budget.remember(&request));
    assert_eq!(budget.spent().to_string(), "0.14");
    assert_eq!(budget.readmit(&request), Ok(()));
}

/// Most models have no price that is documented.
#[tokio::test(start_paused = true)]
async fn a_refusal_for_want_of_a_price_says_how_to_give_one() {
    let unlisted = MODELS.iter().filter(|model| model.prices.is_empty());
    assert!(unlisted.count() > 1);
    let transport = Scripted::new([]);
    let client = client(&transport, &budget("5"));
    let error = client.submit(of_model("kirin_v1_t2v")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Budget);
    assert!(error.to_string().contains("kirin_v1_t2v"), "{error}");
    let next_step = error.next_step();
    for way in ["`Budget::prices`", "`Budget::allow_unknown_prices`"] {
        assert!(next_step.contains(way), "{next_step}");
    }
    // A budget that is used up is another thing.
    let client = self::client(&transport, &budget("0.10"));
    let error = client.submit(request("order-2")).await.unwrap_err();
    assert!(!error.next_step().contains("prices"), "{error:?}");
}

#[test]
fn a_budget_begins_with_what_was_spent_before() {
    let budget = |before: &str| Budget::new(amount("0.50")).spent_before(amount(before));
    assert_eq!(budget("0.20").spent().to_string(), "0.20");
    assert!(budget("0.29").reserve(&request("order-1")).is_ok());
    assert!(budget("0.30").reserve(&request("order-1")).is_err());
    assert!(budget("-1").reserve(&request("order-1")).is_ok());
    assert_eq!(budget("-1").spent().to_string(), "0");
    // What is given back is not more than was taken.
    let begun = budget("0.20");
    begun.reserve(&request("order-1")).unwrap().release();
    assert_eq!(begun.spent().to_string(), "0.20");
    let twice = budget("0.20").spent_before(amount("0.05"));
    assert_eq!(twice.spent().to_string(), "0.25");
}

/// The budget of the client and that of the generation both have to allow it, and both count it.
#[tokio::test(start_paused = true)]
async fn a_generation_is_kept_to_its_own_budget_and_to_its_clients() {
    for (clients, own, is_sent) in [
        ("1", "1", true),
        ("1", "0.20", false),
        ("0.20", "1", false),
        ("0.21", "0.21", true),
    ] {
        let (clients, own) = (budget(clients), budget(own));
        let transport = Scripted::new(is_sent.then(|| json(200, CREATED)));
        let client = client(&transport, &clients);
        let generation = client.generate(request("order-1")).budget(own.clone());
        let accepted = generation.accepted().await;
        assert_eq!(accepted.is_ok(), is_sent);
        // What one of them refused, the other gives back.
        let spent = amount(if is_sent { "0.21" } else { "0" });
        assert_eq!((clients.spent(), own.spent()), (spent.clone(), spent));
        if let Err(error) = accepted {
            assert_eq!(error.kind(), ErrorKind::Budget);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_budget_that_is_named_twice_counts_once() {
    let both = budget("0.30");
    let transport = Scripted::new([json(200, CREATED)]);
    let client = client(&transport, &both);
    let generation = client
        .generate(request("order-1"))
        .budget(Arc::clone(&both));
    drop(generation.accepted().await.unwrap());
    assert_eq!(both.spent().to_string(), "0.21");
}
