//! What the search found and is mended, each by the faults of its shortest way.

use super::{
    answers::{Lost, Named, Refused},
    calm::{Calm, by_itself},
    cell::{ALONE, Cell, TOGETHER},
    state::State,
    step::{Get, How, Post, Step},
    world::World,
};

const A: usize = 0;
const B: usize = 1;
const A_DAY: i64 = 90_000_000;

const GENERATES: Step = Step::Begins(A, How::Generate);
const ENDS: Step = Step::Crashes(A);

fn posts(post: Post) -> Step {
    Step::Posts(A, post)
}

/// Goes from fault to fault, with the steps that happen without a fault between them, and then to an end. Where a fault
/// does not come any more, the way has become another one.
#[track_caller]
fn holds(name: &str, faults: &[Step]) {
    let mut cells = ALONE.iter().chain(&TOGETHER);
    let cell: &Cell = cells.find(|cell| cell.name == name).expect("a setting");
    let mut world = World::new(*cell);
    let mut state = State::first(cell);
    let mut steps = Vec::new();
    for fault in faults {
        for _ in 0..100 {
            steps.clear();
            world.steps(&state, &mut steps);
            let is_there = steps.contains(fault);
            let step = if is_there {
                Some(*fault)
            } else {
                by_itself(&world, &state, &steps)
            };
            let Some(step) = step else { break };
            state = world
                .take(state, step)
                .unwrap_or_else(|broken| panic!("{step}: {broken}"));
            if is_there {
                break;
            }
        }
        assert!(steps.contains(fault), "{fault} does not come any more");
    }
    Calm::default()
        .check(&mut world, state)
        .unwrap_or_else(|(broken, _)| panic!("{broken}"));
}

const TAKES: &str = "takes duplicates, lag declared";
const REFUSES: &str = "refuses duplicates, all declared";

#[test]
fn a_refused_create_whose_process_ended_is_looked_up_before_it_is_sent_again() {
    for refused in [Refused::Rate, Refused::Money] {
        let twice = posts(Post::TwiceRefused(refused));
        holds(TAKES, &[GENERATES, twice, Step::Writes(A), ENDS, GENERATES]);
        let dropped = Step::Drops(A);
        holds(
            TAKES,
            &[GENERATES, twice, Step::Writes(A), dropped, GENERATES],
        );
    }
}

#[test]
fn a_refused_create_whose_look_ups_told_nothing_may_exist() {
    let twice = posts(Post::TwiceRefused(Refused::Bad));
    holds(TAKES, &[GENERATES, twice, Step::Gets(A, Get::Key)]);
    let trouble = Step::Gets(A, Get::Trouble);
    holds(
        TAKES,
        &[GENERATES, twice, trouble, trouble, trouble, trouble],
    );
}

#[test]
fn a_no_after_a_refusal_takes_back_its_own_attempt_only() {
    let twice = posts(Post::TwiceRefused(Refused::Rate));
    let not_sent = posts(Post::NotSent);
    holds(
        REFUSES,
        &[GENERATES, twice, not_sent, Step::Writes(A), ENDS],
    );
}

#[test]
fn a_no_after_an_unresolved_end_leaves_it_in_doubt() {
    let twice = posts(Post::TwiceRefused(Refused::Rate));
    let faults = [
        GENERATES,
        twice,
        Step::Begins(B, How::Reconcile),
        Step::Writes(A),
        Step::Writes(B),
        Step::Gets(B, Get::Key),
        Step::Writes(B),
        Step::Begins(B, How::Generate),
        Step::Writes(B),
        Step::Gets(B, Get::Missed),
        Step::Posts(B, Post::NotSent),
        Step::Writes(B),
        Step::Crashes(B),
    ];
    holds("two processes, refuses duplicates", &faults);
}

#[test]
fn a_miss_a_day_after_a_refusal_proves_nothing() {
    let name = "takes duplicates, a chosen id, clocks that step, days that pass";
    let twice = posts(Post::TwiceRefused(Refused::Bad));
    let missed = Step::Gets(A, Get::Missed);
    holds(name, &[GENERATES, twice, missed, Step::Sleeps(A)]);
}

