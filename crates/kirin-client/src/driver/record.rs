//! What one operation tells the journal and the budget.

use std::sync::Arc;

use kirin_transport::SendWatch;
#[cfg(feature = "metrics")]
use kirin_types::Total;
use kirin_types::{GenerationRequest, TaskId};

use super::{
    Client,
    claims::{Claim, Claims},
    plan::{IdOrigin, Start},
    shared_progress::SharedProgress,
    spending::Spending,
    uncancelled::Uncancelled,
    under_way::UnderWay,
};
use crate::{
    CreateId, Intent, Journal, JournalChange, JournalError, JournalWrite, OperationId, TakenBack,
    clock::{Clock, SHORTEST_CALL, within_or_ever},
    machine::{KnownCreate, MissingExternalTaskId, Outcome, SendReason, Settings, Withheld},
    wire::CreateAnswer,
};

/// The only door to a create: the budget is asked first, and then the journal.
pub(super) struct Record {
    writer: Writer,
    clock: Clock,
    /// The external task id was made up for it.
    is_minted: bool,
    /// Someone else may be at the create, or was.
    may_be_known: bool,
    /// It was sent with another key: that this one does not find the task says nothing of it.
    is_of_another_key: bool,
    /// How often it was repeated before, or may have been, because its absence was proved.
    repetitions: u32,
    has_tried_to_write: bool,
    /// It did not answer in time, and is not asked again.
    is_silent: bool,
    stage: Stage,
    /// The latest attempt, and why it was sent, as long as it may be taken back.
    attempt: u32,
    open: Option<SendReason>,
    spending: Spending,
}

/// What the journal knows of the operation.
enum Stage {
    /// An intent after a refusal, which this operation still has to make its own.
    ToBeRepeated(Box<Intent>),
    /// Another process's intent, which this operation still has to take over.
    ToBeTakenOver(Box<Intent>),
    /// Nothing yet; and what is to be created, where it may be found before it is sent.
    Unwritten(Option<Box<GenerationRequest>>),
    Written,
}

impl Record {
    /// What is written down of `start`. A create that another process has intended, and may have
    /// sent, is there already, and so is a task that is known by the id of its create.
    pub(super) fn new(
        client: &Client,
        operation: &Arc<Operation>,
        clock: &Clock,
        start: &Start,
        settings: &Settings,
        origin: IdOrigin,
        mut spending: Spending,
    ) -> Self {
        let (stage, intent) = match start {
            Start::Generate(request) => {
                let request = settings.looks_up_first.then(|| Box::new(request.clone()));
                (Stage::Unwritten(request), None)
            }
            // Its end stays, unless a task is found.
            Start::Reconcile(intent) if settings.ended.is_some() => (Stage::Written, Some(intent)),
            Start::Repeat(intent) => (Stage::ToBeRepeated(intent.clone()), Some(intent)),
            Start::Reconcile(intent) | Start::SendAgain(intent) => {
                (Stage::ToBeTakenOver(intent.clone()), Some(intent))
            }
            Start::Resume(_) | Start::Wait(_) => (Stage::Written, None),
        };
        if let Some(intent) = intent {
            spending.remember(&intent.request);
        }
        Self {
            writer: Writer {
                operation: Arc::clone(operation),
                create: start.create_id(client),
            },
            clock: clock.clone(),
            is_minted: settings.external_task_id_is_minted,
            may_be_known: origin.may_be_known(),
            is_of_another_key: settings.was_sent_with_another_key,
            repetitions: settings.repetitions_after_absence,
            has_tried_to_write: false,
            is_silent: false,
            stage,
            attempt: 0,
            open: None,
            spending,
        }
    }

    /// The entry stays as it is, unless a task is found.
    pub(super) fn looks_only(&mut self, request: &GenerationRequest) {
        self.stage = Stage::Unwritten(Some(Box::new(request.clone())));
    }

    pub(super) fn create(&self) -> Option<&CreateId> {
        self.writer.create.as_ref()
    }

