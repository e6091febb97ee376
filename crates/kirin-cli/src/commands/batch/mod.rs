//! `kirin batch`: the requests of a file, several at once, restartable.

use std::path::Path;

use kirin_ledger::Ledger;
use kirin_types::Amount;
use serde::Serialize;

use super::gallery::{GalleryOptions, write_gallery};
use crate::{
    arguments::{self, File},
    exit_code,
    failure::Failure,
    interrupt::interrupted,
    ledger_file, output_path,
    report::print_json,
    session::{Session, Wanted, base_url},
    terminal::{printable, say},
};

mod failures;

mod plan;
pub(crate) use plan::Costs;
use plan::{Planned, plan};

mod progress;
use progress::BatchProgress;

mod run;
use run::{End, Run};

mod summary;
use summary::{Summary, text};

/// Runs what is not done yet; gives the exit code.
pub(crate) async fn batch(arguments: arguments::Batch) -> Result<u8, Failure> {
    let file = arguments.read()?;
    let lines = file.requests(arguments.model.id());
    let lines = lines.map_err(|problems| file.invalid(&problems))?;
    let ledger = ledger_file::open()?;
    let base_url = base_url(&arguments.shared)?;
    let planned = plan(&ledger, &base_url, &file, lines).await?;
    let costs = Costs::of(&planned);
    let budget = arguments.max_cost.as_ref();
    let budget = budget.map(|limit| costs.budget(limit)).transpose()?;
    if arguments.dry_run {
        return dry_run(&costs);
    }
    let folder = arguments.folder();
    let template = arguments.name_template.as_ref();
    let requests = planned.iter().map(|planned| &planned.line.request);
    let files = output_path::in_folder(&folder, template, requests)?;
    let wanted = wanted(budget, &planned, &files);
    let session = Session::paying_by(ledger.clone(), &arguments.shared, wanted)?;
    let progress = BatchProgress::new(&arguments.shared, planned.len(), &costs);
    let run = Run {
        session: &session,
        arguments: &arguments,
        planned: &planned,
        files: &files,
        progress: &progress,
        state: run::State::default(),
    };
    let (ends, stopped_by) = tokio::select! {
        // First, so that signals are caught before anything is done.
        biased;
        () = interrupted() => return Err(Failure::batch_interrupted(&run.under_way())),
        ends = run.to_end() => (ends, run.stopped_by()),
    };
    let seconds = progress.elapsed().as_secs_f64();
    drop(progress);
    let mut summary = Summary::of(&planned, &ends, seconds, &folder);
    match failures::write(&ledger, &folder, arguments.name(), &planned, &ends).await {
        Ok(path) => summary.failures_file = path.as_deref().map(text),
        Err(error) => say(&format!(
            "the failures cannot be written to a file: {error}"
        )),
    }
    summary.gallery = gallery(&ledger, &folder).await;
    summary.tell(&arguments)?;
    let codes: Vec<_> = ends.iter().map(End::exit_code).collect();
    Ok(exit_code::of_batch(&codes, stopped_by))
}

/// What there is to do, and what it would cost.
#[derive(Serialize)]
struct DryRun {
    requests: usize,
    done: usize,
    /// By an earlier run, and not ended with files.
    begun: usize,
    to_create: usize,
    /// List price of what is to be created, in USD.
    price: Amount,
    /// How many of them have no known price.
    without_price: usize,
    /// What is spent or reserved already, in USD.
    spent: Amount,
}

fn dry_run(costs: &Costs) -> Result<u8, Failure> {
    let dry_run = DryRun {
        requests: costs.done + costs.begun + costs.to_create,
        done: costs.done,
        begun: costs.begun,
        to_create: costs.to_create,
        price: costs.rest.clone(),
        without_price: costs.unknown.len(),
        spent: costs.spent.clone(),
    };
    print_json(&dry_run).map_err(|error| Failure::unwritten(&error))?;
    Ok(exit_code::DONE)
}

fn wanted(max_cost: Option<Amount>, planned: &[Planned], files: &[File]) -> Wanted {
    let output =
        |(planned, file): (&Planned, &File)| Some((planned.id().clone(), file.output.clone()?));
    Wanted {
        max_cost,
        minted: None,
        outputs: planned.iter().zip(files).filter_map(output).collect(),
    }
}

/// Where the page of the folder is. The videos are there, whatever becomes of it.
async fn gallery(ledger: &Ledger, folder: &Path) -> Option<String> {
    match write_gallery(Some(ledger), folder, GalleryOptions::default()).await {
        Ok(written) => Some(text(&written?.path)),
        Err(failure) => {
            say(&printable(&failure.message()));
            None
        }
    }
}
