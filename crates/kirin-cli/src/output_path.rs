//! Where the video goes, settled before anything is paid for.

use std::{
    collections::HashSet,
    ffi::{OsStr, OsString},
    fs,
    hash::{BuildHasher as _, RandomState},
    path::{Path, PathBuf},
    sync::LazyLock,
};

use kirin_client::{Download, DownloadError, DownloadErrorKind, file_name};
use kirin_types::GenerationRequest;
use unicode_normalization::UnicodeNormalization as _;

use crate::{
    arguments::OutputFile,
    environment::read_variable,
    exit_code,
    failure::{Failure, error_chain},
    name_template::{NameTemplate, TASK_ID},
};

/// The file to write: `--output`, the task's name in a folder, or in the current one.
pub(crate) fn path_for_task(file: &OutputFile, id: &str) -> PathBuf {
    let id = file_name(id);
    match &file.output {
        Some(output) if output.is_dir() => output.join(format!("{id}.mp4")),
        Some(output) => match output.file_name().and_then(OsStr::to_str) {
            Some(name) => output.with_file_name(name.replace(TASK_ID, &id)),
            None => output.clone(),
        },
        None => format!("{id}.mp4").into(),
    }
}

/// A path that another run understands, wherever it is started.
pub(crate) fn absolute_path(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.into())
}

/// Whether the output of an earlier run is the same file.
pub(crate) fn is_same(file: &OutputFile, earlier: Option<PathBuf>, id: &str) -> bool {
    let is_wanted = |earlier| {
        absolute_path(&path_for_task(&earlier, id)) == absolute_path(&path_for_task(file, id))
    };
    earlier.map(OutputFile::from).is_some_and(is_wanted)
}

/// Where the video of a request goes: with a template `--output` is its folder, and is made.
pub(crate) fn named_by_template(
    file: &OutputFile,
    template: Option<&NameTemplate>,
    request: &GenerationRequest,
) -> Result<OutputFile, Failure> {
    let Some(template) = template else {
        return Ok(file.clone());
    };
    let folder = file.output.clone().unwrap_or_else(|| PathBuf::from("."));
    make_folder(&folder)?;
    Ok(OutputFile {
        output: Some(folder.join(format!("{}.mp4", template.file_stem(request, 1)))),
        force: file.force,
    })
}

/// Where the video of each request goes in a folder, which is made.
pub(crate) fn in_folder<'a>(
    folder: &Path,
    template: Option<&NameTemplate>,
    requests: impl IntoIterator<Item = &'a GenerationRequest>,
) -> Result<Vec<OutputFile>, Failure> {
    make_folder(folder)?;
    let mut files = Vec::new();
    let mut names = HashSet::new();
    for (place, request) in requests.into_iter().enumerate() {
        let Some(template) = template else {
            files.push(folder.to_owned().into());
            continue;
        };
        let name = format!("{}.mp4", template.file_stem(request, place + 1));
        files.push(folder.join(&name).into());
        let is_marked = request.watermark() == Some(true);
        let copy = is_marked.then(|| watermarked_path(Path::new(&name)));
        let copy = copy.map(|copy| case_folded(&copy.to_string_lossy()));
        let is_new = names.insert(case_folded(&name)) & copy.is_none_or(|copy| names.insert(copy));
        if !is_new && !name.contains(TASK_ID) {
            return Err(Failure::usage(
                format!(
                    "--name-template gives two videos the name {name}, or names that differ only in case"
                ),
                "Add {number} or {task_id} to it.",
            ));
        }
    }
    Ok(files)
}

fn make_folder(folder: &Path) -> Result<(), Failure> {
    fs::create_dir_all(folder).map_err(|error| {
        let what = format!("the folder {} cannot be made: {error}", folder.display());
        let next_step = "Choose another --output, in a writable folder.";
        Failure::new(exit_code::DISK, what, next_step)
    })
}

/// The output cannot be written, found before anything was sent.
impl From<&DownloadError> for Failure {
    fn from(error: &DownloadError) -> Self {
        let (code, next_step) = match error.kind() {
            DownloadErrorKind::Exists if error.can_be_overwritten() => (
                exit_code::USAGE,
                "Choose another --output, or add --force to overwrite a file.",
            ),
            DownloadErrorKind::Exists => (exit_code::USAGE, "Choose another --output."),
            _ => (
                exit_code::DISK,
                "Choose another --output, in an existing, writable folder.",
            ),
        };
        let next_step = match error.longest_name() {
            Some(_) => "Shorten the name in --output or --name-template.",
            None => next_step,
        };
        let what = format!("the video cannot be written: {}", error_chain(error));
        let longest_id = file_name(&LONGEST_ID);
        let what = match what.contains(&longest_id) {
            true => format!(
                "{} with a task's id of {} bytes, the longest there can be",
                what.replace(&longest_id, TASK_ID),
                longest_id.len()
            ),
            false => what,
        };
        Self::new(code, what, next_step)
    }
}

/// The next command puts the video where it was asked for.
pub(crate) fn with_output(failure: Failure, file: &OutputFile) -> Failure {
    let Some(command) = &failure.about.command else {
        return failure;
    };
    let output = file.output.as_ref().map(|output| output.to_string_lossy());
    match (command.subcommand, output) {
        _ if command.has_option("--output") => failure,
        ("download" | "wait", Some(output)) => {
            let failure = failure.with_option("--output", &output);
            match file.force {
                // The next step may overwrite what this one may.
                true => failure.with_flag("--force"),
                false => failure,
            }
        }
        ("wait", None) => failure.with_option("--output", "."),
        _ => failure,
    }
}

