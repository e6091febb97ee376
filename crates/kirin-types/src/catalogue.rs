//! What each model takes and gives, as one table. Validation, the emulator's spec endpoint and
//! the command line read it; adding a model is adding a row.

use core::time::Duration;

use crate::{AspectRatio, Mode, VideoDuration};

/// A model of the service: its parameters, its output, and what is known of time and price.
///
/// ```
/// use kirin_types::{KIRIN_V2_5_TURBO_T2V, Model};
///
/// let model = Model::find("kirin_v2_5_turbo_t2v").unwrap();
/// assert_eq!(model.id, KIRIN_V2_5_TURBO_T2V.id);
/// assert_eq!(model.frames_per_second, 24);
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct Model {
    /// The value of the parameter `model` (documented).
    pub id: &'static str,
    /// The name that people read.
    pub name: &'static str,
    /// What it does, in a sentence.
    pub description: &'static str,
    /// Every parameter beside `model`, in the order of the reference page.
    pub parameters: &'static [Parameter],
    /// Frame rate of the output (documented).
    pub frames_per_second: u32,
    /// Pixels of the output by mode and aspect ratio.
    pub output_sizes: &'static [OutputSize],
    /// Typical time from create to completed. No vendor figure exists: the middle of what third
    /// parties measured (inferred).
    pub typical_time: Duration,
    /// List prices. The vendor publishes none, these are Kling's.
    pub prices: &'static [Price],
}

/// One parameter of a model.
#[derive(Debug)]
#[non_exhaustive]
pub struct Parameter {
    /// Name on the wire.
    pub name: &'static str,
    /// Type, bounds, options and default.
    pub kind: ParameterKind,
    /// Whether a request without it is refused.
    pub required: bool,
    /// Meaning, in a sentence.
    pub description: &'static str,
    /// Where the bounds come from.
    pub source: Source,
}

/// Type and bounds of a parameter.
#[derive(Debug)]
#[non_exhaustive]
pub enum ParameterKind {
    /// One of the listed strings.
    Choice {
        /// The legal values.
        options: &'static [&'static str],
        /// What the service takes when the parameter is absent.
        default: &'static str,
    },
    /// An identifier of 1 to `max` characters of `A-Z a-z 0-9 . _ -`; empty counts as absent.
    Identifier {
        /// Longest legal value, in characters.
        max: usize,
    },
    /// Free text, counted in characters (Unicode scalar values).
    Text {
        /// Shortest legal value, in characters.
        min: usize,
        /// Longest legal value, in characters.
        max: usize,
    },
    /// An absolute http or https URL; empty counts as absent.
    Url,
    /// The object `{"enabled": boolean}`.
    Watermark,
}

/// How large the frames of a model's output are.
#[derive(Debug)]
#[non_exhaustive]
pub struct OutputSize {
    /// Generation mode.
    pub mode: Mode,
    /// Aspect ratio.
    pub aspect_ratio: AspectRatio,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Where the figure comes from.
    pub source: Source,
}

/// A list price.
#[derive(Debug)]
#[non_exhaustive]
pub struct Price {
    /// Generation mode.
    pub mode: Mode,
    /// Duration of the video.
    pub duration: VideoDuration,
    /// Price in USD, a decimal.
    pub usd: &'static str,
    /// Where the figure comes from.
    pub source: Source,
}

/// Where a fact comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Source {
    /// Not documented anywhere: this project decided.
    Choice,
    /// Written in the vendor's documentation.
    Documented,
    /// Documented for Kling, the service behind Kirin.
    Kling,
}

