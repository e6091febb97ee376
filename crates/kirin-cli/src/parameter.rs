//! Parameters as people type them.

use kirin_types::{Model, ParameterKind};
use serde_json::{Value, json};

/// A typed value in the form that the model has on the wire: the duration of one model is a number,
/// and objects are typed as JSON. Text that is not JSON stays text, and is refused as it was typed.
pub(crate) fn on_the_wire(model: &str, name: &str, text: &str) -> Value {
    let parameter = Model::find(model).and_then(|model| model.parameter(name));
    let Some(parameter) = parameter else {
        return text.into();
    };
    let json: Option<Value> = match parameter.kind {
        ParameterKind::Boolean { .. }
        | ParameterKind::Integer { .. }
        | ParameterKind::List { .. }
        | ParameterKind::Number { .. }
        | ParameterKind::NumberChoice { .. }
        | ParameterKind::Object { .. } => serde_json::from_str(text.trim()).ok(),
        _ => None,
    };
    match (name, json) {
        ("watermark_info", Some(Value::Bool(enabled))) => json!({ "enabled": enabled }),
        (_, Some(json)) => json,
        (_, None) => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_becomes_what_the_model_has() {
        for (model, name, text, value) in [
            ("kirin_v2_5_turbo_t2v", "duration", "5", json!("5")),
            ("kirin_v1_6_t2v", "duration", "5", json!(5)),
            ("kirin_v1_t2v", "cfg_scale", "0.5", json!(0.5)),
            ("kirin_v3_t2v", "multi_shot", "true", json!(true)),
            ("kirin_v3_t2v", "multi_shot", "perhaps", json!("perhaps")),
            ("kirin_v2_5_turbo_t2v", "prompt", "true", json!("true")),
            (
                "kirin_v2_5_turbo_t2v",
                "watermark_info",
                "true",
                json!({"enabled": true}),
            ),
            (
                "kirin_v1_t2v",
                "camera_control",
                r#"{"type": "down_back"}"#,
                json!({"type": "down_back"}),
            ),
            ("kirin_v2_5_turbo_t2v", "unknown", "1", json!("1")),
            ("unknown", "duration", "5", json!("5")),
        ] {
            assert_eq!(on_the_wire(model, name, text), value, "{model} {name}");
        }
    }
}
