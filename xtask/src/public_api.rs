//! The public items of each library, one a line, as they are committed: a change of them is read before it lands.

use std::collections::BTreeSet;

use public_api::Builder;
use serde_json::Value;

use crate::cargo::{LIBRARIES, Workspace};
use crate::error::Failure;
use crate::rustdoc;

/// The format of rustdoc's JSON that public-api of this version reads.
const FORMAT: u64 = 57;

/// Compares what is public with docs/public-api; `accept` writes it there.
pub(crate) fn run(workspace: &Workspace, accept: bool) -> Result<(), Failure> {
    let mut problems = Vec::new();
    for (library, document) in LIBRARIES.iter().zip(rustdoc::documents(workspace)?) {
        let text =
            std::fs::read_to_string(&document).map_err(Failure::of("read rustdoc's JSON"))?;
        let format =
            serde_json::from_str::<Value>(&text).unwrap_or_default()["format_version"].as_u64();
        if format != Some(FORMAT) {
            return Err(Failure::new(format!(
                "rustdoc writes JSON of another format than {FORMAT}; use Rust 1.93 to 1.96, for example with \
                 `RUSTUP_TOOLCHAIN=1.95.0 cargo xtask public-api`"
            )));
        }
        // What follows from a type's fields, like `Send`, is left out; `crates/*/tests/it/traits.rs` names it.
        let listing = Builder::from_rustdoc_json(&document)
            .omit_blanket_impls(true)
            .omit_auto_trait_impls(true)
            .build()
            .map_err(Failure::of(format!("list the public items of {library}")))?;
        let items = listing
            .items()
            .map(|item| format!("{item}\n"))
            .collect::<String>();
        if items.is_empty() {
            return Err(Failure::new(format!("{library}: no public item was found")));
        }
        let path = format!("docs/public-api/{library}.txt");
        let file = workspace.root.join(&path);
        if accept {
            std::fs::write(&file, &items).map_err(Failure::of(format!("write {path}")))?;
        }
        let kept = std::fs::read_to_string(&file).unwrap_or_default();
        problems.extend(
            differences(&kept, &items)
                .into_iter()
                .map(|line| format!("{path}: {line}")),
        );
        println!("{library}: {} public items", items.lines().count());
    }
    if !problems.is_empty() {
        problems.push(
            "`cargo xtask public-api --accept` writes the lists; note in CHANGELOG.md what breaks"
                .to_owned(),
        );
    }
    Failure::unless_empty("public-api", &problems)
}

/// The lines that went (-) and those that came (+).
fn differences(kept: &str, found: &str) -> Vec<String> {
    let [kept, found] = [kept, found].map(|text| text.lines().collect::<BTreeSet<_>>());
    let went = kept.difference(&found).map(|line| format!("-{line}"));
    went.chain(found.difference(&kept).map(|line| format!("+{line}")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_went_and_what_came_is_shown() {
        assert_eq!(
            differences("pub fn a()\npub fn b()\n", "pub fn b()\npub fn c()\n"),
            ["-pub fn a()", "+pub fn c()"]
        );
        assert_eq!(differences("pub fn a()\n", "pub fn a()\n"), [""; 0]);
    }
}
