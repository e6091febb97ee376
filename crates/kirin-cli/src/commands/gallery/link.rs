//! Relative URLs of files, as the page of one folder names the files of another.

use std::{io, path::Path};

use crate::url_path::encode_segment;

/// The relative URL from one existing folder to another: empty, or with `/` at the end.
pub(super) fn relative_url(from: &Path, to: &Path) -> io::Result<String> {
    let (from, to) = (from.canonicalize()?, to.canonicalize()?);
    let (from, to): (Vec<_>, Vec<_>) = (from.components().collect(), to.components().collect());
    let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    if shared == 0 {
        return Err(io::Error::other("it is on another drive than the videos"));
    }
    let down = to[shared..]
        .iter()
        .map(|part| encode_segment(part.as_os_str()) + "/");
    Ok("../".repeat(from.len() - shared) + &down.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_lead_to_each_other() {
        let root = tempfile::tempdir().unwrap();
        let at = |path: &str| root.path().join(path);
        std::fs::create_dir_all(at("pages/new")).unwrap();
        std::fs::create_dir_all(at("my videos")).unwrap();
        for (from, to, link) in [
            ("my videos", "my videos", ""),
            (".", "my videos", "my%20videos/"),
            ("pages/new", "my videos", "../../my%20videos/"),
            ("pages/new", ".", "../../"),
        ] {
            assert_eq!(
                relative_url(&at(from), &at(to)).unwrap(),
                link,
                "{from} to {to}"
            );
        }
    }
}
