//! Kirin V2 and V2.1 Master: models without modes.

use crate::catalogue::{
    Model, ModelKind, Source,
    common::{
        ASPECT_RATIO, CALLBACK_URL, DURATION, DURATION_WITHOUT_DEFAULT, EXTERNAL_TASK_ID, IMAGE,
        NEGATIVE_PROMPT, PROMPT, REQUIRED_PROMPT, UNKNOWN_TIME, WATERMARK_INFO, always, frame_rate,
    },
};

pub(super) static MASTER_TEXT_TO_VIDEO: Model = Model {
    id: "kirin_v2_master_t2v",
    title: "Kirin V2 Master - Text to Video",
    kind: ModelKind::TextToVideo,
    description: "Generates a video of 5 or 10 seconds from a prompt.",
    parameters: &[
        REQUIRED_PROMPT,
        NEGATIVE_PROMPT,
        ASPECT_RATIO,
        DURATION_WITHOUT_DEFAULT,
        WATERMARK_INFO,
        CALLBACK_URL,
        EXTERNAL_TASK_ID,
    ],
    rules: &[],
    notes: &[],
    resolutions: &always(720),
    frame_rate: frame_rate(24, Source::Documented),
    typical_time: UNKNOWN_TIME,
    prices: &[],
};

pub(super) static MASTER_IMAGE_TO_VIDEO: Model = Model {
    id: "kirin_v2_master_i2v",
    title: "Kirin V2 Master - Image to Video",
    kind: ModelKind::ImageToVideo,
    description: "Generates a video of 5 or 10 seconds from a picture.",
    parameters: &[
        IMAGE,
        PROMPT,
        NEGATIVE_PROMPT,
        DURATION,
        WATERMARK_INFO,
        CALLBACK_URL,
        EXTERNAL_TASK_ID,
    ],
    rules: &[],
    notes: &[],
    resolutions: &always(720),
    frame_rate: frame_rate(24, Source::Documented),
    typical_time: UNKNOWN_TIME,
    prices: &[],
};

pub(super) static V2_1_MASTER_TEXT_TO_VIDEO: Model = Model {
    id: "kirin_v2_1_master_t2v",
    title: "Kirin V2.1 Master - Text to Video",
    kind: ModelKind::TextToVideo,
    description: "Generates a 1080p video of 5 or 10 seconds from a prompt.",
    parameters: &[
        REQUIRED_PROMPT,
        ASPECT_RATIO,
        DURATION_WITHOUT_DEFAULT,
        WATERMARK_INFO,
        CALLBACK_URL,
        EXTERNAL_TASK_ID,
    ],
    rules: &[],
    notes: &[],
    resolutions: &always(1080),
    frame_rate: frame_rate(24, Source::Documented),
    typical_time: UNKNOWN_TIME,
    prices: &[],
};

pub(super) static V2_1_MASTER_IMAGE_TO_VIDEO: Model = Model {
    id: "kirin_v2_1_master_i2v",
    title: "Kirin V2.1 Master - Image to Video",
    kind: ModelKind::ImageToVideo,
    description: "Generates a 1080p video of 5 or 10 seconds from a picture.",
    parameters: &[
        IMAGE,
        PROMPT,
        DURATION,
        WATERMARK_INFO,
        CALLBACK_URL,
        EXTERNAL_TASK_ID,
    ],
    rules: &[],
    notes: &[],
    resolutions: &always(1080),
    frame_rate: frame_rate(24, Source::Documented),
    typical_time: UNKNOWN_TIME,
    prices: &[],
};
