//! A client as the environment describes it. The environment of a test program is shared by its tests, so each
//! case is a process of its own.

use std::{io::Write as _, process::Command};

use kirin_client::Client;
use kirin_tests::canary;

/// What the child prints of its client, or of why it has none.
const SHOWN: &str = "client: ";

/// The child: it only says something where the test below has started it.
#[tokio::test]
async fn client_of_the_environment() {
    #[expect(clippy::disallowed_methods, reason = "only a child has it")]
    let is_child = std::env::var_os("KIRIN_TEST_CHILD").is_some();
    if is_child {
        let built = Client::from_env();
        let place =
            built.map(|client| format!("{} {}", client.base_url(), client.key_fingerprint()));
        let shown = place.unwrap_or_else(|error| error.to_string());
        writeln!(std::io::stdout(), "\n{SHOWN}{shown}").unwrap();
    }
}

fn client_of(variables: &[(&str, &str)]) -> String {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args([
        "--exact",
        "environment::client_of_the_environment",
        "--nocapture",
    ]);
    child
        .env_remove("KIRIN_API_KEY")
        .env_remove("KIRIN_BASE_URL")
        .env_remove("KIRIN_PLAIN_HTTP_TO");
    child
        .env("KIRIN_TEST_CHILD", "1")
        .envs(variables.iter().copied());
    let output = child.output().unwrap();
    let output = String::from_utf8(output.stdout).unwrap();
    canary::shown(canary::Shown::Output, &output);
    let shown = output.lines().find_map(|line| line.strip_prefix(SHOWN));
    shown.unwrap_or_else(|| panic!("{output}")).to_owned()
}

#[test]
fn a_client_is_made_from_the_environment_or_its_variables_are_named() {
    let key = canary::key();
    let fingerprint = key.parse::<kirin_client::ApiKey>().unwrap().fingerprint();
    let key = ("KIRIN_API_KEY", key);
    let here = ("KIRIN_BASE_URL", "http://127.0.0.1:4010");
    assert_eq!(
        client_of(&[key, here]),
        format!("http://127.0.0.1:4010 {fingerprint}")
    );
    let named = ("KIRIN_PLAIN_HTTP_TO", "emulator:4010");
    assert_eq!(
        client_of(&[key, named]),
        format!("http://emulator:4010 {fingerprint}")
    );
    let refused = client_of(&[("KIRIN_BASE_URL", "http://emulator:4010")]);
    for problem in [
        "KIRIN_API_KEY is not set",
        "KIRIN_BASE_URL: ",
        "nothing was sent",
    ] {
        assert!(refused.contains(problem), "{refused}");
    }
}
