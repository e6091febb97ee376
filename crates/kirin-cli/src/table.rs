//! Lines and tables as results.

use serde::Serialize;

use crate::{
    color,
    report::{Unwritten, print_json, print_styled},
    terminal::printable,
};

/// A table whose first line is bold.
pub(crate) fn print_table(mut lines: Vec<String>) -> Result<(), Unwritten> {
    lines[0] = color::on_stdout(color::BOLD, &lines[0]);
    print_styled(&lines.join("\n"))
}

/// One JSON object per line.
pub(crate) fn print_reports(
    mut reports: impl Iterator<Item = impl Serialize>,
) -> Result<(), Unwritten> {
    reports.try_for_each(|report| print_json(&report))
}

/// Printable lines of a table whose columns are as wide as they need; the last one is not filled up.
pub(crate) fn aligned_columns(
    rows: impl Iterator<Item = Vec<String>>,
    head: &[&str],
) -> Vec<String> {
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

/// `3 completed`, `1 failed`: the counts that are not zero.
pub(crate) fn nonzero_counts(counts: &[(usize, &str)]) -> impl Iterator<Item = String> {
    let counts = counts.iter().filter(|(count, _)| *count > 0);
    counts.map(|(count, what)| format!("{count} {what}"))
}
