//! The loop around the machine of a download: it sends, reads and waits, and hands out bytes.

use std::{future::Future, time::Duration};

use bytes::Bytes;
use http::{HeaderValue, Request, Uri, header};
use kirin_types::{Task, TaskId, Timestamp};
use tokio::task::yield_now;

use super::{
    DownloadError, DownloadErrorKind, DownloadEvent,
    action::Action,
    blocking::on_disk,
    event::Event,
    gzip::PlainBody,
    judgement::Received,
    machine::{Machine, Settings},
    outputs::Output,
    source::Trusted,
};
use crate::{
    Client, ErrorKind,
    clock::{Moment, pause, within},
    driver::downloaded,
    wire::Trouble,
};

/// The download of one output on its way.
pub(super) struct Transfer<'a> {
    client: Client,
    task: TaskId,
    output: Output,
    can_discard: bool,
    /// Away only while it reads a piece of the body, on a thread that may block.
    machine: Option<Box<Machine>>,
    body: PlainBody,
    /// What came of the body and was not handed out yet.
    waiting: Bytes,
    /// How long its actions took.
    elapsed: Duration,
    /// Whether the last step was [`Step::Discard`].
    has_discarded: bool,
    /// What the query for another URL came to.
    refused: Option<crate::Error>,
    on_event: OnEvent<'a>,
}

/// Who is told of what happens.
pub(super) type OnEvent<'a> = Box<dyn FnMut(&DownloadEvent) + Send + 'a>;

/// What the owner of the bytes has to do.
pub(super) enum Step {
    /// Throw away all that was stored.
    Discard,
    /// All is there, and checked.
    Finished,
    /// Store this behind what is there.
    Store(Bytes),
}

/// A longer piece of a body is hashed on a thread that may block. 16 KiB take less than going there.
const SMALL_PIECE: usize = 16 << 10;

/// A longer one is taken in pieces, so that whoever is dropped leaves no more work behind.
const LARGEST_PIECE: usize = 1 << 20;

/// What a transfer fetches, and within which bounds.
pub(super) struct Order {
    pub(super) client: Client,
    pub(super) task: TaskId,
    pub(super) output: Output,
    pub(super) max_bytes: u64,
    /// How long the store may be late with it: [`lag`].
    pub(super) lag: Duration,
    /// Whether what was received can be thrown away.
    pub(super) can_discard: bool,
}

/// How long the file of a task that was completed just now may take to be at its URL (this project's
/// bound).
const LAG: Duration = Duration::from_secs(120);

/// A task that was updated longer ago than this is no new one.
const IS_NEW: Duration = Duration::from_secs(10 * 60);

/// The same for a task of which only its beginning is known: it may have taken long.
const MAY_BE_NEW: Duration = Duration::from_secs(60 * 60);

/// How long the store may be late with the outputs of a task: not at all, if it was completed long ago.
pub(super) fn lag(task: &Task, now: Option<Timestamp>) -> Duration {
    let age = |since: Timestamp| {
        let since = Some(since.milliseconds()).filter(|since| *since > 0)?;
        let age = now?.milliseconds().saturating_sub(since);
        // A clock that is ahead of ours makes nothing old.
        Some(Duration::from_millis(
            u64::try_from(age).unwrap_or_default(),
        ))
    };
    let is_old = match (
        task.updated_at().and_then(age),
        task.created_at().and_then(age),
    ) {
        (Some(age), _) => age > IS_NEW,
        (None, Some(age)) => age > MAY_BE_NEW,
        (None, None) => false,
    };
    if is_old { Duration::ZERO } else { LAG }
}

impl<'a> Transfer<'a> {
    pub(super) fn new(order: Order, received: Received, on_event: OnEvent<'a>) -> Self {
        let settings = Settings {
            attempts: order.client.call_policy().download_attempts(),
            can_discard: order.can_discard,
            is_video: order.output.is_video,
            jitter_seed: order.client.jitter_seed(),
            lag: order.lag,
            max_bytes: order.max_bytes,
            trusted: Trusted {
                loopback: order.client.base_url().is_loopback(),
                plain_host: order.client.plain_host().cloned(),
            },
        };
        Self {
            machine: Some(Box::new(Machine::new(
                order.output.url.clone(),
                received,
                settings,
            ))),
            client: order.client,
            task: order.task,
            output: order.output,
            can_discard: order.can_discard,
            body: PlainBody::default(),
            waiting: Bytes::new(),
            elapsed: Duration::ZERO,
            has_discarded: false,
            refused: None,
            on_event,
        }
    }

