//! What the program knows of itself.

use crate::kirin::{Kirin, Run};

fn help(topic: &[&str]) -> Run {
    Kirin::new().arg("help").args(topic).run()
}

#[test]
fn the_exit_codes_are_the_same_everywhere() {
    let table = help(&["exit-codes"]).ended_with(0).stdout;
    assert!(table.lines().count() > 10, "{table}");
    let help = help(&[]).ended_with(0).stdout;
    assert!(help.ends_with(&table), "{help}");
    let manual = Kirin::new().arg("man").run().ended_with(0).stdout;
    for line in table.lines() {
        assert!(
            manual.contains(&line.replace('-', "\\-")),
            "{line}\n{manual}"
        );
    }
}

#[test]
fn there_is_no_help_for_what_is_not_there() {
    let run = help(&["generate", "faster"]).ended_with(2);
    assert!(
        run.stderr.contains("there is no command generate faster"),
        "{run:#?}"
    );
    assert_eq!(run.stdout, "");
}
