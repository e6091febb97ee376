//! `kirin generate`

use std::{path::PathBuf, time::Duration};

use kirin_client::{DownloadError, DownloadErrorKind};
use kirin_types::{GenerationRequest, Task};

use super::{
    begin::{Begun, begin, done, may_have_written, was_overtaken},
    create::dry_run,
    follow::{fetch, finished},
    several::several,
};
use crate::{
    arguments::{self, File},
    failure::Failure,
    interrupt::{Reached, unless_interrupted},
    output_path,
    progress::Progress,
    report::{Report, print_path},
    request::requests,
    session::{Session, Wanted},
};

pub(crate) async fn generate(arguments: arguments::Generate) -> Result<u8, Failure> {
    let requests = requests(&arguments.request)?;
    if arguments.spending.dry_run {
        return dry_run(&requests);
    }
    let files = output_path::each(&arguments.file, arguments.name_template.as_ref(), &requests)?;
    let existing = existing(&requests, &files)?;
    let session = match arguments.emulator {
        true => Session::emulated().await?,
        false => Session::paying(&arguments.shared, wanted(&requests, &files, &arguments))?,
    };
    for (place, error) in existing {
        if !may_have_written(&session, &requests[place], &files[place]).await? {
            return Err(Failure::output(&error));
        }
    }
    let generate = async |place: usize, progress| {
        let (request, file) = (&requests[place], &files[place]);
        let done = run(&session, request, file, &arguments, progress).await;
        done.map_err(|failure| match arguments.emulator {
            true => failure.emulated(),
            false => failure.with_output(file),
        })
    };
    let print = |place: usize, (task, paths): &(Task, Vec<PathBuf>)| {
        let printed = match arguments.shared.json {
            Some(json) => Report::task(task, requests[place].external_task_id().cloned())
                .with_paths(paths)
                .print(json),
            None => paths.iter().try_for_each(|path| print_path(path)),
        };
        printed.map_err(|error| {
            let failure = Failure::stdout(&error, task);
            match arguments.emulator {
                true => failure.emulated(),
                false => failure,
            }
        })
    };
    let code = several(requests.len(), &arguments.shared, generate, print).await;
    session.close().await;
    Ok(code)
}

/// Which files cannot be written because there is one already; an earlier run may have written it.
fn existing(
    requests: &[GenerationRequest],
    files: &[File],
) -> Result<Vec<(usize, DownloadError)>, Failure> {
    let mut existing = Vec::new();
    for (place, (request, file)) in requests.iter().zip(files).enumerate() {
        let name = request.external_task_id().map_or("video", |id| id.as_str());
        let watermark = request.watermark() == Some(true);
        match output_path::check(file, name, watermark) {
            Ok(()) => {}
            Err(error) if error.kind() == DownloadErrorKind::Exists => {
                existing.push((place, error))
            }
            Err(error) => return Err(Failure::output(&error)),
        }
    }
    Ok(existing)
}

async fn run(
    session: &Session,
    request: &GenerationRequest,
    file: &File,
    arguments: &arguments::Generate,
    progress: Progress,
) -> Result<(Task, Vec<PathBuf>), Failure> {
    let reached = Reached::default();
    let mut progress = progress.about(request.external_task_id(), None);
    unless_interrupted(&reached, async {
        if let Some(done) = done(session, request, file).await? {
            return Ok(done);
        }
        let timeout = arguments.timeout.duration;
        produce(session, request, file, timeout, &mut progress, &reached).await
    })
    .await
}

/// Goes on with a request to its files, from wherever it is.
pub(super) async fn produce(
    session: &Session,
    request: &GenerationRequest,
    file: &File,
    timeout: Option<Duration>,
    progress: &mut Progress,
    reached: &Reached,
) -> Result<(Task, Vec<PathBuf>), Failure> {
    let (task, earlier_output) = loop {
        let Begun {
            mut generation,
            earlier_output,
        } = begin(session, request).await?;
        if let Some(timeout) = timeout {
            generation = generation.deadline(timeout);
        }
        match finished(generation, progress, reached).await {
            Ok(task) => break (task, earlier_output),
            Err(error) if was_overtaken(session, request, &error).await => {}
            Err(error) => return Err(Failure::generation(&error, reached.ids())),
        }
    };
    let paths = fetch(session, &task, file, earlier_output, progress, reached).await?;
    Ok((task, paths))
}

fn wanted(
    requests: &[GenerationRequest],
    files: &[File],
    arguments: &arguments::Generate,
) -> Wanted {
    let here = || PathBuf::from(".");
    let output = |(request, file): (&GenerationRequest, &File)| {
        let output = file.output.clone().unwrap_or_else(here);
        Some((request.external_task_id().cloned()?, output))
    };
    Wanted {
        max_cost: arguments.spending.max_cost.clone(),
        outputs: requests.iter().zip(files).filter_map(output).collect(),
    }
}
