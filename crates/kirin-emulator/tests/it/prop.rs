//! What holds for every request.

use std::{collections::HashMap, time::Duration};

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use kirin_emulator::{
    EmulatorConfig,
    range::{Selection, select},
    world::Reply,
};
use kirin_tests::proptest::prelude::*;
use kirin_types::{
    AspectRatio, GenerationRequest, MODELS, Mode, Task, TaskState, VideoDuration,
    proptest::any_request as any_request_of_any_model,
};
use serde_json::{Map, Value, json};

use crate::support::{CREATE, MODEL, Session, request};

#[test]
fn any_valid_request_is_accepted_in_either_form() {
    kirin_tests::property!((valid_request(), any::<bool>()), |(valid, is_flat)| {
        let mut session = Session::new(EmulatorConfig::new());
        let (status, answer) = session.post(body_of(&valid, is_flat));
        prop_assert_eq!(status, StatusCode::OK, "{}", answer);
        let task = Task::from_json(answer.to_string().as_bytes()).unwrap();
        let in_progress = matches!(task.state(), TaskState::InProgress { .. });
        prop_assert!(in_progress, "{:?}", task.state());
        prop_assert_eq!(task.model(), Some(valid.model_id()));
        session.advance(3000);
        let (_, answer) = session.query(task.id().as_str());
        let task = Task::from_json(answer.to_string().as_bytes()).unwrap();
        let TaskState::Completed { output, usage } = task.state() else {
            return Err(TestCaseError::fail(format!("{:?}", task.state())));
        };
        prop_assert_eq!(output.len(), 1);
        prop_assert!(usage.is_some());
        let has_copy = output[0].watermark_url.is_some();
        prop_assert_eq!(has_copy, valid.watermark() == Some(true));
        Ok(())
    });
}

#[test]
fn any_valid_request_with_one_thing_wrong_is_refused() {
    let cases = (valid_request(), any::<bool>(), wrong());
    kirin_tests::property!(cases, |(valid, is_flat, wrong)| {
        let mut flat = serde_json::to_value(&valid).unwrap();
        let field = wrong.apply(&valid, flat.as_object_mut().unwrap());
        let mut session = Session::new(EmulatorConfig::new());
        let (status, answer) = session.post(wrap(flat.clone(), is_flat));
        prop_assert_eq!(status, StatusCode::BAD_REQUEST, "{}", flat);
        prop_assert_eq!(session.world.statistics().tasks_created, 0);
        let message = answer["message"].as_str().unwrap();
        let named = message.starts_with(&format!("invalid request: {field}"))
            || message.contains(&format!(". {field}"));
        prop_assert!(named, "{} of {}: {}", field, flat, message);
        Ok(())
    });
}

#[test]
fn any_valid_request_obeys_the_spec_of_its_model() {
    let specs: HashMap<_, _> = MODELS
        .iter()
        .map(|model| {
            let path = format!("/api/v1/skill/models/{}/spec", model.id);
            let (_, mut spec) = Session::new(EmulatorConfig::new()).get(&path);
            (model.id, spec["data"]["parameters"].take())
        })
        .collect();
    kirin_tests::property!(valid_request(), |valid| {
        let params = serde_json::to_value(valid.parameters()).unwrap();
        obey(&specs[valid.model_id()], &params).map_err(TestCaseError::fail)
    });
}

#[test]
fn any_bytes_as_a_body_are_refused_or_a_valid_request() {
    kirin_tests::property!(body_bytes(), |body| {
        let mut session = Session::new(EmulatorConfig::new());
        let (status, answer) = session.post(body.clone());
        match session.world.statistics().tasks_created {
            0 => {
                prop_assert_eq!(status, StatusCode::BAD_REQUEST);
                prop_assert!(
                    answer["message"]
                        .as_str()
                        .is_some_and(|text| !text.is_empty())
                );
            }
            _ => prop_assert!(is_valid(&body), "{:?}", body),
        }
        Ok(())
    });
}

#[test]
fn any_request_is_answered_and_never_a_server_error() {
    kirin_tests::property!(any_request(), |request| {
        let mut session = Session::new(EmulatorConfig::new());
        let response = session.response(&request);
        prop_assert!(!response.status().is_server_error());
        prop_assert!(serde_json::from_slice::<Value>(response.body()).is_ok());
        prop_assert!(response.headers().contains_key("x-request-id"));
        Ok(())
    });
}

