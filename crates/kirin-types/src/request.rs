//! A request for a generation, of any model.

use alloc::{
    borrow::Cow,
    format,
    string::{String, ToString},
    vec::Vec,
};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser::SerializeMap};
use serde_json::{Map, Value};

use crate::{
    AspectRatio, ExternalTaskId, InvalidRequest, MODELS, Mode, Model, ParameterKind, Price,
    Problem, problem::quoted, shared_values::SharedValues, validate,
};

/// A request that the service documents as legal.
///
/// Its serde form is the flat object of the reference page, what people write into files and
/// forms. On the wire the parameters stand one level deeper; `kirin-client` wraps them.
/// Parameters that are not checked, because the catalogue does not know them (yet), are in the
/// field `extra` of the flat object.
///
/// A clone shares the values, pictures above all. The Debug form tells of a picture its type and size.
///
/// ```
/// use kirin_types::GenerationRequest;
///
/// let request: GenerationRequest = serde_json::from_str(
///     r#"{"model": "kirin_v2_5_turbo_t2v", "prompt": "a paper boat", "duration": "10"}"#,
/// )?;
/// assert_eq!(request.prompt(), Some("a paper boat"));
/// assert_eq!(request.seconds(), Some(10));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct GenerationRequest {
    model: Cow<'static, str>,
    /// Checked, without nulls, documented defaults written out.
    parameters: SharedValues,
    extra: SharedValues,
    external_task_id: Option<ExternalTaskId>,
}

impl GenerationRequest {
    /// A request for a model that the catalogue does not know, with parameters that are not
    /// checked: a new model of the vendor works before this crate knows it.
    ///
    /// # Errors
    ///
    /// The model is in the catalogue, or `external_task_id` is not legal.
    ///
    /// ```
    /// use kirin_types::GenerationRequest;
    /// use serde_json::json;
    ///
    /// let parameters = json!({"prompt": "a fox", "new_parameter": 7});
    /// let request = GenerationRequest::unchecked("kirin_v9_t2v", parameters.as_object().unwrap())?;
    /// assert!(request.model().is_none());
    /// # Ok::<(), kirin_types::InvalidRequest>(())
    /// ```
    pub fn unchecked(
        model: impl Into<String>,
        parameters: &Map<String, Value>,
    ) -> Result<Self, InvalidRequest> {
        let (model, mut extra) = (model.into(), parameters.clone());
        if Model::find(&model).is_some() || model.is_empty() {
            let found = format!("is {model:?}");
            let allowed = "an id outside the catalogue is required; set extra parameters instead";
            return Err(Problem::new("model", found, allowed).into());
        }
        let external_task_id = match extra.remove("external_task_id") {
            Some(id) => Some(parsed_id(&id)?),
            None => None,
        };
        let request = Self {
            model: model.into(),
            parameters: SharedValues::default(),
            extra: extra.into(),
            external_task_id: None,
        };
        Ok(match external_task_id {
            Some(id) => request.with_external_task_id(id),
            None => request,
        })
    }

