//! How a generation ended without its video, as the client says it.

use kirin_client::{
    Error, ErrorKind,
    machine::{Cause, Outcome, Withheld},
};

use super::{Failure, Ids};
use crate::exit_code;

impl Failure {
    pub(crate) fn from_client(error: &Error, ids: Ids) -> Self {
        let code = match (error.kind(), error.task_id()) {
            // Its task can be waited for.
            (ErrorKind::Known, Some(_)) => exit_code::NOT_FINISHED,
            (kind, _) => exit_code::of_error_kind(kind),
        };
        let mut failure = Self::new(code, error.what(), next_step(error))
            .with_money(error.billing(), format!("{}.", error.money()))
            .with_ids(ids);
        if let Some((subcommand, id)) = advised_command(error) {
            failure = failure.followed_by(subcommand, id);
        }
        let ids = &mut failure.about.ids;
        ids.id = error.task_id().cloned().or_else(|| ids.id.take());
        // A typed id that was not found may be either of the two.
        let is_certain = !matches!(error.outcome(), Outcome::NotFound { .. });
        if ids.external_task_id.is_none() && is_certain {
            ids.external_task_id = error.external_task_id().cloned();
        }
        failure = match (error.kind(), ids.external_task_id.clone()) {
            (ErrorKind::DuplicateExternalTaskId, Some(id)) => {
                failure.followed_by("status", id.as_str())
            }
            (ErrorKind::Repeated, Some(id)) => failure
                .followed_by("resolve", id.as_str())
                .with_flag("--send-again"),
            _ => failure,
        };
        match error.outcome().task() {
            Some(task) => failure.with_task(task),
            None => failure,
        }
    }
}

fn next_step(error: &Error) -> String {
    match error.outcome() {
        Outcome::NotCreated {
            cause: Cause::Withheld(Withheld::UnknownPrice { .. }),
        } => "To send a request without a known price, leave out --max-cost, and max_cost and \
              budget_per_day in the configuration file."
            .into(),
        // The program names no accounts.
        Outcome::Unresolved {
            cause: Cause::Withheld(Withheld::OtherKey),
            ..
        } => "Do not generate it again: set the API key it was sent with, then ask again.".into(),
        _ => format!("{}.", error.next_step()),
    }
}

/// The command that does what the library advises.
fn advised_command(error: &Error) -> Option<(&'static str, &str)> {
    if let Outcome::NotCreated {
        cause: Cause::Withheld(Withheld::IdInUse { id }),
    } = error.outcome()
    {
        return Some(("status", id.as_str()));
    }
    let id = error.task_id().map(|id| id.as_str());
    let external = error.external_task_id().map(|id| id.as_str());
    match error.kind() {
        ErrorKind::Authentication | ErrorKind::CannotQuery => Some(("wait", id.or(external)?)),
        ErrorKind::OtherEnd | ErrorKind::StillRunning => Some(("wait", id?)),
        ErrorKind::Known => id
            .map(|id| ("wait", id))
            .or_else(|| Some(("resolve", external?))),
        ErrorKind::CompletedWithoutOutput => Some(("status", id?)),
        ErrorKind::UnderWay => Some(("resolve", external?)),
        ErrorKind::Unresolved => Some(("status", external?)),
        _ => None,
    }
}
