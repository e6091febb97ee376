//! One model's parameters, machine-readable, out of the catalogue.

use kirin_types::{Model, Parameter, ParameterKind, Route};
use serde::Serialize;
use serde_json::Value;

use super::{Reply, envelope, models::MODEL_TYPE};

/// Who stands behind every model of the catalogue (documented sample).
const VENDOR: &str = "kling";

#[derive(Serialize)]
struct SpecAnswer {
    model_id: &'static str,
    name: &'static str,
    vendor: &'static str,
    r#type: &'static str,
    api: ApiAnswer,
    parameters: Vec<ParameterAnswer>,
    agent_prompt: &'static str,
}

#[derive(Serialize)]
struct ApiAnswer {
    endpoint: String,
    method: &'static str,
    headers: HeadersAnswer,
}

#[derive(Serialize)]
struct HeadersAnswer {
    #[serde(rename = "Authorization")]
    authorization: &'static str,
}

#[derive(Serialize)]
struct ParameterAnswer {
    name: &'static str,
    /// Where the parameter stands below `params`; empty at the top, as in the documented sample.
    path: &'static str,
    r#type: &'static str,
    required: bool,
    description: &'static str,
    constraints: ConstraintsAnswer,
    /// Always null, as in the documented sample.
    example: (),
    children: Vec<Self>,
}

/// The bounds of a parameter. Beside the fields of the documented sample it has those that the
/// vendor's client reads too, where they say something.
#[derive(Default, Serialize)]
struct ConstraintsAnswer {
    /// Always strings, whatever the parameter is.
    r#enum: Vec<String>,
    /// As it stands on the wire, so a number is a number.
    default: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    min: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max: Option<Value>,
    min_length: Option<usize>,
    max_length: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_items: Option<usize>,
}

/// The spec of a model, whose `api.endpoint` is the emulator's own.
pub(super) fn answer(id: &str, base_url: &str) -> Reply {
    match Model::find(id) {
        Some(model) => envelope::ok(SpecAnswer::new(model, base_url)),
        None => envelope::model_not_found(),
    }
}

impl SpecAnswer {
    fn new(model: &'static Model, base_url: &str) -> Self {
        let create = Route::CreateGeneration;
        Self {
            model_id: model.id,
            name: model.title,
            vendor: VENDOR,
            r#type: MODEL_TYPE,
            api: ApiAnswer {
                endpoint: format!("{base_url}{}", create.path()),
                method: create.method(),
                headers: HeadersAnswer {
                    authorization: "Bearer {{API_KEY}}",
                },
            },
            parameters: model.parameters.iter().map(ParameterAnswer::new).collect(),
            agent_prompt: model.description,
        }
    }
}

impl ParameterAnswer {
    fn new(parameter: &'static Parameter) -> Self {
        let fields = match parameter.kind {
            ParameterKind::List { fields, .. } | ParameterKind::Object { fields } => fields,
            _ => &[],
        };
        Self {
            name: parameter.name,
            path: "",
            r#type: type_of(&parameter.kind),
            required: parameter.required,
            description: parameter.description,
            constraints: ConstraintsAnswer::new(&parameter.kind),
            example: (),
            children: fields.iter().map(Self::new).collect(),
        }
    }
}

/// The vendor's word for what a value of this kind is on the wire.
fn type_of(kind: &ParameterKind) -> &'static str {
    match kind {
        ParameterKind::Boolean { .. } => "boolean",
        ParameterKind::Integer { .. } | ParameterKind::NumberChoice { .. } => "int",
        ParameterKind::List { .. } => "array",
        ParameterKind::Number { .. } => "number",
        ParameterKind::Object { .. } => "object",
        // Pictures and seconds are strings too.
        _ => "string",
    }
}

impl ConstraintsAnswer {
    fn new(kind: &ParameterKind) -> Self {
        let basis = Self {
            default: kind.default(),
            ..Self::default()
        };
        match *kind {
            ParameterKind::Choice { options, .. } => Self {
                r#enum: options.iter().map(ToString::to_string).collect(),
                ..basis
            },
            // Empty counts as absent, so there is no shortest one.
            ParameterKind::Identifier { max } => Self {
                max_length: Some(max),
                ..basis
            },
            ParameterKind::Integer { min, max } => Self {
                min: Some(min.into()),
                max: Some(max.into()),
                ..basis
            },
            ParameterKind::List { max, .. } => Self {
                max_items: Some(max),
                ..basis
            },
            ParameterKind::Number { min, max, .. } => Self {
                min: Some(min.into()),
                max: Some(max.into()),
                ..basis
            },
            ParameterKind::NumberChoice { options, .. } => Self {
                r#enum: options.iter().map(ToString::to_string).collect(),
                ..basis
            },
            // They are strings, which have no least and no greatest, so each is listed.
            ParameterKind::Seconds { min, max, .. } => Self {
                r#enum: (min..=max).map(|seconds| seconds.to_string()).collect(),
                ..basis
            },
            ParameterKind::Text { min, max } => Self {
                min_length: Some(min),
                max_length: Some(max),
                ..basis
            },
            _ => basis,
        }
    }
}
