//! Every order of faults: the machine and the journal under all that the table of the tests allows.

use crate::arguments::Exploration;
use crate::error::Failure;
use crate::simulate::{conclude, optimized};

/// Searches deep, optimized, and prints the figures of each setting.
pub(crate) fn run(exploration: Exploration) -> Result<(), Failure> {
    let mut command = optimized("kirin-tests");
    command.args(["--test", "it", "--", "--nocapture", "--exact"]);
    command.arg("explore::every_order_keeps_the_create_rule");
    command.env("KIRIN_EXPLORE_DEEP", "1");
    if let Some(depth) = exploration.depth {
        command.env("KIRIN_EXPLORE_DEPTH", depth.to_string());
    }
    if let Some(clients) = exploration.clients {
        command.env("KIRIN_EXPLORE_CLIENTS", clients.to_string());
    }
    let broken = "an order of faults breaks the create rule; see above";
    conclude("explore", &mut command, &["explore: "], broken)
}
