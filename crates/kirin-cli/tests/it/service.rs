//! What the program talks to: an emulator in this process, or a server that follows a script.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex, mpsc::channel},
    thread,
    time::Duration,
};

use kirin_emulator::{Emulator, EmulatorConfig, VideoSize};
use kirin_tests::canary;
use serde_json::json;

/// The id of the one task of a scripted server.
pub(crate) const TASK: &str = "d5u5obte8783ap44qtj0";

/// Small videos and tasks that end at once: most tests are not about waiting.
pub(crate) fn instant() -> EmulatorConfig {
    EmulatorConfig::new()
        .task_time(Duration::ZERO)
        .video_size(VideoSize::Small)
        .keys([canary::key()])
}

/// Starts an emulator on a thread of its own, which ends with the test program.
pub(crate) fn emulator(config: EmulatorConfig) -> Arc<Emulator> {
    let (send, receive) = channel();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(async {
            let emulator = Arc::new(Emulator::start(config).await.expect("an emulator"));
            send.send(Arc::clone(&emulator)).expect("the test listens");
            std::future::pending::<()>().await;
        });
    });
    receive.recv().expect("an emulator")
}

/// A server whose every answer is made by the test.
pub(crate) struct Server {
    pub(crate) base_url: String,
    requests: Arc<Mutex<Vec<String>>>,
}

/// What a scripted server does with a request.
pub(crate) enum Answer {
    /// The connection is closed without a word.
    Close,
    /// A refusal at this time, as the head says it.
    Dated(&'static str),
    /// These bytes, and what they are called.
    File(&'static str, Vec<u8>),
    /// The status, and the body as JSON.
    Json(u16, String),
    /// These bytes, head and all.
    Raw(Vec<u8>),
    /// Nothing, ever; the connection stays open.
    Silence,
    /// A video: MP4 boxes without frames.
    Video,
}

impl Server {
    /// Serves on a thread of its own, which ends with the test program. `script` is asked with
    /// the method and path of each request, and this server's base URL.
    pub(crate) fn start(script: impl Fn(&str, &str) -> Answer + Clone + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let base_url = format!("http://{}", listener.local_addr().expect("an address"));
        let requests: Arc<Mutex<Vec<String>>> = Arc::default();
        let (seen, url) = (Arc::clone(&requests), base_url.clone());
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (script, seen, url) = (script.clone(), Arc::clone(&seen), url.clone());
                thread::spawn(move || {
                    let Some(request) = read_request(&stream) else {
                        return;
                    };
                    let mut seen = seen.lock().unwrap();
                    seen.push(request.clone());
                    let is_known = has_created(&seen) || !is_lookup(&request);
                    drop(seen);
                    answer(
                        stream,
                        match is_known {
                            true => script(&request, &url),
                            false => Answer::Json(404, r#"{"message": "task not found"}"#.into()),
                        },
                    );
                });
            }
        });
        Self { base_url, requests }
    }

    /// The method and path of every request so far.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    /// How many creates came.
    pub(crate) fn creates(&self) -> usize {
        let requests = self.requests();
        requests
            .iter()
            .filter(|request| request.starts_with("POST"))
            .count()
    }
}

impl Answer {
    /// A task that is still running.
    pub(crate) fn running() -> Self {
        Self::task(json!({ "status": "in_progress", "progress": 0.4 }))
    }

    /// A task that is done, with a video at this server.
    pub(crate) fn completed(base_url: &str) -> Self {
        let signature = canary::signature();
        Self::completed_at(&format!("{base_url}/files/boat.mp4?sig={signature}"))
    }

    /// A task that is done, with a video at this URL.
    pub(crate) fn completed_at(url: &str) -> Self {
        Self::task(json!({
            "status": "completed",
            "output": [{ "content": [{ "type": "video", "url": url, "size": "1280x720" }] }],
            "usage": { "cost": "0.35", "discount": 0 },
        }))
    }

    /// A task that was done in 2022, with a video at this server.
    pub(crate) fn completed_long_ago(base_url: &str) -> Self {
        let url = format!("{base_url}/files/boat.mp4");
        let content = json!([{ "content": [{ "type": "video", "url": url }] }]);
        let done_at = 1_669_757_744_021_u64;
        Self::task(json!({ "status": "completed", "updated_at": done_at, "output": content }))
    }

    /// The task with these fields beside its id.
    pub(crate) fn task(mut fields: serde_json::Value) -> Self {
        fields["id"] = TASK.into();
        fields["model"] = "kirin_v2_5_turbo_t2v".into();
        Self::Json(200, fields.to_string())
    }
}

/// A service knows no task of an external id before it is created.
fn has_created(requests: &[String]) -> bool {
    requests.iter().any(|request| request.starts_with("POST"))
}

fn is_lookup(request: &str) -> bool {
    request.starts_with("GET /model/v1/generation/task/order-")
}

/// The first line of a request without its protocol, once the request was read whole.
fn read_request(stream: &TcpStream) -> Option<String> {
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    reader.read_line(&mut first).ok()?;
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        match line.trim_end().to_ascii_lowercase().split_once(": ") {
            Some(("content-length", value)) => length = value.parse().ok()?,
            Some(_) => {}
            None => break,
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let request = first.trim_end().strip_suffix(" HTTP/1.1")?;
    Some(request.into())
}

fn answer(mut stream: TcpStream, answer: Answer) {
    let mut date = String::new();
    let (status, content_type, body) = match answer {
        Answer::Close => return,
        Answer::Dated(text) => {
            date = format!("date: {text}\r\n");
            let body = r#"{"message": "task not found"}"#;
            (404, "application/json", body.into())
        }
        Answer::File(media_type, bytes) => (200, media_type, bytes),
        Answer::Json(status, body) => (status, "application/json", body.into_bytes()),
        Answer::Raw(bytes) => {
            // The program may have gone away.
            let _ = stream.write_all(&bytes);
            return;
        }
        Answer::Silence => {
            // Ends when the other side is gone.
            let _ = stream.read(&mut [0; 1]);
            return;
        }
        Answer::Video => (200, "video/mp4", video()),
    };
    let head = format!(
        "HTTP/1.1 {status} x\r\ncontent-type: {content_type}\r\n{date}content-length: {}\r\n\
         connection: close\r\n\r\n",
        body.len()
    );
    // The program may have gone away.
    let _ = stream.write_all(&[head.into_bytes(), body].concat());
}

/// MP4 boxes without frames.
pub(crate) fn video() -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, content) in [
        (b"ftyp", b"isom\0\0\x02\0isom".to_vec()),
        (b"moov", vec![0; 16]),
        (b"mdat", vec![0; 400_000]),
    ] {
        let size = u32::try_from(content.len() + 8).expect("a small box");
        bytes.extend_from_slice(&size.to_be_bytes());
        bytes.extend_from_slice(name);
        bytes.extend_from_slice(&content);
    }
    bytes
}
