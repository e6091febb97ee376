//! Checks of this machine.

use std::{
    env::consts,
    io::{IsTerminal, stderr, stdin, stdout},
    path::{Path, PathBuf},
};

use indicatif::HumanBytes;
use kirin_client::ApiKey;
use kirin_ledger::{Ledger, Money};
use tempfile::NamedTempFile;

use super::Check;
use crate::{
    color,
    configuration::Configuration,
    environment::read_variable,
    exit_code,
    failure::Failure,
    key::{self, Source},
    ledger_file,
};

/// A folder with less room, in bytes, takes only a few more videos.
const FEW: u64 = 100 * 1024 * 1024;
/// One with less may not take the next one.
const NONE: u64 = 10 * 1024 * 1024;

pub(super) fn check_version() -> Check {
    let (system, machine) = (consts::OS, consts::ARCH);
    let version = env!("CARGO_PKG_VERSION");
    Check::ok("version", format!("kirin {version} for {system} {machine}"))
}

pub(super) fn check_configuration() -> (Configuration, Check) {
    const NAME: &str = "configuration";
    let file = Configuration::file_path().filter(|file| file.exists());
    match Configuration::load() {
        Err(failure) => (
            Configuration::default(),
            Check::of_failure(NAME, exit_code::USAGE, &failure),
        ),
        Ok(configuration) => {
            let found = file.map(|file| file.display().to_string());
            let found = found.unwrap_or_else(|| "no file".into());
            (configuration, Check::ok(NAME, found))
        }
    }
}

pub(super) fn check_key() -> (Option<ApiKey>, Check) {
    const NAME: &str = "key";
    match key::find_key() {
        Err(failure) => {
            let code = exit_code::AUTHENTICATION;
            (None, Check::of_failure(NAME, code, &failure))
        }
        Ok(found) => {
            let fingerprint = found.key.fingerprint();
            let whose = match found.source {
                Source::Environment => "",
                Source::File(_) => ", readable only by you",
            };
            let said = format!("from {}{whose}, fingerprint {fingerprint}", found.source);
            let dangers = found.source.dangers();
            let check = match dangers.is_empty() {
                true => Check::ok(NAME, said),
                false => {
                    let whats = dangers.iter().map(|danger| danger.what.clone());
                    let found: Vec<_> = [said].into_iter().chain(whats).collect();
                    let advice: Vec<_> = dangers.into_iter().map(|danger| danger.advice).collect();
                    Check::warning(NAME, found.join("; "), &advice.join("; "))
                }
            };
            (Some(found.key), check)
        }
    }
}

pub(super) async fn check_ledger() -> Check {
    const NAME: &str = "ledger";
    let failure = |failure: Failure| Check::of_failure(NAME, exit_code::DISK, &failure);
    let path = match ledger_file::path() {
        Ok(path) => path,
        Err(none) => return failure(none),
    };
    if Ledger::would_be_new(&path) {
        return match is_writable(nearest_folder(&path)) {
            Ok(()) => Check::ok(NAME, format!("none yet at {}", path.display())),
            Err(error) => {
                let found = format!("{} cannot be made: {error}", path.display());
                let advice = "Make its folder writable, or set KIRIN_LEDGER to a file that only you can read.";
                Check::problem(NAME, exit_code::DISK, found, advice)
            }
        };
    }
    let ledger = match Ledger::open(&path) {
        Ok(ledger) => ledger,
        Err(error) => return failure(Failure::ledger_unopened(&error)),
    };
    let (entries, mut unfinished) = match (ledger.entries().await, ledger.unfinished().await) {
        (Ok(entries), Ok(unfinished)) => (entries, unfinished),
        (Err(error), _) | (_, Err(error)) => return failure(error.into()),
    };
    // A refused create needs no action: it is only looked up once more.
    unfinished.retain(|entry| entry.money() != Money::None);
    let unfinished = unfinished.len();
    let unresolved = entries.iter().map(kirin_ledger::Entry::money);
    let unresolved = unresolved
        .filter(|money| *money == Money::Unresolved)
        .count();
    let found = format!(
        "{}, entries: {}, unfinished: {unfinished}, unresolved: {unresolved}",
        path.display(),
        entries.len(),
    );
    match (unresolved, unfinished) {
        (1.., _) => Check::warning(NAME, found, "Look for their tasks: kirin resolve"),
        (0, 1..) => Check::warning(NAME, found, "Continue them: kirin resume"),
        (0, 0) => Check::ok(NAME, found),
    }
}

