//! Charges and refunds.

use std::{collections::HashMap, time::Duration};

use kirin_types::{Amount, Timestamp};

use super::{Outcome, Place, Refusal, World, task::Task};
use crate::{
    Charging,
    ledger::{Charge, Ledger},
};

/// What was booked so far, in the order in which it was.
#[derive(Debug, Default)]
pub(super) struct Books {
    charged: Vec<Booking>,
    refunded: HashMap<Place, Duration>,
    spent: Amount,
}

#[derive(Clone, Copy, Debug)]
struct Booking {
    place: Place,
    after: Duration,
}

impl World {
    /// What was charged until now, and whether anything was charged twice.
    pub fn ledger(&mut self, elapsed: Duration) -> Ledger {
        self.settle(elapsed);
        let charges = self.books.charged.iter().map(|booking| {
            let task = self.tasks.get(booking.place);
            let refunded_after = self.books.refunded.get(&booking.place);
            Charge {
                request_id: task.request_id.clone(),
                is_of_proxy: task.is_of_proxy,
                external_task_id: task.external_task_id.as_ref().map(ToString::to_string),
                task_id: task.id.to_string(),
                model: task.model.id.into(),
                amount: task.cost(),
                charged_at: self.wall_clock(booking.after),
                refunded_at: refunded_after.map(|after| self.wall_clock(*after)),
            }
        });
        Ledger::new(charges.collect(), self.books.spent.clone(), self.balance())
    }

    /// Whether there is the money for a task.
    pub(super) fn check_balance(&self, task: &Task) -> Result<(), Refusal> {
        let is_enough = self.balance().is_none_or(|balance| task.cost() <= balance);
        is_enough.then_some(()).ok_or(Refusal::InsufficientCredits)
    }

    /// Books what a create costs.
    pub(super) fn book_create(&mut self, place: Place, after: Duration) {
        if self.config.charging != Charging::AtCompletion {
            self.charge(place, after);
        }
    }

    /// Books what an end costs or gives back.
    pub(super) fn book_end(&mut self, place: Place, after: Duration, outcome: &Outcome) {
        match (self.config.charging, outcome) {
            (Charging::AtCompletion, Outcome::Completed) => self.charge(place, after),
            (Charging::AtCreateRefunded, Outcome::Failed { .. }) => {
                self.books.refunded.insert(place, after);
                let amount = self.tasks.get(place).cost();
                self.books.spent = self.books.spent.clone() - amount;
            }
            _ => {}
        }
    }

    fn charge(&mut self, place: Place, after: Duration) {
        self.books.charged.push(Booking { place, after });
        let amount = self.tasks.get(place).cost();
        self.books.spent = self.books.spent.clone() + amount;
    }

    fn balance(&self) -> Option<Amount> {
        let balance = self.config.balance.clone()?;
        Some(balance - self.books.spent.clone())
    }

    pub(super) fn wall_clock(&self, after: Duration) -> Timestamp {
        let after = i64::try_from(after.as_millis()).unwrap_or(i64::MAX);
        let started_at = self.started_at.milliseconds();
        Timestamp::from_milliseconds(started_at.saturating_add(after))
    }
}
