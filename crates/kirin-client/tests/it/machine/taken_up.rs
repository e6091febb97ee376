//! A machine in a process whose clock begins again: the wall time that has passed counts.

use kirin_client::{
    BaseUrl, HostCapabilities, PollSchedule,
    machine::{Action, Event, Machine, Notice, Outcome},
    wire::{Endpoint, Exchange},
};
use kirin_tests::canary;
use kirin_types::Timestamp;

use super::{
    answers::{ID, IN_PROGRESS, STARTED_AT, query_status, task},
    script::{Script, lost_on, proven, seconds, settings},
};

/// So many seconds after the start.
fn at(seconds: i64) -> Option<Timestamp> {
    Some(Timestamp::from_milliseconds(STARTED_AT + seconds * 1000))
}

/// It asked its task at 12 s, by a clock that was read there, and waits for 600 s.
fn waiting() -> Machine {
    let mut settings = settings();
    settings.schedule = PollSchedule::Fixed(seconds(600));
    settings.deadline = Some(seconds(900));
    let mut script = Script::resume(settings);
    let clocks_read = Event::ClocksRead {
        ours: at(12).unwrap(),
        service: None,
    };
    script.after(seconds(12)).query(task(IN_PROGRESS));
    script.machine.handle(seconds(12), clocks_read).unwrap();
    assert_eq!(until(&script.machine), 612);
    script.machine
}

fn until(machine: &Machine) -> u64 {
    match machine.action() {
        Action::Wait { until } => until.as_secs(),
        action => panic!("{action:?}"),
    }
}

#[test]
fn gap_to_the_next_query_counts_the_wall_time_that_has_passed() {
    for (now, left) in [
        (12, 600),
        (112, 500),
        (611, 1),
        (612, 0),
        (5000, 0),
        (-5000, 600),
    ] {
        let mut machine = waiting().taken_up(at(now));
        assert_eq!(until(&machine), left, "at {now}");
        machine.handle(seconds(left), Event::WaitEnded).unwrap();
        assert!(matches!(machine.action(), Action::Query(_)));
    }
    assert_eq!(until(&waiting().taken_up(None)), 600);
}

/// The time before counts once, however the answer is told.
#[test]
fn answer_that_is_told_with_its_clocks_comes_at_the_same_time() {
    let mut machine = waiting().taken_up(at(600));
    assert_eq!(until(&machine), 12);
    machine.handle(seconds(12), Event::WaitEnded).unwrap();
    let endpoint = Endpoint::new(BaseUrl::default(), canary::key().parse().unwrap()).unwrap();
    let body = format!(r#"{{"id":"{ID}",{IN_PROGRESS}}}"#);
    let response = http::Response::new(bytes::Bytes::from(body));
    let answer = endpoint.query("a").read(Exchange::Whole(response), at(612));
    let notice = machine.handle(seconds(13), answer).unwrap();
    assert!(!matches!(notice, Notice::Trouble { .. }), "{notice:?}");
    // 300 s are left of 900.
    assert_eq!(until(&machine), 300);
}

/// It is known by its external id only, and was not found yet.
#[test]
fn gap_to_the_next_look_up_of_a_task_counts_it_too() {
    let mut machine = Machine::find("order-42".parse().unwrap(), settings());
    let missed = Event::QueryAnswered(query_status(404));
    machine.handle(seconds(0), missed).unwrap();
    assert!(matches!(machine.action(), Action::Wait { until } if until > seconds(0)));
    let machine = machine.taken_up(at(100));
    assert_eq!(machine.action(), Action::Wait { until: seconds(0) });
}

#[test]
fn wall_time_counts_once_however_often_a_machine_is_taken_up() {
    let mut machine = waiting();
    for now in [112, 212, 312] {
        let written = serde_json::to_string(&machine).unwrap();
        machine = serde_json::from_str(&written).unwrap();
        machine = machine.taken_up(at(now));
        assert_eq!(until(&machine), 612 - u64::try_from(now).unwrap());
    }
    // A hundred seconds of the last process, and none beside them.
    let clocks_read = Event::ClocksRead {
        ours: at(412).unwrap(),
        service: None,
    };
    machine.handle(seconds(100), clocks_read).unwrap();
    assert_eq!(until(&machine.taken_up(at(412))), 200);
}

#[test]
fn deadline_counts_the_wall_time_that_has_passed() {
    let mut machine = waiting().taken_up(at(1000));
    machine.handle(seconds(0), Event::WaitEnded).unwrap();
    let answered = Event::QueryAnswered(task(IN_PROGRESS));
    machine.handle(seconds(1), answered).unwrap();
    let Action::Finished(outcome) = machine.action() else {
        panic!("{:?}", machine.action());
    };
    assert!(matches!(outcome, Outcome::StillRunning { .. }));
}

/// Whatever the wall clock says, what allows a create to be sent again is waited for once more.
#[test]
fn settle_time_and_row_of_absence_begin_again() {
    let host = proven().with_lookup_lag(seconds(2));
    let row_after = |taken_up: Option<i64>| {
        let mut script = lost_on(host);
        script.until_row();
        if let Some(now) = taken_up {
            script.machine = script.machine.clone().taken_up(at(now));
            script.now = seconds(0);
            script.look_up(query_status(404));
            return script.until_row();
        }
        script.now
    };
    let first = row_after(None);
    assert!(first >= seconds(30), "{first:?}");
    for now in [0, 40, 100, 400, -400] {
        assert!(row_after(Some(now)) >= seconds(30), "at {now}");
    }
}

/// Settings of a host of which nothing is known end as unresolved, also when they are taken up late.
#[test]
fn create_that_is_taken_up_late_is_looked_up_before_it_ends() {
    let mut script = lost_on(HostCapabilities::default());
    script.machine = script.machine.clone().taken_up(at(86_400));
    assert!(matches!(script.machine.action(), Action::LookUp(_)));
}
