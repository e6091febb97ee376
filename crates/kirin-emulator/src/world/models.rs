//! The list of models, out of the catalogue.

use kirin_types::{MODELS, Model, ModelKind};
use serde::Serialize;

use super::{Refusal, Reply, envelope};

/// What every model of the catalogue makes, and who makes it (documented samples).
pub(super) const MODEL_TYPE: &str = "video";
const PROVIDER: &str = "kuaishou";

const PAGE_SIZE: usize = 20;
const MAX_PAGE_SIZE: usize = 100;

#[derive(Serialize)]
struct ModelsAnswer {
    models: Vec<ModelAnswer>,
    total: usize,
    page: usize,
    page_size: usize,
    total_pages: usize,
}

#[derive(Serialize)]
struct ModelAnswer {
    id: &'static str,
    model_id: &'static str,
    name: &'static str,
    r#type: &'static str,
    provider: &'static str,
    description: &'static str,
    input_modalities: &'static [&'static str],
    output_modalities: [&'static str; 1],
}

/// The query string of a list; an empty value counts as an absent one.
struct ModelsQuery {
    page: usize,
    page_size: usize,
    model_type: String,
    keywords: String,
}

/// One page of the models that match the query string.
pub(super) fn answer(query: &str) -> Result<Reply, Refusal> {
    let query = ModelsQuery::read(query).map_err(Refusal::InvalidRequest)?;
    let matching: Vec<_> = MODELS.iter().filter(|model| query.matches(model)).collect();
    let total = matching.len();
    let skipped = (query.page - 1).saturating_mul(query.page_size);
    let page = matching.into_iter().skip(skipped).take(query.page_size);
    Ok(envelope::ok(ModelsAnswer {
        models: page.map(|model| ModelAnswer::new(model)).collect(),
        total,
        page: query.page,
        page_size: query.page_size,
        total_pages: total.div_ceil(query.page_size),
    }))
}

impl ModelsQuery {
    fn read(query: &str) -> Result<Self, String> {
        let mut read = Self {
            page: 1,
            page_size: PAGE_SIZE,
            model_type: String::new(),
            keywords: String::new(),
        };
        let mut problems = Vec::new();
        let pairs = form_urlencoded::parse(query.as_bytes());
        for (name, value) in pairs.filter(|(_, value)| !value.is_empty()) {
            match name.as_ref() {
                "page" => match value.parse() {
                    Ok(page) if page >= 1 => read.page = page,
                    _ => problems.push("page must be a number from 1 on".into()),
                },
                "page_size" => match value.parse() {
                    Ok(size) if (1..=MAX_PAGE_SIZE).contains(&size) => read.page_size = size,
                    _ => problems.push(format!(
                        "page_size must be a number from 1 to {MAX_PAGE_SIZE}"
                    )),
                },
                "type" => read.model_type = value.to_lowercase(),
                "keywords" => read.keywords = value.to_lowercase(),
                // A list is no purchase: what it does not know, it need not refuse.
                _ => {}
            }
        }
        match problems.is_empty() {
            true => Ok(read),
            false => Err(problems.join(". ")),
        }
    }

    fn matches(&self, model: &Model) -> bool {
        let text = [model.id, model.title, model.description]
            .join(" ")
            .to_lowercase();
        let right_type = self.model_type.is_empty() || self.model_type == MODEL_TYPE;
        right_type
            && self
                .keywords
                .split_whitespace()
                .all(|word| text.contains(word))
    }
}

impl ModelAnswer {
    fn new(model: &Model) -> Self {
        Self {
            id: model.id,
            model_id: model.id,
            name: model.title,
            r#type: MODEL_TYPE,
            provider: PROVIDER,
            description: model.description,
            input_modalities: match model.kind {
                ModelKind::Extension => &["Video", "Text"],
                ModelKind::ImageToVideo => &["Image", "Text"],
                _ => &["Text"],
            },
            output_modalities: ["Video"],
        }
    }
}
