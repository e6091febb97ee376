//! What is true, and what is allowed: the create rule and the invariants, told from outside the client.
//!
//! It sees what goes over the wire and what the world did, and knows nothing of the machine.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use super::{fault::Meaning, setting::Setting};

/// What there is to know of each create, by its external task id, and what was done wrong.
pub(crate) struct Oracle {
    setting: Setting,
    truths: BTreeMap<String, Truth>,
    by_task_id: BTreeMap<String, String>,
    /// The client that runs has seen a duplicate refused.
    refusal_seen: bool,
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
    /// The client was told that its task exists.
    is_accepted: bool,
    /// An attempt is on its way.
    is_under_way: bool,
    doubt: Option<Doubt>,
}

/// How long a call may be on its way, whatever became of its connection.
const LONGEST_CALL: Duration = Duration::from_secs(30);

/// An attempt may have been charged, and the client cannot know.
#[derive(Clone, Copy)]
struct Doubt {
    arose_at: Duration,
    /// A look-up that began late enough told that there is no task.
    is_settled: bool,
    /// A later attempt was refused as a duplicate.
    exists: bool,
}

impl Doubt {
    fn at(arose_at: Duration) -> Self {
        Self {
            arose_at,
            is_settled: false,
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
            violations: Vec::new(),
        }
    }

    pub(crate) fn truth(&mut self, id: &str) -> &mut Truth {
        self.truths.entry(id.to_owned()).or_default()
    }

    /// A process begins: what the last one learned is forgotten.
    pub(crate) fn process_begins(&mut self) {
        self.refusal_seen = false;
        for truth in self.truths.values_mut() {
            truth.calls = 0;
        }
    }

    /// A process knows no more than that it may have been sent.
    pub(crate) fn answer_was_forgotten(&mut self, id: &str, now: Duration) {
        let truth = self.truth(id);
        truth.is_accepted = false;
        let arose_at = truth.doubt.map_or(now, |doubt| doubt.arose_at);
        truth.doubt = Some(Doubt::at(arose_at));
    }

    pub(crate) fn create_begins(&mut self, id: &str) {
        let may_repeat = self.setting.declares_refusal() || self.refusal_seen;
        let truth = self.truth(id);
        truth.creates += 1;
        let problem = match truth.doubt {
            _ if truth.is_under_way => Some("while an attempt is on its way"),
            _ if truth.is_accepted => Some("although the service has its task"),
            Some(doubt) if doubt.exists => Some("although it was refused as a duplicate"),
            Some(doubt) if !doubt.is_settled && !may_repeat => {
                Some("although an earlier attempt may be charged")
            }
            _ => None,
        };
        truth.is_under_way = true;
        if truth.doubt.is_some_and(|doubt| doubt.is_settled) {
            truth.doubt = None;
        }
        if let Some(problem) = problem {
            self.violations
                .push(format!("I1: {id} was sent again {problem}"));
        }
    }

    /// The client has the answer to a create, or has lost it.
    pub(crate) fn create_ended(&mut self, id: &str, now: Duration, meaning: Meaning) {
        self.refusal_seen |= meaning == Meaning::Duplicate;
        let truth = self.truth(id);
        truth.is_under_way = false;
        match meaning {
            Meaning::Ambiguous => truth.doubt = Some(Doubt::at(now)),
            Meaning::Created => truth.is_accepted = true,
            Meaning::Duplicate => {
                truth.duplicates += 1;
                if let Some(doubt) = &mut truth.doubt {
                    doubt.exists = true;
                }
            }
            Meaning::NotCreated => {}
        }
    }

    /// The client has the answer to a look-up that it began at `began_at`.
    pub(crate) fn look_up_ended(&mut self, id: &str, began_at: Duration, found: bool) {
        let lag = self.setting.declared_lag();
        let truth = self.truth(id);
        truth.is_accepted |= found;
        if let (Some(doubt), Some(lag), false) = (&mut truth.doubt, lag, found) {
            doubt.is_settled |= began_at >= doubt.arose_at + LONGEST_CALL + 2 * lag;
        }
    }

    /// The task that the world made of a create, or found again.
    pub(crate) fn created(&mut self, id: &str, task_id: String, now: Duration) {
        let truth = self.truth(id);
        truth.created_at.get_or_insert(now);
        truth.tasks.insert(task_id.clone());
        self.by_task_id.insert(task_id, id.to_owned());
    }

    /// A call about a create, or about its task, has come to its end.
    pub(crate) fn called(&mut self, id: &str, hinted: bool) {
        let id = self
            .by_task_id
            .get(id)
            .map_or(id, String::as_str)
            .to_owned();
        let truth = self.truth(&id);
        truth.calls += 1;
        truth.hinted |= hinted;
    }

    /// When a task was created.
    pub(crate) fn created_at(&self, task_id: &str) -> Option<Duration> {
        self.truths.get(self.by_task_id.get(task_id)?)?.created_at
    }

    /// Whether it is proved that the create made nothing.
    fn is_proved_absent(&self, id: &str) -> bool {
        let truth = self.truths.get(id);
        truth.is_none_or(|truth| {
            let settled = truth.doubt.is_none_or(|doubt| doubt.is_settled);
            settled && !truth.is_accepted && !truth.is_under_way
        })
    }

    /// The client says that nothing was created.
    pub(crate) fn said_not_created(&mut self, id: &str) {
        if !self.is_proved_absent(id) {
            self.violations
                .push(format!("I2: {id} is said not to be created, without proof"));
        }
    }

    pub(crate) fn violation(&mut self, problem: String) {
        self.violations.push(problem);
    }
}
