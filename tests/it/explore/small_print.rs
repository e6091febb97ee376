//! What cannot be promised: each line is needed, and is in `docs/lost-answers.md`.

use super::{
    cell::{ALONE, Cell, TAKES, TOGETHER},
    search::search,
    table::Cannot,
};

const MARKS: [&str; 2] = ["<!-- what cannot be promised -->", "<!-- until here -->"];

/// Where a line shows what it is for.
fn cell(line: Cannot) -> Cell {
    let named = |name: &str| {
        let mut all = ALONE.iter().chain(&TOGETHER);
        *all.find(|cell| cell.name == name).expect("a cell")
    };
    let cell = match line {
        Cannot::Liar => named("refuses duplicates, all declared"),
        Cannot::ForgetsWithinADay | Cannot::SleepsBeforeSending | Cannot::ClockWithoutDate => {
            named("refuses duplicates, nothing is found, days that pass")
        }
        Cannot::JournalForgets => named("takes duplicates, a journal that is restored"),
        Cannot::OlderWithoutDate => named("takes duplicates, a chosen id that an older task has"),
        Cannot::TakesOverTheLiving => named("two processes, takes duplicates"),
        _ => TAKES,
    };
    Cell {
        allowed: Some(line),
        ..cell
    }
}

/// Where one of them happens, the promise does not hold: none of them says too much.
#[test]
fn each_line_of_the_small_print_is_needed() {
    for line in Cannot::ALL {
        let found = search(cell(line), 6, 1_000_000, 50);
        assert!(
            found.counter_example.is_some(),
            "{line:?} is no danger: {} states",
            found.states
        );
    }
}

#[test]
fn the_small_print_is_in_the_documents_word_for_word() {
    let list: String = Cannot::ALL
        .iter()
        .map(|line| format!("- {}\n", line.line()))
        .collect();
    let document = include_str!("../../../docs/lost-answers.md");
    let (_, rest) = document.split_once(MARKS[0]).expect("the first mark");
    let (inside, _) = rest.split_once(MARKS[1]).expect("the second mark");
    assert_eq!(words(inside), words(&list));
}

/// Lines are broken differently.
fn words(text: &str) -> Vec<&str> {
    text.split_whitespace().collect()
}
