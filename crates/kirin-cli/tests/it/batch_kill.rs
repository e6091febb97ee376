//! `kirin batch` is killed at random moments and started again with the same command, until it ends by
//! itself: every video is there, and every create was charged once. You have to do nothing except for a
//! create that was lost twice and proved to be absent each time: whether it is sent a third time is for a
//! person to decide, with the command that is printed.
//!
//! How many kills there are in all is said by KIRIN_KILLS, the moments by KIRIN_KILL_SEED.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use kirin_emulator::{Duplicates, Emulator, EmulatorConfig, Lookup, Scenario};
use serde_json::json;

use crate::{
    batch::Bench,
    kirin::{Kirin, Run, Running},
    service::{emulator, instant},
};

/// How many requests a batch has where somebody says how many kills there are, and else: enough that some are
/// written down, some sent and some fetched whenever it is killed.
const REQUESTS: usize = 50;
const FEW_REQUESTS: usize = 20;

/// How many settings there are, which share the kills.
const SETTINGS: usize = 3;

/// How many kills each setting has by default.
const KILLS: usize = 4;

/// The id of a create before all faults: absence is proved beside a task that is older than the create.
const CONTROL: &str = "a-control";

/// Half of what is lost was carried out, and half was not.
const FAULTS: &str = r#"{"rules": [
    {"fault": "commit_then_drop", "scope": "create", "probability": 0.06},
    {"fault": "reset_before_commit", "scope": "create", "probability": 0.06}
]}"#;

/// How the emulator behaves, and how that is declared to the program.
struct Setting {
    name: &'static str,
    config: fn() -> EmulatorConfig,
    declared: &'static str,
    arguments: &'static [&'static str],
    /// The exit codes with which a batch may end.
    ends: &'static [i32],
}

/// What came of it.
#[derive(Default)]
struct Figures {
    batches: usize,
    kills: usize,
    files: usize,
    charges: usize,
    unresolved: usize,
}

/// It waits longest, and its name is the first, so that the others run beside it.
#[test]
fn a_lookup_with_a_declared_lag_gives_every_video_for_one_charge() {
    let figures = check(&Setting {
        name: "look-up with a lag, declared",
        config: || {
            let config = instant().duplicates(Duplicates::Accept);
            config.lookup(Lookup::Lags(Duration::from_millis(200)))
        },
        declared: "lookup = \"proven\"\nlookup_lag = \"1s\"\n",
        arguments: &[],
        ends: &[0],
    });
    assert_eq!(figures.unresolved, 0);
}

#[test]
fn refused_duplicates_give_every_video_for_one_charge() {
    let figures = check(&Setting {
        name: "duplicates refused, declared",
        config: || instant().duplicates(Duplicates::Refuse),
        declared: "duplicate_ids = \"refused\"\n",
        arguments: &[],
        ends: &[0],
    });
    assert_eq!(figures.unresolved, 0);
}

#[test]
fn with_nothing_declared_nothing_is_charged_twice_or_lost() {
    check(&Setting {
        name: "nothing declared, no look-up",
        config: || {
            let config = instant().duplicates(Duplicates::Accept);
            config.lookup(Lookup::Missing)
        },
        declared: "",
        // What is not found is not looked for all the time there is.
        arguments: &["--timeout", "6"],
        ends: &[0, 11],
    });
}

