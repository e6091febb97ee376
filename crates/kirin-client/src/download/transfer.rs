//! One video, from its URL into its part file.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, Uri, header};
use kirin_transport::{Body, TransportError};
use tokio::io::{AsyncSeekExt, AsyncWriteExt};

use super::{
    DownloadError, DownloadErrorKind, DownloadTarget, container,
    judgement::{Judgement, Received},
    source,
};
use crate::{
    Client,
    driver::{pause, within},
};

/// Attempts in a row before the transfer is given up.
const MAX_ATTEMPTS: u32 = 5;

/// Redirects that are followed, each one checked.
const MAX_REDIRECTS: usize = 5;

/// The largest video: 4 GiB.
const MAX_BYTES: u64 = 4 << 30;

/// How long the head of an answer, or the next bytes of a body, may take.
const STALL: Duration = Duration::from_secs(20);

/// A transfer on its way.
pub(super) struct Transfer<'a> {
    client: &'a Client,
    target: &'a DownloadTarget,
    on_progress: &'a mut (dyn FnMut(u64, Option<u64>) + Send),
    is_video: bool,
    received: Received,
}

/// Why an attempt ended without the whole file.
enum Broken {
    Expired,
    Final(DownloadError),
    Retry(String),
}

impl<'a> Transfer<'a> {
    pub(super) fn new(
        client: &'a Client,
        target: &'a DownloadTarget,
        is_video: bool,
        on_progress: &'a mut (dyn FnMut(u64, Option<u64>) + Send),
    ) -> Self {
        Self {
            client,
            target,
            on_progress,
            is_video,
            received: Received::default(),
        }
    }

    /// Fetches `url` until the part file is whole and checked; `None` if the URL has expired.
    pub(super) async fn fetch(&mut self, url: &str) -> Result<Option<()>, DownloadError> {
        let mut reason = String::new();
        for attempt in 0..MAX_ATTEMPTS {
            if attempt > 0 {
                pause(Duration::from_secs(1 << attempt.min(4))).await;
            }
            match self.attempt(url).await {
                Ok(()) => return Ok(Some(())),
                Err(Broken::Expired) => return Ok(None),
                Err(Broken::Final(error)) => return Err(error),
                Err(Broken::Retry(because)) => reason = because,
            }
        }
        Err(self.error(
            DownloadErrorKind::Network,
            format!("the download broke off: {reason}"),
        ))
    }

    async fn attempt(&mut self, url: &str) -> Result<(), Broken> {
        let (head, body) = self.request(url).await?.into_parts();
        let total = match self.received.judge(&head) {
            Judgement::Append { total } => Some(total),
            Judgement::Expired => return Err(Broken::Expired),
            Judgement::NotVideo(reason) => {
                return Err(Broken::Final(
                    self.error(DownloadErrorKind::NotVideo, reason),
                ));
            }
            Judgement::Restart { total, etag } => {
                self.received = Received { bytes: 0, etag };
                total
            }
            Judgement::StartOver(reason) => {
                self.received = Received::default();
                return Err(Broken::Retry(reason.into()));
            }
            Judgement::Trouble(reason) => return Err(Broken::Retry(reason)),
        };
        self.store(body, total).await?;
        self.check(total)
    }

    async fn request(&mut self, url: &str) -> Result<Response<Body>, Broken> {
        let client = self.client;
        let loopback_allowed = client.base_url().is_loopback();
        let mut next = source::checked(url, loopback_allowed);
        for _ in 0..=MAX_REDIRECTS {
            let uri = next.map_err(|reason| self.refused_url(reason))?;
            let response = within(STALL, client.send(self.get(&uri)))
                .await
                .ok_or_else(|| Broken::Retry("the server took too long".into()))?
                .map_err(|error| Broken::Retry(chain(&error)))?;
            if !response.status().is_redirection() {
                return Ok(response);
            }
            let location = response.headers().get(header::LOCATION);
            let location = location
                .and_then(|location| location.to_str().ok())
                .unwrap_or_default();
            next = source::redirected(&uri, location, loopback_allowed);
        }
        Err(self.refused_url("the output's URL is redirected more than 5 times"))
    }

    fn refused_url(&self, reason: &str) -> Broken {
        Broken::Final(self.error(DownloadErrorKind::RefusedUrl, reason.into()))
    }

    fn get(&self, uri: &Uri) -> Request<Bytes> {
        let mut request = Request::new(Bytes::new());
        *request.uri_mut() = uri.clone();
        let headers = request.headers_mut();
        headers.insert(
            header::ACCEPT_ENCODING,
            HeaderValue::from_static("identity"),
        );
        if let Some((range, etag)) = self.received.range()
            && let (Ok(range), Ok(etag)) = (range.try_into(), HeaderValue::from_str(etag))
        {
            headers.insert(header::RANGE, range);
            headers.insert(header::IF_RANGE, etag);
        }
        request
    }

    /// Writes the body behind what was received, and cuts off what stood there before.
    async fn store(&mut self, mut body: Body, total: Option<u64>) -> Result<(), Broken> {
        let disk = |error| Broken::Final(self.target.disk_error("cannot be written", error));
        let part = self.target.part().try_clone().map_err(disk)?;
        let mut part = tokio::fs::File::from_std(part);
        part.set_len(self.received.bytes).await.map_err(disk)?;
        part.seek(std::io::SeekFrom::Start(self.received.bytes))
            .await
            .map_err(disk)?;
        let mut written = self.received.bytes;
        let ended = loop {
            let data = match within(STALL, body.next()).await {
                None => break Err(Broken::Retry("no data for 20 s".into())),
                Some(None) => break Ok(()),
                Some(Some(Err(error))) => break Err(Broken::Retry(chain(&error))),
                Some(Some(Ok(data))) => data,
            };
            written += data.len() as u64;
            if written > total.unwrap_or(MAX_BYTES).min(MAX_BYTES) {
                let detail = format!("more than {} bytes came", total.unwrap_or(MAX_BYTES));
                return Err(Broken::Final(
                    self.error(DownloadErrorKind::TooLarge, detail),
                ));
            }
            part.write_all(&data).await.map_err(disk)?;
            (self.on_progress)(written, total);
        };
        part.flush().await.map_err(disk)?;
        self.received.bytes = written;
        ended
    }

    /// The right length, and a whole container: a body that was cut can look like success.
    fn check(&mut self, total: Option<u64>) -> Result<(), Broken> {
        let length = self.received.bytes;
        if total.is_some_and(|total| total != length) {
            return Err(Broken::Retry("the answer was cut off".into()));
        }
        if !self.is_video {
            return Ok(());
        }
        let checked = container::check(self.target.part(), length)
            .map_err(|error| Broken::Final(self.target.disk_error("cannot be read", error)))?;
        match (checked, total) {
            (Ok(()), _) => Ok(()),
            (Err(reason), Some(_)) => Err(Broken::Final(
                self.error(DownloadErrorKind::NotVideo, reason),
            )),
            (Err(reason), None) => {
                self.received = Received::default();
                Err(Broken::Retry(reason))
            }
        }
    }

    fn error(&self, kind: DownloadErrorKind, detail: String) -> DownloadError {
        DownloadError::new(kind, self.target.path(), detail)
    }
}

fn chain(error: &TransportError) -> String {
    crate::wire::Trouble::from(error).description
}
