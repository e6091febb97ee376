//! The running total of a budget, beside the sum of all that it has given away.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use kirin_client::{Budget, Reservation, machine::Outcome};
use kirin_tests::{
    property,
    proptest::{collection::vec, prelude::*, sample::select},
};
use kirin_types::{Amount, Task, Total};

use super::request;

/// The last ones are so far apart that their sum has more digits than an amount may have.
const AMOUNTS: [&str; 6] = [
    "0",
    "0.21",
    "0.35",
    "0.0000000000000000000000000001",
    "79228162514264337593543950335",
    "3.3333333333333333333333333",
];

#[derive(Clone, Copy, Debug)]
enum Step {
    Reserve { id: usize, price: usize },
    Remember { id: usize, price: usize },
    Sent(usize),
    NotSent(usize),
    Drop(usize),
    Release(usize),
    Settle { which: usize, cost: usize },
}

fn steps() -> impl Strategy<Value = Step> {
    let index = || 0..AMOUNTS.len();
    let which = || 0..8_usize;
    prop_oneof![
        (0..3_usize, index()).prop_map(|(id, price)| Step::Reserve { id, price }),
        (0..3_usize, index()).prop_map(|(id, price)| Step::Remember { id, price }),
        which().prop_map(Step::Sent),
        which().prop_map(Step::NotSent),
        which().prop_map(Step::Drop),
        which().prop_map(Step::Release),
        (which(), index()).prop_map(|(which, cost)| Step::Settle { which, cost }),
    ]
}

/// What a budget is to hold, kept in the plainest way.
#[derive(Clone)]
struct Charge {
    id: usize,
    amount: Amount,
    attempts: u32,
    stays: bool,
}

struct Session {
    budget: Budget,
    next_price: Arc<AtomicUsize>,
    /// All that were ever made, and whether they still count.
    charges: Vec<Option<Charge>>,
    /// Those that are held, and what they stand for.
    held: Vec<(Reservation, usize)>,
}

impl Session {
    fn new() -> Self {
        let next_price = Arc::new(AtomicUsize::new(0));
        let price = Arc::clone(&next_price);
        let limit = AMOUNTS[4].parse().unwrap();
        Self {
            budget: Budget::new(limit)
                .prices(move |_| AMOUNTS[price.load(Ordering::Relaxed)].parse().ok()),
            next_price,
            charges: Vec::new(),
            held: Vec::new(),
        }
    }

    fn sum(&self) -> Total {
        let amounts = self.charges.iter().flatten().map(|it| &it.amount);
        amounts.fold(Total::default(), |sum, amount| sum + amount.into())
    }

    fn add(&mut self, reservation: Reservation, id: usize, price: usize, stays: bool) {
        self.held.push((reservation, self.charges.len()));
        self.charges.push(Some(Charge {
            id,
            amount: AMOUNTS[price].parse().unwrap(),
            attempts: 0,
            stays,
        }));
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Reserve { id, price } => {
                self.next_price.store(price, Ordering::Relaxed);
                let allowed = self.sum() + Total::from(AMOUNTS[price].parse::<Amount>().unwrap())
                    <= Total::from(self.budget.limit());
                let reserved = self.budget.reserve(&request(&format!("order-{id}")));
                assert_eq!(reserved.is_ok(), allowed);
                if let Ok(reservation) = reserved {
                    self.add(reservation, id, price, false);
                }
            }
            Step::Remember { id, price } => {
                self.next_price.store(price, Ordering::Relaxed);
                let reservation = self.budget.remember(&request(&format!("order-{id}")));
                let known = |it: &Option<Charge>| it.as_ref().is_some_and(|it| it.id == id);
                match self.charges.iter().position(known) {
                    Some(place) => {
                        self.charges[place].as_mut().unwrap().stays = true;
                        self.held.push((reservation, place));
                    }
                    None => self.add(reservation, id, price, true),
                }
            }
            Step::Sent(which) => self.change(which, |reservation, charge| {
                reservation.sent();
                charge.attempts += 1;
            }),
            Step::NotSent(which) => self.change(which, |reservation, charge| {
                reservation.not_sent();
                charge.attempts = charge.attempts.saturating_sub(1);
            }),
            Step::Drop(which) => self.take(which, |reservation, charge| {
                drop(reservation);
                charge.stays || charge.attempts > 0
            }),
            Step::Release(which) => self.take(which, |reservation, _| {
                reservation.release();
                false
            }),
            Step::Settle { which, cost } => self.take(which, |reservation, charge| {
                let cost = AMOUNTS[cost];
                let json = format!(
                    r#"{{"id":"task-1","status":"completed","usage":{{"cost":"{cost}"}}}}"#
                );
                let task = Task::from_json(json.as_bytes()).unwrap();
                reservation.settle(&Outcome::Completed(task));
                charge.amount = cost.parse().unwrap();
                charge.stays = true;
                true
            }),
        }
    }

    fn change(&mut self, which: usize, change: impl FnOnce(&Reservation, &mut Charge)) {
        let Some((reservation, place)) = self.held.get(which) else {
            return;
        };
        match &mut self.charges[*place] {
            Some(charge) => change(reservation, charge),
            None => reservation.sent(),
        }
    }

    /// Whether the charge is still there afterwards.
    fn take(&mut self, which: usize, take: impl FnOnce(Reservation, &mut Charge) -> bool) {
        if which >= self.held.len() {
            return;
        }
        let (reservation, place) = self.held.remove(which);
        if let Some(charge) = &mut self.charges[place]
            && !take(reservation, charge)
        {
            self.charges[place] = None;
        }
    }
}

#[test]
fn the_running_total_is_the_sum_of_what_is_taken() {
    property!(vec(steps(), 1..40), |steps| {
        let mut session = Session::new();
        for step in steps {
            session.step(step);
            prop_assert_eq!(session.budget.spent(), session.sum().amount(), "{:?}", step);
        }
        Ok(())
    });
}

#[test]
fn what_was_spent_before_is_counted_beside_what_is_taken() {
    property!((select(AMOUNTS.to_vec()), 0..4_usize), |(before, taken)| {
        let budget = Budget::new("1000".parse()?).spent_before(before.parse()?);
        let requests = (0..taken).map(|number| request(&format!("order-{number}")));
        let kept: Vec<_> = requests.flat_map(|it| budget.reserve(&it)).collect();
        let listed = Total::from("0.21".parse::<Amount>()?);
        let count = u32::try_from(kept.len())?;
        let expected = Total::from(before.parse::<Amount>()?) + listed * count;
        prop_assert_eq!(budget.spent(), expected.amount());
        Ok(())
    });
}
