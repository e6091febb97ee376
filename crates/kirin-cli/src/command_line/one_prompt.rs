//! One prompt makes one video. Several prompts are most likely one without its quotes, and a prompt
//! that looks like a flag or a file is most likely one.

use std::path::Path;

use clap::{Arg, ArgAction, ArgMatches, Command, parser::ValueSource};

use crate::{arguments::RequestOptions, failure::Failure, terminal::shell_word};

/// The options that take one file, of which a pattern of the shell (`*.png`) makes several.
const FILES: [&str; 4] = ["image", "image_tail", "prompt_files", "output"];

/// More prompts than these would make an unreadable line.
const MOST: usize = 12;

/// The words after the name of a command.
struct Typed<'a> {
    program: &'a Command,
    command: &'a Command,
    matches: &'a ArgMatches,
}

/// The failure if these arguments are not one request with one prompt.
pub(super) fn check_one_prompt(
    request: &RequestOptions,
    program: &Command,
    command: &Command,
    matches: &ArgMatches,
) -> Option<Failure> {
    let typed = Typed {
        program,
        command,
        matches,
    };
    let words = typed.typed_texts(&["prompt", "more"]);
    if let Some(failure) = typed.stray_files(&words) {
        return Some(failure);
    }
    let count = words.len() + request.prompt_options.len() + request.prompt_files.len();
    if count > 1 {
        return Some(typed.several_prompts(request, count));
    }
    match words.first()?.1 {
        "-" => None,
        word if word.starts_with('-') => {
            let line = typed.typed_line(Some(word));
            let what = format!("{word} looks like a flag, not a prompt");
            let next_step = format!("If it is the prompt, run:\n  {line}");
            Some(Failure::usage(what, next_step))
        }
        word if word.contains(['.', '/']) && Path::new(word).is_file() => {
            let what = format!("{word} is a file, and does not look like a prompt");
            let (start, word) = (typed.typed_line(None), shell_word(word));
            let next_step = format!(
                "If it contains the prompt, run:\n  {start} --prompt-file {word}\nIf its name is the \
                 prompt, run:\n  {start} --prompt={word}"
            );
            Some(Failure::usage(what, next_step))
        }
        _ => None,
    }
}

impl<'a> Typed<'a> {
    /// The texts of these arguments with their places, in the order in which they were typed.
    fn typed_texts(&self, ids: &[&str]) -> Vec<(usize, &'a str)> {
        let of = |id: &&str| {
            let texts = self.matches.get_many::<String>(id).unwrap_or_default();
            let places = self.matches.indices_of(id).unwrap_or_default();
            places.zip(texts.map(String::as_str))
        };
        let mut texts: Vec<_> = ids.iter().flat_map(of).collect();
        texts.sort_unstable();
        texts
    }

    /// Files that directly follow the one that an option takes.
    fn stray_files(&self, words: &[(usize, &str)]) -> Option<Failure> {
        let options = self.typed_options().into_iter();
        let mut options = options.filter(|option| FILES.contains(&option.get_id().as_str()));
        let (option, strays) = options.find_map(|option| {
            let place = self
                .matches
                .indices_of(option.get_id().as_str())?
                .next_back()?;
            let behind = words.iter().filter(|(at, _)| *at > place);
            let strays = behind
                .zip(place + 1..)
                .take_while(|((at, word), next)| at == next && Path::new(word).is_file());
            let strays: Vec<_> = strays.map(|(_, place)| place).collect();
            (!strays.is_empty()).then_some((option, strays))
        })?;
        let mut others = self.typed_texts(&["prompt", "more", "prompt_options"]);
        others.retain(|(place, _)| !strays.contains(place));
        let prompt = (!others.is_empty()).then(|| joined_words(&others));
        let line = self.typed_line(prompt.as_deref());
        let option = option.get_long().unwrap_or_default();
        let count = strays.len() + 1;
        let what = format!("--{option} takes one file, and {count} were given");
        let next_step = format!(
            "The shell replaces a pattern like *.png with all matching files. Name one of them:\n  \
             {line}\nSeveral videos are a batch:\n  kirin help batch"
        );
        Some(Failure::usage(what, next_step))
    }

