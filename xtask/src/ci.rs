//! What continuous integration runs besides the tests.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command};

use crate::cargo::{LIBRARIES, Workspace, capture, cargo, command, succeed};
use crate::error::Failure;
use crate::{durability, layers, page, public_api, tidy, tools};

/// Each crate that is published, as crates.io would get it: its package is built alone.
const PACKAGE: &str =
    "package --workspace --exclude kirin-examples --exclude kirin-tests --exclude xtask --locked";

/// The oldest Rust that the workspace promises, where it is installed.
const OLDEST_RUST: &str = "1.93.0";

/// Runs all steps and stops at the first that fails.
pub(crate) fn run(workspace: &Workspace) -> Result<(), Failure> {
    step("fmt --all --check")?;
    step("clippy --workspace --all-targets --all-features --locked -- -D warnings")?;
    step("doc --workspace --no-deps --all-features --locked")?;
    layers::run(workspace)?;
    public_api::run(workspace, false)?;
    tidy::run(workspace)?;
    // It waits for answers most of its time.
    let conformance = Beside::start(workspace, "conformance")?;
    for line in alone(workspace) {
        step(&line)?;
    }
    conformance.end()?;
    let mut deny = tools::DENY.command()?;
    deny.args([
        "--all-features",
        "--locked",
        "check",
        "licenses",
        "bans",
        "sources",
    ]);
    succeed(&mut deny)?;
    step(PACKAGE)?;
    oldest_rust()?;
    durability::run(workspace)?;
    page::run(workspace)
}

fn step(line: &str) -> Result<(), Failure> {
    let mut command = cargo(line);
    if line.starts_with("doc ") {
        command.env("RUSTDOCFLAGS", "-D warnings");
    }
    succeed(&mut command)
}

/// A command of this program that runs beside others. What it prints is shown when it has ended.
struct Beside {
    process: Child,
    name: &'static str,
    log: PathBuf,
}

impl Beside {
    fn start(workspace: &Workspace, name: &'static str) -> Result<Self, Failure> {
        let log = workspace.scratch_file(name)?;
        let file = File::create(&log).map_err(Failure::of(format!("write {}", log.display())))?;
        let both = file.try_clone().map_err(Failure::of("share a file"))?;
        let program = std::env::current_exe().map_err(Failure::of("find this program"))?;
        let mut command = Command::new(program);
        let process = command.arg(name).stdout(file).stderr(both).spawn();
        let process = process.map_err(Failure::of(format!("start {name}")))?;
        Ok(Self { process, name, log })
    }

    fn end(mut self) -> Result<(), Failure> {
        println!("+ cargo xtask {}", self.name);
        let status = self
            .process
            .wait()
            .map_err(Failure::of(format!("wait for {}", self.name)))?;
        println!("{}", std::fs::read_to_string(&self.log).unwrap_or_default());
        let _ = std::fs::remove_file(&self.log);
        match status.success() {
            true => Ok(()),
            false => Err(Failure::new(format!("{} failed; see above", self.name))),
        }
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        // Where another step has failed, nobody waits for it. An error means that it has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Each library by itself, with each of its features: in the whole workspace one crate's features hide that
/// another forgot to ask for them, and what is dead without them.
///
/// `cargo hack --each-feature` does the same, and would take 80 seconds to install.
fn alone(workspace: &Workspace) -> Vec<String> {
    let mut steps = Vec::new();
    for library in LIBRARIES {
        let features = workspace.features(library).iter();
        let features = features.filter(|feature| *feature != "default");
        let mut settings = vec![" --no-default-features".to_owned()];
        settings
            .extend(features.map(|feature| format!(" --no-default-features --features {feature}")));
        if settings.len() > 1 {
            settings.push(" --all-features".to_owned());
        }
        for setting in settings {
            steps.push(format!(
                "clippy -p {library}{setting} --locked -- -D warnings"
            ));
        }
        // A link to what a feature adds is broken without the feature.
        steps.push(format!(
            "doc -p {library} --no-deps --no-default-features --locked"
        ));
        if workspace
            .features(library)
            .iter()
            .any(|feature| feature == "default")
        {
            steps.push(format!("doc -p {library} --no-deps --locked"));
        }
    }
    steps
}

/// Checks the workspace with the oldest Rust. Clippy refuses what the standard library did not have in it
/// already; this finds the rest.
fn oldest_rust() -> Result<(), Failure> {
    let toolchains = capture(command("rustup").args(["toolchain", "list"])).unwrap_or_default();
    if !toolchains.contains(OLDEST_RUST) {
        println!(
            "not checked with Rust {OLDEST_RUST}: `rustup toolchain install {OLDEST_RUST}` adds it"
        );
        return Ok(());
    }
    let mut check = command("rustup");
    check.args([
        "run",
        OLDEST_RUST,
        "cargo",
        "check",
        "--workspace",
        "--all-features",
        "--locked",
    ]);
    succeed(&mut check)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cargo::Package;

    #[test]
    fn each_feature_is_built_alone() {
        let package = |name: &str, features: &[&str]| Package {
            name: name.to_owned(),
            features: features.iter().map(|&feature| feature.to_owned()).collect(),
        };
        let packages = vec![
            package("kirin-transport", &["default", "hyper"]),
            package("kirin-types", &["std"]),
        ];
        let workspace = Workspace {
            packages,
            root: ".".into(),
            target: ".".into(),
        };
        let steps = alone(&workspace);
        assert_eq!(
            steps[..9],
            [
                "clippy -p kirin-types --no-default-features --locked -- -D warnings",
                "clippy -p kirin-types --no-default-features --features std --locked -- -D warnings",
                "clippy -p kirin-types --all-features --locked -- -D warnings",
                "doc -p kirin-types --no-deps --no-default-features --locked",
                "clippy -p kirin-transport --no-default-features --locked -- -D warnings",
                "clippy -p kirin-transport --no-default-features --features hyper --locked -- -D warnings",
                "clippy -p kirin-transport --all-features --locked -- -D warnings",
                "doc -p kirin-transport --no-deps --no-default-features --locked",
                "doc -p kirin-transport --no-deps --locked",
            ]
        );
        assert_eq!(
            steps.len(),
            15,
            "a check and a document of each other library"
        );
    }
}
