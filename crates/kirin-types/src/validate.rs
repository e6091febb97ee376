//! The one validator: parameters as a JSON object against a row of the catalogue.

use alloc::{format, string::String, vec::Vec};

use serde_json::{Map, Value};

use crate::{ExternalTaskId, Model, Parameter, ParameterKind, Problem, problem::quoted};

/// Longest part of a wrong value that a problem repeats, in characters.
const ECHO_CHARACTERS: usize = 40;

/// Every problem of `parameters` (without `model`), in the order of the catalogue, unknown
/// parameters last.
pub(crate) fn problems(model: &Model, parameters: &Map<String, Value>) -> Vec<Problem> {
    let known = model
        .parameters
        .iter()
        .filter_map(|parameter| check(parameter, parameters.get(parameter.name)).err());
    let unknown = parameters
        .keys()
        .filter(|name| model.parameter(name).is_none())
        .map(|name| unknown_parameter(model, name));
    known.chain(unknown).collect()
}

fn check(parameter: &Parameter, value: Option<&Value>) -> Result<(), Problem> {
    let Some(value) = value.filter(|value| !value.is_null()) else {
        return match parameter.required {
            true => Err(Problem::new(parameter.name, "is missing", "it is required")),
            false => Ok(()),
        };
    };
    match &parameter.kind {
        ParameterKind::Choice { options, .. } => check_choice(parameter.name, value, options),
        ParameterKind::Identifier { .. } => check_identifier(parameter.name, value),
        ParameterKind::Text { min, max } => check_text(parameter.name, value, *min, *max),
        ParameterKind::Url => check_url(parameter.name, value),
        ParameterKind::Watermark => check_watermark(parameter.name, value),
    }
}

fn check_choice(field: &str, value: &Value, options: &[&str]) -> Result<(), Problem> {
    let allowed = format!("allowed are {}", quoted(options));
    match value {
        Value::String(word) if options.contains(&word.as_str()) => Ok(()),
        Value::String(_) => Err(Problem::new(field, is(value), allowed)),
        _ => Err(Problem::new(
            field,
            is(value),
            format!("a string is required, {allowed}"),
        )),
    }
}

fn check_identifier(field: &str, value: &Value) -> Result<(), Problem> {
    let text = string(field, value)?;
    if text.is_empty() {
        return Ok(());
    }
    match text.parse::<ExternalTaskId>() {
        Ok(_) => Ok(()),
        Err(invalid) => Err(Problem::new(field, is(value), format!("{invalid}"))),
    }
}

fn check_text(field: &str, value: &Value, min: usize, max: usize) -> Result<(), Problem> {
    let characters = string(field, value)?.chars().count();
    if (min..=max).contains(&characters) {
        return Ok(());
    }
    let found = match characters {
        0 => "is empty".into(),
        _ => format!("has {characters} characters"),
    };
    Err(Problem::new(
        field,
        found,
        format!("{min} to {max} characters are allowed"),
    ))
}

fn check_url(field: &str, value: &Value) -> Result<(), Problem> {
    let text = string(field, value)?;
    if text.is_empty() || is_absolute_http_url(text) {
        return Ok(());
    }
    let allowed = "an absolute URL that starts with https:// or http:// is required";
    Err(Problem::new(field, is(value), allowed))
}

fn is_absolute_http_url(text: &str) -> bool {
    let rest = text.split_once("://").and_then(|(scheme, rest)| {
        let known = ["https", "http"]
            .iter()
            .any(|known| scheme.eq_ignore_ascii_case(known));
        known.then_some(rest)
    });
    let printable = |character: char| !character.is_whitespace() && !character.is_control();
    rest.is_some_and(|rest| {
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        !host.is_empty() && rest.chars().all(printable)
    })
}

fn check_watermark(field: &str, value: &Value) -> Result<(), Problem> {
    let enabled = value.as_object().filter(|object| object.len() == 1);
    match enabled.and_then(|object| object.get("enabled")) {
        Some(Value::Bool(_)) => Ok(()),
        _ => Err(Problem::new(
            field,
            is(value),
            "the object {\"enabled\": true} or {\"enabled\": false} is required",
        )),
    }
}

fn unknown_parameter(model: &Model, name: &str) -> Problem {
    let nearest = model
        .parameters
        .iter()
        .map(|parameter| (edit_distance(parameter.name, name), parameter.name))
        .min()
        // Half of a short name is not a slip: `image` is no `mode`.
        .filter(|(distance, nearest)| *distance <= 3.min(nearest.len() / 2));
    let allowed = match nearest {
        Some((_, nearest)) => format!("did you mean \"{nearest}\"?"),
        None => {
            let names: Vec<_> = model
                .parameters
                .iter()
                .map(|parameter| parameter.name)
                .collect();
            format!("allowed are {}", quoted(&names))
        }
    };
    Problem::new(
        &shorten(name),
        format!("is not a parameter of {}", model.id),
        allowed,
    )
}

/// Levenshtein's distance, cut at 64 characters: a longer name is nobody's slip.
fn edit_distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().take(64).collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (index, left) in left.chars().enumerate() {
        let mut diagonal = core::mem::replace(&mut row[0], index + 1);
        for (column, right) in right.iter().enumerate() {
            let substituted = diagonal + usize::from(left != *right);
            diagonal = row[column + 1];
            row[column + 1] = substituted.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[right.len()]
}

fn string<'a>(field: &str, value: &'a Value) -> Result<&'a str, Problem> {
    value
        .as_str()
        .ok_or_else(|| Problem::new(field, is(value), "a string is required"))
}

/// What `value` is, as a predicate.
pub(crate) fn is(value: &Value) -> String {
    match value {
        Value::Array(_) => "is an array".into(),
        Value::Bool(_) => format!("is the boolean {value}"),
        Value::Null => "is null".into(),
        Value::Number(_) => format!("is the number {value}"),
        Value::Object(_) => "is another object".into(),
        Value::String(text) => format!("is {:?}", shorten(text)),
    }
}

fn shorten(text: &str) -> String {
    match text.char_indices().nth(ECHO_CHARACTERS) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.into(),
    }
}