#[test]
fn a_refused_key_lets_no_other_refusal_stand() {
    let twice = posts(Post::TwiceRefused(Refused::Rate));
    let refused = posts(Post::Refused(Refused::Key));
    holds(
        REFUSES,
        &[GENERATES, twice, refused, Step::Gets(A, Get::Key)],
    );
}

#[test]
fn who_is_overtaken_does_not_say_that_nothing_was_created() {
    let faults = [
        GENERATES,
        posts(Post::Refused(Refused::Key)),
        Step::Writes(A),
        Step::Begins(B, How::Generate),
        Step::Posts(B, Post::Answered),
        Step::Gets(A, Get::Key),
    ];
    holds("two processes, refuses duplicates", &faults);
    let waits = [
        &faults[..4],
        &[
            Step::Gets(A, Get::Missed),
            Step::Writes(B),
            Step::WaitEnds(B),
            Step::Gets(B, Get::Missed),
        ],
        &faults[4..],
    ];
    holds("two processes, takes duplicates", &waits.concat());
}

/// Both look the create up that was refused, and write nothing of it; then one sends it.
#[test]
fn who_has_only_looked_does_not_say_that_nothing_was_created() {
    let faults = [
        GENERATES,
        posts(Post::Refused(Refused::Key)),
        Step::Writes(A),
        Step::Gets(A, Get::Missed),
        Step::WaitEnds(A),
        Step::Gets(A, Get::Missed),
        Step::Writes(A),
        Step::Begins(B, How::Generate),
        Step::Gets(B, Get::Missed),
        GENERATES,
        Step::Writes(B),
        Step::Writes(B),
        Step::Posts(B, Post::Answered),
        Step::Gets(A, Get::Key),
        Step::Writes(A),
    ];
    for name in [
        "two clients of a process, takes duplicates",
        "two processes, takes duplicates",
        "two processes, refuses duplicates",
    ] {
        holds(name, &faults);
    }
}

/// A backup knows less than happened, and so not how often a create was repeated.
#[test]
fn what_a_restored_journal_knows_is_not_repeated_by_itself() {
    let faults = [
        GENERATES,
        posts(Post::LostBefore(Lost::Unlisted)),
        posts(Post::Refused(Refused::Rate)),
        Step::Writes(A),
        Step::WaitEnds(A),
        Step::Gets(A, Get::Found(Named::Control)),
        Step::Backup,
        posts(Post::LostBefore(Lost::Unlisted)),
        Step::Restored,
    ];
    holds("takes duplicates, a journal that is restored", &faults);
}

/// Nor does one that has forgotten a create know how often that was repeated.
#[test]
fn what_a_restored_journal_may_have_forgotten_is_not_repeated_by_itself() {
    let lost = posts(Post::LostBefore(Lost::Unlisted));
    let faults = [
        GENERATES,
        lost,
        lost,
        Step::Restored,
        Step::Accepts,
        GENERATES,
        lost,
    ];
    holds("takes duplicates, a journal that is restored", &faults);
}

#[test]
fn of_two_who_repeat_a_refused_create_one_sends_it() {
    let faults = [
        GENERATES,
        posts(Post::Refused(Refused::Rate)),
        Step::Writes(A),
        Step::Begins(B, How::Generate),
        Step::WriteFails(B),
        posts(Post::TwiceRefused(Refused::Rate)),
    ];
    holds("two processes, takes duplicates", &faults);
}

#[test]
fn a_create_that_could_not_be_taken_over_is_never_sent() {
    let faults = [
        GENERATES,
        posts(Post::Refused(Refused::Rate)),
        Step::Begins(B, How::Reconcile),
        Step::Writes(A),
        Step::WriteFails(B),
        posts(Post::LostAfter(Lost::Closed)),
    ];
    holds("two processes, takes duplicates", &faults);
}

#[test]
fn a_clock_that_steps_before_the_intent_makes_no_task_of_ours_anothers() {
    for name in [
        "takes duplicates, a chosen id, clocks that step, days that pass",
        "refuses duplicates, nothing declared, clocks that step",
    ] {
        let faults = [
            GENERATES,
            posts(Post::Refused(Refused::Redirect)),
            Step::Gets(A, Get::Missed),
            Step::ClockSteps(A_DAY),
            GENERATES,
            posts(Post::TwiceRefused(Refused::NotFound)),
        ];
        holds(name, &faults);
    }
}
