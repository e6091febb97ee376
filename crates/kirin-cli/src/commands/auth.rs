//! `kirin auth`: the key that pays.

use std::io::{self, IsTerminal};

use console::Term;
use kirin_client::{ApiKey, KeyFingerprint};
use serde::Serialize;

use crate::{
    arguments::{self, Auth, AuthCommand, Shared},
    failure::Failure,
    key::{self, Key, Source, VARIABLE},
    report::{print_json, print_line, print_path},
    session::base_url,
    terminal::{printable, say},
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

pub(crate) fn auth(arguments: &Auth, may_ask: bool) -> Result<(), Failure> {
    match &arguments.act {
        AuthCommand::SetKey(arguments) => set_key(arguments, may_ask),
        AuthCommand::Status(shared) => status(shared),
    }
}

fn set_key(arguments: &arguments::SetKey, may_ask: bool) -> Result<(), Failure> {
    if !arguments.key.is_empty() {
        let what =
            "a key is not taken from the command line, which others and the shell's history see";
        let next_step = "Give it on stdin, or when you are asked: kirin auth set-key";
        return Err(Failure::usage(what, next_step));
    }
    let text = read(may_ask)?;
    let key: ApiKey = text.parse().map_err(|invalid| {
        let what = format!("what was read is not a key: {invalid}");
        Failure::usage(what, "Give your API key, as it was given to you.")
    })?;
    let path = key::write(&text)?;
    if key::in_environment().is_some() {
        say(&format!("{VARIABLE} is set, and comes before the file."));
    }
    let printed = match arguments.json {
        true => print_json(&KeyReport {
            source: "file",
            path: Some(path.to_string_lossy().into()),
            fingerprint: key.fingerprint(),
            base_url: None,
        }),
        false => print_path(&path),
    };
    printed.map_err(|error| Failure::unwritten(&error))
}

/// Reads what is to be the key from stdin; a person is asked for it.
fn read(may_ask: bool) -> Result<String, Failure> {
    let unread = |error: io::Error| {
        let what = format!("the key cannot be read: {error}");
        Failure::other(what, "Give it on stdin: kirin auth set-key < FILE")
    };
    let mut stdin = io::stdin();
    if !stdin.is_terminal() {
        return key::read(&mut stdin).map_err(unread);
    }
    let terminal = Term::stderr();
    if !may_ask || !terminal.is_term() {
        let what = "there is no key on stdin, and nobody may be asked for it";
        let next_step = "Give it on stdin: kirin auth set-key < FILE";
        return Err(Failure::usage(what, next_step));
    }
    let asked = terminal.write_str("API key (it is not shown): ");
    let text = asked.and_then(|()| terminal.read_secure_line());
    text.map(|text| text.trim().to_owned()).map_err(unread)
}

fn status(shared: &Shared) -> Result<(), Failure> {
    let Key { key, source } = key::find()?;
    let base_url = base_url(shared)?;
    for danger in source.dangers() {
        say(&printable(&format!("warning: {}", danger.what)));
        say(&format!("  {}", danger.advice));
    }
    let (source, path) = match source {
        Source::Environment => ("environment", None),
        Source::File(path) => ("file", Some(path.to_string_lossy().into())),
    };
    let report = KeyReport {
        source,
        path,
        fingerprint: key.fingerprint(),
        base_url: Some(base_url.as_str().into()),
    };
    let printed = match shared.json {
        Some(_) => print_json(&report),
        None => print_line(&report.describe()),
    };
    printed.map_err(|error| Failure::unwritten(&error))
}

impl KeyReport {
    fn describe(&self) -> String {
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
