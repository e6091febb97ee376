//! Many who want the same creates at the same time: clients of one process and of several, one ledger, a
//! host that takes duplicates, and futures that are dropped at any moment. Whatever happens, no create is
//! charged twice, and every charge is in the ledger.

use std::{collections::BTreeMap, path::Path, process::Command, sync::Arc, time::Duration};

use fastrand::Rng;
use kirin_client::{BaseUrl, Client};
use kirin_emulator::{Duplicates, Emulator, EmulatorConfig};
use kirin_ledger::Ledger;
use kirin_types::GenerationRequest;

const LEDGER: &str = "KIRIN_RACE_LEDGER";
const BASE_URL: &str = "KIRIN_RACE_BASE_URL";
const PLACE: &str = "KIRIN_RACE_PLACE";

const CREATES: &str = "KIRIN_RACE_CREATES";

/// Creates that are wanted, each of them twice, unless the variable says how many.
const CREATES_BY_DEFAULT: usize = 200;

/// How many are on their way at once in a process.
const AT_ONCE: usize = 32;

/// Which part of the race a process is.
#[derive(Clone, Copy)]
struct Place {
    process: usize,
    processes: usize,
    clients: usize,
}

#[test]
fn two_clients_of_one_process_charge_nothing_twice() {
    check(1, 2);
}

#[test]
fn eight_clients_of_one_process_charge_nothing_twice() {
    check(1, 8);
}

#[test]
fn two_clients_in_each_of_three_processes_charge_nothing_twice() {
    check(3, 2);
}

#[test]
fn eight_clients_in_each_of_three_processes_charge_nothing_twice() {
    check(3, 8);
}

fn check(processes: usize, clients: usize) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("ledger.sqlite3");
    runtime().block_on(async {
        let config = EmulatorConfig::default().duplicates(Duplicates::Accept);
        let emulator = Emulator::start(config).await.expect("an emulator");
        let base_url: BaseUrl = emulator.base_url().parse().expect("a base URL");
        drop(Ledger::open(&path).expect("a ledger"));
        let children: Vec<_> = (1..processes)
            .map(|process| {
                let place = Place {
                    process,
                    processes,
                    clients,
                };
                child(&path, &base_url, place)
            })
            .collect();
        let place = Place {
            process: 0,
            processes,
            clients,
        };
        run(&path, &base_url, place).await;
        for mut child in children {
            assert!(child.wait().expect("a child").success());
        }
        judge(&emulator, &path, &base_url).await;
        emulator.shutdown().await;
    });
}

/// Every charge is one of its create, and leads from the ledger to its task.
async fn judge(emulator: &Emulator, path: &Path, base_url: &BaseUrl) {
    let mut charged = BTreeMap::new();
    for charge in emulator.ledger().charges() {
        let id = charge.external_task_id.clone().expect("an external id");
        let twice = charged.insert(id, charge.task_id.clone());
        assert_eq!(twice, None, "charged twice: {charge:?}");
    }
    let ledger = Ledger::open(path).expect("a ledger");
    let client = client(&ledger, base_url);
    for entry in ledger.unfinished().await.expect("entries") {
        if entry.task_id.is_none() {
            let intent = ledger.intent(entry.number).await.expect("an intent");
            let found = client
                .reconcile(intent)
                .deadline(Duration::ZERO)
                .accepted()
                .await;
            let was_charged = charged.contains_key(entry.external_task_id.as_str());
            assert_eq!(found.is_ok(), was_charged, "{entry:?}");
        }
    }
    let entries = ledger.entries().await.expect("entries");
    let known: BTreeMap<_, _> = entries
        .into_iter()
        .filter_map(|entry| {
            Some((
                entry.external_task_id.to_string(),
                entry.task_id?.to_string(),
            ))
        })
        .collect();
    assert_eq!(known, charged);
    // Were most of them dropped before they were sent, it would be no race.
    assert!(charged.len() > creates() / 2, "{} charges", charged.len());
}

/// One process of the race.
async fn run(path: &Path, base_url: &BaseUrl, place: Place) {
    let ledger = Ledger::open(path).expect("a ledger");
    let clients: Vec<_> = (0..place.clients)
        .map(|_| client(&ledger, base_url))
        .collect();
    let mut rng = Rng::with_seed(place.process as u64);
    let mut wanted: Vec<_> = (0..2 * creates())
        .filter(|wanted| (wanted / 2 + wanted % 2) % place.processes == place.process)
        .collect();
    rng.shuffle(&mut wanted);
    let at_once = Arc::new(tokio::sync::Semaphore::new(AT_ONCE));
    let mut running = tokio::task::JoinSet::new();
    for wanted in wanted {
        let permit = Arc::clone(&at_once)
            .acquire_owned()
            .await
            .expect("a permit");
        let client = clients[rng.usize(..clients.len())].clone();
        let longest = [20, 300, 60_000, 60_000][rng.usize(..4)];
        let patience = Duration::from_millis(rng.u64(..longest));
        running.spawn(async move {
            let _permit = permit;
            let request = GenerationRequest::builder("a fox")
                .external_task_id(format!("order-{}", wanted / 2))
                .build()
                .expect("a request");
            #[expect(clippy::disallowed_methods, reason = "futures are dropped at random")]
            let _ = tokio::time::timeout(patience, client.submit(request)).await;
        });
    }
    while let Some(ended) = running.join_next().await {
        ended.expect("no panic");
    }
}

fn client(ledger: &Ledger, base_url: &BaseUrl) -> Client {
    Client::builder("any-key".parse().expect("a key"))
        .base_url(base_url.clone())
        .journal(Arc::new(ledger.journal(base_url.clone())))
        .requests_per_second(None)
        .build()
        .expect("a client")
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime")
}

fn child(path: &Path, base_url: &BaseUrl, place: Place) -> std::process::Child {
    let Place {
        process,
        processes,
        clients,
    } = place;
    Command::new(std::env::current_exe().expect("this program"))
        .args(["--ignored", "--exact", "race::one_process_of_the_race"])
        .env(LEDGER, path)
        .env(BASE_URL, base_url.as_str())
        .env(PLACE, format!("{process} {processes} {clients}"))
        .spawn()
        .expect("a child")
}

/// Run by the tests above, in a process of its own.
#[test]
#[ignore = "a child of the other tests"]
fn one_process_of_the_race() {
    let place: Vec<usize> = variable(PLACE)
        .split(' ')
        .map(|number| number.parse().expect("a number"))
        .collect();
    let [process, processes, clients] = place[..] else {
        panic!("not a place: {place:?}");
    };
    let base_url = variable(BASE_URL).parse().expect("a base URL");
    let place = Place {
        process,
        processes,
        clients,
    };
    runtime().block_on(run(Path::new(&variable(LEDGER)), &base_url, place));
}

#[expect(
    clippy::disallowed_methods,
    reason = "the environment sets the length of the race"
)]
fn creates() -> usize {
    let creates = std::env::var(CREATES);
    creates.map_or(CREATES_BY_DEFAULT, |creates| {
        creates.parse().expect("a number")
    })
}

#[expect(
    clippy::disallowed_methods,
    reason = "the way from a parent to its child"
)]
fn variable(name: &str) -> String {
    std::env::var(name).expect("the parent sets it")
}
