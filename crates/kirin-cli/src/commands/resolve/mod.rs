//! `kirin resolve`: looks for the tasks of creates that may have been charged.

use clap::Args;
use kirin_client::{Error, ErrorKind, Generation, JournalState, machine::Outcome};
use kirin_ledger::{Entry, Money};
use kirin_types::{Amount, Task, TaskId};

use super::Run;
use crate::{
    arguments::{GlobalOptions, SharedOptions},
    configuration::Configuration,
    failure::{Failure, FollowUp},
    generation::{
        GenerationContext,
        ledger_entries::{at_this_host, is_open, reached_by, run_concurrently, stays_refused},
        resume_entry,
        take_over::offer_take_over,
        unresolved::{self, charged_up_to, count_sends},
    },
    interrupt::unless_interrupted,
    progress::Progress,
    report::{Report, print_line},
    session::{PayingSession, Wanted},
    terminal::{print_stderr, printable},
    typed_value::parse_amount,
};

mod send_again;
use send_again::check_budgets;

/// Look for the tasks of creates that may have been charged, and report what is known of each.
#[derive(Args, Debug)]
pub(crate) struct Resolve {
    /// The external task id of one create [default: all that are unresolved]
    id: Option<TaskId>,
    /// If it is still not found, send it again under the same id: if the service accepts
    /// duplicates, and has the first one after all, both are charged
    #[arg(long, requires = "id")]
    send_again: bool,
    /// The most it may cost, including everything sent before; a create that may cost more, or has
    /// no known price, is not sent again
    #[arg(long, value_name = "USD", value_parser = parse_amount)]
    max_cost: Option<Amount>,
    #[command(flatten)]
    shared: SharedOptions,
}

impl Run for Resolve {
    /// Looks for each create at the base URL of which it is not known whether it created a task; gives the
    /// exit code.
    async fn run(self, global: GlobalOptions) -> Result<u8, Failure> {
        let paying = PayingSession::open(&self.shared, Wanted::default())?;
        let PayingSession { session, ledger } = &paying;
        let mut entries = match &self.id {
            Some(id) => {
                let found = at_this_host(session, ledger.find(id.as_str()).await)?;
                if found.is_empty() {
                    return Err(Failure::not_in_ledger(id.as_str()));
                }
                found
            }
            None => at_this_host(session, ledger.unfinished().await)?,
        };
        entries.retain(|entry| entry.task_id.is_none());
        if let (true, Some(id), [_, _, ..]) = (self.send_again, &self.id, &entries[..]) {
            // Each would be paid for.
            return Err(Failure::several_accounts(id.as_str()));
        }
        offer_take_over(ledger, &entries, !global.no_input).await?;
        let is_asked_for = |entry: &Entry| self.id.is_some() || is_open(entry);
        let look_up = async |entry: &Entry, progress| self.look_up(&paying, entry, progress).await;
        let print = |entry: &Entry, found| self.print_found(entry, found);
        run_concurrently(&paying, entries, &self.shared, is_asked_for, look_up, print).await
    }

    fn shared_options(&mut self) -> Option<&mut SharedOptions> {
        Some(&mut self.shared)
    }

    fn configure(&mut self, configuration: &Configuration) {
        self.max_cost = self
            .max_cost
            .take()
            .or_else(|| configuration.max_cost.clone());
    }

    fn repeat_command(&self) -> Option<FollowUp> {
        let id = self.id.as_ref().map(|id| id.as_str());
        Some(FollowUp::new("resolve", id))
    }
}

/// What is known of one.
struct Found {
    /// None is known never to have been created.
    task: Option<Box<Task>>,
    /// How often it was sent.
    sends: u32,
}

