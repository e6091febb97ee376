//! What was going on when a person or the system ended the program.

use kirin_client::Billing;

use super::Failure;
use crate::{exit_code, interrupt::Ids, request_file::how_many};

impl Failure {
    /// Ctrl-C or SIGTERM.
    pub(crate) fn interrupted(ids: Ids) -> Self {
        let what = match &ids.said {
            Some(said) => format!("interrupted; the last status was {said}"),
            None => "interrupted".into(),
        };
        let interrupted =
            |next_step: &str| Self::new(exit_code::INTERRUPTED, what.clone(), next_step);
        let failure = match (&ids.id, &ids.external_task_id) {
            (Some(id), _) if ids.completed => Self {
                money: "The task is completed, and was charged.".into(),
                billing: Billing::Charged,
                ..interrupted("Do not generate it again: download it.")
                    .resumed_by("download", id.as_str())
            },
            (Some(id), _) => Self {
                money: format!("Task {id} goes on at the service, and may be charged."),
                billing: Billing::Unknown,
                ..interrupted("Do not generate it again: go on with it.")
                    .resumed_by("wait", id.as_str())
            },
            (None, Some(id)) => Self {
                money: "The request was on its way: it may have been charged.".into(),
                billing: Billing::Unknown,
                ..interrupted(
                    "Do not generate it again before you have looked for its task; a new one can \
                     take a minute to be found.",
                )
                .resumed_by("status", id.as_str())
            },
            (None, None) => interrupted("Nothing was sent; start again when you like."),
        };
        failure.with_ids(ids)
    }

    /// Ctrl-C or SIGTERM during a batch.
    pub(crate) fn batch_interrupted(under_way: &[Ids]) -> Self {
        let what = format!("interrupted, with {} under way", how_many(under_way.len()));
        let next_step =
            "Go on with the same command: it looks for what was sent before it sends anything.";
        let mut failure = Self::new(exit_code::INTERRUPTED, what, next_step);
        for ids in under_way {
            let which = match (&ids.external_task_id, &ids.id) {
                (Some(external), Some(id)) => format!("{external}, task {id}"),
                (Some(external), None) => format!("{external}, sent and not answered"),
                (None, Some(id)) => format!("task {id}"),
                (None, None) => "nothing is sent yet".into(),
            };
            failure.what.push(match &ids.said {
                Some(said) => format!("{which}, the last status was {said}"),
                None => which,
            });
        }
        let is_sent = |ids: &Ids| ids.external_task_id.is_some() || ids.id.is_some();
        failure.money = match under_way.iter().any(is_sent) {
            true => "What is under way goes on at the service, and may be charged.",
            false => "Nothing of what is under way was sent. What is done is charged.",
        }
        .into();
        failure.billing = Billing::Unknown;
        failure
    }

    /// Ctrl-C or SIGTERM while several were gone on with; none where nothing was interrupted.
    pub(crate) fn all_interrupted(mut all: Vec<Self>) -> Option<Self> {
        if all.len() < 2 {
            return all.pop();
        }
        let ids: Vec<_> = all.into_iter().map(|failure| failure.about.ids).collect();
        Some(Self::batch_interrupted(&ids))
    }
}
