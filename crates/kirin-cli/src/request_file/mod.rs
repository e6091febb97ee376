//! Requests of a batch: a file of them, one a line, or prompts that were typed.

use std::{collections::HashMap, fmt, io, path::Path};

use clap::ValueEnum;
use kirin_types::{ExternalTaskId, GenerationRequest};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::{bounded_file, exit_code, failure::Failure, input_text::no_other_encoding, model_name};

mod csv;

mod derived_id;
pub(crate) use derived_id::after_failure;

mod jsonl;

mod prompts;

mod quotes;

/// Most bytes that a file may have.
const LIMIT: u64 = 1 << 30;

/// Most bytes of a request, and of a line: there is room for two pictures of 10 MiB in base64, and for texts.
const REQUEST_LIMIT: u64 = 32 << 20;

/// The content of a file, not parsed yet.
pub(crate) struct RequestFile {
    /// Its name in messages.
    name: String,
    content: Content,
}

enum Content {
    File(Vec<u8>, Format),
    Prompts(Vec<String>),
}

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// A header that names the parameters, then one request per record
    Csv,
    /// One JSON object, over any number of lines
    Json,
    /// One JSON object per line
    Jsonl,
    /// One prompt per line
    Text,
}

/// A request of a file, with an external task id.
#[derive(Debug)]
pub(crate) struct Line {
    /// Where it begins, counted from 1.
    pub(crate) number: u64,
    pub(crate) request: GenerationRequest,
}

impl Line {
    pub(crate) fn id(&self) -> &ExternalTaskId {
        // A request of a file that has none is given one.
        self.request.external_task_id().expect("an id")
    }
}

/// Something wrong with a line, or with the whole file.
#[derive(Debug, PartialEq, Serialize)]
pub(crate) struct Problem {
    pub(crate) line: Option<u64>,
    /// The parameter, where it is one.
    field: Option<String>,
    /// As a sentence without its full stop.
    pub(crate) what: String,
}

/// The parameters of a line, or what is wrong with it.
struct Row {
    number: u64,
    parameters: Result<Map<String, Value>, String>,
}

impl RequestFile {
    /// Reads a file, or stdin if the path is `-`. Its extension is its format unless one is given.
    pub(crate) fn read(path: &Path, format: Option<Format>) -> Result<Self, Failure> {
        let name = match path.as_os_str() == "-" {
            true => "stdin".into(),
            false => path.display().to_string(),
        };
        let extension = path.extension().unwrap_or_default().to_string_lossy();
        let format = match (format, extension.to_ascii_lowercase().as_str()) {
            (Some(format), _) => format,
            (None, "csv") => Format::Csv,
            (None, "json") => Format::Json,
            (None, "jsonl" | "ndjson") => Format::Jsonl,
            (None, "txt") => Format::Text,
            (None, _) => {
                let what = format!("the format of {name} is not known");
                let next_step = "Name it with --format jsonl, --format csv or --format text.";
                return Err(Failure::usage(what, next_step));
            }
        };
        let read = match format {
            Format::Json => bounded_file::read_or_stdin(path, REQUEST_LIMIT),
            _ => bounded_file::read_lines_or_stdin(path, LIMIT, REQUEST_LIMIT),
        };
        match read {
            Ok(content) => Ok(Self {
                name: path.display().to_string(),
                content: Content::File(content, format),
            }),
            Err(error) => {
                let code = match error.kind() {
                    io::ErrorKind::NotFound => exit_code::NOT_FOUND,
                    _ => exit_code::OTHER,
                };
                let what = format!("{} cannot be read: {error}", path.display());
                let next_step = "Name a file of requests, or - for stdin.";
                Err(Failure::new(code, what, next_step))
            }
        }
    }

    /// Prompts that were typed; the first is line 1.
    pub(crate) fn of_prompts(prompts: Vec<String>) -> Self {
        Self {
            name: "the batch of these prompts".into(),
            content: Content::Prompts(prompts),
        }
    }

