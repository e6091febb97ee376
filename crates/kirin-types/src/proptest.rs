//! Strategies for property tests: every request that the catalogue calls legal.
//!
//! ```
//! use kirin_types::proptest::any_request;
//! use ::proptest::prelude::*;
//!
//! proptest!(|(request in any_request())| {
//!     let json = serde_json::to_string(&request).unwrap();
//!     prop_assert_eq!(serde_json::from_str::<kirin_types::GenerationRequest>(&json).unwrap(), request);
//! });
//! ```

use alloc::{
    string::{String, ToString},
    vec::Vec,
};

use proptest::{collection, option, prelude::*, sample};
use serde_json::{Map, Value, json};

use crate::{GenerationRequest, MODELS, Model, Parameter, ParameterKind};

/// A valid request for any model of the catalogue.
pub fn any_request() -> BoxedStrategy<GenerationRequest> {
    sample::select(MODELS).prop_flat_map(request_for).boxed()
}

/// A valid request for this model.
///
/// Values are drawn within the bounds of each parameter. Where they break a rule between
/// parameters, optional ones are left out until they do not.
pub fn request_for(model: &'static Model) -> BoxedStrategy<GenerationRequest> {
    let settled = fields(model.parameters).prop_map(move |parameters| settle(model, parameters));
    settled
        .prop_filter_map("a request that its rules allow", move |parameters| {
            let mut parameters = parameters;
            parameters.insert("model".into(), model.id.into());
            GenerationRequest::from_parameters(&parameters).ok()
        })
        .boxed()
}

/// An object with the required ones of these fields, and any of the others.
fn fields(fields: &'static [Parameter]) -> BoxedStrategy<Map<String, Value>> {
    let each: Vec<_> = fields
        .iter()
        .map(|field| {
            let name = field.name;
            let value = value(field.kind).prop_map(move |value| (name.to_string(), value));
            match field.required {
                true => value.prop_map(Some).boxed(),
                false => option::of(value).boxed(),
            }
        })
        .collect();
    each.prop_map(|fields| fields.into_iter().flatten().collect())
        .boxed()
}

fn value(kind: ParameterKind) -> BoxedStrategy<Value> {
    match kind {
        ParameterKind::Boolean { .. } => any::<bool>().prop_map(Value::from).boxed(),
        ParameterKind::Choice { options, .. } => {
            sample::select(options).prop_map(Value::from).boxed()
        }
        ParameterKind::Identifier { max } => identifier(max),
        ParameterKind::Image { .. } => "https://[a-z]{1,8}\\.example/[a-z0-9]{1,8}\\.png"
            .prop_map(Value::from)
            .boxed(),
        ParameterKind::Integer { min, max } => prop_oneof![Just(min), Just(max), min..=max]
            .prop_map(Value::from)
            .boxed(),
        ParameterKind::List {
            fields: of,
            min,
            max,
        } => collection::vec(fields(of), min..=max)
            .prop_map(|items| json!(items))
            .boxed(),
        ParameterKind::Number { min, max, .. } => prop_oneof![Just(min), Just(max), min..=max]
            .prop_map(Value::from)
            .boxed(),
        ParameterKind::NumberChoice { options, .. } => {
            sample::select(options).prop_map(Value::from).boxed()
        }
        ParameterKind::Object { fields: of } => fields(of).prop_map(Value::Object).boxed(),
        ParameterKind::Seconds { min, max, .. } => (min..=max)
            .prop_map(|seconds| seconds.to_string().into())
            .boxed(),
        ParameterKind::Text { min, max } => text(min, max),
        ParameterKind::Url => "https?://[a-z]{1,8}\\.example(/[a-z0-9?=&]{0,8})?"
            .prop_map(Value::from)
            .boxed(),
    }
}

fn identifier(max: usize) -> BoxedStrategy<Value> {
    let legal = prop_oneof![
        proptest::char::range('a', 'z'),
        proptest::char::range('A', 'Z'),
        proptest::char::range('0', '9'),
        sample::select(&['.', '_', '-'][..]),
    ];
    collection::vec(legal, 1..=max)
        .prop_map(|characters| characters.into_iter().collect::<String>().into())
        .boxed()
}

/// Short texts of any characters, and now and then one of the greatest length.
fn text(min: usize, max: usize) -> BoxedStrategy<Value> {
    let short = collection::vec(any::<char>(), min..=max.min(20))
        .prop_map(|characters| characters.into_iter().collect::<String>());
    let longest = sample::select(&['a', '雨', '\u{1F98A}'][..])
        .prop_map(move |character| core::iter::repeat_n(character, max).collect());
    prop_oneof![30 => short, 1 => longest]
        .prop_map(Value::from)
        .boxed()
}

/// Makes the parameters obey the rules of the one model where leaving out is not enough, and
/// leaves out what else is in the way.
fn settle(model: &Model, mut parameters: Map<String, Value>) -> Map<String, Value> {
    if model.parameter("multi_shot").is_some() {
        settle_shots(&mut parameters);
    }
    if let Some(config) = parameters.get_mut("camera_control") {
        settle_camera(config);
    }
    without_the_obstacle(model, &parameters).unwrap_or(parameters)
}

/// The parameters, without one optional one where that alone is in the way of a rule.
fn without_the_obstacle(
    model: &Model,
    parameters: &Map<String, Value>,
) -> Option<Map<String, Value>> {
    let optional: Vec<_> = model.parameters.iter().filter(|it| !it.required).collect();
    let is_legal = |parameters: &Map<String, Value>| {
        crate::validate::problems(model, &crate::validate::object(parameters)).is_empty()
    };
    if is_legal(parameters) {
        return Some(parameters.clone());
    }
    let without = |name: &str| {
        let mut fewer = parameters.clone();
        fewer.remove(name).map(|_| fewer)
    };
    let mut fewer = optional
        .iter()
        .filter_map(|parameter| without(parameter.name));
    fewer.find(is_legal)
}

/// One prompt, or one for each shot, whose durations add up.
fn settle_shots(parameters: &mut Map<String, Value>) {
    if parameters.get("multi_shot") != Some(&Value::Bool(true)) {
        parameters.remove("shot_type");
        parameters.remove("multi_prompt");
        parameters.entry("prompt").or_insert_with(|| "a fox".into());
        return;
    }
    parameters.remove("prompt");
    parameters.insert("shot_type".into(), "customize".into());
    let shots = parameters
        .entry("multi_prompt")
        .or_insert_with(|| json!([]));
    let Some(shots) = shots.as_array_mut() else {
        return;
    };
    // Three shots or fewer of four seconds, or more of two: between 3 and 15 in all.
    let seconds = if shots.len() <= 3 { 4 } else { 2 };
    if shots.is_empty() {
        shots.push(json!({ "index": 1, "prompt": "a fox" }));
    }
    for shot in shots.iter_mut() {
        shot["duration"] = seconds.to_string().into();
    }
    let total = seconds * shots.len();
    parameters.insert("duration".into(), total.to_string().into());
}

/// A movement for the type simple alone, and one movement only.
fn settle_camera(camera: &mut Value) {
    let Some(camera) = camera.as_object_mut() else {
        return;
    };
    match camera.get("type").and_then(Value::as_str) {
        Some("simple") => {
            camera.insert("config".into(), json!({ "zoom": 5.5, "pan": 0.0 }));
        }
        _ => {
            camera.remove("config");
        }
    }
}
