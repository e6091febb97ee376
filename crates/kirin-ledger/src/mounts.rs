//! Whether a file is mounted by itself. SQLite keeps its log beside the name of a file, and locks the
//! file: two names in two folders are one file with two logs, and neither knows of the other.

use std::path::Path;

/// Whether something is mounted at exactly this path, which has no symbolic links in it.
///
/// The kernel says it of a file since Linux 5.8; the list of mounts says it on an older one.
#[cfg(target_os = "linux")]
pub(crate) fn is_mount_point(path: &Path) -> bool {
    use std::os::unix::ffi::OsStrExt as _;

    is_root_of_a_mount(path).unwrap_or_else(|| lists(&list(), path.as_os_str().as_bytes()))
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn is_mount_point(_: &Path) -> bool {
    false
}

/// The fifth field of a mount is where it is.
#[cfg(any(target_os = "linux", test))]
const PLACE: usize = 4;

/// What the kernel says of it, if it says it.
#[cfg(target_os = "linux")]
fn is_root_of_a_mount(path: &Path) -> Option<bool> {
    use rustix::fs::{AtFlags, CWD, StatxAttributes, StatxFlags, statx};

    const ROOT: StatxAttributes = StatxAttributes::MOUNT_ROOT;
    let found = statx(CWD, path, AtFlags::SYMLINK_NOFOLLOW, StatxFlags::TYPE).ok()?;
    let is_said = found.stx_attributes_mask.contains(ROOT);
    is_said.then_some(found.stx_attributes.contains(ROOT))
}

/// The name of the type of file system that a path is on, which has no symbolic links in it.
#[cfg(target_os = "linux")]
pub(crate) fn file_system(path: &Path) -> Option<String> {
    use std::os::unix::ffi::OsStrExt as _;

    type_at(&list(), path.as_os_str().as_bytes())
}

/// The mounts that this process sees, as proc(5) describes `mountinfo`.
#[cfg(target_os = "linux")]
fn list() -> Vec<u8> {
    const LONGEST: u64 = 16 << 20;
    crate::bounded_file::start_of(Path::new("/proc/self/mountinfo"), LONGEST)
}

/// The type of the mount that a path is below, in a list of mounts. Of several at one place the last one
/// hides the others.
#[cfg(any(target_os = "linux", test))]
fn type_at(mounts: &[u8], path: &[u8]) -> Option<String> {
    let lines = mounts.split(|byte| *byte == b'\n');
    let mounts = lines.filter_map(|line| {
        let place = unescaped(line.split(|byte| *byte == b' ').nth(PLACE)?);
        let rest = path.strip_prefix(place.strip_suffix(b"/").unwrap_or(&place))?;
        let is_above = rest.is_empty() || rest.starts_with(b"/");
        is_above.then_some((place.len(), line))
    });
    let (_, line) = mounts.max_by_key(|(length, _)| *length)?;
    // Any number of fields stand before the dash, and the type stands behind it.
    let mut fields = line
        .split(|byte| *byte == b' ')
        .skip_while(|field| *field != b"-");
    let name = unescaped(fields.nth(1)?);
    Some(String::from_utf8_lossy(&name).into_owned())
}

/// Whether a list of mounts, as proc(5) describes `mountinfo`, has one at this path.
#[cfg(any(target_os = "linux", test))]
fn lists(mounts: &[u8], path: &[u8]) -> bool {
    let lines = mounts.split(|byte| *byte == b'\n');
    let mut places = lines.filter_map(|line| line.split(|byte| *byte == b' ').nth(PLACE));
    places.any(|place| unescaped(place) == path)
}

/// A field as it was before the kernel wrote spaces, tabs, ends of lines and backslashes in octal.
#[cfg(any(target_os = "linux", test))]
fn unescaped(mut field: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(field.len());
    while let Some((first, rest)) = field.split_first() {
        let escaped = match (first, rest) {
            (
                b'\\',
                [
                    high @ b'0'..=b'3',
                    middle @ b'0'..=b'7',
                    low @ b'0'..=b'7',
                    ..,
                ],
            ) => Some((high - b'0') << 6 | (middle - b'0') << 3 | (low - b'0')),
            _ => None,
        };
        text.push(escaped.unwrap_or(*first));
        field = match escaped {
            Some(_) => &rest[3..],
            None => rest,
        };
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &str = r"22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
99 22 254:0 /srv/a /data/me/kirin.sqlite3 rw,relatime shared:7 master:1 - ext4 /dev/vda rw
100 22 254:0 /srv/b /data/me/my\040ledgers/a\134b\011c\012d rw - ext4 /dev/vda rw
101 22 0:44 / /data/me/\303\244 rw - tmpfs tmpfs rw
102 22 0:45 / /data/me/odd\9\04 rw - tmpfs tmpfs rw
";

    #[test]
    fn a_mount_is_found_by_its_whole_path() {
        for (path, is_listed) in [
            ("/", true),
            ("/data/me/kirin.sqlite3", true),
            ("/data/me/kirin.sqlite", false),
            ("/data/me/kirin.sqlite3-wal", false),
            ("/srv/a", false),
            ("/data/me", false),
            ("/data/me/my ledgers/a\\b\tc\nd", true),
            (r"/data/me/my\040ledgers/a\134b\011c\012d", false),
            ("/data/me/\u{e4}", true),
            (r"/data/me/odd\9\04", true),
        ] {
            assert_eq!(
                lists(MOUNTS.as_bytes(), path.as_bytes()),
                is_listed,
                "{path:?}"
            );
        }
    }

    #[test]
    fn a_path_is_on_the_file_system_of_the_latest_mount_above_it() {
        let mounts = r"22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
30 22 0:50 / /data/me/far rw shared:7 master:1 - fuse.sshfs me@far:/ rw,user_id=0
31 22 8:1 / /data/me/stick rw - fuseblk /dev/sdb1 rw
32 22 0:51 / /mnt/vm\040share rw - virtiofs share rw
33 22 0:52 / /mnt/twice rw - nfs4 far:/ rw
34 33 254:1 / /mnt/twice rw - xfs /dev/vdb rw
";
        for (path, name) in [
            ("/data/me/ledger", "ext4"),
            ("/data/me/far/ledger", "fuse.sshfs"),
            ("/data/me/farther/ledger", "ext4"),
            ("/data/me/stick/a/ledger", "fuseblk"),
            ("/mnt/vm share/ledger", "virtiofs"),
            ("/mnt/twice/ledger", "xfs"),
        ] {
            let found = type_at(mounts.as_bytes(), path.as_bytes());
            assert_eq!(found.as_deref(), Some(name), "{path}");
        }
        assert_eq!(type_at(b"", b"/a"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_is_mounted_here_is_a_mount_point() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        assert!(is_mount_point(Path::new("/proc")));
        assert!(!is_mount_point(&file));
        // Whatever the kernel says itself, the list says the same.
        let mounts = std::fs::read("/proc/self/mountinfo").unwrap();
        assert!(lists(&mounts, b"/proc"));
        assert_ne!(is_root_of_a_mount(Path::new("/proc")), Some(false));
    }
}