#[test]
fn the_same_seed_and_requests_give_the_same_bytes() {
    let steps = prop::collection::vec((step(), 0..2000_u64), 0..20);
    kirin_tests::property!((any::<u64>(), steps), |(seed, steps)| {
        let run = || {
            let mut session = Session::new(EmulatorConfig::new().seed(seed));
            let log: Vec<_> = steps
                .iter()
                .map(|(step, milliseconds)| {
                    session.advance(*milliseconds);
                    let Reply::Response(response) = session.send(step) else {
                        unreachable!("no step is a download");
                    };
                    format!("{response:?}")
                })
                .collect();
            (log, session.world.statistics())
        };
        prop_assert_eq!(run(), run());
        Ok(())
    });
}

#[test]
fn a_task_only_moves_forward() {
    let times = prop::collection::vec(0..1500_u64, 1..10);
    kirin_tests::property!((times, 0..4000_u64), |(times, task_milliseconds)| {
        let task_time = Duration::from_millis(task_milliseconds);
        let mut session = Session::new(EmulatorConfig::new().task_time(task_time));
        let id = session.create(json!({ "prompt": "a fox" }));
        let mut last = 0.0;
        for milliseconds in times {
            session.advance(milliseconds);
            let (_, task) = session.query(&id);
            let ended = session.elapsed >= task_time;
            prop_assert_eq!(
                &task["status"],
                if ended { "completed" } else { "in_progress" }
            );
            let progress = task["progress"].as_f64().unwrap_or(1.0);
            prop_assert!(last <= progress && (progress < 1.0) != ended, "{}", task);
            last = progress;
        }
        Ok(())
    });
}

#[test]
fn a_range_selects_what_rfc_9110_says() {
    let numbers = (0..12_u64, 0..12_u64, 0..12_u64, 0..3_u8);
    kirin_tests::property!(numbers, |(first, last, length, form)| {
        let (header, wanted): (_, Vec<u64>) = match form {
            0 => (format!("bytes={first}-{last}"), (first..=last).collect()),
            1 => (format!("bytes={first}-"), (first..length).collect()),
            _ => (
                format!("bytes=-{last}"),
                (length.saturating_sub(last)..length).collect(),
            ),
        };
        // Byte by byte: those that were wanted and are there.
        let there: Vec<_> = wanted
            .iter()
            .copied()
            .filter(|byte| *byte < length)
            .collect();
        let expected = match (there.first(), there.last()) {
            _ if form == 0 && first > last => Selection::Whole,
            (Some(first), Some(last)) => Selection::Part(*first..=*last),
            _ => Selection::Unsatisfiable,
        };
        prop_assert_eq!(
            select(Some(&header), length),
            expected,
            "{} of {}",
            header,
            length
        );
        Ok(())
    });
}

#[test]
fn any_header_selects_bytes_that_exist() {
    let headers = prop_oneof!["(bytes)?=?[0-9,\\- ]{0,12}", any::<String>()];
    kirin_tests::property!((headers, any::<u64>()), |(header, length)| {
        if let Selection::Part(part) = select(Some(&header), length) {
            prop_assert!(part.start() <= part.end() && *part.end() < length);
        }
        Ok(())
    });
}

/// A request of any model, every other one of the reference model through its typed builder.
fn valid_request() -> impl Strategy<Value = GenerationRequest> {
    prop_oneof![reference_request(), any_request_of_any_model()]
}

fn reference_request() -> impl Strategy<Value = GenerationRequest> {
    let watermark = prop::option::of(any::<bool>());
    let external_id = prop::option::of("[A-Za-z0-9._-]{0,64}");
    let words = (
        prop::sample::select(VideoDuration::ALL),
        prop::sample::select(AspectRatio::ALL),
        prop::sample::select(Mode::ALL),
    );
    let texts = ("\\PC{1,40}", prop::option::of("\\PC{0,40}"));
    (texts, words, watermark, external_id).prop_map(|(texts, words, watermark, external_id)| {
        let (prompt, negative_prompt) = texts;
        let (duration, aspect_ratio, mode) = words;
        let mut builder = GenerationRequest::builder(prompt)
            .duration(duration)
            .aspect_ratio(aspect_ratio)
            .mode(mode);
        if let Some(negative_prompt) = negative_prompt {
            builder = builder.negative_prompt(negative_prompt);
        }
        if let Some(enabled) = watermark {
            builder = builder.watermark(enabled);
        }
        if let Some(id) = external_id {
            builder = builder.external_task_id(id);
        }
        builder.build().expect("every part is legal")
    })
}

