use kirin_client::{
    BaseUrl, Intent, Journal as _, JournalChange, JournalState, JournalWrite, OperationId,
    machine::{Outcome, SendReason},
};
use kirin_types::{GenerationRequest, Task};

use crate::{Entry, Ledger, connection};

use super::*;

fn new() -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger");
    std::fs::write(&path, "").unwrap();
    (folder, path)
}

/// A ledger as the first version made it, with a create that was sent three times.
fn first_layout(path: &Path) {
    let connection = connection::open(path).unwrap();
    enter_wal(&connection).unwrap();
    MIGRATIONS[0].apply(&connection).unwrap();
    let create = "INSERT INTO creates (base_url, external_task_id, key, model, intended_at, \
                  intended_at_is_known, state, attempts, request) \
                  VALUES ('http://127.0.0.1', 'order-42', '0123456789abcdef', 'm', 0, 1, 'sent', 3, '')";
    connection.execute(create, []).unwrap();
    let versions = format!("PRAGMA application_id = {APPLICATION}; PRAGMA user_version = 1");
    connection.execute_batch(&versions).unwrap();
}

/// What is told to be durable is on the disk, and what is told to be kept in order is checked.
#[test]
fn each_write_waits_for_the_disk() {
    let (_folder, path) = new();
    let connection = connection::open(&path).unwrap();
    prepare(&connection, &path).unwrap();
    let number = |pragma| pragma_number(&connection, pragma).unwrap();
    assert_eq!((number("synchronous"), number("foreign_keys")), (2, 1));
    let mode = "PRAGMA journal_mode";
    let mode: String = connection.query_row(mode, [], |row| row.get(0)).unwrap();
    assert_eq!(mode, "wal");
}

#[test]
fn a_ledger_of_the_first_layout_is_upgraded() {
    let (folder, path) = new();
    first_layout(&path);
    std::fs::create_dir(folder.path().join("ledger.processes")).unwrap();
    let ledger = Ledger::open(&path).unwrap();
    // It knew of all that its lock folder was for.
    assert!(!ledger.looks_up_first());
    drop(ledger);
    assert!(Ledger::wait_until_closed());
    let connection = connection::open(&path).unwrap();
    assert_eq!(pragma_number(&connection, "user_version").unwrap(), LATEST);
    assert_eq!(lineage::latest(&connection).unwrap().unwrap().counter, 3);
    drop(connection);
    assert!(!Ledger::open(&path).unwrap().looks_up_first());
}

#[test]
fn an_old_ledger_without_its_lock_folder_may_not_know_all() {
    let (_folder, path) = new();
    first_layout(&path);
    assert!(Ledger::open(&path).unwrap().looks_up_first());
}

/// It is a backup from before the upgrade.
#[test]
fn a_ledger_of_the_first_layout_beside_what_a_later_one_knew_is_refused() {
    let (_folder, path) = new();
    drop(Ledger::open(&path).unwrap());
    assert!(Ledger::wait_until_closed());
    std::fs::write(&path, "").unwrap();
    first_layout(&path);
    let error = Ledger::open(&path).unwrap_err();
    assert!(matches!(error, LedgerError::Outdated { .. }), "{error}");
    let connection = connection::open(&path).unwrap();
    assert_eq!(pragma_number(&connection, "user_version").unwrap(), 1);
}

/// What an older version wrote of one create.
struct Written {
    state: &'static str,
    task: Option<&'static str>,
    outcome: Option<String>,
    expected: JournalState,
}

const UNRESOLVED: &str = r#"{"Unresolved": {"external_task_id": "order-42", "knowledge": "MayExist",
    "cause": {"Withheld": "Deadline"}}}"#;