    /// Takes over the create that the operation continues.
    pub(super) async fn take_over(&mut self) -> Result<(), JournalError> {
        let change = match &self.stage {
            Stage::ToBeRepeated(intent) => JournalChange::Intend(intent.clone()),
            Stage::ToBeTakenOver(intent) => JournalChange::TakeOver(intent.clone()),
            Stage::Unwritten(_) | Stage::Written => return Ok(()),
        };
        self.intend(vec![change]).await?;
        self.stage = Stage::Written;
        Ok(())
    }

    /// Before an attempt; where it fails, nothing may be sent.
    pub(super) async fn sending(
        &mut self,
        client: &Client,
        request: &GenerationRequest,
        reason: SendReason,
    ) -> Result<(), Withheld> {
        match (self.spending.is_reserved(), &self.stage) {
            (false, _) => self.spending.reserve(request)?,
            (true, Stage::Unwritten(_)) => {}
            (true, _) => self.spending.readmit(request)?,
        }
        // Nothing that was looked up since then counts: somebody else may have sent it meanwhile.
        if let Stage::ToBeRepeated(_) | Stage::ToBeTakenOver(_) = self.stage {
            let description = "it could not be written when this operation began".into();
            return Err(Withheld::Journal { description });
        }
        let mut changes = Vec::new();
        if let Stage::Unwritten(_) = self.stage {
            let intent = self.intent(client, request.clone())?;
            changes.push(JournalChange::Intend(intent));
        }
        let attempt = self.attempt + 1;
        changes.push(JournalChange::Send { attempt, reason });
        self.has_tried_to_write = true;
        self.intend(changes).await?;
        self.stage = Stage::Written;
        self.attempt = attempt;
        self.open = Some(reason);
        Ok(())
    }

    /// What is written down of a create that is to be made.
    fn intent(
        &self,
        client: &Client,
        request: GenerationRequest,
    ) -> Result<Box<Intent>, JournalError> {
        let (base_url, key) = (client.base_url().clone(), client.0.fingerprint.clone());
        let missing = |error: MissingExternalTaskId| JournalError::new(error.to_string());
        let intent = Intent::new(request, base_url, key, client.wall_time()).map_err(missing)?;
        let intent = Intent {
            account: self.create().and_then(|create| create.account.clone()),
            clock_difference: client.clock_difference(),
            is_minted: self.is_minted,
            repetitions_after_absence: self.repetitions,
            ..intent
        };
        Ok(Box::new(intent))
    }

    /// What the create costs, in USD: as its budgets know it, else the list price.
    #[cfg(feature = "metrics")]
    pub(super) fn price(&self, request: &GenerationRequest) -> Option<Total> {
        let listed = || Some(request.price_estimate()?.amount().into());
        self.spending.price().or_else(listed)
    }

    /// The attempt is about to leave; the watch shows whether it has.
    pub(super) fn create_leaves(&mut self) -> SendWatch {
        self.spending.sent()
    }

    /// After an attempt: what certainly created nothing is taken back.
    pub(super) async fn answered(&mut self, answer: &CreateAnswer) -> Result<(), JournalError> {
        self.spending.answered(answer);
        match answer {
            CreateAnswer::NotSent(_) => self.take_back(TakenBack::NotSent).await,
            CreateAnswer::Refused(_) => self.take_back(TakenBack::Refused).await,
            _ => {
                self.open = None;
                Ok(())
            }
        }
    }

    pub(super) async fn take_back(&mut self, why: TakenBack) -> Result<(), JournalError> {
        let Some(reason) = self.open.take() else {
            return Ok(());
        };
        let attempt = self.attempt;
        let change = JournalChange::TakeBack {
            attempt,
            why,
            reason,
        };
        self.report(vec![change]).await
    }

