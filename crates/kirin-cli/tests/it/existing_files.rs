//! Files that are there already: a video of another task, an older file, what somebody else put under a name
//! that kirin uses. None of it is taken for the paid video, and none of it is touched.

use std::{fs, time::Duration};

use kirin_emulator::{Emulator, EmulatorConfig};

use crate::{
    batch::{Bench, boats, failing},
    kirin::Run,
    mp4,
    service::{emulator, instant},
};

/// A generation to `v.mp4`.
fn generate(bench: &Bench, emulator: &Emulator, id: &str, more: &[&str]) -> Run {
    let arguments = [
        &[
            "generate",
            "a fox",
            "--output",
            "v.mp4",
            "--external-task-id",
            id,
        ],
        more,
    ];
    let kirin = bench.kirin(&arguments.concat()).at(emulator.base_url());
    kirin.run()
}

/// A create whose task continues at the service, while the program that waited for it is gone.
fn left(bench: &Bench, emulator: &Emulator, id: &str, more: &[&str]) {
    let run = generate(bench, emulator, id, &[&["--timeout", "1"], more].concat());
    run.ended_with(8);
}

fn slow() -> EmulatorConfig {
    instant().task_time(Duration::from_millis(2500))
}

/// The command that a run has printed last, as it would be typed.
pub(crate) fn printed(run: &Run) -> Vec<String> {
    let line = run
        .stderr
        .lines()
        .rev()
        .find(|line| line.starts_with("  kirin "));
    let line = line.unwrap_or_else(|| panic!("no command: {run:#?}"));
    line.split_whitespace().skip(1).map(Into::into).collect()
}

pub(crate) fn type_printed(bench: &Bench, emulator: &Emulator, run: &Run) -> Run {
    let arguments = printed(run);
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let kirin = bench.kirin(&arguments);
    match arguments.contains(&"--base-url") {
        true => kirin.env("KIRIN_API_KEY", kirin_tests::canary::key()).run(),
        false => kirin.at(emulator.base_url()).run(),
    }
}

#[test]
fn video_of_another_task_is_not_taken_for_the_paid_one() {
    let emulator = emulator(slow());
    let bench = Bench::new("note", "");
    left(&bench, &emulator, "order-a", &[]);
    generate(&bench, &emulator, "order-b", &[]).ended_with(0);
    let of_b = fs::read(bench.path("v.mp4")).unwrap();

    let resume = bench.kirin(&["resume"]).at(emulator.base_url());
    let resumed = resume.run().ended_with(12);
    assert_eq!(fs::read(bench.path("v.mp4")).unwrap(), of_b);
    let fetched = type_printed(&bench, &emulator, &resumed).ended_with(0);
    let of_a = fs::read(bench.path(fetched.stdout.trim_end())).unwrap();
    mp4::read(&of_a);
    assert_ne!(of_a, of_b);
    assert_eq!(fs::read(bench.path("v.mp4")).unwrap(), of_b);
    assert_eq!(emulator.ledger().charges().len(), 2);
}

#[test]
fn older_file_is_not_taken_for_the_video_of_a_run_that_was_killed() {
    for older in ["an older film", ""] {
        let emulator = emulator(slow());
        let bench = Bench::new("note", "");
        left(&bench, &emulator, "order-a", &[]);
        fs::write(bench.path("v.mp4"), older).unwrap();
        let same = generate(&bench, &emulator, "order-a", &[]).ended_with(12);
        let resume = bench.kirin(&["resume"]).at(emulator.base_url());
        resume.run().ended_with(12);
        assert_eq!(fs::read(bench.path("v.mp4")).unwrap(), older.as_bytes());
        let fetched = type_printed(&bench, &emulator, &same).ended_with(0);
        mp4::read(&fs::read(bench.path(fetched.stdout.trim_end())).unwrap());
        assert_eq!(emulator.ledger().charges().len(), 1);
    }
}

/// It was to be replaced, and the run that would have done it is gone: the older one is not the video.
#[test]
fn older_file_that_was_to_be_replaced_is_not_taken_for_the_video() {
    let emulator = emulator(slow());
    let bench = Bench::new("v.mp4", "an older film");
    left(&bench, &emulator, "order-a", &["--force"]);
    let resume = bench.kirin(&["resume"]).at(emulator.base_url());
    resume.run().ended_with(12);
    assert_eq!(fs::read(bench.path("v.mp4")).unwrap(), b"an older film");
    generate(&bench, &emulator, "order-a", &["--force"]).ended_with(0);
    mp4::read(&fs::read(bench.path("v.mp4")).unwrap());
}

