//! Servers that want to fill the memory or the time of a client: each ends in an error of a known
//! kind, within its limit, and with at most 16 MiB more memory than before. A process of its own
//! runs each case, because the peak of a process's memory never sinks.

use std::{
    fmt::Write as _,
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    thread,
    time::Duration,
};

use flate2::{Compression, write::GzEncoder};
use kirin_transport::{HyperTransport, Transport, TransportError};

use crate::{
    child,
    render::shown,
    server::{create, within},
};

/// What a case may take of memory, in KiB.
const MEMORY: u64 = 16 << 10;

/// What a server writes at the most.
const FLOOD: usize = 256 << 20;

/// The longest JSON answer that a client takes.
const JSON: usize = 1 << 20;

// ----------------------------------------------------------------- the server

/// Accepts one connection, waits for the request, and does harm.
fn serve(listener: &TcpListener, attack: fn(&mut TcpStream) -> std::io::Result<()>) {
    let (mut stream, _) = listener.accept().unwrap();
    let mut reading = stream.try_clone().unwrap();
    let mut buffer = [0; 16 << 10];
    // The whole request is on its way when its first bytes are there.
    let _ = reading.read(&mut buffer);
    thread::spawn(move || while matches!(reading.read(&mut buffer), Ok(1..)) {});
    // The client may end it at any byte, which is what it is here for.
    let _ = attack(&mut stream);
    pause(Duration::from_secs(3));
}

#[expect(
    clippy::disallowed_methods,
    reason = "a server that does harm takes its time"
)]
fn pause(duration: Duration) {
    thread::sleep(duration);
}

/// Writes `bytes` again and again.
fn flood(stream: &mut TcpStream, bytes: &[u8]) -> std::io::Result<()> {
    let mut written = 0;
    while written < FLOOD {
        stream.write_all(bytes)?;
        written += bytes.len();
    }
    Ok(())
}

fn http1(head: &str, stream: &mut TcpStream, bytes: &[u8]) -> std::io::Result<()> {
    stream.write_all(head.as_bytes())?;
    flood(stream, bytes)
}

/// A frame of HTTP/2 on the stream of the first request, or on the connection.
fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags, 0, 0, 0, stream], payload].concat()
}

const SETTINGS: [u8; 9] = [0, 0, 0, 4, 0, 0, 0, 0, 0];

/// A head with status 200 that ends, of a body that follows.
const HEAD: [u8; 10] = [0, 0, 1, 1, 4, 0, 0, 0, 1, 0x88];

fn http2(first: &[u8], stream: &mut TcpStream, bytes: &[u8]) -> std::io::Result<()> {
    greet(stream)?;
    stream.write_all(first)?;
    flood(stream, bytes)
}

/// Settings, and the word that the client's have been read; only then its windows are wide.
fn greet(stream: &mut TcpStream) -> std::io::Result<()> {
    const ACKNOWLEDGED: [u8; 9] = [0, 0, 0, 4, 1, 0, 0, 0, 0];
    stream.write_all(&[SETTINGS, ACKNOWLEDGED].concat())?;
    // The request follows when the client has seen the settings, or before.
    pause(Duration::from_millis(100));
    Ok(())
}

/// 10 MB of zeros as gzip writes them, a thousand times smaller.
fn bomb() -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&vec![0; 10 << 20]).unwrap();
    encoder.finish().unwrap()
}

// ----------------------------------------------------------------- the client, in a process of its own

#[tokio::test]
#[ignore = "a process whose memory is measured, started by the tests below"]
async fn meets_a_server_that_does_harm() {
    let limit = Duration::from_secs(child::told("KIRIN_TEST_SECONDS").parse().unwrap());
    let builder = HyperTransport::builder()
        .attempt_timeout(limit)
        .idle_timeout(limit);
    let transport = match child::told("KIRIN_TEST_VERSION").as_str() {
        "2" => builder.http2_only().build_plain(),
        _ => builder.build_plain(),
    };
    let url = child::told("KIRIN_TEST_URL");
    let before = peak();
    let outcome = match within(ask(&transport, &url)).await {
        Ok(length) => format!("{length} bytes"),
        Err(error) => {
            shown(&error);
            format!("{:?}", error.kind())
        }
    };
    child::tell(&format!("{outcome}, {} KiB", peak() - before));
}

async fn ask(transport: &HyperTransport, url: &str) -> Result<usize, TransportError> {
    let limit = child::told("KIRIN_TEST_LIMIT").parse().unwrap();
    let response = transport.send(create(url)).await?;
    Ok(response.into_body().collect(limit).await?.len())
}

/// The most memory that this process ever held, in KiB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.unwrap().trim().split(' ').next().unwrap();
    number.parse().unwrap()
}

/// One case: the answer to it, and the memory.
fn check(version: &str, attack: fn(&mut TcpStream) -> std::io::Result<()>, expected: &str) {
    check_any(version, attack, &[expected]);
}

/// As [`check`], where two limits may be reached first.
fn check_any(version: &str, attack: fn(&mut TcpStream) -> std::io::Result<()>, expected: &[&str]) {
    // Only who is to wait in vain waits for a short time.
    let seconds = if expected == ["Timeout"] { "1" } else { "15" };
    let (outcome, memory) = measure(version, attack, JSON, seconds);
    assert!(
        expected.contains(&&outcome[..]),
        "HTTP/{version}: {outcome}"
    );
    assert!(memory <= MEMORY, "HTTP/{version}: {memory} KiB");
}

