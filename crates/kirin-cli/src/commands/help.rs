//! `kirin help`

use std::io;

use clap::{Args, CommandFactory};

use super::{Arguments, Run};
use crate::{
    arguments::GlobalOptions,
    exit_code,
    failure::Failure,
    report::{Unwritten, print_styled},
};

/// Print the help of a command, or the exit codes: kirin help exit-codes
#[derive(Args, Debug)]
pub(crate) struct Help {
    /// A command with its subcommands, or exit-codes [default: the whole program]
    topic: Vec<String>,
}

impl Run for Help {
    async fn run(self, _: GlobalOptions) -> Result<u8, Failure> {
        if self.topic == ["exit-codes"] {
            print_styled(&exit_code::describe_all())?;
            return Ok(exit_code::DONE);
        }
        let mut command = Arguments::command();
        command.build();
        let mut found = &mut command;
        for name in &self.topic {
            found = found.find_subcommand_mut(name).ok_or_else(|| {
                let what = format!("there is no command {}", self.topic.join(" "));
                Failure::usage(what, "List the commands: kirin help")
            })?;
        }
        // clap itself knows whether the long or the short help is meant.
        let asked = found.try_get_matches_from_mut(["kirin", "--help"]);
        match asked.map_or_else(|help| help.print(), |_| Ok(())) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Unwritten(error).into()),
            _ => Ok(exit_code::DONE),
        }
    }
}
