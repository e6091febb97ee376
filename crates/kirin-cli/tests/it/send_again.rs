//! `kirin resolve --send-again`: a person sends a create again that was not found, and may pay for each.

use std::sync::{Arc, Mutex};

use kirin_client::{
    Journal as _, JournalChange, JournalWrite, OperationId,
    machine::{Cause, Outcome, SendReason, Withheld},
};
use kirin_ledger::Ledger;
use tempfile::TempDir;

use crate::{
    kirin::{Kirin, Run},
    service::{Answer, Server},
};

/// A home with a create that was sent once, and lost.
struct Lost {
    server: Server,
    home: TempDir,
}

impl Lost {
    fn new() -> Self {
        let server = Server::start(|request, _| match request.starts_with("POST") {
            true => Answer::Close,
            false => not_found(),
        });
        let home = tempfile::tempdir().unwrap();
        let lost = Self { server, home };
        let create = ["create", "a fox", "--external-task-id", "order-42"];
        lost.kirin(&create, "").ended_with(11);
        lost
    }

    /// Nothing is looked up, so that no test waits for it.
    fn kirin(&self, arguments: &[&str], configuration: &str) -> Run {
        let base_url = &self.server.base_url;
        let configuration =
            format!("{configuration}\n[hosts.\"{base_url}\"]\nlookup = \"missing\"\n");
        let kirin = Kirin::new().with_file("config.toml", &configuration);
        let kirin = kirin.env("KIRIN_CONFIG", "config.toml").args(arguments);
        kirin.at(base_url).env("HOME", self.home.path()).run()
    }

    fn send_again(&self, more: &[&str], configuration: &str) -> Run {
        let arguments = [&["resolve", "order-42", "--send-again"], more].concat();
        self.kirin(&arguments, configuration)
    }
}