    /// What was handed out, the last step included.
    pub(super) fn received(&self) -> &Received {
        self.machine().received()
    }

    fn machine(&self) -> &Machine {
        // It comes back before `handle` returns.
        self.machine.as_ref().expect("a machine")
    }

    pub(super) fn tell(&mut self, event: &DownloadEvent) {
        (self.on_event)(event);
    }

    /// Continues to the next step; whoever asks for it has done the last one.
    ///
    /// # Errors
    ///
    /// The download failed. There are no more steps.
    pub(super) async fn next(&mut self) -> Result<Step, DownloadError> {
        loop {
            let event = match self.machine().action() {
                Action::Discard if self.has_discarded => Event::Discarded,
                Action::Discard => {
                    self.has_discarded = true;
                    return Ok(Step::Discard);
                }
                Action::Finished(Ok(())) => {
                    self.client.download_answered();
                    if let Some(what) = self.machine().unusual_structure().map(Into::into) {
                        self.tell(&DownloadEvent::Unusual { what });
                    }
                    return Ok(Step::Finished);
                }
                Action::Finished(Err(failure)) => {
                    let error = DownloadError::failed(failure);
                    return Err(match self.refused.take() {
                        Some(source) => error.with_source(source),
                        None => error,
                    });
                }
                Action::Receive { until } => self.receive(until).await,
                Action::Refresh => self.refresh().await?,
                Action::Request {
                    uri,
                    range,
                    is_repeat,
                    until,
                } => {
                    let request = get(uri, range);
                    if is_repeat {
                        self.client.turn_to_repeat_download().await;
                    }
                    self.request(request, until).await
                }
                Action::Wait { until } => {
                    let left = until.saturating_sub(self.elapsed);
                    pause(left).await;
                    self.elapsed += left;
                    Event::TimedOut
                }
            };
            self.has_discarded = false;
            if let Some(data) = self.handle(event).await? {
                return Ok(Step::Store(data));
            }
        }
    }

    /// Tells the machine; gives back what it took.
    async fn handle(&mut self, event: Event) -> Result<Option<Bytes>, DownloadError> {
        let data = match &event {
            Event::Received(data) if !data.is_empty() => Some(data.clone()),
            _ => None,
        };
        let is_much = data.as_ref().is_some_and(|data| data.len() > SMALL_PIECE);
        let elapsed = self.elapsed;
        // As in `machine`.
        let mut machine = self.machine.take().expect("a machine");
        let handle = move || {
            let told = machine.handle(elapsed, event);
            Ok((machine, told))
        };
        let (machine, told) = match is_much {
            true => on_disk(handle).await?,
            false => handle()?,
        };
        self.machine = Some(machine);
        // Every action above is answered by one of its events, and never before its time.
        if let Some(event) = told.expect("an event that answers the action") {
            self.tell(&event);
        }
        Ok(data.filter(|_| match self.machine().action() {
            // A file keeps what is refused, for somebody to look at.
            Action::Finished(Err(failure)) => {
                self.can_discard && failure.kind == DownloadErrorKind::NotVideo
            }
            Action::Finished(Ok(())) => false,
            _ => true,
        }))
    }

    async fn request(&mut self, request: Request<Bytes>, until: Duration) -> Event {
        let client = self.client.clone();
        let answer = async move { PlainBody::of(client.send(request).await?).await };
        match self.timed(until, answer).await {
            None => Event::TimedOut,
            Some(Ok((head, body))) => {
                self.body = body;
                self.waiting = Bytes::new();
                Event::Answered(Box::new(head))
            }
            Some(Err(error)) => Event::Failed(Trouble::from(&error).description),
        }
    }

