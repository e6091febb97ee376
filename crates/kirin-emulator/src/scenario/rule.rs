//! One rule of a scenario.

use std::time::Duration;

use http::HeaderValue;
use serde::Serialize;
use serde_json::Value;

use super::{Fault, Scope};

/// One thing that goes wrong, and when. It is read as a part of a
/// [`Scenario`](crate::Scenario).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Rule {
    fault: Fault,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<Scope>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) probability: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) nth: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) every: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) count: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) at_byte: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    milliseconds: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) retry_after: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) location: Option<String>,
}

/// The fields of a rule.
const FIELDS: &str = "fault, scope, probability, nth, every, count, at_byte, milliseconds, \
                      bytes, retry_after, location";

/// Longest time of a rule: an hour.
const MOST_MILLISECONDS: u64 = 3_600_000;

/// The farthest that a clock is off: a year.
const MOST_OFF_MILLISECONDS: u64 = 31_536_000_000;

impl Rule {
    /// What goes wrong.
    pub fn fault(&self) -> Fault {
        self.fault
    }

    /// Whether it is for requests of this scope.
    pub(crate) fn is_for(&self, scope: Scope) -> bool {
        self.fault.scopes().contains(&scope) && self.scope.is_none_or(|own| own == scope)
    }

    /// How long what it does takes.
    pub(crate) fn duration(&self, default_milliseconds: u64) -> Duration {
        Duration::from_millis(self.milliseconds.unwrap_or(default_milliseconds))
    }

    /// Reads one.
    ///
    /// # Errors
    ///
    /// What is wrong, to stand behind `rules[0]`.
    pub(super) fn read(rule: Value) -> Result<Self, String> {
        let Value::Object(fields) = rule else {
            return Err(": an object is required".into());
        };
        let fault = fields.get("fault").ok_or(".fault: missing")?;
        let mut rule = Self::always(read_fault(fault)?);
        for (name, value) in &fields {
            rule.set(name, value)
                .map_err(|problem| format!(".{name}: {problem}"))?;
        }
        if rule.nth.is_some() && (rule.count.is_some() || rule.probability.is_some()) {
            return Err(".nth: it stands alone, without count and probability".into());
        }
        if rule.every.is_some() && (rule.nth.is_some() || rule.probability.is_some()) {
            return Err(".every: it stands without nth and probability".into());
        }
        Ok(rule)
    }

    fn always(fault: Fault) -> Self {
        Self {
            fault,
            scope: None,
            probability: None,
            nth: None,
            every: None,
            count: None,
            at_byte: None,
            milliseconds: None,
            bytes: None,
            retry_after: None,
            location: None,
        }
    }

    fn set(&mut self, name: &str, value: &Value) -> Result<(), String> {
        match name {
            "fault" => {}
            "scope" => self.scope = Some(read_scope(value, self.fault)?),
            "probability" => self.probability = Some(probability(value)?),
            "nth" => self.nth = Some(whole(value, 1)?),
            "every" => self.every = Some(whole(value, 1)?),
            "count" => self.count = Some(whole(value, 1)?),
            "at_byte" | "bytes" | "location" | "milliseconds" | "retry_after"
                if !self.fault.parameters().contains(&name) =>
            {
                return Err(format!("{} has no such parameter", self.fault.name()));
            }
            "at_byte" => self.at_byte = Some(whole(value, 0)?),
            "bytes" => self.bytes = Some(whole(value, 0)?),
            "location" => self.location = Some(location(value)?),
            "milliseconds" => self.milliseconds = Some(milliseconds(value, self.fault)?),
            "retry_after" => self.retry_after = Some(whole(value, 0)?),
            _ => return Err(format!("unknown field, expected one of {FIELDS}")),
        }
        Ok(())
    }
}

fn read_fault(value: &Value) -> Result<Fault, String> {
    let name = value.as_str().ok_or(".fault: a name is required")?;
    Fault::from_name(name).ok_or_else(|| {
        let names: Vec<_> = Fault::ALL.iter().map(|fault| fault.name()).collect();
        let names = names.join(", ");
        format!(".fault: no fault is called {name}; there are {names}")
    })
}

fn read_scope(value: &Value, fault: Fault) -> Result<Scope, String> {
    let scope = value
        .as_str()
        .and_then(Scope::from_name)
        .ok_or("expected create, query, artifact or callback")?;
    let scopes = fault.scopes();
    let names: Vec<_> = scopes.iter().map(|scope| scope.name()).collect();
    match (scopes.contains(&scope), names.join(" and ")) {
        (true, _) => Ok(scope),
        (false, _) if scopes.is_empty() => {
            Err(format!("{} has none: no request is read", fault.name()))
        }
        (false, names) => Err(format!("{} befalls {names} only", fault.name())),
    }
}

fn probability(value: &Value) -> Result<f64, String> {
    let number = value.as_f64().filter(|number| (0.0..=1.0).contains(number));
    number.ok_or_else(|| "a number from 0 to 1 is required".into())
}

fn whole(value: &Value, least: u64) -> Result<u64, String> {
    let number = value.as_u64().filter(|number| *number >= least);
    number.ok_or_else(|| format!("a whole number from {least} on is required"))
}

fn milliseconds(value: &Value, fault: Fault) -> Result<u64, String> {
    let (most, name) = match fault {
        Fault::ClockAhead | Fault::ClockBehind => (MOST_OFF_MILLISECONDS, "a year"),
        _ => (MOST_MILLISECONDS, "an hour"),
    };
    match whole(value, 0)? {
        number if number <= most => Ok(number),
        _ => Err(format!("at most {most}, {name}")),
    }
}

fn location(value: &Value) -> Result<String, String> {
    let text = value.as_str().ok_or("a text is required")?;
    match HeaderValue::from_str(text) {
        Ok(_) => Ok(text.into()),
        Err(_) => Err("not a legal header".into()),
    }
}
