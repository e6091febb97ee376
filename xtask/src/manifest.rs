//! Reading the few lines of a `Cargo.toml` that the checks need.
//!
//! Not a parser of TOML: it knows tables and single lines, which is how the manifests here are
//! written. A manifest written otherwise is reported, never passed over.

/// The text of `key` in the table `[table]`, without its comment.
pub(crate) fn value<'text>(text: &'text str, table: &str, key: &str) -> Option<&'text str> {
    let mut current = "";
    for line in text.lines() {
        let line = line.split(" #").next().unwrap_or(line).trim();
        if let Some(name) = line
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
        {
            current = name.trim();
            continue;
        }
        let Some((name, value)) = line.split_once('=') else {
            continue;
        };
        if current == table && name.trim() == key {
            return Some(value.trim());
        }
    }
    None
}

/// Whether `key` of the package comes from the workspace.
pub(crate) fn inherits(text: &str, key: &str) -> bool {
    value(text, "package", &format!("{key}.workspace")) == Some("true")
        || value(text, "package", key) == Some("{ workspace = true }")
}

/// Whether the workspace's lints hold for the package.
pub(crate) fn inherits_lints(text: &str) -> bool {
    value(text, "lints", "workspace") == Some("true")
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = "[package]\nname = \"a\" # ours\nlicense.workspace = true\n\
        [dependencies]\nname = \"b\"\n[lints]\nworkspace = true\n";

    #[test]
    fn values_are_looked_up_in_their_table() {
        assert_eq!(value(MANIFEST, "package", "name"), Some("\"a\""));
        assert_eq!(value(MANIFEST, "dependencies", "name"), Some("\"b\""));
        assert_eq!(value(MANIFEST, "features", "name"), None);
        assert!(inherits(MANIFEST, "license"));
        assert!(!inherits(MANIFEST, "rust-version"));
    }

    #[test]
    fn lints_are_inherited_only_when_it_says_so() {
        assert!(inherits_lints(MANIFEST));
        assert!(!inherits_lints("[package]\nworkspace = true\n"));
        assert!(!inherits_lints("[lints]\n# workspace = true\n"));
    }
}
