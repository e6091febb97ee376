//! What the command line asks for.

use std::str::FromStr;

use crate::soak;

/// The text of `cargo xtask --help`.
pub(crate) const HELP: &str = "\
Usage: cargo xtask <command>

Commands:
  test                          run every test of the workspace, with a table per crate
  snap [--accept]               run the snapshot tests; --accept writes what changed and
                                deletes snapshots that no test asserts
  prop [--cases N] [--seed S]   run the property tests, N cases each
                                (default: PROPTEST_CASES, else 256)
  simulate --tasks N [--seed S] [--planted-bug]
                                run N generations against the emulator on a virtual clock, with
                                faults and crashes, and hold them against the create rule
                                (default: seed 1); a planted bug shows how a failure looks
  simulate --session N [--seed S] [--planted-bug]
                                run one session of a simulation again, and print its log
  simulate --exhaustive         hold every sequence of up to eight events, and 100,000,000 random
                                creates, against the create rule; some minutes, optimized
  explore [--depth N] [--clients N]
                                drive the machine and the journal through every order of faults, up
                                to N of them on one way, with one client and with two (default:
                                both, 7 and 6 faults; some minutes, optimized); prints the states,
                                the steps and the time of each setting, and the shortest way to
                                what breaks the create rule
  soak [--kills N] [--seed S]   kill kirin generate at each of its writes (with Debian's strace) and
                                kirin batch N times at random moments, start each again with the
                                same command, and count the videos and the charges (default: 200
                                kills, some minutes to half an hour)
  layers                        check what each crate may depend on and show in public
  tidy                          check the files: lengths, attributes, manifests, leftovers
  conformance                   run schemathesis (from PyPI) against the emulator and its OpenAPI
                                document, for about a minute; needs Python 3
  durability                    trace the system calls of kirin generate, and check that its intent
                                is on the disk before its create is on the wire; installs
                                Debian's strace if missing
  page                          look at the emulator's page and at a gallery of its videos in a
                                headless Chromium, for a minute; screenshots go to target/page.
                                Needs Python 3, and installs Debian's chromium and
                                chromium-driver if missing
  ci                            what CI runs besides the tests: format, clippy, docs, layers,
                                tidy, each library crate with each feature alone, conformance,
                                durability, page

Options:
  -h, --help                    print this text

Exit codes: 0 all is well, 1 something failed, 2 wrong usage.";

/// A command and its options.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Command {
    Ci,
    Conformance,
    Durability,
    Explore(Exploration),
    Help,
    Layers,
    Page,
    Prop {
        cases: Option<u32>,
        seed: Option<u64>,
    },
    SimulateExhaustively,
    Simulate(Simulation),
    Snap {
        accept: bool,
    },
    Soak {
        kills: u64,
        seed: Option<u64>,
    },
    Test,
    Tidy,
}

/// How far to explore.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Exploration {
    /// Faults and choices on one way.
    pub(crate) depth: Option<u64>,
    /// Only with so many clients.
    pub(crate) clients: Option<u64>,
}

/// What to simulate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Simulation {
    pub(crate) what: Simulated,
    pub(crate) seed: u64,
    pub(crate) planted_bug: bool,
}

/// How much of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Simulated {
    /// The session of this number.
    Session(u64),
    /// So many tasks.
    Tasks(u64),
}

impl Command {
    /// Reads the arguments after the program's name.
    pub(crate) fn parse(arguments: &[String]) -> Result<Self, String> {
        let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
        if words.iter().any(|word| matches!(*word, "-h" | "--help")) {
            return Ok(Self::Help);
        }
        match words.as_slice() {
            [] => Err("name a command".to_owned()),
            ["help"] => Ok(Self::Help),
            ["explore", options @ ..] => Self::explore(options),
            ["prop", options @ ..] => Self::prop(options),
            ["simulate", "--exhaustive"] => Ok(Self::SimulateExhaustively),
            ["simulate", options @ ..] => Self::simulate(options),
            ["soak", options @ ..] => Self::soak(options),
            ["snap"] => Ok(Self::Snap { accept: false }),
            ["snap", "--accept"] => Ok(Self::Snap { accept: true }),
            ["ci"] => Ok(Self::Ci),
            ["conformance"] => Ok(Self::Conformance),
            ["durability"] => Ok(Self::Durability),
            ["layers"] => Ok(Self::Layers),
            ["page"] => Ok(Self::Page),
            ["test"] => Ok(Self::Test),
            ["tidy"] => Ok(Self::Tidy),
            [
                command @ ("ci" | "conformance" | "durability" | "layers" | "page" | "snap"
                | "test" | "tidy"),
                rest @ ..,
            ] => Err(format!(
                "`{command}` does not understand `{}`",
                rest.join(" ")
            )),
            [command, ..] => Err(format!("there is no command `{command}`")),
        }
    }

    fn explore(options: &[&str]) -> Result<Self, String> {
        let mut exploration = Exploration::default();
        for option in options.chunks(2) {
            let place = match option.first() {
                Some(&"--depth") => &mut exploration.depth,
                Some(&"--clients") => &mut exploration.clients,
                _ => {
                    let option = option.join(" ");
                    return Err(format!("`explore` does not understand `{option}`"));
                }
            };
            match *option {
                [name, _] if place.is_some() => return Err(format!("{name} is given twice")),
                [name, text] => *place = Some(number(name, text)?),
                _ => return Err(format!("{} needs a number", option.join(" "))),
            }
        }
        match exploration {
            Exploration { depth: Some(0), .. } => Err("--depth must be at least 1".to_owned()),
            Exploration {
                clients: Some(0 | 3..),
                ..
            } => Err("--clients is 1 or 2".to_owned()),
            exploration => Ok(Self::Explore(exploration)),
        }
    }

