//! CSV: the header names the parameters.

use csv::{ReaderBuilder, StringRecord, Trim};
use serde_json::Map;

use super::{Problem, Row, quotes};
use crate::{input_text::without_mark, model_name, parameter::on_the_wire};

/// Each record. A cell is what a person would type for the parameter of its column; an empty one is
/// none.
pub(super) fn read_rows(content: &[u8], model: &str) -> Result<Vec<Row>, Vec<Problem>> {
    quotes::check_quotes(content).map_err(|problem| vec![problem])?;
    // A record of another length than the header's is reported with all other problems.
    let mut reader = ReaderBuilder::new()
        .flexible(true)
        .trim(Trim::Headers)
        .from_reader(content);
    let header = reader.headers().cloned().map_err(|error| {
        vec![Problem::in_line(
            1,
            format!("the header cannot be read: {error}"),
        )]
    })?;
    let problems = header_problems(&header);
    if !problems.is_empty() {
        return Err(problems);
    }
    let mut rows = Vec::new();
    for record in reader.records() {
        rows.push(match record {
            Ok(record) => Row {
                number: record_line(content, record.position()),
                parameters: record_parameters(&header, &record, model),
            },
            Err(error) => Row {
                number: record_line(content, error.position()),
                parameters: Err(format!("cannot be read: {error}")),
            },
        });
    }
    Ok(rows)
}

/// Where a record begins. The reader says where the one before it ended, which may be some line ends
/// earlier.
fn record_line(content: &[u8], position: Option<&csv::Position>) -> u64 {
    let Some(position) = position else {
        return 1;
    };
    let from = usize::try_from(position.byte()).unwrap_or(usize::MAX);
    let rest = content.get(from..).unwrap_or_default().iter();
    let ends = rest.take_while(|byte| matches!(byte, b'\r' | b'\n'));
    position.line() + ends.filter(|byte| **byte == b'\n').count() as u64
}

fn header_problems(header: &StringRecord) -> Vec<Problem> {
    let names = header.iter().enumerate();
    names
        .filter_map(|(place, name)| match name {
            "" => Some(format!("column {} has no name", place + 1)),
            name if header.iter().take(place).any(|earlier| earlier == name) => {
                Some(format!("two columns have the name {name}"))
            }
            _ => None,
        })
        .map(|what| Problem::in_line(1, what))
        .collect()
}

fn record_parameters(
    header: &StringRecord,
    record: &StringRecord,
    model: &str,
) -> Result<Map<String, serde_json::Value>, String> {
    if record == header {
        return Err("repeats the header, and is not a request".into());
    }
    if record.len() != header.len() {
        let (cells, columns) = (record.len(), header.len());
        return Err(format!("has {cells} cells, and the header has {columns}"));
    }
    let cells = || {
        header
            .iter()
            // Files that were put together have a mark at each of their starts.
            .zip(record.iter().map(without_mark))
            .filter(|(_, cell)| !cell.is_empty())
    };
    let named = cells().find(|(name, _)| *name == "model");
    let model = model_name::model_id(named.map_or(model, |(_, cell)| cell));
    let parameters = cells().map(|(name, cell)| (name.into(), on_the_wire(&model, name, cell)));
    Ok(parameters.collect())
}
