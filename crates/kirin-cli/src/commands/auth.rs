//! `kirin auth`: the key that pays.

use std::io::{self, IsTerminal};

use clap::{Args, Subcommand};
use console::Term;
use kirin_client::{ApiKey, KeyFingerprint};
use serde::Serialize;

use super::Run;
use crate::{
    arguments::{GlobalOptions, SharedOptions},
    exit_code,
    failure::Failure,
    key::{self, Key, Source, VARIABLE},
    report::{Json, path_text, print_json, print_line, print_path},
    session::base_url,
    terminal::{print_stderr, printable},
};

/// A key as `--json` prints it, always with every field and never itself.
#[derive(Serialize)]
struct KeyReport {
    source: &'static str,
    path: Option<String>,
    fingerprint: KeyFingerprint,
    /// Where it is sent; that is not asked for when a key is set.
    base_url: Option<String>,
}

/// Store the API key, or show where it comes from.
#[derive(Args, Debug)]
pub(crate) struct Auth {
    #[command(subcommand)]
    command: AuthCommand,
}

#[derive(Debug, Subcommand)]
enum AuthCommand {
    /// Store an API key in a file that only you can read; prints its path.
    ///
    /// The key is read from stdin, or asked for on a terminal without showing it: kirin auth set-key <
    /// FILE. It replaces the stored one. The file is kirin/key in XDG_CONFIG_HOME or ~/.config.
    SetKey(SetKey),
    /// Show where the API key comes from, and its fingerprint; sends nothing.
    ///
    /// The environment variable KIRIN_API_KEY takes precedence over the key file.
    Status(Box<SharedOptions>),
}

#[derive(Args, Debug)]
struct SetKey {
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// A key on the command line, which is refused without showing it once more.
    #[arg(hide = true)]
    key: Vec<String>,
}

impl Run for Auth {
    async fn run(self, global: GlobalOptions) -> Result<u8, Failure> {
        match &self.command {
            AuthCommand::SetKey(set_key) => keep_key(set_key, !global.no_input)?,
            AuthCommand::Status(shared) => print_status(shared)?,
        }
        Ok(exit_code::DONE)
    }

    fn shared_options(&mut self) -> Option<&mut SharedOptions> {
        match &mut self.command {
            AuthCommand::SetKey(_) => None,
            AuthCommand::Status(shared) => Some(shared),
        }
    }

    fn json_format(&mut self) -> Option<Json> {
        match &self.command {
            AuthCommand::SetKey(set_key) => set_key.json.then_some(Json::Result),
            AuthCommand::Status(shared) => shared.json,
        }
    }
}

fn keep_key(arguments: &SetKey, may_ask: bool) -> Result<(), Failure> {
    if !arguments.key.is_empty() {
        let what = "the key must not be on the command line, where other users and the shell's history can see it";
        let next_step = "Pass it on stdin, or enter it when asked: kirin auth set-key";
        return Err(Failure::usage(what, next_step));
    }
    let text = read_key(may_ask)?;
    let key: ApiKey = text.parse().map_err(|invalid| {
        let what = format!("what was read is not a key: {invalid}");
        Failure::usage(what, "Enter your API key, exactly as it was issued.")
    })?;
    let path = key::write_key(&text)?;
    if key::in_environment().is_some() {
        print_stderr(&format!(
            "{VARIABLE} is set, and takes precedence over the file."
        ));
    }
    let printed = match arguments.json {
        true => print_json(&KeyReport {
            source: "file",
            path: Some(path_text(&path)),
            fingerprint: key.fingerprint(),
            base_url: None,
        }),
        false => print_path(&path),
    };
    Ok(printed?)
}

/// Reads the key from stdin, or asks for it on a terminal.
fn read_key(may_ask: bool) -> Result<String, Failure> {
    let unread = |error: io::Error| {
        let what = format!("the key cannot be read: {error}");
        Failure::other(what, "Pass it on stdin: kirin auth set-key < FILE")
    };
    let mut stdin = io::stdin();
    if !stdin.is_terminal() {
        return key::read_key(&mut stdin).map_err(unread);
    }
    let terminal = Term::stderr();
    if !may_ask || !terminal.is_term() {
        let what = "there is no key on stdin, and it cannot be asked for here";
        let next_step = "Pass it on stdin: kirin auth set-key < FILE";
        return Err(Failure::usage(what, next_step));
    }
    let asked = terminal.write_str("API key (it is not shown): ");
    let text = asked.and_then(|()| terminal.read_secure_line());
    text.map(|text| text.trim().to_owned()).map_err(unread)
}

fn print_status(shared: &SharedOptions) -> Result<(), Failure> {
    let Key { key, source } = key::find_key()?;
    let base_url = base_url(shared)?;
    for danger in source.dangers() {
        print_stderr(&printable(&format!("warning: {}", danger.what)));
        print_stderr(&format!("  {}", danger.advice));
    }
    let (source, path) = match source {
        Source::Environment => ("environment", None),
        Source::File(path) => ("file", Some(path_text(&path))),
    };
    let report = KeyReport {
        source,
        path,
        fingerprint: key.fingerprint(),
        base_url: Some(base_url.as_str().into()),
    };
    let printed = match shared.json {
        Some(_) => print_json(&report),
        None => print_line(&report.describe_key()),
    };
    Ok(printed?)
}

impl KeyReport {
    fn describe_key(&self) -> String {
        let source = match &self.path {
            Some(path) => printable(path),
            None => format!("the environment variable {VARIABLE}"),
        };
        let base_url = self.base_url.as_deref().unwrap_or_default();
        let rows = [
            ("key from", source),
            ("fingerprint", self.fingerprint.to_string()),
            ("base URL", base_url.into()),
        ];
        let lines = rows.map(|(name, value)| format!("{name:<18}{value}"));
        lines.join("\n")
    }
}