    /// Something is wrong with it.
    pub(crate) fn invalid_failure(&self, problems: &[Problem]) -> Failure {
        let what = format!("{} is not valid, and nothing was sent", self.name);
        Failure::usage(what, "Change what is listed, then try again.").with_details(problems)
    }

    /// Every request, in the order of the file, or every problem of every line. A request without an external task id
    /// is given one that follows from what it asks for, and from its position among identical requests.
    pub(crate) fn parse_requests(&self, model: &str) -> Result<Vec<Line>, Vec<Problem>> {
        let rows = self.content.parse_rows(model)?;
        let (mut lines, mut problems) = (Vec::new(), Vec::new());
        for row in rows {
            let number = row.number;
            let parameters = row.parameters;
            let parameters = parameters.map_err(|what| vec![Problem::in_line(number, what)]);
            match parameters.and_then(|parameters| build_request(number, parameters, model)) {
                Ok(request) => lines.push(Line { number, request }),
                Err(found) => problems.extend(found),
            }
        }
        derived_id::fill_in(&mut lines);
        problems.extend(duplicate_ids(&lines));
        if lines.is_empty() && problems.is_empty() {
            problems.push(Problem::of_file("the file has no request"));
        }
        problems.sort_by_key(|problem| problem.line);
        match problems.is_empty() {
            true => Ok(lines),
            false => Err(problems),
        }
    }
}

impl Content {
    fn parse_rows(&self, model: &str) -> Result<Vec<Row>, Vec<Problem>> {
        let (bytes, format) = match self {
            Self::File(bytes, format) => (bytes, format),
            Self::Prompts(prompts) => return Ok(prompts::rows_of_prompts(prompts)),
        };
        no_other_encoding(bytes).map_err(|what| vec![Problem::of_file(format!("it {what}"))])?;
        // Programs that write tables put a byte order mark before them.
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        match format {
            Format::Csv => csv::read_rows(bytes, model),
            Format::Json => Ok(jsonl::read_whole(bytes)),
            Format::Jsonl => Ok(jsonl::read_rows(bytes)),
            Format::Text => prompts::rows_of_lines(bytes),
        }
    }
}

impl Problem {
    /// Of the whole file.
    fn of_file(what: impl Into<String>) -> Self {
        Self {
            line: None,
            field: None,
            what: what.into(),
        }
    }

    /// Of a line, and not of one of its parameters.
    pub(crate) fn in_line(line: u64, what: impl Into<String>) -> Self {
        Self {
            line: Some(line),
            field: None,
            what: what.into(),
        }
    }
}

/// `1 request`, `2 requests`.
pub(crate) fn how_many(requests: usize) -> String {
    match requests {
        1 => "1 request".into(),
        requests => format!("{requests} requests"),
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(formatter, "line {line}: ")?;
        }
        formatter.write_str(&self.what)
    }
}

fn build_request(
    line: u64,
    mut parameters: Map<String, Value>,
    model: &str,
) -> Result<GenerationRequest, Vec<Problem>> {
    if parameters.get("model").is_none_or(Value::is_null) {
        parameters.insert("model".into(), model.into());
    }
    if let Some(Value::String(model)) = parameters.get_mut("model") {
        *model = model_name::model_id(model);
    }
    GenerationRequest::from_parameters(&parameters).map_err(|invalid| {
        let problems = invalid.problems().iter();
        let problems = problems.map(|problem| Problem {
            field: Some(problem.field.clone()),
            ..Problem::in_line(line, problem.to_string())
        });
        problems.collect()
    })
}

/// An id is one request: the answers of two under the same one could not be distinguished.
fn duplicate_ids(lines: &[Line]) -> Vec<Problem> {
    let mut first = HashMap::new();
    let mut problems = Vec::new();
    for line in lines {
        let Some(id) = line.request.external_task_id() else {
            continue;
        };
        let earlier = *first.entry(id).or_insert(line.number);
        if earlier != line.number {
            let what = format!("external_task_id {id} is that of line {earlier}");
            problems.push(Problem {
                field: Some("external_task_id".into()),
                ..Problem::in_line(line.number, what)
            });
        }
    }
    problems
}

#[cfg(test)]
mod tests;