/// One of each state, as it was written before operations were.
fn written() -> Vec<Written> {
    let task = || "task-1".parse().unwrap();
    let json = r#"{"id": "task-1", "status": "failed", "error": {"code": 1301, "message": "no"}}"#;
    let failed = Outcome::Failed(Task::from_json(json.as_bytes()).unwrap());
    let failed_json = serde_json::to_string(&failed).unwrap();
    let ended = |state, task, json: &str| Written {
        state,
        task,
        outcome: Some(json.into()),
        expected: JournalState::Ended(serde_json::from_str(json).unwrap()),
    };
    let open = |state, task, expected| Written {
        state,
        task,
        outcome: None,
        expected,
    };
    vec![
        open("intended", None, JournalState::Intended),
        open("sent", None, JournalState::Sent),
        open("accepted", Some("task-1"), JournalState::Accepted(task())),
        // It was accepted, and ended without its task: that was allowed once.
        ended("open", Some("task-1"), UNRESOLVED),
        ended(
            "open",
            Some("task-1"),
            r#"{"StillRunning": {"id": "task-1"}}"#,
        ),
        ended("ended", Some("task-1"), &failed_json),
        ended(
            "not_created",
            None,
            r#"{"NotCreated": {"cause": {"Withheld": "UnderWay"}}}"#,
        ),
    ]
}

fn request(id: &str) -> GenerationRequest {
    let request = GenerationRequest::builder("a fox").external_task_id(id);
    request.build().unwrap()
}

fn base_url() -> BaseUrl {
    "http://127.0.0.1:4010".parse().unwrap()
}

/// A ledger of an earlier layout with one create of each state, the ids in order.
fn earlier_layout(path: &Path, layout: usize) {
    let connection = connection::open(path).unwrap();
    enter_wal(&connection).unwrap();
    for migration in &MIGRATIONS[..layout] {
        migration.apply(&connection).unwrap();
    }
    for (number, written) in written().into_iter().enumerate() {
        let id = format!("order-{number}");
        let sql = "INSERT INTO creates (base_url, external_task_id, key, model, prompt, price, \
                   intended_at, intended_at_is_known, state, attempts, task_id, outcome, ended_at, request) \
                   VALUES (?1, ?2, '0123456789abcdef', 'm', 'a fox', '0.21', 7, 1, ?3, ?4, ?5, ?6, ?7, ?8)";
        let request = serde_json::to_string(&request(&id)).unwrap();
        let ended_at = written.outcome.as_ref().map(|_| 9);
        let parameters = rusqlite::params![
            base_url().to_string(),
            id,
            written.state,
            i64::try_from(number).unwrap(),
            written.task,
            written.outcome,
            ended_at,
            request
        ];
        connection.execute(sql, parameters).unwrap();
    }
    let versions = format!("PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {layout}");
    connection.execute_batch(&versions).unwrap();
}

fn check_entry(number: usize, entry: &Entry, written: &Written) {
    assert_eq!(entry.external_task_id.as_str(), format!("order-{number}"));
    assert_eq!(entry.state, written.expected, "{number}");
    assert_eq!(entry.attempts, u32::try_from(number).unwrap());
    let task = entry.task_id.as_ref().map(|task| task.as_str());
    assert_eq!(task, written.task, "{number}");
    assert_eq!(entry.ended_at.is_some(), written.outcome.is_some());
    assert_eq!(entry.price.as_ref().unwrap().to_string(), "0.21");
}

/// Every earlier layout, also those that are to come.
#[tokio::test]
async fn a_ledger_of_each_earlier_layout_is_upgraded_and_keeps_its_entries() {
    for layout in 1..MIGRATIONS.len() {
        let (folder, path) = new();
        earlier_layout(&path, layout);
        std::fs::create_dir(folder.path().join("ledger.processes")).unwrap();
        // Once to upgrade it, and once as it is then.
        for _ in 0..2 {
            let ledger = Ledger::open(&path).unwrap();
            let entries = ledger.entries().await.unwrap();
            assert_eq!(entries.len(), written().len(), "layout {layout}");
            for (number, (entry, written)) in entries.iter().zip(written()).enumerate() {
                check_entry(number, entry, &written);
                let intent = ledger.intent(entry.number).await.unwrap();
                assert_eq!(intent.request, request(&format!("order-{number}")));
                assert_eq!(intent.operation, None);
                // What the later ones keep beside them is not here, so it may be a backup, and how often it
                // was repeated since is not known.
                let repetitions = u32::from(layout > 1);
                assert_eq!(
                    intent.repetitions_after_absence, repetitions,
                    "layout {layout}"
                );
                assert!(!intent.is_minted && intent.doubt.is_none());
            }
        }
        let connection = connection::open(&path).unwrap();
        assert_eq!(pragma_number(&connection, "user_version").unwrap(), LATEST);
    }
}

