//! The validator against another reading of the catalogue: its schema, judged by somebody else's
//! validator.

use std::sync::LazyLock;

use jsonschema::Validator;
use kirin_tests::proptest::{collection, prelude::*, sample, sample::Index};
use kirin_types::{GenerationRequest, MODELS, Model, Parameter, ParameterKind, Rule};
use serde_json::{Map, Value, json};

static VALIDATORS: LazyLock<Vec<Validator>> =
    LazyLock::new(|| MODELS.iter().map(|model| super::validator(model)).collect());

#[test]
fn validator_and_schema_agree() {
    let cases = (
        sample::select((0..MODELS.len()).collect::<Vec<_>>()),
        collection::vec(any::<Index>(), 24),
        any::<bool>(),
    );
    kirin_tests::property!(cases, |(model, choices, mostly_legal)| {
        let parameters = parameters(MODELS[model], &choices, mostly_legal);
        let accepted = GenerationRequest::from_parameters(&parameters);
        let described = VALIDATORS[model].is_valid(&Value::Object(parameters.clone()))
            && MODELS[model]
                .rules
                .iter()
                .all(|rule| unsaid_rule_holds(rule, &parameters));
        prop_assert_eq!(
            accepted.is_ok(),
            described,
            "{:?}: {:?}",
            parameters,
            accepted.map(|request| request.model_id().to_owned())
        );
        Ok(())
    });
}

#[cfg(feature = "proptest")]
#[test]
fn every_request_of_the_strategies_fits_its_schema() {
    kirin_tests::property!(kirin_types::proptest::any_request(), |request| {
        let model = MODELS
            .iter()
            .position(|model| model.id == request.model_id());
        let body = serde_json::to_value(&request).unwrap();
        prop_assert!(VALIDATORS[model.unwrap()].is_valid(&body), "{}", body);
        Ok(())
    });
}

/// One value of a small alphabet for each parameter, or none.
fn parameters(model: &Model, choices: &[Index], mostly_legal: bool) -> Map<String, Value> {
    let mut parameters = Map::from_iter([("model".into(), model.id.into())]);
    for (parameter, choice) in model.parameters.iter().zip(choices) {
        let mut values: Vec<_> = legal(parameter).into_iter().map(Some).collect();
        if !mostly_legal {
            values.extend(illegal(parameter).into_iter().map(Some));
        }
        if !parameter.required || !mostly_legal {
            // Most optional parameters are absent most of the time, so that rules are met too.
            values.extend((0..values.len()).map(|_| None));
        }
        if let Some(value) = choice.get(&values) {
            parameters.insert(parameter.name.into(), value.clone());
        }
    }
    if !mostly_legal && choices[23].index(20) == 0 {
        parameters.insert("unknown".into(), json!(1));
    }
    parameters
}

fn legal(parameter: &Parameter) -> Vec<Value> {
    match parameter.kind {
        ParameterKind::Boolean { .. } => vec![json!(true), json!(false)],
        ParameterKind::Choice { options, .. } => options.iter().map(|it| json!(it)).collect(),
        ParameterKind::Identifier { max } => {
            vec![json!("order-42"), json!("a".repeat(max)), json!("")]
        }
        ParameterKind::Image { .. } => vec![json!("https://example.com/a.png")],
        ParameterKind::Integer { min, max } => vec![json!(min), json!(max)],
        ParameterKind::List { fields, max, .. } => {
            vec![
                json!([every(fields)]),
                json!([every(fields), every(fields), every(fields)]),
                Value::from(vec![every(fields); max]),
            ]
        }
        ParameterKind::Number { min, max, .. } => vec![json!(min), json!(max), json!(0)],
        ParameterKind::NumberChoice { options, .. } => options.iter().map(|it| json!(it)).collect(),
        ParameterKind::Object { fields } => {
            let mut objects = vec![required(fields), every(fields)];
            // Each field alone beside the required ones, and each word of a choice.
            for field in fields {
                for value in legal(field) {
                    let mut object = required(fields);
                    object[field.name] = value;
                    objects.push(object);
                }
            }
            objects
        }
        ParameterKind::Seconds { min, max, .. } => {
            vec![json!(min.to_string()), json!(max.to_string()), json!("6")]
        }
        ParameterKind::Text { min, max } => vec![
            json!("雨".repeat(min)),
            json!("雨".repeat(max)),
            json!("a fox"),
        ],
        ParameterKind::Url => vec![
            json!("https://example.com/hook"),
            json!("HTTP://a"),
            json!(""),
        ],
        _ => unreachable!("a kind that this test does not know"),
    }
}

