//! A model of the service.

use core::{fmt, time::Duration};

use serde::{Serialize, Serializer, ser::SerializeStruct};

use super::{Parameter, Rule, Source};
use crate::{Amount, AspectRatio, Mode};

/// A model of the service: its parameters, its output, and what is known of time and price.
///
/// ```
/// use kirin_types::{KIRIN_V2_5_TURBO_T2V, Model};
///
/// let model = Model::find("kirin_v2_5_turbo_t2v").unwrap();
/// assert_eq!(model.id, KIRIN_V2_5_TURBO_T2V.id);
/// assert_eq!(model.frame_rate.frames_per_second, 24);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Model {
    /// The value of the parameter `model` (documented).
    pub id: &'static str,
    /// The name that people read.
    pub title: &'static str,
    /// What it makes of what.
    pub kind: ModelKind,
    /// What it does, in a sentence.
    pub description: &'static str,
    /// Every parameter beside `model`, in the order of the reference pages.
    pub parameters: &'static [Parameter],
    /// What holds between the parameters.
    pub rules: &'static [Rule],
    /// What is documented of it and cannot be checked here, in sentences.
    pub notes: &'static [&'static str],
    /// Size of the output by mode.
    pub resolutions: &'static [Resolution],
    /// Frame rate of the output.
    pub frame_rate: FrameRate,
    /// Typical time from create to completed.
    pub typical_time: TypicalTime,
    /// List prices, where any are known. The vendor publishes none.
    pub prices: &'static [Price],
}

/// What a model makes of what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ModelKind {
    /// A longer video of a video.
    Extension,
    /// A video of a picture.
    ImageToVideo,
    /// A video of a text.
    TextToVideo,
}

/// The shorter side of a model's output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Resolution {
    /// Generation mode, or `None` for a model without modes.
    pub mode: Option<Mode>,
    /// Shorter side of a 16:9 output, in pixels.
    pub short_side: u32,
    /// Where the figure comes from.
    pub source: Source,
}

/// How many frames an output has in a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct FrameRate {
    /// Frames in a second.
    pub frames_per_second: u32,
    /// Where the figure comes from.
    pub source: Source,
}

/// How large the frames of an output are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct OutputSize {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Where the figures come from.
    pub source: Source,
}

/// How long a task typically takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct TypicalTime {
    /// From create to completed.
    pub duration: Duration,
    /// Where the figure comes from.
    pub source: Source,
}

/// A list price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Price {
    /// Generation mode.
    pub mode: Mode,
    /// Duration of the video in seconds.
    pub seconds: u32,
    /// Price in USD, a decimal.
    pub usd: &'static str,
    /// Where the figure comes from.
    pub source: Source,
    /// Month in which it was read there, as `2026-11`.
    pub read: &'static str,
}

impl Model {
    /// Frame size of the output. Without an aspect ratio it is that of a 16:9 output.
    ///
    /// ```
    /// use kirin_types::{AspectRatio, KIRIN_V2_5_TURBO_T2V, Mode};
    ///
    /// let model = &KIRIN_V2_5_TURBO_T2V;
    /// let size = model.output_size(Some(Mode::Pro), Some(AspectRatio::Portrait)).unwrap();
    /// assert_eq!((size.width, size.height), (1080, 1920));
    /// ```
    pub fn output_size(
        &self,
        mode: Option<Mode>,
        aspect_ratio: Option<AspectRatio>,
    ) -> Option<OutputSize> {
        let fits = |resolution: &&Resolution| resolution.mode.is_none() || resolution.mode == mode;
        let resolution = self.resolutions.iter().find(fits)?;
        let (short, long) = (resolution.short_side, resolution.short_side * 16 / 9);
        let (width, height, source) = match aspect_ratio.unwrap_or_default() {
            AspectRatio::Landscape => (long, short, resolution.source),
            AspectRatio::Portrait => (short, long, resolution.source),
            // As many pixels as 16:9 has, near enough, in whole macroblocks.
            AspectRatio::Square => (short * 4 / 3, short * 4 / 3, Source::Choice),
        };
        Some(OutputSize {
            width,
            height,
            source,
        })
    }

    /// List price of one generation, if one is known.
    ///
    /// ```
    /// use kirin_types::{KIRIN_V2_5_TURBO_T2V, Mode, Model};
    ///
    /// assert_eq!(KIRIN_V2_5_TURBO_T2V.price(Mode::Std, 5).unwrap().usd, "0.21");
    /// assert!(Model::find("kirin_v1_t2v").unwrap().price(Mode::Std, 5).is_none());
    /// ```
    pub fn price(&self, mode: Mode, seconds: u32) -> Option<&'static Price> {
        self.prices
            .iter()
            .find(|price| price.mode == mode && price.seconds == seconds)
    }

    /// The parameter with this wire name.
    pub fn parameter(&self, name: &str) -> Option<&'static Parameter> {
        self.parameters
            .iter()
            .find(|parameter| parameter.name == name)
    }
}

impl Price {
    /// The price in USD, to calculate with.
    ///
    /// ```
    /// use kirin_types::{KIRIN_V2_5_TURBO_T2V, Mode};
    ///
    /// let price = KIRIN_V2_5_TURBO_T2V.price(Mode::Std, 5).unwrap();
    /// assert_eq!(price.amount() + price.amount(), "0.42".parse()?);
    /// # Ok::<(), kirin_types::InvalidAmount>(())
    /// ```
    pub fn amount(&self) -> Amount {
        // A test reads every price of the catalogue.
        self.usd.parse().expect("a decimal number")
    }
}

impl Serialize for Price {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut form = serializer.serialize_struct("Price", 5)?;
        form.serialize_field("mode", &self.mode)?;
        form.serialize_field("seconds", &self.seconds)?;
        form.serialize_field("usd", &self.usd)?;
        form.serialize_field("source", &self.source)?;
        form.serialize_field("read", &self.read)?;
        form.end()
    }
}

impl fmt::Display for ModelKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Extension => "extension",
            Self::ImageToVideo => "image to video",
            Self::TextToVideo => "text to video",
        })
    }
}
