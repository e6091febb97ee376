//! One session: a few creates, the processes that make them one after the other, and what becomes of
//! them.

use std::{
    cell::Cell,
    future::{Future, IntoFuture, poll_fn},
    pin::pin,
    task::{Context, Poll},
    time::Duration,
};

use fastrand::Rng;
use kirin_client::{
    BaseUrl, Client, Generation, GenerationHandle, JournalState, Notices, machine::Outcome,
};
use kirin_tests::canary;
use kirin_types::{GenerationRequest, Task, TaskId, TaskState};

use super::{
    callbacks,
    fault::Fault,
    journal::{SessionJournal, word},
    pause,
    service::{Mix, Service},
    setting::Setting,
};

/// Which session it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) number: usize,
    pub(crate) planted_bug: bool,
}

/// What became of it.
pub(crate) struct Report {
    pub(crate) setting: Setting,
    pub(crate) faults: [u64; Fault::ALL.len()],
    pub(crate) processes: u64,
    pub(crate) creates: u64,
    pub(crate) duplicates: u64,
    /// Creates that followed from a row of controls.
    pub(crate) repetitions: u64,
    /// Creates that a process left unresolved, and that a client would have sent again that believes a
    /// single miss; and those of them that had been charged.
    pub(crate) left_open: [u64; 2],
    /// Waits that ended in other words than the documented ones.
    pub(crate) other_ends: u64,
    pub(crate) outcomes: Vec<&'static str>,
    pub(crate) violations: Vec<String>,
    pub(crate) log: String,
}

/// So many creates share a client and a service.
pub(crate) const TASKS: usize = 4;

/// Processes that end early, at most; the next one is never cut short.
const MAX_CRASHES: u64 = 6;

/// What a client needs at most to finish, once the faults are over and the task has ended: a call that
/// times out, the lookups after a lost answer, two rows of controls and the wait between them, three of
/// the longest gaps between two queries.
const SLACK: Duration = Duration::from_secs(30 + 30 + 60 + 14 + 2 * 10 + 15 + 3 * 60);

/// How long a client waits by default.
const DEADLINE: Duration = Duration::from_secs(15 * 60);

/// Of so many sessions, one begins on a host where nothing was created before.
const WITHOUT_CONTROL: u8 = 4;

/// The longest wait that the service can ask for.
const LONGEST_HINT: Duration = Duration::from_secs(300);

const BASE_URL: &str = "http://127.0.0.1:1";

struct Session {
    service: Service,
    journal: SessionJournal,
    ids: Vec<String>,
    rng: Rng,
    processes: u64,
    other_ends: Cell<u64>,
    /// A task was accepted before all others.
    has_control: bool,
    /// The process that runs began when all faults were over.
    began_calm: bool,
    began_at: Duration,
}

struct Running {
    id: String,
    generation: Generation,
    notices: Notices,
}

/// Runs a session from its beginning to its end, on a clock of its own.
pub(crate) fn run(plan: Plan) -> Report {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime without I/O");
    runtime.block_on(async { Session::new(plan).run().await })
}

impl Session {
    fn new(plan: Plan) -> Self {
        let number = u64::try_from(plan.number).expect("a number");
        let mut rng = Rng::with_seed(plan.seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ number);
        let kinds = Fault::ALL.len();
        // Every pair meets every setting in turn.
        let pair = plan.number / Setting::COUNT;
        let faults = [
            Fault::ALL[pair % kinds],
            Fault::ALL[(pair / kinds + pair) % kinds],
        ];
        let mix = Mix {
            faults,
            percent: rng.u8(5..=30),
            calm_from: Duration::from_secs(rng.u64(30..400)),
            planted_bug: plan.planted_bug,
        };
        let ids = (0..TASKS).map(|task| format!("order-{number}-{task}"));
        Self {
            service: Service::new(Setting::of(plan.number), mix, rng.fork()),
            journal: SessionJournal::default(),
            ids: ids.collect(),
            rng,
            processes: 0,
            other_ends: Cell::new(0),
            has_control: false,
            began_calm: false,
            began_at: Duration::ZERO,
        }
    }

