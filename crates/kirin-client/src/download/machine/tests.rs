//! What holds in every state: a wrong event is an error and changes nothing.

use http::Response;

use super::*;

/// How late a store may be.
const LAG: Duration = Duration::from_secs(120);

fn settings() -> Settings {
    Settings {
        can_discard: true,
        is_video: true,
        jitter_seed: 7,
        lag: LAG,
        attempts: None,
        trusted: Trusted::default(),
        max_bytes: 1000,
    }
}

fn head(status: u16, headers: &[(&str, &str)]) -> Event {
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    let (head, ()) = response.body(()).unwrap().into_parts();
    Event::Answered(Box::new(head))
}

const TAG: (&str, &str) = ("etag", "\"v1\"");

/// A beginning that may become a video.
fn data() -> Bytes {
    Bytes::from_static(b"\0\0\0\x10ftypisom")
}

/// A machine after these events, an hour apart from each other so that no time is left to wait.
fn after(events: Vec<Event>) -> Machine {
    let url = "https://example.com/a.mp4".to_owned();
    let mut machine = Machine::new(url, Received::default(), settings());
    for (hour, event) in (1..).zip(events) {
        machine
            .handle(Duration::from_secs(3600 * hour), event)
            .unwrap();
    }
    machine
}

fn events() -> [(&'static str, Event); 7] {
    [
        ("answered", head(500, &[])),
        ("discarded", Event::Discarded),
        ("ended", Event::Ended),
        ("failed", Event::Failed("reset".into())),
        ("received", Event::Received(data())),
        ("refreshed", Event::Refreshed(None)),
        ("timed out", Event::TimedOut),
    ]
}

#[test]
fn wrong_events_are_errors_and_change_nothing() {
    let received = || vec![head(200, &[TAG]), Event::Received(data())];
    let with = |event: Event| {
        let mut events = received();
        events.extend([Event::Failed("reset".into()), Event::TimedOut, event]);
        events
    };
    for (state, made_by, right) in [
        (
            "requesting",
            vec![],
            &["answered", "failed", "timed out"][..],
        ),
        (
            "receiving",
            received(),
            &["ended", "failed", "received", "timed out"],
        ),
        (
            "paused",
            vec![Event::Failed("reset".into())],
            &["timed out"],
        ),
        ("refreshing", vec![head(403, &[])], &["failed", "refreshed"]),
        ("discarding", with(head(206, &[])), &["discarded"]),
        (
            "discarding, body at hand",
            with(head(200, &[])),
            &["discarded"],
        ),
        (
            "finished",
            vec![head(200, &[("content-length", "1001")])],
            &[],
        ),
    ] {
        for (name, event) in events() {
            // Events cannot be copied, so the machine is made again.
            let mut machine = after(made_by.iter().map(copy).collect());
            let before = format!("{machine:?}");
            let told = machine.handle(Duration::from_secs(3600 * 24), event);
            assert_eq!(told.is_ok(), right.contains(&name), "{state}, {name}");
            if told.is_err() {
                assert_eq!(format!("{machine:?}"), before, "{state}, {name}");
            }
        }
    }
}

fn copy(event: &Event) -> Event {
    match event {
        Event::Answered(head) => Event::Answered(head.clone()),
        Event::Discarded => Event::Discarded,
        Event::Ended => Event::Ended,
        Event::Failed(reason) => Event::Failed(reason.clone()),
        Event::Received(data) => Event::Received(data.clone()),
        Event::Refreshed(url) => Event::Refreshed(url.clone()),
        Event::TimedOut => Event::TimedOut,
    }
}

#[test]
fn time_that_is_not_over_is_not_over() {
    for made_by in [
        vec![],
        vec![head(200, &[TAG])],
        vec![Event::Failed("reset".into())],
    ] {
        let hours = made_by.len() as u64;
        let mut machine = after(made_by);
        let early = Duration::from_secs(3600 * hours) + Duration::from_millis(499);
        assert!(machine.handle(early, Event::TimedOut).is_err());
    }
}

#[test]
fn attempts_end_after_five_that_brought_nothing() {
    let mut machine = after(vec![]);
    let mut attempts = 0;
    while !matches!(machine.action(), Action::Finished(_)) {
        let event = match machine.action() {
            Action::Wait { until } => {
                machine.handle(until, Event::TimedOut).unwrap();
                continue;
            }
            _ => head(503, &[("retry-after", "120")]),
        };
        attempts += 1;
        let told = machine.handle(machine.now, event).unwrap();
        if let Some(DownloadEvent::Retrying { wait, .. }) = told {
            assert_eq!(wait, Duration::from_secs(120));
        }
    }
    assert_eq!(attempts, 5);
}

#[test]
fn only_a_request_that_follows_another_is_a_repeat() {
    let is_repeat = |machine: &Machine| match machine.action() {
        Action::Request { is_repeat, .. } => is_repeat,
        other => panic!("{other:?}"),
    };
    let redirect = || head(302, &[("location", "https://example.com/b.mp4")]);
    assert!(!is_repeat(&after(vec![])));
    assert!(!is_repeat(&after(vec![redirect()])));
    let again = vec![Event::Failed("reset".into()), Event::TimedOut];
    assert!(is_repeat(&after(again)));
}

/// The waits between the requests of an output that is never there, and how that ends.
fn never_there(status: u16, lag: Duration) -> (Vec<u64>, DownloadErrorKind) {
    let url = "https://example.com/a.mp4".to_owned();
    let mut machine = Machine::new(
        url.clone(),
        Received::default(),
        Settings { lag, ..settings() },
    );
    let (mut waits, mut refreshes) = (Vec::new(), 0);
    loop {
        let (elapsed, event) = match machine.action() {
            Action::Finished(Err(failure)) => {
                assert_eq!(
                    refreshes,
                    waits.len() + 1,
                    "the task is asked before each request"
                );
                return (waits, failure.kind);
            }
            Action::Wait { until } => (until, Event::TimedOut),
            Action::Refresh => {
                refreshes += 1;
                (machine.now, Event::Refreshed(Some(url.clone())))
            }
            Action::Request { .. } => (machine.now, head(status, &[])),
            other => panic!("{other:?}"),
        };
        if let Some(DownloadEvent::Retrying { wait, .. }) = machine.handle(elapsed, event).unwrap()
        {
            waits.push(wait.as_secs());
        }
    }
}

#[test]
fn a_store_that_is_late_is_waited_for_with_growing_gaps_for_two_minutes() {
    for status in [403, 404] {
        let (waits, end) = never_there(status, LAG);
        assert_eq!(waits, [1, 2, 4, 8, 16, 30, 30, 29], "HTTP {status}");
        assert_eq!(end, DownloadErrorKind::NotYetThere);
    }
}

#[test]
fn what_is_gone_or_old_is_not_waited_for() {
    for (status, lag) in [(410, LAG), (403, Duration::ZERO), (404, Duration::ZERO)] {
        let (waits, end) = never_there(status, lag);
        assert_eq!(
            (waits, end),
            (vec![], DownloadErrorKind::Expired),
            "HTTP {status}"
        );
    }
}
