//! Files that are there whole or not at all.

use std::{
    fs::File,
    io::{self, Write},
    path::Path,
};

/// How to treat an existing file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IfExists {
    Refuse,
    Replace,
}

/// Writes a file whole or not at all; where the file system can give no name without replacing another, what
/// a crash leaves may be a part of it.
pub(crate) fn write_whole(output: &Path, content: &[u8], if_exists: IfExists) -> io::Result<()> {
    let folder = match output.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    // It is for others to see, as far as the umask says.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(content)?;
    if output.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    let named = match if_exists {
        IfExists::Refuse => file.persist_noclobber(output),
        IfExists::Replace => file.persist(output),
    };
    match named {
        // A file system that can neither rename without replacing nor link.
        Err(error)
            if if_exists == IfExists::Refuse
                && error.error.kind() != io::ErrorKind::AlreadyExists =>
        {
            let mut file = File::create_new(output)?;
            file.write_all(content)
        }
        named => Ok(named.map(drop)?),
    }
}
