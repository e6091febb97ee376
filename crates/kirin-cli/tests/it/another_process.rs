//! Two processes at one create: the second one waits, and not for ever.

use std::{path::Path, time::Duration};

use crate::{
    kirin::Kirin,
    service::{Answer, Server, TASK, emulator, instant},
};

fn with_id(arguments: &[&str], base_url: &str, home: &Path) -> Kirin {
    let kirin = Kirin::new().args(arguments);
    let kirin = kirin.args(["--external-task-id", "order-42"]);
    kirin.at(base_url).env("HOME", home)
}

#[test]
fn the_time_to_wait_counts_also_while_another_process_waits_for_the_task() {
    let emulator = emulator(instant().task_time(Duration::from_secs(3600)));
    let home = tempfile::tempdir().unwrap();
    let generate = |more: &[&str]| {
        let arguments = [&["generate", "a fox"], more].concat();
        with_id(&arguments, emulator.base_url(), home.path())
    };
    let first = generate(&[]).start();
    first.stderr_once("accepted as task");
    let second = generate(&["--timeout", "1", "--json"]).run().ended_with(8);
    let id = second.json()["id"].as_str().unwrap().to_owned();
    for said in [
        "another process is working on order-42: process ".to_owned(),
        "\nwaiting for it\n".to_owned(),
        format!("another process waits for task {id} of the same create"),
        "This command has sent nothing.".to_owned(),
        format!("  kirin wait {id} --output . --base-url "),
    ] {
        assert!(second.stderr.contains(&said), "{said}: {second:#?}");
    }
    assert_eq!(second.json()["external_task_id"], "order-42");
    assert_eq!(second.json()["error"]["billing"], "unknown");
    assert_eq!(emulator.statistics().creates_received, 1);
}

#[test]
fn the_time_to_wait_counts_also_while_another_process_has_no_answer() {
    let server = Server::start(|request, _| match request.starts_with("POST") {
        true => Answer::Silence,
        false => Answer::Json(404, "{}".into()),
    });
    let home = tempfile::tempdir().unwrap();
    let first = with_id(&["create", "a fox"], &server.base_url, home.path()).start();
    first.stderr_once("sending the request");
    let second = ["generate", "a fox", "--timeout", "1"];
    let second = with_id(&second, &server.base_url, home.path());
    let second = second.run().ended_with(11);
    for said in [
        "another process is sending the same create order-42, and had no answer",
        "This command has sent nothing. What the other process sent may be charged once.",
        "  kirin status order-42 --base-url ",
    ] {
        assert!(second.stderr.contains(said), "{said}: {second:#?}");
    }
    assert_eq!(server.creates(), 1);
}

#[test]
fn a_line_of_a_batch_does_not_wait_for_ever_for_another_process() {
    let server = Server::start(|_, _| Answer::running());
    let home = tempfile::tempdir().unwrap();
    let first = with_id(&["generate", "a fox"], &server.base_url, home.path()).start();
    first.stderr_once("accepted as task");
    let line = "{\"prompt\": \"a fox\", \"external_task_id\": \"order-42\"}\n";
    let batch = Kirin::new().with_file("one.jsonl", line);
    let batch = batch.args(["batch", "one.jsonl", "--timeout", "1"]);
    let batch = batch.at(&server.base_url).env("HOME", home.path()).run();
    let batch = batch.ended_with(10);
    let said = format!("another process waits for task {TASK}");
    assert!(batch.stderr.contains(&said), "{batch:#?}");
    assert!(batch.stderr.contains("1 not finished"), "{batch:#?}");
    assert_eq!(server.creates(), 1);
}

/// What the first one has not done in its time, the second one does in what is left of its own.
#[test]
fn the_second_continues_when_the_first_is_gone() {
    let emulator = emulator(instant().task_time(Duration::from_secs(2)));
    let home = tempfile::tempdir().unwrap();
    let generate = || with_id(&["generate", "a fox"], emulator.base_url(), home.path());
    let mut first = generate().start();
    first.stderr_once("accepted as task");
    let second = generate().args(["--timeout", "60"]).start();
    second.stderr_once("waiting for it");
    first.kill();
    second.end().ended_with(0);
    emulator.assert_charged_once();
}