impl Resolve {
    /// Looks for one, and sends it again if that is wanted and allowed.
    async fn look_up(
        &self,
        paying: &PayingSession,
        entry: &Entry,
        progress: Progress,
    ) -> Result<Found, Failure> {
        let PayingSession { session, ledger } = paying;
        let reached = reached_by(entry);
        let mut context = GenerationContext::new(session, progress, &reached);
        unless_interrupted(&reached, async {
            let known = match is_open(entry) {
                true => {
                    let generation = resume_entry(session, ledger, entry).await?.start();
                    Known::of_end(entry, context.follow_to_acceptance(generation).await)
                }
                false => Known::Nothing,
            };
            // A create that was never sent, or refused, belongs to the command that wanted it.
            let may_send_again = match &known {
                Known::Nothing => is_proved_absent(entry),
                Known::Unresolved(_) => true,
                Known::Task(_) | Known::Failed(_) => false,
            };
            let known = match self.send_again && may_send_again {
                true => {
                    let again = self
                        .send_again(paying, entry, &mut context.progress)
                        .await?;
                    match context.follow_to_acceptance(again).await {
                        Ok(generation) => Known::Task(generation.task().map(Box::new)),
                        Err(error) => Known::Failed(error),
                    }
                }
                false => known,
            };
            let task = match known {
                Known::Nothing => None,
                Known::Task(task) => task,
                Known::Failed(error) | Known::Unresolved(error) => {
                    return Err(unresolved::resumed_failure(ledger, entry, error, &reached).await);
                }
            };
            let sends = count_sends(ledger, entry).await?;
            Ok(Found { task, sends })
        })
        .await
    }

    /// Begins to send one again, where that is allowed.
    async fn send_again(
        &self,
        PayingSession { session, ledger }: &PayingSession,
        entry: &Entry,
        progress: &mut Progress,
    ) -> Result<Generation, Failure> {
        let is_absent = is_proved_absent(entry);
        // A task that was proved absent was not charged.
        let sends = match is_absent {
            true => 0,
            false => count_sends(ledger, entry).await?,
        };
        let budget_per_day = self.shared.configuration.budget_per_day.as_ref();
        check_budgets(ledger, entry, sends, self.max_cost.as_ref(), budget_per_day).await?;
        let intent = ledger.intent(entry.number).await?;
        let id = &entry.external_task_id;
        let charged = charged_up_to(sends + 1);
        progress.show_line(&match is_absent {
            true => format!(
                "{id} created nothing, and is sent again if it is not found now. {charged} then"
            ),
            false => format!("{id} was not found, and is sent again. {charged} then"),
        });
        Ok(session.client.send_again(intent).start())
    }

    fn print_found(&self, entry: &Entry, found: Found) -> Result<(), Failure> {
        let id = &entry.external_task_id;
        if self.id.is_none() && found.task.is_none() && entry.money() == Money::None {
            // It is as it was, and was not asked for.
            return Ok(());
        }
        if found.task.is_some() && found.sends > 1 {
            let charged = charged_up_to(found.sends);
            print_stderr(&format!("{id} was sent {} times. {charged}", found.sends));
        }
        match (&found.task, self.shared.json) {
            (Some(task), Some(json)) => Report::of_task(task, Some(id.clone())).print(json)?,
            (None, Some(json)) => Report::not_created(id.clone()).print(json)?,
            (Some(task), None) => print_line(&printable(&format!("{id} is task {}", task.id())))?,
            (None, None) => print_line(&format!("{id} created nothing"))?,
        }
        Ok(())
    }
}

/// What a lookup has shown.
enum Known {
    Failed(Error),
    /// Nothing was created.
    Nothing,
    Task(Option<Box<Task>>),
    Unresolved(Error),
}

impl Known {
    fn of_end(entry: &Entry, end: Result<Generation, Error>) -> Self {
        match end {
            Ok(generation) => Self::Task(generation.task().map(Box::new)),
            Err(error) if stays_refused(entry, &error) => Self::Nothing,
            Err(error) if matches!(error.outcome(), Outcome::NotCreated { .. }) => Self::Nothing,
            Err(error) if error.kind() == ErrorKind::Unresolved => Self::Unresolved(error),
            Err(error) => Self::Failed(error),
        }
    }
}

/// Whether it was sent, and then proved to have created nothing.
fn is_proved_absent(entry: &Entry) -> bool {
    let is_nothing = matches!(&entry.state, JournalState::Ended(end) if matches!(**end, Outcome::NotCreated { .. }));
    is_nothing && entry.attempts > 0
}
