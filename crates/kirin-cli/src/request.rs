//! The request of a command line.

use std::{fs::File, io::Read, path::Path};

use kirin_client::Client;
use kirin_types::{ExternalTaskId, GenerationRequest, Image, Model, ParameterKind};

use crate::{
    arguments::RequestOptions,
    bounded_file,
    failure::Failure,
    input_text::{input_text, without_mark},
    parameter::on_the_wire,
};

/// Most bytes that are read for a prompt. The longest legal one has fewer.
const PROMPT: u64 = 1 << 20;

/// The typed request, checked, with an external task id. All problems are reported at once.
pub(crate) fn build_request(typed: &RequestOptions) -> Result<GenerationRequest, Failure> {
    let prompt = typed_prompt(typed);
    let mut problems: Vec<_> = prompt.as_ref().err().cloned().into_iter().collect();
    let images = read_images(typed, &mut problems);
    let duplicates = duplicate_parameters(typed);
    problems.extend(
        duplicates
            .iter()
            .map(|name| format!("{name} was given twice")),
    );
    let text = prompt.as_ref().ok().and_then(Option::as_deref);
    let request = build_with_images(typed, text, &images, &duplicates);
    if let Err(invalid) = &request {
        // That it is missing follows from its file being unreadable.
        let is_told = |field: &str| prompt.is_err() && field == "prompt";
        let invalid = invalid.problems().iter();
        let invalid = invalid.filter(|problem| !is_told(&problem.field));
        problems.extend(invalid.map(ToString::to_string));
    }
    match request {
        Ok(request) if problems.is_empty() => Ok(request),
        _ => {
            let what = "the request is not valid, and was not sent";
            let next_step = "Change what is listed, then generate again.";
            Err(Failure::usage(what, next_step).with_details(problems))
        }
    }
}

/// The id of a request, where it was made up for this command.
pub(crate) fn minted_id(
    typed: &RequestOptions,
    request: &GenerationRequest,
) -> Option<ExternalTaskId> {
    let is_parameter = |(name, _): &(String, String)| name == "external_task_id";
    let is_typed = typed.external_task_id.is_some() || typed.parameters.iter().any(is_parameter);
    request.external_task_id().filter(|_| !is_typed).cloned()
}

/// The options that are one text, by the names of their parameters.
fn text_options(typed: &RequestOptions) -> [(&'static str, &Option<String>); 6] {
    [
        ("duration", &typed.duration),
        ("aspect_ratio", &typed.aspect_ratio),
        ("mode", &typed.mode),
        ("negative_prompt", &typed.negative_prompt),
        ("callback_url", &typed.callback_url),
        ("external_task_id", &typed.external_task_id),
    ]
}

/// Parameters that are given twice, or once and by an option of their own.
fn duplicate_parameters(typed: &RequestOptions) -> Vec<&str> {
    let has_option = |name: &str| match name {
        "image" => typed.image.is_some(),
        "image_tail" => typed.image_tail.is_some(),
        "model" => true,
        "prompt" => {
            typed.prompt.is_some()
                || !typed.prompt_options.is_empty()
                || !typed.prompt_files.is_empty()
        }
        "watermark_info" => typed.watermark,
        name => {
            let mut options = text_options(typed).into_iter();
            options.any(|(option, value)| option == name && value.is_some())
        }
    };
    let names: Vec<_> = typed.parameters.iter().map(|(name, _)| &**name).collect();
    let is_duplicate =
        |(place, name): &(usize, &&str)| has_option(name) || names[..*place].contains(*name);
    let duplicates = names.iter().enumerate().filter(is_duplicate);
    duplicates.map(|(_, name)| *name).collect()
}

fn build_with_images(
    typed: &RequestOptions,
    prompt: Option<&str>,
    images: &[(&'static str, Image)],
    duplicates: &[&str],
) -> Result<GenerationRequest, kirin_types::InvalidRequest> {
    let mut builder = GenerationRequest::for_model(typed.model.id());
    if let Some(prompt) = prompt {
        builder = builder.parameter("prompt", prompt);
    }
    let named = text_options(typed)
        .into_iter()
        .filter_map(|(name, value)| Some((name, value.as_deref()?)));
    let others = typed
        .parameters
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .filter(|(name, _)| !duplicates.contains(name));
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
fn typed_prompt(typed: &RequestOptions) -> Result<Option<String>, String> {
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
fn read_images(typed: &RequestOptions, problems: &mut Vec<String>) -> Vec<(&'static str, Image)> {
    let mut images = Vec::new();
    for (name, typed_image) in [("image", &typed.image), ("image_tail", &typed.image_tail)] {
        let Some(typed_image) = typed_image else {
            continue;
        };
        match read_image(typed.model.id(), name, typed_image) {
            Ok(image) => images.push((name, image)),
            Err(problem) => problems.push(format!("{name} {problem}")),
        }
    }
    images
}

fn read_image(model: &str, name: &str, typed: &str) -> Result<Image, String> {
    if typed.contains("://") {
        return Image::from_url(typed).map_err(|invalid| invalid.to_string());
    }
    let mut bytes = Vec::new();
    // One more than it may have: its size is reported with the other problems.
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
