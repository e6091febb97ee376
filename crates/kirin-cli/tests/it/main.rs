//! Tests of the program as people run it: a process, its files, its two streams and its exit code.

mod about;

mod accounts;

mod another_process;

mod answers;

#[cfg(unix)]
mod auth;

mod kirin;

mod service;

mod batch;
mod batch_prompts;
mod batch_trouble;

mod batch_kill;
mod doctor;
mod gallery;
mod global;
mod ledger;
mod lost_ledger;
mod models;
mod mp4;

mod disk;
mod films;
mod hostile;

mod redact;

mod schema;

mod scenarios;

mod configuration;

mod generate;

mod one_prompt;

mod other_end;

mod plain_http;
mod prompts;

mod resolve;

mod send_again;

mod errors;

mod existing_files;
mod followed;

mod signed_urls;

mod streams;

#[cfg(unix)]
mod interrupt;

mod emulator;
#[cfg(target_os = "linux")]
mod endless;

mod snap;

mod validate;
