//! `kirin generate`

use std::{path::PathBuf, time::Duration};

use kirin_client::{DownloadError, DownloadErrorKind};
use kirin_types::{GenerationRequest, Task};

use super::{
    another_process::Deadline,
    begin::{Begun, begin, done, failure, may_have_written, was_overtaken},
    create::dry_run,
    follow::{fetch, finished},
};
use crate::{
    arguments::{self, File},
    exit_code,
    failure::Failure,
    interrupt::{Reached, unless_interrupted},
    output_path,
    progress::Progress,
    report::{Report, print_path},
    request::{minted, request},
    session::{Session, Wanted},
};

pub(crate) async fn generate(arguments: arguments::Generate) -> Result<u8, Failure> {
    let request = request(&arguments.request)?;
    if arguments.spending.dry_run {
        return dry_run(&request, &arguments.spending);
    }
    let file = output_path::named(&arguments.file, arguments.name_template.as_ref(), &request)?;
    let existing = existing(&request, &file)?;
    let session = match arguments.emulator {
        true => Session::emulated().await?,
        false => Session::paying(&arguments.shared, wanted(&request, &file, &arguments))?,
    };
    if let Some(error) = existing
        && !may_have_written(&session, &request, &file).await?
    {
        return Err(Failure::output(&error));
    }
    let done = run(&session, &request, &file, &arguments).await;
    let done = done.map_err(|failure| failure.with_output(&file));
    let printed = done.and_then(|(task, paths)| print(&request, &task, &paths, &arguments));
    session.close().await;
    match printed {
        Ok(()) => Ok(exit_code::DONE),
        Err(failure) if arguments.emulator => Err(failure.emulated()),
        Err(failure) => Err(failure),
    }
}

/// Why the file cannot be written, if that is because there is one already: an earlier run may have
/// written it.
fn existing(request: &GenerationRequest, file: &File) -> Result<Option<DownloadError>, Failure> {
    let watermark = request.watermark() == Some(true);
    match output_path::check(file, &output_path::LONGEST_ID, watermark) {
        Ok(()) => Ok(None),
        Err(error) if error.kind() == DownloadErrorKind::Exists => Ok(Some(error)),
        Err(error) => Err(Failure::output(&error)),
    }
}

async fn run(
    session: &Session,
    request: &GenerationRequest,
    file: &File,
    arguments: &arguments::Generate,
) -> Result<(Task, Vec<PathBuf>), Failure> {
    let reached = Reached::default();
    let progress = Progress::new(&arguments.shared);
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
    let deadline = Deadline::of(request, timeout);
    let (task, earlier) = loop {
        let Begun {
            generation,
            earlier,
        } = begin(session, request, &deadline, reached).await?;
        match finished(generation, progress, reached).await {
            Ok(task) => break (task, earlier),
            Err(error) if was_overtaken(session, &error) => {}
            Err(error) => {
                return Err(failure(session, request, earlier.as_deref(), error, reached).await);
            }
        }
    };
    // Where an earlier run found room for the file, and may have put it.
    let earlier_output = earlier.and_then(|entry| entry.output);
    let paths = fetch(session, &task, file, earlier_output, progress, reached).await?;
    Ok((task, paths))
}

fn print(
    request: &GenerationRequest,
    task: &Task,
    paths: &[PathBuf],
    arguments: &arguments::Generate,
) -> Result<(), Failure> {
    let printed = match arguments.shared.json {
        Some(json) => Report::task(task, request.external_task_id().cloned())
            .with_paths(paths)
            .print(json),
        None => paths.iter().try_for_each(|path| print_path(path)),
    };
    printed.map_err(|error| Failure::stdout(&error, task))
}

fn wanted(request: &GenerationRequest, file: &File, arguments: &arguments::Generate) -> Wanted {
    let output = file.output.clone().unwrap_or_else(|| PathBuf::from("."));
    let id = request.external_task_id().cloned();
    Wanted {
        max_cost: arguments.spending.max_cost.clone(),
        minted: minted(&arguments.request, request),
        outputs: id.map(|id| (id, output)).into_iter().collect(),
    }
}
