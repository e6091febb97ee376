//! Running cargo, and what it knows of the workspace.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::error::Failure;

/// The crates other people build upon: the layer rules hold for them, and each must have
/// snapshot and property tests.
pub(crate) const LIBRARIES: [&str; 5] = [
    "kirin-types",
    "kirin-transport",
    "kirin-client",
    "kirin-emulator",
    "kirin-ledger",
];

/// The workspace as `cargo metadata` describes it.
pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    pub(crate) target: PathBuf,
    pub(crate) packages: Vec<Package>,
}

/// A member of the workspace.
pub(crate) struct Package {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) directory: PathBuf,
    pub(crate) features: Vec<String>,
}

impl Workspace {
    /// Asks cargo; the current folder decides which workspace is meant.
    pub(crate) fn load() -> Result<Self, Failure> {
        let text = capture(cargo().args(["metadata", "--no-deps", "--format-version", "1"]))?;
        Self::parse(&text).ok_or_else(|| {
            Failure::new(
                "`cargo metadata` answered in a form xtask does not know; see src/cargo.rs",
            )
        })
    }

    fn parse(text: &str) -> Option<Self> {
        let metadata: Value = serde_json::from_str(text).ok()?;
        let packages = metadata["packages"].as_array()?.iter().map(Package::parse);
        let mut packages = packages.collect::<Option<Vec<_>>>()?;
        packages.sort_by(|left, right| left.name.cmp(&right.name));
        Some(Self {
            root: metadata["workspace_root"].as_str()?.into(),
            target: metadata["target_directory"].as_str()?.into(),
            packages,
        })
    }

    /// The member of that name.
    pub(crate) fn package(&self, name: &str) -> Option<&Package> {
        self.packages.iter().find(|package| package.name == name)
    }

    /// A file for this run alone, in the target folder.
    pub(crate) fn scratch_file(&self, name: &str) -> Result<PathBuf, Failure> {
        let folder = self.target.join("xtask");
        std::fs::create_dir_all(&folder).map_err(|error| {
            Failure::new(format!("could not create {}: {error}", folder.display()))
        })?;
        Ok(folder.join(format!("{}-{name}", std::process::id())))
    }
}

impl Package {
    fn parse(value: &Value) -> Option<Self> {
        let manifest = Path::new(value["manifest_path"].as_str()?);
        Some(Self {
            id: value["id"].as_str()?.to_owned(),
            name: value["name"].as_str()?.to_owned(),
            version: value["version"].as_str()?.to_owned(),
            directory: manifest.parent()?.to_owned(),
            features: value["features"].as_object()?.keys().cloned().collect(),
        })
    }
}

/// Cargo, as if called from the shell.
///
/// `cargo run` tells this process about the package xtask. Build scripts that watch such
/// variables (those of C libraries do) would run again at each change between `cargo xtask` and
/// a plain `cargo`.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new("cargo");
    remove_package(&mut command);
    command
}

/// Keeps from `command` what `cargo run` tells this process about the package xtask.
pub(crate) fn remove_package(command: &mut Command) {
    for name in variables(describes_package) {
        command.env_remove(name);
    }
}

/// The names of this process's environment variables that `is_meant` picks.
pub(crate) fn variables(is_meant: impl Fn(&str) -> bool) -> Vec<OsString> {
    #[expect(
        clippy::disallowed_methods,
        reason = "xtask starts programs, and says what they inherit"
    )]
    let variables = std::env::vars_os();
    let names = variables.map(|(name, _)| name);
    names
        .filter(|name| name.to_str().is_some_and(&is_meant))
        .collect()
}

/// Whether cargo sets this variable for the one package that it runs.
fn describes_package(variable: &str) -> bool {
    variable.starts_with("CARGO_PKG_")
        || variable.starts_with("CARGO_MANIFEST_")
        || variable.starts_with("CARGO_BIN_")
        || matches!(
            variable,
            "CARGO_CRATE_NAME" | "CARGO_PRIMARY_PACKAGE" | "OUT_DIR"
        )
}

/// The command as a person would type it.
pub(crate) fn shown(command: &Command) -> String {
    let set = command.get_envs().filter_map(|(name, value)| {
        let value = value?.to_string_lossy();
        Some(format!("{}=\"{value}\"", name.to_string_lossy()))
    });
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words = words.map(|word| word.to_string_lossy().into_owned());
    set.chain(words).collect::<Vec<_>>().join(" ")
}

/// Prints a command, runs it, and says whether it succeeded.
pub(crate) fn execute(command: &mut Command) -> Result<bool, Failure> {
    println!("+ {}", shown(command));
    let status = command
        .status()
        .map_err(|error| Failure::new(format!("could not run `{}`: {error}", shown(command))))?;
    Ok(status.success())
}

/// Builds a program of the workspace, and gives its path under `target/debug`.
pub(crate) fn built(
    workspace: &Workspace,
    what: &[&str],
    program: &str,
) -> Result<PathBuf, Failure> {
    let mut build = cargo();
    build.current_dir(&workspace.root);
    build.args(["build", "--locked", "--package"]).args(what);
    match execute(&mut build)? {
        true => Ok(workspace.target.join("debug").join(program)),
        false => Err(Failure::new(format!("{program} does not build"))),
    }
}

/// Runs the command and returns its standard output; the rest goes to the terminal.
pub(crate) fn capture(command: &mut Command) -> Result<String, Failure> {
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| Failure::new(format!("could not run `{}`: {error}", shown(command))))?;
    if !output.status.success() {
        return Err(Failure::new(format!("`{}` failed", shown(command))));
    }
    String::from_utf8(output.stdout).map_err(|_| {
        Failure::new(format!(
            "`{}` printed bytes that are no text",
            shown(command)
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_cargo_metadata_says() {
        let text = r#"{"workspace_root": "/w", "target_directory": "/w/target", "packages": [
            {"id": "path+file:///w/crates/a#0.1.0", "name": "a", "version": "0.1.0",
             "manifest_path": "/w/crates/a/Cargo.toml", "features": {"default": ["x"], "x": []}}]}"#;
        let workspace = Workspace::parse(text).expect("a workspace");
        let package = workspace.package("a").expect("the package");
        assert_eq!(package.directory, Path::new("/w/crates/a"));
        assert_eq!(package.features, ["default", "x"]);
        assert!(Workspace::parse("{}").is_none());
    }

    #[test]
    fn only_what_describes_a_package_is_kept_from_cargo() {
        assert!(describes_package("CARGO_PKG_NAME"));
        assert!(describes_package("CARGO_MANIFEST_DIR"));
        assert!(!describes_package("CARGO_HOME"));
        assert!(!describes_package("CARGO_TARGET_DIR"));
    }

    #[test]
    fn a_command_is_shown_with_its_variables() {
        let mut command = Command::new("cargo");
        command.arg("doc").env("RUSTDOCFLAGS", "-D warnings");
        assert_eq!(shown(&command), "RUSTDOCFLAGS=\"-D warnings\" cargo doc");
    }
}