    async fn receive(&mut self, until: Duration) -> Event {
        if !self.waiting.is_empty() {
            // Whoever sends so much at once must not keep the others waiting.
            yield_now().await;
            let length = self.waiting.len().min(LARGEST_PIECE);
            return Event::Received(self.waiting.split_to(length));
        }
        let mut body = std::mem::take(&mut self.body);
        let next = self.timed(until, body.next()).await;
        self.body = body;
        match next {
            None => Event::TimedOut,
            Some(None) => Event::Ended,
            Some(Some(Ok(mut data))) => {
                downloaded(data.len());
                self.waiting = data.split_off(data.len().min(LARGEST_PIECE));
                Event::Received(data)
            }
            Some(Some(Err(error))) => Event::Failed(Trouble::from(&error).description),
        }
    }

    /// Asks the task for a URL that has not expired.
    async fn refresh(&mut self) -> Result<Event, DownloadError> {
        Ok(match self.client.query(&self.task).await {
            Ok(task) => {
                let (number, is_watermarked) = (self.output.number, self.output.is_watermarked);
                let mut outputs = Output::all(&task).into_iter();
                let fresh = outputs.find(|output| output.is(number, is_watermarked));
                Event::Refreshed(fresh.map(|output| output.url))
            }
            Err(error) => match error.kind() {
                ErrorKind::Authentication => {
                    let detail =
                        "the output's URL has expired, and the service refuses to give another";
                    let error_kind = DownloadErrorKind::Authentication;
                    return Err(DownloadError::new(error_kind, detail).with_source(error));
                }
                ErrorKind::NotFound => {
                    self.refused = Some(error);
                    Event::Refreshed(None)
                }
                _ => Event::Failed(error.to_string()),
            },
        })
    }

    /// Does `work` until so much time has elapsed, and counts the time.
    async fn timed<T>(&mut self, until: Duration, work: impl Future<Output = T>) -> Option<T> {
        let began_at = Moment::now();
        let left = until.saturating_sub(self.elapsed);
        let done = within(left, work).await;
        let took = Moment::now().since(began_at);
        self.elapsed += match done {
            Some(_) => took,
            None => took.max(left),
        };
        done
    }
}

fn get(uri: &Uri, range: Option<(u64, &str)>) -> Request<Bytes> {
    let mut request = Request::new(Bytes::new());
    *request.uri_mut() = uri.clone();
    let headers = request.headers_mut();
    headers.insert(
        header::ACCEPT_ENCODING,
        HeaderValue::from_static("identity"),
    );
    if let Some((from, etag)) = range
        && let Ok(range) = format!("bytes={from}-").try_into()
        && let Ok(etag) = HeaderValue::from_str(etag)
    {
        headers.insert(header::RANGE, range);
        headers.insert(header::IF_RANGE, etag);
    }
    request
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How long the store of a task with these fields may be late, at a time of so many seconds.
    fn seconds(fields: &str) -> u64 {
        let task = format!(r#"{{"id":"task-1","status":"completed"{fields}}}"#);
        let task = Task::from_json(task.as_bytes()).unwrap();
        lag(&task, Some(Timestamp::from_milliseconds(1_769_757_744_000))).as_secs()
    }

    #[test]
    fn only_a_task_that_is_known_to_be_old_is_not_waited_for() {
        assert_eq!(seconds(""), 120);
        for (fields, expected) in [
            (r#","updated_at":1769757744000"#, 120),
            (r#","updated_at":1769757144000"#, 120),
            (r#","updated_at":1769757143999"#, 0),
            (r#","updated_at":1769797744000"#, 120),
            (r#","created_at":1769754144000"#, 120),
            (r#","created_at":1769754143999"#, 0),
            (r#","created_at":0"#, 120),
            (
                r#","created_at":1669757744000,"updated_at":1769757743000"#,
                120,
            ),
        ] {
            assert_eq!(seconds(fields), expected, "{fields}");
        }
        let task = Task::from_json(br#"{"id":"task-1","created_at":1669757744000}"#).unwrap();
        assert_eq!(lag(&task, None), LAG);
    }
}
