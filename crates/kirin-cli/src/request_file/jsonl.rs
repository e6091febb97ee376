//! JSON Lines, and a file of one JSON object.

use serde_json::{Map, Value};

use super::Row;

/// Each line that is not empty.
pub(super) fn read_rows(content: &[u8]) -> Vec<Row> {
    let lines = content.split(|byte| *byte == b'\n').zip(1..);
    lines
        .map(|(line, number)| (line.trim_ascii(), number))
        .filter(|(line, _)| !line.is_empty())
        .map(|(line, number)| Row {
            number,
            parameters: parse_object(line).map_err(|(_, what)| what),
        })
        .collect()
}

/// The one request of a file that is a JSON object; an error is reported at its own line.
pub(super) fn read_whole(content: &[u8]) -> Vec<Row> {
    let (number, parameters) = match parse_object(content) {
        Ok(parameters) => (1, Ok(parameters)),
        Err((line, what)) => (line, Err(what)),
    };
    vec![Row { number, parameters }]
}

/// The object, or its error with the line of the text.
fn parse_object(text: &[u8]) -> Result<Map<String, Value>, (u64, String)> {
    match serde_json::from_slice(text) {
        Ok(Value::Object(parameters)) => Ok(parameters),
        Ok(_) => Err((1, "is not a JSON object".into())),
        Err(error) => Err((error.line() as u64, not_json(&error))),
    }
}

/// The line that the parser counts is always its first one.
fn not_json(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let what = text
        .rsplit_once(" at line ")
        .map_or(&*text, |(what, _)| what);
    format!("is not JSON: {what} at column {}", error.column())
}