    fn soak(options: &[&str]) -> Result<Self, String> {
        let (kills, seed) = counted("soak", "--kills", options)?;
        match kills.unwrap_or(soak::KILLS) {
            0 => Err("--kills must be at least 1".to_owned()),
            kills => Ok(Self::Soak { kills, seed }),
        }
    }

    fn prop(options: &[&str]) -> Result<Self, String> {
        let (cases, seed) = counted("prop", "--cases", options)?;
        if cases == Some(0) {
            return Err("--cases must be at least 1: no case proves nothing".to_owned());
        }
        Ok(Self::Prop { cases, seed })
    }
}

impl Command {
    fn simulate(options: &[&str]) -> Result<Self, String> {
        let (mut what, mut seed, mut planted_bug) = (None, None, false);
        let mut rest = options.iter();
        while let Some(name) = rest.next() {
            let mut value = || match rest.next() {
                Some(text) => number(name, text),
                None => Err(format!("{name} needs a number")),
            };
            match *name {
                "--planted-bug" if !planted_bug => planted_bug = true,
                "--seed" if seed.is_none() => seed = Some(value()?),
                "--session" if what.is_none() => what = Some(Simulated::Session(value()?)),
                "--tasks" if what.is_none() => what = Some(Simulated::Tasks(value()?)),
                name => return Err(format!("`simulate` does not understand `{name}` here")),
            }
        }
        match what {
            Some(Simulated::Tasks(0)) => Err("--tasks must be at least 1".to_owned()),
            Some(what) => Ok(Self::Simulate(Simulation {
                what,
                seed: seed.unwrap_or(1),
                planted_bug,
            })),
            None => Err("`simulate` needs `--tasks`, `--session` or `--exhaustive`".to_owned()),
        }
    }
}

/// How often, and the seed.
fn counted<T: FromStr>(
    command: &str,
    count_name: &str,
    options: &[&str],
) -> Result<(Option<T>, Option<u64>), String> {
    let (mut count, mut seed) = (None, None);
    for option in options.chunks(2) {
        match *option {
            [name, text] if name == count_name && count.is_none() => {
                count = Some(number(name, text)?);
            }
            ["--seed", text] if seed.is_none() => seed = Some(number("--seed", text)?),
            [name, _] if name == count_name || name == "--seed" => {
                return Err(format!("{name} is given twice"));
            }
            [name] if name == count_name || name == "--seed" => {
                return Err(format!("{name} needs a number"));
            }
            _ => {
                let option = option.join(" ");
                return Err(format!("`{command}` does not understand `{option}`"));
            }
        }
    }
    Ok((count, seed))
}

fn number<T: FromStr>(name: &str, text: &str) -> Result<T, String> {
    text.parse()
        .map_err(|_| format!("{name} needs a whole number in range, not `{text}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Command, String> {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        Command::parse(&words)
    }

    #[test]
    fn commands_and_their_options() {
        assert_eq!(parse("test"), Ok(Command::Test));
        assert_eq!(parse("conformance"), Ok(Command::Conformance));
        assert_eq!(parse("durability"), Ok(Command::Durability));
        assert_eq!(parse("page"), Ok(Command::Page));
        let soak = |kills, seed| Ok(Command::Soak { kills, seed });
        assert_eq!(parse("soak"), soak(200, None));
        assert_eq!(parse("soak --seed 7 --kills 20"), soak(20, Some(7)));
        let explore = |depth, clients| Ok(Command::Explore(Exploration { depth, clients }));
        assert_eq!(parse("explore"), explore(None, None));
        assert_eq!(
            parse("explore --clients 2 --depth 5"),
            explore(Some(5), Some(2))
        );
        for wrong in [
            "explore --depth",
            "explore --depth 0",
            "explore --clients 3",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
        assert_eq!(parse("snap --accept"), Ok(Command::Snap { accept: true }));
        assert_eq!(
            parse("simulate --exhaustive"),
            Ok(Command::SimulateExhaustively)
        );
        let simulation = |what, seed, planted_bug| {
            Ok(Command::Simulate(Simulation {
                what,
                seed,
                planted_bug,
            }))
        };
        assert_eq!(
            parse("simulate --tasks 9 --seed 7"),
            simulation(Simulated::Tasks(9), 7, false)
        );
        assert_eq!(
            parse("simulate --planted-bug --session 9"),
            simulation(Simulated::Session(9), 1, true)
        );
        let seeded = Command::Prop {
            cases: Some(9),
            seed: Some(7),
        };
        assert_eq!(parse("prop --seed 7 --cases 9"), Ok(seeded));
        assert_eq!(parse("tidy --help"), Ok(Command::Help));
    }

    #[test]
    fn everything_else_is_an_error() {
        for line in [
            "",
            "tset",
            "test --fast",
            "simulate --all",
            "simulate --exhaustive --seed 1",
            "simulate --seed 1",
            "simulate --tasks",
            "simulate --tasks 0",
            "simulate --tasks 5 --session 5",
            "simulate --tasks 5 --seed 1 --seed 2",
            "snap --accept --accept",
            "prop --cases",
            "prop --cases 0",
            "prop --cases -1",
            "prop --cases 1 --cases 2",
            "prop 5",
            "ci now",
            "conformance now",
            "durability now",
            "soak --kills 0",
            "soak --kills 1 --kills 2",
            "soak --cases 1",
            "page now",
        ] {
            assert!(parse(line).is_err(), "`{line}` was understood");
        }
    }
}
