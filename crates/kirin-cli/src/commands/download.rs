//! `kirin download`

use clap::Args;
use kirin_client::{Error, machine::Outcome};
use kirin_types::{Task, TaskId, TaskState};

use super::Run;
use crate::{
    arguments::{GlobalOptions, OutputFile, SharedOptions},
    exit_code,
    failure::{Failure, FollowUp},
    generation::{GenerationContext, check_output},
    interrupt::unless_interrupted,
    output_path::with_output,
    progress::Progress,
    reached::Reached,
    report::{external_id_of, print_task},
    session::{Session, typed_task},
    terminal::{printable, status_text},
};

/// Download the video of a completed task; prints its path.
#[derive(Args, Debug)]
pub(crate) struct Download {
    /// The task's id, or its external task id
    id: TaskId,
    #[command(flatten)]
    file: OutputFile,
    #[command(flatten)]
    shared: SharedOptions,
}

impl Run for Download {
    async fn run(self, _: GlobalOptions) -> Result<u8, Failure> {
        let session = Session::open_to_follow(&self.shared)?;
        check_output(&session, &self.file, "download", &self.id).await?;
        let reached = Reached::of_task(self.id.clone());
        let progress = Progress::new(&self.shared, None, Some(&self.id));
        let mut context = GenerationContext::new(&session, progress, &reached);
        let (task, paths) = unless_interrupted(&reached, async {
            let task = session.query_task(typed_task(&self.id), &reached).await?;
            if !has_videos(&task) {
                return Err(not_completed(&task));
            }
            let paths = context.download_videos(&task, &self.file, None).await?;
            Ok((task, paths))
        })
        .await
        .map_err(|failure| with_output(failure, &self.file))?;
        drop(context);
        let external_task_id = external_id_of(&task, &self.id);
        print_task(&task, external_task_id, &paths, self.shared.json)?;
        Ok(exit_code::DONE)
    }

    fn shared_options(&mut self) -> Option<&mut SharedOptions> {
        Some(&mut self.shared)
    }

    fn repeat_command(&self) -> Option<FollowUp> {
        let command = FollowUp::new("download", Some(self.id.as_str()));
        Some(command.writing_to(self.file.output.as_deref(), self.file.force))
    }
}

/// Whether there are videos to fetch, or the lack of them is an error of its own. One that ended in other
/// words has the videos that it names.
fn has_videos(task: &Task) -> bool {
    match task.state() {
        TaskState::Completed { .. } => true,
        TaskState::OtherEnd { output, .. } => output.iter().any(|content| content.url.is_some()),
        _ => false,
    }
}

/// A task that was found, and is not completed.
fn not_completed(task: &Task) -> Failure {
    let id = printable(task.id().as_str());
    // Of a failed task the next step shows the reason.
    let reason = task.reason().filter(|_| !task.state().is_terminal());
    let status = status_text(task.status().or(Some("unknown")), reason.as_deref());
    let what = format!(
        "task {id} is not completed: its status is {}",
        printable(&status)
    );
    let failed = match task.state() {
        TaskState::Failed { .. } => Error::check(Outcome::Failed(task.clone())).err(),
        _ => None,
    };
    match failed {
        Some(error) => Failure::new(exit_code::TASK_FAILED, what, "See the reason with:")
            .followed_by("status", &id)
            .with_money(error.billing(), format!("{}.", error.money())),
        None => {
            let next_step = "Wait for it, and download it then.";
            Failure::new(exit_code::NOT_FINISHED, what, next_step)
                .followed_by("wait", &id)
                .charged_perhaps()
        }
    }
    .with_task(task)
}
