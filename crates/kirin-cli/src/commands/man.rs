//! `kirin man`

use clap::{Args, CommandFactory};
use clap_mangen::Man as Page;

use super::{Arguments, Run};
use crate::{
    arguments::GlobalOptions,
    exit_code,
    failure::Failure,
    report::{Unwritten, print_generated},
};

/// Print the manual page: kirin man | man -l -
#[derive(Args, Debug)]
pub(crate) struct Man {}

impl Run for Man {
    async fn run(self, _: GlobalOptions) -> Result<u8, Failure> {
        let mut text = Vec::new();
        let page = Page::new(Arguments::command());
        page.render(&mut text).map_err(Unwritten)?;
        print_generated(&text)?;
        Ok(exit_code::DONE)
    }
}
