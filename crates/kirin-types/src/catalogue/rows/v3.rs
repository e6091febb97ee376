//! Kirin V3: several shots in one video.

use crate::catalogue::{
    Condition, Model, ModelKind, Parameter, ParameterKind, Rule, Source,
    common::{
        CALLBACK_URL, DURATION, EXTERNAL_TASK_ID, MODE_WITHOUT_DEFAULT, NEGATIVE_PROMPT,
        PROMPT_FROM_1, SOUND, UNKNOWN_TIME, WATERMARK_INFO, by_mode, documented, frame_rate,
        required,
    },
};

const ONE_SHOT: Condition = Condition::Is("multi_shot", "false");
const SEVERAL_SHOTS: Condition = Condition::Is("multi_shot", "true");

pub(super) static TEXT_TO_VIDEO: Model = Model {
    id: "kirin_v3_t2v",
    title: "Kirin V3 - Text to Video",
    kind: ModelKind::TextToVideo,
    description: "Generates a video of 3 to 15 seconds from one prompt, or from one for each shot.",
    parameters: &[
        MULTI_SHOT,
        SHOT_TYPE,
        // An empty prompt would be none, and one shot requires one.
        PROMPT_FROM_1,
        MULTI_PROMPT,
        NEGATIVE_PROMPT,
        SOUND,
        MODE_WITHOUT_DEFAULT,
        TOTAL_DURATION,
        WATERMARK_INFO,
        CALLBACK_URL,
        EXTERNAL_TASK_ID,
    ],
    rules: &[
        Rule::Implies {
            when: &[SEVERAL_SHOTS],
            then: &[Condition::Present("shot_type")],
        },
        Rule::Implies {
            when: &[ONE_SHOT],
            then: &[Condition::Present("prompt")],
        },
        Rule::Implies {
            when: &[SEVERAL_SHOTS],
            then: &[Condition::Absent("prompt")],
        },
        Rule::Implies {
            when: &[SEVERAL_SHOTS, Condition::Is("shot_type", "customize")],
            then: &[Condition::Present("multi_prompt")],
        },
        Rule::Implies {
            when: &[ONE_SHOT],
            then: &[
                Condition::Absent("shot_type"),
                Condition::Absent("multi_prompt"),
            ],
        },
        Rule::SumsTo {
            list: "multi_prompt",
            item: "duration",
            total: "duration",
        },
    ],
    notes: &[],
    resolutions: &by_mode(Source::Choice),
    frame_rate: frame_rate(24, Source::Choice),
    typical_time: UNKNOWN_TIME,
    prices: &[],
};

const MULTI_SHOT: Parameter = documented(
    "multi_shot",
    ParameterKind::Boolean {
        default: Some(false),
    },
    "Whether the video has several shots.",
);

const SHOT_TYPE: Parameter = documented(
    "shot_type",
    ParameterKind::Choice {
        options: &["customize"],
        default: None,
    },
    "How the shots are described.",
);

const MULTI_PROMPT: Parameter = documented(
    "multi_prompt",
    ParameterKind::List {
        fields: &[
            shot_field(
                "index",
                ParameterKind::Integer {
                    min: 0,
                    max: i32::MAX as i64,
                },
                "Place of the shot.",
            ),
            required(documented(
                "prompt",
                ParameterKind::Text { min: 1, max: 512 },
                "What the shot shows.",
            )),
            shot_field(
                "duration",
                ParameterKind::Seconds {
                    min: 1,
                    max: 15,
                    default: None,
                },
                "Duration of the shot in seconds.",
            ),
        ],
        min: 1,
        max: 6,
    },
    "The shots, in order.",
);

/// A field that the page names without bounds.
const fn shot_field(
    name: &'static str,
    kind: ParameterKind,
    description: &'static str,
) -> Parameter {
    Parameter {
        source: Source::Choice,
        ..required(documented(name, kind, description))
    }
}

const TOTAL_DURATION: Parameter = Parameter {
    kind: ParameterKind::Seconds {
        min: 3,
        max: 15,
        default: Some("5"),
    },
    source: Source::Kling,
    ..DURATION
};
