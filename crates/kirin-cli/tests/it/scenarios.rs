//! Everything that can go wrong, each arranged once: `errors` runs it for a program, with
//! `--json`, and `snap` for a person, without.

use std::thread;

use kirin_emulator::EmulatorConfig;
use kirin_tests::canary;
use serde_json::json;

use crate::{
    kirin::{Kirin, Run},
    service::{Answer, Server, emulator, instant},
};

/// One thing that goes wrong.
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) exit_code: i32,
    /// What is known of a charge.
    pub(crate) billing: &'static str,
    arrange: Box<dyn Fn() -> Kirin + Send + Sync>,
}

/// Runs each scenario, all at the same time, for most of them wait.
pub(crate) fn run(
    scenarios: Vec<Scenario>,
    with: impl Fn(Kirin) -> Kirin + Sync,
) -> Vec<(Scenario, Run)> {
    let run_one = |scenario: &Scenario| with((scenario.arrange)()).run();
    let runs: Vec<Run> = thread::scope(|scope| {
        let run_one = &run_one;
        let threads = scenarios
            .iter()
            .map(|scenario| scope.spawn(move || run_one(scenario)));
        let threads: Vec<_> = threads.collect();
        threads
            .into_iter()
            .map(|thread| thread.join().expect("a run"))
            .collect()
    });
    scenarios.into_iter().zip(runs).collect()
}

fn scenario(
    name: &'static str,
    exit_code: i32,
    billing: &'static str,
    arrange: impl Fn() -> Kirin + Send + Sync + 'static,
) -> Scenario {
    let arrange = Box::new(arrange);
    Scenario {
        name,
        exit_code,
        billing,
        arrange,
    }
}

/// A generation that is refused on this machine. Its base URL leads nowhere, so that one that
/// were sent would fail otherwise.
fn refused(
    name: &'static str,
    exit_code: i32,
    arrange: impl Fn(Kirin) -> Kirin + Send + Sync + 'static,
) -> Scenario {
    scenario(name, exit_code, "none", move || {
        let nowhere = Kirin::new().env("KIRIN_BASE_URL", nowhere());
        arrange(nowhere.env("KIRIN_API_KEY", canary::key()).arg("generate"))
    })
}