/// The folder of the ledger, and the current one, where videos go.
pub(super) fn check_folders() -> Vec<Check> {
    let mut checks = Vec::new();
    if let Ok(ledger) = ledger_file::path() {
        checks.extend(check_room("ledger's disk", nearest_folder(&ledger)));
    }
    let here = Path::new(".");
    match is_writable(here) {
        Ok(()) => {
            checks.push(Check::ok("folder", "the current folder is writable"));
            checks.extend(check_room("folder's disk", here));
        }
        Err(error) => checks.push(Check::warning(
            "folder",
            format!("the current folder is not writable: {error}"),
            "Change to another one, or name one with --output.",
        )),
    }
    checks
}

/// The folder of a file, or the nearest one above that is there.
fn nearest_folder(file: &Path) -> &Path {
    let mut above = file.ancestors().skip(1);
    let found = above.find(|folder| folder.is_dir());
    found.unwrap_or_else(|| Path::new("."))
}

fn is_writable(folder: &Path) -> std::io::Result<()> {
    NamedTempFile::new_in(folder).map(drop)
}

#[cfg(unix)]
fn check_room(name: &'static str, folder: &Path) -> Option<Check> {
    let found = rustix::fs::statvfs(folder).ok()?;
    Some(judge_room(
        name,
        found.f_bavail.saturating_mul(found.f_frsize),
    ))
}

#[cfg(not(unix))]
fn check_room(_: &'static str, _: &Path) -> Option<Check> {
    None
}

fn judge_room(name: &'static str, room: u64) -> Check {
    let found = format!("{} free", HumanBytes(room));
    let advice = "Free some disk space before you generate.";
    match room {
        ..NONE => Check::problem(name, exit_code::DISK, found, advice),
        NONE..FEW => Check::warning(name, found, advice),
        _ => Check::ok(name, found),
    }
}

pub(super) fn check_terminal() -> Check {
    let is = |is_one| if is_one { "a terminal" } else { "no terminal" };
    let kind = read_variable("TERM").map_or_else(|| "not set".into(), PathBuf::from);
    let colors = match color::on_stdout(color::BOLD, "") {
        text if text.is_empty() => "off",
        _ => "on",
    };
    let found = format!(
        "stdin {}, stdout {}, stderr {}, TERM {}, colors {colors}",
        is(stdin().is_terminal()),
        is(stdout().is_terminal()),
        is(stderr().is_terminal()),
        kind.display(),
    );
    Check::ok("terminal", found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::doctor::State;

    #[test]
    fn little_room_is_reported() {
        for (room, state) in [
            (0, State::Problem),
            (NONE - 1, State::Problem),
            (NONE, State::Warning),
            (FEW - 1, State::Warning),
            (FEW, State::Ok),
            (u64::MAX, State::Ok),
        ] {
            assert!(judge_room("disk", room).state == state, "{room}");
        }
    }

    #[test]
    fn the_nearest_folder_is_found() {
        let here = tempfile::tempdir().unwrap();
        for file in ["ledger", "a/ledger", "a/b/c/ledger"] {
            assert_eq!(
                nearest_folder(&here.path().join(file)),
                here.path(),
                "{file}"
            );
        }
        assert_eq!(nearest_folder(Path::new("ledger")), Path::new("."));
    }
}
