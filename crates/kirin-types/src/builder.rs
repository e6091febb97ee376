//! How a request is put together.

use alloc::string::String;

use serde_json::{Value, json};

use crate::{
    AspectRatio, GenerationRequest, Image, InvalidRequest, KIRIN_V2_5_TURBO_T2V, Mode,
    VideoDuration, shared_values::SharedValues,
};

/// Collects the parameters of a [`GenerationRequest`]; [`build`](Self::build) checks them all.
///
/// The methods with typed arguments cannot say anything illegal for the reference model;
/// [`parameter`](Self::parameter) takes what any model has, and what a person typed.
///
/// ```
/// use kirin_types::{AspectRatio, GenerationRequest, Mode, VideoDuration};
///
/// let request = GenerationRequest::builder("a paper boat on a rainy street")
///     .duration(VideoDuration::TenSeconds)
///     .aspect_ratio(AspectRatio::Portrait)
///     .mode(Mode::Pro)
///     .negative_prompt("text")
///     .watermark(false)
///     .callback_url("https://example.com/hook")
///     .external_task_id("order-42")
///     .build()?;
/// assert_eq!(request.negative_prompt(), Some("text"));
/// # Ok::<(), kirin_types::InvalidRequest>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct GenerationRequestBuilder {
    parameters: SharedValues,
    extra: SharedValues,
}

impl GenerationRequest {
    /// Starts a request for the reference model, `kirin_v2_5_turbo_t2v`, with its only required
    /// parameter: a prompt of 1 to 2500 characters (documented).
    ///
    /// ```
    /// use kirin_types::{AspectRatio, GenerationRequest, Mode};
    ///
    /// let request = GenerationRequest::builder("a paper boat on a rainy street").build()?;
    /// assert_eq!(request.seconds(), Some(5));
    /// assert_eq!(request.aspect_ratio(), Some(AspectRatio::Landscape));
    /// assert_eq!(request.mode(), Some(Mode::Std));
    /// # Ok::<(), kirin_types::InvalidRequest>(())
    /// ```
    pub fn builder(prompt: impl Into<String>) -> GenerationRequestBuilder {
        Self::for_model(KIRIN_V2_5_TURBO_T2V.id).parameter("prompt", prompt.into())
    }

    /// Starts a request for any model of the catalogue.
    ///
    /// ```
    /// use kirin_types::{GenerationRequest, Image};
    ///
    /// let request = GenerationRequest::for_model("kirin_v2_5_turbo_i2v")
    ///     .image(Image::from_url("https://example.com/fox.png")?)
    ///     .parameter("prompt", "the fox runs")
    ///     .build()?;
    /// assert_eq!(request.model_id(), "kirin_v2_5_turbo_i2v");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn for_model(model: impl Into<String>) -> GenerationRequestBuilder {
        GenerationRequestBuilder::new(model.into())
    }
}

impl GenerationRequestBuilder {
    pub(crate) fn new(model: String) -> Self {
        Self {
            parameters: SharedValues::default(),
            extra: SharedValues::default(),
        }
        .parameter("model", model)
    }

    /// Sets the video duration; 5 seconds if never called (documented).
    pub fn duration(self, duration: VideoDuration) -> Self {
        self.parameter("duration", duration.as_str())
    }

    /// Sets the aspect ratio; 16:9 if never called (documented).
    pub fn aspect_ratio(self, aspect_ratio: AspectRatio) -> Self {
        self.parameter("aspect_ratio", aspect_ratio.as_str())
    }

    /// Sets the generation mode; std if never called (documented).
    pub fn mode(self, mode: Mode) -> Self {
        self.parameter("mode", mode.as_str())
    }

    /// Sets what the video must not show: at most 2500 characters (documented).
    pub fn negative_prompt(self, negative_prompt: impl Into<String>) -> Self {
        self.parameter("negative_prompt", negative_prompt.into())
    }

    /// Asks for a watermarked copy too, or for none (documented).
    pub fn watermark(self, enabled: bool) -> Self {
        self.parameter("watermark_info", json!({ "enabled": enabled }))
    }

    /// Sets the picture that the video begins with, for a model that takes one.
    pub fn image(mut self, image: Image) -> Self {
        self.parameters.insert("image", image.into_value());
        self
    }

    /// Sets the picture that the video ends with, for a model that takes one.
    pub fn image_tail(mut self, image: Image) -> Self {
        self.parameters.insert("image_tail", image.into_value());
        self
    }

    /// Sets where the service reports a change of the task's status: an absolute http or https
    /// URL; empty counts as absent.
    pub fn callback_url(self, url: impl Into<String>) -> Self {
        self.parameter("callback_url", url.into())
    }

    /// Sets the caller's own id of the task: 1 to 64 characters of `A-Z a-z 0-9 . _ -`; empty
    /// counts as absent.
    pub fn external_task_id(self, id: impl Into<String>) -> Self {
        self.parameter("external_task_id", id.into())
    }

    /// Sets a parameter by its wire name; `build` checks it against the catalogue.
    ///
    /// ```
    /// use kirin_types::GenerationRequest;
    ///
    /// let invalid = GenerationRequest::builder("a fox").parameter("duration", "7").build();
    /// assert_eq!(
    ///     invalid.unwrap_err().to_string(),
    ///     r#"invalid request: duration is "7"; the string "5" or "10" is required"#,
    /// );
    /// ```
    pub fn parameter(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.parameters.insert(name, value.into());
        self
    }

    /// Sets a parameter that the catalogue does not know. **It is not checked**: the service may
    /// refuse it, ignore it, or charge for what it does.
    ///
    /// ```
    /// use kirin_types::GenerationRequest;
    ///
    /// let request = GenerationRequest::builder("a fox").extra("new_parameter", 7).build()?;
    /// assert_eq!(request.parameter("new_parameter").unwrap(), 7);
    /// # Ok::<(), kirin_types::InvalidRequest>(())
    /// ```
    pub fn extra(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.extra.insert(name, value.into());
        self
    }

    /// Checks every parameter.
    ///
    /// # Errors
    ///
    /// Every problem at once, in the order of the reference page.
    pub fn build(mut self) -> Result<GenerationRequest, InvalidRequest> {
        let model = self.parameters.remove("model");
        GenerationRequest::check(model.as_deref(), self.parameters, self.extra)
    }
}
