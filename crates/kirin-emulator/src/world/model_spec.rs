//! One model's parameters, machine-readable, out of the catalogue.

use kirin_types::{Model, Parameter, ParameterKind, Route};
use serde::Serialize;

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

#[derive(Default, Serialize)]
struct ConstraintsAnswer {
    r#enum: &'static [&'static str],
    default: Option<&'static str>,
    min_length: Option<usize>,
    max_length: Option<usize>,
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
            name: model.name,
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
        let (r#type, constraints, children) = match &parameter.kind {
            ParameterKind::Watermark => ("object", ConstraintsAnswer::default(), vec![enabled()]),
            kind => ("string", ConstraintsAnswer::new(kind), Vec::new()),
        };
        Self {
            name: parameter.name,
            path: "",
            r#type,
            required: parameter.required,
            description: parameter.description,
            constraints,
            example: (),
            children,
        }
    }
}

impl ConstraintsAnswer {
    fn new(kind: &'static ParameterKind) -> Self {
        match kind {
            ParameterKind::Choice { options, default } => Self {
                r#enum: options,
                default: Some(default),
                ..Self::default()
            },
            // Empty counts as absent, so there is no shortest one.
            ParameterKind::Identifier { max } => Self {
                max_length: Some(*max),
                ..Self::default()
            },
            ParameterKind::Text { min, max } => Self {
                min_length: Some(*min),
                max_length: Some(*max),
                ..Self::default()
            },
            _ => Self::default(),
        }
    }
}

/// The one field of `watermark_info`.
fn enabled() -> ParameterAnswer {
    ParameterAnswer {
        name: "enabled",
        path: "",
        r#type: "boolean",
        required: true,
        description: "true for a watermarked copy beside the video, false for none.",
        constraints: ConstraintsAnswer::default(),
        example: (),
        children: Vec::new(),
    }
}
