//! JSON Lines.

use serde_json::Value;

use super::Row;

/// Each line that is not empty.
pub(super) fn rows(content: &[u8]) -> Vec<Row> {
    let lines = content.split(|byte| *byte == b'\n').zip(1..);
    lines
        .map(|(line, number)| (line.trim_ascii(), number))
        .filter(|(line, _)| !line.is_empty())
        .map(|(line, number)| Row {
            number,
            parameters: match serde_json::from_slice(line) {
                Ok(Value::Object(parameters)) => Ok(parameters),
                Ok(_) => Err("is no JSON object".into()),
                Err(error) => Err(not_json(&error)),
            },
        })
        .collect()
}

/// The line that the parser counts is always its first one.
fn not_json(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let what = text
        .rsplit_once(" at line ")
        .map_or(&*text, |(what, _)| what);
    format!("is not JSON: {what} at column {}", error.column())
}