    async fn run(mut self) -> Report {
        let setting = self.service.setting();
        self.service.note(format_args!("{setting}"));
        if self.rng.u8(..WITHOUT_CONTROL) > 0 {
            self.create_control().await;
        }
        self.service.disturb();
        while !(self.began_calm || self.ids.iter().all(|id| self.is_final(id))) {
            self.process().await;
            let between = Duration::from_millis(self.rng.u64(..20_000));
            pause(between).await;
        }
        // What is still on its way arrives before anything is judged.
        pause(Duration::from_secs(30)).await;
        self.report()
    }

    /// An earlier process has created a task, before anything went wrong.
    async fn create_control(&mut self) {
        let id = format!("{}-before", self.ids[0]);
        let client = self.client();
        self.service.works_for(&id);
        let request = GenerationRequest::builder("a fox").external_task_id(&id);
        let request = request.build().expect("a legal request");
        let submitted = client.submit(request).await;
        let generation = submitted.expect("nothing goes wrong before the faults begin");
        let mut ended = pin!(generation.into_future());
        // Its acceptance is written down meanwhile.
        let mut written = pin!(pause(Duration::from_millis(20)));
        poll_fn(|context| {
            // The answer to a create may tell of its end already.
            match ended.as_mut().poll(context) {
                Poll::Ready(_) => Poll::Ready(()),
                Poll::Pending => written.as_mut().poll(context),
            }
        })
        .await;
        self.has_control = true;
    }

    fn is_final(&self, id: &str) -> bool {
        let entry = self.journal.entry(id);
        entry.is_some_and(|entry| entry.state.is_final())
    }

    /// One process, from its start to its end: of all that it has to do, or before.
    async fn process(&mut self) {
        self.processes += 1;
        self.began_calm = self.service.is_calm();
        self.began_at = self.service.now();
        self.service.oracle(|oracle| oracle.process_begins());
        let number = self.processes;
        self.service.note(format_args!("process {number} begins"));
        let client = self.client();
        self.service.serve(Some(client.clone()));
        let mut running: Vec<Running> = self
            .ids
            .clone()
            .into_iter()
            .filter_map(|id| self.begin(&client, id))
            .collect();
        let mut postman = pin!(callbacks::deliver(
            self.service.clone(),
            self.ids.clone(),
            self.rng.fork()
        ));
        let mut crash = pin!(self.crash());
        poll_fn(|context| {
            running.retain_mut(|running| self.poll(running, context).is_pending());
            let crashed = postman.as_mut().poll(context).is_ready()
                || crash.as_mut().poll(context).is_ready();
            match crashed || running.is_empty() {
                true => Poll::Ready(()),
                false => Poll::Pending,
            }
        })
        .await;
        let left = running.len();
        self.service
            .note(format_args!("process {number} ends, {left} left"));
        self.check_calls();
        drop(running);
        self.service.serve(None);
    }

    /// When the process ends before its work is done.
    fn crash(&mut self) -> impl Future<Output = ()> + use<> {
        let after = Duration::from_millis(match self.rng.u8(..4) {
            // Within the first calls, or later.
            0 => self.rng.u64(..2_000),
            _ => self.rng.u64(..120_000),
        });
        let crashes = self.processes <= MAX_CRASHES && self.rng.bool() && !self.began_calm;
        let service = self.service.clone();
        async move {
            if !crashes {
                return std::future::pending().await;
            }
            pause(after).await;
            if service.is_calm() {
                std::future::pending::<()>().await;
            }
        }
    }

    fn client(&mut self) -> Client {
        let clock = self.service.clone();
        let mut builder = Client::builder(canary::key().parse().expect("a key"))
            .base_url(BASE_URL.parse().expect("a base URL"))
            .transport(self.service.clone())
            .journal(std::sync::Arc::new(self.journal.clone()))
            .capabilities(self.service.setting().capabilities())
            .jitter_seed(self.rng.u64(..))
            .wall_clock(move || Some(clock.wall_clock()));
        let mut deadline = DEADLINE;
        if self.service.happens(Fault::ShortDeadline) {
            self.service.count(Fault::ShortDeadline);
            deadline = Duration::from_secs(self.rng.u64(1..60));
            builder = builder.deadline(deadline);
        }
        let now = self.service.now();
        self.service
            .oracle(|oracle| oracle.waits_until(now + deadline));
        if self.service.has(Fault::CallbackMissing) {
            self.service.count(Fault::CallbackMissing);
            builder = builder.expects_callbacks();
        }
        builder.build().expect("a client")
    }

