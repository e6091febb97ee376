//! The failed requests, as a file that can be run again.

use std::{
    ffi::OsStr,
    io,
    path::{Path, PathBuf},
};

use kirin_client::Billing;
use kirin_ledger::Ledger;
use kirin_types::GenerationRequest;

use super::{End, Planned};
use crate::{exit_code, request_file::after_failure, side_file};

const EXTENSION: &str = "failed.jsonl";

/// Writes `NAME.failed.jsonl` into the folder, or removes what an earlier run has written if there is nothing to
/// run again; gives the path where it was written. A file that was edited stays.
///
/// A line that created nothing keeps its id. A task that failed has used up its id, and its line gets
/// a new one. Unfinished creates that may be charged are not in the file: the same command continues them.
pub(super) async fn write_failures(
    ledger: &Ledger,
    folder: &Path,
    name: &OsStr,
    planned: &[Planned],
    ends: &[End],
) -> io::Result<Option<PathBuf>> {
    let mut lines = Vec::new();
    for request in planned.iter().zip(ends).filter_map(request_to_repeat) {
        serde_json::to_writer(&mut lines, &request)?;
        lines.push(b'\n');
    }
    if lines.is_empty() {
        side_file::remove(ledger, folder, name, EXTENSION).await?;
        return Ok(None);
    }
    let path = side_file::write(ledger, folder, name, EXTENSION, &lines).await?;
    Ok(Some(path))
}

fn request_to_repeat((planned, end): (&Planned, &End)) -> Option<GenerationRequest> {
    let request = planned.line.request.clone();
    match end {
        End::NotStarted(_) => Some(request),
        End::Failed(failure) if failure.billing == Billing::None => Some(request),
        End::Failed(failure) if failure.exit_code == exit_code::TASK_FAILED => {
            Some(request.with_external_task_id(after_failure(planned.id())))
        }
        _ => None,
    }
}
