//! How long tasks take at an emulator, as it says itself.

use std::time::Duration;

use http::HeaderName;

use super::Client;
use crate::lock::lock;
use crate::wire::Exchange;

/// In milliseconds on the wall, beside each task that an emulator answers.
const TYPICAL_TIME: HeaderName = HeaderName::from_static("x-kirin-typical-milliseconds");

/// What is shorter counts as this. Of what is long, the schedule keeps its gaps short enough.
const SHORTEST: Duration = Duration::from_millis(50);

impl Client {
    /// Takes the typical time from an answer. Only this machine, and the host that is named for plain HTTP, may
    /// decide how fast it is asked: the service is neither, for it is reached over https.
    pub(super) fn learn_typical_time(&self, exchange: &Exchange) {
        let base_url = self.base_url();
        if !base_url.is_loopback() && !base_url.is_plain_elsewhere() {
            return;
        }
        let (Exchange::Whole(answer) | Exchange::Cut(answer, _)) = exchange else {
            return;
        };
        let text = answer.headers().get(TYPICAL_TIME);
        let milliseconds = text.and_then(|text| text.to_str().ok()?.parse().ok());
        if let Some(milliseconds) = milliseconds {
            let typical = Duration::from_millis(milliseconds).max(SHORTEST);
            *lock(&self.0.typical_time) = Some(typical);
        }
    }

    /// What was said last.
    pub(super) fn typical_time(&self) -> Option<Duration> {
        *lock(&self.0.typical_time)
    }
}
