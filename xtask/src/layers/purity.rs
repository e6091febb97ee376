//! No clock, no sleep, no environment and no randomness below a driver.
//!
//! Clippy refuses the functions; here is checked that nobody has told it to look away.

use super::Verdict;
use crate::cargo::Workspace;
use crate::error::Failure;
use crate::files::{self, TextFile};

/// The files that may call a refused function; what for is said there. A new one belongs here first.
const DRIVERS: &[&str] = &[
    "crates/kirin-cli/src/clock.rs",
    "crates/kirin-cli/src/commands/another_process.rs",
    "crates/kirin-cli/src/environment.rs",
    "crates/kirin-cli/src/main.rs",
    "crates/kirin-client/src/driver/clock.rs",
    "crates/kirin-client/src/driver/environment.rs",
    "crates/kirin-client/src/driver/randomness.rs",
    "crates/kirin-emulator/src/server/clock.rs",
    "crates/kirin-ledger/src/clock.rs",
    "crates/kirin-transport/src/conformance/clock.rs",
    "crates/kirin-transport/src/hyper_transport/connect_timeout.rs",
    "crates/kirin-transport/src/hyper_transport/proxy.rs",
    "crates/kirin-transport/src/timeout.rs",
];

/// What clippy must refuse.
const REFUSED: &str = "std::time::Instant::now std::time::SystemTime::now std::thread::sleep \
    std::env::var std::env::var_os std::env::vars std::env::vars_os std::env::args std::env::args_os \
    tokio::time::sleep tokio::time::sleep_until tokio::time::timeout tokio::time::interval \
    tokio::time::Instant::now getrandom::fill";

fn refused() -> std::str::SplitWhitespace<'static> {
    REFUSED.split_whitespace()
}

/// The lint, and the groups through which it could be switched off unseen.
const LINTS: [&str; 3] = ["clippy::disallowed_methods", "clippy::style", "clippy::all"];

/// Checks the real workspace.
pub(super) fn check(workspace: &Workspace) -> Result<Verdict, Failure> {
    Ok(judge(&files::read(&workspace.root)?, DRIVERS))
}

fn judge(files: &[TextFile], drivers: &[&str]) -> Verdict {
    let mut problems = Vec::new();
    for file in files {
        match file.path.rsplit('/').next() {
            Some("Cargo.toml") if file.path == "Cargo.toml" => problems.extend(lint_off(file)),
            Some("Cargo.toml") => problems.extend(lints_not_inherited(file)),
            Some("clippy.toml" | ".clippy.toml") => problems.extend(clippy_lacks(file)),
            _ => {}
        }
    }
    if !files.iter().any(|file| file.path == "clippy.toml") {
        problems.push("clippy.toml is missing from the root".to_owned());
    }
    let exceptions: Vec<(&str, usize)> = files.iter().flat_map(exceptions).collect();
    problems.extend(unlisted(&exceptions, drivers));
    problems.extend(idle(&exceptions, drivers));
    if !problems.is_empty() {
        return Err(problems);
    }
    let (refused, found) = (refused().count(), exceptions.len());
    let line = format!("pure core: {refused} methods refused, exceptions in drivers: {found}");
    Ok(line)
}

fn lint_off(root: &TextFile) -> Option<String> {
    let manifest: toml::Table = root.text.parse().unwrap_or_default();
    let lints = manifest
        .get("workspace")
        .and_then(|workspace| workspace.get("lints"));
    let level = lints.and_then(|lints| lints.get("clippy")?.get("disallowed_methods")?.as_str());
    let on = matches!(level, Some("warn" | "deny" | "forbid"));
    (!on).then(|| "Cargo.toml: switch the clippy lint `disallowed_methods` on".to_owned())
}

fn lints_not_inherited(member: &TextFile) -> Option<String> {
    let manifest: toml::Table = member.text.parse().unwrap_or_default();
    let inherits = manifest
        .get("lints")
        .and_then(|lints| lints.get("workspace")?.as_bool());
    (inherits != Some(true)).then(|| format!("{}: add `[lints] workspace = true`", member.path))
}

fn clippy_lacks(file: &TextFile) -> Vec<String> {
    if file.path != "clippy.toml" {
        let path = &file.path;
        return vec![format!(
            "{path}: clippy would read this one instead of the root's; remove it"
        )];
    }
    let lines = file
        .text
        .lines()
        .map(str::trim)
        .filter(|line| !line.starts_with('#'));
    let entries: String = lines.collect::<Vec<_>>().join("\n");
    let absent = refused().filter(|path| !entries.contains(&format!("path = \"{path}\"")));
    absent
        .map(|path| format!("clippy.toml: refuse `{path}` again"))
        .collect()
}

