//! The one validator: parameters as a JSON object against a row of the catalogue.

use alloc::{collections::BTreeMap, format, string::String, vec::Vec};

use serde_json::{Map, Value};

use crate::{Model, Parameter, ParameterKind, Problem, problem::quoted};

mod rules;
mod scalars;

pub(crate) use scalars::describe_value;

/// An object as it is looked at.
pub(crate) type Object<'a> = BTreeMap<&'a str, &'a Value>;

/// Looks at an object of JSON.
pub(crate) fn object(fields: &Map<String, Value>) -> Object<'_> {
    let fields = fields.iter();
    fields.map(|(name, value)| (name.as_str(), value)).collect()
}

/// Every problem of `parameters` (without `model`), in the order of the catalogue, unknown
/// parameters last.
pub(crate) fn problems(model: &Model, parameters: &Object<'_>) -> Vec<Problem> {
    let mut problems = Vec::new();
    check_fields(model.parameters, parameters, "", model.id, &mut problems);
    rules::check(model, parameters, &mut problems);
    let place = |problem: &Problem| {
        let root = problem.field.split(['.', '[']).next().unwrap_or_default();
        let named = |parameter: &Parameter| parameter.name == root;
        model
            .parameters
            .iter()
            .position(named)
            .unwrap_or(usize::MAX)
    };
    problems.sort_by_key(place);
    problems
}

/// Checks the fields of one object; `path` is what stands before their names, `owner` who has
/// them.
fn check_fields(
    fields: &[Parameter],
    object: &Object<'_>,
    path: &str,
    owner: &str,
    problems: &mut Vec<Problem>,
) {
    for field in fields {
        let name = format!("{path}{}", field.name);
        match object.get(field.name).filter(|value| !value.is_null()) {
            Some(value) => check(field, value, &name, problems),
            None if field.required => {
                problems.push(Problem::new(name, "is missing", "it is required"));
            }
            None => {}
        }
    }
    let names: Vec<_> = fields.iter().map(|field| field.name).collect();
    let unknown = object.keys().filter(|name| !names.contains(name));
    problems.extend(unknown.map(|name| unknown_field(&names, name, path, owner)));
}

fn check(parameter: &Parameter, value: &Value, name: &str, problems: &mut Vec<Problem>) {
    match parameter.kind {
        ParameterKind::List { fields, min, max } => {
            check_list(fields, min..=max, value, name, problems);
        }
        ParameterKind::Object { fields } => match value.as_object() {
            Some(fields_of) => {
                check_fields(
                    fields,
                    &object(fields_of),
                    &format!("{name}."),
                    name,
                    problems,
                );
            }
            None => problems.push(Problem::new(
                name,
                describe_value(value),
                format!("{} is required", shape(fields)),
            )),
        },
        kind => problems.extend(scalars::check(kind, value, name).err()),
    }
}

fn check_list(
    fields: &[Parameter],
    lengths: core::ops::RangeInclusive<usize>,
    value: &Value,
    name: &str,
    problems: &mut Vec<Problem>,
) {
    let allowed = format!(
        "an array of {} to {} objects is required",
        lengths.start(),
        lengths.end()
    );
    let Some(items) = value.as_array() else {
        problems.push(Problem::new(name, describe_value(value), allowed));
        return;
    };
    if !lengths.contains(&items.len()) {
        problems.push(Problem::new(
            name,
            format!("has {} objects", items.len()),
            allowed,
        ));
        return;
    }
    for (index, item) in items.iter().enumerate() {
        let name = format!("{name}[{index}]");
        match item.as_object() {
            Some(fields_of) => {
                check_fields(
                    fields,
                    &object(fields_of),
                    &format!("{name}."),
                    &name,
                    problems,
                );
            }
            None => problems.push(Problem::new(
                name,
                describe_value(item),
                format!("{} is required", shape(fields)),
            )),
        }
    }
}

/// `an object with enabled`.
fn shape(fields: &[Parameter]) -> String {
    let names: Vec<_> = fields.iter().map(|field| field.name).collect();
    format!("an object with {}", quoted(&names))
}

fn unknown_field(names: &[&str], name: &str, path: &str, owner: &str) -> Problem {
    let limit = |candidate: &str| (name.chars().count().min(candidate.chars().count()) / 2).min(3);
    let nearest = names
        .iter()
        .map(|candidate| (edit_distance(candidate, name), *candidate))
        .min()
        .filter(|(distance, candidate)| *distance <= limit(candidate));
    let allowed = match nearest {
        Some((_, nearest)) => format!("did you mean \"{nearest}\"?"),
        None => format!("allowed are {}", quoted(names)),
    };
    let field = format!("{path}{}", scalars::shorten(name));
    Problem::new(field, format!("is not a parameter of {owner}"), allowed)
}

/// Levenshtein's distance, cut at 64 characters: a longer name is not a typo.
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