    /// The service has the task, also one that an earlier run has created and this journal forgot.
    pub(super) async fn accepted(
        &mut self,
        client: &Client,
        task: &TaskId,
    ) -> Result<(), JournalError> {
        let mut intent = None;
        if let Stage::Unwritten(request) = &mut self.stage
            && let Some(request) = request.take()
        {
            self.spending.remember(&request);
            intent = Some(self.intent(client, *request)?);
        }
        let (writer, accept) = (self.writer.clone(), JournalChange::Accept(task.clone()));
        let work = async move {
            if let Some(intent) = intent {
                let intend = JournalChange::Intend(intent.clone());
                if writer.write_all(vec![intend]).await.is_err() {
                    // It is paid for already: no budget and no count is in its way, and an entry that is there
                    // takes the task.
                    let take_over = JournalChange::TakeOver(intent);
                    let _ = writer.write_all(vec![take_over]).await;
                }
            }
            writer.write_all(vec![accept]).await
        };
        let written = self.report_all(work).await;
        if written.is_ok() {
            self.stage = Stage::Written;
        }
        self.unless_unknown(client, written)
    }

    /// At the end. An end of which nothing was intended is not written down; but that nothing was created
    /// holds only where no one else has begun the create meanwhile.
    pub(super) async fn ended(
        &mut self,
        client: &Client,
        outcome: &Outcome,
    ) -> Result<(), JournalError> {
        let is_denied = matches!(outcome, Outcome::NotCreated { .. });
        if let Stage::ToBeRepeated(_) | Stage::ToBeTakenOver(_) = self.stage
            && is_denied
        {
            // It was not taken over, so another operation may have sent it since. What was counted for it stays.
            let open = self.open_create_of_another().await;
            if let Some(state) = open.unwrap_or(Some(KnownCreate::InDoubt)) {
                return Err(JournalError::known(state));
            }
        }
        self.spending.ended(outcome);
        match self.stage {
            Stage::Written if self.is_of_another_key && outcome.task().is_none() => Ok(()),
            Stage::Written => {
                let end = JournalChange::End(Box::new(outcome.unsigned()));
                let mut written = self.report(vec![end]).await;
                if written.is_err()
                    && is_denied
                    && let Ok(Some(state)) = self.open_create_of_another().await
                {
                    written = Err(JournalError::known(state));
                }
                self.unless_unknown(client, written)
            }
            Stage::Unwritten(_) if is_denied => self.ended_unwritten(outcome).await,
            _ => Ok(()),
        }
    }

    /// What the journal knows of this create, where it is another operation's and may be charged.
    async fn open_create_of_another(&self) -> Result<Option<KnownCreate>, JournalError> {
        let Some(create) = self.create() else {
            return Ok(None);
        };
        if self.is_silent {
            return Err(silent());
        }
        let operation = &self.writer.operation;
        let recalled = in_time(&self.clock, operation.journal.recall(create)).await?;
        let of_another = recalled
            .entry
            .filter(|entry| entry.intent.operation != Some(operation.id) && entry.may_be_charged());
        Ok(of_another.map(|entry| entry.state.known()))
    }

    /// Nothing was sent, and nothing was written as far as is known.
    ///
    /// # Errors
    ///
    /// The journal knows of something that may be charged. One that cannot be read knows of nothing.
    async fn ended_unwritten(&mut self, outcome: &Outcome) -> Result<(), JournalError> {
        // Nobody else has an id that was made up a moment ago.
        let is_asked = self.may_be_known || self.has_tried_to_write;
        let Some(create) = self.create().filter(|_| is_asked) else {
            return Ok(());
        };
        if self.is_silent {
            return Err(silent());
        }
        let operation = &self.writer.operation;
        let recalled = in_time(&self.clock, operation.journal.recall(create)).await;
        match recalled.unwrap_or_default().entry {
            // A journal may say that it failed, and have written all the same.
            Some(entry) if entry.intent.operation == Some(operation.id) => {
                let take_back = JournalChange::TakeBack {
                    attempt: entry.latest_attempt,
                    why: TakenBack::NotSent,
                    reason: SendReason::Unsent,
                };
                let end = JournalChange::End(Box::new(outcome.unsigned()));
                self.report(match entry.is_attempt_open {
                    true => vec![take_back, end],
                    false => vec![end],
                })
                .await
            }
            Some(entry) if entry.may_be_charged() => Err(JournalError::known(entry.state.known())),
            _ => Ok(()),
        }
    }

