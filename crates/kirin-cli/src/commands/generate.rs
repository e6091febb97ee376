//! `kirin generate`

use std::path::PathBuf;

use clap::Args;
use kirin_client::{DownloadError, DownloadErrorKind};
use kirin_types::{GenerationRequest, Task};

use super::Run;
use crate::{
    arguments::{GlobalOptions, OutputFile, RequestOptions, SharedOptions, Spending, Timeout},
    configuration::Configuration,
    dry_run::print_dry_run,
    exit_code,
    failure::Failure,
    generation::{GenerationContext, RequestedTask},
    interrupt::unless_interrupted,
    name_template::NameTemplate,
    output_path::{self, with_output},
    progress::Progress,
    reached::Reached,
    report::print_task,
    request::{build_request, minted_id},
    session::{PayingSession, Session, Wanted},
};

/// Create a task of a prompt, wait until it is finished, and download the video; prints its path.
#[derive(Args, Debug)]
pub(crate) struct Generate {
    #[command(flatten)]
    request: RequestOptions,
    #[command(flatten)]
    spending: Spending,
    #[command(flatten)]
    file: OutputFile,
    #[command(flatten)]
    timeout: Timeout,
    /// Name of the file, of {task_id}, {external_task_id}, {model}, {mode}, {duration},
    /// {aspect_ratio} and {prompt}; --output is then its folder [default: {task_id}]
    #[arg(long, value_name = "TEMPLATE")]
    name_template: Option<NameTemplate>,
    /// Generate against an emulator of the service inside this program: no key, no cost
    #[arg(long, conflicts_with = "base_url")]
    emulator: bool,
    #[command(flatten)]
    shared: SharedOptions,
}

impl Run for Generate {
    async fn run(self, _: GlobalOptions) -> Result<u8, Failure> {
        let request = build_request(&self.request)?;
        if self.spending.dry_run {
            return print_dry_run(&request, &self.spending);
        }
        let file =
            output_path::named_by_template(&self.file, self.name_template.as_ref(), &request)?;
        let existing_file = check_file(&request, &file)?;
        let session = match self.emulator {
            true => Session::start_emulated().await?,
            false => {
                PayingSession::open(&self.shared, self.wanted_output(&request, &file))?.session
            }
        };
        let produced = self
            .produce_video(&session, &request, &file, existing_file)
            .await
            .map_err(|failure| with_output(failure, &file));
        let id = request.external_task_id().cloned();
        let printed =
            produced.and_then(|(task, paths)| print_task(&task, id, &paths, self.shared.json));
        session.shut_down().await;
        match printed {
            Ok(()) => Ok(exit_code::DONE),
            Err(failure) if self.emulator => Err(failure.of_emulator()),
            Err(failure) => Err(failure),
        }
    }

    fn shared_options(&mut self) -> Option<&mut SharedOptions> {
        Some(&mut self.shared)
    }

    fn configure(&mut self, configuration: &Configuration) {
        self.request.model.configure(configuration);
        self.spending.configure(configuration);
        self.timeout.configure(configuration);
        if let (None, Some(folder)) = (&self.file.output, &configuration.output) {
            self.file.output = Some(folder.clone());
            self.name_template.get_or_insert_with(NameTemplate::task_id);
        }
    }

    fn request_options(&self) -> Option<&RequestOptions> {
        Some(&self.request)
    }
}

impl Generate {
    async fn produce_video(
        &self,
        session: &Session,
        request: &GenerationRequest,
        file: &OutputFile,
        existing_file: Option<DownloadError>,
    ) -> Result<(Task, Vec<PathBuf>), Failure> {
        let reached = Reached::default();
        let progress = Progress::new(&self.shared, request.external_task_id(), None);
        let mut context = GenerationContext::new(session, progress, &reached);
        let requested = RequestedTask {
            existing_file,
            ..RequestedTask::new(request, self.timeout.duration)
        };
        unless_interrupted(&reached, context.produce_files(&requested, file)).await
    }

    fn wanted_output(&self, request: &GenerationRequest, file: &OutputFile) -> Wanted {
        let output = file.output.clone().unwrap_or_else(|| PathBuf::from("."));
        let id = request.external_task_id().cloned();
        Wanted {
            max_cost: self.spending.max_cost.clone(),
            minted: minted_id(&self.request, request),
            outputs: id.map(|id| (id, output)).into_iter().collect(),
        }
    }
}

/// Why the file cannot be written, if that is because there is one already: an earlier run may have
/// written it.
fn check_file(
    request: &GenerationRequest,
    file: &OutputFile,
) -> Result<Option<DownloadError>, Failure> {
    let watermark = request.watermark() == Some(true);
    match output_path::check_writable(file, &output_path::LONGEST_ID, watermark) {
        Ok(()) => Ok(None),
        Err(error) if error.kind() == DownloadErrorKind::Exists => Ok(Some(error)),
        Err(error) => Err(Failure::from(&error)),
    }
}
