//! Headers of the caller, as they are given to a builder.

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::{
    ClientBuilder,
    wire::{Endpoint, InvalidDefaultHeaders},
};

/// What was given, and what of it is no header.
#[derive(Default)]
pub(super) struct DefaultHeaders {
    headers: HeaderMap,
    problems: Vec<String>,
}

/// Longest name that is shown, in characters.
const SHOWN: usize = 64;

impl ClientBuilder {
    /// Adds a header to every call of the API, as a gateway in front of it may want one. Of a name that is
    /// given twice the later value holds. A value that is [sensitive](HeaderValue::set_sensitive) is shown in
    /// no Debug text, and taken out of answers as the key is.
    ///
    /// It is never sent with a download, whatever its host is: the service chooses an output's URL, which may
    /// lead to a store of others, and lead on from there.
    ///
    /// ```
    /// use http::HeaderValue;
    /// use kirin_client::Client;
    ///
    /// let mut token = HeaderValue::from_static("a-secret-of-the-gateway");
    /// token.set_sensitive(true);
    /// let builder = Client::builder("any-key".parse()?)
    ///     .default_header("X-Team", "films")
    ///     .default_header("X-Gateway-Token", token);
    /// # let _ = builder;
    /// # Ok::<(), kirin_client::InvalidApiKey>(())
    /// ```
    ///
    /// [`build`](Self::build) refuses what is no header, what the client sends itself, such as
    /// `Authorization`, and what would change the meaning of a request, such as `Host`, `Content-Encoding` or
    /// `If-None-Match`, all of it at once:
    ///
    /// ```
    /// use kirin_client::{BuildError, Client};
    ///
    /// let builder = Client::builder("any-key".parse()?)
    ///     .default_header("Host", "example.com")
    ///     .default_header("Authorization", "Bearer another");
    /// let Err(BuildError::DefaultHeaders(invalid)) = builder.build() else {
    ///     panic!("both are refused");
    /// };
    /// assert_eq!(invalid.problems().len(), 2);
    /// # Ok::<(), kirin_client::InvalidApiKey>(())
    /// ```
    pub fn default_header(
        mut self,
        name: impl AsRef<str>,
        value: impl TryInto<HeaderValue>,
    ) -> Self {
        self.default_headers
            .add(name.as_ref(), value.try_into().ok());
        self
    }
}

impl DefaultHeaders {
    fn add(&mut self, text: &str, value: Option<HeaderValue>) {
        let name = HeaderName::from_bytes(text.as_bytes()).ok();
        let shown: String = text.chars().take(SHOWN).collect();
        match (name, value) {
            (Some(name), Some(value)) => {
                if self.headers.try_insert(name, value).is_err() {
                    self.problems
                        .push(format!("{shown:?} is one header too many"));
                }
            }
            (None, _) => self
                .problems
                .push(format!("{shown:?} is no name of a header")),
            (Some(_), None) => self.problems.push(format!(
                "the value of {shown:?} is no value of a header: it takes no line ends"
            )),
        }
    }

    /// Gives them to who makes the calls.
    ///
    /// # Errors
    ///
    /// Every problem there is.
    pub(super) fn give_to(self, endpoint: Endpoint) -> Result<Endpoint, InvalidDefaultHeaders> {
        let mut problems = self.problems;
        match endpoint.with_default_headers(self.headers) {
            Ok(endpoint) if problems.is_empty() => Ok(endpoint),
            Ok(_) => Err(InvalidDefaultHeaders { problems }),
            Err(invalid) => {
                problems.extend(invalid.problems);
                Err(InvalidDefaultHeaders { problems })
            }
        }
    }
}
