//! `kirin wait`

use std::path::PathBuf;

use clap::Args;
use kirin_types::{Task, TaskId};

use super::Run;
use crate::{
    arguments::{GlobalOptions, OutputFile, SharedOptions, Timeout},
    configuration::Configuration,
    exit_code,
    failure::{Failure, FollowUp},
    generation::{GenerationContext, check_output},
    interrupt::unless_interrupted,
    output_path::with_output,
    progress::Progress,
    reached::Reached,
    report::{external_id_of, print_task},
    session::{Session, typed_task},
};

/// Wait until a task is finished; prints its status, or the video's path with --output.
#[derive(Args, Debug)]
pub(crate) struct Wait {
    /// The task's id, or its external task id
    id: TaskId,
    /// Download the video too, to this file or folder
    #[arg(long, short, value_name = "PATH")]
    output: Option<PathBuf>,
    /// Overwrite a file that exists
    #[arg(long, requires = "output")]
    force: bool,
    #[command(flatten)]
    timeout: Timeout,
    #[command(flatten)]
    shared: SharedOptions,
}

impl Run for Wait {
    async fn run(self, _: GlobalOptions) -> Result<u8, Failure> {
        let session = Session::open_to_follow(&self.shared)?;
        let file = self.output.clone().map(|output| OutputFile {
            output: Some(output),
            force: self.force,
        });
        if let Some(file) = &file {
            check_output(&session, file, "wait", &self.id).await?;
        }
        let reached = Reached::of_task(self.id.clone());
        let progress = Progress::new(&self.shared, None, Some(&self.id));
        let mut context = GenerationContext::new(&session, progress, &reached);
        let done = unless_interrupted(&reached, async {
            let task = self.wait_for_end(&mut context).await?;
            let paths = match &file {
                Some(file) => context.download_videos(&task, file, None).await?,
                None => Vec::new(),
            };
            Ok((task, paths))
        })
        .await;
        drop(context);
        let (task, paths) = done.map_err(|failure| match &file {
            Some(file) => with_output(failure, file),
            None => failure,
        })?;
        let external_task_id = external_id_of(&task, &self.id);
        print_task(&task, external_task_id, &paths, self.shared.json)?;
        Ok(exit_code::DONE)
    }

    fn shared_options(&mut self) -> Option<&mut SharedOptions> {
        Some(&mut self.shared)
    }

    fn configure(&mut self, configuration: &Configuration) {
        self.timeout.configure(configuration);
    }

    fn repeat_command(&self) -> Option<FollowUp> {
        let command = FollowUp::new("wait", Some(self.id.as_str()));
        Some(command.writing_to(self.output.as_deref(), self.force))
    }
}

impl Wait {
    /// The task at its end.
    async fn wait_for_end(&self, context: &mut GenerationContext<'_>) -> Result<Task, Failure> {
        let session = context.session;
        let entry = session.find_entry(self.id.as_str()).await?;
        let mut generation = match entry.and_then(|entry| entry.handle()) {
            Some(handle) => session.client.resume(handle),
            None => session.client.wait(typed_task(&self.id)),
        };
        if let Some(timeout) = self.timeout.duration {
            generation = generation.deadline(timeout);
        }
        let finished = context.follow_to_end(generation.start()).await;
        finished.map_err(|error| context.failure_of(&error))
    }
}
