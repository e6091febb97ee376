//! Where a ledger may be.

use std::path::Path;

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

/// Whether a file is on a network file system. Where that cannot be asked, it is taken for a local
/// one.
#[cfg(target_os = "linux")]
pub(crate) fn is_network(path: &Path) -> bool {
    // The type of the number differs between platforms.
    let kind = rustix::fs::statfs(path).map(|found| found.f_type as u64 & 0xffff_ffff);
    kind.is_ok_and(|kind| NETWORK.contains(&kind))
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn is_network(_: &Path) -> bool {
    false
}
