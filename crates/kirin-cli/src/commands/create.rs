//! `kirin create`

use kirin_client::Budget;
use kirin_types::{GenerationRequest, Task};
use serde::Serialize;

use super::{
    another_process::Deadline,
    begin::{Begun, begin, failure, was_overtaken},
    follow::accepted,
};
use crate::{
    arguments::{self, Spending},
    exit_code,
    failure::Failure,
    interrupt::{Reached, unless_interrupted},
    progress::Progress,
    report::{Report, print_json, print_line},
    request::{minted, request},
    session::{Session, Wanted},
    terminal::printable,
};

pub(crate) async fn create(arguments: arguments::Create) -> Result<u8, Failure> {
    let request = request(&arguments.request)?;
    if arguments.spending.dry_run {
        return dry_run(&request, &arguments.spending);
    }
    let wanted = Wanted {
        max_cost: arguments.spending.max_cost.clone(),
        minted: minted(&arguments.request, &request),
        outputs: Vec::new(),
    };
    let session = Session::paying(&arguments.shared, wanted)?;
    let progress = Progress::new(&arguments.shared);
    let task = task(&session, &request, progress).await?;
    let printed = match arguments.shared.json {
        Some(json) => Report::task(&task, request.external_task_id().cloned()).print(json),
        None => print_line(&printable(task.id().as_str())),
    };
    printed.map_err(|error| Failure::stdout(&error, &task))?;
    Ok(exit_code::DONE)
}

/// The task, as soon as the service has it.
async fn task(
    session: &Session,
    request: &GenerationRequest,
    progress: Progress,
) -> Result<Task, Failure> {
    let reached = Reached::default();
    let mut progress = progress.about(request.external_task_id(), None);
    unless_interrupted(&reached, async {
        let deadline = Deadline::of(request, None);
        loop {
            let Begun {
                generation,
                earlier,
            } = begin(session, request, &deadline, &reached).await?;
            let accepted = accepted(generation, &mut progress, &reached).await;
            match accepted.map(|generation| (generation.task(), generation.handle())) {
                Ok((Some(task), _)) => return Ok(task),
                // An earlier run has created it.
                Ok((None, handle)) => {
                    // What was accepted has a handle.
                    let id = handle.expect("a handle").task_id;
                    let task = session.client.query(&id).await;
                    return task.map_err(|error| Failure::generation(&error, reached.ids()));
                }
                Err(error) if was_overtaken(session, &error) => {}
                Err(error) => {
                    return Err(
                        failure(session, request, earlier.as_deref(), error, &reached).await,
                    );
                }
            }
        }
    })
    .await
}

/// What would be sent, and what it would cost.
#[derive(Serialize)]
struct DryRun<'a> {
    request: &'a GenerationRequest,
    /// In USD; null where no list price is known.
    price: Option<&'static str>,
}

/// Prints the request and its list price as one JSON object, and sends nothing.
///
/// # Errors
///
/// It costs more than it may.
pub(super) fn dry_run(request: &GenerationRequest, spending: &Spending) -> Result<u8, Failure> {
    if let Some(limit) = &spending.max_cost {
        let reserved = Budget::new(limit.clone()).reserve(request);
        drop(reserved.map_err(Failure::over_budget)?);
    }
    let price = request.price_estimate().map(|price| price.usd);
    print_json(&DryRun { request, price }).map_err(|error| Failure::unwritten(&error))?;
    Ok(exit_code::DONE)
}
