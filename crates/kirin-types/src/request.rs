//! The request for `kirin_v2_5_turbo_t2v`.

use alloc::{
    format,
    string::{String, ToString},
};
use core::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser::SerializeMap};
use serde_json::{Map, Value, json};

use crate::{
    AspectRatio, ExternalTaskId, InvalidRequest, KIRIN_V2_5_TURBO_T2V, Mode, Model, Problem,
    VideoDuration, problem::quoted, validate,
};

/// A request that the service documents as legal.
///
/// Its serde form is the flat object of the reference page, what people write into files and
/// forms. On the wire the parameters stand one level deeper; `kirin-client` wraps them.
///
/// ```
/// use kirin_types::GenerationRequest;
///
/// let request: GenerationRequest = serde_json::from_str(
///     r#"{"model": "kirin_v2_5_turbo_t2v", "prompt": "a paper boat", "duration": "10"}"#,
/// )?;
/// assert_eq!(request.prompt(), "a paper boat");
/// assert_eq!(request.duration().seconds(), 10);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct GenerationRequest {
    prompt: String,
    duration: VideoDuration,
    aspect_ratio: AspectRatio,
    mode: Mode,
    negative_prompt: Option<String>,
    watermark: Option<bool>,
    callback_url: Option<String>,
    external_task_id: Option<ExternalTaskId>,
}

impl GenerationRequest {
    /// Starts a request with its only required parameter: 1 to 2500 characters (documented).
    ///
    /// ```
    /// use kirin_types::{AspectRatio, GenerationRequest, Mode, VideoDuration};
    ///
    /// let request = GenerationRequest::builder("a paper boat on a rainy street").build()?;
    /// assert_eq!(request.duration(), VideoDuration::FiveSeconds);
    /// assert_eq!(request.aspect_ratio(), AspectRatio::Landscape);
    /// assert_eq!(request.mode(), Mode::Std);
    /// # Ok::<(), kirin_types::InvalidRequest>(())
    /// ```
    pub fn builder(prompt: impl Into<String>) -> GenerationRequestBuilder {
        GenerationRequestBuilder {
            parameters: Map::new(),
        }
        .parameter("model", KIRIN_V2_5_TURBO_T2V.id)
        .parameter("prompt", prompt.into())
    }

    /// Reads a request from the flat object of the reference page.
    ///
    /// # Errors
    ///
    /// Every problem at once, in the order of the reference page.
    ///
    /// ```
    /// use kirin_types::GenerationRequest;
    /// use serde_json::json;
    ///
    /// let parameters = json!({"model": "kirin_v2_5_turbo_t2v", "prompt": "", "mode": "best"});
    /// let invalid = GenerationRequest::from_parameters(parameters.as_object().unwrap()).unwrap_err();
    /// assert_eq!(invalid.problems().len(), 2);
    /// ```
    pub fn from_parameters(parameters: &Map<String, Value>) -> Result<Self, InvalidRequest> {
        let mut parameters = parameters.clone();
        let model = parameters.remove("model");
        let mut problems = validate::problems(&KIRIN_V2_5_TURBO_T2V, &parameters);
        if let Err(problem) = check_model(model.as_ref()) {
            problems.insert(0, problem);
        }
        match problems.is_empty() {
            true => Self::from_checked(&parameters).map_err(InvalidRequest::from),
            false => Err(InvalidRequest::new(problems)),
        }
    }