/// Stands for the id of a task that there is not yet.
pub(crate) static LONGEST_ID: LazyLock<String> = LazyLock::new(longest_id);

/// No file name that is made of a task's id is longer than the one of this: it is as long as they get, and
/// that of a device, before which a character is put. Two processes must not try the same name at the same
/// time, for one would see the other at work there.
fn longest_id() -> String {
    let random = RandomState::new().hash_one(LONGEST);
    format!("con.{random:x>width$x}", width = LONGEST - "con.".len())
}

/// The most bytes of a task's id that are part of a file name, before the character of a device is added.
const LONGEST: usize = 100;

/// Finds out whether the video can be written, and its watermarked copy if there will be one,
/// under a placeholder for the task's name.
pub(crate) fn check_writable(
    file: &OutputFile,
    name: &str,
    watermark: bool,
) -> Result<(), DownloadError> {
    let path = path_for_task(file, name);
    if watermark {
        Download::check(watermarked_path(&path), file.force)?;
    }
    Download::check(path, file.force)
}

/// Where the download writes the watermarked copy.
fn watermarked_path(path: &Path) -> PathBuf {
    with_suffix(path, WATERMARKED)
}

const WATERMARKED: &str = "-watermarked";

/// Another file that the video of a task and a watermarked copy of it can be written to, as it is typed: beside the
/// one that was wanted, or else in the current folder or that of the user. Its name has at most so many bytes.
pub(crate) fn writable_elsewhere(
    file: &OutputFile,
    id: &str,
    longest_name: Option<usize>,
) -> Option<String> {
    let room = longest_name
        .unwrap_or(ROOM)
        .saturating_sub(WATERMARKED.len());
    let home = read_variable("HOME").map(PathBuf::from);
    let own = [Some(PathBuf::new()), home].into_iter().flatten();
    let own = own.map(|folder| folder.join(format!("{}.mp4", file_name(id))));
    let mut files = std::iter::once(free_path_beside(&path_for_task(file, id), id, room))
        .chain(own.flat_map(|own| [free_path_beside(&own, id, ROOM), own].into_iter().rev()));
    files.find_map(|other| {
        let is_free = check_writable(&other.clone().into(), id, true).is_ok();
        let other = other.into_os_string().into_string();
        other.ok().filter(|_| is_free)
    })
}

/// A free name for the video of a task whose own name is taken.
/// It has at most so many bytes.
fn free_path_beside(path: &Path, id: &str, room: usize) -> PathBuf {
    let first = format!("-{}", file_name(id));
    let further = (2..100).map(|number| format!("{first}-{number}"));
    let extension = path.extension().map_or(0, |extension| extension.len() + 1);
    let added = first.len() + "-99".len() + extension;
    let path = &with_short_stem(path, room.saturating_sub(added));
    let mut paths = std::iter::once(first.clone())
        .chain(further)
        .map(|suffix| with_suffix(path, &suffix));
    paths
        .find(|path| fs::symlink_metadata(path).is_err())
        .unwrap_or_else(|| with_suffix(path, &first))
}

/// The path with a stem of at most so many bytes, where it is text.
fn with_short_stem(path: &Path, room: usize) -> PathBuf {
    let stem = path.file_stem().and_then(OsStr::to_str);
    match stem.filter(|stem| stem.len() > room) {
        Some(stem) => with_stem(path, stem[..stem.floor_char_boundary(room)].into()),
        None => path.into(),
    }
}

/// The longest name, in bytes, that gets a suffix unasked: it leaves room for the suffix of a part.
const ROOM: usize = 240;

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut stem = OsString::from(path.file_stem().unwrap_or_default());
    stem.push(suffix);
    with_stem(path, stem)
}

/// The path with another name and the same extension.
fn with_stem(path: &Path, stem: OsString) -> PathBuf {
    let mut name = stem;
    if let Some(extension) = path.extension() {
        name.push(".");
        name.push(extension);
    }
    path.with_file_name(name)
}

/// A name as a file system compares it for which case and the way of writing an accent do not count.
fn case_folded(name: &str) -> String {
    let upper: String = name.nfd().collect::<String>().to_uppercase();
    upper.to_lowercase().nfd().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_id_has_a_longer_file_name_than_the_longest_id() {
        let longest = file_name(&LONGEST_ID).len();
        assert_eq!((LONGEST_ID.len(), longest), (100, 101));
        for id in ["y".repeat(300), format!("con.{}", "y".repeat(300))] {
            assert!(file_name(&id).len() <= longest);
        }
    }

    /// Of two that check the same folder at the same moment, one would be refused for the other's trial file.
    #[test]
    fn no_two_processes_try_the_same_name() {
        assert_ne!(longest_id(), longest_id());
    }

    #[test]
    fn names_that_some_file_system_takes_for_one_are_folded_to_one() {
        for (one, other) in [
            ("A Fox.mp4", "a fox.mp4"),
            ("F\u{fc}chse", "fu\u{308}CHSE"),
            ("stra\u{df}e", "STRASSE"),
            ("\u{3c2}", "\u{3a3}"),
        ] {
            assert_eq!(case_folded(one), case_folded(other), "{one:?}");
        }
        assert_ne!(case_folded("a fox"), case_folded("a-fox"));
    }

    #[test]
    fn ids_are_plain_file_names() {
        for (id, name) in [
            ("d5u5obte8783ap44qtj0", "d5u5obte8783ap44qtj0"),
            ("../../x", "_.._x"),
            ("a\0b/c\\d", "a_b_c_d"),
            ("..", "video"),
        ] {
            assert_eq!(file_name(id), name, "{id:?}");
        }
        assert_eq!(file_name(&"x".repeat(300)).len(), 100);
    }
}