/// Found before anything is sent.
pub(crate) fn before_sending() -> Vec<Scenario> {
    let long = || "x".repeat(2501);
    vec![
        refused("empty prompt", 2, |kirin| kirin.arg("")),
        refused("duration of 7 seconds", 2, |kirin| {
            kirin.args(["a boat", "--duration", "7"])
        }),
        refused("prompt of 2501 characters", 2, move |kirin| {
            kirin.arg(long())
        }),
        refused("several problems at once", 2, move |kirin| {
            let illegal = ["--duration", "7", "--aspect-ratio", "4:3", "--mode", "best"];
            let illegal_too = ["--callback-url", "nowhere", "--external-task-id", "a b"];
            kirin
                .arg("")
                .args(illegal)
                .args(illegal_too)
                .args(["--negative-prompt", &long()])
        }),
        refused("unknown model", 2, |kirin| {
            kirin.args(["a boat", "--model", "kirin_v9"])
        }),
        refused("model that needs a picture", 2, |kirin| {
            kirin.args(["a boat", "--model", "kirin_v1_i2v"])
        }),
        refused("options that the model does not have", 2, |kirin| {
            let options = ["--mode", "pro", "--negative-prompt", "text"];
            let model = ["--model", "kirin_v2_1_master_t2v"];
            kirin.arg("a boat").args(model).args(options)
        }),
        refused("duration of a model that has a number", 2, |kirin| {
            let model = ["--model", "kirin_v1_6_t2v"];
            kirin.args(["a boat", "--duration", "7"]).args(model)
        }),
        refused("unknown flag", 2, |kirin| {
            kirin.args(["a boat", "--colour"])
        }),
        refused("time-out that is no duration", 2, |kirin| {
            kirin.args(["a boat", "--timeout", "soon"])
        }),
        refused("empty output", 2, |kirin| {
            kirin.args(["a boat", "--output", ""])
        }),
        refused("file that exists", 2, |kirin| {
            kirin
                .with_file("boat.mp4", "old")
                .args(["a boat", "--output", "boat.mp4"])
        }),
        refused("watermarked file that exists", 2, |kirin| {
            let kirin = kirin.with_file("boat-watermarked.mp4", "old");
            kirin.args(["a boat", "--output", "boat.mp4", "--watermark"])
        }),
        refused("folder that does not exist", 12, |kirin| {
            kirin.args(["a boat", "--output", "missing/boat.mp4"])
        }),
        refused("output below a file", 12, |kirin| {
            kirin
                .with_file("notes.txt", "")
                .args(["a boat", "--output", "notes.txt/boat.mp4"])
        }),
        refused("no key", 4, |kirin| {
            kirin.env("KIRIN_API_KEY", "").arg("a boat")
        }),
        refused("key with a line break", 2, |kirin| {
            kirin
                .env("KIRIN_API_KEY", [canary::key(); 2].join("\n"))
                .arg("a boat")
        }),
        refused("base URL without TLS", 2, |kirin| {
            kirin.args(["a boat", "--base-url", "http://example.com"])
        }),
        refused("key of an emulator for the service", 2, |kirin| {
            let kirin = kirin.env("KIRIN_API_KEY", format!("emulator-{}", canary::key()));
            kirin.env("KIRIN_BASE_URL", "").arg("a boat")
        }),
        refused("emulator and base URL", 2, |kirin| {
            kirin.args([
                "a boat",
                "--emulator",
                "--base-url",
                "http://127.0.0.1:4010",
            ])
        }),
        refused("unreachable", 7, |kirin| {
            kirin.args(["a boat", "--timeout", "0"])
        }),
    ]
}

/// A base URL without a server: the port was free a moment ago, and is not given again
/// soon.
fn nowhere() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    format!("http://{}", listener.local_addr().expect("an address"))
}

