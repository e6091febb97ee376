//! `kirin create`

use kirin_client::Client;
use kirin_types::{GenerationRequest, InvalidRequest};
use serde::Serialize;

use super::begin::{begin, was_overtaken};
use crate::{
    arguments::{self, Request},
    failure::Failure,
    interrupt::{Reached, unless_interrupted},
    parameter::on_the_wire,
    progress::Progress,
    report::{Report, print_line},
    session::{Session, Wanted},
    terminal::printable,
};

pub(crate) async fn create(arguments: arguments::Create) -> Result<(), Failure> {
    let request = request(&arguments.request)?;
    if arguments.spending.dry_run {
        return dry_run(&request);
    }
    let session = Session::paying(
        &arguments.shared,
        Wanted {
            max_cost: arguments.spending.max_cost.clone(),
            outputs: Vec::new(),
        },
    )?;
    let reached = Reached::default();
    let mut progress = Progress::new(&arguments.shared).about(request.external_task_id(), None);
    let task = unless_interrupted(&reached, async {
        loop {
            let mut generation = begin(&session, &request).await?;
            while generation.handle().is_none()
                && let Some(notice) = generation.next().await
            {
                reached.update(&notice);
                progress.notice(&notice);
            }
            let accepted = generation.accepted().await;
            match accepted.map(|generation| (generation.task(), generation.handle())) {
                Ok((Some(task), _)) => return Ok(task),
                // An earlier run has created it.
                Ok((None, handle)) => {
                    // What was accepted has a handle.
                    let id = handle.expect("a handle").task_id;
                    let task = session.client.query(&id).await;
                    return task.map_err(|error| Failure::generation(&error, reached.ids()));
                }
                Err(error) if was_overtaken(&session, &request, &error).await => {}
                Err(error) => return Err(Failure::generation(&error, reached.ids())),
            }
        }
    })
    .await?;
    drop(progress);
    let printed = match arguments.shared.json {
        Some(json) => Report::task(&task, request.external_task_id().cloned()).print(json),
        None => print_line(&printable(task.id().as_str())),
    };
    printed.map_err(|error| Failure::stdout(&error, &task))
}

/// What would be sent, and what it would cost.
#[derive(Serialize)]
struct DryRun<'a> {
    request: &'a GenerationRequest,
    /// In USD; null where no list price is known.
    price: Option<&'static str>,
}

/// Prints the request and its list price as one JSON object, and sends nothing.
pub(super) fn dry_run(request: &GenerationRequest) -> Result<(), Failure> {
    let price = request.price_estimate().map(|price| price.usd);
    // A request is JSON already.
    let json = serde_json::to_string(&DryRun { request, price }).expect("JSON");
    print_line(&json).map_err(|error| Failure::unwritten(&error))
}

/// The request as it was typed, checked, with an external task id.
pub(super) fn request(typed: &Request) -> Result<GenerationRequest, Failure> {
    let request = checked(typed).map_err(|invalid| Failure::invalid(&invalid))?;
    let id = request
        .external_task_id()
        .cloned()
        .unwrap_or_else(Client::mint_external_task_id);
    Ok(request.with_external_task_id(id))
}

fn checked(typed: &Request) -> Result<GenerationRequest, InvalidRequest> {
    let optional = [
        ("duration", &typed.duration),
        ("aspect_ratio", &typed.aspect_ratio),
        ("mode", &typed.mode),
        ("negative_prompt", &typed.negative_prompt),
        ("callback_url", &typed.callback_url),
        ("external_task_id", &typed.external_task_id),
    ];
    let mut builder = GenerationRequest::builder(&typed.prompt).parameter("model", &*typed.model);
    for (name, value) in optional {
        if let Some(value) = value {
            builder = builder.parameter(name, on_the_wire(&typed.model, name, value));
        }
    }
    if typed.watermark {
        builder = builder.watermark(true);
    }
    builder.build()
}
