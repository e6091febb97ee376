//! Which rule of a scenario applies to a request, and what then becomes of its answer.

use std::time::Duration;

use http::{Request, header};

use super::ids::Ids;
use crate::{Fault, Rule, Scenario, Scope, scenario::Moment};

mod answers;

mod bomb;

mod change;

mod gateways;

mod replies;

mod tasks;
pub(super) use tasks::find as find_task;

/// A scenario, and how often each of its rules was asked and applied.
#[derive(Debug, Default)]
pub(super) struct Faults {
    scenario: Scenario,
    /// One for each rule.
    counts: Vec<Count>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Count {
    /// Requests that the rule is for.
    seen: u64,
    /// Those that it applied to.
    fired: u64,
}

/// A rule that applies to a request.
#[derive(Clone, Debug)]
pub(super) struct Fired {
    /// Its place in the scenario, counted from 0.
    pub(super) index: usize,
    pub(super) rule: Rule,
    /// Why it applies, for whoever reads the log.
    pub(super) why: String,
    /// Drawn from the seed, for a fault that has a choice.
    choice: u64,
    /// The same, and one for all requests that the rule applies to.
    constant_choice: u64,
}

/// How far a clock is off unless a rule says otherwise.
const OFF_MILLISECONDS: u64 = 360_000;

impl Fired {
    /// How far the clock of the service is ahead, in milliseconds.
    pub(super) fn clock_is_off(&self) -> i64 {
        let off = self.rule.duration(OFF_MILLISECONDS).as_millis();
        // A rule allows a year at most.
        let off = i64::try_from(off).unwrap_or(i64::MAX);
        match self.rule.fault() {
            Fault::ClockAhead => off,
            Fault::ClockBehind => -off,
            _ => 0,
        }
    }

    /// Whether someone before the service answers, who knows no request id of it.
    pub(super) fn is_of_gateway(&self) -> bool {
        self.rule.fault() == Fault::GatewayNotFound
    }
}

impl Faults {
    pub(super) fn new(scenario: Scenario) -> Self {
        Self {
            counts: vec![Count::default(); scenario.rules().len()],
            scenario,
        }
    }

    pub(super) fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    /// For each rule in order, how many requests it was for and how many it applied to.
    pub(super) fn counts(&self) -> impl Iterator<Item = (u64, u64)> {
        self.counts.iter().map(|count| (count.seen, count.fired))
    }

    /// What happens to the next connection before it is there.
    pub(super) fn connection(&mut self, ids: &Ids) -> Option<Fired> {
        self.decide(ids, Moment::Connection, |_| true)
    }

    /// What happens to a request whose head is there.
    pub(super) fn head<T>(&mut self, ids: &Ids, scope: Scope, head: &Request<T>) -> Option<Fired> {
        let has_range = head.headers().contains_key(header::RANGE);
        self.decide(ids, Moment::Head, |rule| {
            let fits = match rule.fault() {
                Fault::RangeIgnored | Fault::WrongContentRange => has_range,
                _ => true,
            };
            fits && rule.is_for(scope)
        })
    }

    /// Whether a rule wants to see the answers to requests of this scope.
    pub(super) fn look_at_answers(&self, scope: Scope) -> bool {
        let mut rules = self.scenario.rules().iter();
        rules.any(|rule| rule.fault().moment() == Moment::Answer && rule.is_for(scope))
    }

    /// What happens to the answer of a request, which is a task of this status and age.
    pub(super) fn answer(
        &mut self,
        ids: &Ids,
        scope: Scope,
        status: &str,
        age: Duration,
    ) -> Option<Fired> {
        self.decide(ids, Moment::Answer, |rule| {
            rule.is_for(scope) && tasks::fits(rule, status, age)
        })
    }

    /// What happens to a callback about a task that is new, or has ended.
    pub(super) fn callback(&mut self, ids: &Ids, is_new: bool) -> Option<Fired> {
        self.decide(ids, Moment::Callback, |rule| match rule.fault() {
            Fault::CallbackReordered | Fault::CallbackBeforeAnswer => is_new,
            _ => true,
        })
    }

