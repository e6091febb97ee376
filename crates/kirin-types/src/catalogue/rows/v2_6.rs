//! Kirin V2.6: with sound.

use crate::catalogue::{
    Condition, Model, ModelKind, Rule, Source,
    common::{
        ASPECT_RATIO, CALLBACK_URL, DURATION, DURATION_WITHOUT_DEFAULT, EXTERNAL_TASK_ID, IMAGE,
        IMAGE_TAIL, MODE, MODE_WITHOUT_DEFAULT, NEGATIVE_PROMPT, PROMPT, REQUIRED_PROMPT, SOUND,
        SOUND_WITHOUT_DEFAULT, UNKNOWN_TIME, WATERMARK_INFO, by_mode, frame_rate,
    },
};

const SOUND_ONLY_WITH_PRO: Rule = Rule::Implies {
    when: &[Condition::Is("sound", "on")],
    then: &[Condition::Is("mode", "pro")],
};

pub(super) static TEXT_TO_VIDEO: Model = Model {
    id: "kirin_v2_6_t2v",
    title: "Kirin V2.6 - Text to Video",
    kind: ModelKind::TextToVideo,
    description: "Generates a video of 5 or 10 seconds from a prompt, with sound if asked.",
    parameters: &[
        REQUIRED_PROMPT,
        NEGATIVE_PROMPT,
        SOUND,
        MODE,
        ASPECT_RATIO,
        DURATION,
        WATERMARK_INFO,
        CALLBACK_URL,
        EXTERNAL_TASK_ID,
    ],
    rules: &[SOUND_ONLY_WITH_PRO],
    notes: &[],
    resolutions: &by_mode(Source::Choice),
    frame_rate: frame_rate(24, Source::Choice),
    typical_time: UNKNOWN_TIME,
    prices: &[],
};

pub(super) static IMAGE_TO_VIDEO: Model = Model {
    id: "kirin_v2_6_i2v",
    title: "Kirin V2.6 - Image to Video",
    kind: ModelKind::ImageToVideo,
    description: "Generates a video from a picture or between two, with sound if asked.",
    parameters: &[
        IMAGE,
        IMAGE_TAIL,
        PROMPT,
        NEGATIVE_PROMPT,
        SOUND_WITHOUT_DEFAULT,
        MODE_WITHOUT_DEFAULT,
        DURATION_WITHOUT_DEFAULT,
        WATERMARK_INFO,
        CALLBACK_URL,
        EXTERNAL_TASK_ID,
    ],
    rules: &[
        SOUND_ONLY_WITH_PRO,
        Rule::Implies {
            when: &[
                Condition::Present("image"),
                Condition::Present("image_tail"),
            ],
            then: &[Condition::Is("mode", "pro")],
        },
        Rule::Implies {
            when: &[
                Condition::Present("image"),
                Condition::Present("image_tail"),
                Condition::Present("sound"),
            ],
            then: &[Condition::Is("sound", "off")],
        },
    ],
    notes: &[],
    resolutions: &by_mode(Source::Choice),
    frame_rate: frame_rate(24, Source::Choice),
    typical_time: UNKNOWN_TIME,
    prices: &[],
};
