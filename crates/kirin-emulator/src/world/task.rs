//! A task of the world, and how far it is.

use std::time::Duration;

use kirin_types::{AspectRatio, ExternalTaskId, GenerationRequest, Mode, Model};

/// A task that was created. It never changes: how far it is follows from the elapsed time.
///
/// It keeps of its request what its answers and videos need, and no more: a picture has up to
/// 10 MB, and a world keeps its tasks for as long as it lives.
#[derive(Debug)]
pub(super) struct Task {
    pub(super) id: String,
    /// Counted from 0 in the order of creation.
    pub(super) number: u64,
    /// When it was created, after the start of the world.
    pub(super) created_after: Duration,
    pub(super) model: &'static Model,
    pub(super) external_task_id: Option<ExternalTaskId>,
    /// What its videos show: the prompt, or that of each shot, or nothing.
    pub(super) prompt: String,
    /// Whether there is a watermarked copy.
    pub(super) watermark: bool,
    /// Length of its videos in seconds.
    pub(super) seconds: u32,
    mode: Mode,
    aspect_ratio: Option<AspectRatio>,
}

/// Length of a video whose request does not say one: some pages have no duration or no default
/// for it, and an extension adds about as much at Kling.
const SECONDS: u32 = 5;

/// Play money for a second of video of a model without a known price.
const CENTS_PER_SECOND: u32 = 5;

/// How far a task is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Stage {
    Ended,
    /// From 0.00 to 0.99.
    InProgress {
        progress: f64,
    },
}

impl Task {
    pub(super) fn new(
        id: String,
        number: u64,
        created_after: Duration,
        request: &GenerationRequest,
    ) -> Self {
        Self {
            id,
            number,
            created_after,
            // A create is checked against a row of the catalogue, or refused.
            model: request.model().expect("the catalogue has the model"),
            external_task_id: request.external_task_id().cloned(),
            prompt: prompt(request),
            watermark: request.watermark() == Some(true),
            seconds: request.seconds().unwrap_or(SECONDS),
            // Where no default is documented, the cheaper mode is taken.
            mode: request.mode().unwrap_or(Mode::Std),
            aspect_ratio: request.aspect_ratio(),
        }
    }

    /// How far it is after `elapsed`, if every task takes `task_time`.
    pub(super) fn stage(&self, elapsed: Duration, task_time: Duration) -> Stage {
        let age = elapsed.saturating_sub(self.created_after);
        if age >= task_time {
            return Stage::Ended;
        }
        // Whole hundredths, because a shorter time and a longer one are both exact in them.
        let hundredths = age.as_nanos() * 100 / task_time.as_nanos();
        Stage::InProgress {
            progress: hundredths as f64 / 100.0,
        }
    }

    /// Width and height of its videos, as the catalogue says.
    pub(super) fn pixels(&self) -> (u32, u32) {
        // A test below asks the catalogue for every combination.
        let size = self
            .model
            .output_size(Some(self.mode), self.aspect_ratio)
            .expect("the catalogue has every size");
        (size.width, size.height)
    }

    /// What it costs in USD: the list price, or where none is known, this emulator's own.
    pub(super) fn cost(&self) -> String {
        match self.model.price(self.mode, self.seconds) {
            Some(price) => price.usd.into(),
            None => {
                let cents = CENTS_PER_SECOND * self.seconds;
                format!("{}.{:02}", cents / 100, cents % 100)
            }
        }
    }
}

/// What the video of a request shows.
fn prompt(request: &GenerationRequest) -> String {
    let shots = || {
        let shots = request.parameter("multi_prompt")?.as_array()?;
        let prompts = shots.iter().filter_map(|shot| shot.get("prompt")?.as_str());
        Some(prompts.collect::<Vec<_>>().join(" / "))
    };
    match request.prompt() {
        Some(prompt) => prompt.into(),
        None => shots().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use kirin_types::MODELS;
    use serde_json::json;

    use super::*;

    fn task(request: Result<GenerationRequest, kirin_types::InvalidRequest>) -> Task {
        Task::new(
            "a".into(),
            0,
            Duration::from_millis(1000),
            &request.unwrap(),
        )
    }

    #[test]
    fn the_catalogue_has_every_size() {
        for model in MODELS {
            for mode in Mode::ALL {
                for aspect_ratio in AspectRatio::ALL {
                    let size = model.output_size(Some(*mode), Some(*aspect_ratio));
                    assert!(size.is_some(), "{} {mode} {aspect_ratio}", model.id);
                }
                assert!(model.output_size(Some(*mode), None).is_some());
            }
        }
    }

    #[test]
    fn every_known_price_is_charged() {
        let mut known = 0;
        for model in MODELS {
            for price in model.prices {
                let request = GenerationRequest::for_model(model.id)
                    .parameter("prompt", "a fox")
                    .parameter("duration", price.seconds.to_string())
                    .mode(price.mode);
                assert_eq!(task(request.build()).cost(), price.usd);
                known += 1;
            }
        }
        assert!(known >= 4, "{known}");
    }

    #[test]
    fn unknown_prices_are_play_money() {
        let request = GenerationRequest::for_model("kirin_v1_t2v").parameter("prompt", "a fox");
        assert_eq!(task(request.clone().build()).cost(), "0.25");
        let request = request.parameter("duration", "10");
        assert_eq!(task(request.build()).cost(), "0.50");
        let request = GenerationRequest::for_model("kirin_v3_t2v").parameter("prompt", "a fox");
        let request = request.parameter("duration", "15");
        assert_eq!(task(request.build()).cost(), "0.75");
    }

    #[test]
    fn a_video_shows_every_shot() {
        let request = GenerationRequest::for_model("kirin_v3_t2v")
            .parameter("multi_shot", true)
            .parameter("shot_type", "customize")
            .parameter(
                "multi_prompt",
                json!([
                    { "index": 1, "prompt": "a fox", "duration": "2" },
                    { "index": 2, "prompt": "a crow", "duration": "3" },
                ]),
            );
        assert_eq!(task(request.build()).prompt, "a fox / a crow");
        let request = GenerationRequest::for_model("kirin_duration_extension");
        let request = request.parameter("video_id", "a");
        assert_eq!(task(request.build()).prompt, "");
    }

    #[test]
    fn progress_follows_the_elapsed_time() {
        let check = |elapsed_milliseconds, task_milliseconds, expected| {
            let task = task(GenerationRequest::builder("a fox").build());
            let elapsed = Duration::from_millis(elapsed_milliseconds);
            let stage = task.stage(elapsed, Duration::from_millis(task_milliseconds));
            assert_eq!(stage, expected, "{elapsed:?} of {task_milliseconds}");
        };
        let progress = |progress| Stage::InProgress { progress };
        check(1000, 3000, progress(0.0));
        check(1029, 3000, progress(0.0));
        check(1030, 3000, progress(0.01));
        check(2500, 3000, progress(0.5));
        check(3999, 3000, progress(0.99));
        check(4000, 3000, Stage::Ended);
        check(u64::MAX, 3000, Stage::Ended);
        check(1000, 0, Stage::Ended);
        // A query that overtook the create on its way to the world.
        check(999, 3000, progress(0.0));
    }
}
