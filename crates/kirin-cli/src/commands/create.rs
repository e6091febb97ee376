//! `kirin create`

use clap::Args;

use super::Run;
use crate::{
    arguments::{GlobalOptions, RequestOptions, SharedOptions, Spending},
    configuration::Configuration,
    dry_run::print_dry_run,
    exit_code,
    failure::Failure,
    generation::{GenerationContext, RequestedTask},
    interrupt::unless_interrupted,
    progress::Progress,
    reached::Reached,
    report::{Report, print_line},
    request::{build_request, minted_id},
    session::{PayingSession, Wanted},
    terminal::printable,
};

/// Create a task of a prompt and do not wait for it; prints its id.
#[derive(Args, Debug)]
pub(crate) struct Create {
    #[command(flatten)]
    request: RequestOptions,
    #[command(flatten)]
    spending: Spending,
    #[command(flatten)]
    shared: SharedOptions,
}

impl Run for Create {
    async fn run(self, _: GlobalOptions) -> Result<u8, Failure> {
        let request = build_request(&self.request)?;
        if self.spending.dry_run {
            return print_dry_run(&request, &self.spending);
        }
        let wanted = Wanted {
            max_cost: self.spending.max_cost.clone(),
            minted: minted_id(&self.request, &request),
            outputs: Vec::new(),
        };
        let session = PayingSession::open(&self.shared, wanted)?.session;
        let reached = Reached::default();
        let progress = Progress::new(&self.shared, request.external_task_id(), None);
        let mut context = GenerationContext::new(&session, progress, &reached);
        let requested = RequestedTask::new(&request, None);
        let task = unless_interrupted(&reached, context.produce_task(&requested)).await?;
        drop(context);
        let printed = match self.shared.json {
            Some(json) => Report::of_task(&task, request.external_task_id().cloned()).print(json),
            None => print_line(&printable(task.id().as_str())),
        };
        printed.map_err(|unwritten| unwritten.of_task(&task))?;
        Ok(exit_code::DONE)
    }

    fn shared_options(&mut self) -> Option<&mut SharedOptions> {
        Some(&mut self.shared)
    }

    fn configure(&mut self, configuration: &Configuration) {
        self.request.model.configure(configuration);
        self.spending.configure(configuration);
    }

    fn request_options(&self) -> Option<&RequestOptions> {
        Some(&self.request)
    }
}
