//! Downloads the video of a task, and notes it in the ledger. A failed download needs advice that fits its cause.

use std::{convert::Infallible, path::PathBuf, sync::mpsc};

use kirin_client::{Download, DownloadError, DownloadErrorKind};
use kirin_types::{Task, TaskId, TaskState};

use super::GenerationContext;
use crate::{
    arguments::OutputFile,
    exit_code,
    failure::{Failure, error_chain},
    output_path,
    session::Session,
    terminal::status_text,
};

impl GenerationContext<'_> {
    /// Downloads the videos of a task that names them, and notes what and where they are. What an earlier run has
    /// put at `earlier_output` is kept, where that is the same place and the same video.
    pub(crate) async fn download_videos(
        &mut self,
        task: &Task,
        file: &OutputFile,
        earlier_output: Option<PathBuf>,
    ) -> Result<Vec<PathBuf>, Failure> {
        let (session, progress) = (self.session, &mut self.progress);
        if let TaskState::OtherEnd { .. } = task.state() {
            let status = status_text(task.status(), task.reason().as_deref());
            progress.show_line(&format!(
                "the service says {status}, and names a video, which is downloaded; what it charges is not known yet"
            ));
        }
        progress.show_downloading();
        self.reached.set_downloading(task);
        let id = task.id().as_str();
        let noted = session.file_digests(id).await?;
        let (sender, unnoted) = mpsc::channel();
        let mut download = session
            .client
            .download(task, output_path::path_for_task(file, id))
            .overwrite(file.force)
            .keep_existing(!noted.is_empty() || output_path::is_same(file, earlier_output, id))
            .noted(noted)
            .before_commit(|digest| {
                let noting = session.note_digest(id, digest.clone());
                let sender = sender.clone();
                async move {
                    // The video was paid for, and is worth more than the note.
                    if noting.await.is_err() {
                        // The receiver outlives the download.
                        let _ = sender.send(digest);
                    }
                    Ok::<_, Infallible>(())
                }
            })
            .on_event(|event| progress.show_download(event));
        if let Some(earlier) = session.earlier_output(id).await {
            download = download.earlier_path(earlier);
        }
        let paths = download
            .await
            .map_err(|error| self.download_failure(&error, task, file))?;
        session.note_files(task, &paths, unnoted.try_iter()).await;
        Ok(paths)
    }

    /// The task has a video, and it is not here.
    fn download_failure(&self, error: &DownloadError, task: &Task, file: &OutputFile) -> Failure {
        let what = format!("the video was not downloaded: {}", error_chain(error));
        let (code, command, next_step) = advice_for(error);
        let failure = Failure::new(code, what, next_step);
        let failure = match task.state() {
            TaskState::OtherEnd { .. } => failure.charged_perhaps(),
            _ => failure.completed_and_charged(),
        };
        let id = task.id().as_str();
        let failure = failure.followed_by(command, id);
        let failure = match command {
            // Only that shows the URLs.
            "status" => failure.with_flag("--json"),
            _ => written_elsewhere(failure, error, id, file),
        };
        failure.with_ids(self.reached.ids()).with_task(task)
    }
}

/// Finds out whether a video can be written. A file that is there may be the video itself, where the ledger knows
/// what that is; then the download looks at it.
pub(crate) async fn check_output(
    session: &Session,
    file: &OutputFile,
    command: &'static str,
    id: &TaskId,
) -> Result<(), Failure> {
    let id = id.as_str();
    match output_path::check_writable(file, id, false) {
        Err(error)
            if error.kind() != DownloadErrorKind::Exists
                || session.file_digests(id).await?.is_empty() =>
        {
            let failure = Failure::from(&error).followed_by(command, id);
            Err(written_elsewhere(failure, &error, id, file))
        }
        _ => Ok(()),
    }
}

/// The next command writes a file that can be written, where the one that was wanted cannot be.
fn written_elsewhere(
    failure: Failure,
    error: &DownloadError,
    id: &str,
    file: &OutputFile,
) -> Failure {
    let is_blocked = |path| Download::check(path, file.force).is_err();
    let other = match error.kind() {
        DownloadErrorKind::Disk | DownloadErrorKind::Exists
            if error.path().is_some_and(is_blocked) =>
        {
            output_path::writable_elsewhere(file, id, error.longest_name())
        }
        _ => None,
    };
    match other {
        Some(other) => failure.with_option("--output", &other),
        None => output_path::with_output(failure, file),
    }
}

/// The exit code, the next step, and the command that does it. After a failure of the server an
/// immediate retry would fail too, so the advice never is a retry alone.
fn advice_for(error: &DownloadError) -> (u8, &'static str, &'static str) {
    let (code, next_step) = match error.kind() {
        // This program will not download it: the task says what there is.
        DownloadErrorKind::NoOutput => {
            let next_step = "See what the service says about the task.";
            return (exit_code::TASK_FAILED, "status", next_step);
        }
        DownloadErrorKind::RefusedUrl | DownloadErrorKind::TooLarge => {
            let next_step = "This program will not download it. Look at its URL, and fetch it by other \
                             means if you trust it; do not generate it again.";
            return (exit_code::OTHER, "status", next_step);
        }
        DownloadErrorKind::Authentication => (
            exit_code::AUTHENTICATION,
            "Set a key that the service accepts (kirin auth set-key), then download it.",
        ),
        DownloadErrorKind::Corrupt => (
            exit_code::OTHER,
            "It was damaged twice, or its checksum is wrong. Check whether the kept file plays; download it \
             later or over another network.",
        ),
        DownloadErrorKind::Disk if error.longest_name().is_some() => (
            exit_code::DISK,
            "Download it to a file with a shorter name.",
        ),
        DownloadErrorKind::Disk => (
            exit_code::DISK,
            "Free some disk space or choose another --output, then download it.",
        ),
        DownloadErrorKind::Encoded => (
            exit_code::OTHER,
            "If a file is kept, it may be the video: decompress it, for example with brotli -d or zstd -d. \
             If a proxy of yours compresses downloads, download it without the proxy, or over another network.",
        ),
        DownloadErrorKind::Exists if error.can_be_overwritten() => (
            exit_code::DISK,
            "Download it to another file, or add --force to overwrite the one that is there.",
        ),
        DownloadErrorKind::Exists => (exit_code::DISK, "Download it to another file."),
        DownloadErrorKind::Expired => (
            exit_code::NOT_FOUND,
            "Download it again later; generating it again is charged again.",
        ),
        DownloadErrorKind::Network => (
            exit_code::NOT_FINISHED,
            "Download it again; do not generate it again.",
        ),
        DownloadErrorKind::NotVideo => (
            exit_code::OTHER,
            "The kept file may say why: a network that asks for a login, a proxy, the store. Once that is \
             fixed, download it; do not generate it again.",
        ),
        DownloadErrorKind::NotYetThere => (
            exit_code::NOT_FINISHED,
            "The store may be late. Download it in a few minutes; do not generate it again.",
        ),
        DownloadErrorKind::Unproven => (
            exit_code::NOT_FINISHED,
            "Check whether the kept file plays to the end. If it does not, download it later or over \
             another network; do not generate it again.",
        ),
        _ => (
            exit_code::OTHER,
            "Download it later; do not generate it again.",
        ),
    };
    (code, "download", next_step)
}
