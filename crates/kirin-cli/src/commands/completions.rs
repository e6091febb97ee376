//! `kirin completions`

use clap::{Args, CommandFactory};

use super::{Arguments, Run};
use crate::{arguments::GlobalOptions, exit_code, failure::Failure, report::print_generated};

/// Print completions for a shell: source <(kirin completions bash)
#[derive(Args, Debug)]
pub(crate) struct Completions {
    /// The shell
    shell: clap_complete::Shell,
}

impl Run for Completions {
    async fn run(self, _: GlobalOptions) -> Result<u8, Failure> {
        let mut text = Vec::new();
        clap_complete::generate(self.shell, &mut Arguments::command(), "kirin", &mut text);
        print_generated(&text)?;
        Ok(exit_code::DONE)
    }
}
