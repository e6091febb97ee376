//! The reason this project exists: one create, one POST, one task, whatever got lost.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use kirin_client::{
    Billing, Client, Control, DuplicateIds, ErrorKind, HostCapabilities, Lookup, PollSchedule,
    machine::Notice,
};
use kirin_emulator::{Duplicates, Emulator, EmulatorConfig, VideoSize};
use kirin_transport::HyperTransport;
use kirin_types::{GenerationRequest, Timestamp};

use crate::transports::{Losing, Loss, WorldTransport};

fn request() -> GenerationRequest {
    GenerationRequest::builder("a paper boat on a rainy street")
        .external_task_id("order-42")
        .build()
        .unwrap()
}

#[tokio::test]
async fn lost_answer_ends_with_the_video_after_one_post() {
    let config = EmulatorConfig::new()
        .task_time(Duration::from_millis(50))
        .video_size(VideoSize::Small);
    let emulator = Emulator::start(config).await.unwrap();
    let (transport, creates) = Losing::new(HyperTransport::plain(), Loss::Answer);
    let client = Client::builder("any-key".parse().unwrap())
        .base_url(emulator.base_url().parse().unwrap())
        .transport(transport)
        .schedule(PollSchedule::Fixed(Duration::from_millis(20)))
        .build()
        .unwrap();

    let mut adopted = None;
    let mut generation = client.generate(request()).start();
    let mut notices = generation.notices();
    while let Some(notice) = notices.next().await {
        if let Notice::Accepted { adopted: found, .. } = notice {
            adopted = Some(found);
        }
    }
    let task = generation.await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("boat.mp4");
    client.download(&task, &path).await.unwrap();

    assert_eq!(adopted, Some(true));
    assert_eq!(&std::fs::read(path).unwrap()[4..8], b"ftyp");
    assert_eq!(creates.load(Ordering::SeqCst), 1);
    assert_eq!(emulator.statistics().creates_received, 1);
    assert_eq!(emulator.statistics().tasks_created, 1);
    assert_eq!(client.capabilities().lookup, Lookup::Proven);
    emulator.shutdown().await;
}

/// What a generation whose first create is lost comes to, by what is declared of the host.
struct Expected {
    creates_sent: usize,
    tasks_created: u64,
    resolved: bool,
}

async fn check(loss: Loss, declared: HostCapabilities, expected: Expected) {
    check_after(&[], loss, declared, expected).await;
}

/// As [`check`]; these were created before, and are declared to the client.
async fn check_after(earlier: &[&str], loss: Loss, declared: HostCapabilities, expected: Expected) {
    let config = EmulatorConfig::new()
        .duplicates(match declared.duplicate_ids {
            DuplicateIds::Refused => Duplicates::Refuse,
            DuplicateIds::Unknown => Duplicates::Accept,
        })
        .video_size(VideoSize::Small);
    let world = WorldTransport::new(config, now());
    let mut controls = Vec::new();
    for id in earlier {
        controls.push(control(world.clone(), id).await);
    }
    let before = world.statistics().tasks_created;
    let (transport, creates) = Losing::new(world.clone(), loss);
    let builder = Client::builder("any-key".parse().unwrap())
        .base_url("http://127.0.0.1:1".parse().unwrap())
        .transport(transport)
        .capabilities(declared);
    let builder = controls
        .into_iter()
        .fold(builder, |builder, control| builder.control(control));
    let client = builder.build().unwrap();

    let ended = client.generate(request()).await;

    assert_eq!(
        creates.load(Ordering::SeqCst),
        expected.creates_sent,
        "{loss:?} {declared:?}"
    );
    assert_eq!(
        world.statistics().tasks_created - before,
        expected.tasks_created,
        "{loss:?} {declared:?}"
    );
    match ended {
        Ok(task) => {
            assert!(expected.resolved, "{loss:?} {declared:?}");
            assert_eq!(task.status(), Some("completed"));
        }
        Err(error) => {
            assert!(!expected.resolved, "{loss:?} {declared:?}: {error}");
            assert_eq!(error.kind(), ErrorKind::Unresolved);
            assert_eq!(error.billing(), Billing::Unknown);
            assert_eq!(error.external_task_id().unwrap().as_str(), "order-42");
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the world's tasks are created in our own time"
)]
fn now() -> Timestamp {
    let since_epoch = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    Timestamp::from_milliseconds(since_epoch.as_millis().try_into().unwrap())
}

#[tokio::test(start_paused = true)]
async fn lost_request_on_an_unknown_host_stays_unresolved_after_one_post() {
    let unknown = HostCapabilities::default();
    check(
        Loss::Request,
        unknown,
        Expected {
            creates_sent: 1,
            tasks_created: 0,
            resolved: false,
        },
    )
    .await;
}

fn lagging() -> HostCapabilities {
    HostCapabilities::default()
        .with_lookup(Lookup::Proven)
        .with_lookup_lag(Duration::from_secs(5))
}

/// A task that another client created.
async fn control(world: Arc<WorldTransport>, id: &str) -> Control {
    let client = Client::builder("any-key".parse().unwrap())
        .base_url("http://127.0.0.1:1".parse().unwrap())
        .transport(world)
        .build()
        .unwrap();
    let request = GenerationRequest::builder("a fox").external_task_id(id);
    let generation = client.submit(request.build().unwrap()).await.unwrap();
    let task_id = generation.handle().unwrap().task_id;
    Control::new(id.parse().unwrap(), task_id)
}

/// Nothing shows that the lookup works while it finds nothing.
#[tokio::test(start_paused = true)]
async fn lost_request_on_a_host_with_a_declared_lag_and_no_control_stays_unresolved() {
    check(
        Loss::Request,
        lagging(),
        Expected {
            creates_sent: 1,
            tasks_created: 0,
            resolved: false,
        },
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn lost_request_on_a_host_with_a_declared_lag_and_a_control_is_sent_again() {
    check_after(
        &["order-41"],
        Loss::Request,
        lagging(),
        Expected {
            creates_sent: 2,
            tasks_created: 1,
            resolved: true,
        },
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn lost_request_on_a_host_that_refuses_duplicates_is_sent_again() {
    let refusing = HostCapabilities::default().with_duplicate_ids(DuplicateIds::Refused);
    check(
        Loss::Request,
        refusing,
        Expected {
            creates_sent: 2,
            tasks_created: 1,
            resolved: true,
        },
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn lost_answer_is_adopted_whatever_is_known_of_the_host() {
    for declared in [
        HostCapabilities::default(),
        HostCapabilities::default().with_lookup(Lookup::Proven),
        HostCapabilities::default().with_duplicate_ids(DuplicateIds::Refused),
    ] {
        let expected = Expected {
            creates_sent: 1,
            tasks_created: 1,
            resolved: true,
        };
        check(Loss::Answer, declared, expected).await;
    }
}

/// A host without a lookup that refuses duplicates: the second create is refused, so the task
/// exists, and its id cannot be found.
#[tokio::test(start_paused = true)]
async fn lost_answer_without_a_look_up_is_known_to_exist() {
    let declared = HostCapabilities::default()
        .with_duplicate_ids(DuplicateIds::Refused)
        .with_lookup(Lookup::Missing);
    let expected = Expected {
        creates_sent: 2,
        tasks_created: 1,
        resolved: false,
    };
    check(Loss::Answer, declared, expected).await;
}
