//! The lines of a batch, several at once, in the order of the file.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    future::poll_fn,
    path::PathBuf,
    rc::Rc,
    task::Poll,
};

use futures_util::stream::{FuturesUnordered, StreamExt};
use kirin_client::{Billing, DuplicateIds, Lookup};
use kirin_ledger::DownloadedFile;
use kirin_types::{Amount, Task};

use super::{Batch, BatchProgress, End, Files, Planned};
use crate::{
    arguments::OutputFile,
    exit_code,
    failure::{Failure, Ids},
    generation::{GenerationContext, RequestedTask},
    output_path,
    progress::Progress,
    reached::Reached,
    report::{Json, Report, print_task},
    session::Session,
};

pub(super) struct BatchRun<'a> {
    pub(super) session: &'a Session,
    pub(super) batch: &'a Batch,
    pub(super) planned: &'a [Planned],
    pub(super) files: &'a [OutputFile],
    pub(super) progress: &'a BatchProgress,
    pub(super) state: State,
}

#[derive(Default)]
pub(super) struct State {
    under_way: RefCell<BTreeMap<usize, Rc<Reached>>>,
    /// How many of them are new.
    creating: Cell<usize>,
    /// Whether a create of this run has led to a task, so that more is not to be learned of the host.
    has_created: Cell<bool>,
    /// Why nothing new is created any more.
    stopped_by: Cell<Option<u8>>,
}

