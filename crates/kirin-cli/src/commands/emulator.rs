//! `kirin emulator`

use std::{fs, path::Path};

use kirin_emulator::{Emulator, EmulatorConfig, Pace, Scenario};

use crate::{
    arguments, failure::Failure, interrupt::interrupted, report::print_line, session::new_seed,
    terminal::say,
};

/// Serves until it is interrupted. The first line on stdout is the base URL, and says that the
/// emulator is ready.
pub(crate) async fn emulator(arguments: arguments::Emulator) -> Result<(), Failure> {
    let mut config = config(&arguments);
    if let Some(file) = &arguments.scenario {
        config = config.scenario(scenario(file)?);
    }
    let emulator = Emulator::start(config).await.map_err(|error| {
        let what = format!(
            "the emulator cannot start on port {}: {error}",
            arguments.port
        );
        Failure::other(what, "Choose another --port; 0 takes a free one.")
    })?;
    let base_url = emulator.base_url();
    // Whoever started it without a reader of stdout knows the port.
    let _ = print_line(base_url);
    say(&format!(
        "Serving until Ctrl-C. Any key will do:\n  \
         KIRIN_API_KEY=any kirin generate \"a paper boat\" --base-url {base_url}"
    ));
    interrupted().await;
    emulator.shutdown().await;
    Ok(())
}

/// Reads the file that says what goes wrong.
fn scenario(file: &Path) -> Result<Scenario, Failure> {
    let name = file.display();
    let invalid = |problem: String| {
        let what = format!("the scenario {name} cannot be used: {problem}");
        Failure::usage(what, "Correct the file, or leave --scenario out.")
    };
    let json = fs::read_to_string(file).map_err(|error| invalid(error.to_string()))?;
    Scenario::from_json(&json).map_err(|error| invalid(error.to_string()))
}

fn config(arguments: &arguments::Emulator) -> EmulatorConfig {
    let mut config = EmulatorConfig::default()
        .port(arguments.port)
        .seed(arguments.seed.unwrap_or_else(new_seed));
    if let Some(factor) = arguments.speed {
        config = config.clock(Pace::Faster(factor));
    }
    if let Some(balance) = &arguments.balance {
        config = config.balance(balance.clone());
    }
    if let Some(calls) = arguments.rate_limit {
        config = config.rate_limit(calls);
    }
    if let Some(tasks) = arguments.parallel_limit {
        config = config.parallel_limit(tasks);
    }
    if arguments.lenient {
        config = config.lenient();
    }
    config
}
