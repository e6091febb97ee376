//! A request on its way through a scenario and into the log.

use std::time::Duration;

use http::Request;
use kirin_types::{Route, RouteError};
use serde_json::Value;

use super::{
    Call, FiredRule, LoggedRequest, NoAnswer, Reply, World,
    faults::{Faults, Fired, find_task},
    file,
};
use crate::{Fault, Scenario, Scope};

/// A request whose head was received.
#[derive(Debug)]
pub(crate) struct Received {
    route: Result<Route, RouteError>,
    fired: Option<Fired>,
    logged: LoggedRequest,
}

impl World {
    /// Takes the head of a request, before its body is read.
    ///
    /// # Errors
    ///
    /// A fault ends the connection before that.
    pub(crate) fn receive<T>(
        &mut self,
        elapsed: Duration,
        head: &Request<T>,
    ) -> Result<Received, NoAnswer> {
        let route = Route::parse(head.method().as_str(), head.uri().path());
        let (scope, asked_for) = about(head, &route);
        let fired = scope.and_then(|scope| self.faults.head(&self.ids, scope, head));
        let mut logged = LoggedRequest::new(elapsed, head, scope);
        logged.task = asked_for.and_then(|id| self.id_of(id));
        match fired {
            Some(fired) if fired.rule.fault() == Fault::ResetBeforeRead => {
                logged.fault = Some(FiredRule::new(fired));
                self.log.push(logged);
                Err(NoAnswer::Reset)
            }
            fired => Ok(Received {
                route,
                fired,
                logged,
            }),
        }
    }

    /// Answers a request that was received.
    pub(super) fn reply(&mut self, call: Call<'_>, received: Received) -> Reply {
        self.settle(call.elapsed());
        self.statistics.requests_received += 1;
        let Received {
            route,
            mut fired,
            mut logged,
        } = received;
        if call.body().is_some() {
            self.count(logged.scope);
        }
        let request_id = call
            .own_request_id()
            .unwrap_or_else(|| self.ids.request_id(self.statistics.requests_received));
        let call = &call.with_request_id(request_id);
        let kept = self.kept.find(call, fired.as_ref()).map(|kept| {
            // Only a cache that says how old an answer is leaves its date as it was.
            match fired.as_ref().map(|fired| fired.rule.fault()) {
                Some(Fault::StaleNotFound) => self.dated(kept, call.elapsed(), None),
                _ => kept,
            }
        });
        let reply = kept.unwrap_or_else(|| {
            let reply = self.made(call, route, &mut fired, &mut logged);
            self.kept.keep(call, fired.as_ref(), &reply);
            reply
        });
        logged.status = reply.status();
        logged.fault = fired.map(FiredRule::new);
        let number = self.log.push(logged);
        reply.with_number(number)
    }

    /// The answer as it leaves the service, or whoever answers in its place.
    fn made(
        &mut self,
        call: &Call<'_>,
        route: Result<Route, RouteError>,
        fired: &mut Option<Fired>,
        logged: &mut LoggedRequest,
    ) -> Reply {
        let instead = fired.as_ref().and_then(|fired| fired.instead(call));
        let reply = instead.unwrap_or_else(|| {
            let reply = self.carried_out(call, route, fired.as_ref(), logged);
            match fired {
                Some(fired) => fired.change(reply, call),
                None => self.change_task(reply, call.elapsed(), logged, fired),
            }
        });
        let reply = self.dated(reply, call.elapsed(), fired.as_ref());
        match fired {
            Some(fired) if fired.is_of_gateway() => reply,
            _ => reply.with_request_id(call.request_id()),
        }
    }