    /// Reads a request from the flat object of the reference page, which is also the serde form of a
    /// request: parameters that are not checked are in `extra`.
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
        Self::from_flat(parameters.clone())
    }

    fn from_flat(mut parameters: Map<String, Value>) -> Result<Self, InvalidRequest> {
        let extra = match parameters.remove("extra") {
            None | Some(Value::Null) => None,
            Some(Value::Object(extra)) => Some(extra),
            Some(_) => {
                let allowed = "an object of parameters that nobody checks is required";
                return Err(Problem::new("extra", "is not an object", allowed).into());
            }
        };
        let model = parameters.remove("model");
        let unknown = model
            .as_ref()
            .and_then(Value::as_str)
            .filter(|id| Model::find(id).is_none());
        let only_id = || parameters.keys().all(|name| name == "external_task_id");
        match (unknown, extra) {
            (Some(id), Some(extra)) if only_id() => {
                Self::unchecked(id, &parameters.into_iter().chain(extra).collect())
            }
            (_, extra) => {
                let extra = extra.unwrap_or_default().into();
                Self::check(model.as_ref(), parameters.into(), extra)
            }
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
        let value = Value::from(id.as_str());
        self.parameters.insert("external_task_id", value);
        self.external_task_id = Some(id);
        self
    }

    /// The same request with a callback at another URL: an absolute http or https URL; empty counts as
    /// absent. For a model outside the catalogue it is not checked.
    ///
    /// # Errors
    ///
    /// It is no such URL, or the model has no callbacks.
    ///
    /// ```
    /// use kirin_types::GenerationRequest;
    ///
    /// let request = GenerationRequest::builder("a fox").build()?;
    /// let request = request.with_callback_url("https://example.com/hook")?;
    /// assert_eq!(request.callback_url(), Some("https://example.com/hook"));
    /// assert!(request.with_callback_url("example.com/hook").is_err());
    /// # Ok::<(), kirin_types::InvalidRequest>(())
    /// ```
    pub fn with_callback_url(mut self, url: impl Into<String>) -> Result<Self, InvalidRequest> {
        let (name, url) = ("callback_url".to_string(), Value::String(url.into()));
        if self.model().is_none() {
            self.extra.insert(name, url);
            return Ok(self);
        }
        self.parameters.insert(name, url);
        let model = Value::String(self.model.into_owned());
        Self::check(Some(&model), self.parameters, self.extra)
    }

    /// The value of `model` on the wire.
    pub fn model_id(&self) -> &str {
        &self.model
    }

    /// The catalogue's row for the model, unless it is one that the catalogue does not know.
    pub fn model(&self) -> Option<&'static Model> {
        Model::find(&self.model)
    }

    /// What this request is listed at, where a price is known: an estimate, for the vendor publishes
    /// none.
    ///
    /// ```
    /// use kirin_types::{GenerationRequest, Mode};
    ///
    /// let request = GenerationRequest::builder("a fox").mode(Mode::Pro).build()?;
    /// assert_eq!(request.price_estimate().map(|price| price.usd), Some("0.35"));
    /// # Ok::<(), kirin_types::InvalidRequest>(())
    /// ```
    pub fn price_estimate(&self) -> Option<&'static Price> {
        self.model()?.price(self.mode()?, self.seconds()?)
    }

    /// A parameter by its wire name, checked or not.
    ///
    /// ```
    /// use kirin_types::GenerationRequest;
    ///
    /// let request = GenerationRequest::for_model("kirin_v1_t2v").parameter("prompt", "a fox").build()?;
    /// assert_eq!(request.parameter("cfg_scale").unwrap(), 0.5);
    /// # Ok::<(), kirin_types::InvalidRequest>(())
    /// ```
    pub fn parameter(&self, name: &str) -> Option<&Value> {
        self.parameters.get(name).or_else(|| self.extra.get(name))
    }

    /// What the video shows.
    pub fn prompt(&self) -> Option<&str> {
        self.text("prompt")
    }

    /// Video duration in seconds, where the model has one and its default is documented.
    pub fn seconds(&self) -> Option<u32> {
        match self.parameter("duration")? {
            Value::String(text) => text.parse().ok(),
            number => number.as_u64()?.try_into().ok(),
        }
    }

    /// Aspect ratio, where the model has one.
    pub fn aspect_ratio(&self) -> Option<AspectRatio> {
        self.text("aspect_ratio")?.parse().ok()
    }

    /// Generation mode, where the model has one and its default is documented.
    pub fn mode(&self) -> Option<Mode> {
        self.text("mode")?.parse().ok()
    }

    /// What the video must not show.
    pub fn negative_prompt(&self) -> Option<&str> {
        self.text("negative_prompt")
    }

    /// Whether a watermarked copy is generated too (parameter `watermark_info.enabled`,
    /// documented); `None` leaves it to the service.
    pub fn watermark(&self) -> Option<bool> {
        self.parameter("watermark_info")?.get("enabled")?.as_bool()
    }

    /// Where the service reports a change of the task's status (documented).
    pub fn callback_url(&self) -> Option<&str> {
        self.text("callback_url")
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
    /// let request = GenerationRequest::builder("a fox").extra("new_parameter", 7).build()?;
    /// assert_eq!(
    ///     serde_json::to_string(&request.parameters())?,
    ///     r#"{"prompt":"a fox","duration":"5","aspect_ratio":"16:9","mode":"std","new_parameter":7}"#,
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn parameters(&self) -> impl Serialize {
        Parameters(self)
    }

    pub(crate) fn check(
        model: Option<&Value>,
        parameters: SharedValues,
        extra: SharedValues,
    ) -> Result<Self, InvalidRequest> {
        let model = known_model(model)?;
        let mut problems = validate::problems(model, &parameters.iter().collect());
        let names = extra.iter().map(|(name, _)| name);
        problems.extend(names.filter_map(|name| checked_extra(model, name)));
        if !problems.is_empty() {
            return Err(InvalidRequest::new(problems));
        }
        let parameters = normalized(model, parameters);
        let external_task_id = match parameters.get("external_task_id") {
            Some(id) => Some(parsed_id(id)?),
            None => None,
        };
        Ok(Self {
            model: model.id.into(),
            parameters,
            extra,
            external_task_id,
        })
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.parameter(name).and_then(Value::as_str)
    }

    /// The checked parameters in the order of the catalogue.
    fn in_order(&self) -> impl Iterator<Item = (&str, &Value)> {
        let known = self.model().map_or(&[][..], |model| model.parameters);
        let place = |name: &str| known.iter().position(|parameter| parameter.name == name);
        let mut parameters: Vec<_> = self.parameters.iter().collect();
        parameters.sort_by_key(|(name, _)| place(name).unwrap_or(usize::MAX));
        parameters.into_iter()
    }
}

