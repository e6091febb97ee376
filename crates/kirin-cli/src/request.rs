//! The request of a command line.

use std::{fs::File, io::Read, path::Path};

use kirin_client::Client;
use kirin_types::{ExternalTaskId, GenerationRequest, Image, Model, ParameterKind};

use crate::{
    arguments::Request,
    bounded_file,
    failure::Failure,
    input_text::{input_text, without_mark},
    parameter::on_the_wire,
};

/// Most bytes that are read for a prompt. The longest legal one has fewer.
const PROMPT: u64 = 1 << 20;

/// What was typed, checked, with an external task id. All problems are told at once.
pub(crate) fn request(typed: &Request) -> Result<GenerationRequest, Failure> {
    let prompt = prompt(typed);
    let mut problems: Vec<_> = prompt.as_ref().err().cloned().into_iter().collect();
    let images = images(typed, &mut problems);
    let twice = twice(typed);
    problems.extend(twice.iter().map(|name| format!("{name} is given twice")));
    let text = prompt.as_ref().ok().and_then(Option::as_deref);
    let request = build(typed, text, &images, &twice);
    if let Err(invalid) = &request {
        // That there is none follows from the one that cannot be read.
        let is_told = |field: &str| prompt.is_err() && field == "prompt";
        let invalid = invalid.problems().iter();
        let invalid = invalid.filter(|problem| !is_told(&problem.field));
        problems.extend(invalid.map(ToString::to_string));
    }
    match request {
        Ok(request) if problems.is_empty() => Ok(request),
        _ => Err(Failure::invalid(problems)),
    }
}

/// The id of a request, where it was made up for this command.
pub(crate) fn minted(typed: &Request, request: &GenerationRequest) -> Option<ExternalTaskId> {
    let is_parameter = |(name, _): &(String, String)| name == "external_task_id";
    let is_typed = typed.external_task_id.is_some() || typed.parameters.iter().any(is_parameter);
    request.external_task_id().filter(|_| !is_typed).cloned()
}

/// What has an option of its own, and is given as a parameter too.
fn twice(typed: &Request) -> Vec<&str> {
    let given = [
        ("aspect_ratio", typed.aspect_ratio.is_some()),
        ("callback_url", typed.callback_url.is_some()),
        ("duration", typed.duration.is_some()),
        ("external_task_id", typed.external_task_id.is_some()),
        ("image", typed.image.is_some()),
        ("image_tail", typed.image_tail.is_some()),
        ("mode", typed.mode.is_some()),
        ("model", true),
        ("negative_prompt", typed.negative_prompt.is_some()),
        (
            "prompt",
            typed.prompt.is_some()
                || !typed.prompt_options.is_empty()
                || !typed.prompt_files.is_empty(),
        ),
        ("watermark_info", typed.watermark),
    ];
    let names: Vec<_> = typed.parameters.iter().map(|(name, _)| name).collect();
    let named = given
        .iter()
        .filter(|(_, is_given)| *is_given)
        .map(|(name, _)| *name);
    let has_option = named.filter(|name| names.iter().any(|typed| typed == name));
    let again = names.iter().enumerate();
    let again = again.filter(|(place, name)| names[..*place].contains(name));
    has_option
        .chain(again.map(|(_, name)| name.as_str()))
        .collect()
}

fn build(
    typed: &Request,
    prompt: Option<&str>,
    images: &[(&'static str, Image)],
    twice: &[&str],
) -> Result<GenerationRequest, kirin_types::InvalidRequest> {
    let mut builder = GenerationRequest::for_model(typed.model.id());
    if let Some(prompt) = prompt {
        builder = builder.parameter("prompt", prompt);
    }
    let named = [
        ("duration", &typed.duration),
        ("aspect_ratio", &typed.aspect_ratio),
        ("mode", &typed.mode),
        ("negative_prompt", &typed.negative_prompt),
        ("callback_url", &typed.callback_url),
        ("external_task_id", &typed.external_task_id),
    ];
    let named = named
        .into_iter()
        .filter_map(|(name, value)| Some((name, value.as_deref()?)));
    let others = typed
        .parameters
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .filter(|(name, _)| !twice.contains(name));
    for (name, value) in named.chain(others) {
        builder = builder.parameter(name, on_the_wire(typed.model.id(), name, value));
    }
    for (name, image) in images {
        builder = builder.parameter(*name, image.clone());
    }
    if typed.watermark {
        builder = builder.watermark(true);
    }
    let request = builder.build()?;
    let id = request.external_task_id().cloned();
    let id = id.unwrap_or_else(Client::mint_external_task_id);
    Ok(request.with_external_task_id(id))
}

/// The prompt; a video without one is one too, if its model makes some.
fn prompt(typed: &Request) -> Result<Option<String>, String> {
    match (
        &typed.prompt,
        typed.prompt_options.first(),
        typed.prompt_files.first(),
    ) {
        (Some(stdin), ..) if stdin == "-" => read_prompt(Path::new("-")).map(Some),
        (Some(prompt), ..) | (None, Some(prompt), _) => Ok(Some(without_mark(prompt).into())),
        (None, None, Some(path)) => read_prompt(path).map(Some),
        (None, None, None) => Ok(None),
    }
}

/// The text of a file, or of stdin, without the line ends behind it.
fn read_prompt(path: &Path) -> Result<String, String> {
    let name = path.display();
    let bytes = bounded_file::read_or_stdin(path, PROMPT)
        .map_err(|error| format!("prompt: {name} cannot be read: {error}"))?;
    let text = input_text(&bytes).map_err(|problem| format!("prompt: {name} {problem}"))?;
    Ok(text.trim_end_matches(['\r', '\n']).into())
}

/// The pictures, by the names of their parameters.
fn images(typed: &Request, problems: &mut Vec<String>) -> Vec<(&'static str, Image)> {
    let mut images = Vec::new();
    for (name, typed_image) in [("image", &typed.image), ("image_tail", &typed.image_tail)] {
        let Some(typed_image) = typed_image else {
            continue;
        };
        match image(typed.model.id(), name, typed_image) {
            Ok(image) => images.push((name, image)),
            Err(problem) => problems.push(format!("{name} {problem}")),
        }
    }
    images
}

fn image(model: &str, name: &str, typed: &str) -> Result<Image, String> {
    if typed.contains("://") {
        return Image::from_url(typed).map_err(|invalid| invalid.to_string());
    }
    let mut bytes = Vec::new();
    // One more than it may have: what is wrong with it is told with what else is.
    let limit = Image::MAX_BYTES as u64 + 1;
    File::open(typed)
        .and_then(|file| file.take(limit).read_to_end(&mut bytes))
        .map_err(|error| format!("cannot be read from {typed}: {error}"))?;
    let parameter = Model::find(model).and_then(|model| model.parameter(name));
    let kind = parameter.map(|parameter| parameter.kind);
    let image = match kind {
        Some(ParameterKind::Image {
            bounded_ratio: false,
        }) => Image::from_bytes_of_any_ratio(&bytes),
        _ => Image::from_bytes(&bytes),
    };
    image.map_err(|invalid| format!("{typed} {invalid}"))
}
