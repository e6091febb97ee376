//! Parameters and facts that several rows share.

use core::time::Duration;

use super::{FrameRate, Parameter, ParameterKind, Resolution, Source, TypicalTime};
use crate::{AspectRatio, Mode, VideoDuration};

/// What [`ParameterKind::Text`] takes at most, wherever a page gives a bound.
pub(super) const MAX_TEXT: usize = 2500;

pub(super) const fn documented(
    name: &'static str,
    kind: ParameterKind,
    description: &'static str,
) -> Parameter {
    Parameter {
        name,
        kind,
        required: false,
        description,
        source: Source::Documented,
    }
}

pub(super) const fn required(parameter: Parameter) -> Parameter {
    Parameter {
        required: true,
        ..parameter
    }
}

pub(super) const fn text(min: usize) -> ParameterKind {
    ParameterKind::Text { min, max: MAX_TEXT }
}

/// A prompt that the page does not require, and gives no lower bound.
pub(super) const PROMPT: Parameter = documented("prompt", text(0), "What the video shows.");

/// A prompt that the page does not require, and bounds below.
pub(super) const PROMPT_FROM_1: Parameter = Parameter {
    kind: text(1),
    ..PROMPT
};

/// A required prompt. An empty one would be none.
pub(super) const REQUIRED_PROMPT: Parameter = required(PROMPT_FROM_1);

pub(super) const NEGATIVE_PROMPT: Parameter =
    documented("negative_prompt", text(0), "What the video must not show.");

const fn duration(default: Option<&'static str>) -> Parameter {
    let kind = ParameterKind::Choice {
        options: VideoDuration::WORDS,
        default,
    };
    documented("duration", kind, "Video duration in seconds.")
}

pub(super) const DURATION: Parameter = duration(Some("5"));

/// A duration whose default the page does not say.
pub(super) const DURATION_WITHOUT_DEFAULT: Parameter = duration(None);

pub(super) const ASPECT_RATIO: Parameter = documented(
    "aspect_ratio",
    ParameterKind::Choice {
        options: AspectRatio::WORDS,
        default: Some("16:9"),
    },
    "Width to height.",
);

const fn mode(default: Option<&'static str>) -> Parameter {
    let kind = ParameterKind::Choice {
        options: Mode::WORDS,
        default,
    };
    documented(
        "mode",
        kind,
        "std is cost-effective, pro has the better quality.",
    )
}

pub(super) const MODE: Parameter = mode(Some("std"));

/// A mode whose default the page does not say.
pub(super) const MODE_WITHOUT_DEFAULT: Parameter = mode(None);

const fn cfg_scale(default: Option<f64>) -> Parameter {
    let kind = ParameterKind::Number {
        min: 0.0,
        max: 1.0,
        default,
    };
    documented(
        "cfg_scale",
        kind,
        "How closely the video follows the prompt: 1 is closest.",
    )
}

pub(super) const CFG_SCALE: Parameter = cfg_scale(Some(0.5));

/// A scale whose default the page does not say.
pub(super) const CFG_SCALE_WITHOUT_DEFAULT: Parameter = cfg_scale(None);

const fn sound(default: Option<&'static str>) -> Parameter {
    let kind = ParameterKind::Choice {
        options: &["on", "off"],
        default,
    };
    documented("sound", kind, "Whether the video has sound.")
}

pub(super) const SOUND: Parameter = sound(Some("off"));

/// A sound whose default the page does not say.
pub(super) const SOUND_WITHOUT_DEFAULT: Parameter = sound(None);

pub(super) const IMAGE: Parameter = required(documented(
    "image",
    ParameterKind::Image {
        bounded_ratio: true,
    },
    "The picture that the video begins with.",
));

pub(super) const IMAGE_TAIL: Parameter = documented(
    "image_tail",
    ParameterKind::Image {
        bounded_ratio: true,
    },
    "The picture that the video ends with.",
);

pub(super) const WATERMARK_INFO: Parameter = documented(
    "watermark_info",
    ParameterKind::Object {
        fields: &[required(documented(
            "enabled",
            ParameterKind::Boolean { default: None },
            "Whether a watermarked copy is generated too.",
        ))],
    },
    "Whether a watermarked copy is generated too.",
);

pub(super) const CALLBACK_URL: Parameter = documented(
    "callback_url",
    ParameterKind::Url,
    "Where the service reports a change of the task's status.",
);

pub(super) const EXTERNAL_TASK_ID: Parameter = Parameter {
    source: Source::Choice,
    ..documented(
        "external_task_id",
        ParameterKind::Identifier { max: 64 },
        "Your own id of the task, unique under one user; the task can be queried by it.",
    )
};

/// The page gives the id no bounds.
pub(super) const VIDEO_ID: Parameter = Parameter {
    source: Source::Choice,
    ..required(documented(
        "video_id",
        text(1),
        "Id of the video to extend, as a completed task names it.",
    ))
};

/// The resolutions of a model with both modes.
pub(super) const fn by_mode(source: Source) -> [Resolution; 2] {
    [
        Resolution {
            mode: Some(Mode::Std),
            short_side: 720,
            source,
        },
        Resolution {
            mode: Some(Mode::Pro),
            short_side: 1080,
            source,
        },
    ]
}

/// The resolution of a model whose modes, if it has any, do not change it.
pub(super) const fn always(short_side: u32) -> [Resolution; 1] {
    [Resolution {
        mode: None,
        short_side,
        source: Source::Documented,
    }]
}

/// For the models whose time was not measured.
pub(super) const UNKNOWN_TIME: TypicalTime = TypicalTime {
    duration: Duration::from_secs(60),
    source: Source::Choice,
};

pub(super) const fn frame_rate(frames_per_second: u32, source: Source) -> FrameRate {
    FrameRate {
        frames_per_second,
        source,
    }
}
