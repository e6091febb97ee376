//! Drives a machine by what came of each call, and writes down what happened.

use std::{fmt::Write as _, time::Duration};

use kirin_client::{
    DuplicateIds, HostCapabilities, Lookup, PollSchedule,
    machine::{
        Action, Cause, ClockDifference, Event, Knowledge, Machine, Notice, Outcome, Settings,
        Withheld,
    },
    wire::{CreateAnswer, Probe, QueryAnswer},
};
use kirin_types::{GenerationRequest, KIRIN_V2_5_TURBO_T2V, Timestamp};

use super::answers::{
    CONTROL_EXTERNAL_ID, EXTERNAL_ID, ID, STARTED_AT, control, control_with, lost, miss_with,
};

/// A session of one machine. A call takes no time unless [`Script::after`] says so, and a wait
/// ends on time.
///
/// After every step the machine is written down as JSON and read again, as if another process
/// went on: no test passes with a state that does not survive it.
pub(crate) struct Script {
    pub(crate) machine: Machine,
    pub(crate) now: Duration,
    creates: usize,
    transcript: String,
}

/// Settings whose every number is known: queries every 5 s, ten minutes of time, nothing declared but
/// one control, and clocks that agree. What is gone on with was intended just now.
pub(crate) fn settings() -> Settings {
    let started_at = Some(Timestamp::from_milliseconds(STARTED_AT));
    let mut settings = Settings::for_model(&KIRIN_V2_5_TURBO_T2V, started_at);
    settings.deadline = Some(seconds(600));
    settings.schedule = PollSchedule::Fixed(seconds(5));
    settings.intended_at = started_at;
    settings.clock_difference = Some(ClockDifference::from_milliseconds(0));
    settings.controls = vec![control()];
    settings
}

pub(crate) fn with(capabilities: HostCapabilities) -> Settings {
    let mut settings = settings();
    settings.capabilities = capabilities;
    settings
}

/// A host whose lookup works, so that no query is spent on finding out.
pub(crate) fn proven() -> HostCapabilities {
    HostCapabilities::default().with_lookup(Lookup::Proven)
}

pub(crate) fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(crate) fn request() -> GenerationRequest {
    GenerationRequest::builder("a paper boat on a rainy street")
        .external_task_id(EXTERNAL_ID)
        .build()
        .unwrap()
}

pub(crate) fn withheld() -> Withheld {
    Withheld::Journal {
        description: "no space left on the device".into(),
    }
}

/// A host that is known to refuse an id that is in use; nothing is known of its lookup.
pub(crate) fn refuses_duplicates() -> HostCapabilities {
    HostCapabilities::default().with_duplicate_ids(DuplicateIds::Refused)
}

/// A session in which the answer to the first create was lost.
pub(crate) fn lost_on(host: HostCapabilities) -> Script {
    let mut script = Script::generate(with(host));
    script.create(lost());
    script
}

pub(crate) fn assert_not_created(script: &Script) -> Cause {
    match script.outcome() {
        Outcome::NotCreated { cause } => cause.clone(),
        _ => panic!("not proved to be absent:\n{script}"),
    }
}

pub(crate) fn assert_unresolved(script: &Script) -> Knowledge {
    match script.outcome() {
        Outcome::Unresolved {
            external_task_id,
            knowledge,
            ..
        } => {
            assert_eq!(external_task_id.as_str(), "order-42");
            knowledge.clone()
        }
        _ => panic!("not unresolved:\n{script}"),
    }
}

pub(crate) fn assert_running(script: &Script) {
    assert_eq!(
        script.machine.task().map(|task| task.id().as_str()),
        Some(ID),
        "{script}"
    );
}

impl Script {
    pub(crate) fn generate(settings: Settings) -> Self {
        Self::new(Machine::generate(request(), settings).unwrap())
    }

    /// Waits for a task that was created earlier.
    pub(crate) fn resume(settings: Settings) -> Self {
        Self::new(Machine::wait(ID.parse().unwrap(), settings))
    }

    /// Waits for a task that is known by its external id only.
    pub(crate) fn find(settings: Settings) -> Self {
        Self::new(Machine::find(EXTERNAL_ID.parse().unwrap(), settings))
    }

    /// Goes on with a create that another process may have sent.
    pub(crate) fn reconcile(settings: Settings) -> Self {
        Self::new(Machine::reconcile(request(), settings).unwrap())
    }

    /// Sends a create again that another process may have sent.
    pub(crate) fn send_again(settings: Settings) -> Self {
        Self::new(Machine::send_again(request(), settings).unwrap())
    }

    fn new(machine: Machine) -> Self {
        Self {
            machine,
            now: Duration::ZERO,
            creates: 0,
            transcript: String::new(),
        }
    }

    /// So much time passes before the next event.
    pub(crate) fn after(&mut self, passed: Duration) -> &mut Self {
        self.now += passed;
        self
    }

