//! What signs the URL of a video is kept nowhere, and shown only as the result that was asked for. Each run
//! looks for it in its stderr, in its errors and events, and in the bytes of its ledger.

use kirin_tests::canary;
use serde_json::{Value, json};

use crate::{
    kirin::Kirin,
    service::{Answer, Server},
};

/// A service whose answers are full of signed URLs, and whose videos cannot be had.
fn service() -> Server {
    Server::start(|request, base_url| {
        let url = format!("{base_url}/files/boat.mp4?sig={}", canary::signature());
        match request {
            _ if request.starts_with("POST") => Answer::task(json!({ "status": "in_progress" })),
            _ if request.contains("/files/") => Answer::Json(
                410,
                json!({ "message": format!("{url} has expired") }).to_string(),
            ),
            _ => Answer::task(json!({
                "status": "completed",
                "metadata": { "first_frame": url },
                "output": [{ "content": [{ "type": "video", "url": url, "watermark_url": url }] }],
            })),
        }
    })
}

fn generate(server: &Server) -> Kirin {
    Kirin::generate().at(&server.base_url)
}

#[test]
fn no_signed_url_is_shown_on_stderr_or_kept_in_the_ledger_where_a_download_fails() {
    let server = service();
    let run = generate(&server).run().ended_with(5);
    assert!(run.stderr.contains("expired"), "{run:#?}");
    let verbose = generate(&server).arg("--verbose").run().ended_with(5);
    assert!(verbose.stderr.contains("verbose: GET "), "{verbose:#?}");
}

#[test]
fn no_signed_url_is_shown_in_an_error_or_an_event_for_a_program() {
    let server = service();
    let error = generate(&server).arg("--json").run().ended_with(5).json();
    let url = format!("{}/files/boat.mp4?", server.base_url);
    assert_eq!(error["outputs"][0]["url"], url);
    assert_eq!(error["metadata"]["first_frame"], url);
    let run = generate(&server).arg("--json=events").run().ended_with(5);
    assert!(!run.stdout.contains(canary::signature()), "{run:#?}");
    let last: Value = serde_json::from_str(run.stdout.lines().last().unwrap()).unwrap();
    assert_eq!(last["outputs"][0]["url"], url);
}

/// The words of a service that refuses, or whose task failed, reach an error and a status.
#[test]
fn no_signed_url_is_shown_where_the_service_speaks_of_one() {
    let url = || format!("https://cdn.test/boat.mp4?sig={}", canary::signature());
    let failing = Server::start(move |request, _| match request.starts_with("POST") {
        true => Answer::task(json!({ "status": "in_progress" })),
        false => Answer::task(json!({
            "status": "failed",
            "error": { "code": "002011097", "message": format!("no picture at {}", url()) },
        })),
    });
    let refusing = Server::start(move |_, _| {
        Answer::Json(
            400,
            json!({ "message": format!("no picture at {}", url()) }).to_string(),
        )
    });
    for (server, code) in [(&failing, 3), (&refusing, 1)] {
        for option in ["--quiet", "--verbose", "--json", "--json=events"] {
            let run = generate(server).arg(option).run().ended_with(code);
            let shown = format!("{}{}", run.stdout, run.stderr);
            assert!(
                shown.contains("no picture at https://cdn.test/boat.mp4?"),
                "{run:#?}"
            );
            assert!(!shown.contains(canary::signature()), "{run:#?}");
        }
    }
    for option in ["--verbose", "--json"] {
        let status = Kirin::new().args(["status", crate::service::TASK, option]);
        let run = status.at(&failing.base_url).run().ended_with(0);
        assert!(!run.stdout.contains(canary::signature()), "{run:#?}");
    }
}

#[test]
fn a_signed_url_is_shown_as_the_result_that_was_asked_for() {
    let server = Server::start(|request, base_url| match request.contains("/files/") {
        true => Answer::Video,
        false => Answer::completed(base_url),
    });
    for option in ["--json", "--json=events"] {
        let run = generate(&server).arg(option).run().ended_with(0);
        let last: Value = serde_json::from_str(run.stdout.lines().last().unwrap()).unwrap();
        let url = last["outputs"][0]["url"].as_str().unwrap();
        assert!(url.ends_with(canary::signature()), "{last}");
    }
}