    /// The same request under another external task id.
    ///
    /// ```
    /// use kirin_types::GenerationRequest;
    ///
    /// let request = GenerationRequest::builder("a fox").build()?;
    /// let request = request.with_external_task_id("order-42".parse()?);
    /// assert_eq!(request.external_task_id().unwrap().as_str(), "order-42");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn with_external_task_id(mut self, id: ExternalTaskId) -> Self {
        self.external_task_id = Some(id);
        self
    }

    /// The catalogue's row for the model.
    pub fn model(&self) -> &'static Model {
        &KIRIN_V2_5_TURBO_T2V
    }

    /// What the video shows: 1 to 2500 characters (documented).
    pub fn prompt(&self) -> &str {
        &self.prompt
    }

    /// Video duration, 5 seconds if it was not set (documented).
    pub fn duration(&self) -> VideoDuration {
        self.duration
    }

    /// Aspect ratio, 16:9 if it was not set (documented).
    pub fn aspect_ratio(&self) -> AspectRatio {
        self.aspect_ratio
    }

    /// Generation mode, std if it was not set (documented).
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// What the video must not show: at most 2500 characters (documented).
    pub fn negative_prompt(&self) -> Option<&str> {
        self.negative_prompt.as_deref()
    }

    /// Whether a watermarked copy is generated too (parameter `watermark_info.enabled`,
    /// documented); `None` leaves it to the service.
    pub fn watermark(&self) -> Option<bool> {
        self.watermark
    }

    /// Where the service reports a change of the task's status (documented).
    pub fn callback_url(&self) -> Option<&str> {
        self.callback_url.as_deref()
    }

    /// The caller's own id of the task (documented).
    pub fn external_task_id(&self) -> Option<&ExternalTaskId> {
        self.external_task_id.as_ref()
    }

    /// The parameters beside `model`, as the object that the wire's envelope holds.
    ///
    /// ```
    /// use kirin_types::GenerationRequest;
    ///
    /// let request = GenerationRequest::builder("a fox").build()?;
    /// assert_eq!(
    ///     serde_json::to_string(&request.parameters())?,
    ///     r#"{"prompt":"a fox","duration":"5","aspect_ratio":"16:9","mode":"std"}"#,
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn parameters(&self) -> impl Serialize {
        Parameters(self)
    }

    fn serialize_parameters<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        map.serialize_entry("prompt", &self.prompt)?;
        map.serialize_entry("duration", &self.duration)?;
        map.serialize_entry("aspect_ratio", &self.aspect_ratio)?;
        map.serialize_entry("mode", &self.mode)?;
        if let Some(negative_prompt) = &self.negative_prompt {
            map.serialize_entry("negative_prompt", negative_prompt)?;
        }
        if let Some(enabled) = self.watermark {
            map.serialize_entry("watermark_info", &json!({ "enabled": enabled }))?;
        }
        if let Some(callback_url) = &self.callback_url {
            map.serialize_entry("callback_url", callback_url)?;
        }
        if let Some(external_task_id) = &self.external_task_id {
            map.serialize_entry("external_task_id", external_task_id)?;
        }
        Ok(())
    }

    fn from_checked(parameters: &Map<String, Value>) -> Result<Self, Problem> {
        Ok(Self {
            prompt: text(parameters, "prompt").unwrap_or_default().into(),
            duration: parsed(parameters, "duration")?.unwrap_or_default(),
            aspect_ratio: parsed(parameters, "aspect_ratio")?.unwrap_or_default(),
            mode: parsed(parameters, "mode")?.unwrap_or_default(),
            negative_prompt: text(parameters, "negative_prompt").map(String::from),
            watermark: parameters
                .get("watermark_info")
                .and_then(|info| info["enabled"].as_bool()),
            callback_url: non_empty(parameters, "callback_url").map(String::from),
            external_task_id: match non_empty(parameters, "external_task_id") {
                Some(_) => parsed(parameters, "external_task_id")?,
                None => None,
            },
        })
    }
}

impl Serialize for GenerationRequest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("model", self.model().id)?;
        self.serialize_parameters(&mut map)?;
        map.end()
    }
}

/// What [`GenerationRequest::parameters`] gives.
struct Parameters<'a>(&'a GenerationRequest);

impl Serialize for Parameters<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        self.0.serialize_parameters(&mut map)?;
        map.end()
    }
}

impl<'de> Deserialize<'de> for GenerationRequest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let parameters = Map::<String, Value>::deserialize(deserializer)?;
        Self::from_parameters(&parameters).map_err(de::Error::custom)
    }
}

/// Collects the parameters of a [`GenerationRequest`]; [`build`](Self::build) checks them all.
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
    parameters: Map<String, Value>,
}

impl GenerationRequestBuilder {
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

    /// Sets a parameter by its wire name, as text that a person typed; `build` checks it as it
    /// checks the others.
    ///
    /// ```
    /// use kirin_types::GenerationRequest;
    ///
    /// let invalid = GenerationRequest::builder("a fox").parameter("duration", "7").build();
    /// assert_eq!(
    ///     invalid.unwrap_err().to_string(),
    ///     r#"invalid request: duration is "7"; allowed are "5" and "10""#,
    /// );
    /// ```
    pub fn parameter(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.parameters.insert(name.into(), value.into());
        self
    }

    /// Checks every parameter.
    ///
    /// # Errors
    ///
    /// Every problem at once, in the order of the reference page.
    pub fn build(self) -> Result<GenerationRequest, InvalidRequest> {
        GenerationRequest::from_parameters(&self.parameters)
    }
}

fn check_model(model: Option<&Value>) -> Result<(), Problem> {
    let allowed = format!("known is {}", quoted(&[KIRIN_V2_5_TURBO_T2V.id]));
    match model {
        None | Some(Value::Null) => Err(Problem::new("model", "is missing", allowed)),
        Some(Value::String(id)) if id == KIRIN_V2_5_TURBO_T2V.id => Ok(()),
        Some(other) => Err(Problem::new("model", validate::is(other), allowed)),
    }
}

fn text<'a>(parameters: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    parameters.get(name).and_then(Value::as_str)
}

/// An empty string counts as absent for an external task id and a callback URL (documented for
/// Kling).
fn non_empty<'a>(parameters: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    text(parameters, name).filter(|text| !text.is_empty())
}

fn parsed<T: FromStr<Err: ToString>>(
    parameters: &Map<String, Value>,
    name: &str,
) -> Result<Option<T>, Problem> {
    text(parameters, name)
        .map(str::parse)
        .transpose()
        .map_err(|error: T::Err| Problem::new(name, "is not legal", error.to_string()))
}
