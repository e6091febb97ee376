//! Two processes and one create.

use kirin_client::{
    JournalState,
    machine::{SendReason, Withheld},
};
use kirin_ledger::{Claim, LedgerError};

use crate::{
    another_process::{self, said},
    support::{Desk, accept, base_url, completed, id, intent, not_created, scribe, unresolved},
};

#[tokio::test]
async fn a_create_is_this_process_s_own_until_it_ends() {
    let desk = Desk::new();
    let (mine, other) = (desk.journal(), desk.another());
    let theirs = scribe(&other);
    let order = id("order-42");
    mine.intend(&intent("order-42")).await.unwrap();
    let known = theirs.entry(&order).await.unwrap().intent;
    for refused in [
        theirs.intend(&intent("order-42")).await,
        theirs.send(&order).await,
        theirs.send_because(&order, SendReason::Person).await,
        theirs.take_back(&order, SendReason::Unsent).await,
        theirs.take_over(&known).await,
        theirs.end(&order, &unresolved("order-42")).await,
        theirs.end(&order, &not_created()).await,
    ] {
        assert_eq!(Withheld::from(refused.unwrap_err()), Withheld::UnderWay);
    }
    let under_way = other.claim(&base_url(), &order).await.unwrap();
    assert!(matches!(under_way, Claim::UnderWay(..)), "{under_way:?}");
    mine.send(&order).await.unwrap();
    mine.accept(&order, &"task-1".parse().unwrap())
        .await
        .unwrap();
    mine.end(&order, &completed("task-1")).await.unwrap();
    let ended = other.claim(&base_url(), &order).await.unwrap();
    let Claim::Taken(entry) = ended else {
        panic!("{ended:?}")
    };
    assert!(entry.state.is_final());
}

#[tokio::test]
async fn the_claims_of_a_process_end_with_it() {
    let mut desk = Desk::new();
    accept(&desk.journal(), "order-42", "task-1").await;
    let other = desk.another();
    let order = id("order-42");
    let claim =
        async |ledger: &kirin_ledger::Ledger| ledger.claim(&base_url(), &order).await.unwrap();
    assert!(matches!(claim(&other).await, Claim::UnderWay(..)));
    // A clone is the same opening, so both have to go.
    desk.ledger = desk.another();
    assert!(kirin_ledger::Ledger::wait_until_closed());
    let Claim::Taken(entry) = claim(&other).await else {
        panic!("it is free")
    };
    assert!(matches!(entry.state, JournalState::Accepted(_)));
    assert!(matches!(claim(&desk.ledger).await, Claim::UnderWay(..)));
    other.release(entry.number).await.unwrap();
    assert!(matches!(claim(&desk.ledger).await, Claim::Taken(_)));
}

#[tokio::test]
async fn what_nobody_intended_is_new() {
    let desk = Desk::new();
    let claim = desk
        .ledger
        .claim(&base_url(), &id("order-42"))
        .await
        .unwrap();
    assert_eq!(claim, Claim::New);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_at_once_one_intends() {
    let desk = Desk::new();
    let attempts = (0..20).map(|_| {
        let ledger = desk.another();
        tokio::spawn(async move {
            let journal = scribe(&ledger);
            let intended = journal.intend(&intent("order-42")).await;
            // Whoever ended would free it.
            (ledger, intended.is_ok())
        })
    });
    let mut intended = 0;
    let mut open = Vec::new();
    for attempt in attempts.collect::<Vec<_>>() {
        let (ledger, is_ok) = attempt.await.unwrap();
        open.push(ledger);
        intended += usize::from(is_ok);
    }
    assert_eq!(intended, 1);
}

#[tokio::test]
async fn what_another_process_holds_is_not_released() {
    let desk = Desk::new();
    let other = desk.another();
    desk.journal().intend(&intent("order-42")).await.unwrap();
    other.release(1).await.unwrap();
    let claim = other.claim(&base_url(), &id("order-42")).await.unwrap();
    assert!(matches!(claim, Claim::UnderWay(..)), "{claim:?}");
}

/// A process of another opening that was killed while it was at a create.
#[cfg(target_os = "linux")]
fn killed(desk: &Desk, umask: &str) -> u32 {
    use std::{
        io::{BufRead as _, BufReader},
        process::{Command, Stdio},
    };

    let send = another_process::command("send_and_wait", desk.ledger.path());
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("umask {umask}; exec \"$0\" \"$@\"")]);
    shell.arg(send.get_program()).args(send.get_args());
    for (name, value) in send.get_envs() {
        shell.env(name, value.unwrap_or_default());
    }
    let mut child = shell.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("said: sent")));
    child.kill().unwrap();
    child.wait().unwrap();
    child.id()
}

