//! The machine, step by step: the create rule cell by cell, the faults row by row, and what holds
//! for every event in every state.

mod absence;
pub(crate) mod answers;
mod clocks;
mod create;
mod damaged;
mod doubt;
mod exhaustive;
mod journal;
pub(crate) mod oracle;
mod other_end;
mod refusals;
mod repetitions;
pub(crate) mod script;
mod seek;
mod table;
mod taken_up;
mod totality;
mod waiting;
mod wakes;
pub(crate) mod walk;
