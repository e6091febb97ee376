//! No clock, no sleep, no environment and no randomness below a driver.
//!
//! Clippy refuses the functions; here is checked that nobody has told it to look away.

use toml::{Table, Value};

use super::Verdict;
use crate::cargo::Workspace;
use crate::error::Failure;
use crate::files::{self, TextFile};

/// The files that may call a refused function; what for is said there. A new one belongs here first.
const DRIVERS: &[&str] = &[
    "crates/kirin-cli/src/clock.rs",
    "crates/kirin-cli/src/generation/deadline.rs",
    "crates/kirin-cli/src/environment.rs",
    "crates/kirin-cli/src/main.rs",
    "crates/kirin-client/src/clock.rs",
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

/// The lint, and the groups through which it could be switched off unseen.
const LINTS: [&str; 3] = ["clippy::disallowed_methods", "clippy::style", "clippy::all"];

/// Checks the real workspace.
pub(super) fn check(workspace: &Workspace) -> Result<Verdict, Failure> {
    Ok(judge(&files::read(&workspace.root)?, DRIVERS))
}

/// That each manifest takes the workspace's lints is checked by `tidy`.
fn judge(files: &[TextFile], drivers: &[&str]) -> Verdict {
    let mut problems = Vec::new();
    let text_of = |path: &str| {
        let file = files.iter().find(|file| file.path == path);
        let table = file.and_then(|file| file.text.parse::<Table>().ok());
        table.unwrap_or_default()
    };
    let level = text_of("Cargo.toml");
    let level = ["workspace", "lints", "clippy", "disallowed_methods"]
        .iter()
        .try_fold(&Value::Table(level), |table, key| table.get(key))
        .and_then(|level| level.as_str().map(str::to_owned));
    if !matches!(level.as_deref(), Some("warn" | "deny" | "forbid")) {
        problems.push("Cargo.toml: switch the clippy lint `disallowed_methods` on".to_owned());
    }
    let entries = text_of("clippy.toml");
    let entries = entries.get("disallowed-methods").and_then(Value::as_array);
    let entries = entries.into_iter().flatten();
    let entries: Vec<&str> = entries
        .filter_map(|entry| entry.get("path")?.as_str())
        .collect();
    let absent = REFUSED
        .split_whitespace()
        .filter(|path| !entries.contains(path));
    problems.extend(absent.map(|path| format!("clippy.toml: refuse `{path}` again")));
    for TextFile { path, .. } in files {
        if path.ends_with("/clippy.toml") || path.ends_with(".clippy.toml") {
            let sentence = "clippy would read this one instead of the root's; remove it";
            problems.push(format!("{path}: {sentence}"));
        }
        if let Some(line) = looks_away(files, path)
            && !drivers.contains(&path.as_str())
        {
            problems.push(format!(
                "{path}:{line}: only a driver has a clock, the environment or randomness; take it \
                 as an argument, or add the file to DRIVERS in xtask/src/layers/purity.rs"
            ));
        }
    }
    for path in drivers
        .iter()
        .filter(|path| looks_away(files, path).is_none())
    {
        problems.push(format!(
            "{path}: has no exception any more; remove it from DRIVERS in xtask/src/layers/purity.rs"
        ));
    }
    match problems.is_empty() {
        true => Ok(format!(
            "pure core: {} methods refused, but in drivers: {}",
            entries.len(),
            drivers.len()
        )),
        false => Err(problems),
    }
}

/// The line at which a crate's source tells clippy to look away.
fn looks_away(files: &[TextFile], path: &str) -> Option<usize> {
    let is_source = path.starts_with("crates/") && path.split('/').nth(2) == Some("src");
    let file = files.iter().find(|file| file.path == path && is_source)?;
    let names_lint = |line: &str| {
        let code = line.trim_start();
        !code.starts_with("//") && LINTS.iter().any(|lint| code.contains(lint))
    };
    file.text
        .lines()
        .position(names_lint)
        .map(|index| index + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DRIVER: &str = "crates/a/src/driver.rs";

    fn sound() -> Vec<TextFile> {
        let entry = |path| format!("{{ path = \"{path}\" }},\n");
        let entries: String = REFUSED.split_whitespace().map(entry).collect();
        let files = [
            (
                "Cargo.toml",
                "[workspace.lints.clippy]\ndisallowed_methods = \"warn\"\n".to_owned(),
            ),
            (
                "clippy.toml",
                format!("disallowed-methods = [\n{entries}]\n"),
            ),
            (
                DRIVER,
                "#[expect(\n    clippy::disallowed_methods,\n    reason = \"\"\n)]\n".to_owned(),
            ),
            (
                "crates/a/src/doc.rs",
                "// clippy::disallowed_methods is on\n".to_owned(),
            ),
            (
                "crates/a/tests/it/main.rs",
                "#![expect(clippy::disallowed_methods)]\n".to_owned(),
            ),
        ];
        let file = |(path, text): (&str, String)| TextFile {
            path: path.to_owned(),
            text,
        };
        files.into_iter().map(file).collect()
    }

    fn check(path: &str, text: &str) -> Verdict {
        let mut files = sound();
        files.retain(|file| file.path != path);
        let (path, text) = (path.to_owned(), text.to_owned());
        files.push(TextFile { path, text });
        judge(&files, &[DRIVER])
    }

    #[test]
    fn a_sound_workspace_passes() {
        let line = "pure core: 15 methods refused, but in drivers: 1";
        assert_eq!(judge(&sound(), &[DRIVER]), Ok(line.to_owned()));
    }

    #[test]
    fn every_way_to_look_away_is_found() {
        let off = "[workspace.lints.clippy]\ndisallowed_methods = \"allow\"\n";
        let elsewhere = "[workspace.lints.rust]\ndisallowed_methods = \"warn\"\n";
        let unrefused = sound().remove(1).text.replacen('{', "# {", 1);
        let cases = [
            ("Cargo.toml", off, "switch the clippy lint"),
            ("Cargo.toml", elsewhere, "switch the clippy lint"),
            ("crates/a/clippy.toml", "", "instead of the root's"),
            (
                "crates/a/src/b.rs",
                "#![expect(clippy::style)]\n",
                "b.rs:1: only a driver",
            ),
            (DRIVER, "", "has no exception any more"),
            (
                "clippy.toml",
                &unrefused,
                "refuse `std::time::Instant::now` again",
            ),
        ];
        for (path, text, expected) in cases {
            let problems = check(path, text).expect_err("a broken rule");
            assert_eq!(problems.len(), 1, "{problems:?}");
            assert!(problems[0].contains(expected), "{problems:?}");
        }
        assert_eq!(
            check("clippy.toml", "").map_err(|problems| problems.len()),
            Err(15)
        );
    }
}
