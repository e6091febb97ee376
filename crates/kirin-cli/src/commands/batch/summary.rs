//! The results of a batch.

use std::path::Path;

use kirin_types::{Amount, ExternalTaskId, TaskId};
use serde::Serialize;

use super::{Batch, End, Files, Planned};
use crate::{
    exit_code,
    failure::Failure,
    report::{ErrorReport, Json, Unwritten, path_text, print_json},
    request_file::how_many,
    table::nonzero_counts,
    terminal::{print_stderr, printable, shell_word},
};

/// What `--json` prints, always with every field.
#[derive(Default, Serialize)]
pub(super) struct Summary {
    /// Among events it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<&'static str>,
    requests: usize,
    /// Completed by an earlier run.
    done_before: usize,
    completed: usize,
    failed: usize,
    /// Still running, or not queried: the same command continues them.
    unfinished: usize,
    unresolved: usize,
    /// Not begun, because of a failure that they would have shared.
    not_started: usize,
    /// What all that is completed cost, in USD.
    settled: Amount,
    seconds: f64,
    output: String,
    paths: Vec<String>,
    failures: Vec<LineFailure>,
    pub(super) failures_file: Option<String>,
    pub(super) gallery: Option<String>,
}

#[derive(Serialize)]
struct LineFailure {
    line: u64,
    external_task_id: ExternalTaskId,
    id: Option<TaskId>,
    error: ErrorReport,
}

impl Summary {
    pub(super) fn of(planned: &[Planned], ends: &[End], seconds: f64, folder: &Path) -> Self {
        let mut summary = Self {
            requests: planned.len(),
            seconds,
            output: path_text(folder),
            ..Self::default()
        };
        for (planned, end) in planned.iter().zip(ends) {
            match end {
                End::Completed(files) => {
                    summary.completed += 1;
                    summary.add_files(files);
                }
                End::Done(files) => {
                    summary.done_before += 1;
                    summary.add_files(files);
                }
                End::NotStarted(_) => summary.not_started += 1,
                End::Failed(failure) => summary.add_failure(planned, failure),
            }
        }
        summary
    }

    fn add_files(&mut self, files: &Files) {
        self.paths
            .extend(files.paths.iter().map(|path| path_text(path)));
        self.settled = self.settled.clone() + files.cost.clone().unwrap_or_default();
    }

    fn add_failure(&mut self, planned: &Planned, failure: &Failure) {
        match failure.exit_code {
            exit_code::NOT_FINISHED => self.unfinished += 1,
            exit_code::UNRESOLVED => self.unresolved += 1,
            _ => self.failed += 1,
        }
        self.failures.push(LineFailure {
            line: planned.line.number,
            external_task_id: planned.id().clone(),
            id: failure.about.ids.id.clone(),
            error: ErrorReport::from(failure),
        });
    }

    /// Tells it to a person, and with `--json` to a program.
    pub(super) fn print_summary(mut self, batch: &Batch) -> Result<(), Failure> {
        if !batch.shared.quiet || !self.failures.is_empty() {
            self.summary_lines(batch)
                .iter()
                .for_each(|line| print_stderr(&printable(line)));
        }
        let Some(json) = batch.shared.json else {
            return Ok(());
        };
        self.event = (json == Json::Events).then_some("summary");
        print_json(&self).map_err(Unwritten::of_batch)
    }

    fn summary_lines(&self, batch: &Batch) -> Vec<String> {
        let counts = [
            (self.completed, "completed"),
            (self.done_before, "done before"),
            (self.failed, "failed"),
            (self.unfinished, "not finished"),
            (self.unresolved, "unresolved"),
            (self.not_started, "not started"),
        ];
        let counts: Vec<_> = nonzero_counts(&counts).collect();
        let mut lines = vec![format!(
            "{}: {}; {} USD settled; {:.0} s",
            how_many(self.requests),
            counts.join(", "),
            self.settled,
            self.seconds,
        )];
        let host = match &batch.shared.base_url {
            Some(base_url) => format!(" --base-url {}", shell_word(base_url)),
            None => String::new(),
        };
        if let Some(file) = &self.failures_file {
            let (file, output) = (shell_word(file), shell_word(&self.output));
            lines.push(format!(
                "Run the failed requests again: kirin batch {file} --output {output}{host}"
            ));
        }
        if self.unfinished > 0 {
            lines.push("The same command continues what is not finished.".into());
        }
        if self.unresolved > 0 {
            lines.push(format!(
                "Unresolved creates may have been charged. The same command looks for them again, and so \
                 does: kirin resolve{host}"
            ));
        }
        if let Some(gallery) = &self.gallery {
            lines.push(format!("Gallery: {gallery}"));
        }
        lines
    }
}
