//! Running cargo, and what it knows of the workspace.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use cargo_metadata::MetadataCommand;

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
    pub(crate) name: String,
    pub(crate) features: Vec<String>,
}

impl Workspace {
    /// Asks cargo; the current folder decides which workspace is meant.
    pub(crate) fn load() -> Result<Self, Failure> {
        let metadata = MetadataCommand::new().no_deps().exec();
        let metadata = metadata.map_err(Failure::of("read the workspace"))?;
        let packages = metadata.packages.into_iter().map(|package| Package {
            name: package.name.to_string(),
            features: package.features.into_keys().collect(),
        });
        let mut packages: Vec<Package> = packages.collect();
        packages.sort_by(|left, right| left.name.cmp(&right.name));
        Ok(Self {
            packages,
            root: metadata.workspace_root.into(),
            target: metadata.target_directory.into(),
        })
    }

    /// The features of the member of that name.
    pub(crate) fn features(&self, name: &str) -> &[String] {
        let package = self.packages.iter().find(|package| package.name == name);
        package.map_or(&[], |package| &package.features)
    }

    /// A file for this run alone, in the target folder.
    pub(crate) fn scratch_file(&self, name: &str) -> Result<PathBuf, Failure> {
        let folder = self.target.join("xtask");
        std::fs::create_dir_all(&folder)
            .map_err(Failure::of(format!("create {}", folder.display())))?;
        Ok(folder.join(format!("{}-{name}", std::process::id())))
    }
}

/// Cargo with these arguments, as if called from the shell.
///
/// `cargo run` tells this process about the package xtask. Build scripts that watch such
/// variables (those of C libraries do) would run again at each change between `cargo xtask` and
/// a plain `cargo`.
pub(crate) fn cargo(arguments: &str) -> Command {
    let mut command = command("cargo");
    command.args(arguments.split_whitespace());
    command
}

/// A program, as if called from the shell.
pub(crate) fn command(program: impl Into<OsString>) -> Command {
    let mut command = Command::new(program.into());
    for name in variables(describes_package) {
        command.env_remove(name);
    }
    command
}

/// The names of this process's environment variables that `is_meant` picks.
pub(crate) fn variables(is_meant: impl Fn(&str) -> bool) -> Vec<OsString> {
    #[expect(
        clippy::disallowed_methods,
        reason = "xtask starts programs, and says what they inherit"
    )]
    let names = std::env::vars_os().map(|(name, _)| name);
    names
        .filter(|name| name.to_str().is_some_and(&is_meant))
        .collect()
}

/// Whether cargo sets this variable for the one package that it runs.
fn describes_package(variable: &str) -> bool {
    let prefixes = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_"];
    let names = ["CARGO_CRATE_NAME", "CARGO_PRIMARY_PACKAGE", "OUT_DIR"];
    prefixes.iter().any(|prefix| variable.starts_with(prefix)) || names.contains(&variable)
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
    let status = command.status();
    let status = status.map_err(Failure::of(format!("run `{}`", shown(command))))?;
    Ok(status.success())
}

/// Prints a command and runs it; it must succeed.
pub(crate) fn succeed(command: &mut Command) -> Result<(), Failure> {
    match execute(command)? {
        true => Ok(()),
        false => Err(Failure::new(format!("`{}` failed", shown(command)))),
    }
}

/// Builds a program of the workspace, and gives its path under `target/debug`.
pub(crate) fn built(
    workspace: &Workspace,
    what: &[&str],
    program: &str,
) -> Result<PathBuf, Failure> {
    let mut build = cargo("build --locked --package");
    build.current_dir(&workspace.root).args(what);
    succeed(&mut build)?;
    Ok(workspace.target.join("debug").join(program))
}

/// Runs the command and returns its standard output; the rest goes to the terminal.
pub(crate) fn capture(command: &mut Command) -> Result<String, Failure> {
    let output = command.stderr(Stdio::inherit()).output();
    let output = output.map_err(Failure::of(format!("run `{}`", shown(command))))?;
    if !output.status.success() {
        return Err(Failure::new(format!("`{}` failed", shown(command))));
    }
    String::from_utf8(output.stdout).map_err(Failure::of(format!(
        "read what `{}` prints",
        shown(command)
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

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
