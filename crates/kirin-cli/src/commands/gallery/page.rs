//! The page: one file, without anything from elsewhere but the videos beside it.

use std::{collections::BTreeSet, fmt::Write, io, path::Path};

use base64::{Engine, engine::general_purpose::STANDARD};
use kirin_ledger::Entry;
use kirin_types::{Amount, GenerationRequest, Timestamp};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{
    command::generate_command,
    frame_size::FrameSize,
    html::{escape_attribute, escape_text},
    link,
    video::{Known, Video},
};
use crate::{clock, table::nonzero_counts, url_path::encode_segment};

/// Names the program that made the page.
const GENERATOR: &str = "<meta name=\"generator\" content=\"kirin gallery\">";

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
/// Before anything is shown, so that nothing moves when it is known that scripts run.
const FIRST_SCRIPT: &str = "document.documentElement.classList.add('scripted')";
const ICON: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E\
                    %3Crect width='16' height='16' rx='4' fill='%230f766e'/%3E\
                    %3Cpath d='M6 4.5v7l6-3.5z' fill='%23fff'/%3E%3C/svg%3E";

/// What the page shows.
pub(super) struct Page<'a> {
    title: String,
    videos: &'a [Video],
    /// The prefix of every file name.
    folder: String,
}

impl<'a> Page<'a> {
    /// A page at `output` of the videos of a folder.
    pub(super) fn new(
        folder: &Path,
        output: &Path,
        title: Option<String>,
        videos: &'a [Video],
    ) -> io::Result<Self> {
        let here = output.parent().filter(|parent| *parent != Path::new(""));
        let canonical = folder.canonicalize()?;
        let name = canonical.file_name().unwrap_or(canonical.as_os_str());
        Ok(Self {
            title: title.unwrap_or_else(|| name.to_string_lossy().into()),
            videos,
            folder: link::relative_url(here.unwrap_or_else(|| Path::new(".")), folder)?,
        })
    }

    /// What the videos cost in USD, as far as it is known.
    pub(super) fn total_cost(&self) -> Amount {
        let known = self.videos.iter().filter_map(|video| video.known.as_ref());
        known
            .filter_map(|known| known.entry.amount().cloned())
            .sum()
    }

    pub(super) fn to_html(&self) -> String {
        let mut html = String::new();
        let style = format!("{STYLE}{}", self.ratio_styles());
        let policy = format!(
            "default-src 'none'; media-src 'self' file:; img-src data:; style-src '{}'; \
             script-src '{}' '{}'; base-uri 'none'; form-action 'none'; \
             require-trusted-types-for 'script'; trusted-types 'none'",
            policy_hash(&style),
            policy_hash(FIRST_SCRIPT),
            policy_hash(SCRIPT)
        );
        let title = escape_attribute(&self.title);
        // Writing to a string cannot fail.
        let _ = write!(
            html,
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n{GENERATOR}\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n\
             <meta name=\"referrer\" content=\"no-referrer\">\n<title>{title}</title>\n\
             <link rel=\"icon\" href=\"{ICON}\">\n<style>{style}</style>\n<script>{FIRST_SCRIPT}</script>\n</head>\n<body>\n\
             <header>\n<div>\n<h1><bdi>{}</bdi></h1>\n<p class=\"summary\">{}</p>\n</div>\n{TOOLS}\
             </header>\n<main>\n<ul id=\"videos\">\n",
            escape_text(&self.title),
            self.summary_html(),
        );
        for video in self.videos {
            self.write_card(&mut html, video);
        }
        let _ = write!(
            html,
            "</ul>\n</main>\n<script>{SCRIPT}</script>\n</body>\n</html>\n"
        );
        html
    }

    /// A class for each shape of a video: a box has its shape before the video is loaded.
    fn ratio_styles(&self) -> String {
        let sizes: BTreeSet<_> = self.videos.iter().filter_map(|video| video.size).collect();
        let rule = |size: &FrameSize| {
            let ratio = f64::from(size.width) / f64::from(size.height);
            format!(".{} {{ --ratio: {ratio:.4}; }}\n", size_class(*size))
        };
        sizes.iter().map(rule).collect()
    }

