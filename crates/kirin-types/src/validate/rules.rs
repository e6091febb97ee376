//! Rules between parameters.

use alloc::{format, string::String, vec::Vec};

use serde_json::Value;

use super::{
    Object,
    scalars::{seconds, shorten},
};
use crate::{Condition, Model, Problem, Rule, catalogue::All};

/// Adds a problem for each rule that is broken. A rule about a parameter that has a problem of
/// its own says nothing more.
pub(super) fn check(model: &Model, parameters: &Object<'_>, problems: &mut Vec<Problem>) {
    let request = Request { model, parameters };
    let wrong: Vec<String> = problems
        .iter()
        .map(|problem| problem.field.clone())
        .collect();
    let is_wrong = |path: &str| {
        let within = |wrong: &String| {
            wrong
                .strip_prefix(path)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
                || path
                    .strip_prefix(wrong.as_str())
                    .is_some_and(|rest| rest.starts_with('.'))
        };
        wrong.iter().any(within)
    };
    for rule in model.rules {
        if !rule
            .parameters()
            .iter()
            .any(|parameter| is_wrong(parameter))
        {
            request.check(rule, problems);
        }
    }
}

struct Request<'a> {
    model: &'a Model,
    parameters: &'a Object<'a>,
}

impl Request<'_> {
    fn check(&self, rule: &'static Rule, problems: &mut Vec<Problem>) {
        match rule {
            Rule::ExactlyOneNonZero { object } => problems.extend(self.check_one_non_zero(object)),
            Rule::Implies { when, then } if when.iter().all(|condition| self.holds(condition)) => {
                let broken = then.iter().filter(|condition| !self.holds(condition));
                problems.extend(broken.map(|condition| self.broken(when, condition)));
            }
            Rule::Implies { .. } => {}
            Rule::SumsTo { list, item, total } => {
                problems.extend(self.check_sum(list, item, total))
            }
        }
    }

    fn holds(&self, condition: &Condition) -> bool {
        match condition {
            Condition::Absent(path) => self.value(path).is_none(),
            Condition::Is(path, expected) => match self.value(path) {
                Some(value) => word(value).as_deref() == Some(*expected),
                None => self.default(path).as_deref() == Some(*expected),
            },
            Condition::Present(path) => self.value(path).is_some(),
        }
    }

    fn broken(&self, when: &'static [Condition], condition: &Condition) -> Problem {
        match condition {
            Condition::Absent(path) => Problem::new(
                *path,
                "is set",
                format!("it is not allowed where {}", All(when)),
            ),
            Condition::Present(path) => Problem::new(
                *path,
                "is missing",
                format!("it is required where {}", All(when)),
            ),
            Condition::Is(target, expected) => {
                // What the caller set last is what the rule takes offence at. Only its word is
                // repeated: a picture has none, and may have millions of characters.
                let (path, found) = match when.last() {
                    Some(Condition::Is(path, word)) => (*path, format!("is {word:?}")),
                    Some(other) => (other.parameter(), "is set".into()),
                    None => ("", "is set".into()),
                };
                if path == *target {
                    let found = match self.value(path).and_then(word) {
                        Some(word) => format!("is {:?}", shorten(&word)),
                        None => found,
                    };
                    let others = All(&when[..when.len() - 1]);
                    let allowed = format!("{expected:?} is required where {others}");
                    return Problem::new(path, found, allowed);
                }
                Problem::new(path, found, format!("it is only allowed where {condition}"))
            }
        }
    }

    fn check_one_non_zero(&self, path: &'static str) -> Option<Problem> {
        let object = self.value(path)?.as_object()?;
        let is_zero = |value: &Value| value.as_f64().is_none_or(|number| number == 0.0);
        let count = object.values().filter(|value| !is_zero(value)).count();
        (count != 1).then(|| {
            let found = format!("has {count} fields that are not zero");
            Problem::new(path, found, "exactly one is required")
        })
    }

    fn check_sum(&self, list: &'static str, item: &str, total: &str) -> Option<Problem> {
        let items = self.value(list)?.as_array()?;
        let durations = items
            .iter()
            .filter_map(|object| seconds(object.get(item)?.as_str()?));
        let sum: u32 = durations.sum();
        let total_word = self
            .value(total)
            .and_then(word)
            .or_else(|| self.default(total))?;
        (Some(sum) != seconds(&total_word)).then(|| {
            let allowed = format!("the {total} of {total_word} s is required");
            Problem::new(list, format!("adds up to {sum} s"), allowed)
        })
    }

    /// The value at a path such as `camera_control.type`; null counts as absent.
    fn value(&self, path: &str) -> Option<&Value> {
        let mut segments = path.split('.');
        let first = *self.parameters.get(segments.next()?)?;
        let value = segments.try_fold(first, |value, segment| value.get(segment))?;
        (!value.is_null()).then_some(value)
    }

    fn default(&self, name: &str) -> Option<String> {
        word(&self.model.parameter(name)?.kind.default()?)
    }
}

fn word(value: &Value) -> Option<String> {
    match value {
        Value::Bool(_) | Value::Number(_) => Some(format!("{value}")),
        Value::String(text) => Some(text.clone()),
        _ => None,
    }
}
