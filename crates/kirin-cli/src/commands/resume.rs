//! `kirin resume`: continues everything that is unfinished.

use std::path::PathBuf;

use clap::Args;
use kirin_client::{Error, machine::Outcome};
use kirin_ledger::{Entry, Money};
use kirin_types::Task;

use super::Run;
use crate::{
    arguments::{GlobalOptions, OutputFile, SharedOptions},
    failure::{Failure, FollowUp},
    generation::{
        GenerationContext,
        ledger_entries::{at_this_host, is_open, reached_by, run_concurrently, stays_refused},
        resume_entry, unresolved,
    },
    interrupt::unless_interrupted,
    progress::Progress,
    report::print_task,
    session::{PayingSession, Wanted},
};

/// Continue everything that is unfinished: wait, and download the videos; prints their paths.
#[derive(Args, Debug)]
pub(crate) struct Resume {
    /// Folder to write the videos to [default: where each was to go, or the current folder]
    #[arg(long, short, value_name = "PATH")]
    output: Option<PathBuf>,
    #[command(flatten)]
    shared: SharedOptions,
}

impl Run for Resume {
    /// Resumes what is unfinished at the base URL, several at once; gives the exit code.
    async fn run(self, _: GlobalOptions) -> Result<u8, Failure> {
        let paying = PayingSession::open(&self.shared, Wanted::default())?;
        let unfinished = at_this_host(&paying.session, paying.ledger.unfinished().await)?;
        let finish =
            async |entry: &Entry, progress| self.finish_entry(&paying, entry, progress).await;
        let print = |entry: &Entry, finished: Option<(Task, Vec<PathBuf>)>| {
            let Some((task, paths)) = finished else {
                return Ok(());
            };
            let id = entry.external_task_id.clone();
            print_task(&task, Some(id), &paths, self.shared.json)
        };
        run_concurrently(&paying, unfinished, &self.shared, is_open, finish, print).await
    }

    fn shared_options(&mut self) -> Option<&mut SharedOptions> {
        Some(&mut self.shared)
    }

    fn repeat_command(&self) -> Option<FollowUp> {
        let command = FollowUp::new("resume", None);
        Some(command.writing_to(self.output.as_deref(), false))
    }
}

impl Resume {
    /// Resumes one. A create that was refused has no result, unless it is found now.
    async fn finish_entry(
        &self,
        PayingSession { session, ledger }: &PayingSession,
        entry: &Entry,
        progress: Progress,
    ) -> Result<Option<(Task, Vec<PathBuf>)>, Failure> {
        let file = OutputFile {
            output: self.output.clone().or_else(|| entry.output.clone()),
            force: false,
        };
        let reached = reached_by(entry);
        let mut context = GenerationContext::new(session, progress, &reached);
        unless_interrupted(&reached, async {
            let generation = resume_entry(session, ledger, entry).await?.start();
            let task = match context.follow_to_end(generation).await {
                Ok(task) => task,
                Err(error) if stays_refused(entry, &error) || is_nothing(entry, &error) => {
                    return Ok(None);
                }
                Err(error) => {
                    return Err(unresolved::resumed_failure(ledger, entry, error, &reached).await);
                }
            };
            let earlier = entry.output.clone();
            let paths = context.download_videos(&task, &file, earlier).await?;
            Ok(Some((task, paths)))
        })
        .await
    }
}

/// Whether it is as it was: nothing was created.
fn is_nothing(entry: &Entry, error: &Error) -> bool {
    entry.money() == Money::None && matches!(error.outcome(), Outcome::NotCreated { .. })
}