/// What is in the schema of a file, by its kind and name. SQLite makes some names itself.
fn names(connection: &Connection) -> std::collections::BTreeSet<String> {
    let sql = "SELECT type || ' ' || name FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'";
    let mut statement = connection.prepare(sql).unwrap();
    let names = statement.query_map([], |row| row.get(0)).unwrap();
    names.map(Result::unwrap).collect()
}

/// A table that is made again has all indexes and triggers, and what refers to it does.
#[test]
fn no_layout_loses_what_an_earlier_one_has_in_its_schema() {
    let (_folder, path) = new();
    drop(Ledger::open(&path).unwrap());
    assert!(Ledger::wait_until_closed());
    let latest = names(&connection::open(&path).unwrap());
    for layout in 1..MIGRATIONS.len() {
        let (_folder, path) = new();
        earlier_layout(&path, layout);
        let earlier = names(&connection::open(&path).unwrap());
        let lost: Vec<_> = earlier.difference(&latest).collect();
        assert!(lost.is_empty(), "layout {layout}: {lost:?}");
    }
}

/// The table of creates is made again, and each column of each row is there.
#[tokio::test]
async fn a_ledger_of_layout_8_keeps_every_column_and_the_files_of_its_entries() {
    let (_folder, path) = new();
    earlier_layout(&path, 8);
    let connection = connection::open(&path).unwrap();
    let fill = "
        UPDATE creates SET sent_at = 11, accepted_at = 12, ended_at = 13, cost = '0.20', claimed_by = 'me',
            output = x'61', operation = '00000000000000000000000000000001.1', latest_attempt = 2,
            attempt_is_open = 1, refusal_is_open = 1, repetitions = 1, sent_by_person = 1, is_minted = 1,
            clock_difference = 14, doubt = 'lost', is_delivered = 0;
        INSERT INTO files SELECT number, 0, x'62', 15, 16 FROM creates;
        INSERT INTO digests SELECT number, 'abc', 15 FROM creates;
        INSERT INTO days VALUES (0, '1.26');";
    connection.execute_batch(fill).unwrap();
    let rows = |connection: &Connection| {
        let columns = "SELECT group_concat(name) FROM (SELECT name FROM pragma_table_info('creates') \
                       WHERE name <> 'account' ORDER BY name)";
        let columns: String = connection.query_row(columns, [], |row| row.get(0)).unwrap();
        // JSON has no bytes.
        let values = columns.replace("output", "hex(output)");
        let sql = format!("SELECT json_array({values}) FROM creates");
        let mut statement = connection.prepare(&sql).unwrap();
        let rows = statement
            .query_map([], |row| row.get::<_, String>(0))
            .unwrap();
        (columns, rows.map(Result::unwrap).collect::<Vec<_>>())
    };
    let before = rows(&connection);
    assert_eq!(before.1.len(), written().len());
    drop(connection);
    let ledger = Ledger::open(&path).unwrap();
    let entries = ledger.entries().await.unwrap();
    assert!(entries.iter().all(|entry| entry.files.len() == 1));
    assert!(entries.iter().all(|entry| entry.account.is_none()));
    drop(ledger);
    assert!(Ledger::wait_until_closed());
    let connection = connection::open(&path).unwrap();
    assert_eq!(rows(&connection), before);
    let count = |sql: &str| -> i64 { connection.query_row(sql, [], |row| row.get(0)).unwrap() };
    assert_eq!(
        count("SELECT count(*) FROM days"),
        1,
        "a total that holds stays"
    );
    assert_eq!(count("SELECT count(*) FROM pragma_foreign_key_check"), 0);
    assert_eq!(
        count("SELECT count(*) FROM digests"),
        i64::try_from(entries.len()).unwrap()
    );
}