    /// What a program does at its start with what its journal says.
    fn begin(&self, client: &Client, id: String) -> Option<Running> {
        let now = self.service.now();
        let entry = self.journal.entry(&id);
        let state = entry.as_ref().map(|entry| &entry.state);
        self.service.note(format_args!(
            "{id} is {}",
            state.map_or("not intended", word)
        ));
        let forgotten = || {
            self.service
                .oracle(|oracle| oracle.answer_was_forgotten(&id, now))
        };
        let intent = || entry.clone().expect("an entry").intent;
        let resume = |task_id: &TaskId| {
            let key = intent().key;
            let mut handle = GenerationHandle::new(
                BASE_URL.parse::<BaseUrl>().expect("a base URL"),
                key,
                task_id.clone(),
            );
            handle.external_task_id = Some(id.parse().expect("an external task id"));
            client.resume(handle).start()
        };
        let mut generation = match state {
            None | Some(JournalState::Intended) => {
                self.service.oracle(|oracle| oracle.intended(&id, now));
                let mut request = GenerationRequest::builder("a fox").external_task_id(&id);
                if self.service.has(Fault::CallbackMissing) {
                    request = request.callback_url("https://example.com/hook");
                }
                let request = request.build().expect("a legal request");
                client.generate(request).start()
            }
            Some(JournalState::Accepted(task_id)) => resume(task_id),
            Some(JournalState::Sent) => {
                forgotten();
                client.reconcile(intent()).start()
            }
            Some(JournalState::Ended(outcome)) => match &**outcome {
                Outcome::CannotQuery { id, .. }
                | Outcome::Lost { id }
                | Outcome::StillRunning { id, .. } => resume(id),
                Outcome::OtherEnd(task) => resume(task.id()),
                Outcome::Unresolved { .. } => {
                    forgotten();
                    client.reconcile(intent()).start()
                }
                Outcome::NotCreated { .. } if entry.as_ref()?.is_refusal_open => {
                    client.reconcile(intent()).start()
                }
                _ => return None,
            },
            Some(_) => unreachable!("a state without a name"),
        };
        let notices = generation.notices();
        Some(Running {
            id,
            generation,
            notices,
        })
    }

    fn poll(&self, running: &mut Running, context: &mut Context<'_>) -> Poll<()> {
        self.service.works_for(&running.id);
        while let Some(notice) = std::task::ready!(pin!(running.notices.next()).poll(context)) {
            self.service.note(format_args!("{} {notice:?}", running.id));
        }
        let mut end = (&mut running.generation).into_future();
        let ended = std::task::ready!(end.as_mut().poll(context));
        let id = &running.id;
        if is_other_end(&ended) {
            self.other_ends.update(|count| count + 1);
        }
        match ended {
            Ok(_) => self.service.note(format_args!("{id} ended: completed")),
            Err(error) => {
                self.service.note(format_args!("{id} ended: {error}"));
                // What a person may see of it is looked through for secrets with the log.
                self.service.note(format_args!("{id} {error:?}"));
                self.check_error(id, &error);
            }
        }
        self.check_time(id);
        Poll::Ready(())
    }

    fn check_error(&self, id: &str, error: &kirin_client::Error) {
        let violation = |problem: String| self.service.oracle(|oracle| oracle.violation(problem));
        let outcome = error.outcome();
        let now = self.service.now();
        self.service.oracle(|oracle| match outcome {
            Outcome::NotCreated { .. } => oracle.said_not_created(id, now),
            Outcome::Unresolved { .. } => oracle.said_unresolved(id),
            Outcome::OtherEnd(_) if !self.service.has(Fault::OtherEnd) => {
                oracle.violation(format!("end: {id} ended with a word that no answer had"));
            }
            _ => {}
        });
        if let Outcome::Unresolved { .. } = outcome
            && error.external_task_id().map(ToString::to_string).as_deref() != Some(id)
        {
            violation(format!(
                "loss: {id} is unresolved, and the error does not say its id"
            ));
        }
        let is_accepted = matches!(
            outcome,
            Outcome::CannotQuery { .. }
                | Outcome::Lost { .. }
                | Outcome::OtherEnd(_)
                | Outcome::StillRunning { .. }
        );
        if is_accepted && error.resume().is_none() {
            violation(format!(
                "loss: {id} has a task, and the error has no handle"
            ));
        }
    }

