//! What a crate depends on: its tree as `cargo tree` prints it.

use std::collections::BTreeSet;

use Limit::{AtMost, Without};

use super::Verdict;
use crate::cargo::{capture, cargo};
use crate::error::Failure;

/// A rule about one crate with one set of features.
struct Rule {
    package: &'static str,
    /// The edges to follow, as `cargo tree -e` takes them.
    edges: &'static str,
    features: &'static [&'static str],
    limit: Limit,
}

enum Limit {
    /// At most so many crates besides the crate itself.
    AtMost(usize),
    /// None of these crates, nor of those whose names begin with theirs and a hyphen.
    Without(&'static [&'static str]),
}

const NO_FEATURES: &[&str] = &["--no-default-features"];
const ALL_FEATURES: &[&str] = &["--all-features"];
const PLAIN_HTTP: &[&str] = &["--no-default-features", "--features", "hyper"];
const BUILT: &str = "normal,build";
const ANY: &str = "normal,build,dev";

const fn rule(
    package: &'static str,
    edges: &'static str,
    features: &'static [&'static str],
    limit: Limit,
) -> Rule {
    Rule {
        package,
        edges,
        features,
        limit,
    }
}

const RULES: [Rule; 9] = [
    rule("kirin-types", "normal", &[], AtMost(16)),
    rule(
        "kirin-types",
        BUILT,
        ALL_FEATURES,
        Without(&["kirin-transport", "hyper", "tokio"]),
    ),
    rule(
        "kirin-transport",
        BUILT,
        ALL_FEATURES,
        Without(&["kirin-types"]),
    ),
    rule(
        "kirin-transport",
        "normal",
        NO_FEATURES,
        Without(&["hyper", "tokio"]),
    ),
    rule("kirin-transport", "normal", PLAIN_HTTP, AtMost(45)),
    rule("kirin-transport", "normal", &[], AtMost(60)),
    rule(
        "kirin-client",
        "normal",
        NO_FEATURES,
        Without(&["hyper", "tokio"]),
    ),
    rule(
        "kirin-emulator",
        BUILT,
        ALL_FEATURES,
        Without(&["kirin-client", "kirin-transport"]),
    ),
    rule("xtask", ANY, ALL_FEATURES, Without(&["kirin"])),
];

/// Checks what the crates depend on.
pub(super) fn check() -> Result<Vec<Verdict>, Failure> {
    let mut verdicts = Vec::new();
    for rule in &RULES {
        let mut command = cargo("tree --locked --prefix none");
        command.args(["--package", rule.package, "--edges", rule.edges]);
        command.args(rule.features);
        verdicts.push(rule.judge(&capture(&mut command)?));
    }
    Ok(verdicts)
}

impl Rule {
    fn judge(&self, text: &str) -> Verdict {
        let subject = match self.features {
            [] => self.package.to_owned(),
            features => format!("{} {}", self.package, features.join(" ")),
        };
        let Some(crates) = below(self.package, text) else {
            return Err(vec![format!(
                "{subject}: `cargo tree` did not begin with this crate"
            )]);
        };
        let count = crates.len();
        match self.limit {
            AtMost(limit) if count <= limit => {
                Ok(format!("{subject}: {count} crates of at most {limit}"))
            }
            AtMost(limit) => {
                let names: Vec<&str> = crates.iter().map(|(name, _)| *name).collect();
                let names = names.join(", ");
                Err(vec![format!(
                    "{subject}: {count} crates of at most {limit}: {names}"
                )])
            }
            Without(families) => without(&subject, &crates, families),
        }
    }
}

fn without(subject: &str, crates: &BTreeSet<(&str, &str)>, families: &[&str]) -> Verdict {
    let unwanted: Vec<String> = crates
        .iter()
        .filter(|(name, _)| families.iter().any(|family| belongs(name, family)))
        .map(|(name, version)| format!("{subject}: depends on {name} {version}, which it must not"))
        .collect();
    if unwanted.is_empty() {
        let families = families.join(", ");
        return Ok(format!(
            "{subject}: {} crates, none of {families}",
            crates.len()
        ));
    }
    Err(unwanted)
}

/// Whether the crate is `family` itself or named as a part of it: `tokio-util` is of tokio.
fn belongs(name: &str, family: &str) -> bool {
    name.strip_prefix(family)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

/// The crates below `package` by name and version, each once, or nothing if the text is no such
/// tree.
fn below<'text>(package: &str, text: &'text str) -> Option<BTreeSet<(&'text str, &'text str)>> {
    let mut crates = text.lines().filter_map(|line| {
        let (name, rest) = line.split_once(' ')?;
        Some((name, rest.split(' ').next()?))
    });
    let first = crates.next().filter(|(name, _)| *name == package)?;
    Some(crates.filter(|found| *found != first).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TREE: &str = "\
kirin-types v0.1.0 (/w/crates/kirin-types)
serde v1.0.229
serde_core v1.0.229
serde_derive v1.0.229 (proc-macro)
syn v2.0.119
serde_core v1.0.229 (*)
syn v3.0.10
";

    fn judge(limit: Limit, text: &str) -> Verdict {
        rule("kirin-types", "normal", NO_FEATURES, limit).judge(text)
    }

    #[test]
    fn each_crate_counts_once_and_each_version_for_itself() {
        let line = "kirin-types --no-default-features: 5 crates of at most 5";
        assert_eq!(judge(AtMost(5), TREE), Ok(line.to_owned()));
    }

    #[test]
    fn one_crate_too_many_fails_and_names_them() {
        let problems = judge(AtMost(4), TREE).expect_err("a crate too many");
        assert!(
            problems[0].contains("5 crates of at most 4: serde, serde_core"),
            "{problems:?}"
        );
    }

    #[test]
    fn an_unwanted_crate_fails() {
        assert!(judge(Without(&["tokio", "hyper"]), TREE).is_ok());
        let tree = format!("{TREE}tokio v1.54.1\ntokio-util v0.7.20\n");
        let problems = judge(Without(&["tokio", "hyper"]), &tree).expect_err("tokio");
        assert_eq!(problems.len(), 2);
        assert!(
            problems[1].contains("depends on tokio-util v0.7.20"),
            "{problems:?}"
        );
    }

    #[test]
    fn a_name_that_only_looks_alike_is_no_member_of_the_family() {
        assert!(belongs("hyper-util", "hyper"));
        assert!(!belongs("hyperlocal", "hyper"));
        assert!(!belongs("kirin-types", "kirin-type"));
    }

    #[test]
    fn no_tree_is_no_success() {
        assert!(judge(AtMost(5), "").is_err());
        assert!(judge(Without(&["tokio"]), "serde v1.0.229\n").is_err());
    }
}
