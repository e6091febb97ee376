//! Plain HTTP to one host that the caller names.

use super::BuildError;
use crate::{BaseUrl, ClientBuilder, plain_host::PlainHost, wire::Endpoint};

impl ClientBuilder {
    /// Speaks plain HTTP to one host that is not this machine, as to an emulator in a network of containers:
    /// `emulator:4010`, a name or an address, with its port if it is not 80. The last one named holds.
    ///
    /// **Anyone on the network path reads the key, the prompts and the videos, and can change them.** Name a host
    /// only of a network where that does not matter, and give it no key of the service.
    ///
    /// The API is at the root of that host, unless [`base_url`](Self::base_url) says otherwise
    /// ([`BaseUrl::with_plain_http`] reads one with a path); outputs may be there, too. To every other host
    /// plain HTTP is refused as ever: as a base URL, as the URL of an output, and as the target of a redirect.
    ///
    /// ```
    /// use kirin_client::Client;
    ///
    /// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
    /// let client = Client::builder("emulator-key".parse()?).plain_http_to("emulator:4010").build()?;
    /// assert_eq!(client.base_url().as_str(), "http://emulator:4010");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn plain_http_to(mut self, host: impl Into<String>) -> Self {
        self.plain_http_to = Some(host.into());
        self
    }

    /// Who makes the calls, and the host that was named.
    pub(super) fn endpoint(&self) -> Result<(Endpoint, Option<PlainHost>), BuildError> {
        let host = self.plain_http_to.as_deref().map(PlainHost::parse);
        let host = host.transpose().map_err(BuildError::PlainHost)?;
        let of_host = || host.as_ref().map(BaseUrl::of_plain_host);
        let base_url = self.base_url.clone().or_else(of_host).unwrap_or_default();
        // A base URL was parsed as a URL.
        let is_named = host.as_ref().is_some_and(|host| {
            let uri = base_url.as_str().parse();
            uri.is_ok_and(|uri| host.is_of(&uri))
        });
        let key = self.key.clone();
        let endpoint = match is_named {
            true => Endpoint::with_plain_http(base_url, key),
            false => Endpoint::new(base_url, key),
        };
        Ok((endpoint.map_err(BuildError::Endpoint)?, host))
    }
}