    /// The create is sent, and answered.
    pub(crate) fn create(&mut self, answer: CreateAnswer) -> Notice {
        assert!(
            matches!(self.machine.action(), Action::Create(_)),
            "no create is asked for:\n{self}"
        );
        self.creates += 1;
        self.tell(Event::CreateAnswered(answer))
    }

    /// The create is not sent, by its own sender.
    pub(crate) fn withhold(&mut self) -> Notice {
        let Action::Create(_) = self.machine.action() else {
            panic!("not creating: {self}");
        };
        self.tell(Event::Withheld(withheld()))
    }

    /// The look-up by external task id is answered.
    pub(crate) fn look_up(&mut self, answer: QueryAnswer) -> Notice {
        assert!(
            matches!(self.machine.action(), Action::LookUp(id) if id.as_str() == EXTERNAL_ID),
            "no look-up is asked for:\n{self}"
        );
        self.tell(Event::QueryAnswered(answer))
    }

    /// The query by task id is answered.
    pub(crate) fn query(&mut self, answer: QueryAnswer) -> Notice {
        assert!(
            matches!(self.machine.action(), Action::Query(id) if id.as_str() == ID),
            "no query is asked for:\n{self}"
        );
        self.tell(Event::QueryAnswered(answer))
    }

    /// One look-up of a row is answered.
    pub(crate) fn probe(&mut self, probe: Probe) -> Notice {
        assert!(
            matches!(self.machine.action(), Action::Probe(_)),
            "no row is under way:\n{self}"
        );
        self.tell(Event::Probed(probe))
    }

    /// What the look-up of a row at hand comes to where there is no task: the control is found, our own
    /// task is not.
    pub(crate) fn right(&self, headers: &[(&str, &str)]) -> Probe {
        match self.machine.action() {
            Action::Probe(id) if id.as_str() == EXTERNAL_ID => miss_with(headers),
            Action::Probe(id) if id.as_str() == CONTROL_EXTERNAL_ID => control_with(headers),
            _ => panic!("no row is under way:\n{self}"),
        }
    }

    /// So many look-ups of a row are answered as they are where there is no task; gives the ids.
    pub(crate) fn probes(&mut self, number: usize) -> Vec<String> {
        let mut ids = Vec::new();
        for _ in 0..number {
            let right = self.right(&[]);
            if let Action::Probe(id) = self.machine.action() {
                ids.push(id.to_string());
            }
            self.probe(right);
        }
        ids
    }

    /// Misses all that is looked up, until a row begins; gives the time at which it does.
    pub(crate) fn until_row(&mut self) -> Duration {
        self.look_ups(&super::answers::query_status(404));
        assert!(
            matches!(self.machine.action(), Action::Probe(_)),
            "no row is under way:\n{self}"
        );
        self.now
    }

    /// Misses all that is looked up, until a create is asked for; gives the time at which it is.
    pub(crate) fn until_create(&mut self) -> Duration {
        self.look_ups(&super::answers::query_status(404));
        assert!(
            matches!(self.machine.action(), Action::Create(_)),
            "no create is asked for:\n{self}"
        );
        self.now
    }

    /// A whole row shows that there is no task; gives the time at which it began.
    pub(crate) fn row(&mut self) -> Duration {
        let began_at = self.until_row();
        self.probes(6);
        began_at
    }

    /// Waits, to its end if it did not pass already; gives the elapsed time at the end.
    pub(crate) fn wait(&mut self) -> Duration {
        self.now = self.now.max(self.until());
        self.tell(Event::WaitEnded);
        self.now
    }

    /// Goes on in another process, which cannot know what came of a call.
    pub(crate) fn restart(&mut self) {
        self.machine = self.machine.clone().after_restart();
    }

    pub(crate) fn wake(&mut self) {
        self.tell(Event::Woken);
    }

    /// Answers every look-up the same, as long as they follow one another; gives the times at
    /// which they began.
    pub(crate) fn look_ups(&mut self, answer: &QueryAnswer) -> Vec<f64> {
        let mut times = Vec::new();
        loop {
            match self.machine.action() {
                Action::LookUp(_) => {
                    times.push(self.now.as_secs_f64());
                    self.look_up(answer.clone());
                }
                Action::Wait { .. } => drop(self.wait()),
                _ => return times,
            }
        }
    }

    /// When the wait at hand ends.
    pub(crate) fn until(&self) -> Duration {
        match self.machine.action() {
            Action::Wait { until } => until,
            _ => panic!("no wait is asked for:\n{self}"),
        }
    }

    /// How many creates were sent.
    pub(crate) fn creates(&self) -> usize {
        self.creates
    }

    /// The end that was reached.
    pub(crate) fn outcome(&self) -> &Outcome {
        match self.machine.action() {
            Action::Finished(outcome) => outcome,
            _ => panic!("not at its end:\n{self}"),
        }
    }

