//! What a completed task made.

use alloc::{string::String, vec::Vec};
use core::fmt;

use crate::{
    decode::{Object, Token},
    repair::DAMAGE,
};

/// One generated content of a completed task. Its Debug form leaves out what signs its URLs:
/// queries, fragments, and names and passwords. Its serde form has them whole, under the API's own names.
#[derive(Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Content {
    /// Resource type (documented: video, image).
    pub content_type: ContentType,
    /// URL of the generated content (documented). It is signed and expires: download at once.
    pub url: Option<String>,
    /// URL of the watermarked copy (documented for Kling).
    pub watermark_url: Option<String>,
    /// Size as the service wrote it (documented as a string, without a format).
    pub size: Option<String>,
    /// Duration as the service wrote it: a string, an integer or a number (seen elsewhere).
    pub duration: Option<String>,
    /// Id of the asset (seen elsewhere).
    pub id: Option<String>,
    /// Text content (seen elsewhere).
    pub text: Option<String>,
}

/// Resource type of a content.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ContentType {
    /// A sound file (seen elsewhere).
    Audio,
    /// A picture (documented).
    Image,
    /// Any other word, or none.
    Other(String),
    /// A video (documented; `video_url` was seen elsewhere).
    Video,
}

impl ContentType {
    fn from_word(word: String) -> Self {
        match word.as_str() {
            "audio" => Self::Audio,
            "image" => Self::Image,
            "video" | "video_url" => Self::Video,
            _ => Self::Other(word),
        }
    }

    /// The documented word, or the other word as it came.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Audio => "audio",
            Self::Image => "image",
            Self::Other(word) => word,
            Self::Video => "video",
        }
    }
}

impl AsRef<str> for ContentType {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for ContentType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl Content {
    fn from_object(content: &Object<'_>) -> Self {
        // What is lost of a URL stays lost when the task is read again from where it was kept.
        let url = |name| {
            content
                .non_empty_text(name)
                .filter(|url| !url.contains(DAMAGE))
        };
        Self {
            content_type: ContentType::from_word(content.text("type").unwrap_or_default()),
            url: url("url"),
            watermark_url: url("watermark_url"),
            size: content.text_or_number("size"),
            duration: content.text_or_number("duration"),
            id: content.text_or_number("id"),
            text: content.text("text"),
        }
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unsigned = |url: &Option<String>| url.as_deref().map(unsigned);
        formatter
            .debug_struct("Content")
            .field("content_type", &self.content_type)
            .field("url", &unsigned(&self.url))
            .field("watermark_url", &unsigned(&self.watermark_url))
            .field("size", &self.size)
            .field("duration", &self.duration)
            .field("id", &self.id)
            .field("text", &self.text)
            .finish()
    }
}

/// A URL without its query and fragment, and without a name and password before its host.
fn unsigned(url: &str) -> String {
    let place = url.split(['?', '#']).next().unwrap_or_default();
    let host = place.find("//").map_or(0, |slashes| slashes + 2);
    let (start, rest) = place.split_at(host);
    let end = rest.find('/').unwrap_or(rest.len());
    let host = rest[..end].rfind('@').map_or(0, |at| at + 1);
    [start, &rest[host..]].concat()
}

/// The same of each word of a text.
pub(crate) fn unsigned_text(text: &str) -> String {
    let words = text.split_inclusive(char::is_whitespace);
    let unsigned = |word: &str| match word.contains("//") {
        true => {
            let end = word.trim_end().len();
            [unsigned(&word[..end]).as_str(), &word[end..]].concat()
        }
        false => word.into(),
    };
    words.map(unsigned).collect()
}

/// Reads `output`: items with a `content` array, or without that level as on an older page.
pub(crate) fn from_output(output: Token<'_>) -> Vec<Content> {
    let mut contents = Vec::new();
    for item in output
        .array()
        .unwrap_or_default()
        .into_iter()
        .filter_map(Token::object)
    {
        match item.field("content").and_then(Token::array) {
            Some(inner) => contents.extend(
                inner
                    .into_iter()
                    .filter_map(Token::object)
                    .map(|it| Content::from_object(&it)),
            ),
            None if item.contains("url") || item.contains("type") => {
                contents.push(Content::from_object(&item));
            }
            None => {}
        }
    }
    contents
}

/// Reads the `videos` of Kling's callback: contents without a type, which are videos.
pub(crate) fn videos(videos: Token<'_>) -> Vec<Content> {
    let objects = videos
        .array()
        .unwrap_or_default()
        .into_iter()
        .filter_map(Token::object);
    objects
        .map(|video| Content {
            content_type: ContentType::Video,
            ..Content::from_object(&video)
        })
        .collect()
}
