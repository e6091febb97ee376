//! Why a client cannot be made.

use std::{error::Error, fmt};

use kirin_transport::TransportError;

use crate::{
    InvalidAccountName,
    plain_host::InvalidPlainHost,
    wire::{InvalidDefaultHeaders, InvalidEndpoint},
};

/// The variable with the key.
pub(super) const KEY: &str = "KIRIN_API_KEY";

/// Why a client cannot be made.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum BuildError {
    /// The account name is not valid.
    Account(InvalidAccountName),
    /// Default headers that are not valid, or that the caller must not set.
    DefaultHeaders(InvalidDefaultHeaders),
    /// The key must not be sent to this base URL.
    Endpoint(InvalidEndpoint),
    /// The environment does not describe a client.
    Environment(InvalidEnvironment),
    /// No transport was given, and the features that bring a fitting one are off.
    NoTransport,
    /// The name given for plain HTTP is not a host.
    PlainHost(InvalidPlainHost),
    /// The default transport cannot be made.
    Transport(TransportError),
}

impl fmt::Display for BuildError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            // These list what is wrong, and there is nothing to add.
            Self::DefaultHeaders(invalid) => return invalid.fmt(formatter),
            Self::Environment(invalid) => return invalid.fmt(formatter),
            Self::PlainHost(invalid) => return invalid.fmt(formatter),
            Self::Account(_) => "the account cannot have this name",
            Self::Endpoint(_) => "the key cannot be used with this base URL",
            Self::NoTransport => {
                "no transport: give one, or turn on the features hyper and rustls of kirin-client"
            }
            Self::Transport(_) => "the default transport cannot be made",
        })
    }
}

impl Error for BuildError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Account(source) => Some(source),
            Self::Endpoint(source) => Some(source),
            Self::DefaultHeaders(_)
            | Self::Environment(_)
            | Self::NoTransport
            | Self::PlainHost(_) => None,
            Self::Transport(source) => Some(source),
        }
    }
}

/// An environment that describes no client: each variable that is missing, empty or wrong, and why. No value
/// is shown.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct InvalidEnvironment {
    pub(super) problems: Vec<String>,
}

impl InvalidEnvironment {
    /// Every problem, with the name of its variable first.
    pub fn problems(&self) -> &[String] {
        &self.problems
    }
}

impl fmt::Display for InvalidEnvironment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let problems = self.problems.join(" / ");
        write!(
            formatter,
            "the environment does not describe a client, so nothing was sent: {problems}"
        )?;
        match self.problems.iter().any(|problem| problem.starts_with(KEY)) {
            true => write!(formatter, "; set the key with: export {KEY}=YOUR-KEY"),
            false => Ok(()),
        }
    }
}

impl Error for InvalidEnvironment {}
