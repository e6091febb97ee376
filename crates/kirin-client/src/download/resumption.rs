//! What is written down beside a part file, so that another process can go on with it.

use kirin_types::TaskId;
use serde::{Deserialize, Serialize};

use super::{
    content::{Content, Digest},
    judgement::Received,
    outputs::Output,
};

/// Which bytes a part file holds, and of what. It holds no URL: a signed one is a secret, and it
/// would have expired.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Resumption {
    version: u32,
    task: TaskId,
    output: usize,
    is_watermarked: bool,
    /// Strong: without one there is nothing to go on with.
    etag: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    total: Option<u64>,
    bytes: u64,
    sha256: Digest,
    /// What the server said the whole hashes to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    announced_sha256: Option<Digest>,
}

/// Of this layout. What another one says is not understood, and the download begins anew.
const VERSION: u32 = 1;

impl Resumption {
    /// `None` if there is nothing to go on with.
    pub(super) fn new(task: &TaskId, output: &Output, received: &Received) -> Option<Self> {
        let (bytes, etag) = received.range()?;
        Some(Self {
            version: VERSION,
            task: task.clone(),
            output: output.number,
            is_watermarked: output.is_watermarked,
            etag: etag.into(),
            total: received.total,
            bytes,
            sha256: received.content.digest(),
            announced_sha256: received.announced.clone(),
        })
    }

    pub(super) fn from_json(json: &[u8], task: &TaskId, output: &Output) -> Option<Self> {
        let found: Self = serde_json::from_slice(json).ok()?;
        let is_known = found.version == VERSION && found.etag.starts_with('"') && found.bytes > 0;
        let is_same = found.task == *task && output.is(found.output, found.is_watermarked);
        (is_known && is_same).then_some(found)
    }

    pub(super) fn to_json(&self) -> Vec<u8> {
        // Strings and numbers only: nothing that JSON cannot say.
        serde_json::to_vec(self).expect("JSON")
    }

    /// How many bytes of the part file it speaks of.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// What was received, if `content` is what was written down.
    pub(super) fn confirmed_by(self, content: Content) -> Option<Received> {
        let is_same = content.bytes() == self.bytes && content.digest() == self.sha256;
        is_same.then_some(Received {
            content,
            etag: Some(self.etag),
            total: self.total,
            announced: self.announced_sha256,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn output(number: usize) -> Output {
        Output {
            url: "https://cdn.example.com/a.mp4?signature=s".into(),
            number,
            is_watermarked: false,
            is_video: true,
        }
    }

    fn received(bytes: &[u8]) -> Received {
        let mut received = Received {
            etag: Some("\"v1\"".into()),
            total: Some(200),
            ..Received::default()
        };
        received.content.feed(bytes);
        received
    }

    #[test]
    fn only_the_same_output_of_the_same_task_goes_on() {
        let task: TaskId = "task-1".parse().unwrap();
        let written = Resumption::new(&task, &output(0), &received(b"abc")).unwrap();
        let json = written.to_json();
        let read = |task: &str, number| {
            Resumption::from_json(&json, &task.parse().unwrap(), &output(number))
        };
        assert_eq!(read("task-1", 0), Some(written));
        assert_eq!(read("task-2", 0), None);
        assert_eq!(read("task-1", 1), None);
        let newer = String::from_utf8(json)
            .unwrap()
            .replace("\"version\":1", "\"version\":2");
        assert_eq!(
            Resumption::from_json(newer.as_bytes(), &task, &output(0)),
            None
        );
        assert_eq!(Resumption::from_json(b"{", &task, &output(0)), None);
    }

    #[test]
    fn only_the_same_bytes_are_gone_on_with() {
        let task = "task-1".parse().unwrap();
        let written = Resumption::new(&task, &output(0), &received(b"abc")).unwrap();
        let confirmed = |bytes: &[u8]| {
            let mut content = Content::default();
            content.feed(bytes);
            written.clone().confirmed_by(content)
        };
        let received = confirmed(b"abc").unwrap();
        assert_eq!(received.range(), Some((3, "\"v1\"")));
        assert_eq!(received.total, Some(200));
        for other in [&b"abd"[..], b"ab", b"abcd"] {
            assert!(confirmed(other).is_none());
        }
    }

    #[test]
    fn nothing_is_written_without_a_strong_tag_or_without_bytes() {
        let task = "task-1".parse().unwrap();
        let mut without_tag = received(b"abc");
        without_tag.etag = None;
        for nothing in [without_tag, received(b"")] {
            assert_eq!(Resumption::new(&task, &output(0), &nothing), None);
        }
    }
}
