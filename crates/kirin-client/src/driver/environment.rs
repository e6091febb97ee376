//! A client as the environment describes it.
#![expect(
    clippy::disallowed_methods,
    reason = "a client reads its environment where it is asked to"
)]

use std::{ffi::OsString, fmt};

use super::{BuildError, InvalidEnvironment, build_error::KEY};
use crate::{ApiKey, BaseUrl, Client, ClientBuilder, plain_host::PlainHost};

const BASE_URL: &str = "KIRIN_BASE_URL";
const PLAIN_HTTP_TO: &str = "KIRIN_PLAIN_HTTP_TO";

impl Client {
    /// A client as the environment describes it: [`ClientBuilder::from_env`] and
    /// [`build`](ClientBuilder::build) in one.
    ///
    /// # Errors
    ///
    /// Each variable that is missing, empty or wrong; or there can be no such client.
    ///
    /// ```no_run
    /// let client = kirin_client::Client::from_env()?;
    /// # Ok::<(), kirin_client::BuildError>(())
    /// ```
    pub fn from_env() -> Result<Self, BuildError> {
        ClientBuilder::from_env()?.build()
    }
}

impl ClientBuilder {
    /// Starts a client as the environment describes it, with the variables of the program `kirin`:
    ///
    /// | variable | meaning |
    /// |---|---|
    /// | `KIRIN_API_KEY` | the key; required |
    /// | `KIRIN_BASE_URL` | [`base_url`](Self::base_url); the service if it is not set |
    /// | `KIRIN_PLAIN_HTTP_TO` | [`plain_http_to`](Self::plain_http_to); nothing if it is not set |
    ///
    /// Nothing else is read: no configuration file, no file with a key, and no ledger. What is set afterwards
    /// comes before the environment.
    ///
    /// # Errors
    ///
    /// [`BuildError::Environment`], with each variable that is missing, empty or wrong.
    ///
    /// ```no_run
    /// use std::time::Duration;
    ///
    /// let client = kirin_client::ClientBuilder::from_env()?
    ///     .deadline(Duration::from_secs(600))
    ///     .build()?;
    /// # Ok::<(), kirin_client::BuildError>(())
    /// ```
    pub fn from_env() -> Result<Self, BuildError> {
        Self::from_variables(|name| std::env::var_os(name)).map_err(BuildError::Environment)
    }

    fn from_variables(
        variable: impl Fn(&str) -> Option<OsString>,
    ) -> Result<Self, InvalidEnvironment> {
        let mut problems = Vec::new();
        let mut read = |name: &'static str| {
            let value = variable(name)?.into_string().ok();
            let problem = match value.as_deref().map(str::trim) {
                Some("") => "is empty",
                Some(value) => return Some(value.to_owned()),
                None => "is no Unicode text",
            };
            problems.push(format!("{name} {problem}"));
            None
        };
        let (key, base_url) = (read(KEY), read(BASE_URL));
        let plain_host = read(PLAIN_HTTP_TO);
        if variable(KEY).is_none() {
            problems.push(format!("{KEY} is not set"));
        }
        let key = parsed(KEY, key, str::parse::<ApiKey>, &mut problems);
        let plain_host = parsed(PLAIN_HTTP_TO, plain_host, PlainHost::parse, &mut problems);
        let read = match plain_host {
            Some(_) => BaseUrl::with_plain_http,
            None => str::parse,
        };
        let base_url = parsed(BASE_URL, base_url, read, &mut problems);
        let (Some(key), []) = (key, &*problems) else {
            return Err(InvalidEnvironment { problems });
        };
        let mut builder = Client::builder(key);
        if let Some(host) = plain_host {
            builder = builder.plain_http_to(host.as_str());
        }
        Ok(match base_url {
            Some(base_url) => builder.base_url(base_url),
            None => builder,
        })
    }
}

