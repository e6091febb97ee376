//! Where a ledger may be.

use std::path::Path;

#[cfg(target_os = "linux")]
use crate::mounts;

/// The types of network file systems, as Linux numbers them (statfs(2)): NFS, the three of SMB, AFS,
/// Ceph, and 9P, by which virtual machines share folders.
#[cfg(target_os = "linux")]
const NETWORK: [u64; 7] = [
    0x6969,
    0x517b,
    0xfe53_4d42,
    0xff53_4d42,
    0x5346_414f,
    0x00c3_6400,
    0x0102_1997,
];

/// The types that have no number of their own, as the kernel names them: what virtual machines share with
/// their host, and file systems of several machines.
#[cfg(any(target_os = "linux", test))]
const SHARED: [&str; 22] = [
    "9p", "acfs", "afs", "beegfs", "ceph", "cifs", "coda", "drvfs", "gfs2", "gpfs", "lustre",
    "ncpfs", "nfs", "nfs4", "ocfs2", "orangefs", "panfs", "prl_fs", "smb3", "vboxsf", "virtiofs",
    "vmhgfs",
];

/// Whether a file is on a network file system, or on one that other machines may share. Where that cannot
/// be asked, it is taken for a local one.
#[cfg(target_os = "linux")]
pub(crate) fn is_network(path: &Path) -> bool {
    // The type of the number differs between platforms.
    let kind = rustix::fs::statfs(path).map(|found| found.f_type as u64 & 0xffff_ffff);
    kind.is_ok_and(|kind| NETWORK.contains(&kind))
        || mounts::file_system(path).is_some_and(|name| is_shared(&name))
}

/// What a program in user space serves (FUSE) may be anywhere, and its locks are known to this machine only;
/// what is behind most of them is a server. Only one that is made on a disk of this machine is called by
/// another name.
#[cfg(any(target_os = "linux", test))]
fn is_shared(name: &str) -> bool {
    name == "fuse" || name.starts_with("fuse.") || SHARED.contains(&name)
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn is_network(_: &Path) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_other_machines_may_share_is_no_place_for_a_ledger() {
        for name in [
            "fuse",
            "fuse.sshfs",
            "fuse.rclone",
            "fuse.s3fs",
            "fuse.glusterfs",
            "fuse.fuse-overlayfs",
            "virtiofs",
            "9p",
            "nfs4",
            "cifs",
            "vboxsf",
        ] {
            assert!(is_shared(name), "{name}");
        }
        for name in [
            "fuseblk", "ext4", "btrfs", "xfs", "zfs", "tmpfs", "overlay", "vfat", "exfat", "ntfs3",
            "fusectl",
        ] {
            assert!(!is_shared(name), "{name}");
        }
    }
}
