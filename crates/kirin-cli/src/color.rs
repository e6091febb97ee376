//! Colors, where they can be seen: `--color`, `NO_COLOR`, `CLICOLOR_FORCE`, `TERM=dumb`, and no terminal at all.

use std::io;

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};

pub(crate) const BOLD: Style = Style::new().bold();
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
pub(crate) const WARNING: Style = AnsiColor::Yellow.on_default();
pub(crate) const BAD: Style = AnsiColor::Red.on_default();
pub(crate) const ERROR: Style = AnsiColor::Red.on_default().bold();

/// Applies the user's choice to this program and to clap's own messages.
pub(crate) fn choose_colors(choice: Option<clap::ColorChoice>) {
    let choice = match choice {
        None | Some(clap::ColorChoice::Auto) => ColorChoice::Auto,
        Some(clap::ColorChoice::Always) => ColorChoice::Always,
        Some(clap::ColorChoice::Never) => ColorChoice::Never,
    };
    choice.write_global();
}

/// The text in a style on stdout.
pub(crate) fn on_stdout(style: Style, text: &str) -> String {
    styled_text(AutoStream::choice(&io::stdout()), style, text)
}

/// The text in a style on stderr.
pub(crate) fn on_stderr(style: Style, text: &str) -> String {
    styled_text(AutoStream::choice(&io::stderr()), style, text)
}

fn styled_text(choice: ColorChoice, style: Style, text: &str) -> String {
    match choice {
        ColorChoice::Never => text.to_owned(),
        _ => format!("{style}{text}{style:#}"),
    }
}
