//! Prompts of which it is not clear that each is to be paid for.

use super::Failure;
use crate::terminal::shell_word;

impl Failure {
    /// More prompts than one; the command that has them as `one`, and the `batch` that they are, where
    /// there are such.
    pub(crate) fn several_prompts(
        command: &str,
        count: usize,
        one: Option<&str>,
        batch: Option<&str>,
    ) -> Self {
        let what = format!("kirin {command} makes one video of one prompt, and {count} are given");
        let one = match one {
            Some(one) => format!("If they are one prompt, quote it:\n  {one}"),
            None => "Give one of them.".into(),
        };
        let batch = batch.unwrap_or("kirin help batch");
        let next_step = format!("{one}\nSeveral prompts are a batch:\n  {batch}");
        Self::usage(what, next_step)
    }

    /// More files than an option takes; `one` is the command with the first.
    pub(crate) fn several_files(option: &str, count: usize, one: &str) -> Self {
        let what = format!("--{option} takes one file, and {count} are given");
        let next_step = format!(
            "The shell replaces a pattern like *.png by all the files that fit. Name one of them:\n  \
             {one}\nSeveral videos are a batch:\n  kirin help batch"
        );
        Self::usage(what, next_step)
    }

    /// Behind two dashes a flag is a prompt; `line` is the command that says so.
    pub(crate) fn prompt_like_a_flag(word: &str, line: &str) -> Self {
        let what = format!("{word} looks like a flag, and not like a prompt");
        Self::usage(what, format!("If it is the prompt, say so:\n  {line}"))
    }

    /// The name of a file is a prompt; `start` is the command without it.
    pub(crate) fn prompt_like_a_file(word: &str, start: &str) -> Self {
        let what = format!("{word} is a file, and does not look like a prompt");
        let word = shell_word(word);
        let next_step = format!(
            "If the prompt is in it, read it:\n  {start} --prompt-file {word}\nIf its name is the \
             prompt, say so:\n  {start} --prompt={word}"
        );
        Self::usage(what, next_step)
    }
}
