//! Tests that print figures.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use crate::cargo::shown;
use crate::error::Failure;

/// Runs tests that print a line with each of these figures: a filter that matches no test must not pass.
pub(crate) fn run(name: &str, command: &mut Command, figures: &[&str]) -> Result<(), Failure> {
    println!("+ {}", shown(command));
    let command = command.stdout(Stdio::piped());
    let mut child = command
        .spawn()
        .map_err(Failure::of(format!("start {name}")))?;
    let mut lines = Vec::new();
    for line in child
        .stdout
        .take()
        .into_iter()
        .flat_map(|output| BufReader::new(output).split(b'\n'))
    {
        let line = line.map_err(Failure::of(format!("read what {name} prints")))?;
        let line = String::from_utf8_lossy(&line).into_owned();
        println!("{line}");
        lines.push(line);
    }
    let status = child
        .wait()
        .map_err(Failure::of(format!("wait for {name}")))?;
    let mut problems = absent(&lines, figures);
    if !status.success() {
        problems.push(format!("`{}` failed; see above", shown(command)));
    }
    Failure::unless_empty(name, &problems)
}

/// A sentence for each figure that no test printed.
fn absent(lines: &[String], figures: &[&str]) -> Vec<String> {
    let absent = figures
        .iter()
        .filter(|figure| lines.iter().all(|line| !line.contains(**figure)));
    absent
        .map(|figure| format!("no test printed its line `{figure}...`"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_of_nothing_is_no_success() {
        let print = |text: &str| {
            let mut command = Command::new("echo");
            command.arg(text);
            run("echo", &mut command, &["exhaustive: ", "random: "])
        };
        assert!(print("test result: ok. 0 passed").is_err());
        assert!(print("random: 5 creates").is_err());
        assert!(print("random: 5\nexhaustive: 9 sequences").is_ok());
        assert!(run("false", &mut Command::new("false"), &[]).is_err());
    }
}
