//! What failed, as a file that can be run again.

use std::{
    ffi::OsStr,
    fs, io,
    path::{Path, PathBuf},
};

use kirin_client::Billing;
use kirin_types::GenerationRequest;

use super::{Planned, run::End};
use crate::{exit_code, request_file::after_failure, whole_file::replace};

/// Writes `NAME.failed.jsonl` into the folder, or removes it if there is nothing to run again; gives its
/// path where it was written.
///
/// A line that created nothing keeps its id. A task that failed has used up its id, and its line gets
/// a new one. What may be charged and is not at its end is for the same command, and not in the file.
pub(super) fn write(
    folder: &Path,
    name: &OsStr,
    planned: &[Planned],
    ends: &[End],
) -> io::Result<Option<PathBuf>> {
    let mut file_name = name.to_owned();
    file_name.push(".failed.jsonl");
    let path = folder.join(file_name);
    let mut lines = Vec::new();
    for request in planned.iter().zip(ends).filter_map(again) {
        serde_json::to_writer(&mut lines, &request)?;
        lines.push(b'\n');
    }
    if lines.is_empty() {
        return match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(None),
        };
    }
    replace(&path, &lines)?;
    Ok(Some(path))
}

fn again((planned, end): (&Planned, &End)) -> Option<GenerationRequest> {
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
