//! `kirin resolve` and `kirin resume`: entries of the ledger, some at once.

use std::{
    collections::BTreeSet,
    path::Path,
    sync::{Arc, Mutex},
};

use crate::{
    kirin::{Kirin, Run},
    service::{Answer, Server},
};

/// How many creates are unresolved.
const COUNT: usize = 5;

/// Runs where nothing is looked up, so that a lost create is unresolved at once.
fn without_lookups(arguments: &[&str], server: &Server, home: &Path) -> Run {
    let base_url = &server.base_url;
    let configuration = format!("[hosts.\"{base_url}\"]\nlookup = \"missing\"\n");
    let kirin = Kirin::new().with_file("config.toml", &configuration);
    let kirin = kirin.env("KIRIN_CONFIG", "config.toml").args(arguments);
    kirin.at(base_url).env("HOME", home).run()
}

fn lose(server: &Server, home: &Path) {
    for number in (1..=COUNT).rev() {
        let id = format!("order-{number}");
        let create = ["create", "a fox", "--external-task-id", &id];
        without_lookups(&create, server, home).ended_with(11);
    }
}

/// Each is found only when all have been looked for.
fn all_or_nothing() -> Server {
    let asked: Arc<Mutex<BTreeSet<String>>> = Arc::default();
    Server::start(move |request, base_url| {
        if request.starts_with("GET /files") {
            return Answer::Video;
        }
        let Some(path) = request.strip_prefix("GET ") else {
            return Answer::Close;
        };
        let id = path.rsplit('/').next().unwrap();
        let id = id.split('?').next().unwrap();
        let mut asked = asked.lock().unwrap();
        asked.insert(id.to_owned());
        match asked.len() >= COUNT {
            true => found(id, base_url),
            false => not_found(),
        }
    })
}

fn not_found() -> Answer {
    Answer::Json(404, r#"{"message": "task not found"}"#.into())
}

/// The task of an external id, or of its own.
fn found(id: &str, base_url: &str) -> Answer {
    let number = id.trim_start_matches("order-").trim_start_matches("task-");
    let url = format!("{base_url}/files/{number}.mp4");
    let output = serde_json::json!([{ "content": [{ "type": "video", "url": url }] }]);
    let task = serde_json::json!({
        "id": format!("task-{number}"),
        "model": "kirin_v2_5_turbo_t2v",
        "status": "completed",
        "output": output,
    });
    Answer::Json(200, task.to_string())
}

#[test]
fn unresolved_creates_are_looked_for_at_once_and_reported_in_their_order() {
    let server = all_or_nothing();
    let home = tempfile::tempdir().unwrap();
    lose(&server, home.path());
    let resolve = Kirin::new().arg("resolve").at(&server.base_url);
    let run = resolve.env("HOME", home.path()).run().ended_with(0);
    let order = (1..=COUNT).rev();
    let lines = order.map(|number| format!("order-{number} is task task-{number}\n"));
    assert_eq!(run.stdout, lines.collect::<String>());
    assert_eq!(server.creates(), COUNT);
}

#[test]
fn what_is_unfinished_is_resumed_at_once() {
    let server = all_or_nothing();
    let home = tempfile::tempdir().unwrap();
    lose(&server, home.path());
    let resume = Kirin::new().arg("resume").at(&server.base_url);
    let run = resume.env("HOME", home.path()).run().ended_with(0);
    let names = (1..=COUNT)
        .rev()
        .map(|number| format!("task-{number}.mp4\n"));
    assert_eq!(run.stdout, names.collect::<String>());
    // Each line says which one it is about.
    assert!(run.stderr.contains("order-3: "), "{run:#?}");
}

#[test]
fn failures_are_reported_in_the_order_of_the_ledger() {
    let server = Server::start(|request, _| match request.starts_with("POST") {
        true => Answer::Close,
        false => not_found(),
    });
    let home = tempfile::tempdir().unwrap();
    lose(&server, home.path());
    let run = without_lookups(&["resolve", "--json"], &server, home.path()).ended_with(11);
    let ids = run.stdout.lines().map(|line| {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        line["external_task_id"].as_str().unwrap().to_owned()
    });
    let order = (1..=COUNT).rev().map(|number| format!("order-{number}"));
    assert!(ids.eq(order), "{run:#?}");
}

#[test]
fn the_known_cause_is_reported() {
    let server = Server::start(|request, _| match request.starts_with("POST") {
        true => Answer::Json(503, r#"{"message": "upstream is away"}"#.into()),
        false => not_found(),
    });
    for again in [
        &["resolve"][..],
        &["resume"],
        &["create", "a fox", "--external-task-id", "order-42"],
    ] {
        let home = tempfile::tempdir().unwrap();
        let create = ["create", "a fox", "--external-task-id", "order-42"];
        let first = without_lookups(&create, &server, home.path()).ended_with(11);
        assert!(first.stderr.contains("503"), "{first:#?}");
        let run = without_lookups(again, &server, home.path()).ended_with(11);
        assert!(run.stderr.contains("503"), "{again:?}: {run:#?}");
        assert!(
            !run.stderr.contains("the program ended"),
            "{again:?}: {run:#?}"
        );
    }
}

#[cfg(unix)]
#[test]
fn an_interruption_reports_all_that_were_looked_for() {
    let (send, asked) = std::sync::mpsc::channel();
    let server = Server::start(move |request, _| match request.starts_with("POST") {
        true => Answer::Close,
        false => {
            send.send(()).unwrap();
            Answer::Silence
        }
    });
    let home = tempfile::tempdir().unwrap();
    lose(&server, home.path());
    let resolve = Kirin::new().arg("resolve").at(&server.base_url);
    let running = resolve.env("HOME", home.path()).start();
    (0..COUNT).for_each(|_| asked.recv().unwrap());
    crate::interrupt::send("INT", &running);
    let run = running.end().ended_with(130);
    for number in 1..=COUNT {
        assert!(run.stderr.contains(&format!("order-{number}")), "{run:#?}");
    }
    assert!(
        run.stderr.contains("Continue with the same command"),
        "{run:#?}"
    );
}

/// A proxy has sent the create twice, and passed on the refusal of the second; the first is found later. The
/// next start looks once more, and says nothing where nothing is found.
#[test]
fn what_was_refused_is_looked_up_once_more_by_resume() {
    for is_there in [true, false] {
        let starts = Arc::new(Mutex::new(1));
        let started = Arc::clone(&starts);
        let server = Server::start(move |request, base_url| {
            if request.starts_with("GET /files") {
                return Answer::Video;
            }
            let is_second = *started.lock().unwrap() > 1;
            match request.starts_with("POST") {
                true => Answer::Json(402, r#"{"message": "insufficient balance"}"#.into()),
                false if is_second && is_there => found("order-1", base_url),
                false => not_found(),
            }
        });
        let home = tempfile::tempdir().unwrap();
        let kirin = |arguments: &[&str]| {
            let kirin = Kirin::new().args(arguments).at(&server.base_url);
            kirin.env("HOME", home.path()).run()
        };
        let create = ["create", "a fox", "--external-task-id", "order-1"];
        kirin(&create).ended_with(6);
        *starts.lock().unwrap() += 1;
        let resumed = kirin(&["resume"]).ended_with(0);
        assert_eq!(
            resumed.stdout.contains("task-1.mp4"),
            is_there,
            "{resumed:#?}"
        );
        let asked = server.requests();
        let again = kirin(&["resume"]).ended_with(0);
        assert_eq!(again.stdout, "", "{again:#?}");
        assert_eq!(server.requests(), asked);
        assert_eq!(server.creates(), 1);
    }
}
