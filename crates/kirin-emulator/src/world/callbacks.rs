//! Callbacks: which are to be sent when, and what an answer means for the next attempt. Sending them
//! is left to the server.

use std::{
    collections::{BTreeMap, HashMap, HashSet, VecDeque},
    time::Duration,
};

use bytes::Bytes;
use kirin_types::ExternalTaskId;
use serde_json::{Map, Value, json};

use super::{FiredRule, Outcome, Place, Reply, World, task::Task, task_answer::Occasion};
use crate::{CallbackBody, CallbackOutcome, CallbackRecord, CallbackTargets, Fault};

/// How many records are kept, the latest ones.
const RECORDS: usize = 1000;

/// Wait before the second attempt; it doubles with each further one.
const FIRST_WAIT: Duration = Duration::from_secs(1);

/// Longest wait between two attempts.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// How late a callback is unless a rule says otherwise.
const DELAY_MILLISECONDS: u64 = 5000;

/// Callbacks of a world.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    /// By when they are due, and then in the order in which they were put in.
    waiting: BTreeMap<(Duration, u64), OutgoingCallback>,
    put_in: u64,
    /// Not waiting for a time, but for the answer to a create, which waits for them.
    before_answer: Vec<OutgoingCallback>,
    /// Waiting for the next one about their task.
    held: HashMap<Place, OutgoingCallback>,
    disabled: HashSet<Box<str>>,
    records: VecDeque<CallbackRecord>,
    /// Whether any task wants to be called back about.
    is_used: bool,
}

/// A callback that is to be sent now. Report the result with [`World::callback_sent`].
#[derive(Clone, Debug)]
pub struct OutgoingCallback {
    task: String,
    /// The task's number.
    number: u64,
    url: Box<str>,
    body: Bytes,
    attempt: u32,
    fault: Option<FiredRule>,
}

impl OutgoingCallback {
    /// The id of the task that it is about.
    pub fn task(&self) -> &str {
        &self.task
    }

    /// Where a POST goes.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What it says, as JSON.
    pub fn body(&self) -> &Bytes {
        &self.body
    }
}

impl World {
    /// Takes out the callbacks that are to be sent by now.
    pub fn callbacks_due(&mut self, elapsed: Duration) -> Vec<OutgoingCallback> {
        self.settle(elapsed);
        let later = self.outbox.waiting.split_off(&(elapsed, u64::MAX));
        let due = std::mem::replace(&mut self.outbox.waiting, later);
        due.into_values().collect()
    }

    /// Takes out those that are to be sent before the create is answered that was handled last.
    pub fn callbacks_before_answer(&mut self) -> Vec<OutgoingCallback> {
        std::mem::take(&mut self.outbox.before_answer)
    }

    /// When there may be a callback to send, after the start, if nothing else happens before.
    pub fn next_callback(&self) -> Option<Duration> {
        let waiting = self.outbox.waiting.keys().next().map(|(due, _)| *due);
        let ending = self.tasks.due_next().filter(|_| self.outbox.is_used);
        waiting.into_iter().chain(ending).min()
    }

    /// Which addresses callbacks may go to.
    pub(crate) fn callback_targets(&self) -> CallbackTargets {
        self.config.callbacks.targets
    }

    /// Reports the result of a callback. One that did not arrive is put in again, 410 ends all
    /// callbacks to its URL, and what was refused for its target is not tried again.
    pub fn callback_sent(
        &mut self,
        elapsed: Duration,
        callback: OutgoingCallback,
        outcome: CallbackOutcome,
    ) {
        // There was a reset in the meantime.
        if self.tasks.find_own(&callback.task).is_none() {
            return;
        }
        let is_to_repeat = match outcome {
            CallbackOutcome::Answered(410) => {
                self.outbox.disabled.insert(callback.url.clone());
                false
            }
            // Neither an arrival nor a redirect is improved by another attempt.
            CallbackOutcome::Answered(status) => status >= 400,
            CallbackOutcome::Failed(_) => true,
            CallbackOutcome::Blocked(_) | CallbackOutcome::Lost => false,
        };
        self.record(elapsed, &callback, outcome);
        if is_to_repeat && callback.attempt < self.config.callbacks.attempts {
            let jitter = self.ids.callback(callback.number, callback.attempt);
            let due = elapsed.saturating_add(wait(callback.attempt, jitter));
            let attempt = callback.attempt + 1;
            let callback = OutgoingCallback {
                attempt,
                ..callback
            };
            self.outbox.put(due, callback);
        }
    }

    /// Every attempt to send a callback; the latest 1000, the oldest first.
    pub fn callback_records(&self) -> impl Iterator<Item = &CallbackRecord> {
        self.outbox.records.iter()
    }

