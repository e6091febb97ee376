//! The hygiene of the repository's files.

mod attributes;
mod members;
mod phrases;
mod reading;
mod text;

use crate::cargo::Workspace;
use crate::error::Failure;
use crate::files::{self, TextFile};

/// Checks all files and prints every finding at once.
pub(crate) fn run(workspace: &Workspace) -> Result<(), Failure> {
    let files = files::read(&workspace.root)?;
    for file in &files {
        if let Some(warning) = text::warn_of_length(file) {
            println!("{warning}");
        }
    }
    let problems = problems(&files);
    if problems.is_empty() {
        println!("tidy: {} files", files.len());
    }
    Failure::unless_empty("tidy", &problems)
}

fn problems(files: &[TextFile]) -> Vec<String> {
    let mut problems = Vec::new();
    for file in files {
        problems.extend(text::problems(file));
        problems.extend(attributes::problems(file));
        problems.extend(reading::problems(file));
    }
    problems.extend(members::problems(files));
    problems.extend(phrases::problems(files));
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_of_all_kinds_come_together() {
        let file = TextFile {
            path: "crates/a/src/lib.rs".to_owned(),
            text: "#![allow(dead_code)] \n".to_owned(),
        };
        let found = problems(&[file]).join("\n");
        for expected in [
            "lib.rs:1: white space",
            "lib.rs:1: write `expect",
            "LICENSE-MIT",
            "list the phrases",
        ] {
            assert!(found.contains(expected), "{found}");
        }
    }
}
