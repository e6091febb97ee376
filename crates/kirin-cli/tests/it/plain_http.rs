//! Plain HTTP to one host that is named for it. 0.0.0.0 leads to this machine on Linux, and is no name of it.
#![cfg(target_os = "linux")]

use crate::{kirin::Kirin, mp4};

const VARIABLE: &str = "KIRIN_PLAIN_HTTP_TO";

#[test]
fn a_named_host_is_used_over_plain_http_and_no_other() {
    let emulator = Kirin::new()
        .args(["emulator", "--port", "0", "--host-name", "0.0.0.0"])
        .start();
    let base_url = emulator.first_line();
    let host = base_url.strip_prefix("http://").unwrap();
    assert!(host.starts_with("0.0.0.0:"), "{base_url}");
    let create = |host: &str| {
        let kirin = Kirin::new().args(["create", "a boat"]).at(&base_url);
        kirin.env(VARIABLE, host).run()
    };
    for other in ["", "0.0.0.0", "emulator:4010", "http://0.0.0.0"] {
        let refused = create(other).ended_with(2);
        assert!(
            refused
                .stderr
                .contains("export KIRIN_PLAIN_HTTP_TO=emulator:4010"),
            "{refused:#?}"
        );
        assert!(
            refused.stderr.contains("Nothing was spent."),
            "{refused:#?}"
        );
    }
    // Its base URL is that host, where none is set; its video is there, too.
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("ledger.sqlite3");
    let generate = Kirin::generate()
        .env("KIRIN_API_KEY", "emulator-key")
        .env("KIRIN_LEDGER", &ledger)
        .env(VARIABLE, host);
    let generated = generate.args(["--output", "boat.mp4"]).run().ended_with(0);
    mp4::read(&std::fs::read(generated.path("boat.mp4")).unwrap());
    // What was written down is read again.
    let list = Kirin::new().env("KIRIN_LEDGER", &ledger).arg("list");
    let listed = list.run().ended_with(0);
    assert!(listed.stdout.contains("completed"), "{listed:#?}");
    crate::interrupt::send("TERM", &emulator);
    let ended = emulator.end().ended_with(0);
    assert!(
        ended
            .stderr
            .contains(&format!("KIRIN_PLAIN_HTTP_TO={host} ")),
        "{ended:#?}"
    );
    assert!(
        !ended.stderr.contains("Anyone on the networks"),
        "{ended:#?}"
    );
}

#[test]
fn a_command_beside_an_emulator_with_a_name_knows_the_name() {
    let kirin = env!("CARGO_BIN_EXE_kirin");
    let exec = Kirin::new().args(["emulator", "--host-name", "0.0.0.0", "exec", "--"]);
    let done = exec.args([kirin, "create", "a boat"]).run().ended_with(0);
    assert!(done.stderr.contains("charges: 1,"), "{done:#?}");
}

#[test]
fn an_emulator_listens_where_it_is_asked_to_and_refuses_an_invalid_name() {
    let emulator = Kirin::new()
        .args(["emulator", "--port", "0", "--listen", "127.0.0.2"])
        .start();
    let base_url = emulator.first_line();
    assert!(base_url.starts_with("http://127.0.0.2:"), "{base_url}");
    let create = Kirin::new().args(["create", "a boat"]).at(&base_url);
    create.run().ended_with(0);
    crate::interrupt::send("TERM", &emulator);
    let ended = emulator.end().ended_with(0);
    assert!(!ended.stderr.contains("Anyone"), "{ended:#?}");
    let refused = Kirin::new()
        .args(["emulator", "--port", "0", "--host-name", "a b"])
        .run();
    let refused = refused.ended_with(2);
    assert!(
        refused.stderr.contains("a host name has letters"),
        "{refused:#?}"
    );
}
