//! What goes wrong and when, as one JSON document: for the library, for a file, and for
//! `POST /_emulator/scenario`.

use std::{error, fmt};

use serde::Serialize;
use serde_json::Value;

mod fault;
pub(crate) use fault::Moment;
pub use fault::{Fault, Scope};

mod rule;
pub use rule::Rule;

mod fired_rule;
pub use fired_rule::FiredRule;

/// A list of rules, each of which says what goes wrong and when.
///
/// ```
/// use kirin_emulator::{EmulatorConfig, Scenario};
///
/// let scenario = Scenario::from_json(
///     r#"{"rules": [
///         {"fault": "commit_then_drop", "scope": "create", "probability": 0.3},
///         {"fault": "rate_limited", "scope": "query", "nth": 2, "retry_after": 1},
///         {"fault": "artifact_changed", "count": 1}
///     ]}"#,
/// )?;
/// assert_eq!(scenario.rules().len(), 3);
/// let config = EmulatorConfig::new().seed(7).scenario(scenario);
/// # let _ = config;
///
/// let misspelt = Scenario::from_json(r#"{"rules": [{"fault": "comit_then_drop"}]}"#);
/// assert!(misspelt.unwrap_err().to_string().starts_with("rules[0].fault: "));
/// # Ok::<(), kirin_emulator::InvalidScenario>(())
/// ```
///
/// A request, or a callback, that several rules are for counts for each of them; of those that apply, the first
/// in the list happens.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Scenario {
    rules: Vec<Rule>,
}

/// Why a text is no scenario; it names the field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidScenario(String);

impl Scenario {
    /// Most rules that a scenario may have.
    ///
    /// ```
    /// assert_eq!(kirin_emulator::Scenario::MOST_RULES, 1000);
    /// ```
    pub const MOST_RULES: usize = 1000;

    /// Reads `{"rules": [...]}`; each rule is an object with these fields.
    ///
    /// | field | meaning |
    /// |---|---|
    /// | `fault` | a [name](Fault::name); required |
    /// | `scope` | `create`, `query`, `artifact` or `callback`; all that the fault can affect, if absent |
    /// | `probability` | how often it happens, from 0 to 1; always, if absent |
    /// | `nth` | it happens to this request of its scope alone, counted from 1 |
    /// | `every` | it happens to each so-many-th request of its scope |
    /// | `count` | it happens so many times and then no more |
    /// | `at_byte` | of `commit_then_cut`: how many bytes of the answer are sent, its head included; half of the body, if absent |
    /// | `milliseconds` | of what takes time, see [`Fault`] |
    /// | `bytes` | of `huge_body`: how many spaces follow the answer |
    /// | `retry_after` | seconds in a `Retry-After` header; no such header, if absent |
    /// | `location` | of `redirect`: where to |
    ///
    /// # Errors
    ///
    /// It is not JSON, or a field is unknown, missing or out of its range.
    pub fn from_json(json: &str) -> Result<Self, InvalidScenario> {
        let document = serde_json::from_str(json)
            .map_err(|error| InvalidScenario(format!("not JSON: {error}")))?;
        let Value::Object(mut document) = document else {
            return Err(InvalidScenario::new("an object is required"));
        };
        let Some(Value::Array(rules)) = document.remove("rules") else {
            return Err(InvalidScenario::new("rules: an array is required"));
        };
        if let Some(name) = document.keys().next() {
            return Err(InvalidScenario(format!("{name}: unknown field")));
        }
        if rules.len() > Self::MOST_RULES {
            return Err(InvalidScenario::new("rules: there are more than 1000"));
        }
        let rules = rules.into_iter().enumerate().map(|(index, rule)| {
            Rule::read(rule).map_err(|problem| InvalidScenario(format!("rules[{index}]{problem}")))
        });
        Ok(Self {
            rules: rules.collect::<Result<_, _>>()?,
        })
    }

    /// The rules in their order.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }
}

