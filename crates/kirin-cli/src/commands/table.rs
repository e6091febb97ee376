//! Lines and tables as results.

use serde::Serialize;

use crate::{
    color,
    failure::Failure,
    report::{print_json, print_line, print_styled},
    terminal::printable,
};

pub(super) fn print_lines(lines: &[String]) -> Result<(), Failure> {
    if lines.is_empty() {
        return Ok(());
    }
    print_line(&lines.join("\n")).map_err(|error| Failure::unwritten(&error))
}

/// The lines of [`columns`], which may have colours.
pub(super) fn print_table(lines: &[String]) -> Result<(), Failure> {
    print_styled(&lines.join("\n")).map_err(|error| Failure::unwritten(&error))
}

/// One JSON object a line.
pub(super) fn print_reports(
    mut reports: impl Iterator<Item = impl Serialize>,
) -> Result<(), Failure> {
    reports
        .try_for_each(|report| print_json(&report))
        .map_err(|error| Failure::unwritten(&error))
}

/// A table whose first line stands out.
pub(super) fn headed(mut lines: Vec<String>) -> Vec<String> {
    lines[0] = color::on_stdout(color::BOLD, &lines[0]);
    lines
}

/// Printable lines of a table whose columns are as wide as they need; the last one is not filled up.
pub(super) fn columns(rows: impl Iterator<Item = Vec<String>>, head: &[&str]) -> Vec<String> {
    let head = head.iter().map(|&name| name.to_owned()).collect();
    let seen = |row: Vec<String>| row.iter().map(|cell| printable(cell)).collect();
    let rows: Vec<Vec<String>> = std::iter::once(head).chain(rows.map(seen)).collect();
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or_default()
    };
    let widths: Vec<_> = (0..rows[0].len()).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row
            .iter()
            .zip(&widths)
            .map(|(cell, &width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}
