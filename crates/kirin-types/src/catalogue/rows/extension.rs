//! The extension of a video.

use crate::catalogue::{
    Model, ModelKind, Resolution, Source,
    common::{
        CALLBACK_URL, CFG_SCALE, EXTERNAL_TASK_ID, NEGATIVE_PROMPT, PROMPT, UNKNOWN_TIME, VIDEO_ID,
        WATERMARK_INFO, frame_rate,
    },
};

pub(super) static DURATION_EXTENSION: Model = Model {
    id: "kirin_duration_extension",
    title: "Kirin - Duration Extension",
    kind: ModelKind::Extension,
    description: "Makes a video longer.",
    parameters: &[
        VIDEO_ID,
        PROMPT,
        NEGATIVE_PROMPT,
        CFG_SCALE,
        WATERMARK_INFO,
        CALLBACK_URL,
        EXTERNAL_TASK_ID,
    ],
    rules: &[],
    notes: &["The video that is extended has at most 3 minutes."],
    // The output has the size of its source, which a request does not say.
    resolutions: &[Resolution {
        mode: None,
        short_side: 720,
        source: Source::Choice,
    }],
    frame_rate: frame_rate(24, Source::Choice),
    typical_time: UNKNOWN_TIME,
    prices: &[],
};
