//! A completed task whose video is not here: what helps depends on why.

use kirin_client::{Billing, Download, DownloadError, DownloadErrorKind};
use kirin_types::{Task, TaskId, TaskState};

use super::{Failure, chain};
use crate::{arguments::File, exit_code, interrupt::Ids, output_path};

impl Failure {
    /// The task has a video, and it is not here.
    pub(crate) fn download(error: &DownloadError, task: &Task, ids: Ids, file: &File) -> Self {
        let what = format!("the video was not downloaded: {}", chain(error));
        let (code, command, next_step) = way_on(error);
        let failure = Self::new(code, what, next_step);
        let failure = match task.state() {
            TaskState::OtherEnd { .. } => failure.charged_perhaps(),
            _ => Self {
                money: "The task is completed, and was charged.".into(),
                billing: Billing::Charged,
                ..failure
            },
        };
        let id = task.id().as_str();
        let failure = failure.resumed_by(command, id);
        let failure = match command {
            // Only that shows the URLs.
            "status" => failure.with_flag("--json"),
            _ => failure.written_elsewhere(error, id, file),
        };
        failure.with_ids(ids).with_task(task.clone())
    }

    /// The video of a task that exists cannot be written, found before the task was asked for.
    pub(crate) fn output_of_task(
        error: &DownloadError,
        command: &'static str,
        id: &TaskId,
        file: &File,
    ) -> Self {
        Self::output(error)
            .resumed_by(command, id.as_str())
            .written_elsewhere(error, id.as_str(), file)
    }

    /// The command to go on with, with a file that can be written, where the one that was wanted cannot be.
    fn written_elsewhere(self, error: &DownloadError, id: &str, file: &File) -> Self {
        let is_blocked = |path| Download::check(path, file.force).is_err();
        let other = match error.kind() {
            DownloadErrorKind::Disk | DownloadErrorKind::Exists
                if error.path().is_some_and(is_blocked) =>
            {
                output_path::elsewhere(file, id, error.longest_name())
            }
            _ => None,
        };
        match other {
            Some(other) => self.with_option("--output", &other),
            None => self.with_output(file),
        }
    }
}

/// The exit code, the next step, and the command that does it. What came to nothing because of the server
/// will come to nothing again at once, so that is never all that is said.
fn way_on(error: &DownloadError) -> (u8, &'static str, &'static str) {
    let (code, next_step) = match error.kind() {
        DownloadErrorKind::Authentication => (
            exit_code::AUTHENTICATION,
            "Set a key that the service accepts (kirin auth set-key), then download it.",
        ),
        DownloadErrorKind::Corrupt => (
            exit_code::OTHER,
            "It was damaged twice, or its checksum is wrong. See whether what is kept plays; download it \
             later or over another network.",
        ),
        DownloadErrorKind::Disk if error.longest_name().is_some() => (
            exit_code::DISK,
            "Download it to a file with a shorter name.",
        ),
        DownloadErrorKind::Disk => (
            exit_code::DISK,
            "Make room or choose another --output, then download it.",
        ),
        DownloadErrorKind::Encoded => (
            exit_code::OTHER,
            "If something is kept, it may be the video: decompress it, as with brotli -d or zstd -d. If a proxy of \
             yours does that, download it without the proxy, or over another network.",
        ),
        DownloadErrorKind::Exists if error.can_be_overwritten() => (
            exit_code::DISK,
            "Download it to another file, or with --force in place of what is there.",
        ),
        DownloadErrorKind::Exists => (exit_code::DISK, "Download it to another file."),
        DownloadErrorKind::Expired => (
            exit_code::NOT_FOUND,
            "Ask the service for it once more later; to generate it again is charged again.",
        ),
        DownloadErrorKind::Network => (
            exit_code::NOT_FINISHED,
            "Download it again; do not generate it again.",
        ),
        DownloadErrorKind::NotVideo => (
            exit_code::OTHER,
            "What came says why, perhaps: a network that asks for a login, a proxy, the store. When that \
             is settled, download it; do not generate it again.",
        ),
        DownloadErrorKind::NotYetThere => (
            exit_code::NOT_FINISHED,
            "The store may be late. Download it in some minutes; do not generate it again.",
        ),
        DownloadErrorKind::NoOutput
        | DownloadErrorKind::RefusedUrl
        | DownloadErrorKind::TooLarge => {
            return elsewhere(error.kind());
        }
        DownloadErrorKind::Unproven => (
            exit_code::NOT_FINISHED,
            "See whether what is kept plays to its end. If it does not, download it later or over another \
             network; do not generate it again.",
        ),
        _ => (
            exit_code::OTHER,
            "Download it later; do not generate it again.",
        ),
    };
    (code, "download", next_step)
}

/// This program will not get it: the task tells what there is.
fn elsewhere(kind: DownloadErrorKind) -> (u8, &'static str, &'static str) {
    let (code, next_step) = match kind {
        DownloadErrorKind::NoOutput => {
            (exit_code::TASK_FAILED, "See what the task says of itself.")
        }
        _ => (
            exit_code::OTHER,
            "This program does not download it. See its URL, and fetch it by other means if you trust \
             it; do not generate it again.",
        ),
    };
    (code, "status", next_step)
}
