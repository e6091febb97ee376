//! Kirin V2.5 Turbo: the reference model and its sibling for pictures.

use core::time::Duration;

use crate::{
    Mode,
    catalogue::{
        Condition, Model, ModelKind, Price, Rule, Source, TypicalTime,
        common::{
            ASPECT_RATIO, CALLBACK_URL, DURATION, EXTERNAL_TASK_ID, IMAGE, IMAGE_TAIL, MODE,
            NEGATIVE_PROMPT, PROMPT, REQUIRED_PROMPT, WATERMARK_INFO, by_mode, frame_rate,
        },
    },
};

/// The reference model: text to video, 720p or 1080p, silent.
pub static KIRIN_V2_5_TURBO_T2V: Model = Model {
    id: "kirin_v2_5_turbo_t2v",
    title: "Kirin V2.5 Turbo - Text to Video",
    kind: ModelKind::TextToVideo,
    description: "Generates a silent video of 5 or 10 seconds from a prompt.",
    parameters: &[
        REQUIRED_PROMPT,
        DURATION,
        ASPECT_RATIO,
        MODE,
        NEGATIVE_PROMPT,
        WATERMARK_INFO,
        CALLBACK_URL,
        EXTERNAL_TASK_ID,
    ],
    rules: &[],
    notes: &[],
    resolutions: &by_mode(Source::Documented),
    frame_rate: frame_rate(24, Source::Documented),
    // Third parties: 30 to 45 s for 5 s of video, 45 to 60 s for 10 s; a documented sample 56 s.
    typical_time: TypicalTime {
        duration: Duration::from_secs(45),
        source: Source::Inferred,
    },
    prices: &[
        kling_price(Mode::Std, 5, "0.21"),
        kling_price(Mode::Std, 10, "0.42"),
        kling_price(Mode::Pro, 5, "0.35"),
        kling_price(Mode::Pro, 10, "0.70"),
    ],
};

pub(super) static IMAGE_TO_VIDEO: Model = Model {
    id: "kirin_v2_5_turbo_i2v",
    title: "Kirin V2.5 Turbo - Image to Video",
    kind: ModelKind::ImageToVideo,
    description: "Generates a silent video of 5 or 10 seconds from a picture, or between two.",
    parameters: &[
        IMAGE,
        PROMPT,
        NEGATIVE_PROMPT,
        DURATION,
        MODE,
        IMAGE_TAIL,
        WATERMARK_INFO,
        CALLBACK_URL,
        EXTERNAL_TASK_ID,
    ],
    rules: &[
        Rule::Implies {
            when: &[Condition::Present("image_tail")],
            then: &[Condition::Present("image")],
        },
        Rule::Implies {
            when: &[
                Condition::Present("image"),
                Condition::Present("image_tail"),
            ],
            then: &[Condition::Is("mode", "pro")],
        },
    ],
    notes: &[],
    resolutions: &by_mode(Source::Documented),
    frame_rate: frame_rate(24, Source::Documented),
    typical_time: TypicalTime {
        duration: Duration::from_secs(45),
        source: Source::Inferred,
    },
    prices: &[],
};

const fn kling_price(mode: Mode, seconds: u32, usd: &'static str) -> Price {
    Price {
        mode,
        seconds,
        usd,
        source: Source::Kling,
        read: "2026-11",
    }
}