fn illegal(parameter: &Parameter) -> Vec<Value> {
    let mut values = vec![json!([]), json!({ "unknown": 1 })];
    values.extend(match parameter.kind {
        ParameterKind::Boolean { .. } => vec![json!("true"), json!(1)],
        ParameterKind::Choice { .. } => vec![json!("other"), json!(5), json!("")],
        ParameterKind::Identifier { max } => {
            vec![json!("a b"), json!("a".repeat(max + 1)), json!(42)]
        }
        ParameterKind::Image { .. } => vec![json!(5), json!("")],
        ParameterKind::Integer { min, max } => {
            vec![json!(min - 1), json!(max + 1), json!(0.5), json!("1")]
        }
        ParameterKind::List { fields, max, .. } => {
            vec![
                Value::from(vec![every(fields); max + 1]),
                json!([5]),
                json!([{}]),
            ]
        }
        ParameterKind::Number { min, max, .. } => {
            vec![json!(min - 0.5), json!(max + 0.5), json!("0")]
        }
        ParameterKind::NumberChoice { .. } => vec![json!(7), json!("5")],
        ParameterKind::Object { fields } => {
            let wrong = fields.iter().flat_map(|field| {
                illegal(field).into_iter().map(|value| {
                    let mut object = required(fields);
                    object[field.name] = value;
                    object
                })
            });
            wrong.collect()
        }
        ParameterKind::Seconds { min, max, .. } => {
            vec![
                json!((min - 1).to_string()),
                json!((max + 1).to_string()),
                json!("05"),
                json!(5),
            ]
        }
        ParameterKind::Text { min, max } => {
            let short = min.checked_sub(1).map(|length| json!("a".repeat(length)));
            [json!("a".repeat(max + 1)), json!(5)]
                .into_iter()
                .chain(short)
                .collect()
        }
        ParameterKind::Url => vec![
            json!("ftp://example.com"),
            json!("example.com"),
            json!("https://"),
            json!("https://a b"),
        ],
        _ => unreachable!("a kind that this test does not know"),
    });
    values
}

fn required(fields: &[Parameter]) -> Value {
    object(fields.iter().filter(|field| field.required))
}

fn every(fields: &[Parameter]) -> Value {
    object(fields.iter())
}

fn object<'a>(fields: impl Iterator<Item = &'a Parameter>) -> Value {
    fields
        .map(|field| (field.name.to_owned(), legal(field).swap_remove(0)))
        .collect()
}

/// The two rules that JSON Schema cannot say, read from the protocol's section 8.
fn unsaid_rule_holds(rule: &Rule, parameters: &Map<String, Value>) -> bool {
    match rule {
        Rule::ExactlyOneNonZero { .. } => {
            let Some(config) = parameters
                .get("camera_control")
                .and_then(|camera| camera.get("config"))
            else {
                return true;
            };
            let movements = config.as_object().into_iter().flat_map(Map::values);
            movements
                .filter(|movement| movement.as_f64().is_some_and(|by| by != 0.0))
                .count()
                == 1
        }
        Rule::SumsTo { .. } => {
            let Some(shots) = parameters.get("multi_prompt").and_then(Value::as_array) else {
                return true;
            };
            let seconds = |value: Option<&Value>| {
                value.and_then(Value::as_str).and_then(|it| it.parse().ok())
            };
            let sum: Option<u32> = shots.iter().map(|shot| seconds(shot.get("duration"))).sum();
            let total = parameters
                .get("duration")
                .map_or(Some(5), |total| seconds(Some(total)));
            sum.is_some() && sum == total
        }
        _ => true,
    }
}
