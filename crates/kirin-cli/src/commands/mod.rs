//! One file a command.

mod about;
pub(crate) use about::{completions, help, man};

mod accept;
pub(crate) use accept::accept;

mod auth;
pub(crate) use auth::auth;

mod backup;
pub(crate) use backup::backup;

mod batch;
pub(crate) use batch::{Costs, batch};

mod another_process;

mod begin;

mod create;
pub(crate) use create::create;

mod doctor;
pub(crate) use doctor::doctor;

mod download;
pub(crate) use download::download;

mod emulator;
pub(crate) use emulator::emulator;

mod exec;
use exec::exec;

mod follow;

mod gallery;
pub(crate) use gallery::gallery;

mod generate;
pub(crate) use generate::generate;

mod history;
pub(crate) use history::{ledger, list, show};

mod models;
pub(crate) use models::models;

mod resolve;
pub(crate) use resolve::resolve;

mod resume;
pub(crate) use resume::resume;

mod send_again;

mod table;

mod take_over;

mod unfinished;

mod unresolved;

mod status;
pub(crate) use status::status;

mod validate;
pub(crate) use validate::validate;

mod wait;
pub(crate) use wait::wait;
