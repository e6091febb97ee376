//! The key that pays.

use std::{fmt, str::FromStr};

use http::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

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

    /// What tells this key from others, and nothing of what it is.
    ///
    /// ```
    /// use kirin_client::ApiKey;
    ///
    /// let (one, other): (ApiKey, ApiKey) = ("a-secret".parse()?, "another".parse()?);
    /// assert_eq!(one.fingerprint(), one.fingerprint());
    /// assert_ne!(one.fingerprint(), other.fingerprint());
    /// # Ok::<(), kirin_client::InvalidApiKey>(())
    /// ```
    pub fn fingerprint(&self) -> KeyFingerprint {
        let digest = Sha256::new()
            .chain_update(b"kirin key fingerprint\0")
            .chain_update(self.0.expose_secret())
            .finalize();
        let bytes = digest.iter().take(KeyFingerprint::BYTES);
        KeyFingerprint(bytes.map(|byte| format!("{byte:02x}")).collect())
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

/// A one-way fingerprint of a key: 16 hexadecimal digits. It may be shown and kept.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct KeyFingerprint(String);

impl KeyFingerprint {
    /// How much of the SHA-256 digest is kept: enough to tell one person's keys apart.
    const BYTES: usize = 8;
}

impl AsRef<str> for KeyFingerprint {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyFingerprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl TryFrom<String> for KeyFingerprint {
    type Error = InvalidKeyFingerprint;

    fn try_from(text: String) -> Result<Self, InvalidKeyFingerprint> {
        text.parse()
    }
}

impl From<KeyFingerprint> for String {
    fn from(fingerprint: KeyFingerprint) -> Self {
        fingerprint.0
    }
}

impl FromStr for KeyFingerprint {
    type Err = InvalidKeyFingerprint;

    fn from_str(text: &str) -> Result<Self, InvalidKeyFingerprint> {
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        match text.len() == 2 * Self::BYTES && text.bytes().all(is_digit) {
            true => Ok(Self(text.to_owned())),
            false => Err(InvalidKeyFingerprint),
        }
    }
}

/// A text that is no fingerprint of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct InvalidKeyFingerprint;

impl fmt::Display for InvalidKeyFingerprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a fingerprint of a key is 16 lowercase hexadecimal digits")
    }
}

impl std::error::Error for InvalidKeyFingerprint {}

/// A text that cannot be an API key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct InvalidApiKey;

impl fmt::Display for InvalidApiKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an API key is one word of visible ASCII characters")
    }
}

impl std::error::Error for InvalidApiKey {}
