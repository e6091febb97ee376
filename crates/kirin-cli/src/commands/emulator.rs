//! `kirin emulator`

use std::{io, net::IpAddr, path::Path};

use kirin_client::BaseUrl;
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
    if let Some(address) = arguments.listen {
        config = config.listen(address);
    }
    if let Some(name) = &arguments.host_name {
        config = config.host_name(name);
    }
    if let Some(file) = &arguments.scenario {
        config = config.scenario(scenario(file)?);
    }
    Emulator::start(config).await.map_err(|error| {
        if error.kind() == io::ErrorKind::InvalidInput {
            let what = format!("the emulator cannot start: {error}");
            return Failure::usage(what, "Give --host-name a name such as emulator.");
        }
        let place = match arguments.listen {
            Some(address) => format!("{address}, port {port}"),
            None => format!("port {port}"),
        };
        let what = format!("the emulator cannot start on {place}: {error}");
        Failure::other(what, "Choose another --port; 0 takes a free one.")
    })
}

/// The first line on stdout is the base URL, and says that the emulator is ready.
async fn serve(emulator: &Emulator) {
    let base_url = emulator.base_url();
    // Whoever started it without a reader of stdout knows the port.
    let _ = print_line(base_url);
    if let Some(warning) = warning(emulator.address().ip()) {
        say(&warning);
    }
    let plain = plain_host(emulator)
        .map_or_else(String::new, |host| format!("KIRIN_PLAIN_HTTP_TO={host} "));
    say(&format!(
        "Serving until Ctrl-C. Any key will do:\n  \
         {plain}KIRIN_API_KEY=any kirin generate \"a paper boat\" --base-url {base_url}\n\
         Open {base_url}/ in a browser to see tasks, money, requests and videos."
    ));
    interrupted().await;
}

/// Who can use an emulator, where that is not this machine alone.
fn warning(address: IpAddr) -> Option<String> {
    let text =
        format!("Everyone on the networks of {address} can use it, and read what is sent to it.");
    (!address.is_loopback()).then_some(text)
}

/// What a client has to name to use it over plain HTTP, where that is not this machine.
pub(super) fn plain_host(emulator: &Emulator) -> Option<&str> {
    let base_url = emulator.base_url();
    let is_here = base_url.parse::<BaseUrl>().is_ok();
    base_url.strip_prefix("http://").filter(|_| !is_here)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_can_use_an_emulator_is_said_where_others_can() {
        for (address, expected) in [
            ("127.0.0.1", false),
            ("127.0.0.2", false),
            ("::1", false),
            ("0.0.0.0", true),
            ("10.0.0.5", true),
            ("::", true),
        ] {
            let warning = warning(address.parse().unwrap());
            assert_eq!(warning.is_some(), expected, "{address}");
            assert!(warning.is_none_or(
                |it| it.starts_with("Everyone on the networks of ") && !it.contains('\n')
            ));
        }
    }
}