#[test]
fn next_step_may_overwrite_what_the_command_might() {
    let emulator = emulator(slow());
    let bench = Bench::new("v.mp4", "an older film");
    let arguments = ["--force", "--timeout", "1"];
    let run = generate(&bench, &emulator, "order-a", &arguments).ended_with(8);
    assert!(printed(&run).contains(&"--force".into()), "{run:#?}");
    type_printed(&bench, &emulator, &run).ended_with(0);
    mp4::read(&fs::read(bench.path("v.mp4")).unwrap());
}

#[test]
fn video_that_is_there_is_not_fetched_again() {
    let emulator = emulator(instant());
    let bench = Bench::new("note", "");
    generate(&bench, &emulator, "order-a", &[]).ended_with(0);
    let requests = emulator.statistics().requests_received;
    generate(&bench, &emulator, "order-a", &[]).ended_with(0);
    assert_eq!(emulator.statistics().requests_received, requests);
}

/// As it is printed where only one of two outputs could be had.
#[test]
fn download_takes_the_video_that_is_there_and_no_other_file() {
    let emulator = emulator(instant());
    let bench = Bench::new("note", "");
    generate(&bench, &emulator, "order-a", &["--watermark"]).ended_with(0);
    fs::remove_file(bench.path("v-watermarked.mp4")).unwrap();
    let download = || {
        let kirin = bench.kirin(&["download", "order-a", "--output", "v.mp4"]);
        kirin.at(emulator.base_url()).run()
    };
    download().ended_with(0);
    assert!(bench.path("v-watermarked.mp4").exists());
    fs::write(bench.path("v.mp4"), "another film").unwrap();
    download().ended_with(12);
    assert_eq!(fs::read(bench.path("v.mp4")).unwrap(), b"another film");
}

#[test]
fn video_that_was_replaced_is_not_the_video_of_its_batch_any_more() {
    let emulator = emulator(instant());
    let bench = Bench::new("boats.jsonl", &boats(2));
    let batch = || {
        let template = ["--name-template", "{number}"];
        bench.batch(emulator.base_url(), &template).run()
    };
    batch().ended_with(0);
    let video = bench.path("boats/2.mp4");
    let length = fs::metadata(&video).unwrap().len();
    for other in [vec![7; usize::try_from(length).unwrap()], Vec::new()] {
        fs::write(&video, &other).unwrap();
        let run = batch().ended_with(10);
        assert!(run.stderr.contains("1 done before"), "{run:#?}");
        assert!(run.stderr.contains("is another file"), "{run:#?}");
        assert_eq!(fs::read(&video).unwrap(), other);
    }
    fs::remove_file(&video).unwrap();
    batch().ended_with(0);
    mp4::read(&fs::read(&video).unwrap());
    assert_eq!(emulator.ledger().charges().len(), 2);
}

#[test]
fn files_of_others_under_the_names_of_a_part_are_left_alone() {
    let emulator = emulator(instant());
    for (number, name) in ["v.mp4.part", "v.mp4.part.json", "v.mp4.part.json.new"]
        .iter()
        .enumerate()
    {
        let bench = Bench::new(name, "precious");
        let id = format!("order-{number}");
        generate(&bench, &emulator, &id, &[]).ended_with(0);
        mp4::read(&fs::read(bench.path("v.mp4")).unwrap());
        assert_eq!(fs::read(bench.path(name)).unwrap(), b"precious");
        // Refused, and nothing is touched either.
        let id = format!("{id}-again");
        generate(&bench, &emulator, &id, &[]).ended_with(2);
        assert_eq!(fs::read(bench.path(name)).unwrap(), b"precious");
        assert_eq!(bench.names("."), ["v.mp4", name]);
    }
}

#[cfg(unix)]
#[test]
fn pipes_and_folders_under_the_names_of_a_part_are_no_reason_to_wait_or_fail() {
    let emulator = emulator(instant());
    for (number, name) in ["v.mp4.part", "v.mp4.part.json", "v.mp4.part.json.new"]
        .iter()
        .enumerate()
    {
        let bench = Bench::new("note", "");
        let made = std::process::Command::new("mkfifo")
            .arg(bench.path(name))
            .status();
        assert!(made.unwrap().success());
        generate(&bench, &emulator, &format!("pipe-{number}"), &[]).ended_with(0);

        let bench = Bench::new("note", "");
        fs::create_dir(bench.path(name)).unwrap();
        generate(&bench, &emulator, &format!("folder-{number}"), &[]).ended_with(0);
        assert!(bench.path(name).is_dir());
    }
}