fn check(setting: &Setting) -> Figures {
    let seed = number("KIRIN_KILL_SEED").unwrap_or_else(|| fastrand::u64(..));
    let _told = Told(format!(
        "{}: again with KIRIN_KILL_SEED={seed}",
        setting.name
    ));
    let asked = number("KIRIN_KILLS");
    let requests = match asked {
        Some(_) => REQUESTS,
        None => FEW_REQUESTS,
    };
    let kills = match asked {
        Some(kills) => usize::try_from(kills).unwrap().div_ceil(SETTINGS),
        None => KILLS,
    };
    let mut random = fastrand::Rng::with_seed(seed);
    let begun = now();
    // Where time is short, a run in which nothing is lost and waited for is the measure.
    let faults = match asked {
        Some(_) => FAULTS,
        None => r#"{"rules": []}"#,
    };
    let measured = Batch::new(setting, requests, faults, &mut random);
    let took = measured.to_end(setting);
    measured.judge(setting, &mut Figures::default());
    let mut figures = Figures::default();
    while figures.kills < kills {
        let batch = Batch::new(setting, requests, FAULTS, &mut random);
        loop {
            // One that is nearly done ends soon. Where there is time for it, half of the kills may come
            // as late as in a run from the start, when creates are waited for that were lost.
            let left = match asked.is_some() && random.bool() {
                true => 1.0,
                false => batch.left(),
            };
            let after = took.mul_f64(random.f64() * left);
            if figures.kills == kills || !batch.is_killed(after) {
                break;
            }
            figures.kills += 1;
        }
        batch.to_end(setting);
        batch.judge(setting, &mut figures);
        figures.batches += 1;
    }
    let Figures {
        batches,
        kills,
        files,
        charges,
        unresolved,
    } = figures;
    told(&format!(
        "soak: {}: {kills} kills in {batches} batches of {requests}: {files} files, {charges} charges, \
         0 of them double, {unresolved} unresolved; a run takes {:.1} s, all took {:.0} s",
        setting.name,
        took.as_secs_f64(),
        begun.elapsed().as_secs_f64(),
    ));
    figures
}

/// A batch, and the emulator that it is run against.
struct Batch {
    bench: Bench,
    emulator: Arc<Emulator>,
    arguments: &'static [&'static str],
    requests: usize,
}

impl Batch {
    fn new(setting: &Setting, requests: usize, faults: &str, random: &mut fastrand::Rng) -> Self {
        let config = (setting.config)()
            .task_time(Duration::from_millis(200))
            .seed(random.u64(..));
        let emulator = emulator(config);
        let bench = Bench::new("boats.jsonl", &lines(requests));
        let host = format!("[hosts.\"{}\"]\n{}", emulator.base_url(), setting.declared);
        bench.write("kirin.toml", &host);
        let batch = Self {
            bench,
            emulator,
            arguments: setting.arguments,
            requests,
        };
        let control = ["create", "a boat", "--external-task-id", CONTROL];
        batch.kirin(&control).run().ended_with(0);
        let faults = Scenario::from_json(faults).unwrap();
        batch.emulator.set_scenario(faults);
        batch
    }

    fn start(&self) -> Running {
        self.kirin(&["batch", "boats.jsonl"])
            .args(["--concurrency", "25", "--output", "videos"])
            .args(self.arguments)
            .start()
    }

    fn kirin(&self, arguments: &[&str]) -> Kirin {
        let kirin = self.bench.kirin(arguments);
        let kirin = kirin.env("KIRIN_CONFIG", self.bench.path("kirin.toml"));
        kirin.at(self.emulator.base_url())
    }

    /// A person types what a run has printed for the creates that were lost twice.
    fn send_again(&self, run: &Run) {
        let words: Vec<&str> = run.stderr.split_whitespace().collect();
        let commands = words.windows(4).filter(|words| {
            matches!(words, ["kirin", "resolve", _, again] if again.starts_with("--send-again"))
        });
        let ids = commands.map(|words| words[2]);
        for id in ids {
            let run = self.kirin(&["resolve", id, "--send-again"]).run();
            // Its answer may be lost again: then the next run looks for it.
            assert!(matches!(run.exit_code(), Some(0 | 11)), "{run:#?}");
        }
    }

    /// Which part of the videos is not there yet.
    #[expect(clippy::cast_precision_loss, reason = "there are few files")]
    fn left(&self) -> f64 {
        match self.bench.path("videos").exists() {
            true => 1.0 - self.files().len() as f64 / self.requests as f64,
            false => 1.0,
        }
    }

    fn files(&self) -> Vec<String> {
        let mut names = self.bench.names("videos");
        names.retain(|name| name.ends_with(".mp4"));
        names
    }

