//! `kirin emulator`

use std::{
    ffi::OsString,
    io,
    net::IpAddr,
    num::NonZeroU32,
    path::{Path, PathBuf},
};

use clap::{Args, Subcommand};
use kirin_client::BaseUrl;
use kirin_emulator::{CallbackTargets, Callbacks, Emulator, EmulatorConfig, Pace, Scenario};
use kirin_types::Amount;

use super::Run;
use crate::{
    arguments::GlobalOptions, bounded_file, exit_code, failure::Failure, input_text::input_text,
    interrupt::wait_for_interrupt, report::print_line, session::new_seed, terminal::print_stderr,
    typed_value::parse_amount,
};

mod exec;
use exec::run_beside;

/// The default port.
const PORT: u16 = 4010;

/// Run the service's emulator on this machine; prints its base URL.
#[derive(Args, Debug)]
pub(crate) struct EmulatorOptions {
    /// Port to listen on; 0 takes a free one [default: 4010, for exec a free one]
    #[arg(long)]
    port: Option<u16>,
    /// Address to listen on; 0.0.0.0 lets everyone on its networks use it [default: 127.0.0.1]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<IpAddr>,
    /// Another name by which clients reach it, such as its container's; its URLs use it
    #[arg(long, value_name = "NAME")]
    host_name: Option<String>,
    /// Seed of the ids: the same seed and the same calls give the same ids [default: random]
    #[arg(long)]
    seed: Option<u64>,
    /// What goes wrong and when: a JSON file such as
    /// {"rules": [{"fault": "commit_then_drop", "scope": "create", "nth": 1}]}
    #[arg(long, value_name = "FILE")]
    scenario: Option<PathBuf>,
    /// How many times faster than real time its clock runs
    #[arg(long, value_name = "FACTOR")]
    speed: Option<NonZeroU32>,
    /// Play money in USD; a create that costs more than is left is refused [default: unlimited]
    #[arg(long, value_name = "USD", value_parser = parse_amount)]
    balance: Option<Amount>,
    /// API calls per second; further calls are refused with 429 [default: no limit]
    #[arg(long, value_name = "CALLS")]
    rate_limit: Option<u32>,
    /// Tasks in progress at once; a create beyond that is refused with 429 [default: no limit]
    #[arg(long, value_name = "TASKS")]
    parallel_limit: Option<usize>,
    /// Also send callbacks to the internet, not only to this machine
    #[arg(long)]
    public_callbacks: bool,
    /// Accept unknown parameters and values, and make the video without them
    #[arg(long)]
    lenient: bool,
    #[command(subcommand)]
    command: Option<EmulatorCommand>,
}

#[derive(Subcommand, Debug)]
enum EmulatorCommand {
    /// Run a command beside the emulator, with KIRIN_BASE_URL and KIRIN_API_KEY set, and end with
    /// its exit code: kirin emulator exec -- cargo test
    Exec {
        /// The command and its arguments
        #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
        command: Vec<OsString>,
    },
}

impl Run for EmulatorOptions {
    /// Serves until it is interrupted, or as long as a command runs; gives the exit code.
    async fn run(self, _: GlobalOptions) -> Result<u8, Failure> {
        let emulator = self.start_emulator().await?;
        let code = match &self.command {
            Some(EmulatorCommand::Exec { command }) => run_beside(&emulator, command).await?,
            None => {
                serve_until_interrupted(&emulator).await;
                exit_code::DONE
            }
        };
        emulator.shutdown().await;
        Ok(code)
    }
}

impl EmulatorOptions {
    async fn start_emulator(&self) -> Result<Emulator, Failure> {
        let port = match (self.port, &self.command) {
            (Some(port), _) => port,
            (None, Some(_)) => 0,
            (None, None) => PORT,
        };
        Emulator::start(self.emulator_config()?.port(port))
            .await
            .map_err(|error| {
                if error.kind() == io::ErrorKind::InvalidInput {
                    let what = format!("cannot start the emulator: {error}");
                    return Failure::usage(what, "Give --host-name a name such as emulator.");
                }
                let place = match self.listen {
                    Some(address) => format!("{address}, port {port}"),
                    None => format!("port {port}"),
                };
                let what = format!("the emulator cannot start on {place}: {error}");
                Failure::other(what, "Choose another --port; 0 takes a free one.")
            })
    }

    fn emulator_config(&self) -> Result<EmulatorConfig, Failure> {
        let mut config = EmulatorConfig::default().seed(self.seed.unwrap_or_else(new_seed));
        if let Some(address) = self.listen {
            config = config.listen(address);
        }
        if let Some(name) = &self.host_name {
            config = config.host_name(name);
        }
        if let Some(file) = &self.scenario {
            config = config.scenario(read_scenario(file)?);
        }
        if let Some(factor) = self.speed {
            config = config.clock(Pace::Faster(factor));
        }
        if let Some(balance) = &self.balance {
            config = config.balance(balance.clone());
        }
        if let Some(calls) = self.rate_limit {
            config = config.rate_limit(calls);
        }
        if let Some(tasks) = self.parallel_limit {
            config = config.parallel_limit(tasks);
        }
        if self.public_callbacks {
            let targets = CallbackTargets::LoopbackAndPublic;
            config = config.callbacks(Callbacks::new().targets(targets));
        }
        if self.lenient {
            config = config.lenient();
        }
        Ok(config)
    }
}

/// The first line on stdout is the base URL, and says that the emulator is ready.
async fn serve_until_interrupted(emulator: &Emulator) {
    let base_url = emulator.base_url();
    // A caller that does not read stdout knows the port.
    let _ = print_line(base_url);
    if let Some(warning) = exposure_warning(emulator.address().ip()) {
        print_stderr(&warning);
    }
    let plain = plain_host(emulator)
        .map_or_else(String::new, |host| format!("KIRIN_PLAIN_HTTP_TO={host} "));
    print_stderr(&format!(
        "Serving until Ctrl-C. Any key works:\n  \
         {plain}KIRIN_API_KEY=any kirin generate \"a paper boat\" --base-url {base_url}\n\
         Open {base_url}/ in a browser to see tasks, money, requests and videos."
    ));
    wait_for_interrupt().await;
}

/// The warning if not only this machine can use the emulator.
fn exposure_warning(address: IpAddr) -> Option<String> {
    let text =
        format!("Anyone on the networks of {address} can use it, and read what is sent to it.");
    (!address.is_loopback()).then_some(text)
}

/// The host that a client has to name to use it over plain HTTP, if it is not this machine.
fn plain_host(emulator: &Emulator) -> Option<&str> {
    let base_url = emulator.base_url();
    let is_here = base_url.parse::<BaseUrl>().is_ok();
    base_url.strip_prefix("http://").filter(|_| !is_here)
}

/// Most bytes of a scenario.
const SCENARIO_LIMIT: u64 = 16 << 20;

/// Reads the file of faults.
fn read_scenario(file: &Path) -> Result<Scenario, Failure> {
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
            let warning = exposure_warning(address.parse().unwrap());
            assert_eq!(warning.is_some(), expected, "{address}");
            assert!(warning.is_none_or(
                |it| it.starts_with("Anyone on the networks of ") && !it.contains('\n')
            ));
        }
    }
}
