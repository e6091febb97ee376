//! What a create has taken of the budgets.

use std::sync::Arc;

use kirin_transport::SendWatch;
use kirin_types::GenerationRequest;
#[cfg(feature = "metrics")]
use kirin_types::Total;

use super::Client;
use crate::{
    Budget, Reservation,
    machine::{Cause, Outcome, Withheld},
    wire::CreateAnswer,
};

/// What one create has taken of the budget of its client and of its own, as far as there are any: all of them
/// have to allow it. Dropped, it gives back what certainly was not sent.
pub(super) struct Spending {
    budgets: Vec<Arc<Budget>>,
    reservations: Vec<Reservation>,
    /// Of the attempt whose answer has not come yet.
    leaving: Option<SendWatch>,
}

impl Spending {
    pub(super) fn new(client: &Client, own: Option<Arc<Budget>>) -> Self {
        let mut budgets: Vec<_> = client.0.budget.iter().cloned().collect();
        // One that is named twice counts once.
        budgets.extend(own.filter(|own| !budgets.iter().any(|it| Arc::ptr_eq(it, own))));
        Self {
            budgets,
            reservations: Vec::new(),
            leaving: None,
        }
    }

    /// Takes what someone may have sent before, whatever is left.
    pub(super) fn remember(&mut self, request: &GenerationRequest) {
        let remembered = self.budgets.iter().map(|budget| budget.remember(request));
        self.reservations = remembered.collect();
    }

    /// Takes the price, if it is not taken yet.
    pub(super) fn reserve(&mut self, request: &GenerationRequest) -> Result<(), Withheld> {
        if self.reservations.is_empty() {
            let reserved = self.budgets.iter().map(|budget| budget.reserve(request));
            self.reservations = reserved.collect::<Result<_, _>>()?;
        }
        Ok(())
    }

    /// Asks for what is taken already, and is sent again.
    pub(super) fn readmit(&self, request: &GenerationRequest) -> Result<(), Withheld> {
        let mut budgets = self.budgets.iter();
        budgets.try_for_each(|budget| budget.readmit(request))
    }

    pub(super) fn is_reserved(&self) -> bool {
        !self.reservations.is_empty()
    }

    /// What was taken for the create, where a budget knows it.
    #[cfg(feature = "metrics")]
    pub(super) fn price(&self) -> Option<Total> {
        let prices = self.reservations.iter().map(Reservation::price);
        prices.max().filter(|price| *price > Total::default())
    }

    /// An attempt is about to leave; the watch shows whether it has.
    pub(super) fn sent(&mut self) -> SendWatch {
        let watch = SendWatch::new();
        self.reservations.iter().for_each(Reservation::sent);
        self.leaving = Some(watch.clone());
        watch
    }

    pub(super) fn answered(&mut self, answer: &CreateAnswer) {
        if self.leaving.take().is_some() && matches!(answer, CreateAnswer::NotSent(_)) {
            self.reservations.iter().for_each(Reservation::not_sent);
        }
    }

    pub(super) fn ended(&mut self, outcome: &Outcome) {
        for reservation in std::mem::take(&mut self.reservations) {
            match outcome {
                Outcome::NotCreated { .. } => reservation.release(),
                // It is another's, who counts it; what was sent here stays when it is dropped.
                outcome if is_of_another(outcome) => {}
                outcome => reservation.settle(outcome),
            }
        }
    }
}

/// Whether it is in doubt only because someone else is at the create, or was.
fn is_of_another(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::CannotQuery { cause, .. } | Outcome::Unresolved { cause, .. } => {
            matches!(cause, Cause::Withheld(withheld) if withheld.is_open())
        }
        _ => false,
    }
}

impl Drop for Spending {
    fn drop(&mut self) {
        // Dropped in the middle of an attempt: what the transport did not take yet, it never does.
        if self.leaving.take().is_some_and(|watch| watch.withdraw()) {
            self.reservations.iter().for_each(Reservation::not_sent);
        }
    }
}