    /// Once the faults are over, everything finishes soon.
    fn check_time(&self, id: &str) {
        let now = self.service.now();
        if !self.service.is_calm() {
            return;
        }
        let task_time = self.service.task_time();
        let calm_from = self.service.calm_from().max(self.began_at);
        self.service.oracle(|oracle| {
            let truth = oracle.truth(id);
            let ended = truth.created_at.map_or(Duration::ZERO, |at| at + task_time);
            let hint = if truth.hinted {
                LONGEST_HINT
            } else {
                Duration::ZERO
            };
            let latest = ended.max(calm_from) + SLACK + hint;
            if now > latest {
                oracle.violation(format!(
                    "liveness: {id} took until {now:?}, and had until {latest:?}"
                ));
            }
        });
    }

    /// About one call a second is the most that a generation makes.
    fn check_calls(&self) {
        let elapsed = self.service.now() - self.began_at;
        for id in &self.ids {
            self.service.oracle(|oracle| {
                let calls = oracle.truth(id).calls;
                if u64::from(calls) > elapsed.as_secs() + 20 {
                    oracle.violation(format!("bounds: {id} made {calls} calls in {elapsed:?}"));
                }
            });
        }
    }

    fn report(self) -> Report {
        let mut violations = self
            .service
            .oracle(|oracle| std::mem::take(&mut oracle.violations));
        violations.extend(self.journal.violations());
        let mut outcomes = Vec::new();
        let (mut creates, mut duplicates, mut repetitions) = (0, 0, 0);
        let mut left_open = [0; 2];
        for id in &self.ids {
            let entry = self.journal.entry(id);
            let state = entry.map(|entry| entry.state);
            outcomes.push(state.as_ref().map_or("not intended", word));
            self.service.oracle(|oracle| {
                let truth = oracle.truth(id);
                creates += u64::from(truth.creates);
                duplicates += u64::from(truth.duplicates);
                repetitions += u64::from(truth.repetitions);
                left_open[0] += u64::from(truth.is_left_open);
                left_open[1] += u64::from(truth.is_left_open && !truth.tasks.is_empty());
            });
            violations.extend(self.verdict(id, state.as_ref()));
        }
        let log = self.service.log();
        for secret in [canary::key(), "signature="] {
            if log.contains(secret) {
                violations.push(format!("secret: the log shows {secret}"));
            }
        }
        Report {
            setting: self.service.setting(),
            faults: self.service.counts(),
            processes: self.processes,
            creates,
            duplicates,
            repetitions,
            left_open,
            other_ends: self.other_ends.get(),
            outcomes,
            violations,
            log,
        }
    }

    /// What is wrong with an end, if anything is.
    fn verdict(&self, id: &str, state: Option<&JournalState>) -> Option<String> {
        let setting = self.service.setting();
        let tasks = self.service.oracle(|oracle| oracle.truth(id).tasks.clone());
        if tasks.len() > 1 {
            return Some(format!("money: {id} was paid for {} times", tasks.len()));
        }
        let task = tasks.first().map(String::as_str);
        let Some(JournalState::Ended(outcome)) = state else {
            return Some(format!("loss: {id} did not end"));
        };
        let may_lack_output = self.service.has(Fault::NoOutput);
        match &**outcome {
            Outcome::Completed(ended) | Outcome::Failed(ended)
                if Some(ended.id().as_str()) == task =>
            {
                None
            }
            Outcome::CompletedWithoutOutput(ended)
                if may_lack_output && Some(ended.id().as_str()) == task =>
            {
                None
            }
            Outcome::NotCreated { .. } if task.is_none() => None,
            Outcome::Unresolved { .. }
                if setting.may_stay_unresolved(task.is_some(), self.has_control) =>
            {
                None
            }
            outcome => Some(format!(
                "loss: {id} ended as {outcome:?}, and its task is {task:?} ({setting})"
            )),
        }
    }
}

fn is_other_end(ended: &Result<Task, kirin_client::Error>) -> bool {
    match ended {
        Ok(task) => matches!(task.state(), TaskState::OtherEnd { .. }),
        Err(error) => matches!(error.outcome(), Outcome::OtherEnd(_)),
    }
}