    /// The status of a task has changed: it is new, or it has ended.
    pub(super) fn call_back(&mut self, place: Place, after: Duration) {
        let task = self.tasks.get(place);
        let Some(url) = task.callback_url.clone() else {
            return;
        };
        self.outbox.is_used = true;
        if self.outbox.disabled.contains(&url) {
            return;
        }
        let is_new = task.course.end().is_none();
        let fired = self.faults.callback(&self.ids, is_new);
        let fault = fired.as_ref().map(|fired| fired.rule.fault());
        let delay = fired
            .as_ref()
            .filter(|_| fault == Some(Fault::CallbackDelayed))
            .map(|fired| fired.rule.duration(DELAY_MILLISECONDS));
        let due = after.saturating_add(delay.unwrap_or_default());
        let callback = OutgoingCallback {
            task: task.id.to_string(),
            number: task.number,
            url,
            body: self.callback_body(task, after),
            attempt: 1,
            fault: fired.map(FiredRule::new),
        };
        match fault {
            Some(Fault::CallbackLost) => {
                return self.record(after, &callback, CallbackOutcome::Lost);
            }
            Some(Fault::CallbackReordered) => {
                self.outbox.held.insert(place, callback);
                return;
            }
            Some(Fault::CallbackBeforeAnswer) => return self.outbox.before_answer.push(callback),
            Some(Fault::CallbackRepeated) => self.outbox.put(due, callback.clone()),
            Some(Fault::CallbackForged) => {
                let body = forgery(task);
                let forged = OutgoingCallback {
                    body,
                    ..callback.clone()
                };
                self.outbox.put(due, forged);
            }
            _ => {}
        }
        self.outbox.put(due, callback);
        if let Some(held) = self.outbox.held.remove(&place) {
            self.outbox.put(due, held);
        }
    }

    fn record(&mut self, elapsed: Duration, callback: &OutgoingCallback, outcome: CallbackOutcome) {
        let records = &mut self.outbox.records;
        if records.len() == RECORDS {
            records.pop_front();
        }
        records.push_back(CallbackRecord {
            elapsed_ms: u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX),
            task: callback.task.clone(),
            attempt: callback.attempt,
            outcome,
            fault: callback.fault.clone(),
        });
    }

    fn callback_body(&self, task: &Task, elapsed: Duration) -> Bytes {
        match self.config.callbacks.body {
            CallbackBody::Kling => self.kling_body(task, elapsed).to_string().into(),
            CallbackBody::Task => match self.task_reply(task, elapsed, Occasion::Query) {
                Reply::Response(response) => response.into_body(),
                // A task is answered as JSON.
                _ => Bytes::new(),
            },
        }
    }

    /// Kling's own body. Its id of the task is not this API's.
    fn kling_body(&self, task: &Task, elapsed: Duration) -> Value {
        let milliseconds = |after| self.wall_clock(after).milliseconds();
        let (status, message) = match task.course.end().map(|end| &end.outcome) {
            None => ("processing", ""),
            Some(Outcome::Completed) => ("succeed", ""),
            Some(Outcome::Failed { .. }) => ("failed", "the task failed"),
        };
        let external = task.external_task_id.as_ref().map(ExternalTaskId::as_str);
        // An absent id is an absent field.
        let task_info: Map<_, _> = external
            .map(|id| ("external_task_id".into(), id.into()))
            .into_iter()
            .collect();
        let mut body = json!({
            "task_id": self.ids.kling_task(task.number),
            "task_status": status,
            "task_status_msg": message,
            "created_at": milliseconds(task.course.created_after()),
            "updated_at": milliseconds(elapsed),
            "task_info": task_info,
        });
        if status == "succeed" {
            body["task_result"] = json!({ "videos": [{
                "id": format!("{}-1", self.ids.kling_task(task.number)),
                "url": self.file_url(task, false),
                "duration": task.seconds.to_string(),
            }] });
        }
        body
    }
}

impl Outbox {
    fn put(&mut self, due: Duration, callback: OutgoingCallback) {
        self.put_in += 1;
        self.waiting.insert((due, self.put_in), callback);
    }
}

/// What someone says who knows the URL and no more.
fn forgery(task: &Task) -> Bytes {
    let task = json!({
        "id": &*task.id,
        "status": "completed",
        "model": task.model.id,
        "output": [{ "content": [{
            "type": "video",
            "url": "https://forged.example/video.mp4",
        }] }],
    });
    task.to_string().into()
}

/// Time from a failed attempt to the next one: the schedule, less up to a half.
fn wait(attempt: u32, jitter: u64) -> Duration {
    let doubled = 1_u32.checked_shl(attempt - 1).unwrap_or(u32::MAX);
    let longest = FIRST_WAIT.saturating_mul(doubled).min(LONGEST_WAIT);
    // A thousandth is fine enough to tell two receivers apart.
    longest / 2 + longest.mul_f64(((jitter % 1000) as f64) / 2000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_minute_less_a_half_that_is_drawn() {
        for (attempt, longest) in [(1, 1), (2, 2), (3, 4), (6, 32), (7, 60), (40, 60)] {
            let longest = Duration::from_secs(longest);
            assert_eq!(wait(attempt, 0), longest / 2);
            assert!(wait(attempt, 999) > longest * 9 / 10);
            assert!(wait(attempt, 999) < longest);
        }
    }
}
