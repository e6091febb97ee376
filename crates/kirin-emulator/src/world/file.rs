//! The URLs of videos: keyless and signed, as a storage service hands them out.

use std::time::Duration;

use http::Request;

use crate::{artifact::Artifact, video::VideoSpec};

use super::{Call, Outcome, Refusal, World, course::End, task::Task};

/// Where the videos are.
pub(super) const FOLDER: &str = "/artifacts/";

/// What the name of a watermarked copy ends with.
const WATERMARKED: &str = "-watermarked";

impl World {
    /// URL of a completed task's video, or of its watermarked copy.
    pub(super) fn file_url(&self, task: &Task, watermark: bool) -> String {
        let name = file_name(task, watermark);
        let signature = self.ids.signature(task.number);
        format!(
            "{}{FOLDER}{name}.mp4?signature={signature}",
            self.base_url()
        )
    }

    /// The video with this file name, for a caller who has its URL.
    pub(super) fn artifact(&self, call: &Call<'_>, name: &str) -> Result<Artifact, Refusal> {
        let (task, watermark) = self.available(call.elapsed(), name)?;
        let expected = self.ids.signature(task.number);
        let mut pairs = form_urlencoded::parse(call.query().as_bytes());
        if !pairs.any(|(name, value)| name == "signature" && value == expected) {
            return Err(Refusal::InvalidSignature);
        }
        let spec = self.video(task, watermark);
        let name = file_name(task, watermark);
        Ok(Artifact::new(name, spec, call.method(), call.headers()))
    }

    /// The same video for the emulator's own page. It needs no signature, and whoever looks at it is
    /// neither counted nor logged, and met by no fault.
    pub(crate) fn shown_video<T>(
        &mut self,
        elapsed: Duration,
        name: &str,
        head: &Request<T>,
    ) -> Option<Artifact> {
        self.settle(elapsed);
        let (task, watermark) = self.available(elapsed, name).ok()?;
        let (name, spec) = (file_name(task, watermark), self.video(task, watermark));
        Some(Artifact::new(name, spec, head.method(), head.headers()))
    }

    /// The task whose video has this file name, and whether the watermarked copy is meant.
    fn available(&self, elapsed: Duration, name: &str) -> Result<(&Task, bool), Refusal> {
        let no_such_file = || Refusal::NoSuchFile { name: name.into() };
        let (task, watermark) = self.named(name).ok_or_else(no_such_file)?;
        let end = task.course.end().ok_or_else(no_such_file)?;
        if end.outcome != Outcome::Completed {
            return Err(no_such_file());
        }
        match self.is_cleared(end, elapsed) {
            true => Err(Refusal::Cleared { name: name.into() }),
            false => Ok((task, watermark)),
        }
    }

    /// Whether the videos of a task that ended so are there no more.
    pub(super) fn is_cleared(&self, end: &End, elapsed: Duration) -> bool {
        elapsed >= end.after.saturating_add(self.config.video_lifetime)
    }

    /// Width and height of a task's videos, at the size that this emulator makes.
    pub(super) fn pixels(&self, task: &Task) -> (u32, u32) {
        self.config.video_size.pixels(task.pixels())
    }

    fn named(&self, name: &str) -> Option<(&Task, bool)> {
        let name = name.strip_suffix(".mp4")?;
        let (id, watermark) = match name.strip_suffix(WATERMARKED) {
            Some(id) => (id, true),
            None => (name, false),
        };
        let task = self.tasks.find_own(id)?;
        let exists = !watermark || task.watermark;
        exists.then_some((task, watermark))
    }

    fn video(&self, task: &Task, watermark: bool) -> VideoSpec {
        let (width, height) = self.pixels(task);
        VideoSpec {
            width,
            height,
            seconds: task.seconds,
            frames_per_second: task.model.frame_rate.frames_per_second,
            prompt: task.prompt.clone(),
            seed: self.ids.video_seed(task.number),
            watermark,
        }
    }
}

fn file_name(task: &Task, watermark: bool) -> String {
    let ending = if watermark { WATERMARKED } else { "" };
    format!("{}{ending}", task.id)
}