fn parsed<T, E: fmt::Display>(
    name: &str,
    text: Option<String>,
    parse: impl FnOnce(&str) -> Result<T, E>,
    problems: &mut Vec<String>,
) -> Option<T> {
    parse(&text?)
        .map_err(|error| problems.push(format!("{name}: {error}")))
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<(String, Option<String>), Vec<String>> {
        let find = |name: &str| {
            let mut all = variables.iter();
            all.find(|(it, _)| *it == name)
                .map(|(_, value)| OsString::from(value))
        };
        match ClientBuilder::from_variables(find) {
            Ok(builder) => {
                let (endpoint, _) = builder.endpoint().unwrap();
                Ok((endpoint.base_url().to_string(), builder.plain_http_to))
            }
            Err(invalid) => Err(invalid.problems),
        }
    }

    const SECRET: (&str, &str) = (KEY, " sk-0123456789\n");

    #[test]
    fn the_environment_names_the_key_and_the_place() {
        let service = BaseUrl::SERVICE.to_owned();
        assert_eq!(read(&[SECRET]), Ok((service, None)));
        let elsewhere = "https://proxy.example.com/kirin";
        assert_eq!(
            read(&[SECRET, (BASE_URL, elsewhere)]),
            Ok((elsewhere.to_owned(), None))
        );
        let (plain, url) = ("emulator:4010", "http://emulator:4010");
        let expected = Ok((url.to_owned(), Some(plain.to_owned())));
        assert_eq!(read(&[SECRET, (PLAIN_HTTP_TO, plain)]), expected);
        assert_eq!(
            read(&[SECRET, (PLAIN_HTTP_TO, plain), (BASE_URL, url)]),
            expected
        );
    }

    #[test]
    fn every_variable_that_is_missing_empty_or_wrong_is_named_at_once() {
        for (variables, expected) in [
            (&[][..], &["KIRIN_API_KEY is not set"][..]),
            (&[(KEY, "")], &["KIRIN_API_KEY is empty"]),
            (&[(KEY, " \n")], &["KIRIN_API_KEY is empty"]),
            (
                &[(BASE_URL, "")],
                &["KIRIN_API_KEY is not set", "KIRIN_BASE_URL is empty"],
            ),
            (
                &[
                    (KEY, "two words"),
                    (BASE_URL, "http://emulator:4010"),
                    (PLAIN_HTTP_TO, "http://x"),
                ],
                &[
                    "KIRIN_API_KEY: ",
                    "KIRIN_BASE_URL: ",
                    "KIRIN_PLAIN_HTTP_TO: ",
                ],
            ),
        ] {
            let mut problems = read(variables).unwrap_err();
            problems.sort();
            assert_eq!(problems.len(), expected.len(), "{problems:?}");
            for (problem, expected) in problems.iter().zip(expected) {
                assert!(problem.starts_with(expected), "{problem}");
                assert!(!problem.contains("two words"), "{problem}");
            }
        }
    }

    #[test]
    fn a_command_for_the_key_is_given_where_the_key_is_the_problem() {
        let wrong_url = (BASE_URL, "http://emulator:4010");
        for (variables, is_about_key) in [(&[][..], true), (&[SECRET, wrong_url], false)] {
            let problems = read(variables).unwrap_err();
            let text = InvalidEnvironment { problems }.to_string();
            assert_eq!(
                text.contains("export KIRIN_API_KEY="),
                is_about_key,
                "{text}"
            );
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_variable_that_is_no_text_is_named() {
        use std::os::unix::ffi::OsStringExt;
        let find = |name: &str| {
            Some(OsString::from_vec(match name {
                KEY => vec![0xff],
                _ => b"https://example.com".to_vec(),
            }))
        };
        let invalid = ClientBuilder::from_variables(find).map(drop).unwrap_err();
        assert!(
            invalid
                .to_string()
                .contains("KIRIN_API_KEY is no Unicode text"),
            "{invalid}"
        );
    }
}