impl InvalidScenario {
    fn new(problem: &str) -> Self {
        Self(problem.into())
    }
}

impl fmt::Display for InvalidScenario {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl error::Error for InvalidScenario {}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_scenario_is_written_as_it_was_read() {
        let json = json!({ "rules": [
            { "fault": "commit_then_cut", "scope": "create", "probability": 0.5, "at_byte": 9 },
            { "fault": "delay", "milliseconds": 10, "count": 1 },
            { "fault": "close_after_answer", "every": 100, "count": 3 },
            { "fault": "clock_behind", "milliseconds": 31_536_000_000_u64 },
            { "fault": "redirect", "nth": 2, "location": "http://127.0.0.1:1/" },
            { "fault": "rate_limited", "retry_after": 1 },
            { "fault": "huge_body", "bytes": 1 },
        ] });
        let scenario = Scenario::from_json(&json.to_string()).unwrap();
        assert_eq!(serde_json::to_value(scenario).unwrap(), json);
    }

    #[test]
    fn every_fault_has_a_rule_without_parameters() {
        for fault in Fault::ALL {
            let json = json!({ "rules": [{ "fault": fault.name() }] }).to_string();
            let scenario = Scenario::from_json(&json).unwrap();
            assert_eq!(scenario.rules()[0].fault(), *fault);
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let check = |json: &str, expected: &str| {
            let said = Scenario::from_json(json).unwrap_err().to_string();
            assert!(said.starts_with(expected), "{said}");
        };
        check("", "not JSON: ");
        check("[]", "an object is required");
        check("{}", "rules: an array is required");
        check(r#"{"rules": 1}"#, "rules: an array is required");
        check(r#"{"rules": [], "seed": 1}"#, "seed: unknown field");
        let rule = |rule: &str, expected: &str| {
            check(&format!(r#"{{"rules": [{rule}]}}"#), expected);
        };
        rule("1", "rules[0]: an object is required");
        rule("{}", "rules[0].fault: missing");
        rule(r#"{"fault": 1}"#, "rules[0].fault: a name is required");
        rule(
            r#"{"fault": "x"}"#,
            "rules[0].fault: no fault is called x; there are ",
        );
        let delay = |field: &str, expected: &str| {
            let json = format!(r#"{{"fault": "delay", {field}}}"#);
            rule(&json, &format!("rules[0].{expected}"));
        };
        delay(
            r#""probabilty": 1"#,
            "probabilty: unknown field, expected one of ",
        );
        delay(
            r#""scope": "all""#,
            "scope: expected create, query, artifact or callback",
        );
        delay(
            r#""probability": 1.5"#,
            "probability: a number from 0 to 1 is required",
        );
        delay(r#""probability": "1""#, "probability: a number from 0 to 1");
        delay(r#""nth": 0"#, "nth: a whole number from 1 on is required");
        delay(r#""count": -1"#, "count: a whole number from 1 on");
        delay(r#""nth": 1, "count": 1"#, "nth: it stands alone");
        delay(
            r#""every": 0"#,
            "every: a whole number from 1 on is required",
        );
        delay(
            r#""every": 2, "probability": 1"#,
            "every: it stands without nth and probability",
        );
        delay(
            r#""milliseconds": 3600001"#,
            "milliseconds: at most 3600000",
        );
        delay(r#""at_byte": 1"#, "at_byte: delay has no such parameter");
        let query = r#"{"fault": "range_ignored", "scope": "query"}"#;
        rule(query, "rules[0].scope: range_ignored befalls artifact only");
        let connection = r#"{"fault": "refuse_connection", "scope": "query"}"#;
        rule(connection, "rules[0].scope: refuse_connection has none");
        let clock = r#"{"fault": "clock_ahead", "milliseconds": 31536000001}"#;
        rule(clock, "rules[0].milliseconds: at most 31536000000, a year");
        let redirect = r#"{"fault": "redirect", "location": "\n"}"#;
        rule(redirect, "rules[0].location: not a legal header");
    }
}
