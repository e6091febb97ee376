//! A task of the world, and how far it is.

use std::time::Duration;

use kirin_types::{GenerationRequest, OutputSize, Price};

/// A task that was created. It never changes: how far it is follows from the elapsed time.
#[derive(Debug)]
pub(super) struct Task {
    pub(super) id: String,
    /// Counted from 0 in the order of creation.
    pub(super) number: u64,
    /// When it was created, after the start of the world.
    pub(super) created_after: Duration,
    pub(super) request: GenerationRequest,
}

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

    /// Frame size of its videos, as documented.
    pub(super) fn output_size(&self) -> &'static OutputSize {
        let (mode, aspect_ratio) = (self.request.mode(), self.request.aspect_ratio());
        // A test below asks the catalogue for every combination.
        self.request
            .model()
            .output_size(mode, aspect_ratio)
            .expect("the catalogue has every size")
    }

    /// What it costs.
    pub(super) fn price(&self) -> &'static Price {
        let (mode, duration) = (self.request.mode(), self.request.duration());
        // A test below asks the catalogue for every combination.
        self.request
            .model()
            .price(mode, duration)
            .expect("the catalogue has every price")
    }
}

#[cfg(test)]
mod tests {
    use kirin_types::{AspectRatio, MODELS, Mode, VideoDuration};

    use super::*;

    #[test]
    fn the_catalogue_has_every_size_and_price() {
        for model in MODELS {
            for mode in Mode::ALL {
                for aspect_ratio in AspectRatio::ALL {
                    assert!(model.output_size(*mode, *aspect_ratio).is_some());
                }
                for duration in VideoDuration::ALL {
                    assert!(model.price(*mode, *duration).is_some());
                }
            }
        }
    }

    #[test]
    fn progress_follows_the_elapsed_time() {
        let check = |elapsed_milliseconds, task_milliseconds, expected| {
            let task = Task {
                id: "a".into(),
                number: 0,
                created_after: Duration::from_millis(1000),
                request: GenerationRequest::builder("a fox").build().unwrap(),
            };
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