    /// Starts it, and kills it after this time; false if it has ended before.
    fn is_killed(&self, after: Duration) -> bool {
        let mut running = self.start();
        let started = now();
        while started.elapsed() < after {
            if !running.is_running() {
                running.end();
                return false;
            }
            pause();
        }
        running.kill();
        true
    }

    /// The same command until it has nothing left to do; gives the time that the first run took.
    fn to_end(&self, setting: &Setting) -> Duration {
        let has_ended = |run: &Run| {
            run.exit_code()
                .is_some_and(|code| setting.ends.contains(&code))
        };
        let started = now();
        let mut run = self.start().end();
        let took = started.elapsed();
        // On a busy machine a task may not end in its time, and an answer can be lost again and again.
        for _ in 0..4 {
            match run.exit_code() {
                Some(10 | 11) if !has_ended(&run) => {
                    self.send_again(&run);
                    run = self.start().end();
                }
                _ => break,
            }
        }
        assert!(has_ended(&run), "{run:#?}");
        took
    }

    /// What the emulator, the folder and the ledger say.
    fn judge(&self, setting: &Setting, figures: &mut Figures) {
        self.emulator.assert_charged_once();
        let ledger = self.emulator.ledger();
        let charged = ledger.charges().iter();
        let charged: BTreeSet<_> = charged
            .map(|charge| charge.external_task_id.clone().unwrap())
            .filter(|id| id != CONTROL)
            .collect();
        let entries = self.bench.kirin(&["list", "--json"]).run().ended_with(0);
        let entries = entries.stdout.lines().map(|line| {
            let entry: serde_json::Value = serde_json::from_str(line).unwrap();
            let id = entry["external_task_id"].as_str().unwrap().to_owned();
            (id, entry)
        });
        let entries: BTreeMap<_, _> = entries.filter(|(id, _)| id != CONTROL).collect();
        let unresolved = entries
            .values()
            .filter(|entry| entry["state"] == "unresolved")
            .count();
        for id in &charged {
            let entry = entries.get(id).expect("an entry of what was charged");
            let is_known = entry["id"].is_string() || entry["state"] == "unresolved";
            assert!(is_known, "{entry:#}");
        }
        let names = self.bench.names("videos");
        let files = self.files().len();
        assert_eq!(names.len(), files + 1, "beside the gallery: {names:#?}");
        assert_eq!(files + unresolved, self.requests, "{entries:#?}");
        assert!(charged.len() >= files, "{files} files");
        if !setting.ends.contains(&11) {
            assert_eq!((files, charged.len()), (self.requests, self.requests));
        }
        figures.files += files;
        figures.charges += charged.len();
        figures.unresolved += unresolved;
    }
}

/// A request a line, for the shortest videos that there are: they are rendered while the
/// test runs.
fn lines(requests: usize) -> String {
    let line = |number| {
        let request = json!({
            "model": "kirin_v3_t2v",
            "prompt": format!("a boat, number {number}"),
            "duration": "3",
        });
        format!("{request}\n")
    };
    (1..=requests).map(line).collect()
}

/// Says how to do it again, if it fails.
struct Told(String);

impl Drop for Told {
    fn drop(&mut self) {
        if thread::panicking() {
            told(&self.0);
        }
    }
}

#[expect(clippy::print_stdout, reason = "cargo xtask soak shows the figures")]
fn told(line: &str) {
    println!("{line}");
}

fn number(name: &str) -> Option<u64> {
    #[expect(clippy::disallowed_methods, reason = "a setting of the test")]
    let text = std::env::var(name).ok()?;
    Some(text.parse().expect("a number"))
}

#[expect(clippy::disallowed_methods, reason = "the time that a process takes")]
fn now() -> Instant {
    Instant::now()
}

#[expect(clippy::disallowed_methods, reason = "a process tells nobody its end")]
fn pause() {
    thread::sleep(Duration::from_millis(5));
}
