//! The two forms of a create's body: the envelope of the service's samples, and the flat object
//! of the reference page.

use kirin_types::{GenerationRequest, InvalidRequest, Model, ParameterKind};
use serde_json::{Map, Value};

use super::redaction::shorten;
use crate::BodyForms;

/// How much of the name of a parameter is repeated.
const NAME_CHARACTERS: usize = 40;

/// A legal create, and the form it came in.
pub(super) struct Parameters {
    pub(super) request: GenerationRequest,
    pub(super) is_flat: bool,
    /// What was wrong, and passed on.
    pub(super) passed_on: Vec<String>,
}

/// Most characters of a URL. A task keeps where it is called back, and a world keeps its tasks for as long
/// as it lives.
const LONGEST_URL: usize = 2048;

/// A sentence for each URL that is longer. A picture may stand there itself, and has its own bound.
fn too_long(parameters: &Map<String, Value>) -> Vec<String> {
    let model = parameters.get("model").and_then(Value::as_str);
    let known = model.and_then(Model::find).map(|model| model.parameters);
    let names = known.unwrap_or_default().iter().filter(|parameter| {
        let value = parameters.get(parameter.name).and_then(Value::as_str);
        value.is_some_and(|text| match parameter.kind {
            ParameterKind::Image { .. } => text.contains("://") && is_long(text),
            ParameterKind::Url => is_long(text),
            _ => false,
        })
    });
    names
        .map(|parameter| {
            let name = parameter.name;
            format!("{name} has more than {LONGEST_URL} characters")
        })
        .collect()
}

fn is_long(url: &str) -> bool {
    url.chars().count() > LONGEST_URL
}

/// Reads the body of a create.
///
/// # Errors
///
/// Every problem, in words.
pub(super) fn read(body: &[u8], forms: BodyForms, lenient: bool) -> Result<Parameters, String> {
    let body: Value =
        serde_json::from_slice(body).map_err(|error| format!("the body is not JSON: {error}"))?;
    let Value::Object(body) = body else {
        return Err(format!("the body {}; an object is required", is(&body)));
    };
    let is_flat = !body.contains_key("input");
    let mut problems = check_form(is_flat, forms);
    let parameters = match is_flat {
        true => Some(body),
        false => unwrap(&body, &mut problems),
    };
    let mut passed_on = Vec::new();
    let parameters = match parameters {
        Some(parameters) if lenient => {
            // What stands around the block is not needed.
            passed_on.append(&mut problems);
            Some(without_what_is_wrong(parameters, &mut passed_on))
        }
        parameters => parameters,
    };
    problems.extend(parameters.iter().flat_map(too_long));
    // Without the block there is nothing to say about what should stand in it.
    let request = match parameters {
        Some(parameters) => checked(&parameters)
            .map_err(|invalid| {
                problems.extend(invalid.problems().iter().map(ToString::to_string));
            })
            .ok(),
        None => None,
    };
    match request {
        Some(request) if problems.is_empty() => Ok(Parameters {
            request,
            is_flat,
            passed_on,
        }),
        _ => Err(problems.join(". ")),
    }
}

/// What was sent has no `extra`: that field belongs to what people write into files.
fn checked(parameters: &Map<String, Value>) -> Result<GenerationRequest, InvalidRequest> {
    let without_model = GenerationRequest::for_model("").parameter("model", Value::Null);
    let builder = parameters
        .iter()
        .fold(without_model, |builder, (name, value)| {
            builder.parameter(name, value.clone())
        });
    builder.build()
}

/// The parameters without those that are not legal. One that the model must have stays, so that it
/// is refused.
fn without_what_is_wrong(
    mut parameters: Map<String, Value>,
    passed_on: &mut Vec<String>,
) -> Map<String, Value> {
    let Err(invalid) = checked(&parameters) else {
        return parameters;
    };
    let model = parameters.get("model").and_then(Value::as_str);
    let Some(model) = model.and_then(Model::find) else {
        return parameters;
    };
    for problem in invalid.problems() {
        let name = problem.field.split(['.', '[']).next().unwrap_or_default();
        let is_required = model.parameter(name).is_some_and(|known| known.required);
        if !is_required && parameters.remove(name).is_some() {
            passed_on.push(problem.to_string());
        }
    }
    parameters
}

fn check_form(is_flat: bool, forms: BodyForms) -> Vec<String> {
    let problem = match (forms, is_flat) {
        (BodyForms::Envelope, true) => {
            "input is missing; this emulator takes the parameters inside input[0].params only"
        }
        (BodyForms::Flat, false) => {
            "input is not taken; this emulator takes the parameters beside model only"
        }
        _ => return Vec::new(),
    };
    vec![problem.into()]
}

/// The parameters of an envelope in the flat form, and what is wrong with the envelope itself.
fn unwrap(body: &Map<String, Value>, problems: &mut Vec<String>) -> Option<Map<String, Value>> {
    let strangers = body
        .keys()
        .filter(|name| !["input", "model"].contains(&name.as_str()));
    problems.extend(strangers.map(|name| {
        let name = shorten(name, NAME_CHARACTERS);
        format!("{name} stands beside input; it belongs inside input[0].params")
    }));
    let block = the_block(&body["input"]).map_err(|problem| problems.push(problem));
    let mut parameters = params(block.ok()?, problems)?.clone();
    if parameters.contains_key("model") {
        problems.push("model stands inside input[0].params; it belongs beside input".into());
    }
    match body.get("model") {
        Some(model) => parameters.insert("model".into(), model.clone()),
        None => parameters.remove("model"),
    };
    Some(parameters)
}

fn the_block(input: &Value) -> Result<&Map<String, Value>, String> {
    let Value::Array(blocks) = input else {
        let found = is(input);
        return Err(format!("input {found}; an array of one block is required"));
    };
    match blocks.as_slice() {
        [Value::Object(block)] => Ok(block),
        [block] => Err(format!("input[0] {}; an object is required", is(block))),
        blocks => Err(format!(
            "input has {} blocks; exactly one is required",
            blocks.len()
        )),
    }
}

fn params<'a>(
    block: &'a Map<String, Value>,
    problems: &mut Vec<String>,
) -> Option<&'a Map<String, Value>> {
    let strangers = block.keys().filter(|name| *name != "params");
    problems.extend(strangers.map(|name| {
        let name = shorten(name, NAME_CHARACTERS);
        format!("input[0].{name} is not known; a block has params only")
    }));
    let problem = match block.get("params") {
        Some(Value::Object(params)) => return Some(params),
        Some(params) => format!("input[0].params {}; an object is required", is(params)),
        None => "input[0].params is missing; an object is required".into(),
    };
    problems.push(problem);
    None
}

/// What a value is, as a predicate.
fn is(value: &Value) -> &'static str {
    match value {
        Value::Array(_) => "is an array",
        Value::Bool(_) => "is a boolean",
        Value::Null => "is null",
        Value::Number(_) => "is a number",
        Value::Object(_) => "is an object",
        Value::String(_) => "is a string",
    }
}