/// What a client that collects so many bytes says, and how many KiB it took.
fn measure(
    version: &str,
    attack: fn(&mut TcpStream) -> std::io::Result<()>,
    limit: usize,
    seconds: &str,
) -> (String, u64) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("http://{}/v1/create", listener.local_addr().unwrap());
    thread::spawn(move || serve(&listener, attack));
    let limit = limit.to_string();
    let variables = [
        ("KIRIN_TEST_LIMIT", &limit[..]),
        ("KIRIN_TEST_SECONDS", seconds),
        ("KIRIN_TEST_URL", &url),
        ("KIRIN_TEST_VERSION", version),
    ];
    let told = child::run("memory::meets_a_server_that_does_harm", &variables);
    let (outcome, memory) = told.rsplit_once(", ").unwrap();
    let memory = memory.strip_suffix(" KiB").unwrap();
    (outcome.to_owned(), memory.parse().unwrap())
}

/// Without this, a measure that sees nothing would pass everything.
#[test]
fn the_measure_sees_what_a_client_holds() {
    let attack = |stream: &mut TcpStream| http1("HTTP/1.1 200 OK\r\n\r\n", stream, &PIECE);
    let (outcome, memory) = measure("1", attack, 64 << 20, "15");
    assert_eq!(outcome, "TooLarge");
    assert!((60 << 10..200 << 10).contains(&memory), "{memory} KiB");
}

// ----------------------------------------------------------------- bodies

const PIECE: [u8; 16 << 10] = [b'x'; 16 << 10];

#[test]
fn a_body_of_10_gib_ends_at_the_limit() {
    const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-length: 10737418240\r\n\r\n";
    check("1", |stream| http1(HEAD, stream, &PIECE), "TooLarge");
}

/// Within the window that the client gives, there is more than the client takes.
#[test]
fn a_body_over_http2_ends_at_the_limit() {
    check(
        "2",
        |stream| {
            let pieces = frame(0, 0, 1, &PIECE).repeat(80);
            greet(stream)?;
            stream.write_all(&[&HEAD[..], &pieces].concat())
        },
        "TooLarge",
    );
}

/// A server that does not keep to the window is cut off, if the limit does not come first.
#[test]
fn a_body_that_floods_http2_is_cut_off() {
    let attack = |stream: &mut TcpStream| http2(&HEAD, stream, &frame(0, 0, 1, &PIECE));
    check_any("2", attack, &["Body", "TooLarge"]);
}

#[test]
fn a_body_without_end_ends_at_the_limit() {
    check(
        "1",
        |stream| http1("HTTP/1.1 200 OK\r\n\r\n", stream, &PIECE),
        "TooLarge",
    );
    check(
        "1",
        |stream| {
            let chunk = [b"4000\r\n", &PIECE[..], b"\r\n"].concat();
            http1(
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
                stream,
                &chunk,
            )
        },
        "TooLarge",
    );
}

#[test]
fn a_bomb_stays_as_small_as_it_came() {
    check(
        "1",
        |stream| {
            let bomb = bomb();
            let length = bomb.len();
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {length}\r\n\r\n"
            );
            stream.write_all(&[head.as_bytes(), &bomb].concat())
        },
        &format!("{} bytes", bomb().len()),
    );
}

// ----------------------------------------------------------------- heads

#[test]
fn a_megabyte_of_headers_is_refused() {
    check(
        "1",
        |stream| http1("HTTP/1.1 200 OK\r\nx-long: ", stream, &[b'y'; 1 << 20]),
        "TooLarge",
    );
}

#[test]
fn a_hundred_thousand_headers_are_refused() {
    check(
        "1",
        |stream| {
            let mut head = String::from("HTTP/1.1 200 OK\r\n");
            for number in 0..100_000 {
                write!(head, "x-{number}: y\r\n").unwrap();
            }
            stream.write_all((head + "\r\n").as_bytes())
        },
        "TooLarge",
    );
}

#[test]
fn a_head_that_is_continued_without_end_is_refused() {
    check(
        "2",
        |stream| {
            // A literal field of HPACK with a long value, in CONTINUATION after CONTINUATION.
            let long = [&[0, 1, b'x', 127, 129, 122][..], &PIECE[..15_873]].concat();
            let begun = frame(1, 0, 1, &[0x88]);
            http2(&begun, stream, &frame(9, 0, 1, &long))
        },
        "Closed",
    );
}

#[test]
fn interim_answers_without_end_are_left_at_the_time_limit() {
    check(
        "1",
        |stream| {
            http1(
                "",
                stream,
                b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n",
            )
        },
        "Timeout",
    );
}

// ----------------------------------------------------------------- frames

#[test]
fn empty_frames_without_end_break_off_the_body() {
    check(
        "2",
        |stream| http2(&HEAD, stream, &frame(0, 0, 1, &[])),
        "Body",
    );
}

#[test]
fn pings_and_settings_without_end_are_left_at_the_time_limit() {
    check(
        "2",
        |stream| http2(&[], stream, &frame(6, 0, 0, &[0; 8])),
        "Timeout",
    );
    check("2", |stream| http2(&[], stream, &SETTINGS), "Timeout");
}

#[test]
fn resets_of_streams_that_nobody_opened_break_the_protocol() {
    check(
        "2",
        |stream| http2(&[], stream, &frame(3, 0, 99, &[0; 4])),
        "Closed",
    );
}

// ----------------------------------------------------------------- time

#[test]
fn a_server_that_never_answers_is_left_at_the_time_limit() {
    check("1", |_stream| Ok(()), "Timeout");
    check("2", greet, "Timeout");
}

#[test]
fn a_head_byte_by_byte_is_left_at_the_time_limit() {
    check(
        "1",
        |stream| {
            for byte in b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}" {
                stream.write_all(&[*byte])?;
                pause(Duration::from_millis(100));
            }
            Ok(())
        },
        "Timeout",
    );
}