fn body_of(valid: &GenerationRequest, is_flat: bool) -> String {
    wrap(serde_json::to_value(valid).unwrap(), is_flat)
}

fn wrap(mut flat: Value, is_flat: bool) -> String {
    if !is_flat {
        let model = flat.as_object_mut().unwrap().remove("model");
        flat = json!({ "model": model, "input": [{ "params": flat }] });
    }
    flat.to_string()
}

/// What makes a valid request an illegal one.
#[derive(Clone, Copy, Debug)]
enum Wrong {
    /// A parameter that the model requires is not there; for a model without any, the model.
    Missing(prop::sample::Index),
    /// There is a parameter that the model does not have.
    Unknown,
    /// No model has this id.
    UnknownModel,
    /// A parameter of the model has a value that none takes.
    Value(prop::sample::Index),
}

fn wrong() -> impl Strategy<Value = Wrong> {
    prop_oneof![
        any::<prop::sample::Index>().prop_map(Wrong::Missing),
        Just(Wrong::Unknown),
        Just(Wrong::UnknownModel),
        any::<prop::sample::Index>().prop_map(Wrong::Value),
    ]
}

impl Wrong {
    /// Spoils the flat form of a request, and says what a refusal has to name.
    fn apply(self, valid: &GenerationRequest, flat: &mut Map<String, Value>) -> &'static str {
        let parameters = valid.model().unwrap().parameters;
        match self {
            Self::Missing(index) => {
                let required = parameters.iter().filter(|parameter| parameter.required);
                let names = required.map(|parameter| parameter.name);
                let names: Vec<_> = names.chain(["model"]).collect();
                let name = names[index.index(names.len())];
                flat.remove(name);
                name
            }
            Self::Unknown => {
                flat.insert("quality".into(), 1.into());
                "quality"
            }
            Self::UnknownModel => {
                flat.insert("model".into(), "kirin_v9".into());
                "model"
            }
            Self::Value(index) => {
                let name = parameters[index.index(parameters.len())].name;
                flat.insert(name.into(), json!([[]]));
                name
            }
        }
    }
}

/// Whether an object is as the parameters of a spec say, read as the vendor's client reads them:
/// the options are texts, whatever the value is.
fn obey(spec: &Value, object: &Value) -> Result<(), String> {
    let spec = spec.as_array().unwrap();
    for parameter in spec {
        let name = parameter["name"].as_str().unwrap();
        match object.get(name) {
            Some(value) => obey_one(parameter, value)
                .then_some(())
                .ok_or_else(|| format!("{value} is not {parameter}"))?,
            None if parameter["required"] == true => return Err(format!("no {name}")),
            None => {}
        }
        let children = &parameter["children"];
        match object.get(name) {
            Some(Value::Array(items)) => items.iter().try_for_each(|item| obey(children, item))?,
            Some(value @ Value::Object(_)) => obey(children, value)?,
            _ => {}
        }
    }
    let known = |name: &String| spec.iter().any(|parameter| parameter["name"] == **name);
    match object.as_object().unwrap().keys().find(|name| !known(name)) {
        Some(name) => Err(format!("{name} is not in the spec")),
        None => Ok(()),
    }
}

