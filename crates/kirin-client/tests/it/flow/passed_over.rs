//! Who waits for a place among the parallel tasks and is not polled stops nobody.

use std::{
    future::{Future, IntoFuture},
    num::NonZeroU32,
    task::Poll,
    time::Duration,
};

use kirin_client::{Client, Generation};
use kirin_transport::Sent;
use kirin_types::TaskId;
use tokio::{task::JoinHandle, time::Instant};

use super::{Ended, Service, TASK_TIME, ended, request, start};

/// A client whose only place is taken, by the limit of its caller or one that the service taught.
async fn with_one_place(is_taught: bool) -> (Service, Client, JoinHandle<Ended>) {
    let service = Service::new(if is_taught { 1 } else { usize::MAX });
    let builder = match is_taught {
        true => service.builder(),
        false => service.builder().parallel_tasks(NonZeroU32::MIN),
    };
    let client = builder.build().unwrap();
    let mut running = start(&client, 0..1).await;
    // It is refused where there is a limit to be learned.
    let refused = start(&client, 1000..1001).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    refused.iter().for_each(JoinHandle::abort);
    (service, client, running.remove(0))
}

/// Polls a generation once, as a `select!` that chose another branch does.
async fn poll_once(generation: &mut Generation) {
    let polled = tokio::time::timeout(Duration::ZERO, generation).await;
    assert!(polled.is_err(), "{polled:?}");
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_a_place_and_is_not_polled_is_passed_over() {
    for is_taught in [false, true] {
        let (service, client, running) = with_one_place(is_taught).await;
        let mut held: Vec<_> = (1..50)
            .map(|number| client.generate(request(number)).start())
            .collect();
        for generation in &mut held {
            poll_once(generation).await;
        }
        let later = start(&client, 50..52).await;
        let began_at = Instant::now();
        running.await.unwrap().unwrap();
        ended(later).await;
        // Two tasks one after the other, the lateness of their queries, and a few seconds for the places.
        let took = began_at.elapsed();
        assert!(took < TASK_TIME * 3 + Duration::from_secs(20), "{took:?}");
        assert_eq!(service.order(), ["order-0", "order-50", "order-51"]);
        assert_eq!(service.state().most_at_once, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn who_was_passed_over_is_first_again_when_it_is_polled() {
    for is_taught in [false, true] {
        let (service, client, running) = with_one_place(is_taught).await;
        let mut held = client.generate(request(1)).start();
        poll_once(&mut held).await;
        let later = start(&client, 2..5).await;
        running.await.unwrap().unwrap();
        let created = async {
            while service.order().len() < 2 {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        };
        let created = tokio::time::timeout(TASK_TIME, created).await;
        created.expect("it is passed over");
        let held = tokio::spawn(held.into_future());
        held.await.unwrap().unwrap();
        ended(later).await;
        assert_eq!(service.order()[..3], ["order-0", "order-2", "order-1"]);
        assert_eq!(service.order().len(), 5);
        assert_eq!(service.state().most_at_once, 1);
    }
}

/// As `buffer_unordered` does it: the others are not polled while the body of its loop runs.
#[tokio::test(start_paused = true)]
async fn a_loop_over_unordered_generations_may_generate_another() {
    for is_taught in [false, true] {
        let (service, client, running) = with_one_place(is_taught).await;
        let mut buffered: Vec<_> = (1..4)
            .map(|number| client.generate(request(number)).into_future())
            .map(Box::pin)
            .collect();
        running.await.unwrap().unwrap();
        let mut number = 4;
        while !buffered.is_empty() {
            let first = std::future::poll_fn(|context| {
                let mut polled = buffered.iter_mut().enumerate();
                let ended = polled.find_map(|(index, it)| match it.as_mut().poll(context) {
                    Poll::Ready(ended) => Some((index, ended)),
                    Poll::Pending => None,
                });
                ended.map_or(Poll::Pending, Poll::Ready)
            });
            let (index, outcome) = first.await;
            outcome.unwrap();
            drop(buffered.swap_remove(index));
            client.generate(request(number)).await.unwrap();
            number += 1;
        }
        assert_eq!(service.order().len(), 7);
        assert_eq!(service.state().most_at_once, 1);
    }
}

/// Nothing of it runs at the service: it waits for its turn, or for its next attempt.
#[tokio::test(start_paused = true)]
async fn who_has_a_place_and_created_nothing_loses_it_when_it_is_not_polled() {
    let service = Service::new(usize::MAX);
    let client = service
        .builder()
        .parallel_tasks(NonZeroU32::MIN)
        .requests_per_second(NonZeroU32::new(1))
        .build()
        .unwrap();
    // It takes the turn of this second.
    let unknown: TaskId = "task-7".parse().unwrap();
    client.query(&unknown).await.unwrap_err();
    let mut waits_for_its_turn = client.generate(request(1)).start();
    poll_once(&mut waits_for_its_turn).await;
    ended(start(&client, 2..3).await).await;
    assert_eq!(service.order(), ["order-2"]);

    service.state().down = Some(Sent::No);
    let mut waits_for_its_next_attempt = client.generate(request(3)).start();
    let time = Duration::from_millis(1500);
    let awaited = tokio::time::timeout(time, &mut waits_for_its_next_attempt).await;
    assert!(awaited.is_err(), "nothing can be sent");
    assert!(service.creates() > 1);
    service.state().down = None;
    ended(start(&client, 4..5).await).await;
    assert_eq!(service.order(), ["order-2", "order-4"]);

    waits_for_its_turn.await.unwrap();
    waits_for_its_next_attempt.await.unwrap();
    assert_eq!(service.state().most_at_once, 1);
}
