//! A test in a process of its own, for what a whole process has: an environment, a size.

use std::process::Command;

/// Runs the ignored test of this name alone in a new process, with these variables and none of a
/// proxy, and gives back the line that it [told](tell).
pub(crate) fn run(test: &str, variables: &[(&str, &str)]) -> String {
    let program = std::env::current_exe().unwrap();
    let mut command = Command::new(program);
    command.args([
        "--ignored",
        "--exact",
        test,
        "--nocapture",
        "--test-threads=1",
    ]);
    for name in ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY"] {
        command.env_remove(name).env_remove(name.to_lowercase());
    }
    let output = command.envs(variables.iter().copied()).output().unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    let told = stdout.lines().find_map(|line| line.split_once(MARK));
    match told {
        Some((_, told)) if output.status.success() => told.to_owned(),
        _ => panic!(
            "{test}: {stdout}{}",
            String::from_utf8_lossy(&output.stderr)
        ),
    }
}

const MARK: &str = "child: ";

/// Tells the parent what came of it.
#[expect(clippy::print_stdout, reason = "the way from a child to its parent")]
pub(crate) fn tell(text: &str) {
    println!("{MARK}{text}");
}

/// A variable that the parent set.
#[expect(
    clippy::disallowed_methods,
    reason = "the way from a parent to its child"
)]
pub(crate) fn told(name: &str) -> String {
    std::env::var(name).unwrap()
}

/// Whether the parent set a variable.
#[expect(
    clippy::disallowed_methods,
    reason = "the way from a parent to its child"
)]
pub(crate) fn is_told(name: &str) -> bool {
    std::env::var_os(name).is_some()
}
