//! Whose creates they are.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A name that you give to a user of the service, where one program has the keys of several. External task ids
/// are unique under one user (documented), and a user may have several keys: so two keys count as one user, unless
/// their clients have two different account names (`ClientBuilder::account`).
///
/// It goes to no server. 1 to 64 characters, none of them a control character (this project's choice), so
/// that it can be in a log.
///
/// ```
/// use kirin_client::AccountName;
///
/// let name: AccountName = "customer-7".parse()?;
/// assert_eq!(name.as_str(), "customer-7");
/// assert!("".parse::<AccountName>().is_err());
/// assert!("a\nb".parse::<AccountName>().is_err());
/// assert_eq!(AccountName::MAX_CHARACTERS, 64);
/// # Ok::<(), kirin_client::InvalidAccountName>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct AccountName(String);

impl AccountName {
    /// Longest legal name, in characters (this project's choice).
    pub const MAX_CHARACTERS: usize = 64;

    /// The name as the caller wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether two creates are certainly of two users: both have an account, and not the same. One without an
/// account may be of any.
pub(crate) fn are_different(one: Option<&AccountName>, other: Option<&AccountName>) -> bool {
    one.zip(other).is_some_and(|(one, other)| one != other)
}

impl FromStr for AccountName {
    type Err = InvalidAccountName;

    fn from_str(text: &str) -> Result<Self, InvalidAccountName> {
        text.to_owned().try_into()
    }
}

impl TryFrom<String> for AccountName {
    type Error = InvalidAccountName;

    fn try_from(text: String) -> Result<Self, InvalidAccountName> {
        match text.chars().count() {
            1..=Self::MAX_CHARACTERS if !text.chars().any(char::is_control) => Ok(Self(text)),
            _ => Err(InvalidAccountName),
        }
    }
}

impl From<AccountName> for String {
    fn from(name: AccountName) -> Self {
        name.0
    }
}

impl AsRef<str> for AccountName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AccountName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A text that cannot be the name of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct InvalidAccountName;

impl fmt::Display for InvalidAccountName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(
            "the name of an account has 1 to 64 characters, none of them a control character",
        )
    }
}

impl std::error::Error for InvalidAccountName {}
