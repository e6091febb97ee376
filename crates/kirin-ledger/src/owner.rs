//! Who is at a create: what a process says of itself to those who wait for it.

use std::{
    fmt,
    fs::{self, Metadata},
    path::Path,
};

use crate::bounded_file;

/// Most bytes that a process says of itself.
const LONGEST_DESCRIPTION: u64 = 1024;

/// The process that is at a create, as far as its lock file says it.
///
/// ```
/// use kirin_ledger::Owner;
///
/// let mut owner = Owner::default();
/// assert_eq!(owner.to_string(), "a process that cannot be named");
/// owner.process_id = Some(4711);
/// owner.host = Some("build-7".into());
/// assert_eq!(owner.to_string(), "process 4711 on build-7");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Owner {
    /// Its id; in a container, the one that it has there.
    pub process_id: Option<u32>,
    /// The number of the user that it runs as.
    pub user_id: Option<u32>,
    /// The name of its machine, or container.
    pub host: Option<String>,
    /// Whether it is seen to be alive. Otherwise its lock cannot be tested, and it is taken for alive.
    pub is_alive: bool,
}

/// Longest name of a machine that is read.
const LONGEST: usize = 255;

impl Owner {
    /// What this process says of itself in a lock file that it has made.
    pub(crate) fn describe_itself(lock_file: &Metadata) -> String {
        let user = user(lock_file).map_or_else(String::new, |user| user.to_string());
        let process = std::process::id();
        format!("{process}\n{user}\n{}\n", host().unwrap_or_default())
    }

    /// What the lock file of a process says.
    pub(crate) fn read(lock_file: &Path, is_alive: bool) -> Self {
        let text = bounded_file::start_of(lock_file, LONGEST_DESCRIPTION);
        let text = String::from_utf8_lossy(&text);
        let mut lines = text.lines();
        let mut line = || lines.next().filter(|line| !line.is_empty());
        let process_id = line().and_then(|line| line.parse().ok());
        let user_id = line().and_then(|line| line.parse().ok());
        let of_file = || user(&fs::metadata(lock_file).ok()?);
        Self {
            process_id,
            user_id: user_id.or_else(of_file),
            host: line().map(|line| line.chars().take(LONGEST).collect()),
            is_alive,
        }
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.process_id, self.user_id) {
            (None, None) => return formatter.write_str("a process that cannot be named"),
            (Some(process), _) => write!(formatter, "process {process}")?,
            (None, Some(_)) => formatter.write_str("a process")?,
        }
        if let Some(user) = self.user_id {
            write!(formatter, " of user {user}")?;
        }
        match &self.host {
            Some(host) => write!(formatter, " on {host}"),
            None => Ok(()),
        }
    }
}

#[cfg(unix)]
fn user(file: &Metadata) -> Option<u32> {
    Some(std::os::unix::fs::MetadataExt::uid(file))
}

#[cfg(not(unix))]
fn user(_: &Metadata) -> Option<u32> {
    None
}

#[cfg(target_os = "linux")]
fn host() -> Option<String> {
    let name = Path::new("/proc/sys/kernel/hostname");
    let name = bounded_file::start_of(name, LONGEST_DESCRIPTION);
    let name = String::from_utf8(name).ok()?;
    Some(name.trim().to_owned()).filter(|name| !name.is_empty())
}

#[cfg(not(target_os = "linux"))]
fn host() -> Option<String> {
    None
}
