//! `kirin batch`: the requests of a file, several at once, restartable.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
};

use clap::Args;
use kirin_ledger::Ledger;
use kirin_types::Amount;

use super::{
    Run,
    gallery::{GalleryOptions, write_gallery},
};
use crate::{
    arguments::{DefaultModel, GlobalOptions, OutputFile, SharedOptions, Timeout},
    configuration::Configuration,
    exit_code,
    failure::Failure,
    interrupt::{batch_interrupted, wait_for_interrupt},
    ledger_file,
    name_template::NameTemplate,
    output_path,
    report::{path_text, print_json},
    request_file::{Format, RequestFile},
    session::{PayingSession, Wanted, base_url},
    terminal::{print_stderr, printable},
    typed_value::parse_amount,
};

mod end;
use end::{End, Files};

mod failures;

mod plan;
use plan::{Costs, Planned, plan_lines};

mod progress;
use progress::BatchProgress;

mod run;
use run::BatchRun;

mod summary;
use summary::Summary;

/// Generate the videos of several prompts or requests, several at once; prints their paths.
///
/// The file has one request per line: a JSON object ({"prompt": "a fox", "mode": "pro"}), a record of
/// CSV under a header that names the parameters, or the text of a prompt; or the prompts are typed,
/// each with --prompt. All lines are checked before anything is sent.
///
/// The same command continues after any end, even a crash: what is done is skipped, what was begun
/// is resumed, and nothing is sent twice unless that is safe. A line without an external_task_id
/// gets one that is derived from its content: batch- and 32 digits of the SHA-256 of the
/// request, so lines can be moved and added. Identical lines of a file make one video each, and the
/// same line in another file is the same video.
///
/// Failed requests are written to NAME.failed.jsonl in the folder of the videos, so that you can run them again.
#[derive(Args, Debug)]
pub(crate) struct Batch {
    /// File of requests (JSON Lines or CSV) or of prompts, one per line; - is stdin
    #[arg(required_unless_present = "prompts")]
    file: Option<PathBuf>,
    /// A prompt, in place of a file; repeat it for each video
    #[arg(
        long = "prompt",
        id = "prompts",
        value_name = "TEXT",
        conflicts_with = "file"
    )]
    prompts: Vec<String>,
    /// Format of the file [default: from its extension]
    #[arg(long, conflicts_with = "prompts")]
    format: Option<Format>,
    #[command(flatten)]
    model: DefaultModel,
    /// How many requests run at once: 1 to 1000
    #[arg(
        long,
        value_name = "N",
        default_value_t = 4,
        value_parser = clap::value_parser!(u16).range(1..=1000)
    )]
    concurrency: u16,
    /// The most that the whole batch may cost over all runs; if it costs more, or a price is not
    /// known, nothing is sent
    #[arg(long, value_name = "USD", value_parser = parse_amount)]
    max_cost: Option<Amount>,
    /// Print what is done and what the rest costs, and send nothing; no key is needed
    #[arg(long)]
    dry_run: bool,
    /// Folder to write the videos to, created if it is missing [default: the file's name without its
    /// extension; batch for stdin and for prompts]
    #[arg(long, short, value_name = "DIR")]
    output: Option<PathBuf>,
    #[command(flatten)]
    timeout: Timeout,
    /// Name of each file, of {task_id}, {external_task_id}, {model}, {mode}, {duration},
    /// {aspect_ratio}, {prompt} and {number} [default: {task_id}]
    #[arg(long, value_name = "TEMPLATE")]
    name_template: Option<NameTemplate>,
    #[command(flatten)]
    shared: SharedOptions,
}