fn obey_one(parameter: &Value, value: &Value) -> bool {
    let constraints = &parameter["constraints"];
    let right_type = match parameter["type"].as_str().unwrap() {
        "array" => value.is_array(),
        "boolean" => value.is_boolean(),
        "int" => value.is_i64(),
        "number" => value.is_number(),
        "object" => value.is_object(),
        "string" => value.is_string(),
        unknown => panic!("{unknown}"),
    };
    let text = match value {
        Value::String(text) => text.clone(),
        value => value.to_string(),
    };
    let options = constraints["enum"].as_array().unwrap();
    let size = match value {
        Value::Array(items) => items.len() as f64,
        Value::String(text) => text.chars().count() as f64,
        value => value.as_f64().unwrap_or_default(),
    };
    let most = ["max", "max_length", "max_items"];
    right_type
        && (options.is_empty() || options.contains(&text.into()))
        && ["min", "min_length"]
            .iter()
            .all(|name| constraints[name].as_f64().is_none_or(|least| least <= size))
        && most
            .iter()
            .all(|name| constraints[name].as_f64().is_none_or(|most| size <= most))
}

/// Nothing in particular, and bodies that are nearly right.
fn body_bytes() -> impl Strategy<Value = Vec<u8>> {
    let mutilated = (
        valid_request(),
        any::<bool>(),
        any::<prop::sample::Index>(),
        any::<u8>(),
    )
        .prop_map(|(valid, is_flat, place, byte)| {
            let mut body = body_of(&valid, is_flat).into_bytes();
            let place = place.index(body.len());
            body[place] = byte;
            body
        });
    let json = json_value().prop_map(|value| value.to_string().into_bytes());
    prop_oneof![any::<Vec<u8>>(), mutilated, json]
}

/// JSON of any shape, over the names that a create knows.
fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        prop::sample::select(vec!["", "5", "std", "a fox", MODEL]).prop_map(Value::from),
    ];
    let names = vec![
        "model",
        "input",
        "params",
        "prompt",
        "duration",
        "watermark_info",
        "other",
    ];
    leaf.prop_recursive(5, 40, 4, move |inner| {
        let fields = prop::collection::hash_map(
            prop::sample::select(names.clone()).prop_map(String::from),
            inner.clone(),
            0..5,
        );
        prop_oneof![
            prop::collection::vec(inner, 0..3).prop_map(Value::from),
            fields.prop_map(|fields| fields.into_iter().collect()),
        ]
    })
}

/// Whether `kirin-types` takes the parameters, wherever they stand.
fn is_valid(body: &[u8]) -> bool {
    let Ok(mut body) = serde_json::from_slice::<Value>(body) else {
        return false;
    };
    if let Some(params) = body.pointer("/input/0/params").cloned() {
        let model = body["model"].take();
        body = params;
        body["model"] = model;
    }
    serde_json::from_value::<GenerationRequest>(body).is_ok()
}

fn any_request() -> impl Strategy<Value = Request<Bytes>> {
    let paths = prop_oneof![
        "(/model|/v1|/generation|/task|/api|/skill|/models|/spec|/artifacts|/[a-z%2Ff.]{0,4}){0,7}"
            .prop_map(|path| if path.is_empty() { "/".into() } else { path }),
        Just(CREATE.into()),
        Just("/api/v1/skill/models?page=9&type=&keywords=%ff".into()),
        "/model/v1/generation/task/[a-z0-9%]{1,8}",
    ];
    let methods = prop::sample::select(vec!["GET", "POST", "HEAD", "DELETE", "BREW"]);
    let keys = prop::option::of("[ -~]{0,12}");
    (methods, paths, keys, any::<Vec<u8>>()).prop_map(|(method, path, key, body)| {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(key) = key {
            request = request.header("authorization", format!("Bearer {key}"));
        }
        request.body(body.into()).unwrap()
    })
}

/// One of few requests, so that they meet.
fn step() -> impl Strategy<Value = Request<Bytes>> {
    let id = prop::option::of("[ab]");
    let create = (id.clone(), any::<bool>()).prop_map(|(id, is_flat)| {
        let mut builder = GenerationRequest::builder("a fox");
        if let Some(id) = id {
            builder = builder.external_task_id(id);
        }
        request(
            Method::POST,
            CREATE,
            body_of(&builder.build().unwrap(), is_flat),
        )
    });
    let query = id.prop_map(|id| {
        let path = format!("{CREATE}/task/{}", id.unwrap_or_else(|| "nobody".into()));
        request(Method::GET, &path, "")
    });
    let list = Just(request(Method::GET, "/api/v1/skill/models", ""));
    prop_oneof![create, query, list]
}