    /// Does what is asked for; twice, if a proxy sends it twice.
    fn carried_out(
        &mut self,
        call: &Call<'_>,
        route: Result<Route, RouteError>,
        fired: Option<&Fired>,
        logged: &mut LoggedRequest,
    ) -> Reply {
        let error_form = self.config.switches.error_form;
        let mut answer = |call: &Call<'_>, route| {
            self.answer(call, route)
                .unwrap_or_else(|refusal| refusal.reply(call.request_id(), error_form))
        };
        let reply = answer(call, route.clone());
        if logged.scope == Some(Scope::Create) {
            logged.task = reply.created_task();
        }
        match fired.map(|fired| fired.rule.fault()) {
            Some(Fault::ReplayedPost) => answer(&call.clone().replayed(), route),
            _ => reply,
        }
    }

    /// What happens to the next connection before it is there: it is refused for so long.
    pub(crate) fn refuses_connections(&mut self) -> Option<Duration> {
        let fired = self.faults.connection(&self.ids)?;
        Some(fired.rule.duration(REFUSED_MILLISECONDS))
    }

    /// Notes how a request was answered that the world itself had no answer for.
    pub(crate) fn answered(&mut self, number: u64, status: u16) {
        self.log.answered(number, status);
    }

    /// The latest 1000 requests and what became of them, the oldest first.
    pub fn requests(&self) -> impl Iterator<Item = &LoggedRequest> {
        self.log.iter()
    }

    /// What goes wrong here, and when.
    pub fn scenario(&self) -> &Scenario {
        self.faults.scenario()
    }

    /// For each rule of the scenario in its order: how many requests it was for, and how many it
    /// applied to.
    pub fn rule_counts(&self) -> impl Iterator<Item = (u64, u64)> {
        self.faults.counts()
    }

    /// Puts another scenario in the place of the one that is there; its rules count from zero.
    pub fn set_scenario(&mut self, scenario: Scenario) {
        self.faults = Faults::new(scenario);
    }

    fn count(&mut self, scope: Option<Scope>) {
        match scope {
            Some(Scope::Create) => self.statistics.creates_received += 1,
            Some(Scope::Query) => self.statistics.queries_received += 1,
            _ => {}
        }
    }

    /// The answer to a call, where a rule may be about the task in it.
    fn change_task(
        &mut self,
        reply: Reply,
        elapsed: Duration,
        logged: &LoggedRequest,
        fired: &mut Option<Fired>,
    ) -> Reply {
        let Some(scope) = logged
            .scope
            .filter(|scope| self.faults.look_at_answers(*scope))
        else {
            return reply;
        };
        let Reply::Response(response) = &reply else {
            return reply;
        };
        let Ok(mut answer) = serde_json::from_slice::<Value>(response.body()) else {
            return reply;
        };
        let Some(task) = find_task(&mut answer) else {
            return reply;
        };
        let status = task
            .get("status")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let age = self.age(logged.task.as_deref(), elapsed);
        *fired = self.faults.answer(&self.ids, scope, status, age);
        match fired {
            Some(fired) => fired.change_task(answer, &self.base_url()),
            None => reply,
        }
    }

    fn age(&self, id: Option<&str>, elapsed: Duration) -> Duration {
        let task = id.and_then(|id| self.tasks.find_own(id));
        task.map_or(Duration::ZERO, |task| {
            elapsed.saturating_sub(task.course.created_after())
        })
    }

    /// The service's own id of the task that a caller names by either id.
    fn id_of(&self, id: &str) -> Option<String> {
        let place = self.tasks.find_any(id)?;
        Some(self.tasks.get(place).id.to_string())
    }
}

/// How long connections are refused unless a rule says otherwise.
const REFUSED_MILLISECONDS: u64 = 1000;

/// Which rules can be for a request, and which task it names.
fn about<'a, T>(
    head: &'a Request<T>,
    route: &'a Result<Route, RouteError>,
) -> (Option<Scope>, Option<&'a str>) {
    if let Some(name) = head.uri().path().strip_prefix(file::FOLDER) {
        let id = name.split(['.', '-']).next();
        return (Some(Scope::Artifact), id);
    }
    match route {
        Ok(Route::CreateGeneration) => (Some(Scope::Create), None),
        Ok(Route::Task { id }) => (Some(Scope::Query), Some(id.as_str())),
        _ => (None, None),
    }
}