impl Run for Batch {
    /// Runs what is not done yet; gives the exit code.
    async fn run(self, _: GlobalOptions) -> Result<u8, Failure> {
        let file = self.read_requests()?;
        let lines = file.parse_requests(self.model.id());
        let lines = lines.map_err(|problems| file.invalid_failure(&problems))?;
        let ledger = ledger_file::open()?;
        let base_url = base_url(&self.shared)?;
        let planned = plan_lines(&ledger, &base_url, &file, lines).await?;
        let costs = Costs::of(&planned);
        let budget = self.max_cost.as_ref();
        let budget = budget
            .map(|limit| costs.remaining_budget(limit))
            .transpose()?;
        if self.dry_run {
            print_json(&costs)?;
            return Ok(exit_code::DONE);
        }
        let folder = self.output_folder();
        let template = self.name_template.as_ref();
        let requests = planned.iter().map(|planned| &planned.line.request);
        let files = output_path::in_folder(&folder, template, requests)?;
        let wanted = wanted_outputs(budget, &planned, &files);
        let paying = PayingSession::with_ledger(ledger, &self.shared, wanted)?;
        let progress = BatchProgress::new(&self.shared, planned.len(), &costs);
        let run = BatchRun {
            session: &paying.session,
            batch: &self,
            planned: &planned,
            files: &files,
            progress: &progress,
            state: run::State::default(),
        };
        let (ends, stopped_by) = tokio::select! {
            // First, so that signals are caught before anything is done.
            biased;
            () = wait_for_interrupt() => return Err(batch_interrupted(&run.under_way())),
            ends = run.to_end() => (ends, run.stopped_by()),
        };
        let seconds = progress.elapsed().as_secs_f64();
        drop(progress);
        let ledger = &paying.ledger;
        let mut summary = Summary::of(&planned, &ends, seconds, &folder);
        match failures::write_failures(ledger, &folder, self.base_name(), &planned, &ends).await {
            Ok(path) => summary.failures_file = path.as_deref().map(path_text),
            Err(error) => print_stderr(&format!(
                "cannot write the failed requests to a file: {error}"
            )),
        }
        summary.gallery = folder_gallery(ledger, &folder).await;
        summary.print_summary(&self)?;
        let codes: Vec<_> = ends.iter().map(End::exit_code).collect();
        Ok(exit_code::of_batch(&codes, stopped_by))
    }

    fn shared_options(&mut self) -> Option<&mut SharedOptions> {
        Some(&mut self.shared)
    }

    fn configure(&mut self, configuration: &Configuration) {
        self.model.configure(configuration);
        self.timeout.configure(configuration);
        self.max_cost = self
            .max_cost
            .take()
            .or_else(|| configuration.max_cost.clone());
        if let (None, Some(folder)) = (&self.output, &configuration.output) {
            self.output = Some(folder.join(self.base_name()));
        }
    }
}

impl Batch {
    /// Where the videos go.
    fn output_folder(&self) -> PathBuf {
        self.output
            .clone()
            .unwrap_or_else(|| self.base_name().into())
    }

    /// The base of the names of all output files.
    fn base_name(&self) -> &OsStr {
        match self.file.as_deref().and_then(Path::file_stem) {
            Some(stem) if stem != "-" => stem,
            _ => OsStr::new("batch"),
        }
    }

    /// The requests, read and not parsed yet.
    fn read_requests(&self) -> Result<RequestFile, Failure> {
        match &self.file {
            Some(file) => RequestFile::read(file, self.format),
            None => Ok(RequestFile::of_prompts(self.prompts.clone())),
        }
    }
}

fn wanted_outputs(max_cost: Option<Amount>, planned: &[Planned], files: &[OutputFile]) -> Wanted {
    let output = |(planned, file): (&Planned, &OutputFile)| {
        Some((planned.id().clone(), file.output.clone()?))
    };
    Wanted {
        max_cost,
        minted: None,
        outputs: planned.iter().zip(files).filter_map(output).collect(),
    }
}

/// The path of the folder's page. The videos count even if there is no page.
async fn folder_gallery(ledger: &Ledger, folder: &Path) -> Option<String> {
    match write_gallery(Some(ledger), folder, GalleryOptions::default()).await {
        Ok(written) => Some(path_text(&written?.path)),
        Err(failure) => {
            print_stderr(&printable(&failure.message()));
            None
        }
    }
}
