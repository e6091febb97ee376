//! What is known of the bytes of an output, read as they come.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::HeaderMap;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{container::Boxes, matroska::Elements, page::Beginning};
use crate::FileDigest;

/// Bytes from the first on: how many, what they hash to, how they begin, and what boxes they are.
#[derive(Clone, Default)]
pub(super) struct Content {
    bytes: u64,
    hash: Sha256,
    beginning: Beginning,
    boxes: Boxes,
    elements: Elements,
}

impl Content {
    pub(super) fn feed(&mut self, data: &[u8]) {
        self.bytes += data.len() as u64;
        self.hash.update(data);
        self.beginning.feed(data);
        self.boxes.feed(data);
        self.elements.feed(data);
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) fn beginning(&self) -> &Beginning {
        &self.beginning
    }

    pub(super) fn boxes(&self) -> &Boxes {
        &self.boxes
    }

    /// Why a film is not whole although its message came to its end: a proxy that lost its own
    /// connection ends its answer politely. Nothing of what is no film.
    pub(super) fn missing_part(&self) -> Option<String> {
        match self.beginning.is_matroska() {
            true => self.elements.missing_part(),
            false => self.boxes.missing_part(),
        }
    }

    /// Judges by the container alone whether this is the whole.
    ///
    /// # Errors
    ///
    /// Why it does not show it.
    pub(super) fn show_the_end(&self) -> Result<(), String> {
        match self.beginning.is_matroska() {
            true => self.elements.show_the_end(),
            false => self.boxes.show_the_end(),
        }
    }

    pub(super) fn digest(&self) -> Digest {
        Digest(STANDARD.encode(self.hash.clone().finalize()))
    }

    pub(super) fn file_digest(&self) -> FileDigest {
        FileDigest::of_hash(self.bytes, &self.hash.clone().finalize())
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Content({} bytes)", self.bytes)
    }
}

/// A SHA-256, in base64 as HTTP writes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Digest(String);

impl Digest {
    /// What the server says of the whole object (RFC 9530). `Content-Digest` is of what this
    /// answer carries, so it counts only where that is the whole; MD5 proves nothing.
    pub(super) fn announced(headers: &HeaderMap, is_whole: bool) -> Option<Self> {
        let names = ["repr-digest", "content-digest"];
        let names = &names[..if is_whole { 2 } else { 1 }];
        names.iter().find_map(|name| {
            let values = headers.get_all(*name).into_iter();
            values
                .filter_map(|value| value.to_str().ok())
                .find_map(sha256)
        })
    }
}

/// The member `sha-256=:...:` of a dictionary (RFC 8941).
fn sha256(value: &str) -> Option<Digest> {
    value.split(',').find_map(|member| {
        let digest = member.trim().strip_prefix("sha-256=:")?;
        let (digest, _) = digest.split_once(':')?;
        Some(Digest(digest.into()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_make_no_difference() {
        let mut content = Content::default();
        content.feed(b"{\"hello\": ");
        content.feed(b"\"world\"}\n");
        assert_eq!(content.bytes(), 19);
        // The example of RFC 9530, appendix D.
        let digest = "RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=";
        assert_eq!(content.digest(), Digest(digest.into()));
    }

    #[test]
    fn announced_digests_are_found() {
        let announced = |name: &'static str, value: &'static str, is_whole| {
            let mut headers = HeaderMap::new();
            headers.insert(name, value.parse().unwrap());
            Digest::announced(&headers, is_whole).map(|digest| digest.0)
        };
        let value = "sha-512=:YQ==:, sha-256=:RK/0=:;q=1";
        let found = Some("RK/0=".to_owned());
        assert_eq!(announced("repr-digest", value, false), found);
        assert_eq!(announced("content-digest", value, true), found);
        assert_eq!(announced("content-digest", value, false), None);
        assert_eq!(announced("content-md5", "YQ==", true), None);
        for other in ["sha-512=:YQ==:", "sha-256=YQ", "", "sha-256=:"] {
            assert_eq!(announced("repr-digest", other, true), None, "{other}");
        }
    }
}
