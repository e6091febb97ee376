//! One write of a journal.

use std::sync::Arc;

use kirin_client::{
    Intent, JournalChange, JournalEntry, JournalError, JournalState, JournalWrite,
    machine::{ClockDifference, Outcome, SendReason},
};
use kirin_types::{Amount, TaskId};
use rusqlite::{Connection, params};

use super::{budget, prices::Prices};
use crate::{
    clock,
    days::{self, Charges},
    process::Process,
    rows::{self, Kept},
};

/// One write, as the thread of the ledger does it.
pub(super) struct Job {
    pub(super) write: JournalWrite,
    pub(super) process: Arc<Process>,
    pub(super) budget_per_day: Option<Amount>,
    pub(super) prices: Prices,
    pub(super) output: Option<Vec<u8>>,
    pub(super) waits_for_delivery: bool,
}

impl Job {
    pub(super) fn run(self, connection: &Connection) -> rusqlite::Result<Result<(), JournalError>> {
        let create = &self.write.create;
        let kept = rows::kept(connection, create)?;
        if let Some(kept) = &kept
            && self.is_held_by_another(kept)
        {
            return Ok(Err(JournalError::under_way()));
        }
        let before = kept.as_ref().map(|kept| &kept.entry);
        let after = match JournalEntry::apply(before, &self.write) {
            Ok(after) => after,
            Err(error) => return Ok(Err(error)),
        };
        // Asked for once: what is held against the budget is what is written down.
        let price = self.prices.of(&after.intent.request);
        let charged = match &kept {
            Some(kept) => Charges::of(connection, kept.number)?,
            None => Charges::default(),
        };
        if let Err(error) =
            self.check_budget(connection, kept.as_ref(), &charged, &after, &price)?
        {
            return Ok(Err(error));
        }
        // Where nothing is refused, a price that cannot be had is none.
        let price = price.ok().flatten();
        days::counted(connection, &charged, || match (&self.write.change, &kept) {
            (JournalChange::Intend(_), _) | (_, None) => {
                self.insert(connection, kept.as_ref(), &after, price)
            }
            (_, Some(kept)) => self.update(connection, kept, &after, price),
        })?;
        if let JournalChange::End(_) = self.write.change {
            self.process.has_ended(&self.write.operation);
        }
        Ok(Ok(()))
    }

    /// Whether someone who is alive is at the create: another process, or another operation of this one.
    /// That the service has a task is true whoever tells it, and so is that it was delivered, so that is
    /// written down all the same; and whoever tells another end of what has ended changes nothing.
    fn is_held_by_another(&self, kept: &Kept) -> bool {
        let is_for_all = match &self.write.change {
            JournalChange::Accept(_) | JournalChange::Deliver => true,
            JournalChange::End(outcome) => {
                outcome.task_id().is_some() || kept.entry.state.is_final()
            }
            _ => false,
        };
        let holder = kept.holder.as_deref();
        let operation = kept.entry.intent.operation;
        let by_process =
            holder.is_some_and(|it| it != self.process.name() && self.process.is_alive(it));
        let by_operation =
            operation.is_some_and(|it| it != self.write.operation && self.process.is_at_work(&it));
        !is_for_all && (by_process || by_operation)
    }

    /// What is sent for the first time, and what a person sends again, has to fit the budget of its day.
    fn check_budget(
        &self,
        connection: &Connection,
        kept: Option<&Kept>,
        charged: &Charges,
        after: &JournalEntry,
        price: &Result<Option<Amount>, JournalError>,
    ) -> rusqlite::Result<Result<(), JournalError>> {
        let Some(limit) = &self.budget_per_day else {
            return Ok(Ok(()));
        };
        let (at, earlier, known) = match &self.write.change {
            JournalChange::Intend(intent) => (intended_at(intent), charged, None),
            // It counts once more what was written down of it.
            JournalChange::Send {
                reason: SendReason::Person,
                ..
            } => {
                let price = kept.and_then(|kept| kept.price.as_ref()?.parse().ok());
                (clock::now(), &Charges::default(), price)
            }
            _ => return Ok(Ok(())),
        };
        let price = match (&known, price) {
            (Some(price), _) | (None, Ok(Some(price))) => price,
            (None, Ok(None)) => {
                let model = after.intent.request.model_id();
                return Ok(Err(JournalError::unknown_price(model)));
            }
            (None, Err(error)) => return Ok(Err(error.clone())),
        };
        let checked = budget::check(connection, limit, price, at, earlier)?;
        Ok(checked.map_err(JournalError::over_budget))
    }