/// The file that a process has locked is as open as the ledger, whatever its umask was; so another user
/// who may open the ledger sees that it is dead.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_killed_process_is_seen_to_be_dead_by_all_who_may_open_the_ledger() {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    for umask in ["077", "777", "0"] {
        let desk = Desk::new();
        fs::set_permissions(desk.ledger.path(), fs::Permissions::from_mode(0o664)).unwrap();
        killed(&desk, umask);
        let mut locks = desk.ledger.path().as_os_str().to_owned();
        locks.push(".processes");
        let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(locks.as_ref()) & 0o777, 0o775, "umask {umask}");
        let files = fs::read_dir(&locks).unwrap();
        // This process made its own before the ledger was opened to the group.
        let open = files.filter(|file| mode(&file.as_ref().unwrap().path()) & 0o777 == 0o664);
        assert_eq!(open.count(), 1, "umask {umask}");
        let claim = desk.ledger.claim(&base_url(), &id("order-42")).await;
        assert!(matches!(claim.unwrap(), Claim::Taken(_)), "umask {umask}");
    }
}

/// A lock file that nobody can test: here it leads to itself, elsewhere it is another user's.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_process_whose_lock_cannot_be_tested_is_taken_over_by_a_person() {
    use std::fs;

    let desk = Desk::new();
    let process = killed(&desk, "022");
    let mut locks = desk.ledger.path().as_os_str().to_owned();
    locks.push(".processes");
    for file in fs::read_dir(&locks).unwrap() {
        let path = file.unwrap().path();
        let text = fs::read_to_string(&path).unwrap_or_default();
        if text.starts_with(&format!("{process}\n")) {
            fs::remove_file(&path).unwrap();
            std::os::unix::fs::symlink(&path, &path).unwrap();
        }
    }
    let order = id("order-42");
    let claim = desk.ledger.claim(&base_url(), &order).await.unwrap();
    let Claim::UnderWay(entry, owner) = claim else {
        panic!("{claim:?}")
    };
    assert!(!owner.is_alive);
    assert_eq!(owner.to_string(), "a process that cannot be named");
    let taken = desk.ledger.take_over(entry.number).await.unwrap();
    assert_eq!((taken.state, taken.attempts), (JournalState::Sent, 1));
    let claim = desk.ledger.claim(&base_url(), &order).await.unwrap();
    assert!(matches!(claim, Claim::Taken(_)), "{claim:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn who_is_at_a_create_is_named() {
    let desk = Desk::new();
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let intend = async { desk.journal().intend(&intent("order-42")).await };
    runtime.unwrap().block_on(intend).unwrap();
    let claim = another_process::command("claim", desk.ledger.path());
    let said = said(&{ claim }.output().unwrap());
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    let process = std::process::id();
    let wanted = [
        format!("process {process} of user "),
        format!(" on {}", host.trim()),
    ];
    assert!(wanted.iter().all(|part| said.contains(part)), "{said}");
}

/// It may be alive after all.
#[tokio::test]
async fn a_process_that_was_overtaken_sends_nothing() {
    let desk = Desk::new();
    let (mine, other) = (desk.journal(), desk.another());
    mine.intend(&intent("order-42")).await.unwrap();
    let order = id("order-42");
    other.take_over(1).await.unwrap();
    let refused = mine.send(&order).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "another operation is at the same create"
    );
    assert_eq!(Withheld::from(refused), Withheld::UnderWay);
    let theirs = scribe(&other);
    let known = theirs.entry(&order).await.unwrap().intent;
    theirs.take_over(&known).await.unwrap();
    theirs.send(&order).await.unwrap();
    let nobody = other.take_over(2).await;
    assert!(
        matches!(nobody, Err(LedgerError::NoSuchEntry)),
        "{nobody:?}"
    );
}
