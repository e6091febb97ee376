//! Kirin V1.6.

use crate::catalogue::{
    Condition, Model, ModelKind, Parameter, ParameterKind, Rule, Source,
    common::{
        ASPECT_RATIO, CALLBACK_URL, CFG_SCALE_WITHOUT_DEFAULT, DURATION, EXTERNAL_TASK_ID, IMAGE,
        IMAGE_TAIL, MODE, MODE_WITHOUT_DEFAULT, NEGATIVE_PROMPT, PROMPT, PROMPT_FROM_1,
        UNKNOWN_TIME, WATERMARK_INFO, by_mode, frame_rate,
    },
};

pub(super) static TEXT_TO_VIDEO: Model = Model {
    id: "kirin_v1_6_t2v",
    title: "Kirin V1.6 - Text to Video",
    kind: ModelKind::TextToVideo,
    description: "Generates a video of 5 or 10 seconds from a prompt.",
    parameters: &[
        PROMPT,
        NEGATIVE_PROMPT,
        CFG_SCALE_WITHOUT_DEFAULT,
        MODE,
        ASPECT_RATIO,
        // The one model whose page types the duration as a number.
        Parameter {
            kind: ParameterKind::NumberChoice {
                options: &[5, 10],
                default: Some(5),
            },
            ..DURATION
        },
        WATERMARK_INFO,
        CALLBACK_URL,
        EXTERNAL_TASK_ID,
    ],
    rules: &[],
    notes: &[],
    resolutions: &by_mode(Source::Documented),
    frame_rate: frame_rate(24, Source::Documented),
    typical_time: UNKNOWN_TIME,
    prices: &[],
};

pub(super) static IMAGE_TO_VIDEO: Model = Model {
    id: "kirin_v1_6_i2v",
    title: "Kirin V1.6 - Image to Video",
    kind: ModelKind::ImageToVideo,
    description: "Generates a video from a picture, or between two.",
    parameters: &[
        IMAGE,
        IMAGE_TAIL,
        PROMPT_FROM_1,
        MODE_WITHOUT_DEFAULT,
        WATERMARK_INFO,
        CALLBACK_URL,
        EXTERNAL_TASK_ID,
    ],
    rules: &[Rule::Implies {
        when: &[Condition::Present("image_tail")],
        then: &[Condition::Is("mode", "pro")],
    }],
    notes: &[],
    resolutions: &by_mode(Source::Documented),
    frame_rate: frame_rate(30, Source::Documented),
    typical_time: UNKNOWN_TIME,
    prices: &[],
};