impl BatchRun<'_> {
    /// Every line to its end; gives the ends in the order of the file.
    pub(super) async fn to_end(&self) -> Vec<End> {
        let mut ends = BTreeMap::new();
        let mut running = FuturesUnordered::new();
        let mut waiting = (0..self.planned.len()).peekable();
        loop {
            while running.len() < usize::from(self.batch.concurrency)
                && let Some(place) = waiting.next_if(|place| self.may_start(*place))
            {
                running.push(self.start_line(place));
            }
            let is_held = running.len() < usize::from(self.batch.concurrency);
            let next = poll_fn(|context| match running.poll_next_unpin(context) {
                // The line under way has shown what the host can do.
                Poll::Pending
                    if is_held && waiting.peek().is_some_and(|it| self.may_start(*it)) =>
                {
                    Poll::Ready(None)
                }
                polled => polled,
            });
            match next.await {
                Some((place, end)) => drop(ends.insert(place, end)),
                None if waiting.peek().is_none() => break,
                None => {}
            }
        }
        ends.into_values().collect()
    }

    /// The exit code of what kept the rest from being created, if something did.
    pub(super) fn stopped_by(&self) -> Option<u8> {
        self.state.stopped_by.get()
    }

    /// The ids of the lines that are at the service now.
    pub(super) fn under_way(&self) -> Vec<Ids> {
        let under_way = self.state.under_way.borrow();
        under_way.values().map(|reached| reached.ids()).collect()
    }

    /// If it is not known whether a host finds a task by its external id, the first create is sent
    /// alone: if its answer is lost, one create may be charged in vain, not many.
    fn may_start(&self, place: usize) -> bool {
        let capabilities = self.session.client.capabilities();
        let is_known = capabilities.lookup != Lookup::Unproven
            || capabilities.duplicate_ids == DuplicateIds::Refused
            || self.state.has_created.get();
        is_known || !self.planned[place].is_new() || self.state.creating.get() == 0
    }

    fn start_line(&self, place: usize) -> impl Future<Output = (usize, End)> {
        let creating = &self.state.creating;
        let is_new = self.planned[place].is_new();
        if is_new {
            creating.set(creating.get() + 1);
        }
        async move {
            let end = self.run_line(place).await;
            if is_new {
                creating.set(creating.get() - 1);
                self.learn_from(&end);
            }
            self.progress.report_end(&self.planned[place], &end);
            (place, end)
        }
    }

    fn learn_from(&self, end: &End) {
        const ALL_WOULD: [u8; 4] = [
            exit_code::AUTHENTICATION,
            exit_code::BALANCE,
            exit_code::DISK,
            exit_code::UNREACHABLE,
        ];
        // Without a ledger it is not known what an earlier run has sent, and nothing is sent.
        let is_unsent = |failure: &Failure| {
            let is_of_ledger = failure.exit_code == exit_code::DISK;
            failure.billing == Billing::None || is_of_ledger && failure.about.ids.id.is_none()
        };
        match end {
            End::Failed(failure) if is_unsent(failure) => {
                let is_lost = self.state.stopped_by.get() == Some(exit_code::DISK);
                if ALL_WOULD.contains(&failure.exit_code) && !is_lost {
                    self.state.stopped_by.set(Some(failure.exit_code));
                }
            }
            End::Failed(failure) if failure.about.ids.id.is_none() => {}
            End::NotStarted(_) => {}
            _ => self.state.has_created.set(true),
        }
    }

    async fn run_line(&self, place: usize) -> End {
        let planned = &self.planned[place];
        if let Some((task, files)) = planned.finished_files() {
            let paths = self.as_typed(files);
            return match self.print_files(planned, task, &paths) {
                Ok(files) => End::Done(files),
                Err(failure) => self.failed_end(failure),
            };
        }
        if let Some(error) = planned.final_failure() {
            return self.failed_end(Failure::from_client(&error, Ids::from(planned.id())));
        }
        if let (Some(code), true) = (self.state.stopped_by.get(), planned.is_new()) {
            return End::NotStarted(code);
        }
        let reached = Rc::new(Reached::default());
        let under_way = Rc::clone(&reached);
        self.state.under_way.borrow_mut().insert(place, under_way);
        let produced = self.produce_files(place, &reached).await;
        self.state.under_way.borrow_mut().remove(&place);
        match produced.and_then(|(task, paths)| self.print_files(planned, &task, &paths)) {
            Ok(files) => End::Completed(files),
            Err(failure) => self.failed_end(failure),
        }
    }

    async fn produce_files(
        &self,
        place: usize,
        reached: &Reached,
    ) -> Result<(Task, Vec<PathBuf>), Failure> {
        let (planned, file) = (&self.planned[place], &self.files[place]);
        let request = &planned.line.request;
        if planned.is_new() {
            let watermark = request.watermark() == Some(true);
            output_path::check_writable(file, &output_path::LONGEST_ID, watermark).map_err(
                |error| {
                    let next_step =
                        "Move what is there away, or choose another --output or --name-template.";
                    match error.longest_name() {
                        Some(_) => Failure::from(&error),
                        None => Failure::from(&error).with_next_step(next_step),
                    }
                },
            )?;
        }
        let progress = Progress::events_only(&self.batch.shared, planned.id());
        let mut context = GenerationContext::new(self.session, progress, reached);
        let requested = RequestedTask::new(request, self.batch.timeout.duration);
        context.produce_files(&requested, file).await
    }

    /// The paths are the result.
    fn print_files(
        &self,
        planned: &Planned,
        task: &Task,
        paths: &[PathBuf],
    ) -> Result<Files, Failure> {
        let id = Some(planned.id().clone());
        self.progress
            .while_suspended(|| match self.batch.shared.json {
                Some(Json::Result) => Ok(()),
                json => print_task(task, id, paths, json),
            })?;
        Ok(Files {
            paths: paths.to_vec(),
            cost: task_cost(task).or_else(|| planned.expected_cost()),
        })
    }

    /// Paths in the folder of the batch, as the run that wrote them has printed them.
    fn as_typed(&self, files: &[DownloadedFile]) -> Vec<PathBuf> {
        let folder = self.batch.output_folder();
        let start = output_path::absolute_path(&folder);
        let paths = files
            .iter()
            .map(|file| match file.path.strip_prefix(&start) {
                Ok(rest) => folder.join(rest),
                Err(_) => file.path.clone(),
            });
        paths.collect()
    }

    fn failed_end(&self, failure: Failure) -> End {
        let failure = failure.at_base_url(self.batch.shared.base_url.as_deref());
        if self.batch.shared.json == Some(Json::Events) {
            // Where stdout takes nothing, stderr and the exit code say it.
            let _ = Report::of_failure(&failure).print(Json::Events);
        }
        End::Failed(Box::new(failure))
    }
}

fn task_cost(task: &Task) -> Option<Amount> {
    task.state().usage()?.cost.clone()
}
