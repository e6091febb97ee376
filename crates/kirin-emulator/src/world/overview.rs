//! Tasks as someone sees them who only looks: no query of theirs is counted.

use std::time::Duration;

use kirin_types::Amount;
use serde::Serialize;

use super::{
    Outcome, World,
    redaction::{CHARACTERS, shorten},
    task::Task,
};

/// A task in the answer of `GET /_emulator/state`.
#[derive(Debug, Serialize)]
pub(crate) struct TaskOverview<'a> {
    id: &'a str,
    external_task_id: Option<&'a str>,
    model: &'static str,
    /// The word that a query would be answered with.
    status: &'static str,
    /// From 0 to 0.99, as long as the task is in progress.
    progress: Option<f64>,
    /// Why it failed, if it did.
    error_code: Option<&'a str>,
    /// Milliseconds from the start of the emulator, as all times here.
    created_ms: u64,
    ended_ms: Option<u64>,
    /// In USD, whether it is charged yet or not.
    price: Amount,
    /// The first 200 characters.
    prompt: String,
    /// Seconds of video.
    seconds: u32,
    width: u32,
    height: u32,
    /// The path of its video beside this endpoint, as long as the video can be downloaded. To
    /// look at it there is no download: it is neither counted nor logged, and met by no fault.
    video: Option<String>,
}

impl World {
    /// The latest tasks as they are now, the newest first; the ones that are due end before.
    pub(crate) fn overview(
        &mut self,
        elapsed: Duration,
        most: usize,
    ) -> impl Iterator<Item = TaskOverview<'_>> {
        self.settle(elapsed);
        let world = &*self;
        let latest = world.tasks.newest_first().take(most);
        latest.map(move |task| world.task_overview(task, elapsed))
    }

    fn task_overview<'a>(&self, task: &'a Task, elapsed: Duration) -> TaskOverview<'a> {
        let (width, height) = self.pixels(task);
        let percent = task.course.percent(elapsed);
        let end = task.course.end();
        let error_code = end.and_then(|end| match &end.outcome {
            Outcome::Completed => None,
            Outcome::Failed { code } => Some(code.as_ref()),
        });
        let has_video =
            end.is_some_and(|end| error_code.is_none() && !self.is_cleared(end, elapsed));
        TaskOverview {
            id: &task.id,
            external_task_id: task.external_task_id.as_ref().map(|id| id.as_str()),
            model: task.model.id,
            status: self.status_word(task, percent),
            progress: end.is_none().then(|| f64::from(percent) / 100.0),
            error_code,
            created_ms: milliseconds(task.course.created_after()),
            ended_ms: end.map(|end| milliseconds(end.after)),
            price: task.cost(),
            prompt: shorten(&task.prompt, CHARACTERS),
            seconds: task.seconds,
            width,
            height,
            video: has_video.then(|| format!("videos/{}.mp4", task.id)),
        }
    }
}

fn milliseconds(after: Duration) -> u64 {
    u64::try_from(after.as_millis()).unwrap_or(u64::MAX)
}
