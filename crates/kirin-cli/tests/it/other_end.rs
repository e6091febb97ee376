//! Tasks that end in other words than the documented ones: nothing is lost, nothing is created again, and the
//! next command asks again.

use std::{
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use serde_json::{Value, json};

use crate::{
    batch::Bench,
    kirin::{Kirin, Run},
    service::{Answer, Server, TASK},
};

const CREATE: [&str; 4] = ["generate", "a fox", "--external-task-id", "order-42"];

/// The task of a second create.
const SECOND_TASK: &str = "d5u5obte8783ap44qtj1";

/// A service that says of its tasks what it is told to: the first that is created has this word, a second one
/// is done and has an output.
struct Service {
    server: Server,
    says: Arc<Mutex<Says>>,
}

#[derive(Clone, Copy, PartialEq)]
enum Says {
    Cancelled,
    Completed,
    Done,
}

impl Service {
    fn new(says: Says) -> Self {
        let says = Arc::new(Mutex::new(says));
        let (said, creates) = (Arc::clone(&says), Arc::new(AtomicUsize::new(0)));
        let server = Server::start(move |request, base_url| {
            if request.starts_with("GET /files") {
                return Answer::Video;
            }
            let is_create = request.starts_with("POST");
            if request.ends_with("order-2") && creates.load(Ordering::Relaxed) < 2 {
                return Answer::Json(404, r#"{"message": "task not found"}"#.into());
            }
            let is_second = match is_create {
                true => creates.fetch_add(1, Ordering::Relaxed) == 1,
                false => request.contains(SECOND_TASK) || request.ends_with("order-2"),
            };
            let url = format!("{base_url}/files/boat.mp4");
            let output = json!([{ "content": [{ "type": "video", "url": url }] }]);
            let mut task = match *said.lock().unwrap() {
                _ if is_create => json!({ "status": "in_progress" }),
                Says::Completed => json!({ "status": "completed", "output": output }),
                Says::Cancelled if !is_second => {
                    json!({ "status": "cancelled", "error": { "message": "by operator" } })
                }
                _ => json!({ "status": "done", "output": output }),
            };
            task["id"] = [TASK, SECOND_TASK][usize::from(is_second)].into();
            Answer::Json(200, task.to_string())
        });
        Self { server, says }
    }

    fn completes(&self) {
        *self.says.lock().unwrap() = Says::Completed;
    }

    fn kirin(&self, arguments: &[&str], home: &Path) -> Kirin {
        Kirin::new()
            .args(arguments)
            .at(&self.server.base_url)
            .env("HOME", home)
    }

    fn count(&self, is_meant: impl Fn(&String) -> bool) -> usize {
        let requests = self.server.requests();
        requests.iter().filter(|request| is_meant(request)).count()
    }

    fn downloads(&self) -> usize {
        self.count(|request| request.starts_with("GET /files"))
    }
}

/// What the ledger knows of its one create.
fn entry(home: &Path) -> Value {
    let list = Kirin::new().args(["list", "--json"]).env("HOME", home);
    list.run().ended_with(0).json()
}

fn says(run: &Run, parts: &[&str]) {
    for part in parts {
        assert!(run.stderr.contains(part), "{part}: {run:#?}");
    }
}

#[test]
fn a_cancelled_task_is_open_and_a_later_resume_takes_the_video_that_has_come_of_it() {
    let service = Service::new(Says::Cancelled);
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let run = service
        .kirin(&CREATE, home)
        .args(["--json", "-o", "fox.mp4"]);
    let run = run.run().ended_with(8);
    let report = run.json();
    assert_eq!(report["status"], "cancelled");
    assert_eq!(report["error"]["billing"], "unknown");
    let message = report["error"]["message"].as_str().unwrap();
    assert!(message.contains("cancelled: by operator"), "{message}");
    let wait = format!("kirin wait {TASK}");
    says(
        &run,
        &[
            "cancelled: by operator",
            "may still finish and be charged",
            &wait,
        ],
    );
    assert!(service.count(|request| request.contains(TASK)) >= 3);
    assert_eq!(entry(home)["state"], "open");
    let show = ["show", "order-42"];
    let show = Kirin::new()
        .args(show)
        .env("HOME", home)
        .run()
        .ended_with(0);
    assert!(show.stdout.contains("cancelled: by operator"), "{show:#?}");

    service.completes();
    let resume = service.kirin(&["resume"], home).run().ended_with(0);
    assert!(run.path("fox.mp4").is_file(), "{resume:#?}");
    assert_eq!(entry(home)["state"], "completed");
    assert_eq!(service.server.creates(), 1);
}

#[test]
fn a_cancelled_line_of_a_batch_is_no_failure_and_the_same_command_asks_again() {
    let service = Service::new(Says::Cancelled);
    let lines = r#"{"prompt": "a boat", "external_task_id": "order-1"}
{"prompt": "a hare", "external_task_id": "order-2"}
"#;
    let bench = Bench::new("boats.jsonl", lines);
    let batch = || bench.batch(&service.server.base_url, &["--json", "-o", "films"]);
    let summary = batch().run().ended_with(10).json();
    // The second line is done, and so is its video.
    assert_eq!(
        (&summary["unfinished"], &summary["completed"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(summary["failed"], 0);
    assert_eq!(summary["failures_file"], Value::Null);
    assert_eq!(summary["failures"][0]["error"]["exit_code"], 8);
    assert_eq!(summary["failures"][0]["error"]["billing"], "unknown");
    assert!(!bench.path("films/boats.failed.jsonl").exists());

    // Their places in the budget are held, and nothing is to be created in their place.
    let costs = batch().arg("--dry-run").run().ended_with(0).json();
    let counts = ["done", "begun", "to_create"].map(|name| costs[name].clone());
    assert_eq!(counts, [1, 1, 0]);
    assert_eq!(costs["spent"], "0.42");

    service.completes();
    let asked_second = || service.count(|request| request.contains(SECOND_TASK));
    let before = asked_second();
    let summary = batch().run().ended_with(0).json();
    assert_eq!(
        (&summary["completed"], &summary["done_before"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(asked_second(), before, "it is done once its video is there");
    assert_eq!((service.server.creates(), service.downloads()), (2, 2));
}

#[test]
fn a_task_that_is_done_with_an_output_is_downloaded_and_stays_open_until_it_is_completed() {
    let service = Service::new(Says::Done);
    let home = tempfile::tempdir().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (home, folder) = (home.path(), folder.path());
    let generate = || {
        let generate = service.kirin(&CREATE, home).in_folder(folder);
        generate.args(["--json", "-o", "fox.mp4"])
    };
    let report = generate().run().ended_with(0).json();
    assert_eq!(report["status"], "done");
    assert_eq!(report["paths"], json!(["fox.mp4"]));
    assert!(folder.join("fox.mp4").is_file());
    assert_eq!(entry(home)["state"], "open");
    assert_eq!(entry(home)["cost"], Value::Null);

    // It is there: the same command asks no service.
    let requests = service.server.requests().len();
    let again = generate().run().ended_with(0).json();
    assert_eq!(again["status"], "done");
    assert_eq!(service.server.requests().len(), requests);

    // What is open is asked again, as long as it is; what is there is not fetched again.
    let resume = service.kirin(&["resume"], home).run().ended_with(0);
    assert!(resume.stdout.contains("fox.mp4"), "{resume:#?}");
    assert!(service.server.requests().len() > requests);
    assert_eq!(entry(home)["state"], "open");
    service.completes();
    service.kirin(&["resume"], home).run().ended_with(0);
    assert_eq!(entry(home)["state"], "completed");
    let nothing = service.kirin(&["resume"], home).run().ended_with(0);
    assert_eq!(nothing.stdout, "");
    assert_eq!((service.server.creates(), service.downloads()), (1, 1));
}

#[test]
fn a_deadline_that_comes_first_names_the_last_word_and_the_reason() {
    let service = Service::new(Says::Cancelled);
    let home = tempfile::tempdir().unwrap();
    let run = service.kirin(&CREATE, home.path()).args(["--timeout", "4"]);
    let run = run.run().ended_with(8);
    let last: Vec<_> = run.stderr.lines().rev().take(4).collect();
    assert!(
        last.iter()
            .any(|line| line.contains("the last status was cancelled: by operator")),
        "{run:#?}"
    );
    assert_eq!(entry(home.path())["state"], "running");
}

#[test]
fn a_video_of_a_task_that_is_done_in_other_words_can_be_downloaded_at_once() {
    let service = Service::new(Says::Done);
    let home = tempfile::tempdir().unwrap();
    let download = ["download", TASK, "-o", "fox.mp4"];
    let run = service.kirin(&download, home.path()).run().ended_with(0);
    assert!(run.path("fox.mp4").is_file());

    let service = Service::new(Says::Cancelled);
    let run = service.kirin(&download, home.path()).run().ended_with(8);
    says(&run, &["its status is cancelled: by operator"]);
    let status = service
        .kirin(&["status", TASK], home.path())
        .run()
        .ended_with(0);
    assert_eq!(status.stdout.trim_end(), "cancelled: by operator");
}

#[cfg(unix)]
#[test]
fn an_interrupted_wait_names_the_last_word_and_the_reason() {
    let service = Service::new(Says::Cancelled);
    let home = tempfile::tempdir().unwrap();
    let running = service.kirin(&["wait", TASK], home.path()).start();
    running.stderr_once("the service says cancelled");
    crate::interrupt::send("INT", &running);
    let run = running.end().ended_with(130);
    says(
        &run,
        &["interrupted; the last status was cancelled: by operator"],
    );
}

/// Whatever field the service has for it.
#[test]
fn the_reason_of_an_end_is_shown_wherever_the_answer_says_it() {
    let answer = json!({
        "id": TASK, "status": "expired", "task_info": { "prompt": "a fox runs" },
        "fail_reason": "the queue was too long"
    });
    let server = Server::start(move |_, _| Answer::Json(200, answer.to_string()));
    let kirin = |arguments: &[&str]| Kirin::new().args(arguments).at(&server.base_url).run();
    let said = "expired: the queue was too long";
    let status = kirin(&["status", TASK]).ended_with(0);
    assert_eq!(status.stdout, format!("{said}\n"));
    let wait = kirin(&["wait", TASK, "--timeout", "0", "--json"]).ended_with(8);
    let message = &wait.json()["error"]["message"];
    assert!(message.as_str().unwrap().contains(said), "{message}");
    let download = kirin(&["download", TASK]).ended_with(8);
    says(&download, &[said]);
}