#[test]
fn name_that_can_never_be_written_is_refused_before_anything_is_sent() {
    let emulator = emulator(instant());
    let bench = Bench::new("note", "");
    let run = |arguments: &[&str]| {
        let arguments = [&["generate", "a fox"], arguments].concat();
        bench.kirin(&arguments).at(emulator.base_url()).run()
    };
    for length in 244..=255 {
        let name = "x".repeat(length - 4) + ".mp4";
        let refused = run(&["--output", &name]).ended_with(12);
        assert!(
            refused.stderr.contains("Nothing was spent."),
            "{refused:#?}"
        );
        let said = format!("its name has {length} bytes, and may have 243 here");
        assert!(refused.stderr.contains(&said), "{refused:#?}");
        assert!(refused.stderr.contains("Shorten the name"), "{refused:#?}");
    }
    // The id of a task may be longer than those of today.
    let template = "x".repeat(150) + "-{task_id}";
    let refused = run(&["--name-template", &template]).ended_with(12);
    let said = "{task_id}.mp4: its name has 256 bytes, and may have 243 here";
    assert!(refused.stderr.contains(said), "{refused:#?}");
    assert!(
        refused.stderr.contains("a task's id of 101 bytes"),
        "{refused:#?}"
    );
    assert!(!refused.stderr.contains("_con."), "{refused:#?}");
    assert_eq!(emulator.statistics().creates_received, 0);
    run(&["--output", &("x".repeat(239) + ".mp4")]).ended_with(0);
    let template = "x".repeat(130) + "-{task_id}";
    run(&["--name-template", &template]).ended_with(0);
}

#[test]
fn names_that_differ_in_case_alone_are_refused_before_anything_is_sent() {
    let emulator = emulator(instant());
    let requests = "{\"prompt\": \"A Fox\"}\n{\"prompt\": \"a fox\"}\n";
    let bench = Bench::new("boats.jsonl", requests);
    let template = ["--name-template", "{prompt}"];
    let run = bench
        .batch(emulator.base_url(), &template)
        .run()
        .ended_with(2);
    assert!(run.stderr.contains("differ only in case"), "{run:#?}");
    assert_eq!(emulator.statistics().creates_received, 0);
}

#[test]
fn list_of_failures_replaces_only_what_kirin_wrote() {
    let emulator = emulator(failing(&["order-2"]));
    let orders: String = (1..=2)
        .map(|number| {
            format!("{{\"prompt\": \"a boat\", \"external_task_id\": \"order-{number}\"}}\n")
        })
        .collect();
    let bench = Bench::new("boats.jsonl", &orders);
    fs::create_dir(bench.path("boats")).unwrap();
    bench.write("boats/boats.failed.jsonl", "my own");
    let batch = || bench.batch(emulator.base_url(), &[]).run();
    let run = batch().ended_with(10);
    assert!(
        run.stderr
            .contains("kirin batch boats/boats-2.failed.jsonl"),
        "{run:#?}"
    );
    // An edited file belongs to its editor.
    let changed = fs::read_to_string(bench.path("boats/boats-2.failed.jsonl")).unwrap() + "\n";
    bench.write("boats/boats-2.failed.jsonl", &changed);
    let run = batch().ended_with(10);
    assert!(
        run.stderr
            .contains("kirin batch boats/boats-3.failed.jsonl"),
        "{run:#?}"
    );
    batch().ended_with(10);
    assert!(!bench.path("boats/boats-4.failed.jsonl").exists());

    // Nothing is left to run again: our own goes, and nothing else.
    bench.write("boats.jsonl", orders.lines().next().unwrap());
    batch().ended_with(0);
    let read = |name| fs::read_to_string(bench.path(name)).unwrap();
    assert_eq!(read("boats/boats.failed.jsonl"), "my own");
    assert_eq!(read("boats/boats-2.failed.jsonl"), changed);
    assert!(!bench.path("boats/boats-3.failed.jsonl").exists());
}

#[test]
fn page_that_was_edited_is_not_overwritten() {
    let bench = Bench::new("a.mp4", "no video");
    let gallery = || bench.kirin(&["gallery"]).run();
    gallery().ended_with(0);
    gallery().ended_with(0);
    let page = fs::read_to_string(bench.path("gallery.html")).unwrap();
    let changed = page.replace("a.mp4", "my favourite");
    bench.write("gallery.html", &changed);
    let refused = gallery().ended_with(2);
    assert!(refused.stderr.contains("--force"), "{refused:#?}");
    assert_eq!(
        fs::read_to_string(bench.path("gallery.html")).unwrap(),
        changed
    );
}

