//! The one table of all metrics, in the documentation of the feature, against what the code does.

use std::collections::{BTreeMap, BTreeSet};

use metrics::Unit;

use super::{
    builder, recorded,
    recorder::{Recorded, Sample},
};
use crate::scripted::Scripted;

const DOCUMENTATION: &str = include_str!("../../../metrics.md");

/// A row of the table.
struct Row {
    kind: String,
    unit: String,
    labels: BTreeSet<String>,
    text: String,
}

/// The cells of every row between the line that begins so and the next empty line.
fn rows(heading: &str) -> Vec<Vec<String>> {
    let lines = DOCUMENTATION.lines();
    let table = lines.skip_while(|line| !line.starts_with(heading)).skip(2);
    table
        .take_while(|line| line.starts_with('|'))
        .map(|line| {
            let cells = line.trim_matches('|').split('|');
            cells.map(|cell| cell.trim().to_owned()).collect()
        })
        .collect()
}

/// The words in backquotes.
fn quoted(cell: &str) -> BTreeSet<String> {
    let words = cell.split('`').skip(1).step_by(2);
    words.map(str::to_owned).collect()
}

fn table() -> BTreeMap<String, Row> {
    let rows = rows("| metric |").into_iter().map(|cells| {
        let [name, kind, unit, labels, text] = &cells[..] else {
            panic!("{cells:?}");
        };
        let row = Row {
            kind: kind.clone(),
            unit: unit.clone(),
            labels: quoted(labels),
            text: text.clone(),
        };
        (name.trim_matches('`').to_owned(), row)
    });
    rows.collect()
}

/// The values that a label may have.
fn values(label: &str) -> BTreeSet<String> {
    let rows = rows("| label |").into_iter();
    let cells = rows.filter(|cells| cells[0].trim_matches('`') == label);
    let mut values: BTreeSet<_> = cells.flat_map(|cells| quoted(&cells[1])).collect();
    if label == "model" {
        let models = kirin_types::MODELS.iter();
        values.extend(models.map(|model| model.id.to_owned()));
    }
    values
}

/// Every number is of a metric that the table has, as the table says, with labels of its values.
pub(super) fn check(samples: &[Sample]) {
    let table = table();
    for sample in samples {
        let Some(row) = table.get(&sample.name) else {
            panic!("the table does not list {}", sample.name);
        };
        assert_eq!(sample.kind, row.kind, "{}", sample.name);
        let labels: BTreeSet<_> = sample.labels.iter().map(|(name, _)| name.clone()).collect();
        assert_eq!(labels, row.labels, "{}", sample.name);
        for (label, value) in &sample.labels {
            assert!(values(label).contains(value), "{label} {value}");
        }
    }
}

#[test]
fn the_table_in_the_documentation_is_what_a_client_describes() {
    let recorded = recorded(|| async {
        builder(Scripted::default()).build().unwrap();
    });
    let table = table();
    let described = recorded.described();
    assert_eq!(described.len(), 9, "{described:#?}");
    assert_eq!(table.len(), described.len());
    for described in described {
        let row = &table[&described.name];
        let unit = match &row.unit[..] {
            "bytes" => Some(Unit::Bytes),
            "count" => Some(Unit::Count),
            "seconds" => Some(Unit::Seconds),
            _ => None,
        };
        assert_eq!(row.kind, described.kind, "{}", described.name);
        assert_eq!(unit, described.unit, "{}", described.name);
        assert_eq!(row.text, described.text, "{}", described.name);
    }
}

#[test]
fn a_recorder_that_is_installed_later_is_given_the_descriptions_when_it_asks() {
    let recorded = Recorded::default();
    metrics::with_local_recorder(&recorded, kirin_client::metrics::describe);
    assert_eq!(recorded.described().len(), table().len());
}