/// A generation that every create is answered to like this.
fn create_answered(
    name: &'static str,
    exit_code: i32,
    billing: &'static str,
    answer: impl Fn() -> Answer + Clone + Send + Sync + 'static,
) -> Scenario {
    scenario(name, exit_code, billing, move || {
        let answer = answer.clone();
        let server = Server::start(move |request, _| match request.starts_with("POST") {
            true => answer(),
            false => Answer::Json(404, r#"{"message":"no such task"}"#.into()),
        });
        Kirin::generate()
            .at(&server.base_url)
            .args(["--timeout", "0"])
    })
}

/// A generation that is accepted, and then every other request is answered like this.
fn then_answered(
    name: &'static str,
    exit_code: i32,
    billing: &'static str,
    answer: impl Fn(&str) -> Answer + Clone + Send + Sync + 'static,
) -> Scenario {
    scenario(name, exit_code, billing, move || {
        let answer = answer.clone();
        let server = Server::start(move |request, base_url| match request.starts_with("POST") {
            true => Answer::running(),
            false => answer(base_url),
        });
        Kirin::generate()
            .at(&server.base_url)
            .args(["--timeout", "3"])
    })
}

/// What the service says to a create.
pub(crate) fn create_answers() -> Vec<Scenario> {
    let json = |status, body: &'static str| move || Answer::Json(status, body.into());
    let wrong_key = || {
        let emulator = emulator(instant().keys(["another"]));
        Kirin::generate().at(emulator.base_url())
    };
    let duplicate = || {
        let emulator = emulator(instant());
        let arguments = ["create", "a boat", "--external-task-id", "order-42"];
        Kirin::new()
            .args(arguments)
            .at(emulator.base_url())
            .run()
            .ended_with(0);
        let of_another_model = ["--model", "kirin_v1_6_t2v"];
        let again = Kirin::new().args(arguments).args(of_another_model);
        again.at(emulator.base_url())
    };
    let hostile = "{\"message\":\"\\u001b]52;c;ZXZpbA==\\u0007\\u001b[2Jall is \\u202ewell\\n\"}";
    vec![
        scenario("wrong key", 4, "none", wrong_key),
        create_answered(
            "no right to the model",
            4,
            "none",
            json(403, r#"{"detail":"Model not allowed for this user"}"#),
        ),
        create_answered(
            "no balance",
            6,
            "none",
            json(
                402,
                r#"{"status":{"code":402,"message":"Insufficient credits","error_code":40201},"data":null}"#,
            ),
        ),
        create_answered(
            "rate limit",
            9,
            "none",
            json(
                429,
                r#"{"error":{"code":"RATE_LIMIT_EXCEEDED","message":"slow down"},"request_id":"r"}"#,
            ),
        ),
        create_answered(
            "no quota, in the words of a gateway",
            6,
            "none",
            json(
                429,
                r#"{"error":{"code":"insufficient_quota","message":"quota exceeded"}}"#,
            ),
        ),
        create_answered(
            "no money, by a nested code under 401",
            6,
            "none",
            json(
                401,
                r#"{"base_resp":{"status_code":1008,"status_msg":"please top up"}}"#,
            ),
        ),
        create_answered(
            "no money in unknown words under a success",
            11,
            "unknown",
            json(
                200,
                r#"{"base_resp":{"status_code":1008,"status_msg":"insufficient balance"}}"#,
            ),
        ),
        create_answered(
            "no quota under a server error",
            11,
            "unknown",
            json(
                503,
                r#"{"error":{"code":"insufficient_quota","msg":"no quota left"}}"#,
            ),
        ),
        create_answered(
            "request refused in unknown words",
            1,
            "none",
            json(
                400,
                r#"{"errno":7,"reason":"This model is not for sale here"}"#,
            ),
        ),
        create_answered(
            "request refused by the service",
            1,
            "none",
            json(400, r#"{"message":"bad request"}"#),
        ),
        create_answered("hostile text", 1, "none", json(400, hostile)),
        create_answered(
            "wrong base URL",
            5,
            "none",
            json(404, r#"{"detail":"no such path"}"#),
        ),
        scenario("external task id in use", 1, "none", duplicate),
        create_answered("lost answer", 11, "unknown", || Answer::Close),
        create_answered(
            "server error",
            11,
            "unknown",
            json(500, r#"{"message":"oops"}"#),
        ),
    ]
}

/// What happens to a task that was accepted.
pub(crate) fn after_acceptance() -> Vec<Scenario> {
    let failed = |arguments: &'static [&'static str]| {
        move || {
            let emulator = emulator(instant().fail_with("002011095"));
            let create = ["create", "a boat", "--external-task-id", "order-42"];
            Kirin::new()
                .args(create)
                .at(emulator.base_url())
                .run()
                .ended_with(0);
            Kirin::new().args(arguments).at(emulator.base_url())
        }
    };
    let empty = || Answer::task(json!({ "status": "completed", "output": [] }));
    let ask = |subcommand: &'static str, answer: fn() -> Answer| {
        move || {
            let server = Server::start(move |_, _| answer());
            Kirin::new()
                .args([subcommand, crate::service::TASK])
                .at(&server.base_url)
        }
    };
    let unauthorized = || Answer::Json(401, r#"{"error":"Missing Token"}"#.into());
    vec![
        scenario("failed task", 3, "unknown", failed(&["generate", "a boat"])),
        scenario(
            "wait for a failed task",
            3,
            "unknown",
            failed(&["wait", "order-42"]),
        ),
        scenario(
            "download of a failed task",
            3,
            "unknown",
            failed(&["download", "order-42"]),
        ),
        then_answered("failed task that cost nothing", 3, "none", |_| {
            Answer::task(json!({ "status": "failed", "usage": { "cost": "0" } }))
        }),
        then_answered("completed without output", 3, "unknown", move |_| empty()),
        then_answered("still running at the time-out", 8, "unknown", |_| {
            Answer::running()
        }),
        then_answered("key revoked while waiting", 4, "unknown", move |_| {
            unauthorized()
        }),
        scenario("still running, with an output", 8, "unknown", || {
            let server = Server::start(|_, _| Answer::running());
            let output = ["--output", "my boat.mp4", "--timeout", "0"];
            Kirin::generate().at(&server.base_url).args(output)
        }),
        scenario("still running in the emulator", 8, "none", || {
            Kirin::generate().args(["--emulator", "--timeout", "0"])
        }),
        scenario("status of an unknown task", 5, "unknown", || {
            let emulator = emulator(EmulatorConfig::new());
            Kirin::new()
                .args(["status", "nosuch"])
                .at(emulator.base_url())
        }),
        scenario("status from nowhere", 8, "unknown", || {
            Kirin::new().args(["status", "order-42"]).at(&nowhere())
        }),
        scenario(
            "download of a running task",
            8,
            "unknown",
            ask("download", Answer::running),
        ),
    ]
}

/// The task is completed, and the video does not get here.
pub(crate) fn downloads() -> Vec<Scenario> {
    let completed = |file: fn() -> Answer| {
        move || {
            Server::start(
                move |request, base_url| match request.starts_with("GET /files") {
                    true => file(),
                    false => Answer::completed(base_url),
                },
            )
        }
    };
    let gone = completed(|| Answer::Json(410, r#"{"message":"expired"}"#.into()));
    let page = completed(|| Answer::Json(200, r#"{"message":"log in first"}"#.into()));
    let elsewhere =
        || Server::start(|_, _| Answer::completed_at("ftp://files.example.com/boat.mp4"));
    #[cfg(unix)]
    let whole = completed(|| Answer::Video);
    vec![
        scenario("output expired", 5, "charged", move || {
            Kirin::generate().at(&gone().base_url)
        }),
        scenario("output of long ago that is not there", 5, "charged", || {
            let server = Server::start(|request, base_url| match request {
                _ if request.starts_with("GET /files") => {
                    Answer::Json(404, r#"{"message":"no such key"}"#.into())
                }
                _ => Answer::completed_long_ago(base_url),
            });
            Kirin::generate().at(&server.base_url)
        }),
        scenario("output at a URL that is refused", 1, "charged", move || {
            Kirin::generate().at(&elsewhere().base_url)
        }),
        scenario("output that is no video", 1, "charged", move || {
            Kirin::generate().at(&page().base_url)
        }),
        scenario("folder gone while waiting", 12, "charged", || {
            let kirin = Kirin::generate()
                .with_folder("out")
                .args(["--output", "out/boat.mp4"]);
            let folder = kirin.folder().join("out");
            let server = Server::start(move |_, base_url| {
                // The folder goes away after the request came, and before the download.
                let _ = std::fs::remove_dir_all(&folder);
                Answer::completed(base_url)
            });
            kirin.at(&server.base_url)
        }),
        scenario("file appeared while waiting", 12, "charged", || {
            let kirin = Kirin::generate().args(["--output", "boat.mp4"]);
            let file = kirin.folder().join("boat.mp4");
            let server = Server::start(move |_, base_url| {
                std::fs::write(&file, "somebody else's").expect("a file");
                Answer::completed(base_url)
            });
            kirin.at(&server.base_url)
        }),
        #[cfg(unix)]
        scenario("file size limit", 12, "charged", move || {
            let kirin = Kirin::under("ulimit -f 400").args(["generate", "a boat"]);
            kirin.at(&whole().base_url)
        }),
    ]
}
