//! Lookups and queries, from their turn to their answer.

use std::time::Duration;

use kirin_types::ExternalTaskId;

use super::Run;
use crate::{
    clock::within_or_ever,
    driver::{trace, wakes::Sleeper},
    machine::Event,
    wire::{Probe, QueryAnswer, Trouble},
};

impl Run {
    pub(super) async fn query(&mut self, id: &str) -> Event {
        self.measures.poll_is_due(&self.clock);
        let event = match within_or_ever(self.query_limit(), self.turn_to_query()).await {
            Some(()) => {
                self.begin_query();
                let work = self.client.query_once(id, self.query_time());
                // Boxed, because many may wait for their turn.
                Box::pin(trace::call("query", id, self.queries, work)).await
            }
            None => Event::QueryAnswered(QueryAnswer::Trouble(no_turn())),
        };
        self.repeats = matches!(event.query_answer(), Some(QueryAnswer::Trouble(_)));
        if !self.repeats {
            self.client.0.flow.repeated_queries.answered();
        }
        event
    }

    /// One of a row: its turn comes like that of any request.
    pub(super) async fn probe(&mut self, id: &ExternalTaskId) -> Event {
        self.measures.poll_is_due(&self.clock);
        let turn =
            within_or_ever(self.query_limit(), self.client.0.flow.pace.wait_for_turn()).await;
        match turn {
            Some(()) => {
                self.begin_query();
                let work = self.client.probe_once(id, self.query_time());
                Box::pin(trace::call("query", id.as_str(), self.queries, work)).await
            }
            None => Event::Probed(Probe::unasked(no_turn())),
        }
    }

    /// The last query is made at the deadline, so its turn may come after it.
    fn query_limit(&self) -> Option<Duration> {
        let left = self.clock.left();
        left.map(|left| left.saturating_add(self.client.call_policy().query_timeout()))
    }

    fn query_time(&self) -> Duration {
        self.call_time(self.client.call_policy().query_timeout())
    }

    fn begin_query(&mut self) {
        let sleepers = [&mut self.by_external_id, &mut self.by_task_id];
        sleepers.into_iter().flatten().for_each(Sleeper::catch_up);
        self.measures.polled(&self.clock);
        self.queries = self.queries.saturating_add(1);
    }

    async fn turn_to_query(&self) {
        let flow = &self.client.0.flow;
        if self.repeats {
            flow.repeated_queries.wait_for_turn().await;
        }
        flow.pace.wait_for_turn().await;
    }
}

fn no_turn() -> Trouble {
    Trouble::new("its turn did not come in time")
}
