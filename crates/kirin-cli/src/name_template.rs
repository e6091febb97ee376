//! How files are named: `--name-template`.

use std::str::FromStr;

use kirin_client::file_name;
use kirin_types::GenerationRequest;
use serde_json::Value;

/// A name with placeholders, without its extension.
#[derive(Clone, Debug)]
pub(crate) struct NameTemplate(Vec<Part>);

#[derive(Clone, Debug)]
enum Part {
    Text(String),
    Placeholder(&'static str),
}

/// The placeholder for the task's id in a path until it is known.
pub(crate) const TASK_ID: &str = "{task_id}";

/// The names that are allowed in braces.
const PLACEHOLDERS: [&str; 8] = [
    "aspect_ratio",
    "duration",
    "external_task_id",
    "mode",
    "model",
    "number",
    "prompt",
    "task_id",
];

/// Most bytes of a prompt in a name.
const PROMPT: usize = 100;

impl NameTemplate {
    /// The id of the task and nothing else.
    pub(crate) fn task_id() -> Self {
        Self(vec![Part::Placeholder("task_id")])
    }

    /// The name of the video of a request, the `number`th of its run counted from 1. The task's id is
    /// not known yet, and stays a placeholder.
    pub(crate) fn file_stem(&self, request: &GenerationRequest, number: usize) -> String {
        let value = |placeholder: &str| match placeholder {
            "external_task_id" => {
                file_name(request.external_task_id().map_or("", |id| id.as_str()))
            }
            "model" => file_name(request.model_id()),
            "number" => number.to_string(),
            "prompt" => prompt_words(request.prompt().unwrap_or_default()),
            "task_id" => TASK_ID.into(),
            name => match request.parameter(name) {
                Some(Value::String(text)) => file_name(text),
                Some(value) => file_name(&value.to_string()),
                None => String::new(),
            },
        };
        let parts = self.0.iter().map(|part| match part {
            Part::Text(text) => text.clone(),
            Part::Placeholder(placeholder) => value(placeholder),
        });
        match parts.collect::<String>() {
            name if name.trim_matches('.').is_empty() => "video".into(),
            name => name,
        }
    }
}

impl FromStr for NameTemplate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.contains(['/', '\\']) || text.contains(char::is_control) {
            return Err("a name is not a path: the folder is --output".into());
        }
        if text.is_empty() {
            return Err("a name has at least one character".into());
        }
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}').ok_or("a { has no }")?;
            let known = PLACEHOLDERS.into_iter().find(|known| *known == name);
            let placeholder = known.ok_or_else(|| {
                let all: Vec<_> = PLACEHOLDERS.map(|name| format!("{{{name}}}")).into();
                format!("{{{name}}} is not one of {}", all.join(", "))
            })?;
            parts.push(Part::Text(before.into()));
            parts.push(Part::Placeholder(placeholder));
            rest = after;
        }
        parts.push(Part::Text(rest.into()));
        Ok(Self(parts))
    }
}

/// The letters and digits of a prompt, with one dash between its words.
fn prompt_words(prompt: &str) -> String {
    let mut name = String::new();
    for word in prompt.split(|character: char| !character.is_alphanumeric()) {
        if word.is_empty() {
            continue;
        }
        let dash = match name.is_empty() {
            true => "",
            false => "-",
        };
        if name.len() + dash.len() + word.len() > PROMPT {
            break;
        }
        name.push_str(dash);
        name.push_str(word);
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(template: &str, prompt: &str) -> String {
        let request = GenerationRequest::builder(prompt)
            .external_task_id("order-42")
            .build()
            .unwrap();
        template
            .parse::<NameTemplate>()
            .unwrap()
            .file_stem(&request, 7)
    }

    #[test]
    fn placeholders_are_filled_in() {
        let all = "{number} {external_task_id} {model} {mode} {duration} {aspect_ratio} {task_id}";
        assert_eq!(
            name(all, "a fox"),
            "7 order-42 kirin_v2_5_turbo_t2v std 5 16_9 {task_id}"
        );
        assert_eq!(name("..", "a fox"), "video");
    }

    #[test]
    fn a_prompt_is_its_words() {
        for (prompt, words) in [
            (
                "A paper boat, on a rainy street!",
                "A-paper-boat-on-a-rainy-street",
            ),
            ("../../etc/passwd", "etc-passwd"),
            ("\u{7eb8}\u{8239} \u{1f600}", "\u{7eb8}\u{8239}"),
        ] {
            assert_eq!(name("{prompt}", prompt), words);
        }
        assert!(name("{prompt}", &"word ".repeat(400)).len() <= PROMPT);
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for (template, problem) in [
            ("", "at least one character"),
            ("a/b", "--output"),
            ("a\\b", "--output"),
            ("a\nb", "--output"),
            ("{id", "has no }"),
            ("{seed}", "{seed} is not one of {aspect_ratio}, {duration},"),
        ] {
            let error = template.parse::<NameTemplate>().unwrap_err();
            assert!(error.contains(problem), "{template:?}: {error}");
        }
    }
}