impl Serialize for GenerationRequest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("model", &self.model)?;
        for (name, value) in self.in_order() {
            map.serialize_entry(name, value)?;
        }
        // An empty one says that the unknown model is meant.
        if !self.extra.is_empty() || self.model().is_none() {
            map.serialize_entry("extra", &Map::from(&self.extra))?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for GenerationRequest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let parameters = Map::<String, Value>::deserialize(deserializer)?;
        Self::from_flat(parameters).map_err(de::Error::custom)
    }
}

/// What [`GenerationRequest::parameters`] gives.
struct Parameters<'a>(&'a GenerationRequest);

impl Serialize for Parameters<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, value) in self.0.in_order() {
            map.serialize_entry(name, value)?;
        }
        for (name, value) in self.0.extra.iter() {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

fn known_model(model: Option<&Value>) -> Result<&'static Model, Problem> {
    let ids = MODELS.iter().map(|model| model.id).collect::<Vec<_>>();
    let allowed = format!("allowed are {}", quoted(&ids));
    match model {
        None | Some(Value::Null) => Err(Problem::new("model", "is missing", allowed)),
        Some(value) => value
            .as_str()
            .and_then(Model::find)
            .ok_or_else(|| Problem::new("model", validate::describe_value(value), allowed)),
    }
}

/// An extra parameter that the catalogue knows would escape the checks.
fn checked_extra(model: &Model, name: &str) -> Option<Problem> {
    let checked = name == "model" || model.parameter(name).is_some();
    checked.then(|| {
        let allowed = "only a parameter that the catalogue does not know can be extra";
        Problem::new(
            format!("extra.{name}"),
            format!("is checked for {}", model.id),
            allowed,
        )
    })
}

/// Without nulls and without what counts as absent, and with the defaults written out: a request
/// then means the same if a default ever changes.
fn normalized(model: &Model, mut parameters: SharedValues) -> SharedValues {
    let counts_as_absent = |name: &str, value: &Value| {
        let kind = model.parameter(name).map(|parameter| parameter.kind);
        let optional_text = matches!(
            kind,
            Some(ParameterKind::Identifier { .. } | ParameterKind::Url)
        );
        value.is_null() || (optional_text && value == "")
    };
    parameters.retain(|name, value| !counts_as_absent(name, value));
    parameters.change(has_nulls, remove_nulls);
    for parameter in model.parameters {
        if let Some(default) = parameter.kind.default() {
            parameters.insert_absent(parameter.name, default);
        }
    }
    parameters
}

fn has_nulls(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().any(has_nulls),
        Value::Object(fields) => fields
            .values()
            .any(|field| field.is_null() || has_nulls(field)),
        _ => false,
    }
}

/// The fields within a parameter that are null count as absent too.
fn remove_nulls(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(remove_nulls),
        Value::Object(fields) => {
            fields.retain(|_, field| !field.is_null());
            fields.values_mut().for_each(remove_nulls);
        }
        _ => {}
    }
}

fn parsed_id(id: &Value) -> Result<ExternalTaskId, Problem> {
    let problem =
        |allowed: String| Problem::new("external_task_id", validate::describe_value(id), allowed);
    let text = id
        .as_str()
        .ok_or_else(|| problem("a string is required".into()))?;
    text.parse()
        .map_err(|invalid: crate::InvalidIdentifier| problem(invalid.to_string()))
}