fn not_found() -> Answer {
    Answer::Json(404, r#"{"message": "task not found"}"#.into())
}

#[test]
fn each_send_is_a_charge_that_may_have_been_made() {
    let lost = Lost::new();
    let resolved = lost.kirin(&["resolve"], "").ended_with(11);
    assert!(
        resolved.stderr.contains("It may have been charged once."),
        "{resolved:#?}"
    );
    for sends in 2..=3 {
        let run = lost.send_again(&[], "").ended_with(11);
        let up_to = format!("It may have been charged up to {sends} times");
        assert!(run.stderr.contains(&format!("{up_to} then\n")), "{run:#?}");
        assert!(run.stderr.contains(&format!("\n{up_to}.\n")), "{run:#?}");
        assert!(
            run.stderr.contains(&format!("it was sent {sends} times")),
            "{run:#?}"
        );
        assert_eq!(lost.server.creates(), sends);
    }
    let resolved = lost.kirin(&["resolve"], "").ended_with(11);
    assert!(
        resolved.stderr.contains("charged up to 3 times."),
        "{resolved:#?}"
    );
    let again = ["generate", "a fox", "--external-task-id", "order-42"];
    let again = lost.kirin(&again, "").ended_with(11);
    assert!(
        again.stderr.contains("charged up to 3 times."),
        "{again:#?}"
    );
    assert_eq!(lost.server.creates(), 3);
}

#[test]
fn another_send_counts_against_the_limit_of_the_command() {
    let lost = Lost::new();
    for (more, configuration) in [
        (&["--max-cost", "0.41"][..], ""),
        (&[], "max_cost = 0.41"),
        (&["--max-cost", "0"], "max_cost = 5"),
    ] {
        let run = lost.send_again(more, configuration).ended_with(6);
        for said in [
            "order-42 was not found, and was not sent again: with another send it may cost 0.42 USD",
            "This command has sent nothing. It may have been charged once.",
            "  kirin resolve order-42 --base-url",
        ] {
            assert!(run.stderr.contains(said), "{said}: {run:#?}");
        }
        assert_eq!(lost.server.creates(), 1);
    }
    lost.send_again(&["--max-cost", "0.42"], "").ended_with(11);
    assert_eq!(lost.server.creates(), 2);
    let third = lost.send_again(&["--max-cost", "0.62", "--json"], "");
    let third = third.ended_with(6).json();
    assert_eq!(third["error"]["billing"], "unknown");
    assert_eq!(lost.server.creates(), 2);
}

#[test]
fn another_send_counts_against_the_budget_of_the_day() {
    let lost = Lost::new();
    let run = lost.send_again(&[], "budget_per_day = 0.41").ended_with(6);
    let said = "it costs 0.21 USD, and 0.21 of the 0.41 USD of this day are spent or reserved";
    assert!(run.stderr.contains(said), "{run:#?}");
    assert_eq!(lost.server.creates(), 1);
    lost.send_again(&[], "budget_per_day = 0.42").ended_with(11);
    assert_eq!(lost.server.creates(), 2);
    // Both sends count, and so does what else was sent on this day.
    lost.send_again(&[], "budget_per_day = 0.62").ended_with(6);
    lost.kirin(&["create", "a bear"], "").ended_with(11);
    lost.send_again(&[], "budget_per_day = 0.83").ended_with(6);
    assert_eq!(lost.server.creates(), 3);
    lost.send_again(&[], "budget_per_day = 0.84").ended_with(11);
    assert_eq!(lost.server.creates(), 4);
}

/// The first one may have been charged all the same.
#[test]
fn a_task_of_the_second_send_is_reported_with_what_may_have_been_charged() {
    let answers = Arc::new(Mutex::new(vec![Answer::running(), Answer::Close]));
    let server = Server::start(move |request, _| match request.starts_with("POST") {
        true => answers.lock().unwrap().pop().unwrap(),
        false => not_found(),
    });
    let home = tempfile::tempdir().unwrap();
    let lost = Lost { server, home };
    let create = ["create", "a fox", "--external-task-id", "order-42"];
    lost.kirin(&create, "").ended_with(11);
    let found = lost.send_again(&[], "").ended_with(0);
    assert!(found.stdout.starts_with("order-42 is task "), "{found:#?}");
    let said = "order-42 was sent 2 times. It may have been charged up to 2 times";
    assert!(found.stderr.contains(said), "{found:#?}");
}

#[test]
fn a_limit_is_no_reason_not_to_look() {
    let lost = Lost::new();
    let resolve = ["resolve", "--max-cost", "0"];
    lost.kirin(&resolve, "").ended_with(11);
    lost.kirin(&["resolve", "--max-cost", "much"], "")
        .ended_with(2);
}

/// A create that was lost twice, and proved to be absent each time: nobody sends it a third time but a
/// person, with the command that is printed.
#[test]
fn what_was_repeated_already_is_sent_again_by_the_command_that_is_printed() {
    let lost = Lost::new();
    proved_absent_twice(&lost);
    let again = ["create", "a fox", "--external-task-id", "order-42"];
    let again = lost.kirin(&again, "").ended_with(1);
    assert!(again.stderr.contains("Nothing was spent."), "{again:#?}");
    let command = format!(
        "  kirin resolve order-42 --send-again --base-url {}\n",
        lost.server.base_url
    );
    assert!(again.stderr.contains(&command), "{again:#?}");
    assert_eq!(lost.server.creates(), 1);

    let looked_for = lost.kirin(&["resolve", "order-42"], "").ended_with(0);
    assert_eq!(looked_for.stdout, "order-42 created nothing\n");
    // What was proved not to be there was not charged.
    lost.send_again(&["--max-cost", "0.2"], "").ended_with(6);
    assert_eq!(lost.server.creates(), 1);
    let run = lost.send_again(&["--max-cost", "0.21"], "").ended_with(11);
    let said = "order-42 created nothing, and is sent again if it is not found now. It may have been \
                charged once then\n";
    assert!(run.stderr.contains(said), "{run:#?}");
    assert_eq!(lost.server.creates(), 2);
}

/// Puts into the ledger what two lost attempts and the proofs after them would have.
fn proved_absent_twice(lost: &Lost) {
    let path = lost.home.path().join(".local/share/kirin/ledger.sqlite3");
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(async {
        let ledger = Ledger::open(&path).unwrap();
        let [entry] = <[_; 1]>::try_from(ledger.entries().await.unwrap()).unwrap();
        let intent = ledger.intent(entry.number).await.unwrap();
        let journal = ledger.journal(intent.base_url.clone());
        let create = intent.create_id().unwrap();
        let repeat = JournalChange::Send {
            attempt: 1,
            reason: SendReason::Absence,
        };
        let cause = Cause::Withheld(Withheld::Deadline);
        let end = JournalChange::End(Box::new(Outcome::NotCreated { cause }));
        for change in [JournalChange::TakeOver(Box::new(intent)), repeat, end] {
            let write = JournalWrite::new(create.clone(), OperationId::new(1, 1), change);
            journal.write(&write).await.unwrap();
        }
    });
}

/// Nothing is sent again that was refused: to generate it, run the command that wanted it.
#[test]
fn what_was_refused_is_not_sent_again_by_resolve() {
    let server = Server::start(|request, _| match request.starts_with("POST") {
        true => Answer::Json(402, r#"{"message": "insufficient balance"}"#.into()),
        false => not_found(),
    });
    let home = tempfile::tempdir().unwrap();
    let lost = Lost { server, home };
    let create = ["create", "a fox", "--external-task-id", "order-42"];
    lost.kirin(&create, "").ended_with(6);
    for _ in 0..2 {
        let run = lost.send_again(&[], "").ended_with(0);
        assert_eq!(run.stdout, "order-42 created nothing\n");
        assert!(!run.stderr.contains("sent again"), "{run:#?}");
    }
    assert_eq!(lost.server.creates(), 1);
}
