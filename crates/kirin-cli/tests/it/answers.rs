//! Answers that were damaged on their way, and what can be read of them.

use std::{
    io::Write,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use flate2::{Compression, write::GzEncoder};
use serde_json::json;

use crate::{
    kirin::Kirin,
    service::{Answer, Server, TASK},
};

/// An answer of these bytes, with their length.
fn success(headers: &str, body: &[u8]) -> Answer {
    let length = body.len();
    let head = format!("HTTP/1.1 200 OK\r\n{headers}content-length: {length}\r\n\r\n");
    Answer::Raw([head.as_bytes(), body].concat())
}

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

/// A create that is answered like this is accepted, and sent once.
#[track_caller]
fn check_is_accepted(id: &'static str, answer: impl Fn() -> Answer + Clone + Send + 'static) {
    let server = Server::start(move |request, _| match request.starts_with("POST") {
        true => answer(),
        false => Answer::Json(404, r#"{"message":"no such task"}"#.into()),
    });
    let create = Kirin::new().args(["create", "a boat"]);
    let run = create.at(&server.base_url).run().ended_with(0);
    assert_eq!((run.stdout.trim_end(), server.creates()), (id, 1));
}

/// The first answer says nothing, and the next one names the task by another id: it took two minutes, and
/// ended with "an answer about another task".
#[test]
fn an_external_id_whose_first_query_fails_is_waited_for_all_the_same() {
    let asked = Arc::new(AtomicUsize::new(0));
    let server = Server::start(
        move |_, base_url| match asked.fetch_add(1, Ordering::Relaxed) {
            0 => Answer::Json(503, "{}".into()),
            _ => Answer::completed(base_url),
        },
    );
    let wait = Kirin::new().args(["wait", "scene-42", "--timeout", "60"]);
    let run = wait.at(&server.base_url).run().ended_with(0);
    assert_eq!(run.stdout, "completed\n");
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn a_create_whose_answer_has_one_bad_byte_is_accepted() {
    let whole = format!(r#"{{"id":"{TASK}","status":"in_progress"}}"#);
    let open = whole.strip_suffix('}').unwrap().as_bytes();
    for body in [
        [b"\xEF\xBB\xBF", whole.as_bytes()].concat(),
        [open, b",\"prompt\":\"a fox \xF0\x9F\"}"].concat(),
        [open, b",\"progress\":NaN}"].concat(),
        [open, b",\"prompt\":\"a\nfox\"}"].concat(),
        [whole.as_bytes(), b"\n<!-- node 3 -->"].concat(),
        [open, b",\"prompt\":\"a f"].concat(),
        gzip(whole.as_bytes()),
        gzip(&[b"\xEF\xBB\xBF", open, b",\"a\":\"\xFF\"}"].concat()),
    ] {
        check_is_accepted(TASK, move || success("", &body));
    }
}

#[test]
fn a_create_whose_answer_was_compressed_unasked_is_accepted() {
    let body = gzip(format!(r#"{{"id":"{TASK}","status":"in_progress"}}"#).as_bytes());
    check_is_accepted(TASK, move || success("content-encoding: gzip\r\n", &body));
}

#[test]
fn a_create_whose_id_is_an_integer_is_accepted() {
    let body = br#"{"id":9123456789012345678,"status":"in_progress"}"#;
    check_is_accepted("9123456789012345678", || success("", body));
}

#[test]
fn a_create_whose_answer_has_more_than_a_hundred_headers_is_accepted() {
    let headers: String = (0..300).map(|it| format!("x-hop-{it}: y\r\n")).collect();
    let body = format!(r#"{{"id":"{TASK}","status":"in_progress"}}"#);
    check_is_accepted(TASK, move || success(&headers, body.as_bytes()));
}

#[test]
fn a_create_whose_answer_was_cut_behind_its_status_is_accepted() {
    let cut = format!(
        "HTTP/1.1 200 OK\r\ncontent-length: 400\r\n\r\n\
         {{\"id\":\"{TASK}\",\"status\":\"in_progress\",\"model\":\"kir"
    );
    check_is_accepted(TASK, move || Answer::Raw(cut.clone().into_bytes()));
}

#[test]
fn a_create_whose_answer_was_cut_within_its_id_stays_ambiguous() {
    let server = Server::start(|request, _| match request.starts_with("POST") {
        true => success("", b"{\"id\":\"d5u5obte"),
        false => Answer::Json(404, r#"{"message":"no such task"}"#.into()),
    });
    let generate = Kirin::generate().args(["--timeout", "0"]);
    generate.at(&server.base_url).run().ended_with(11);
    let asked = server.requests();
    assert!(
        !asked.iter().any(|it| it.ends_with("/d5u5obte")),
        "{asked:?}"
    );
}

#[test]
fn a_damaged_answer_to_a_query_is_read() {
    let completed = |output: &str| {
        let output = output.as_bytes();
        let task = format!(r#"{{"id":"{TASK}","status":"completed","output":[{{"content":["#);
        [
            task.as_bytes(),
            output,
            b"]}],\"task_info\":{\"prompt\":\"a fox \xF0\x9F\"}}",
        ]
        .concat()
    };
    let body = completed(r#"{"url":"https://h.example/v.mp4","type":"video"}"#);
    for body in [gzip(&body), body] {
        let server = Server::start(move |_, _| success("", &body));
        let status = Kirin::new().args(["status", TASK, "--json"]);
        let report = status.at(&server.base_url).run().ended_with(0).json();
        assert_eq!(report["status"], "completed");
        assert_eq!(report["outputs"][0]["url"], "https://h.example/v.mp4");
        let status = Kirin::new().args(["status", TASK]).at(&server.base_url);
        let said = "completed (the answer was damaged, and not all of it could be read)\n";
        assert_eq!(status.run().ended_with(0).stdout, said);
    }
}

/// The budget, the list and the ledger take the word of the service for it.
#[test]
fn a_failed_task_that_cost_nothing_gives_its_price_back() {
    for (cost, billing) in [("0", "none"), ("0.05", "charged")] {
        let server = Server::start(move |_, _| {
            Answer::task(json!({ "status": "failed", "usage": { "cost": cost } }))
        });
        let home = tempfile::tempdir().unwrap();
        let ask = |kirin: Kirin| kirin.env("HOME", home.path()).run();
        let generate = Kirin::generate().arg("--json").at(&server.base_url);
        let failed = ask(generate).ended_with(3).json();
        assert_eq!(failed["cost"], cost);
        assert_eq!(failed["error"]["billing"], billing);
        let listed = ask(Kirin::new().args(["list", "--json"])).json();
        assert_eq!(listed["cost"], cost);
        let money = ask(Kirin::new().args(["ledger", "--json"])).json();
        assert_eq!(money["failed"], cost);
        let id = listed["external_task_id"].as_str().unwrap();
        let shown = ask(Kirin::new().args(["show", id])).stdout;
        assert!(
            shown.contains(&format!("cost in USD       {cost}\n")),
            "{shown}"
        );
    }
}

/// The task has its video, and only the answer has lost it: nothing is given up, and nothing is made in its place.
#[test]
fn a_completed_task_whose_outputs_are_lost_with_the_answer_is_asked_again() {
    let cut = format!(r#"{{"id":"{TASK}","status":"completed","output":[{{"con"#);
    let queries = Arc::new(AtomicUsize::new(0));
    let server = Server::start(move |request, base_url| {
        if request.starts_with("POST") {
            return Answer::running();
        }
        if request.contains("/files/") {
            return Answer::Video;
        }
        match queries.fetch_add(1, Ordering::Relaxed) {
            0..4 => success("content-type: application/json\r\n", cut.as_bytes()),
            _ => Answer::completed(base_url),
        }
    });
    let run = Kirin::generate().at(&server.base_url).run().ended_with(0);
    assert_eq!((run.files().len(), server.creates()), (1, 1));
}

#[test]
fn a_success_that_is_a_sentence_is_shown_with_it() {
    let server = Server::start(|request, _| match request.starts_with("POST") {
        true => success("content-type: text/plain\r\n", b"the moon is full today"),
        false => Answer::Json(404, r#"{"message":"no such task"}"#.into()),
    });
    let generate = Kirin::generate().args(["--timeout", "1"]);
    let run = generate.at(&server.base_url).run().ended_with(11);
    assert!(run.stderr.contains("the moon is full today"), "{run:#?}");
}