    pub(crate) fn tell(&mut self, event: Event) -> Notice {
        let doing = doing(self.machine.action());
        let heard = heard(&event);
        let notice = match self.machine.handle(self.now, event) {
            Ok(notice) => notice,
            Err(error) => panic!("{error}: {heard}, while to {doing}\n{self}"),
        };
        let line = match &notice {
            Notice::Nothing => format!("{doing}: {heard}"),
            notice => format!("{doing}: {heard} => {}", told(notice)),
        };
        self.note(&line);
        self.survive();
        notice
    }

    /// Writes the machine down and goes on with what was read.
    fn survive(&mut self) {
        let written = serde_json::to_string(&self.machine).unwrap();
        let read: Machine = serde_json::from_str(&written).unwrap();
        assert_eq!(read, self.machine, "not the same any more:\n{self}");
        self.machine = read;
    }

    fn note(&mut self, line: &str) {
        let time = self.now.as_secs_f64();
        writeln!(self.transcript, "{time:>9.3} s  {line}").unwrap();
    }

    /// What happened, one line an event, and what it came to.
    pub(crate) fn transcript(&self) -> String {
        format!(
            "{}             next: {}\n",
            self.transcript,
            doing(self.machine.action())
        )
    }
}

impl std::fmt::Display for Script {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.transcript())
    }
}

fn doing(action: Action<'_>) -> String {
    match action {
        Action::Create(request) => format!("create {}", request.external_task_id().unwrap()),
        Action::Finished(outcome) => format!("end: {}", ended(outcome)),
        Action::LookUp(id) => format!("look up {id}"),
        Action::Probe(id) => format!("probe {id}"),
        Action::Query(id) => format!("query {id}"),
        Action::Wait { until } => format!("wait until {:.3} s", until.as_secs_f64()),
    }
}

fn heard(event: &Event) -> String {
    match event {
        Event::Answered { answer, .. } => heard(answer),
        Event::CreateAnswered(CreateAnswer::Ambiguous(trouble)) => format!("ambiguous, {trouble}"),
        Event::CreateAnswered(CreateAnswer::Created(task)) => {
            format!("created, {}", task.raw().as_str())
        }
        Event::CreateAnswered(CreateAnswer::Duplicate(refusal)) => format!("duplicate, {refusal}"),
        Event::CreateAnswered(CreateAnswer::NotSent(trouble)) => format!("not sent, {trouble}"),
        Event::CreateAnswered(CreateAnswer::Refused(refusal)) => format!("refused, {refusal}"),
        Event::ClocksRead { ours, service } => format!(
            "clocks read, ours at {}, the service's at {:?}",
            ours.milliseconds(),
            service.map(|service| service.milliseconds())
        ),
        Event::TypicalTime(typical) => format!("tasks take {typical:?}"),
        Event::HostLearned(capabilities) => format!("learned of the host, {capabilities:?}"),
        Event::Probed(probe) => answered(&probe.answer),
        Event::QueryAnswered(answer) => answered(answer),
        Event::SendDelayed => "not sent in time".into(),
        Event::WaitEnded => "over".into(),
        Event::Withheld(withheld) => format!("withheld, {withheld}"),
        Event::Woken => "woken".into(),
    }
}

fn answered(answer: &QueryAnswer) -> String {
    match answer {
        QueryAnswer::NotFound(refusal) => format!("not found, {refusal}"),
        QueryAnswer::Refused(refusal) => format!("refused, {refusal}"),
        QueryAnswer::Task(task) => format!("task, {}", task.raw().as_str()),
        QueryAnswer::Trouble(trouble) => format!("trouble, {trouble}"),
    }
}

fn told(notice: &Notice) -> String {
    match notice {
        Notice::Accepted { id, adopted: false } => format!("accepted as {id}"),
        Notice::Accepted { id, adopted: true } => format!("found as {id}"),
        Notice::Finished => "finished".into(),
        Notice::Found { id } => format!("is {id}"),
        Notice::LostAnswer { cause } => format!("lost answer ({cause})"),
        Notice::Progress {
            status, progress, ..
        } => {
            let word = status.as_deref().unwrap_or("no status");
            let part = progress.map_or_else(String::new, |part| format!(" {:.0} %", part * 100.0));
            format!("{word}{part}")
        }
        Notice::Retrying { cause, wait } => {
            format!("again in {:.3} s ({cause})", wait.as_secs_f64())
        }
        Notice::Trouble { cause } => format!("trouble ({cause})"),
        Notice::UnknownStatus { status, .. } => format!("unknown status {status:?}"),
        other => format!("{other:?}"),
    }
}

fn ended(outcome: &Outcome) -> String {
    match kirin_client::Error::check(outcome.clone()) {
        Ok(task) => format!("completed, {}", task.id()),
        Err(error) => format!("{:?}, {error}.", error.kind()),
    }
}
