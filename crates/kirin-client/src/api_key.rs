//! The key that pays.

use std::{fmt, str::FromStr};

use http::HeaderValue;
use secrecy::{ExposeSecret, SecretString};

/// An API key: opaque and not empty. It never shows in Debug, and its header is marked sensitive.
///
/// ```
/// use kirin_client::ApiKey;
///
/// let key: ApiKey = "a-secret".parse()?;
/// assert_eq!(format!("{key:?}"), "ApiKey(hidden)");
/// assert!("".parse::<ApiKey>().is_err());
/// # Ok::<(), kirin_client::InvalidApiKey>(())
/// ```
#[derive(Clone)]
pub struct ApiKey(SecretString);

impl ApiKey {
    /// What the keys of emulators start with: such a key is sent to this machine only, so that a
    /// test never touches production by mistake.
    pub const EMULATOR_PREFIX: &str = "emulator-";

    /// Whether it is meant for an emulator.
    pub fn is_for_emulator(&self) -> bool {
        self.0.expose_secret().starts_with(Self::EMULATOR_PREFIX)
    }

    pub(crate) fn authorization(&self) -> HeaderValue {
        let bearer = format!("Bearer {}", self.0.expose_secret());
        // A key was parsed as visible ASCII, which a header takes.
        let mut value = HeaderValue::try_from(bearer).expect("a key of visible ASCII");
        value.set_sensitive(true);
        value
    }
}

impl FromStr for ApiKey {
    type Err = InvalidApiKey;

    fn from_str(text: &str) -> Result<Self, InvalidApiKey> {
        let text = text.trim();
        match !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic()) {
            true => Ok(Self(text.into())),
            false => Err(InvalidApiKey),
        }
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ApiKey(hidden)")
    }
}

/// A text that cannot be an API key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvalidApiKey;

impl fmt::Display for InvalidApiKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an API key is one word of visible ASCII characters")
    }
}

impl std::error::Error for InvalidApiKey {}