/// The reference model: text to video, 720p or 1080p.
pub static KIRIN_V2_5_TURBO_T2V: Model = Model {
    id: "kirin_v2_5_turbo_t2v",
    name: "Kirin V2.5 Turbo - Text to Video",
    description: "Generates a silent video of 5 or 10 seconds from a prompt.",
    parameters: &[
        Parameter {
            name: "prompt",
            kind: ParameterKind::Text { min: 1, max: 2500 },
            required: true,
            description: "What the video shows.",
            source: Source::Documented,
        },
        Parameter {
            name: "duration",
            kind: ParameterKind::Choice {
                options: VideoDuration::WORDS,
                default: "5",
            },
            required: false,
            description: "Video duration in seconds.",
            source: Source::Documented,
        },
        Parameter {
            name: "aspect_ratio",
            kind: ParameterKind::Choice {
                options: AspectRatio::WORDS,
                default: "16:9",
            },
            required: false,
            description: "Width to height.",
            source: Source::Documented,
        },
        Parameter {
            name: "mode",
            kind: ParameterKind::Choice {
                options: Mode::WORDS,
                default: "std",
            },
            required: false,
            description: "std is cost-effective, pro has the better quality.",
            source: Source::Documented,
        },
        Parameter {
            name: "negative_prompt",
            kind: ParameterKind::Text { min: 0, max: 2500 },
            required: false,
            description: "What the video must not show.",
            source: Source::Documented,
        },
        Parameter {
            name: "watermark_info",
            kind: ParameterKind::Watermark,
            required: false,
            description: "Whether a watermarked copy is generated too.",
            source: Source::Documented,
        },
        Parameter {
            name: "callback_url",
            kind: ParameterKind::Url,
            required: false,
            description: "Where the service reports a change of the task's status.",
            source: Source::Documented,
        },
        Parameter {
            name: "external_task_id",
            kind: ParameterKind::Identifier { max: 64 },
            required: false,
            description: "Your own id of the task, unique under one user; the task can be queried by it.",
            source: Source::Choice,
        },
    ],
    frames_per_second: 24,
    output_sizes: &[
        output_size(
            Mode::Std,
            AspectRatio::Landscape,
            1280,
            720,
            Source::Documented,
        ),
        output_size(
            Mode::Std,
            AspectRatio::Portrait,
            720,
            1280,
            Source::Documented,
        ),
        output_size(Mode::Std, AspectRatio::Square, 960, 960, Source::Choice),
        output_size(
            Mode::Pro,
            AspectRatio::Landscape,
            1920,
            1080,
            Source::Documented,
        ),
        output_size(
            Mode::Pro,
            AspectRatio::Portrait,
            1080,
            1920,
            Source::Documented,
        ),
        output_size(Mode::Pro, AspectRatio::Square, 1440, 1440, Source::Choice),
    ],
    typical_time: Duration::from_secs(45),
    prices: &[
        kling_price(Mode::Std, VideoDuration::FiveSeconds, "0.21"),
        kling_price(Mode::Std, VideoDuration::TenSeconds, "0.42"),
        kling_price(Mode::Pro, VideoDuration::FiveSeconds, "0.35"),
        kling_price(Mode::Pro, VideoDuration::TenSeconds, "0.70"),
    ],
};

/// Every model in the catalogue.
pub static MODELS: &[&Model] = &[&KIRIN_V2_5_TURBO_T2V];

impl Model {
    /// The model with this id, or `None` if the catalogue does not know it.
    pub fn find(id: &str) -> Option<&'static Self> {
        MODELS.iter().copied().find(|model| model.id == id)
    }

    /// Frame size of the output.
    ///
    /// ```
    /// use kirin_types::{AspectRatio, KIRIN_V2_5_TURBO_T2V, Mode};
    ///
    /// let size = KIRIN_V2_5_TURBO_T2V.output_size(Mode::Pro, AspectRatio::Portrait).unwrap();
    /// assert_eq!((size.width, size.height), (1080, 1920));
    /// ```
    pub fn output_size(
        &self,
        mode: Mode,
        aspect_ratio: AspectRatio,
    ) -> Option<&'static OutputSize> {
        self.output_sizes
            .iter()
            .find(|size| size.mode == mode && size.aspect_ratio == aspect_ratio)
    }

    /// List price of one generation.
    ///
    /// ```
    /// use kirin_types::{KIRIN_V2_5_TURBO_T2V, Mode, VideoDuration};
    ///
    /// let price = KIRIN_V2_5_TURBO_T2V.price(Mode::Std, VideoDuration::FiveSeconds).unwrap();
    /// assert_eq!(price.usd, "0.21");
    /// ```
    pub fn price(&self, mode: Mode, duration: VideoDuration) -> Option<&'static Price> {
        self.prices
            .iter()
            .find(|price| price.mode == mode && price.duration == duration)
    }

    /// The parameter with this wire name.
    pub fn parameter(&self, name: &str) -> Option<&'static Parameter> {
        self.parameters
            .iter()
            .find(|parameter| parameter.name == name)
    }
}

const fn output_size(
    mode: Mode,
    aspect_ratio: AspectRatio,
    width: u32,
    height: u32,
    source: Source,
) -> OutputSize {
    OutputSize {
        mode,
        aspect_ratio,
        width,
        height,
        source,
    }
}

const fn kling_price(mode: Mode, duration: VideoDuration, usd: &'static str) -> Price {
    Price {
        mode,
        duration,
        usd,
        source: Source::Kling,
    }
}
