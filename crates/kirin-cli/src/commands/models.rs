//! `kirin models`: what the catalogue knows of each model. It needs no key and no network.

use clap::{Args, Subcommand};
use kirin_types::{
    AspectRatio, MODELS, Mode, Model, ModelKind, Parameter, ParameterKind, Price, Source,
};
use serde::Serialize;
use serde_json::Value;

use super::Run;
use crate::{
    arguments::GlobalOptions,
    exit_code,
    failure::Failure,
    model_name,
    report::{Json, print_json, print_line},
    table::{aligned_columns, print_reports, print_table},
};

/// A model as `--json` prints it, always with every field.
#[derive(Serialize)]
struct ModelReport {
    id: &'static str,
    title: &'static str,
    /// Its input and output, such as text to video.
    kind: String,
    description: &'static str,
    /// The durations that can be asked for, in seconds.
    seconds: Vec<i64>,
    modes: &'static [&'static str],
    /// Rules between parameters.
    rules: Vec<String>,
    /// Documented rules that are not checked.
    notes: &'static [&'static str],
    outputs: Vec<OutputReport>,
    frames_per_second: u32,
    typical_seconds: u64,
    prices: Vec<PriceReport>,
    /// JSON Schema of a request: each parameter with its type, bounds, options and default.
    request_schema: Value,
}

/// The frames of a 16:9 output.
#[derive(Serialize)]
struct OutputReport {
    mode: Option<String>,
    width: u32,
    height: u32,
    source: String,
}

#[derive(Serialize)]
struct PriceReport {
    mode: String,
    seconds: u32,
    usd: &'static str,
    source: String,
    /// The month in which it was read there.
    read: &'static str,
}

/// List the models, or show what one takes and costs; no key is needed.
///
/// The list shows the durations in seconds, and the lowest and the highest list price of one video
/// in USD; ? is an unknown price.
#[derive(Args, Debug)]
pub(crate) struct Models {
    /// Print one JSON object per line
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Option<ModelsCommand>,
}

#[derive(Subcommand, Debug)]
enum ModelsCommand {
    /// Show the parameters of a model with what is allowed, its rules, output and list prices.
    Show {
        /// The model's id; kling_... is understood for kirin_...
        model: String,
    },
}

impl Run for Models {
    async fn run(self, _: GlobalOptions) -> Result<u8, Failure> {
        match (self.command, self.json) {
            (Some(ModelsCommand::Show { model }), json) => {
                let model = find_model(&model)?;
                match json {
                    true => print_json(&model_report(model))?,
                    false => print_line(&detail_lines(model).join("\n"))?,
                }
            }
            (None, true) => print_reports(MODELS.iter().map(|model| model_report(model)))?,
            (None, false) => {
                let lines = aligned_columns(MODELS.iter().map(|model| table_row(model)), HEAD);
                print_table(lines)?;
            }
        }
        Ok(exit_code::DONE)
    }

    fn json_format(&mut self) -> Option<Json> {
        self.json.then_some(Json::Result)
    }
}

fn find_model(name: &str) -> Result<&'static Model, Failure> {
    model_name::find_model(name).map_err(|near| {
        let meant = match &near[..] {
            [] => String::new(),
            near => format!("Did you mean {}? ", near.join(" or ")),
        };
        let what = format!("there is no model {name}");
        let next_step = format!("{meant}List the models: kirin models");
        Failure::new(exit_code::NOT_FOUND, what, next_step)
    })
}

const HEAD: &[&str] = &["ID", "MAKES", "SECONDS", "MODES", "USD"];

fn table_row(model: &Model) -> Vec<String> {
    let or_none = |text: String| match text.is_empty() {
        true => "-".into(),
        false => text,
    };
    vec![
        model.id.into(),
        kind_text(model.kind),
        or_none(seconds_text(&duration_options(model))),
        or_none(mode_options(model).join(", ")),
        price_range(model).unwrap_or_else(|| "?".into()),
    ]
}

/// The kind in a user's words.
fn kind_text(kind: ModelKind) -> String {
    match kind {
        ModelKind::Extension => "video to longer video".into(),
        kind => kind.to_string(),
    }
}

fn duration_options(model: &Model) -> Vec<i64> {
    let kind = model.parameter("duration").map(|parameter| parameter.kind);
    match kind {
        Some(ParameterKind::Choice { options, .. }) => options
            .iter()
            .filter_map(|option| option.parse().ok())
            .collect(),
        Some(ParameterKind::NumberChoice { options, .. }) => options.to_vec(),
        Some(ParameterKind::Seconds { min, max, .. }) => (min.into()..=max.into()).collect(),
        _ => Vec::new(),
    }
}

/// `5, 10` or `3 to 15`.
fn seconds_text(seconds: &[i64]) -> String {
    match seconds {
        [first, .., last] if seconds.len() > 3 => format!("{first} to {last}"),
        few => few
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(", "),
    }
}