/// What is checked while a layout is made stays checked after it.
#[test]
fn what_refers_to_an_entry_is_checked_once_a_ledger_is_upgraded() {
    let (_folder, path) = new();
    earlier_layout(&path, 8);
    let connection = connection::open(&path).unwrap();
    prepare(&connection, &path).unwrap();
    migrate(&connection).unwrap();
    assert_eq!(pragma_number(&connection, "foreign_keys").unwrap(), 1);
    let orphan = "INSERT INTO digests VALUES (99, 'abc', 1)";
    connection.execute(orphan, []).unwrap_err();
}

/// All of them are of the first day; what created nothing counts nothing.
#[tokio::test]
async fn what_an_earlier_layout_knows_counts_against_the_budget_of_its_day() {
    for layout in 1..MIGRATIONS.len() {
        let (_folder, path) = new();
        earlier_layout(&path, layout);
        let ledger = Ledger::open(&path).unwrap();
        let journal = ledger.journal(base_url());
        let limited = journal.budget_per_day("1".parse().unwrap());
        let at = kirin_types::Timestamp::from_milliseconds(7);
        let key = "0123456789abcdef".parse().unwrap();
        let intent = Intent::new(request("order-9"), base_url(), key, Some(at)).unwrap();
        let create = intent.create_id().unwrap();
        let intend = JournalChange::Intend(Box::new(intent));
        let write = JournalWrite::new(create, OperationId::new(1, 1), intend);
        let refused = limited.write(&write).await.unwrap_err();
        let said = "it costs 0.21 USD, and 1.26 of the 1 USD of this day are spent or reserved";
        assert_eq!(refused.to_string(), said, "layout {layout}");
    }
}

/// No one knows which operation was at it: the first one to take it over is, and the id of its task stays.
#[tokio::test]
async fn a_create_of_an_earlier_layout_is_gone_on_with() {
    for layout in 1..MIGRATIONS.len() {
        let (_folder, path) = new();
        earlier_layout(&path, layout);
        let ledger = Ledger::open(&path).unwrap();
        let journal = ledger.journal(base_url());
        // The one that was accepted and ended without its task.
        let intent = ledger.intent(4).await.unwrap();
        let write = |operation, change| {
            let create = Intent::create_id(&intent).unwrap();
            let write = JournalWrite::new(create, OperationId::new(1, operation), change);
            let journal = journal.clone();
            async move { journal.write(&write).await }
        };
        let take_over = || JournalChange::TakeOver(Box::new(intent.clone()));
        write(1, take_over()).await.unwrap();
        journal.operation_ended(&OperationId::new(1, 1));
        write(2, take_over()).await.unwrap_err();
        write(1, take_over()).await.unwrap_err();
        let reason = SendReason::Person;
        let attempt = 1;
        write(1, JournalChange::Send { attempt, reason })
            .await
            .unwrap();
        let entry = ledger.entries().await.unwrap().remove(3);
        assert_eq!((entry.state, entry.attempts), (JournalState::Sent, 4));
        assert_eq!(entry.task_id, Some("task-1".parse().unwrap()));
    }
}

/// The bytes of a ledger and of the files beside it.
fn all_bytes(folder: &Path) -> Vec<u8> {
    let files = std::fs::read_dir(folder)
        .unwrap()
        .map(|it| it.unwrap().path());
    let files = files.filter(|path| path.is_file());
    files
        .flat_map(|path| std::fs::read(path).unwrap())
        .collect()
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes
        .windows(text.len())
        .any(|window| window == text.as_bytes())
}

