//! A web backend: one charge a video, whatever becomes of the process.

use std::{
    net::TcpListener,
    path::Path,
    process::{Command as Kill, Stdio},
    time::Duration,
};

use kirin_client::{
    ApiKey, BaseUrl, Client, Intent, Journal as _, JournalChange, JournalWrite, OperationId,
    machine::SendReason,
};
use kirin_emulator::{Emulator, EmulatorConfig, VideoSize};
use kirin_ledger::Ledger;
use kirin_types::{GenerationRequest, Timestamp};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
    process::{Child, Command},
    time::{sleep, timeout},
};

use crate::LIMIT;

/// One process of the backend.
struct Backend {
    process: Child,
    address: String,
}

impl Backend {
    async fn start(emulator: &Emulator, folder: &Path, address: &str) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_backend"))
            .env("KIRIN_BASE_URL", emulator.base_url())
            .env("KIRIN_API_KEY", "any-key")
            .env("LEDGER", folder.join("ledger.sqlite3"))
            .env("FOLDER", folder)
            .env("LISTEN", address)
            .env("CALLBACKS", "/callbacks/b7e1")
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the program");
        let stdout = process.stdout.as_mut().expect("a pipe");
        let (mut stdout, mut line) = (BufReader::new(stdout), String::new());
        let said = timeout(LIMIT, stdout.read_line(&mut line)).await;
        said.expect("in time").expect("text");
        assert_eq!(line, format!("listening on {address}\n"));
        Self {
            process,
            address: address.to_owned(),
        }
    }

    /// Status and body of an answer.
    async fn ask(&self, head: &str, body: &str) -> std::io::Result<(u16, String)> {
        let mut stream = TcpStream::connect(&self.address).await?;
        let length = body.len();
        let request = format!(
            "{head}\r\nhost: backend\r\nconnection: close\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        let status = answer.get(9..12).and_then(|status| status.parse().ok());
        let body = answer.split_once("\r\n\r\n").map(|(_, body)| body);
        Ok((status.unwrap_or(0), body.unwrap_or_default().to_owned()))
    }

    async fn order(&self, key: &str) -> std::io::Result<(u16, String)> {
        let head = format!("POST /videos HTTP/1.1\r\nx-customer: ada\r\nidempotency-key: {key}");
        self.ask(&head, r#"{"prompt":"a fox"}"#).await
    }

    async fn is_delivered(&self, key: &str) -> bool {
        let head = format!("GET /videos/ada.{key} HTTP/1.1");
        let (_, body) = self.ask(&head, "").await.expect("an answer");
        let found: Value = serde_json::from_str(&body).unwrap_or_default();
        found["is_delivered"] == true
    }

    async fn until_delivered(&self, key: &str) {
        let delivered = async {
            while !self.is_delivered(key).await {
                sleep(Duration::from_millis(50)).await;
            }
        };
        timeout(LIMIT, delivered).await.expect("in time");
    }

    async fn kill(mut self) {
        self.process.kill().await.expect("kill -9");
    }

    /// Asks it to end, and waits until it does; gives what it said.
    async fn terminate(mut self) -> String {
        self.ask_to_end();
        let mut said = String::new();
        let mut stdout = self.process.stdout.take().expect("a pipe");
        let ended = async {
            stdout.read_to_string(&mut said).await.expect("text");
            self.process.wait().await.expect("a status")
        };
        let status = timeout(LIMIT, ended).await.expect("in time");
        assert!(status.success(), "{status}");
        said
    }

    fn ask_to_end(&self) {
        let process = self.process.id().expect("it runs").to_string();
        let status = Kill::new("kill").args(["-TERM", &process]).status();
        assert!(status.expect("kill").success());
    }
}

async fn emulator(task_time: Duration) -> Emulator {
    let config = EmulatorConfig::new()
        .task_time(task_time)
        .video_size(VideoSize::Small);
    Emulator::start(config).await.expect("an emulator")
}

/// An address that the next process can have too: callbacks go there.
fn address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").to_string()
}

fn assert_one_charge_each(emulator: &Emulator, videos: usize) {
    emulator.assert_charged_once();
    assert_eq!(emulator.ledger().charges().len(), videos);
}