fn mode_options(model: &Model) -> &'static [&'static str] {
    match model.parameter("mode").map(|parameter| parameter.kind) {
        Some(ParameterKind::Choice { options, .. }) => options,
        _ => &[],
    }
}

/// The least and the most that one video is listed at.
fn price_range(model: &Model) -> Option<String> {
    let mut prices: Vec<_> = model.prices.iter().collect();
    prices.sort_by_key(|price| price.amount());
    match prices.as_slice() {
        [] => None,
        [only] => Some(only.usd.into()),
        [least, .., most] => Some(format!("{} to {}", least.usd, most.usd)),
    }
}

fn model_report(model: &'static Model) -> ModelReport {
    let outputs = model.resolutions.iter().filter_map(|resolution| {
        let size = model.output_size(resolution.mode, Some(AspectRatio::Landscape))?;
        Some(OutputReport {
            mode: resolution.mode.map(|mode| mode.to_string()),
            width: size.width,
            height: size.height,
            source: resolution.source.to_string(),
        })
    });
    let price = |price: &Price| PriceReport {
        mode: price.mode.to_string(),
        seconds: price.seconds,
        usd: price.usd,
        source: price.source.to_string(),
        read: price.read,
    };
    ModelReport {
        id: model.id,
        title: model.title,
        kind: model.kind.to_string(),
        description: model.description,
        seconds: duration_options(model),
        modes: mode_options(model),
        rules: model.rules.iter().map(ToString::to_string).collect(),
        notes: model.notes,
        outputs: outputs.collect(),
        frames_per_second: model.frame_rate.frames_per_second,
        typical_seconds: model.typical_time.duration.as_secs(),
        prices: model.prices.iter().map(price).collect(),
        request_schema: model.request_schema(),
    }
}

fn detail_lines(model: &Model) -> Vec<String> {
    let mut lines = vec![
        model.id.into(),
        format!("{} ({}).", model.title, model.kind),
        model.description.into(),
    ];
    add_section(&mut lines, "Parameters");
    for parameter in model.parameters {
        parameter_lines(&mut lines, parameter, "");
    }
    if !model.rules.is_empty() {
        add_section(&mut lines, "Rules");
        lines.extend(model.rules.iter().map(|rule| format!("  {rule}")));
    }
    if !model.notes.is_empty() {
        add_section(&mut lines, "Documented, but not checked");
        lines.extend(model.notes.iter().map(|note| format!("  {note}")));
    }
    add_section(&mut lines, "Output");
    for resolution in model.resolutions {
        let mode = resolution.mode.map(with_mode).unwrap_or_default();
        let (side, source) = (resolution.short_side, said_by(resolution.source));
        lines.push(format!("  {side}p{mode}{source}"));
    }
    let (rate, time) = (model.frame_rate, model.typical_time);
    let (frames, source) = (rate.frames_per_second, said_by(rate.source));
    lines.push(format!("  {frames} frames a second{source}"));
    let (seconds, source) = (time.duration.as_secs(), said_by(time.source));
    lines.push(format!("  typically takes {seconds} s{source}"));
    add_section(&mut lines, "List price in USD");
    for price in model.prices {
        let (seconds, mode) = (price.seconds, with_mode(price.mode));
        let (usd, source, read) = (price.usd, price.source, price.read);
        lines.push(format!(
            "  {usd} for {seconds} s{mode} ({source}, read {read})"
        ));
    }
    if model.prices.is_empty() {
        lines.push("  not known".into());
    }
    lines
}

fn add_section(lines: &mut Vec<String>, name: &str) {
    lines.extend([String::new(), name.into()]);
}

/// A parameter and, if it is an object, its fields.
fn parameter_lines(lines: &mut Vec<String>, parameter: &Parameter, path: &str) {
    let name = format!("{path}{}", parameter.name);
    let required = if parameter.required {
        " (required)"
    } else {
        ""
    };
    lines.push(format!("  {name}{required}"));
    lines.push(format!("      {}", parameter.description));
    // It is Markdown.
    let allowed = parameter.kind.allowed().replace('`', "");
    let default = parameter.kind.default();
    let default = default.map_or_else(String::new, |default| format!(" [default: {default}]"));
    lines.push(format!(
        "      {allowed}{default}{}",
        said_by(parameter.source)
    ));
    let (fields, path) = match parameter.kind {
        ParameterKind::Object { fields } => (fields, format!("{name}.")),
        ParameterKind::List { fields, .. } => (fields, format!("{name}[].")),
        _ => return,
    };
    for field in fields {
        parameter_lines(lines, field, &path);
    }
}

fn with_mode(mode: Mode) -> String {
    format!(" with mode {mode}")
}

/// Where a fact comes from, unless it is the vendor's documentation.
fn said_by(source: Source) -> String {
    match source {
        Source::Documented => String::new(),
        source => format!(" ({source})"),
    }
}