/// Advice that cannot help is a fault.
#[cfg(unix)]
#[test]
fn force_is_advised_only_where_it_helps() {
    let emulator = emulator(instant());
    let bench = Bench::new("v.mp4", "an older film");
    let refused = |id: &str, helps: bool| {
        let run = generate(&bench, &emulator, id, &[]).ended_with(2);
        assert_eq!(run.stderr.contains("--force"), helps, "{run:#?}");
    };
    refused("order-1", true);
    for number in 1..=9 {
        let name = match number {
            1 => "v.mp4.part".to_owned(),
            number => format!("v.mp4.{number}.part"),
        };
        bench.write(&name, "precious");
    }
    refused("order-2", false);
    fs::remove_file(bench.path("v.mp4")).unwrap();
    refused("order-3", false);
    let made = std::process::Command::new("mkfifo")
        .arg(bench.path("v.mp4"))
        .status();
    assert!(made.unwrap().success());
    refused("order-4", false);
    assert_eq!(emulator.statistics().creates_received, 0);
}

/// The video is somewhere else now, and the first one is of no use.
#[test]
fn part_beside_a_name_that_was_taken_goes_with_the_next_step() {
    let emulator = emulator(slow());
    let bench = Bench::new("note", "");
    left(&bench, &emulator, "order-a", &[]);
    bench.write("v.mp4", "another film");
    let resume = bench.kirin(&["resume"]).at(emulator.base_url());
    let refused = resume.run().ended_with(12);
    assert!(bench.path("v.mp4.part").exists());
    assert!(refused.stderr.contains("kept in"), "{refused:#?}");
    assert!(refused.stderr.contains("v.mp4.part"), "{refused:#?}");
    type_printed(&bench, &emulator, &refused).ended_with(0);
    let names = bench.names(".");
    assert_eq!(names.len(), 3, "{names:?}");
    assert!(
        !names.iter().any(|name| name.contains(".part")),
        "{names:?}"
    );
    assert_eq!(fs::read(bench.path("v.mp4")).unwrap(), b"another film");
}

/// Its disk is full when it is to be noted what the video is.
#[test]
fn video_is_had_where_the_ledger_takes_no_note_and_no_other_file_is_taken_for_it() {
    let emulator = emulator(instant());
    let bench = Bench::new("note", "");
    let create = ["create", "a boat", "--external-task-id", "order-0"];
    bench
        .kirin(&create)
        .at(emulator.base_url())
        .run()
        .ended_with(0);
    let ledger = bench.home().join(".local/share/kirin/ledger.sqlite3");
    let change = |sql: &str| {
        let connection = rusqlite::Connection::open(&ledger).unwrap();
        connection.execute_batch(sql).unwrap();
    };
    change(
        "CREATE TRIGGER full BEFORE INSERT ON digests
         BEGIN SELECT RAISE(FAIL, 'database or disk is full'); END",
    );
    for command in ["generate", "download"] {
        let run = match command {
            "generate" => generate(&bench, &emulator, "order-a", &[]),
            _ => {
                fs::remove_file(bench.path("v.mp4")).unwrap();
                let kirin = bench.kirin(&["download", "order-a", "--output", "v.mp4"]);
                kirin.at(emulator.base_url()).run()
            }
        };
        let run = run.ended_with(0);
        assert_eq!(run.stdout, "v.mp4\n");
        let said = "the video is there, but the ledger could not record it";
        assert!(run.stderr.contains(said), "{run:#?}");
    }
    let film = fs::read(bench.path("v.mp4")).unwrap();
    mp4::read(&film);

    change("DROP TRIGGER full");
    fs::write(bench.path("v.mp4"), vec![7; film.len()]).unwrap();
    let other = generate(&bench, &emulator, "order-a", &[]).ended_with(12);
    assert!(other.stderr.contains("is another file"), "{other:#?}");
    fs::write(bench.path("v.mp4"), &film).unwrap();
    generate(&bench, &emulator, "order-a", &[]).ended_with(0);
    assert_eq!(emulator.ledger().charges().len(), 2);
}

#[test]
fn name_of_a_line_that_is_too_long_is_to_be_shortened() {
    let emulator = emulator(instant());
    let bench = Bench::new("boats.jsonl", &boats(1));
    let template = "x".repeat(150) + "-{task_id}";
    let batch = bench.batch(emulator.base_url(), &["--name-template", &template]);
    let refused = batch.run().ended_with(12);
    assert!(refused.stderr.contains("Shorten the name"), "{refused:#?}");
    assert_eq!(emulator.statistics().creates_received, 0);
}