    fn summary_html(&self) -> String {
        let known = self.videos.iter().filter_map(|video| video.known.as_ref());
        let entries: Vec<_> = known.map(|known| &known.entry).collect();
        let count = |is_counted: fn(&Entry) -> bool| {
            let counted = entries.iter().filter(|entry| is_counted(entry));
            counted.count()
        };
        let videos = self.videos.len();
        let mut parts = vec![match videos {
            1 => "1 video".into(),
            videos => format!("{videos} videos"),
        }];
        if !entries.is_empty() {
            parts.push(format!("{} USD", self.total_cost()));
        }
        let is_listed = |entry: &Entry| entry.cost.is_none() && entry.price.is_some();
        parts.extend(nonzero_counts(&[
            (count(is_listed), "at the list price"),
            (
                count(|entry| entry.amount().is_none()),
                "without a known price",
            ),
            (videos - entries.len(), "not in the ledger"),
        ]));
        let spans = parts.iter().map(|part| format!("<span>{part}</span>"));
        spans.collect()
    }

    fn write_card(&self, html: &mut String, video: &Video) {
        let name = video.name.to_string_lossy();
        let prompt = video
            .known
            .as_ref()
            .and_then(|known| known.entry.prompt.as_deref());
        let (label, class_of_label) = match prompt {
            Some(prompt) => (prompt, "prompt"),
            None => (&*name, "prompt name"),
        };
        let cost = video.known.as_ref().and_then(|known| known.entry.amount());
        let cost = cost.map_or_else(String::new, ToString::to_string);
        let class = video
            .size
            .map_or_else(String::new, |size| format!(" {}", size_class(size)));
        let source = self.folder.clone() + &encode_segment(&video.name);
        // Without a time in it, Safari shows no frame before a video is played.
        let _ = write!(
            html,
            "<li class=\"card{class}\" data-cost=\"{cost}\">\n<figure>\n\
             <video controls muted loop playsinline preload=\"metadata\" tabindex=\"0\" \
             aria-label=\"{}\" src=\"{source}#t=0.001\"></video>\n<figcaption>\n\
             <p class=\"{class_of_label}\" dir=\"auto\">{}</p>\n<p class=\"facts\">{}</p>\n{}\
             </figcaption>\n</figure>\n</li>\n",
            escape_attribute(label),
            escape_text(label),
            facts_line(video),
            self.details_html(video, &source),
        );
    }

    /// Everything else, behind one click.
    fn details_html(&self, video: &Video, source: &str) -> String {
        let mut html = String::from("<details>\n<summary>Details</summary>\n<dl>\n");
        let mut row = |name: &str, value: &str| {
            let _ = writeln!(
                html,
                "<div><dt>{}</dt><dd>{value}</dd></div>",
                escape_text(name)
            );
        };
        row("file", &file_link(&video.name.to_string_lossy(), source));
        for other in &video.others {
            let source = self.folder.clone() + &encode_segment(other);
            row("file", &file_link(&other.to_string_lossy(), &source));
        }
        if let Some(size) = video.size {
            row("size", &format!("{} \u{d7} {}", size.width, size.height));
        }
        let Some(Known { entry, request }) = &video.known else {
            return html + "</dl>\n</details>\n";
        };
        row("model", &escape_text(&entry.model));
        for (name, value) in request.as_ref().map(shown_parameters).unwrap_or_default() {
            row(&name, &escape_text(&value));
        }
        row(
            "external task id",
            &escape_text(entry.external_task_id.as_str()),
        );
        if let Some(id) = &entry.task_id {
            row("task id", &escape_text(id.as_str()));
        }
        html.push_str("</dl>\n");
        if entry.prompt.is_some() {
            html.push_str("<button type=\"button\" data-copy=\"prompt\">Copy prompt</button>\n");
        }
        if let Some(command) = request.as_ref().and_then(generate_command) {
            let _ = write!(
                html,
                "<button type=\"button\" data-copy=\"command\">Copy command</button>\n\
                 <pre tabindex=\"0\"><code>{}</code></pre>\n",
                escape_text(&command)
            );
        }
        html + "</details>\n"
    }
}

