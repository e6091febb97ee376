//! A task that is named by either of its ids.

use std::{collections::BTreeSet, time::Duration};

use kirin_client::{Billing, Client, ErrorKind, GenerationHandle, Lookup};
use kirin_tests::canary;
use kirin_types::{Task, TaskId, TaskRef};
use tokio::time::{Instant, timeout};

use super::{COMPLETED, LONG, RUNNING, client, external};
use crate::scripted::{Answer, Scripted, json, not_found, request, shown};

const BY_EXTERNAL_ID: &str = "GET https://cloud.vtrix.ai/model/v1/generation/task/order-42";
const BY_ID: &str = "GET https://cloud.vtrix.ai/model/v1/generation/task/task-1";

/// It took two minutes, and ended with "an answer about another task".
#[tokio::test(start_paused = true)]
async fn a_task_is_waited_for_by_its_external_id() {
    let transport = Scripted::new([json(200, RUNNING), json(200, COMPLETED)]);
    let client = client(&transport);
    let began_at = Instant::now();
    let mut generation = client.wait(external("order-42")).start();
    let handle = timeout(LONG, generation.accepted()).await.unwrap().unwrap();
    assert_eq!(handle.task_id.as_str(), "task-1");
    assert_eq!(handle.external_task_id, Some(external("order-42")));
    assert_eq!(began_at.elapsed(), Duration::ZERO);
    let task = timeout(LONG, generation).await.unwrap().unwrap();
    assert_eq!(task.status(), Some("completed"));
    assert_eq!(transport.calls(), [BY_EXTERNAL_ID, BY_ID]);
    assert_eq!(began_at.elapsed(), Duration::from_secs(5));
    assert_eq!(client.capabilities().lookup, Lookup::Proven);
}

#[tokio::test(start_paused = true)]
async fn each_way_to_name_a_task_is_waited_for_and_queried() {
    let task = Task::from_json(RUNNING.as_bytes()).unwrap();
    let id: TaskId = "task-1".parse().unwrap();
    let order = external("order-42");
    let key: kirin_client::ApiKey = canary::key().parse().unwrap();
    let base_url = kirin_client::BaseUrl::default();
    let handle = GenerationHandle::new(base_url, key.fingerprint(), id.clone());
    let names: [(TaskRef, &str); 6] = [
        (id.clone().into(), BY_ID),
        ((&id).into(), BY_ID),
        ((&task).into(), BY_ID),
        ((&handle).into(), BY_ID),
        (order.clone().into(), BY_EXTERNAL_ID),
        ((&order).into(), BY_EXTERNAL_ID),
    ];
    for (name, call) in names {
        let transport = Scripted::new([json(200, COMPLETED), json(200, COMPLETED)]);
        let client = client(&transport);
        assert_eq!(client.query(&name).await.unwrap().id(), &id);
        let waited = timeout(LONG, client.wait(name)).await.unwrap();
        assert_eq!(waited.unwrap().id(), &id);
        assert_eq!(transport.calls(), [call, call]);
    }
}

/// What the service says of one task is no answer about another.
#[tokio::test(start_paused = true)]
async fn a_query_takes_no_answer_about_another_task() {
    let named = r#"{"id":"task-1","status":"completed","metadata":{"external_task_id":"order-1"}}"#;
    let other: TaskRef = "task-2".parse::<TaskId>().unwrap().into();
    for (asked, answer) in [(other, RUNNING), (external("order-42").into(), named)] {
        let transport = Scripted::new([json(200, answer)]);
        let error = client(&transport).query(asked).await.unwrap_err();
        shown(&error);
        assert_eq!(error.kind(), ErrorKind::CannotQuery);
        assert!(error.to_string().contains("another task"), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_task_that_is_not_known_by_its_external_id_is_told_by_that() {
    let transport = Scripted::new([not_found()]);
    let asked = external("order-42");
    let error = client(&transport).query(&asked).await.unwrap_err();
    shown(&error);
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert_eq!((error.task_id(), error.billing()), (None, Billing::Unknown));
    assert_eq!(error.external_task_id(), Some(&asked));
    assert_eq!(
        error.to_string(),
        "the service does not know task order-42. If it was created, it may have been charged. \
         Check the id, the base URL and the API key, then query the task again"
    );
}

/// A look-up that finds a task by its own id proves nothing of one by an external id, so nothing is proved
/// absent by it: a create may have been charged.
#[tokio::test(start_paused = true)]
async fn a_task_that_was_asked_for_by_its_own_id_as_an_external_one_is_no_control() {
    let by_own = r#"{"id":"task-7","status":"in_progress"}"#;
    let transport = Scripted::new([json(200, by_own)]);
    let client = client(&transport);
    let mut generation = client.wait(external("task-7")).start();
    let handle = timeout(LONG, generation.accepted()).await.unwrap().unwrap();
    assert_eq!(handle.external_task_id, None);
    assert_eq!(client.capabilities().lookup, Lookup::Unproven);
    drop(generation);

    // On a host whose look-up works, a lost create is sent again only beside a control.
    let misses = (0..20).map(|_| not_found());
    let transport = Scripted::new(
        [
            json(200, by_own),
            Answer::Fail(kirin_transport::Sent::Maybe),
        ]
        .into_iter()
        .chain(misses),
    );
    let capabilities = kirin_client::HostCapabilities::default()
        .with_lookup(Lookup::Proven)
        .with_lookup_lag(Duration::ZERO);
    let client = Client::builder(canary::key().parse().unwrap())
        .transport(transport.clone())
        .capabilities(capabilities)
        .build()
        .unwrap();
    let mut generation = client.wait(external("task-7")).start();
    timeout(LONG, generation.accepted()).await.unwrap().unwrap();
    let error = timeout(LONG, client.generate(request())).await.unwrap();
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Unresolved);
    let asked: BTreeSet<_> = transport.calls().into_iter().skip(2).collect();
    assert!(
        asked.iter().all(|call| !call.contains("task-7")),
        "{asked:?}"
    );
}