    /// The entry of a create that created nothing becomes the one of this.
    fn insert(
        &self,
        connection: &Connection,
        kept: Option<&Kept>,
        after: &JournalEntry,
        price: Option<Amount>,
    ) -> rusqlite::Result<i64> {
        let intent = &after.intent;
        let request = serde_json::to_string(&intent.request).map_err(not_json)?;
        let sql = "INSERT OR REPLACE INTO creates (number, base_url, external_task_id, key, model, \
                   prompt, price, intended_at, intended_at_is_known, state, claimed_by, output, request, \
                   operation, repetitions, is_minted, clock_difference, attempts, doubt, \
                   refusal_is_open, is_delivered, account) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22)";
        connection.prepare_cached(sql)?.execute(params![
            kept.map(|kept| kept.number),
            intent.base_url.as_str(),
            self.write.create.external_task_id.as_str(),
            intent.key.to_string(),
            intent.request.model_id(),
            intent.request.prompt(),
            price.map(|price| price.to_string()),
            intended_at(intent),
            intent.intended_at.is_some(),
            rows::state_word(&after.state),
            self.process.name(),
            self.output,
            request,
            self.write.operation.to_string(),
            intent.repetitions_after_absence,
            intent.is_minted,
            intent.clock_difference.map(ClockDifference::milliseconds),
            after.attempts,
            intent.doubt,
            after.is_refusal_open,
            self.waits_for_delivery.then_some(false),
            intent.account.as_ref().map_or("", |name| name.as_str()),
        ])?;
        Ok(connection.last_insert_rowid())
    }

    fn update(
        &self,
        connection: &Connection,
        kept: &Kept,
        after: &JournalEntry,
        price: Option<Amount>,
    ) -> rusqlite::Result<i64> {
        if *after != kept.entry {
            self.store(connection, kept, after, price)?;
        }
        let operation = after.intent.operation;
        let is_own = operation == Some(self.write.operation);
        let is_idle = !operation.is_some_and(|it| self.process.is_at_work(&it));
        let holder = match self.write.change {
            JournalChange::End(_) => None,
            _ => Some(self.process.name()),
        };
        // Who only tells what has become of a task is not at the create.
        if is_own || is_idle && kept.holder.as_deref() == Some(self.process.name()) {
            let sql = "UPDATE creates SET claimed_by = ?2 WHERE number = ?1";
            connection
                .prepare_cached(sql)?
                .execute(params![kept.number, holder])?;
        }
        Ok(kept.number)
    }

    fn store(
        &self,
        connection: &Connection,
        kept: &Kept,
        after: &JournalEntry,
        price: Option<Amount>,
    ) -> rusqlite::Result<()> {
        let intent = &after.intent;
        let now = clock::now();
        let (outcome, cost) = match &after.state {
            JournalState::Ended(outcome) => {
                let json = serde_json::to_string(outcome).map_err(not_json)?;
                (Some(json), cost(outcome))
            }
            _ => (None, None),
        };
        let is_sent = matches!(self.write.change, JournalChange::Send { .. });
        let is_end = matches!(self.write.change, JournalChange::End(_));
        let has_ended_now = is_end && !kept.entry.state.is_final();
        let sql = "UPDATE creates SET state = ?2, attempts = ?3, latest_attempt = ?4, \
                   attempt_is_open = ?5, operation = ?6, repetitions = ?7, doubt = ?8, outcome = ?9, \
                   ended_at = CASE WHEN ?9 IS NULL THEN NULL WHEN ?15 THEN ?12 ELSE ended_at END, \
                   cost = ?10, task_id = coalesce(?11, task_id), \
                   accepted_at = CASE WHEN ?11 IS NULL THEN accepted_at ELSE coalesce(accepted_at, ?12) END, \
                   sent_at = CASE WHEN ?13 THEN ?12 ELSE sent_at END, sent_by_person = ?14, \
                   refusal_is_open = ?16, key = ?17, price = coalesce(price, ?18), \
                   is_delivered = CASE WHEN ?19 THEN 1 ELSE is_delivered END \
                   WHERE number = ?1";
        connection.prepare_cached(sql)?.execute(params![
            kept.number,
            rows::state_word(&after.state),
            after.attempts,
            after.latest_attempt,
            after.is_attempt_open,
            intent.operation.map(|operation| operation.to_string()),
            intent.repetitions_after_absence,
            intent.doubt,
            outcome,
            cost,
            after.state.task_id().map(TaskId::as_str),
            now,
            is_sent,
            self.sent_by_person(kept),
            has_ended_now,
            after.is_refusal_open,
            intent.key.to_string(),
            price.map(|price| price.to_string()),
            after.is_delivered,
        ])?;
        Ok(())
    }

    fn sent_by_person(&self, kept: &Kept) -> u32 {
        let reason = SendReason::Person;
        match self.write.change {
            JournalChange::Send { reason: it, .. } if it == reason => {
                kept.sent_by_person.saturating_add(1)
            }
            JournalChange::TakeBack { reason: it, .. } if it == reason => {
                kept.sent_by_person.saturating_sub(1)
            }
            _ => kept.sent_by_person,
        }
    }
}

fn intended_at(intent: &Intent) -> i64 {
    intent
        .intended_at
        .map_or_else(clock::now, |at| at.milliseconds())
}

/// What a task cost, where its end says it. A negative cost would make room that was never allowed.
fn cost(outcome: &Outcome) -> Option<String> {
    let usage = outcome.task()?.state().usage()?;
    let cost = usage.cost.as_ref().filter(|cost| !cost.is_negative())?;
    Some(cost.to_string())
}

fn not_json(error: serde_json::Error) -> rusqlite::Error {
    rusqlite::Error::ToSqlConversionFailure(error.into())
}
