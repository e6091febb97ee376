//! What is true, and what is allowed: the create rule and the invariants, seen from outside the client.
//!
//! It sees what goes over the wire and what the world did, and knows nothing of the machine.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use super::{
    fault::Meaning,
    row::{Look, Row, Said, TEN_SECONDS},
    setting::Setting,
};

/// What there is to know of each create, by its external task id, and what was done wrong.
pub(crate) struct Oracle {
    setting: Setting,
    truths: BTreeMap<String, Truth>,
    by_task_id: BTreeMap<String, String>,
    /// The client that runs has seen a duplicate refused, and then the task.
    refusal_seen: bool,
    /// The client that runs has found a task by its external id.
    look_up_seen: bool,
    /// Query parameters against caches.
    parameters: BTreeSet<String>,
    /// By when the process stops waiting.
    deadline: Duration,
    pub(crate) violations: Vec<String>,
}

/// One create.
#[derive(Default)]
pub(crate) struct Truth {
    /// The tasks that the world made of it.
    pub(crate) tasks: BTreeSet<String>,
    pub(crate) creates: u32,
    /// Those that were refused as duplicates.
    pub(crate) duplicates: u32,
    pub(crate) created_at: Option<Duration>,
    /// Calls of this process.
    pub(crate) calls: u32,
    /// A wait was asked for by the service.
    pub(crate) hinted: bool,
    /// Creates that followed from a row of controls.
    pub(crate) repetitions: u32,
    /// It was unresolved at the end of a process, and a client that believes a miss would have sent it
    /// again.
    pub(crate) is_left_open: bool,
    /// The client learned that its task exists.
    is_accepted: bool,
    /// An attempt is on its way.
    is_under_way: bool,
    /// It follows from a row.
    is_repetition: bool,
    doubt: Option<Doubt>,
    /// When an attempt was refused, if none came after it.
    refused_at: Option<Duration>,
    /// When the process began that made the intent, and its first attempt, if it came so far.
    begun_at: Option<Duration>,
    first_sent_at: Option<Duration>,
    /// The latest lookup that found nothing: when it began and ended.
    miss: Option<(Duration, Duration)>,
    /// When the latest lookup began that was refused, and whether because of the key.
    refused_look_up: Option<(Duration, bool)>,
    row: Row,
    /// When the latest complete row began and ended.
    proof: Option<(Duration, Duration)>,
}

/// How long a call may be on its way, whatever became of its connection.
const LONGEST_CALL: Duration = Duration::from_secs(30);

/// How long after a refusal a create may be sent again, where no lag is declared.
const REPEATS_AFTER: Duration = Duration::from_secs(30);

/// When a refused create is looked up for the last time, where no lag is declared.
const LAST_LOOK_UP: Duration = Duration::from_secs(4);

/// An attempt may have been charged, and the client cannot know.
#[derive(Clone, Copy)]
struct Doubt {
    arose_at: Duration,
    /// A row of controls, late enough, showed that there is no task.
    is_settled: bool,
    /// A single lookup that began late enough showed that there is no task.
    is_missed: bool,
    /// An attempt was refused as a duplicate.
    exists: bool,
}

impl Doubt {
    fn at(arose_at: Duration) -> Self {
        Self {
            arose_at,
            is_settled: false,
            is_missed: false,
            exists: false,
        }
    }
}

impl Oracle {
    pub(crate) fn new(setting: Setting) -> Self {
        Self {
            setting,
            truths: BTreeMap::new(),
            by_task_id: BTreeMap::new(),
            refusal_seen: false,
            look_up_seen: false,
            parameters: BTreeSet::new(),
            deadline: Duration::MAX,
            violations: Vec::new(),
        }
    }

    pub(crate) fn truth(&mut self, id: &str) -> &mut Truth {
        self.truths.entry(id.to_owned()).or_default()
    }

    /// A process begins: what the last one learned is forgotten.
    pub(crate) fn process_begins(&mut self) {
        self.refusal_seen = false;
        self.look_up_seen = false;
        for truth in self.truths.values_mut() {
            truth.calls = 0;
            truth.proof = None;
            truth.row = Row::default();
        }
    }

    pub(crate) fn waits_until(&mut self, deadline: Duration) {
        self.deadline = deadline;
    }

