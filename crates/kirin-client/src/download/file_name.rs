//! Names of files, made of what a server says.

/// Most characters of a name: it leaves room for what is added to it.
const MAX_LENGTH: usize = 100;

/// Names that mean devices on Windows, whatever follows after a dot.
const RESERVED: [&str; 4] = ["con", "prn", "aux", "nul"];

/// A plain file name made of a task's id or of another word of a server. It names no other folder,
/// no device and no hidden file, and has at most 101 bytes: ASCII letters, digits, `-`, `_` and `.`.
///
/// ```
/// use kirin_client::file_name;
///
/// assert_eq!(file_name("d5u5obte8783ap44qtj0"), "d5u5obte8783ap44qtj0");
/// assert_eq!(file_name("../../etc/passwd"), "_.._etc_passwd");
/// assert_eq!(file_name(&"x".repeat(300)).len(), 100);
/// ```
pub fn file_name(text: &str) -> String {
    let plain = |character: char| character.is_ascii_alphanumeric() || "-_.".contains(character);
    let name: String = text
        .chars()
        .map(|character| if plain(character) { character } else { '_' })
        .take(MAX_LENGTH)
        .collect();
    match name.trim_matches('.') {
        "" => "video".into(),
        name if is_reserved(name) => format!("_{name}"),
        name => name.into(),
    }
}

fn is_reserved(name: &str) -> bool {
    let stem = name
        .split('.')
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    let is_port = ["com", "lpt"].iter().any(|port| {
        let number = stem.strip_prefix(port).unwrap_or_default();
        number.len() == 1 && number.bytes().all(|digit| digit.is_ascii_digit())
    });
    is_port || RESERVED.contains(&stem.as_str())
}
