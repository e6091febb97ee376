//! Where the video goes, settled before anything is paid for.

use std::{
    collections::HashSet,
    ffi::{OsStr, OsString},
    fs,
    path::{Path, PathBuf},
};

use kirin_client::{Download, DownloadError, file_name};

use kirin_types::GenerationRequest;

use crate::{
    arguments::File,
    failure::Failure,
    name_template::{NameTemplate, TASK_ID},
    session::absolute,
};

/// The file to write: `--output`, the task's name in a folder, or in the current one.
pub(crate) fn path(file: &File, id: &str) -> PathBuf {
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

/// Whether the output of an earlier run is the same file.
pub(crate) fn is_same(file: &File, earlier: Option<PathBuf>, id: &str) -> bool {
    let earlier = File {
        output: earlier,
        force: false,
    };
    earlier.output.is_some() && absolute(&path(&earlier, id)) == absolute(&path(file, id))
}

/// Where the video of a request goes: with a template `--output` is its folder, and is made.
pub(crate) fn named(
    file: &File,
    template: Option<&NameTemplate>,
    request: &GenerationRequest,
) -> Result<File, Failure> {
    let Some(template) = template else {
        return Ok(file.clone());
    };
    let folder = file.output.clone().unwrap_or_else(|| PathBuf::from("."));
    fs::create_dir_all(&folder).map_err(|error| Failure::folder(&folder, &error))?;
    Ok(File {
        output: Some(folder.join(format!("{}.mp4", template.name(request, 1)))),
        force: file.force,
    })
}

/// Where the video of each request goes in a folder, which is made.
pub(crate) fn in_folder<'a>(
    folder: &Path,
    template: Option<&NameTemplate>,
    requests: impl IntoIterator<Item = &'a GenerationRequest>,
) -> Result<Vec<File>, Failure> {
    fs::create_dir_all(folder).map_err(|error| Failure::folder(folder, &error))?;
    let mut outputs = Vec::new();
    let mut names = HashSet::new();
    for (place, request) in requests.into_iter().enumerate() {
        let Some(template) = template else {
            outputs.push(folder.to_owned());
            continue;
        };
        let name = format!("{}.mp4", template.name(request, place + 1));
        outputs.push(folder.join(&name));
        if !names.insert(name.clone()) && !name.contains(TASK_ID) {
            return Err(Failure::usage(
                format!("--name-template gives two videos the name {name}"),
                "Add {number} or {task_id} to it.",
            ));
        }
    }
    let files = outputs.into_iter().map(|output| File {
        output: Some(output),
        force: false,
    });
    Ok(files.collect())
}

/// Finds out whether the video can be written, and its watermarked copy if there will be one,
/// under a name that stands for the task's.
pub(crate) fn check(file: &File, name: &str, watermark: bool) -> Result<(), DownloadError> {
    let path = path(file, name);
    if watermark {
        Download::check(watermarked(&path), file.force)?;
    }
    Download::check(path, file.force)
}

/// Where the download writes the watermarked copy.
fn watermarked(path: &Path) -> PathBuf {
    let mut name = OsString::from(path.file_stem().unwrap_or_default());
    name.push("-watermarked");
    if let Some(extension) = path.extension() {
        name.push(".");
        name.push(extension);
    }
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

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
