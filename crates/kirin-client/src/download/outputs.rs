//! What there is to download of a task.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use kirin_types::{Content, ContentType, Task, TaskState};

/// One output of a task, or its watermarked copy.
#[derive(Clone)]
pub(super) struct Output {
    pub(super) url: String,
    /// Its place in the task's answer, counted from 0. Those without a URL count, so that one that
    /// loses its URL does not make another one of the next.
    pub(super) number: usize,
    pub(super) is_watermarked: bool,
    pub(super) is_video: bool,
}

impl Output {
    /// All that a task has, in the order of its answer, each followed by its watermarked copy.
    pub(super) fn all(task: &Task) -> Vec<Self> {
        let (TaskState::Completed { output, .. } | TaskState::OtherEnd { output, .. }) =
            task.state()
        else {
            return Vec::new();
        };
        // A text is no output to download, unless it has a URL.
        let is_media = |content: &&Content| {
            content.url.is_some() || !matches!(content.content_type, ContentType::Other(_))
        };
        let numbered = output.iter().filter(is_media).enumerate();
        numbered
            .filter(|(_, content)| content.url.is_some())
            .flat_map(|(number, content)| Self::of(number, content))
            .collect()
    }

    fn of(number: usize, content: &Content) -> impl Iterator<Item = Self> {
        let is_video = !matches!(
            content.content_type,
            ContentType::Audio | ContentType::Image
        );
        let urls = [
            (content.url.clone(), false),
            (content.watermark_url.clone(), true),
        ];
        urls.into_iter().filter_map(move |(url, is_watermarked)| {
            url.map(|url| Self {
                url,
                number,
                is_watermarked,
                is_video,
            })
        })
    }

    /// Whether this is the same output, at whatever URL.
    pub(super) fn is(&self, number: usize, is_watermarked: bool) -> bool {
        self.number == number && self.is_watermarked == is_watermarked
    }

    /// What is added to the name of the file.
    pub(super) fn suffix(&self) -> String {
        let number = match self.number {
            0 => String::new(),
            number => format!("-{}", number + 1),
        };
        match self.is_watermarked {
            true => number + "-watermarked",
            false => number,
        }
    }

    /// The file of this output, where the first one goes to `path`.
    pub(super) fn path(&self, path: &Path) -> PathBuf {
        let suffix = self.suffix();
        if suffix.is_empty() {
            return path.into();
        }
        let mut name = OsString::from(path.file_stem().unwrap_or_default());
        name.push(suffix);
        if let Some(extension) = path.extension() {
            name.push(".");
            name.push(extension);
        }
        path.with_file_name(name)
    }
}
