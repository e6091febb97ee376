//! A task that was found by our external id: whether it is ours.

use kirin_types::Task;

use super::CreatePhase;
use crate::{
    DuplicateIds, Lookup,
    machine::{Cause, Knowledge, Outcome, Withheld, context::Context, refused::Then, step::Step},
};

/// How much earlier than the intent a task's `created_at` may be: clocks differ.
const CLOCK_TOLERANCE_MILLISECONDS: i64 = 5 * 60 * 1000;

impl CreatePhase {
    /// The lookup has found a task, which is proof that it works.
    pub(super) fn found(&mut self, task: Task, context: &mut Context) -> Step {
        let duplicate = self.duplicate.as_ref();
        if duplicate.is_some_and(|refusal| refusal.body.names_duplicate_of(&self.external_task_id))
        {
            context.settings.capabilities.duplicate_ids = DuplicateIds::Refused;
        }
        if !self.is_ours(&task, context) {
            return self.found_other_task(&task);
        }
        context.settings.capabilities.lookup = Lookup::Proven;
        Step::Accepted {
            task,
            adopted: true,
        }
    }

    /// A minted id is ours, whoever minted it. Under an id that the caller chose, a task of another
    /// model, or one that is older than the intent, is another one.
    pub(super) fn is_ours(&self, task: &Task, context: &Context) -> bool {
        context.settings.external_task_id_is_minted || self.fits(task, context)
    }

    /// Whether a task can be ours by what it says of itself.
    pub(super) fn fits(&self, task: &Task, context: &Context) -> bool {
        let settings = &context.settings;
        let model = task
            .model()
            .is_none_or(|model| model == self.request.model_id());
        let earliest = context.clocks.intended_at_service(settings);
        let earliest = earliest.map(|at| at.milliseconds());
        let created_at = task.created_at().map(|at| at.milliseconds());
        let is_older = created_at
            .zip(earliest)
            .is_some_and(|(created_at, earliest)| {
                // Zero is no time.
                created_at > 0 && created_at < earliest.saturating_sub(CLOCK_TOLERANCE_MILLISECONDS)
            });
        model && !is_older
    }

    /// The caller's error, where nothing of ours can have been accepted.
    pub(super) fn found_other_task(&self, task: &Task) -> Step {
        let id = task.id().clone();
        if self.maybe_sent == 0 || self.refused_duplicates_before {
            let refused = match self.check.as_ref().map(|check| &check.then) {
                Some(Then::End(cause)) => Some(cause.clone()),
                _ => self.duplicate.clone().map(Cause::Refused),
            };
            let in_use = || Cause::Withheld(Withheld::IdInUse { id });
            return Self::not_created(refused.unwrap_or_else(in_use));
        }
        Step::Finish(Outcome::Unresolved {
            external_task_id: self.external_task_id.clone(),
            knowledge: Knowledge::OtherTask { id },
            cause: self.cause_of_doubt(),
        })
    }
}