    /// Counts the request for every rule that it fits, and gives the first that applies.
    fn decide(&mut self, ids: &Ids, moment: Moment, fits: impl Fn(&Rule) -> bool) -> Option<Fired> {
        let mut first = None;
        for (index, rule) in self.scenario.rules().iter().enumerate() {
            if rule.fault().moment() != moment || !fits(rule) {
                continue;
            }
            let count = &mut self.counts[index];
            count.seen += 1;
            let chance = ids.chance(index as u64, count.seen);
            if first.is_none()
                && let Some(why) = reason(rule, *count, chance)
            {
                count.fired += 1;
                first = Some(Fired {
                    index,
                    rule: rule.clone(),
                    why,
                    choice: ids.choice(index as u64, count.seen),
                    // No request has the number 0.
                    constant_choice: ids.choice(index as u64, 0),
                });
            }
        }
        first
    }
}

/// Why a rule applies; `None` if it does not.
fn reason(rule: &Rule, count: Count, chance: f64) -> Option<String> {
    if let Some(every) = rule.every
        && !count.seen.is_multiple_of(every)
    {
        return None;
    }
    if let Some(nth) = rule.nth {
        return (count.seen == nth).then(|| format!("request {nth} of those that it is for"));
    }
    let of_count = match rule.count {
        Some(most) if count.fired >= most => return None,
        Some(most) => format!(", {} of {most} times", count.fired + 1),
        None => String::new(),
    };
    match rule.probability {
        Some(probability) if chance >= probability => None,
        Some(probability) => Some(format!(
            "{chance:.4} was drawn, below {probability}{of_count}"
        )),
        None => Some(format!("every request that it is for{of_count}")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Which of ten queries the only rule of a scenario applies to.
    fn applied(rule: serde_json::Value, seed: u64) -> Vec<u64> {
        let json = json!({ "rules": [rule] }).to_string();
        let mut faults = Faults::new(Scenario::from_json(&json).unwrap());
        let ids = Ids::new(seed);
        let request = Request::new(());
        (1..=10)
            .filter(|_| faults.head(&ids, Scope::Query, &request).is_some())
            .collect()
    }

    #[test]
    fn a_rule_says_when_it_applies() {
        let all: Vec<_> = (1..=10).collect();
        assert_eq!(applied(json!({ "fault": "delay" }), 0), all);
        let none: [u64; 0] = [];
        assert_eq!(
            applied(json!({ "fault": "delay", "scope": "create" }), 0),
            none
        );
        assert_eq!(applied(json!({ "fault": "delay", "nth": 3 }), 0), [3]);
        assert_eq!(applied(json!({ "fault": "delay", "count": 2 }), 0), [1, 2]);
        assert_eq!(
            applied(json!({ "fault": "delay", "every": 3 }), 0),
            [3, 6, 9]
        );
        let twice = json!({ "fault": "delay", "every": 3, "count": 2 });
        assert_eq!(applied(twice, 0), [3, 6]);
        assert_eq!(
            applied(json!({ "fault": "delay", "probability": 1 }), 0),
            all
        );
        assert_eq!(
            applied(json!({ "fault": "delay", "probability": 0 }), 0),
            none
        );
    }

    #[test]
    fn a_probability_is_drawn_from_the_seed() {
        let rule = || json!({ "fault": "delay", "probability": 0.3 });
        assert_eq!(applied(rule(), 7), applied(rule(), 7));
        let different = (0..20).filter(|seed| applied(rule(), *seed) != applied(rule(), 7));
        assert!(different.count() > 10);
        let applied_to: usize = (0..1000).map(|seed| applied(rule(), seed).len()).sum();
        assert!((2800..3200).contains(&applied_to), "{applied_to} of 10000");
    }

    #[test]
    fn a_probability_may_have_a_count() {
        for seed in 0..100 {
            let rule = json!({ "fault": "delay", "probability": 0.5, "count": 1 });
            assert!(applied(rule, seed).len() <= 1);
        }
    }

    #[test]
    fn of_two_that_apply_the_first_happens_and_both_count() {
        let json = r#"{"rules": [{"fault": "delay", "nth": 1}, {"fault": "delay", "nth": 2},
            {"fault": "unauthorized"}]}"#;
        let mut faults = Faults::new(Scenario::from_json(json).unwrap());
        let (ids, request) = (Ids::new(0), Request::new(()));
        let indexes = [(); 3].map(|()| faults.head(&ids, Scope::Query, &request).unwrap().index);
        assert_eq!(indexes, [0, 1, 2]);
        let counts: Vec<_> = faults.counts().collect();
        assert_eq!(counts, [(3, 1), (3, 1), (3, 1)]);
    }
}
