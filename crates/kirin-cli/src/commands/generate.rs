//! `kirin generate`

use std::path::PathBuf;

use kirin_types::{GenerationRequest, Task};

use super::{
    begin::{begin, was_overtaken},
    create::{dry_run, request},
    wait::fetch,
};
use crate::{
    arguments,
    failure::Failure,
    interrupt::{Reached, unless_interrupted},
    output_path,
    progress::Progress,
    report::{Report, print_path},
    session::{Session, Wanted},
};

pub(crate) async fn generate(arguments: arguments::Generate) -> Result<(), Failure> {
    let request = request(&arguments.request)?;
    if arguments.spending.dry_run {
        return dry_run(&request);
    }
    let name = request.external_task_id().map_or("video", |id| id.as_str());
    let watermark = request.watermark() == Some(true);
    output_path::check(&arguments.file, name, watermark)
        .map_err(|error| Failure::output(&error))?;
    let session = match arguments.emulator {
        true => Session::emulated().await?,
        false => Session::paying(&arguments.shared, wanted(&request, &arguments))?,
    };
    let done = run(&session, &request, &arguments).await;
    session.close().await;
    done.and_then(|(task, paths)| {
        let printed = match arguments.shared.json {
            Some(json) => Report::task(&task, request.external_task_id().cloned())
                .with_paths(&paths)
                .print(json),
            None => paths.iter().try_for_each(|path| print_path(path)),
        };
        printed.map_err(|error| Failure::stdout(&error, &task))
    })
    .map_err(|failure| match arguments.emulator {
        true => failure.emulated(),
        false => failure.with_output(&arguments.file),
    })
}

async fn run(
    session: &Session,
    request: &GenerationRequest,
    arguments: &arguments::Generate,
) -> Result<(Task, Vec<PathBuf>), Failure> {
    let reached = Reached::default();
    let mut progress = Progress::new(&arguments.shared).about(request.external_task_id(), None);
    unless_interrupted(&reached, async {
        let task = loop {
            let mut generation = begin(session, request).await?;
            if let Some(timeout) = arguments.timeout.duration {
                generation = generation.deadline(timeout);
            }
            while let Some(notice) = generation.next().await {
                reached.update(&notice);
                progress.notice(&notice);
            }
            match generation.await {
                Ok(task) => break task,
                Err(error) if was_overtaken(session, request, &error).await => {}
                Err(error) => return Err(Failure::generation(&error, reached.ids())),
            }
        };
        let paths = fetch(
            &session.client,
            &task,
            &arguments.file,
            &mut progress,
            &reached,
        )
        .await?;
        session.downloaded(&task, &paths).await;
        Ok((task, paths))
    })
    .await
}

fn wanted(request: &GenerationRequest, arguments: &arguments::Generate) -> Wanted {
    let here = || PathBuf::from(".");
    let output = arguments.file.output.clone().unwrap_or_else(here);
    let id = request.external_task_id().cloned();
    Wanted {
        max_cost: arguments.spending.max_cost.clone(),
        outputs: id.into_iter().map(|id| (id, output.clone())).collect(),
    }
}