/// A completed create as an earlier version wrote it, with a signed URL in each of its places.
fn signed(connection: &Connection, layout: usize, number: i64) {
    let signature = kirin_tests::canary::signature();
    // Some are so long that they take pages of their own.
    let rest = "a".repeat(usize::try_from(number % 7).unwrap() * 900);
    let outcome = format!(
        r#"{{"Completed":{{"id":"task-{number}","status":"completed","output":[{{"content":[{{"type":"video",
        "url":"https:\/\/me:{signature}@cdn.test\/a.mp4?s={signature}{rest}#{signature}",
        "watermark_url":"https://cdn.test/b.mp4\u003fs={signature}\u0026t=1"}}]}}],"cost":1.0}}}}"#
    );
    let id = format!("signed-{number}");
    let request = serde_json::to_string(&request(&id)).unwrap();
    let sql = "INSERT INTO creates (base_url, external_task_id, key, model, intended_at, \
               intended_at_is_known, state, task_id, outcome, request) \
               VALUES (?1, ?2, '0123456789abcdef', 'm', 7, 1, 'completed', ?3, ?4, ?5)";
    let task = format!("task-{number}");
    let base_url = base_url().to_string();
    let row = (base_url, id, task, outcome, request);
    connection.execute(sql, row).unwrap();
    if layout >= 3 {
        let doubt = format!("a redirect to https://cdn.test/?s={signature}");
        let sql = "UPDATE creates SET doubt = ?1 WHERE doubt IS NULL";
        connection.execute(sql, [doubt]).unwrap();
    }
}

/// Neither in what is left of the log, nor in pages that are free, nor where a row was before.
#[tokio::test]
async fn no_byte_of_a_signed_url_is_in_a_ledger_of_an_earlier_layout_once_it_is_opened() {
    let signature = kirin_tests::canary::signature();
    for layout in 1..4 {
        let (folder, path) = new();
        earlier_layout(&path, layout);
        let connection = connection::open(&path).unwrap();
        for number in 0..200 {
            signed(&connection, layout, number);
        }
        // Those that are gone have left their pages.
        let sql = "DELETE FROM creates WHERE external_task_id LIKE 'signed-1%'";
        connection.execute(sql, []).unwrap();
        drop(connection);
        assert!(
            holds(&all_bytes(folder.path()), signature),
            "layout {layout}"
        );
        let ledger = Ledger::open(&path).unwrap();
        assert!(
            !holds(&all_bytes(folder.path()), signature),
            "layout {layout}"
        );
        let entry = ledger.find("signed-25").await.unwrap().remove(0);
        let raw = entry.completed().unwrap().raw();
        assert!(
            raw.as_str().contains(r"https:\/\/cdn.test\/a.mp4?"),
            "{raw:?}"
        );
        assert!(
            raw.as_str().contains(r#""https://cdn.test/b.mp4?""#),
            "{raw:?}"
        );
        assert!(raw.as_str().contains(r#""cost":1.0"#), "{raw:?}");
        drop(ledger);
        assert!(Ledger::wait_until_closed());
        assert!(
            !holds(&all_bytes(folder.path()), signature),
            "layout {layout}"
        );
        let connection = connection::open(&path).unwrap();
        let sql = "SELECT count(*) FROM sqlite_schema WHERE name = 'unwiped'";
        let unwiped: i64 = connection.query_row(sql, [], |row| row.get(0)).unwrap();
        assert_eq!(unwiped, 0);
    }
}

/// What cannot be read is repeated by whoever says why.
#[tokio::test]
async fn what_is_said_of_a_row_that_cannot_be_read_has_no_signed_url_in_it() {
    let signature = kirin_tests::canary::signature();
    let (_folder, path) = new();
    drop(Ledger::open(&path).unwrap());
    assert!(Ledger::wait_until_closed());
    insert_end(&path, &format!(r#""https://cdn.test/a.mp4?s={signature}""#));
    let ledger = Ledger::open(&path).unwrap();
    let error = ledger.entries().await.unwrap_err();
    assert!(error.to_string().contains("cdn.test"), "{error}");
    let shown = format!("{error} {error:?}");
    kirin_tests::canary::shown(kirin_tests::canary::Shown::Display, &shown);
}

/// A row of the latest layout with this end.
fn insert_end(path: &Path, outcome: &str) {
    let connection = connection::open(path).unwrap();
    let sql = "INSERT INTO creates (base_url, external_task_id, key, model, intended_at, \
               intended_at_is_known, state, task_id, outcome, request) \
               VALUES (?1, 'order-42', '0123456789abcdef', 'm', 7, 1, 'completed', 'a', ?2, '')";
    let row = (base_url().to_string(), outcome);
    connection.execute(sql, row).unwrap();
}