    /// Nothing was sent, as far as a process knows: it intends it, or intends it again.
    pub(crate) fn intended(&mut self, id: &str, now: Duration) {
        let truth = self.truth(id);
        truth.begun_at = Some(now);
        truth.first_sent_at = None;
    }

    /// A process knows no more than that it may have been sent.
    pub(crate) fn answer_was_forgotten(&mut self, id: &str, now: Duration) {
        let truth = self.truth(id);
        truth.is_accepted = false;
        truth.refused_at = None;
        let arose_at = truth.doubt.map_or(now, |doubt| doubt.arose_at);
        truth.doubt = Some(Doubt::at(arose_at));
    }

    pub(crate) fn create_begins(&mut self, id: &str, now: Duration) {
        let may_repeat = self.setting.declares_refusal() || self.refusal_seen;
        let is_looked_for = self.is_looked_for(id, now);
        let truth = self.truth(id);
        truth.creates += 1;
        truth.first_sent_at.get_or_insert(now);
        let proof = truth.proof.take();
        let is_proved = proof.is_some_and(|(_, ended_at)| now <= ended_at + TEN_SECONDS);
        let problem = match truth.doubt {
            _ if truth.is_under_way => Some("while an attempt is on its way"),
            _ if truth.is_accepted => Some("although the service has its task"),
            Some(doubt) if doubt.exists => Some("although it was refused as a duplicate"),
            Some(_) if !may_repeat && !is_proved => {
                Some("although an earlier attempt may be charged")
            }
            Some(_) if !may_repeat && truth.repetitions > 0 => Some("a second time after a row"),
            _ if !may_repeat && !is_looked_for => Some("after a refusal, and was not looked for"),
            _ => None,
        };
        truth.is_under_way = true;
        truth.is_repetition = truth.doubt.is_some() && !may_repeat;
        if let Some(problem) = problem {
            self.violations
                .push(format!("money: {id} was sent again {problem}"));
        }
    }

    /// After a refusal: whether a late enough lookup showed just now that there is
    /// no task.
    fn is_looked_for(&self, id: &str, now: Duration) -> bool {
        let Some(truth) = self.truths.get(id) else {
            return true;
        };
        let Some(refused_at) = truth.refused_at.filter(|_| self.setting.offers_look_up()) else {
            return true;
        };
        let from = refused_at + self.setting.declared_lag().unwrap_or(REPEATS_AFTER);
        let missed = truth
            .miss
            .is_some_and(|(began_at, ended_at)| began_at >= from && now <= ended_at + TEN_SECONDS);
        missed || self.is_not_offered(truth, from)
    }

    /// A host that is not known to look up refuses to: that says no more than a miss.
    fn is_not_offered(&self, truth: &Truth, from: Duration) -> bool {
        let is_unproven = !self.setting.declares_look_up() && !self.look_up_seen;
        let refused = |(began_at, is_key): (Duration, bool)| began_at >= from && !is_key;
        is_unproven && truth.refused_look_up.is_some_and(refused)
    }

    /// The client has the answer to a create, or has lost it.
    pub(crate) fn create_ended(&mut self, id: &str, now: Duration, meaning: Meaning) {
        let truth = self.truth(id);
        truth.is_under_way = false;
        match meaning {
            Meaning::Ambiguous => {
                truth.repetitions += u32::from(truth.is_repetition);
                truth.doubt = Some(Doubt::at(now));
                truth.refused_at = None;
            }
            Meaning::Created => truth.is_accepted = true,
            Meaning::Duplicate => {
                truth.duplicates += 1;
                let doubt = truth.doubt.get_or_insert_with(|| Doubt::at(now));
                doubt.exists = true;
            }
            Meaning::NotCreated => truth.refused_at = Some(now),
            Meaning::NotSent => {}
        }
    }

