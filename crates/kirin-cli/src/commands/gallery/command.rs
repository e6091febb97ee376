//! The command that makes a video again.

use kirin_types::{GenerationRequest, Model, ParameterKind};
use serde_json::Value;

use crate::terminal::{is_unseen, shell_word};

/// The parameters that have an option of their own.
const OPTIONS: [&str; 4] = ["duration", "aspect_ratio", "mode", "negative_prompt"];

/// A line for a shell that generates the request again, under another id. There is none for a picture:
/// it is too long to be typed, and the query of its URL may be a signature.
pub(super) fn generate_command(request: &GenerationRequest) -> Option<String> {
    let model = request.model()?;
    let mut line = format!("kirin generate --model {}", model.id);
    for parameter in model.parameters {
        let Some(value) = request.parameter(parameter.name) else {
            continue;
        };
        let name = parameter.name;
        match (name, value) {
            // The prompt comes last; the ids and the callback are not repeated.
            ("prompt" | "external_task_id" | "callback_url", _) => {}
            _ if is_default(model, name, value) => {}
            ("watermark_info", _) if request.watermark() == Some(true) => line += " --watermark",
            ("watermark_info", _) => {}
            ("image" | "image_tail", _) => return None,
            _ => {
                let text = value.as_str().map(str::to_owned);
                let text = text.unwrap_or_else(|| value.to_string());
                let between = if text.starts_with('-') { '=' } else { ' ' };
                line += &match OPTIONS.contains(&name) {
                    true => format!(
                        " --{}{between}{}",
                        name.replace('_', "-"),
                        exact_shell_word(&text)
                    ),
                    false => format!(" --param {}", exact_shell_word(&format!("{name}={text}"))),
                };
            }
        }
    }
    Some(match request.prompt() {
        None => line,
        // As an argument it would be stdin, or taken for a flag.
        Some(prompt) if prompt.starts_with('-') => line + " --prompt=" + &exact_shell_word(prompt),
        Some(prompt) => line + " " + &exact_shell_word(prompt),
    })
}

fn is_default(model: &Model, name: &str, value: &Value) -> bool {
    let kind = model.parameter(name).map(|parameter| parameter.kind);
    kind.as_ref().and_then(ParameterKind::default).as_ref() == Some(value)
}

/// The text as one word of a shell, exactly. Invisible characters are written as escapes, which bash, zsh
/// and POSIX of 2024 know: it is visible when pasted, and does nothing before the shell reads it.
fn exact_shell_word(text: &str) -> String {
    if !text.chars().any(is_unseen) {
        return shell_word(text);
    }
    let mut word = String::from("$'");
    for character in text.chars() {
        match character {
            '\n' => word += "\\n",
            '\\' | '\'' => word.extend(['\\', character]),
            // Escaped bytes mean the same in a shell of any locale.
            character if is_unseen(character) => {
                let mut buffer = [0; 4];
                let bytes = character.encode_utf8(&mut buffer).bytes();
                bytes.for_each(|byte| word += &format!("\\{byte:03o}"));
            }
            character => word.push(character),
        }
    }
    word + "'"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_and_ids_are_left_out() {
        let request = |json: Value| GenerationRequest::from_parameters(json.as_object().unwrap());
        for (parameters, line) in [
            (
                serde_json::json!({ "model": "kirin_v2_5_turbo_t2v", "prompt": "a fox", "duration": "5",
                    "external_task_id": "order-42", "callback_url": "https://example.com/secret" }),
                Some("kirin generate --model kirin_v2_5_turbo_t2v 'a fox'"),
            ),
            (
                serde_json::json!({ "model": "kirin_v1_6_t2v", "prompt": "-x", "duration": 10, "mode": "pro",
                    "negative_prompt": "-y",
                    "watermark_info": { "enabled": true } }),
                Some(
                    "kirin generate --model kirin_v1_6_t2v --negative-prompt=-y --mode pro --duration 10 \
                     --watermark --prompt=-x",
                ),
            ),
            (
                serde_json::json!({ "model": "kirin_v1_t2v", "prompt": "-", "cfg_scale": 0.7,
                    "camera_control": { "type": "down_back" } }),
                Some(
                    "kirin generate --model kirin_v1_t2v --param cfg_scale=0.7 --param \
                     'camera_control={\"type\":\"down_back\"}' --prompt=-",
                ),
            ),
            (
                serde_json::json!({ "model": "kirin_v1_i2v", "image": "https://example.com/a.png" }),
                None,
            ),
        ] {
            assert_eq!(
                generate_command(&request(parameters).unwrap()).as_deref(),
                line
            );
        }
    }

    #[test]
    fn a_word_is_exact() {
        for (text, shown) in [
            ("a fox", "'a fox'"),
            ("it's\na fox", "$'it\\'s\\na fox'"),
            ("\u{202e}\u{7}\\", "$'\\342\\200\\256\\007\\\\'"),
        ] {
            assert_eq!(exact_shell_word(text), shown, "{text:?}");
        }
    }
}