    fn several_prompts(&self, request: &RequestOptions, count: usize) -> Failure {
        let mut texts = self.typed_texts(&["prompt", "more", "prompt_options"]);
        // A variable of the shell that is not set makes an empty one.
        texts.retain(|(_, text)| !text.trim().is_empty());
        // Behind two dashes nothing is a flag, and may have been meant to be one.
        let (flags, words): (Vec<_>, Vec<_>) =
            texts.into_iter().partition(|(_, text)| self.is_flag(text));
        let flags: String = flags.iter().map(|(_, flag)| format!(" {flag}")).collect();
        let has_files = !request.prompt_files.is_empty();
        let can_be_one = !has_files && request.prompt_options.len() < 2 && !words.is_empty();
        let one = match can_be_one {
            true => {
                let line = self.typed_line(Some(&joined_words(&words)));
                format!("If they are one prompt, quote it:\n  {line}{flags}")
            }
            false => "Give one of them.".into(),
        };
        let batch = self
            .batch_line(&words)
            .filter(|_| !has_files && words.len() > 1);
        let batch = batch.map_or_else(|| "kirin help batch".into(), |batch| batch + &flags);
        let name = self.command.get_name();
        let what = format!("kirin {name} makes one video of one prompt, and {count} were given");
        let next_step = format!("{one}\nSeveral prompts are a batch:\n  {batch}");
        Failure::usage(what, next_step)
    }

    /// Whether it is the name of an option that takes no value.
    fn is_flag(&self, text: &str) -> bool {
        let mut options = self.command.get_arguments();
        options.any(|option| is_switch(option) && text.strip_prefix("--") == option.get_long())
    }

    /// The options that were typed, in their order, without those that give a prompt.
    fn typed_options(&self) -> Vec<&'a Arg> {
        let is_typed = |option: &&Arg| {
            let id = option.get_id().as_str();
            let source = self.matches.value_source(id);
            source == Some(ValueSource::CommandLine)
                && !["prompt", "more", "prompt_options"].contains(&id)
        };
        let mut options: Vec<_> = self.command.get_arguments().filter(is_typed).collect();
        options.sort_by_key(|option| self.matches.index_of(option.get_id().as_str()));
        options
    }

    /// An option with its values, as it can be typed.
    fn option_text(&self, option: &Arg) -> String {
        let name = option.get_long().unwrap_or_default();
        if is_switch(option) {
            return format!(" --{name}");
        }
        let values = self.matches.get_raw(option.get_id().as_str());
        let values = values.into_iter().flatten().map(|value| {
            let value = value.to_string_lossy();
            let is_bound = option.is_require_equals_set() || value.starts_with('-');
            let between = if is_bound { '=' } else { ' ' };
            format!(" --{name}{between}{}", shell_word(&value))
        });
        values.collect()
    }

    /// The command with this prompt in place of the typed ones.
    fn typed_line(&self, prompt: Option<&str>) -> String {
        let mut line = format!("kirin {}", self.command.get_name());
        if let Some(prompt) = prompt {
            let is_like_a_flag = prompt.starts_with('-');
            let before = if is_like_a_flag { "--prompt=" } else { "" };
            line += &format!(" {before}{}", shell_word(prompt));
        }
        line + &self.options_text(&self.typed_options())
    }

    fn options_text(&self, options: &[&Arg]) -> String {
        let texts = options.iter().map(|option| self.option_text(option));
        texts.collect()
    }

    /// The batch of these prompts, if it fits on one line and has all the options that were typed.
    fn batch_line(&self, prompts: &[(usize, &str)]) -> Option<String> {
        let batch = self.program.find_subcommand("batch")?;
        let is_known = |option: &&Arg| {
            let mut known = batch.get_arguments();
            known.any(|known| known.get_long() == option.get_long())
        };
        let options = self.typed_options();
        if prompts.len() > MOST || !options.iter().all(is_known) {
            return None;
        }
        let mut line = String::from("kirin batch");
        for (_, prompt) in prompts {
            line += &format!(" --prompt={}", shell_word(prompt));
        }
        Some(line + &self.options_text(&options))
    }
}

fn is_switch(option: &Arg) -> bool {
    matches!(option.get_action(), ArgAction::SetTrue)
}

/// Words as one text. The line ends between them would be lost in a line.
fn joined_words(texts: &[(usize, &str)]) -> String {
    let words = texts.iter().flat_map(|(_, text)| text.split_whitespace());
    words.collect::<Vec<_>>().join(" ")
}
