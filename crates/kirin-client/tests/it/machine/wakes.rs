//! What wakes a machine that waits for an accepted task.

use std::time::Duration;

use kirin_client::machine::{Action, Event, Machine, Notice, Outcome};

use super::{
    answers::{COMPLETED, IN_PROGRESS, created, query_rate_limit, task},
    script::{Script, proven, seconds, with},
    waiting::{accepted, poll},
};

#[test]
fn a_thousand_wakes_are_one_query_a_second() {
    let mut script = accepted();
    let mut asked = Vec::new();
    for _ in 0..1000 {
        script.after(Duration::from_millis(10)).wake();
        if let Action::Wait { until } = script.machine.action()
            && until <= script.now
        {
            asked.push(script.wait());
            script.wake();
            script.query(task(IN_PROGRESS));
        }
    }
    assert_eq!(asked.len(), 10, "{asked:?}");
    for pair in asked.windows(2) {
        assert!(pair[1] - pair[0] >= seconds(1), "{asked:?}");
    }
}

#[test]
fn a_wake_makes_a_query_sooner_and_never_later() {
    let mut script = accepted();
    assert_eq!(script.until(), seconds(5));
    script.after(seconds(3)).wake();
    assert_eq!(script.until(), seconds(3));
    script.after(seconds(30)).wake();
    assert_eq!(script.until(), seconds(3));
}

/// A query's answer may be older than the wake that came while it was under way.
#[test]
fn a_wake_during_a_query_is_followed_by_another_query() {
    let mut script = accepted();
    script.wait();
    script.after(Duration::from_millis(200)).wake();
    script.after(Duration::from_millis(100));
    script.query(task(IN_PROGRESS));
    assert_eq!(script.wait(), seconds(6));
    script.query(task(IN_PROGRESS));
    assert_eq!(script.until(), seconds(11), "one query was enough");
}

#[test]
fn a_wake_shortly_after_a_query_waits_for_the_shortest_gap() {
    let mut script = accepted();
    poll(&mut script, task(IN_PROGRESS));
    script.after(Duration::from_millis(10)).wake();
    assert_eq!(script.until(), seconds(6));
}

/// Wakes that change nothing any more are not told either.
#[test]
fn only_the_first_of_many_wakes_is_told() {
    let mut script = accepted();
    let notices: Vec<_> = (0..1000).map(|_| script.tell(Event::Woken)).collect();
    assert_eq!(notices[0], Notice::Woken);
    assert!(notices[1..].iter().all(|it| *it == Notice::Nothing));
}

/// Otherwise ten wakes in ten seconds of trouble would use up the failures that are forgiven.
#[test]
fn a_wake_does_not_shorten_the_wait_after_trouble() {
    let mut script = accepted();
    poll(&mut script, query_rate_limit("42"));
    let until = script.until();
    script.after(seconds(2)).wake();
    assert_eq!(script.until(), until);
    poll(&mut script, task(IN_PROGRESS));
    assert_eq!(script.until() - script.now, seconds(5));
}

#[test]
fn a_callback_before_the_answer_makes_the_first_query_early() {
    let mut script = Script::generate(with(proven()));
    script.after(seconds(1)).wake();
    script.after(seconds(1)).create(created(IN_PROGRESS));
    assert_eq!(script.wait(), seconds(3));
    script.query(task(COMPLETED));
    assert!(matches!(script.outcome(), Outcome::Completed(_)));
}

/// Written down by a version that did not remember wakes.
#[test]
fn a_machine_without_the_memory_of_wakes_is_read() {
    let script = accepted();
    let written = serde_json::to_string(&script.machine).unwrap();
    let older = written.replace(r#","woken":false"#, "");
    assert_ne!(older, written);
    let machine: Machine = serde_json::from_str(&older).unwrap();
    assert_eq!(machine, script.machine);
}