/// Killed before the create, in the middle of it, while the task runs, and while its video is fetched.
#[tokio::test(flavor = "multi_thread")]
async fn a_backend_that_is_killed_pays_once_for_each_video() {
    let emulator = emulator(Duration::from_millis(300)).await;
    let folder = tempfile::tempdir().expect("a folder");
    let address = address();
    let after = [0, 2, 5, 10, 20, 50, 150, 350];
    for (number, milliseconds) in after.into_iter().enumerate() {
        let key = number.to_string();
        let backend = Backend::start(&emulator, folder.path(), &address).await;
        // Whether it is answered depends on when it is killed.
        let _ = timeout(Duration::from_millis(milliseconds), backend.order(&key)).await;
        sleep(Duration::from_millis(milliseconds)).await;
        backend.kill().await;

        let backend = Backend::start(&emulator, folder.path(), &address).await;
        let (status, body) = backend.order(&key).await.expect("an answer");
        assert_eq!(status, 200, "{body}");
        backend.until_delivered(&key).await;
        assert_eq!(backend.order(&key).await.expect("an answer").0, 200);
        assert!(folder.path().join(format!("ada.{key}.mp4")).exists());
        backend.kill().await;
    }
    assert_one_charge_each(&emulator, after.len());
}

/// Killed between what it wrote down and what it was to send.
#[tokio::test(flavor = "multi_thread")]
async fn a_create_that_was_written_down_is_delivered_by_the_next_process_whether_it_was_sent_or_not()
 {
    for was_sent in [false, true] {
        delivered_by_the_next_process(was_sent).await;
    }
}

async fn delivered_by_the_next_process(was_sent: bool) {
    let emulator = emulator(Duration::from_millis(300)).await;
    let folder = tempfile::tempdir().expect("a folder");
    let address = address();
    let request = GenerationRequest::builder("a fox")
        .external_task_id("ada.1")
        .callback_url(format!("http://{address}/callbacks/b7e1"));
    let request = request.build().expect("a request");
    let base_url: BaseUrl = emulator.base_url().parse().expect("a URL");
    let key: ApiKey = "any-key".parse().expect("a key");
    let now = std::time::UNIX_EPOCH.elapsed().expect("a time").as_millis();
    let now = i64::try_from(now).expect("a time of this age");
    let intent = Intent::new(
        request.clone(),
        base_url.clone(),
        key.fingerprint(),
        Some(Timestamp::from_milliseconds(now)),
    );
    let intent = intent.expect("an external task id");
    let ledger = Ledger::open(folder.path().join("ledger.sqlite3")).expect("a ledger");
    let journal = ledger.journal(base_url);
    let send = JournalChange::Send {
        attempt: 1,
        reason: SendReason::Unsent,
    };
    let changes = [JournalChange::Intend(Box::new(intent.clone())), send];
    let create = intent.create_id().expect("an external task id");
    let writes =
        changes.map(|change| JournalWrite::new(create.clone(), OperationId::new(1, 1), change));
    journal.write_all(&writes).await.expect("a journal");
    drop((journal, ledger));
    if was_sent {
        let client = Client::builder(key).base_url(emulator.base_url().parse().expect("a URL"));
        let client = client.build().expect("a client");
        let generation = client.submit(request).await.expect("a task");
        drop(generation);
    }
    let backend = Backend::start(&emulator, folder.path(), &address).await;
    // The customer asks again before the process has got far.
    assert_eq!(backend.order("1").await.expect("an answer").0, 200);
    backend.until_delivered("1").await;
    assert_one_charge_each(&emulator, 1);
}

/// What is under way is waited for, and nothing begins meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn a_backend_that_is_stopped_ends_what_is_under_way() {
    let emulator = emulator(Duration::from_secs(2)).await;
    let folder = tempfile::tempdir().expect("a folder");
    let backend = Backend::start(&emulator, folder.path(), &address()).await;
    assert_eq!(backend.order("1").await.expect("an answer").0, 200);
    backend.ask_to_end();
    let refused = async {
        loop {
            let (status, body) = backend.order("2").await.expect("it answers until the end");
            match status {
                503 => return body,
                // The signal has not come yet.
                200 => panic!("a create began after the signal: {body}"),
                _ => sleep(Duration::from_millis(10)).await,
            }
        }
    };
    sleep(Duration::from_millis(100)).await;
    let body = timeout(LIMIT, refused).await.expect("in time");
    assert!(body.contains("Nothing was spent"), "{body}");
    assert_eq!(backend.terminate().await, "");
    assert_one_charge_each(&emulator, 1);
}

/// A task that takes longer than its process may is resumed by the next one.
#[tokio::test(flavor = "multi_thread")]
async fn a_backend_that_has_no_time_left_says_what_is_left() {
    let emulator = emulator(Duration::from_secs(3600)).await;
    let folder = tempfile::tempdir().expect("a folder");
    let address = address();
    let backend = Backend::start(&emulator, folder.path(), &address).await;
    assert_eq!(backend.order("1").await.expect("an answer").0, 200);
    let said = backend.terminate().await;
    assert!(said.contains("ada.1"), "{said}");

    let backend = Backend::start(&emulator, folder.path(), &address).await;
    emulator.complete("ada.1").expect("a task");
    backend.until_delivered("1").await;
    assert_eq!(backend.terminate().await, "");
    assert_one_charge_each(&emulator, 1);
}