    /// What is about to be done. Where it is dropped, it is not done, and no one has to know.
    async fn intend(&mut self, changes: Vec<JournalChange>) -> Result<(), JournalError> {
        if self.is_silent {
            return Err(silent());
        }
        let limit = self.clock.left_at_least(SHORTEST_CALL);
        let written = within_or_ever(limit, self.writer.write_all(changes)).await;
        self.heard(written)
    }

    /// What has happened.
    async fn report(&mut self, changes: Vec<JournalChange>) -> Result<(), JournalError> {
        let writer = self.writer.clone();
        self.report_all(async move { writer.write_all(changes).await })
            .await
    }

    /// The same in several steps. It is written down even if the generation is dropped meanwhile: no one else
    /// knows of it.
    async fn report_all(
        &mut self,
        work: impl Future<Output = Result<(), JournalError>> + Send + 'static,
    ) -> Result<(), JournalError> {
        if self.is_silent {
            return Err(silent());
        }
        let limit = self.clock.left_at_least(SHORTEST_CALL);
        let reporting = self.writer.reporting();
        let work = async move {
            let _reporting = reporting;
            within_or_ever(limit, work).await
        };
        let written = Uncancelled::new(work).await;
        self.heard(written)
    }

    fn heard(&mut self, written: Option<Result<(), JournalError>>) -> Result<(), JournalError> {
        self.is_silent = written.is_none();
        written.unwrap_or_else(|| Err(silent()))
    }

    /// A client without a journal remembers only what it sent itself, and that is no failure.
    fn unless_unknown(
        &self,
        client: &Client,
        written: Result<(), JournalError>,
    ) -> Result<(), JournalError> {
        match client.0.has_journal {
            true => written,
            false => Ok(()),
        }
    }
}

/// What a journal says until the deadline, and for so long as a call has at least: what may be paid for is worth
/// a look, and what has happened is written down, however near the deadline is.
pub(super) async fn in_time<T>(
    clock: &Clock,
    work: impl Future<Output = Result<T, JournalError>>,
) -> Result<T, JournalError> {
    let said = within_or_ever(clock.left_at_least(SHORTEST_CALL), work).await;
    said.unwrap_or_else(|| Err(silent()))
}

fn silent() -> JournalError {
    JournalError::new("it did not answer before the deadline")
}

/// Writes on behalf of an operation, which lasts as long as this does.
#[derive(Clone)]
struct Writer {
    operation: Arc<Operation>,
    /// The create that it is about; an operation that creates nothing has none.
    create: Option<CreateId>,
}

impl Writer {
    async fn write_all(&self, changes: Vec<JournalChange>) -> Result<(), JournalError> {
        let Some(create) = &self.create else {
            return Ok(());
        };
        let write = |change| JournalWrite::new(create.clone(), self.operation.id, change);
        let writes: Vec<_> = changes.into_iter().map(write).collect();
        self.operation.journal.write_all(&writes).await
    }

    /// Whoever wants the same create waits for this.
    fn reporting(&self) -> Option<Claim> {
        let create = self.create.as_ref()?;
        self.operation.reports.take(&create.external_task_id)
    }
}

/// An operation of a client, until it has ended or was dropped, and nothing is left to be written down.
pub(super) struct Operation {
    pub(super) id: OperationId,
    pub(super) under_way: UnderWay,
    journal: Arc<dyn Journal>,
    reports: Arc<Claims>,
}

impl Operation {
    pub(super) fn begin(client: &Client, progress: &Arc<SharedProgress>) -> Arc<Self> {
        let id = client.next_operation();
        Arc::new(Self {
            id,
            under_way: client.0.drain.enter(id.number(), Arc::clone(progress)),
            journal: Arc::clone(&client.0.journal),
            reports: Arc::clone(&client.0.reports),
        })
    }
}

impl Drop for Operation {
    fn drop(&mut self) {
        self.journal.operation_ended(&self.id);
    }
}
