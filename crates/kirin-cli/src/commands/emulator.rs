//! `kirin emulator`

use std::path::Path;

use kirin_emulator::{CallbackTargets, Callbacks, Emulator, EmulatorConfig, Pace, Scenario};

use crate::{
    arguments::{self, EmulatorCommand},
    bounded_file, exit_code,
    failure::Failure,
    input_text::input_text,
    interrupt::interrupted,
    report::print_line,
    session::new_seed,
    terminal::say,
};

/// Where it is unless somebody says otherwise.
const PORT: u16 = 4010;

/// Serves until it is interrupted, or as long as a command runs; gives the exit code.
pub(crate) async fn emulator(arguments: arguments::Emulator) -> Result<u8, Failure> {
    let emulator = start(&arguments).await?;
    let code = match &arguments.exec {
        Some(EmulatorCommand::Exec { command }) => super::exec(&emulator, command).await?,
        None => {
            serve(&emulator).await;
            exit_code::DONE
        }
    };
    emulator.shutdown().await;
    Ok(code)
}

async fn start(arguments: &arguments::Emulator) -> Result<Emulator, Failure> {
    let port = match (arguments.port, &arguments.exec) {
        (Some(port), _) => port,
        (None, Some(_)) => 0,
        (None, None) => PORT,
    };
    let mut config = config(arguments).port(port);
    if let Some(file) = &arguments.scenario {
        config = config.scenario(scenario(file)?);
    }
    Emulator::start(config).await.map_err(|error| {
        let what = format!("the emulator cannot start on port {port}: {error}");
        Failure::other(what, "Choose another --port; 0 takes a free one.")
    })
}

/// The first line on stdout is the base URL, and says that the emulator is ready.
async fn serve(emulator: &Emulator) {
    let base_url = emulator.base_url();
    // Whoever started it without a reader of stdout knows the port.
    let _ = print_line(base_url);
    say(&format!(
        "Serving until Ctrl-C. Any key will do:\n  \
         KIRIN_API_KEY=any kirin generate \"a paper boat\" --base-url {base_url}\n\
         Open {base_url}/ in a browser to see tasks, money, requests and videos."
    ));
    interrupted().await;
}

/// Most bytes of a scenario.
const SCENARIO_LIMIT: u64 = 16 << 20;

/// Reads the file that says what goes wrong.
fn scenario(file: &Path) -> Result<Scenario, Failure> {
    let name = file.display();
    let invalid = |problem: String| {
        let what = format!("the scenario {name} cannot be used: {problem}");
        Failure::usage(what, "Correct the file, or leave --scenario out.")
    };
    let bytes =
        bounded_file::read(file, SCENARIO_LIMIT).map_err(|error| invalid(error.to_string()))?;
    let json = input_text(&bytes).map_err(|what| invalid(format!("it {what}")))?;
    Scenario::from_json(json).map_err(|error| invalid(error.to_string()))
}

fn config(arguments: &arguments::Emulator) -> EmulatorConfig {
    let mut config = EmulatorConfig::default().seed(arguments.seed.unwrap_or_else(new_seed));
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
    if arguments.public_callbacks {
        let targets = CallbackTargets::LoopbackAndPublic;
        config = config.callbacks(Callbacks::new().targets(targets));
    }
    if arguments.lenient {
        config = config.lenient();
    }
    config
}
