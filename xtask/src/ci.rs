//! What continuous integration runs besides the tests.

use std::process::Command;

use crate::cargo::{LIBRARIES, Package, Workspace, cargo, shown};
use crate::error::Failure;
use crate::{conformance, durability, layers, page, tidy};

/// The crates of which each feature must build alone.
const WITH_FEATURES: [&str; 3] = ["kirin-types", "kirin-transport", "kirin-client"];

/// Runs all steps and stops at the first that fails.
pub(crate) fn run(workspace: &Workspace) -> Result<(), Failure> {
    for step in whole_workspace() {
        run_step(workspace, &step)?;
    }
    println!("+ cargo xtask layers");
    layers::run(workspace)?;
    println!("+ cargo xtask tidy");
    tidy::run(workspace)?;
    for step in alone(&workspace.packages) {
        run_step(workspace, &step)?;
    }
    println!("+ cargo xtask conformance");
    conformance::run(workspace)?;
    println!("+ cargo xtask durability");
    durability::run(workspace)?;
    println!("+ cargo xtask page");
    page::run(workspace)
}

fn run_step(workspace: &Workspace, arguments: &[String]) -> Result<(), Failure> {
    let mut command = command(arguments);
    command.current_dir(&workspace.root);
    println!("+ {}", shown(&command));
    let status = command
        .status()
        .map_err(|error| Failure::new(format!("could not run `{}`: {error}", shown(&command))))?;
    if status.success() {
        return Ok(());
    }
    Err(Failure::new(format!("`{}` failed", shown(&command))))
}

fn command(arguments: &[String]) -> Command {
    let mut command = cargo();
    command.args(arguments);
    if arguments.first().is_some_and(|first| first == "doc") {
        command.env("RUSTDOCFLAGS", "-D warnings");
    }
    command
}

fn whole_workspace() -> Vec<Vec<String>> {
    [
        "fmt --all --check",
        "clippy --workspace --all-targets --all-features --locked -- -D warnings",
        "doc --workspace --no-deps --all-features --locked",
    ]
    .map(words)
    .into()
}

/// Each library by itself: in the whole workspace one crate's features hide that another forgot
/// to ask for them, and what is dead without them.
fn alone(packages: &[Package]) -> Vec<Vec<String>> {
    let mut steps = Vec::new();
    for library in LIBRARIES {
        steps.push(words(&format!(
            "clippy -p {library} --no-default-features --locked -- -D warnings"
        )));
        // A link to what a feature adds is broken without the feature.
        for features in ["", " --no-default-features", " --all-features"] {
            steps.push(words(&format!(
                "doc -p {library} --no-deps{features} --locked"
            )));
        }
    }
    for library in WITH_FEATURES {
        let package = packages.iter().find(|package| package.name == library);
        let features = package.map_or(&[][..], |package| &package.features);
        for feature in features.iter().filter(|feature| *feature != "default") {
            steps.push(words(&format!(
                "clippy -p {library} --no-default-features --features {feature} --locked -- -D warnings"
            )));
        }
        steps.push(words(&format!(
            "clippy -p {library} --all-features --locked -- -D warnings"
        )));
    }
    steps
}

fn words(line: &str) -> Vec<String> {
    line.split(' ').map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_feature_is_built_alone() {
        let package = Package {
            id: String::new(),
            name: "kirin-transport".to_owned(),
            version: "0.1.0".to_owned(),
            directory: "crates/kirin-transport".into(),
            features: words("default hyper rustls"),
        };
        let steps: Vec<String> = alone(&[package])
            .iter()
            .map(|step| step.join(" "))
            .collect();
        assert_eq!(
            steps[..],
            [
                "clippy -p kirin-types --no-default-features --locked -- -D warnings",
                "doc -p kirin-types --no-deps --locked",
                "doc -p kirin-types --no-deps --no-default-features --locked",
                "doc -p kirin-types --no-deps --all-features --locked",
                "clippy -p kirin-transport --no-default-features --locked -- -D warnings",
                "doc -p kirin-transport --no-deps --locked",
                "doc -p kirin-transport --no-deps --no-default-features --locked",
                "doc -p kirin-transport --no-deps --all-features --locked",
                "clippy -p kirin-client --no-default-features --locked -- -D warnings",
                "doc -p kirin-client --no-deps --locked",
                "doc -p kirin-client --no-deps --no-default-features --locked",
                "doc -p kirin-client --no-deps --all-features --locked",
                "clippy -p kirin-emulator --no-default-features --locked -- -D warnings",
                "doc -p kirin-emulator --no-deps --locked",
                "doc -p kirin-emulator --no-deps --no-default-features --locked",
                "doc -p kirin-emulator --no-deps --all-features --locked",
                "clippy -p kirin-ledger --no-default-features --locked -- -D warnings",
                "doc -p kirin-ledger --no-deps --locked",
                "doc -p kirin-ledger --no-deps --no-default-features --locked",
                "doc -p kirin-ledger --no-deps --all-features --locked",
                "clippy -p kirin-types --all-features --locked -- -D warnings",
                "clippy -p kirin-transport --no-default-features --features hyper --locked -- -D warnings",
                "clippy -p kirin-transport --no-default-features --features rustls --locked -- -D warnings",
                "clippy -p kirin-transport --all-features --locked -- -D warnings",
                "clippy -p kirin-client --all-features --locked -- -D warnings",
            ]
        );
    }

    #[test]
    fn warnings_in_the_documentation_are_errors() {
        let commands = whole_workspace();
        let shown: Vec<String> = commands.iter().map(|step| shown(&command(step))).collect();
        assert!(
            shown[2].starts_with("RUSTDOCFLAGS=\"-D warnings\" cargo doc"),
            "{shown:?}"
        );
        assert_eq!(shown[0], "cargo fmt --all --check");
    }
}