const TOOLS: &str = "<form id=\"tools\" autocomplete=\"off\">\n\
    <label>Search <input type=\"search\" id=\"search\" spellcheck=\"false\"></label>\n\
    <label>Sort by <select id=\"sort\"><option value=\"newest\">Newest</option>\
    <option value=\"cost\">Cost</option><option value=\"prompt\">Prompt</option></select></label>\n\
    <p id=\"found\" role=\"status\"></p>\n</form>\n";

/// Cost, length, model and time, in a line.
fn facts_line(video: &Video) -> String {
    let mut facts = Vec::new();
    match &video.known {
        Some(Known { entry, request }) => {
            match (&entry.cost, &entry.price) {
                (Some(cost), _) => facts.push(format!("<b>{cost} USD</b>")),
                (None, Some(price)) => facts.push(format!("<b>{price} USD</b> list price")),
                (None, None) => {}
            }
            let seconds = request.as_ref().and_then(GenerationRequest::seconds);
            facts.extend(seconds.map(|seconds| format!("{seconds} s")));
            let mode = request.as_ref().and_then(GenerationRequest::mode);
            facts.extend(mode.map(|mode| mode.to_string()));
        }
        None => facts.push("not in the ledger".into()),
    }
    facts.extend(video.at.map(time_element));
    facts
        .iter()
        .map(|fact| format!("<span>{fact}</span>"))
        .collect()
}

fn time_element(at: Timestamp) -> String {
    let moment = clock::utc_moment(at);
    let shown = moment.replacen('T', " ", 1);
    // Seconds say nothing here.
    let shown = shown.get(.."2026-11-25 12:00".len()).unwrap_or(&shown);
    format!("<time datetime=\"{moment}\">{shown} UTC</time>")
}

/// The parameters that say what the video is, in the order of the reference page.
fn shown_parameters(request: &GenerationRequest) -> Vec<(String, String)> {
    let Ok(Value::Object(parameters)) = serde_json::to_value(request.parameters()) else {
        return Vec::new();
    };
    let known = request.model().map_or(&[][..], |model| model.parameters);
    let place = |name: &str| known.iter().position(|parameter| parameter.name == name);
    // The prompt and the id have their own place, and the callback URL is private.
    let elsewhere = ["prompt", "external_task_id", "callback_url"];
    let mut parameters: Vec<_> = parameters
        .into_iter()
        .filter(|(name, _)| !elsewhere.contains(&name.as_str()))
        .map(|(name, value)| {
            let value = shown_value(&name, &value);
            (name, value)
        })
        .collect();
    parameters.sort_by_key(|(name, _)| place(name).unwrap_or(usize::MAX));
    parameters
}

/// A value as text. A picture is not text, and its URL may hold secrets.
fn shown_value(name: &str, value: &Value) -> String {
    match (name, value) {
        ("image" | "image_tail", Value::String(image)) => match image.split(['?', '#']).next() {
            Some(url) if url.contains("://") && !url.contains('@') => url.into(),
            _ => "a picture".into(),
        },
        (_, Value::String(text)) => text.clone(),
        (_, value) => value.to_string(),
    }
}

fn file_link(name: &str, source: &str) -> String {
    format!("<a href=\"{source}\"><bdi>{}</bdi></a>", escape_text(name))
}

fn size_class(size: FrameSize) -> String {
    format!("r{}x{}", size.width, size.height)
}

/// How a policy names a script or style that it allows.
fn policy_hash(content: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(content)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_its_owner_should_know_is_not_shown() {
        for (name, value, text) in [
            (
                "image",
                "https://example.com/fox.png?sig=secret#x",
                "https://example.com/fox.png",
            ),
            (
                "image",
                "https://me:secret@example.com/fox.png",
                "a picture",
            ),
            ("image_tail", "iVBORw0KGgo=", "a picture"),
            ("negative_prompt", "why? https://", "why? https://"),
        ] {
            assert_eq!(shown_value(name, &value.into()), text);
        }
        assert_eq!(shown_value("cfg_scale", &serde_json::json!(0.5)), "0.5");
    }
}
