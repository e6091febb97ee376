//! Kirin V1.

use crate::catalogue::{
    Condition, Model, ModelKind, Parameter, ParameterKind, Rule, Source,
    common::{
        ASPECT_RATIO, CALLBACK_URL, CFG_SCALE, DURATION, EXTERNAL_TASK_ID, IMAGE, IMAGE_TAIL, MODE,
        MODE_WITHOUT_DEFAULT, NEGATIVE_PROMPT, PROMPT_FROM_1, REQUIRED_PROMPT, UNKNOWN_TIME,
        WATERMARK_INFO, always, documented, frame_rate, required,
    },
};

pub(super) static TEXT_TO_VIDEO: Model = Model {
    id: "kirin_v1_t2v",
    title: "Kirin V1 - Text to Video",
    kind: ModelKind::TextToVideo,
    description: "Generates a video of 5 or 10 seconds from a prompt, with a moving camera.",
    parameters: &[
        REQUIRED_PROMPT,
        DURATION,
        ASPECT_RATIO,
        NEGATIVE_PROMPT,
        CFG_SCALE,
        MODE,
        CAMERA_CONTROL,
        WATERMARK_INFO,
        CALLBACK_URL,
        EXTERNAL_TASK_ID,
    ],
    rules: &[
        Rule::Implies {
            when: &[Condition::Present("camera_control")],
            then: &[Condition::Is("mode", "std"), Condition::Is("duration", "5")],
        },
        Rule::Implies {
            when: &[Condition::Present("camera_control.config")],
            then: &[Condition::Is("camera_control.type", "simple")],
        },
        Rule::ExactlyOneNonZero {
            object: "camera_control.config",
        },
    ],
    notes: &[],
    resolutions: &always(720),
    frame_rate: frame_rate(30, Source::Documented),
    typical_time: UNKNOWN_TIME,
    prices: &[],
};

pub(super) static IMAGE_TO_VIDEO: Model = Model {
    id: "kirin_v1_i2v",
    title: "Kirin V1 - Image to Video",
    kind: ModelKind::ImageToVideo,
    description: "Generates a video from a picture, or between two.",
    parameters: &[
        IMAGE,
        Parameter {
            kind: ParameterKind::Image {
                bounded_ratio: false,
            },
            ..IMAGE_TAIL
        },
        PROMPT_FROM_1,
        MODE_WITHOUT_DEFAULT,
        WATERMARK_INFO,
        CALLBACK_URL,
        EXTERNAL_TASK_ID,
    ],
    rules: &[Rule::Implies {
        when: &[Condition::Present("image_tail")],
        then: &[Condition::Present("image")],
    }],
    notes: &[
        "Two pictures only work at 5 seconds; the page has no parameter for the duration.",
        "Masks only work at 5 seconds and without image_tail; the page has no parameter for them.",
    ],
    resolutions: &always(720),
    frame_rate: frame_rate(30, Source::Documented),
    typical_time: UNKNOWN_TIME,
    prices: &[],
};

const CAMERA_CONTROL: Parameter = documented(
    "camera_control",
    ParameterKind::Object {
        fields: &[
            required(documented(
                "type",
                ParameterKind::Choice {
                    options: &[
                        "simple",
                        "down_back",
                        "forward_up",
                        "right_turn_forward",
                        "left_turn_forward",
                    ],
                    default: None,
                },
                "How the camera moves.",
            )),
            documented(
                "config",
                ParameterKind::Object {
                    fields: &[
                        movement("horizontal", "Along the horizontal axis."),
                        movement("vertical", "Along the vertical axis."),
                        movement("pan", "Turning about the vertical axis."),
                        movement("tilt", "Turning about the horizontal axis."),
                        movement("roll", "Turning about the line of sight."),
                        movement("zoom", "Changing the focal length."),
                    ],
                },
                "How far it moves, for the type simple.",
            ),
        ],
    },
    "How the camera moves.",
);

const fn movement(name: &'static str, description: &'static str) -> Parameter {
    let kind = ParameterKind::Number {
        min: -10.0,
        max: 10.0,
        default: None,
    };
    Parameter {
        source: Source::Kling,
        ..documented(name, kind, description)
    }
}