/// Where a crate's source tells clippy to look away, by file and line.
fn exceptions(file: &TextFile) -> Vec<(&str, usize)> {
    let is_source = file.path.starts_with("crates/")
        && file.path.split('/').nth(2) == Some("src")
        && file.has_extension("rs");
    if !is_source {
        return Vec::new();
    }
    let lines = file.text.lines().enumerate();
    let names_lint = |line: &str| {
        let code = line.trim_start();
        !code.starts_with("//") && LINTS.iter().any(|lint| code.contains(lint))
    };
    let found = lines.filter(|(_, line)| names_lint(line));
    found
        .map(|(index, _)| (file.path.as_str(), index + 1))
        .collect()
}

fn unlisted(exceptions: &[(&str, usize)], drivers: &[&str]) -> Vec<String> {
    let unlisted = exceptions
        .iter()
        .filter(|(path, _)| !drivers.contains(path));
    let sentence = |(path, line)| {
        format!(
            "{path}:{line}: only a driver has a clock, the environment or randomness; take it as \
             an argument, or add the file to DRIVERS in xtask/src/layers/purity.rs"
        )
    };
    unlisted.map(|exception| sentence(*exception)).collect()
}

fn idle(exceptions: &[(&str, usize)], drivers: &[&str]) -> Vec<String> {
    let idle = drivers
        .iter()
        .filter(|driver| exceptions.iter().all(|(path, _)| path != *driver));
    let sentence = |driver| {
        format!(
            "{driver}: has no exception any more; remove it from DRIVERS in xtask/src/layers/purity.rs"
        )
    };
    idle.map(sentence).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DRIVER: &str = "crates/a/src/driver.rs";

    fn file(path: &str, text: &str) -> TextFile {
        let (path, text) = (path.to_owned(), text.to_owned());
        TextFile { path, text }
    }

    fn sound() -> Vec<TextFile> {
        let entries: String = refused()
            .map(|path| format!("{{ path = \"{path}\" }},\n"))
            .collect();
        let root = "[workspace.lints.clippy]\ndisallowed_methods = \"warn\"\n";
        vec![
            file("Cargo.toml", root),
            file("clippy.toml", &entries),
            file("crates/a/Cargo.toml", "[lints]\nworkspace = true\n"),
            file(
                DRIVER,
                "#[expect(\n    clippy::disallowed_methods,\n    reason = \"\"\n)]\n",
            ),
            file(
                "crates/a/src/doc.rs",
                "// clippy::disallowed_methods is on\n",
            ),
            file(
                "crates/a/tests/it/main.rs",
                "#![expect(clippy::disallowed_methods)]\n",
            ),
        ]
    }

    fn broken(path: &str, text: &str) -> Vec<String> {
        let mut files = sound();
        files.retain(|file| file.path != path);
        files.push(file(path, text));
        judge(&files, &[DRIVER]).expect_err("a broken rule")
    }

    #[test]
    fn a_sound_workspace_passes() {
        let line = judge(&sound(), &[DRIVER]).expect("a sound workspace");
        assert_eq!(
            line,
            "pure core: 15 methods refused, exceptions in drivers: 1"
        );
    }

    #[test]
    fn every_way_to_look_away_is_found() {
        let off = "[workspace.lints.clippy]\ndisallowed_methods = \"allow\"\n";
        let elsewhere = "[workspace.lints.rust]\ndisallowed_methods = \"warn\"\n";
        let cases = [
            ("Cargo.toml", off, "switch the clippy lint"),
            ("Cargo.toml", elsewhere, "switch the clippy lint"),
            ("crates/a/Cargo.toml", "[package]\n", "add `[lints]"),
            ("crates/a/clippy.toml", "", "instead of the root's"),
            (
                "crates/a/src/b.rs",
                "#![expect(clippy::style)]\n",
                "b.rs:1: only a driver",
            ),
            (DRIVER, "", "has no exception any more"),
        ];
        for (path, text, expected) in cases {
            let problems = broken(path, text);
            assert_eq!(problems.len(), 1, "{problems:?}");
            assert!(problems[0].contains(expected), "{problems:?}");
        }
    }

    #[test]
    fn a_method_that_is_no_longer_refused_is_found() {
        let text = sound().remove(1).text.replacen('{', "# {", 1);
        assert_eq!(
            broken("clippy.toml", &text),
            ["clippy.toml: refuse `std::time::Instant::now` again"]
        );
        assert_eq!(broken("clippy.toml", "").len(), refused().count());
    }

    #[test]
    fn clippy_must_have_its_file() {
        let files: Vec<TextFile> = sound()
            .into_iter()
            .filter(|file| file.path != "clippy.toml")
            .collect();
        assert!(judge(&files, &[DRIVER]).is_err());
    }
}
