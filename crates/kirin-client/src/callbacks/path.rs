//! The path that only the service knows.

use sha2::{Digest, Sha256};

/// A path no one can guess. It has no `Debug`, because whoever knows it can wake.
pub(super) struct SecretPath {
    token: String,
    hash: [u8; 32],
}

impl SecretPath {
    pub(super) fn new(token: String) -> Self {
        Self {
            hash: hash(&token),
            token,
        }
    }

    /// The URL of it below a base.
    pub(super) fn below(&self, base: &str) -> String {
        format!("{}/{}", base.trim_end_matches('/'), self.token)
    }

    /// Whether a path ends in the token: a proxy may have taken the folders before it away, or not.
    ///
    /// Hashes are compared, so the time it takes tells nothing of the token: no one can choose the
    /// beginning of a hash.
    pub(super) fn is(&self, path: &str) -> bool {
        path.rsplit('/')
            .next()
            .is_some_and(|last| hash(last) == self.hash)
    }
}

fn hash(text: &str) -> [u8; 32] {
    Sha256::digest(text).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_token_at_the_end_of_a_path_is_right() {
        fn check(path: &str, expected: bool) {
            assert_eq!(SecretPath::new("0a1b".into()).is(path), expected, "{path}");
        }
        check("/0a1b", true);
        check("/hooks/0a1b", true);
        check("0a1b", true);
        for wrong in [
            "", "/", "*", "/0a1", "/0a1bc", "/0A1B", "/0a1b/", "/0a1b/x", "/%30a1b",
        ] {
            check(wrong, false);
        }
    }
}
