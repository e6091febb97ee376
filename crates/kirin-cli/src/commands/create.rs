//! `kirin create`

use kirin_types::{GenerationRequest, Task};
use serde::Serialize;

use super::{
    begin::{begin, was_overtaken},
    follow::accepted,
    several::several,
};
use crate::{
    arguments, exit_code,
    failure::Failure,
    interrupt::{Reached, unless_interrupted},
    progress::Progress,
    report::{Report, print_json, print_line},
    request::requests,
    session::{Session, Wanted},
    terminal::printable,
};

pub(crate) async fn create(arguments: arguments::Create) -> Result<u8, Failure> {
    let requests = requests(&arguments.request)?;
    if arguments.spending.dry_run {
        return dry_run(&requests);
    }
    let wanted = Wanted {
        max_cost: arguments.spending.max_cost.clone(),
        outputs: Vec::new(),
    };
    let session = Session::paying(&arguments.shared, wanted)?;
    let create = async |place: usize, progress| task(&session, &requests[place], progress).await;
    let print = |place: usize, task: &Task| {
        let printed = match arguments.shared.json {
            Some(json) => {
                Report::task(task, requests[place].external_task_id().cloned()).print(json)
            }
            None => print_line(&printable(task.id().as_str())),
        };
        printed.map_err(|error| Failure::stdout(&error, task))
    };
    Ok(several(requests.len(), &arguments.shared, create, print).await)
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
        loop {
            let generation = begin(session, request).await?.generation;
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
                Err(error) if was_overtaken(session, request, &error).await => {}
                Err(error) => return Err(Failure::generation(&error, reached.ids())),
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

/// Prints each request and its list price as one JSON object a line, and sends nothing.
pub(super) fn dry_run(requests: &[GenerationRequest]) -> Result<u8, Failure> {
    for request in requests {
        let price = request.price_estimate().map(|price| price.usd);
        print_json(&DryRun { request, price }).map_err(|error| Failure::unwritten(&error))?;
    }
    Ok(exit_code::DONE)
}
