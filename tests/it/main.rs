//! Tests that cross the crates of the workspace.

mod callbacks;
mod explore;
mod formats;
mod lost_answer;
mod one_post;
mod race;
mod session;
mod simulation;
mod snap;
mod switches;
mod traits;
mod transports;