    /// The client has the answer to a lookup.
    pub(crate) fn look_up_ended(&mut self, owner: &str, look: Look) {
        if let Some(parameter) = &look.parameter
            && !self.parameters.insert(parameter.clone())
        {
            self.violations.push(format!(
                "money: {owner} asks a cache with {parameter} again"
            ));
        }
        let (lag, is_own) = (self.setting.declared_lag(), look.id == owner);
        let is_control = self.is_control(owner, &look);
        if is_own && look.said == Said::Found {
            let exists = |doubt: Doubt| doubt.exists;
            self.refusal_seen |= self.truth(owner).doubt.is_some_and(exists);
            self.look_up_seen = true;
        }
        let truth = self.truth(owner);
        if is_own {
            match look.said {
                Said::Found => truth.is_accepted = true,
                Said::Missed { .. } => truth.miss = Some((look.began_at, look.ended_at)),
                Said::Refused { key } => truth.refused_look_up = Some((look.began_at, key)),
                Said::Trouble => {}
            }
        }
        let from = truth
            .doubt
            .zip(lag)
            .map(|(doubt, lag)| doubt.arose_at + LONGEST_CALL + 2 * lag);
        if let (Some(doubt), Some(from)) = (&mut truth.doubt, from) {
            let is_json = look.said == Said::Missed { is_json: true };
            doubt.is_missed |= is_own && is_json && look.began_at >= from;
        }
        truth.row.add(look, is_own, is_control);
        let proof = truth.row.is_complete();
        let Some((began_at, ended_at)) = proof else {
            return;
        };
        if let (Some(doubt), Some(from)) = (&mut truth.doubt, from)
            && began_at >= from
        {
            doubt.is_settled = true;
            truth.proof = Some((began_at, ended_at));
        }
    }

    /// Whether a lookup found another task of this session that is older than the first attempt; `None`
    /// if it did not find it.
    fn is_control(&self, owner: &str, look: &Look) -> Option<bool> {
        let task_id = look.task_id.as_ref()?;
        let is_it = look.id != owner && self.by_task_id.get(task_id) == Some(&look.id);
        let intended = self
            .truths
            .get(owner)
            .and_then(|truth| truth.first_sent_at.or(truth.begun_at));
        let created = self.truths.get(&look.id).and_then(|truth| truth.created_at);
        is_it.then(|| {
            created
                .zip(intended)
                .is_some_and(|(created, intended)| created < intended)
        })
    }

    /// The task that the world made of a create, or found again.
    pub(crate) fn created(&mut self, id: &str, task_id: String, now: Duration) {
        let truth = self.truth(id);
        truth.created_at.get_or_insert(now);
        truth.tasks.insert(task_id.clone());
        self.by_task_id.insert(task_id, id.to_owned());
    }

    /// A call of a create, or of its task, has come to its end.
    pub(crate) fn called(&mut self, owner: &str, hinted: bool) {
        let truth = self.truth(owner);
        truth.calls += 1;
        truth.hinted |= hinted;
    }

    /// When a task was created.
    pub(crate) fn created_at(&self, task_id: &str) -> Option<Duration> {
        self.truths.get(self.by_task_id.get(task_id)?)?.created_at
    }

    /// What is missing to say that the create made nothing.
    fn lacks_proof(&self, id: &str, now: Duration) -> Option<&'static str> {
        let truth = self.truths.get(id)?;
        if truth.is_accepted {
            return Some("although the service has its task");
        }
        if truth.is_under_way {
            return Some("while an attempt is on its way");
        }
        if truth.doubt.is_some_and(|doubt| !doubt.is_settled) {
            return Some("without proof");
        }
        let refused_at = truth.refused_at.filter(|_| self.setting.offers_look_up())?;
        let last = refused_at + self.setting.declared_lag().unwrap_or(LAST_LOOK_UP);
        let is_missed = |from| truth.miss.is_some_and(|(began_at, _)| began_at >= from);
        let is_refused = |(began_at, key): (Duration, bool)| began_at >= refused_at && key;
        let is_over = now >= self.deadline && is_missed(refused_at);
        let is_looked_for = is_missed(last)
            || is_over
            || truth.refused_look_up.is_some_and(is_refused)
            || self.is_not_offered(truth, refused_at);
        (!is_looked_for).then_some("after a refusal, and was not looked for")
    }

    /// The client says that nothing was created.
    pub(crate) fn said_not_created(&mut self, id: &str, now: Duration) {
        if let Some(problem) = self.lacks_proof(id, now) {
            self.violations
                .push(format!("loss: {id} is said not to be created {problem}"));
        }
    }

    /// The client leaves it open.
    pub(crate) fn said_unresolved(&mut self, id: &str) {
        let may_repeat = self.setting.declares_refusal() || self.refusal_seen;
        let truth = self.truth(id);
        let is_missed = truth
            .doubt
            .is_some_and(|doubt| doubt.is_missed && !doubt.exists);
        truth.is_left_open |= is_missed && !may_repeat;
    }

    pub(crate) fn violation(&mut self, problem: String) {
        self.violations.push(problem);
    }
}
