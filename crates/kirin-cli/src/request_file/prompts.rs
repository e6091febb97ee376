//! Requests that are prompts and nothing else: lines of a text, or options.

use kirin_types::{MODELS, Model};
use serde_json::{Map, Value};

use super::{Problem, Row};
use crate::input_text::without_mark;

/// Prompts as they were typed; the first is line 1.
pub(super) fn rows_of_prompts(prompts: &[String]) -> Vec<Row> {
    let prompts = prompts.iter().zip(1..);
    prompts
        .map(|(prompt, number)| prompt_row(number, without_mark(prompt)))
        .collect()
}

/// A prompt of each line that is not empty. A table or JSON is refused: each line of it would be
/// paid for as a prompt.
pub(super) fn rows_of_lines(content: &[u8]) -> Result<Vec<Row>, Vec<Problem>> {
    let lines = without_carriage_returns(content);
    let lines = lines.split(|byte| *byte == b'\n').zip(1..);
    let mut rows = Vec::new();
    for (line, number) in lines {
        let Ok(line) = str::from_utf8(line) else {
            let parameters = Err("is not UTF-8: save the file as UTF-8".into());
            rows.push(Row { number, parameters });
            continue;
        };
        // Files that were put together have a mark at each of their starts.
        let line = without_mark(line.trim()).trim();
        if line.is_empty() {
            continue;
        }
        if let Some(format) = other_format(line, rows.is_empty()) {
            let what = format!("is not a prompt, but {format}");
            return Err(vec![Problem::in_line(number, what)]);
        }
        rows.push(prompt_row(number, line));
    }
    Ok(rows)
}

/// Some editors end a line with two characters, and some old ones with the other one.
fn without_carriage_returns(content: &[u8]) -> Vec<u8> {
    let mut lines = Vec::with_capacity(content.len());
    let mut bytes = content.iter().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\r' if bytes.peek() == Some(&&b'\n') => {}
            b'\r' => lines.push(b'\n'),
            byte => lines.push(*byte),
        }
    }
    lines
}

fn prompt_row(number: u64, prompt: &str) -> Row {
    let parameters = Map::from_iter([("prompt".to_owned(), Value::from(prompt))]);
    Row {
        number,
        parameters: Ok(parameters),
    }
}

/// The format of a line that is not a prompt, and how to read the file.
fn other_format(line: &str, is_first: bool) -> Option<&'static str> {
    const JSON: &str = "JSON: read the file with --format jsonl, or with --format json if it is one \
                        request";
    let json: Option<Value> = serde_json::from_str(line).ok();
    match json {
        Some(Value::Object(_) | Value::Array(_)) => Some(JSON),
        Some(_) if is_first => Some(JSON),
        None if is_first && line.starts_with('{') || line == "[" => Some(JSON),
        _ if is_first && is_header(line) => Some("a CSV header: read the file with --format csv"),
        _ => None,
    }
}

/// Whether a line names columns: the prompt among others, or parameters only.
fn is_header(line: &str) -> bool {
    let cells = line.split([',', ';', '\t']);
    let cells: Vec<_> = cells
        .map(|cell| cell.trim().trim_matches('"').to_ascii_lowercase())
        .collect();
    let is_name = |cell: &String| {
        let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        !cell.is_empty() && cell.bytes().all(is_letter)
    };
    let is_parameter = |cell: &String| {
        let has_it = |model: &&Model| model.parameter(cell).is_some();
        cell == "model" || MODELS.iter().any(has_it)
    };
    let has_prompt = cells.iter().any(|cell| cell == "prompt");
    let is_list = cells.len() > 1 && cells.iter().all(is_parameter);
    is_list || has_prompt && cells.iter().all(is_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_or_json_is_no_list_of_prompts() {
        for (line, is_first, is_other) in [
            ("a fox", true, false),
            ("a fox, running", true, false),
            ("fox, bear", true, false),
            ("[wide shot] a fox", true, false),
            ("42", false, false),
            ("prompt", false, false),
            ("{\"prompt\": \"a fox\"}", true, true),
            ("{\"prompt\": \"a fox\"}", false, true),
            ("{\"prompt\": \"a fox\",", true, true),
            ("{", true, true),
            ("[", true, true),
            ("\"a fox\"", true, true),
            ("42", true, true),
            ("prompt", true, true),
            ("prompt,mode", true, true),
            ("\"Prompt\";\"Mode\"", true, true),
            ("duration\taspect_ratio\tprompt", true, true),
            ("mode, prompt, style", true, true),
        ] {
            let found = other_format(line, is_first).is_some();
            assert_eq!(found, is_other, "{line}");
        }
    }
}
