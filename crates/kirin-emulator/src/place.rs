//! Where an emulator is, and by which names it is called.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use crate::EmulatorConfig;

/// The names of this machine's loopback interface.
const LOOPBACK: [&str; 3] = ["127.0.0.1", "localhost", "[::1]"];

/// Longest name of a host (RFC 1035).
const LONGEST_NAME: usize = 253;

impl EmulatorConfig {
    /// Sets the address that it listens on; 127.0.0.1 if never called. On an address of another network,
    /// everyone there can use the emulator and read what is sent to it.
    ///
    /// ```
    /// use std::net::Ipv4Addr;
    ///
    /// use kirin_emulator::EmulatorConfig;
    ///
    /// let everywhere = EmulatorConfig::new().listen(Ipv4Addr::UNSPECIFIED.into()).host_name("emulator");
    /// # let _ = everywhere;
    /// ```
    pub fn listen(mut self, address: IpAddr) -> Self {
        self.listen = address;
        self
    }

    /// Sets a name under which it is called, too, such as that of its container: it is in the URLs of the
    /// emulator, and requests for it are answered. If never called, these are the names of this machine's
    /// loopback interface, and the address that it listens on.
    pub fn host_name(mut self, name: impl Into<String>) -> Self {
        self.host_name = Some(name.into());
        self
    }

    /// What stands before the path of its own URLs.
    pub(crate) fn base_url(&self) -> String {
        let host = self.host_name.clone().unwrap_or_else(|| self.address());
        format!("http://{host}:{}", self.port)
    }

    /// The address that it listens on as it is in URLs; of all addresses, that of this machine.
    fn address(&self) -> String {
        match self.listen {
            IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.to_string(),
            IpAddr::V6(Ipv6Addr::UNSPECIFIED) => format!("[{}]", Ipv6Addr::LOCALHOST),
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => format!("[{address}]"),
        }
    }

    /// # Errors
    ///
    /// Its name cannot be that of a host.
    pub(crate) fn check_host_name(&self) -> io::Result<()> {
        let is_legal = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        let is_name =
            |name: &str| (1..=LONGEST_NAME).contains(&name.len()) && name.bytes().all(is_legal);
        match self.host_name.as_deref().is_none_or(is_name) {
            true => Ok(()),
            false => Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "a host name has letters, digits, dots, dashes and underscores, and no port",
            )),
        }
    }
}

/// The names under which an emulator answers.
#[derive(Clone, Debug)]
pub(crate) struct Names(Vec<String>);

impl Names {
    pub(crate) fn of(config: &EmulatorConfig) -> Self {
        let own = config
            .host_name
            .clone()
            .into_iter()
            .chain([config.address()]);
        let loopback = LOOPBACK.iter().map(ToString::to_string);
        Self(loopback.chain(own).collect())
    }

    /// Whether a `Host` header is one of them, with any port: it may have been forwarded from another one.
    pub(crate) fn include(&self, host: &str) -> bool {
        let name = match host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
            _ => host,
        };
        self.0.iter().any(|own| name.eq_ignore_ascii_case(own))
    }
}
