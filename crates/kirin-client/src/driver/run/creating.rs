//! A create, from its turn to its answer.

use std::{sync::Arc, time::Duration};

use kirin_types::{ErrorReason, GenerationRequest};

use super::Run;
use crate::{
    TakenBack,
    clock::{SHORTEST_CALL, within_or_ever},
    driver::{call::CallTime, trace},
    machine::{Action, Event, Notice, SendReason, Withheld},
    wire::CreateAnswer,
};

/// A create that the machine asks for.
struct Create {
    request: GenerationRequest,
    reason: SendReason,
    send_by: Option<Duration>,
}

impl Run {
    /// Sends a create when its turn has come, and everything it needs is written down.
    pub(super) async fn create(&mut self) -> Event {
        let drain = Arc::clone(&self.client.0.drain);
        let turn = within_or_ever(self.clock.left(), self.turn_to_create());
        match (drain.unless_begun(turn).await, self.request()) {
            (Some(Some(())), Some(create)) => Box::pin(self.send(create)).await,
            (None, _) => Event::Withheld(Withheld::Draining),
            _ => Event::Withheld(Withheld::Deadline),
        }
    }

    /// What is to be created. It stays with the machine as long as the turn has not come: many may wait.
    fn request(&self) -> Option<Create> {
        let latest = self.progress.locked();
        let machine = latest.machine.as_ref()?;
        let Action::Create(request) = machine.action() else {
            return None;
        };
        Some(Create {
            request: request.clone(),
            reason: machine.send_reason()?,
            send_by: machine.send_by(),
        })
    }

    async fn send(&mut self, create: Create) -> Event {
        let Create {
            request, reason, ..
        } = &create;
        let recorded = self.record.sending(&self.client, request, *reason).await;
        if let Err(withheld) = recorded {
            return Event::Withheld(withheld);
        }
        let queue = match create.send_by {
            None => self.clock.left().map(|left| left.max(SHORTEST_CALL)),
            Some(send_by) => match send_by.checked_sub(self.clock.elapsed()) {
                Some(left) => Some(left),
                None => {
                    let taken_back = self.record.take_back(TakenBack::NotSent).await;
                    self.tell_if_lost(taken_back);
                    return Event::SendDelayed;
                }
            },
        };
        let limit = self.call_time(self.client.call_policy().create_timeout());
        let time = CallTime { limit, queue };
        if let Some(id) = request.external_task_id() {
            self.tell(Notice::Submitting {
                external_task_id: id.clone(),
            });
        }
        self.creates += 1;
        let id = request.external_task_id().map_or("", |id| id.as_str());
        let watch = self.record.create_leaves();
        self.measures.create_leaves(&watch, request, &self.record);
        let work = self.client.create_once(request, time, watch);
        let event = trace::call("create", id, self.creates, work).await;
        self.repeats = true;
        if let Some(answer) = event.create_answer() {
            let recorded = self.record.answered(answer).await;
            self.tell_if_lost(recorded);
            self.measures.answered(answer);
            match answer {
                CreateAnswer::Created(_) => {
                    self.repeats = false;
                    self.client.0.flow.repeated_creates.answered();
                }
                CreateAnswer::Refused(refusal)
                    if refusal.reason == ErrorReason::ParallelTaskLimit =>
                {
                    self.place.refused();
                }
                // Nothing of it runs at the service: it waits outside for its next attempt.
                CreateAnswer::NotSent(_) | CreateAnswer::Refused(_) if !self.may_run => {
                    self.place.leave();
                }
                CreateAnswer::NotSent(_) | CreateAnswer::Refused(_) => {}
                CreateAnswer::Ambiguous(_) | CreateAnswer::Duplicate(_) => self.may_run = true,
            }
        }
        event
    }

    /// A place, and a turn to use it. Whoever waits for its turn and is not polled loses the place.
    async fn turn_to_create(&mut self) {
        let flow = &self.client.0.flow;
        loop {
            self.place.called().await;
            let turn = async {
                if self.repeats {
                    flow.repeated_creates.wait_for_turn().await;
                }
                flow.pace.wait_for_turn().await;
            };
            self.place.keep_during(turn).await;
            if self.place.enter() {
                return;
            }
        }
    }
}
