//! A task of the world.

use kirin_types::{Amount, AspectRatio, ExternalTaskId, GenerationRequest, Mode, Model};

use super::{course::Course, ids::TaskId};

/// A task that was created. Nothing of it changes but its course.
///
/// It keeps of its request what its answers and videos need, and no more: a picture has up to
/// 10 MB, and a world keeps its tasks for as long as it lives.
#[derive(Debug)]
pub(super) struct Task {
    pub(super) id: TaskId,
    /// Counted from 0 in the order of creation.
    pub(super) number: u64,
    /// Id of the request that created it.
    pub(super) request_id: String,
    /// Whether a proxy created it, with a request that it had sent before.
    pub(super) is_of_proxy: bool,
    /// How far it is.
    pub(super) course: Course,
    pub(super) model: &'static Model,
    pub(super) external_task_id: Option<ExternalTaskId>,
    /// Whom to tell when its status changes.
    pub(super) callback_url: Option<Box<str>>,
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

impl Task {
    pub(super) fn new(
        id: TaskId,
        number: u64,
        course: Course,
        request: &GenerationRequest,
    ) -> Self {
        Self {
            id,
            number,
            request_id: String::new(),
            is_of_proxy: false,
            course,
            // A create is checked against a row of the catalogue, or refused.
            model: request.model().expect("the catalogue has the model"),
            external_task_id: request.external_task_id().cloned(),
            callback_url: request.callback_url().map(Into::into),
            prompt: prompt(request),
            watermark: request.watermark() == Some(true),
            seconds: request.seconds().unwrap_or(SECONDS),
            // Where no default is documented, the cheaper mode is taken.
            mode: request.mode().unwrap_or(Mode::Std),
            aspect_ratio: request.aspect_ratio(),
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
    pub(super) fn cost(&self) -> Amount {
        if let Some(price) = self.model.price(self.mode, self.seconds) {
            return price.amount();
        }
        let cents = CENTS_PER_SECOND * self.seconds;
        let usd = format!("{}.{:02}", cents / 100, cents % 100);
        // It is digits and a point.
        usd.parse().expect("a decimal number")
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
    use std::time::Duration;

    use kirin_types::{GenerationRequestBuilder, MODELS};
    use serde_json::json;

    use super::*;
    use crate::{Lifecycle, world::ids::Ids};

    fn task(request: Result<GenerationRequest, kirin_types::InvalidRequest>) -> Task {
        let course = Course::new(&Lifecycle::default(), Duration::ZERO, Duration::ZERO, 0);
        Task::new(Ids::new(0).task(0), 0, course, &request.unwrap())
    }

    fn cost(request: GenerationRequestBuilder) -> String {
        task(request.build()).cost().to_string()
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
                assert_eq!(cost(request), price.usd);
                known += 1;
            }
        }
        assert!(known >= 4, "{known}");
    }

    #[test]
    fn unknown_prices_are_play_money() {
        let request = GenerationRequest::for_model("kirin_v1_t2v").parameter("prompt", "a fox");
        assert_eq!(cost(request.clone()), "0.25");
        let request = request.parameter("duration", "10");
        assert_eq!(cost(request), "0.50");
        let request = GenerationRequest::for_model("kirin_v3_t2v").parameter("prompt", "a fox");
        let request = request.parameter("duration", "15");
        assert_eq!(cost(request), "0.75");
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
}
