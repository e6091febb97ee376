//! Drives the machine from plain threads, without async: blocking HTTP over the standard library's
//! `TcpStream`, and a clock and a sleep of one's own.
//!
//! With tokio in the tree, `kirin_client::blocking::Client` does all this, and keeps a journal too.
//!
//! The service is the emulator, which costs nothing; it has a runtime of its own, the client's side has
//! none.
//!
//! ```text
//! cargo run --package kirin-client --example blocking
//! ```
#![expect(
    clippy::disallowed_methods,
    reason = "this is a driver: it owns the clock and the sleep"
)]
#![expect(
    clippy::print_stdout,
    reason = "an example talks to the person who runs it"
)]

use std::{
    error::Error,
    io::{self, Read, Write},
    net::TcpStream,
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use http::{Request, Response};
use kirin_client::{
    Error as KirinError, PollSchedule,
    machine::{Action, Event, Machine, Settings},
    wire::{Call, Endpoint, MAX_ANSWER_BYTES},
};
use kirin_emulator::{Emulator, EmulatorConfig};
use kirin_transport::{Sent, TransportError, TransportErrorKind};
use kirin_types::{GenerationRequest, KIRIN_V2_5_TURBO_T2V, Task, Timestamp};

pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    let service = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let config = EmulatorConfig::new().task_time(Duration::from_millis(300));
    let emulator = service.block_on(Emulator::start(config))?;
    let endpoint = Endpoint::new(emulator.base_url().parse()?, "any-key".parse()?)?;

    thread::scope(|threads| {
        let begin = |order: &'static str| {
            let (endpoint, typical) = (&endpoint, emulator.typical_time());
            threads.spawn(move || {
                let task = generate(endpoint, order, typical).map_err(|error| error.to_string())?;
                println!("{order}: task {} is {:?}", task.id(), task.status());
                Ok::<(), String>(())
            })
        };
        let orders = ["order-1", "order-2", "order-3"].map(begin);
        for order in orders {
            order.join().map_err(|_| "a thread panicked")??;
        }
        Ok(())
    })
}

/// Create, reconcile, wait and query, on the thread that this is called on.
pub(crate) fn generate(
    endpoint: &Endpoint,
    order: &str,
    typical: Duration,
) -> Result<Task, Box<dyn Error>> {
    let request = GenerationRequest::builder("a paper boat on a rainy street")
        .external_task_id(order)
        .build()?;
    let mut settings = Settings::for_model(&KIRIN_V2_5_TURBO_T2V, wall_time());
    settings.schedule = PollSchedule::optimum(typical);
    let mut machine = Machine::generate(request, settings)?;
    let began_at = Instant::now();
    let mut probes = 0;

    loop {
        let event = match machine.action() {
            Action::Create(request) => answer(&endpoint.create(request)),
            Action::LookUp(id) => answer(&endpoint.query(id.as_str())),
            Action::Probe(id) => {
                // Each address is used once, so that no cache has an answer to it.
                probes += 1;
                answer(&endpoint.probe(id, &probes.to_string()))
            }
            Action::Query(id) => answer(&endpoint.query(id.as_str())),
            Action::Wait { until } => {
                thread::sleep(until.saturating_sub(began_at.elapsed()));
                Event::WaitEnded
            }
            Action::Finished(outcome) => return Ok(KirinError::check(outcome.clone())?),
        };
        machine.handle(began_at.elapsed(), event)?;
        // Monotonic time may stop while a computer sleeps.
        if let Some(ours) = wall_time() {
            let service = None;
            machine.handle(began_at.elapsed(), Event::ClocksRead { ours, service })?;
        }
    }
}

fn answer(call: &Call) -> Event {
    call.read(send(&call.request()), wall_time())
}

fn wall_time() -> Option<Timestamp> {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    let milliseconds = since_1970.as_millis().try_into().ok()?;
    Some(Timestamp::from_milliseconds(milliseconds))
}

/// One request on a connection of its own. Until there is one, nothing can have left; after that,
/// anything may have.
fn send(request: &Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
    let failed =
        |kind, sent| move |error: io::Error| TransportError::new(kind, sent).with_source(error);
    let unsent = failed(TransportErrorKind::Connect, Sent::No);
    let lost = failed(TransportErrorKind::Closed, Sent::Maybe);
    let host = request.uri().authority().map_or("", |it| it.as_str());
    let stream = TcpStream::connect(host).map_err(unsent)?;
    exchange(stream, host, request).map_err(lost)
}

fn exchange(
    mut stream: TcpStream,
    host: &str,
    request: &Request<Bytes>,
) -> io::Result<Response<Bytes>> {
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    stream.set_write_timeout(Some(Duration::from_secs(30)))?;
    let method = request.method();
    let path = request.uri().path_and_query().map_or("/", |it| it.as_str());
    let length = request.body().len();
    let mut bytes = format!(
        "{method} {path} HTTP/1.1\r\nhost: {host}\r\ncontent-length: {length}\r\nconnection: close\r\n"
    )
    .into_bytes();
    for (name, value) in request.headers() {
        bytes.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
    }
    bytes.extend(b"\r\n");
    bytes.extend(request.body());
    stream.write_all(&bytes)?;

    let mut answer = Vec::new();
    // The limit of an answer, and room for its head.
    let limit = MAX_ANSWER_BYTES as u64 + 64 * 1024;
    stream.take(limit).read_to_end(&mut answer)?;
    read(&answer).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "not a whole answer"))
}

/// Reads an answer that names its length, as those of JSON do.
fn read(answer: &[u8]) -> Option<Response<Bytes>> {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&answer[..end]).ok()?;
    let mut lines = head.split("\r\n");
    let status: u16 = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let mut response = Response::builder().status(status);
    let mut length = None;
    for line in lines {
        let (name, value) = line.split_once(':')?;
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse::<usize>().ok();
        }
        response = response.header(name, value.trim());
    }
    // One that is cut must not pass for a whole one.
    let body = answer[end + 4..].get(..length?)?;
    response.body(Bytes::copy_from_slice(body)).ok()
}
