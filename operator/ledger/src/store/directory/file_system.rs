//! Which file systems can hold a log.

use std::path::Path;

/// Why a directory cannot hold a log.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "it is on {0}, which does not promise that a file is created once and is durable after a sync: use a disk of this \
     machine or a block volume, or a bucket (`s3://…`)"
)]
pub(super) struct Unsuitable(&'static str);

/// File systems over a network or in another process, by the number that statfs tells. CephFS keeps what it promises.
const UNSUITABLE: [(u64, &str); 11] = [
    (0x6969, "NFS"),
    (0x517B, "SMB"),
    (0xFF53_4D42, "CIFS"),
    (0xFE53_4D42, "SMB"),
    (0x6573_5546, "FUSE"),
    (0x0102_1997, "9p"),
    (0x5346_414F, "AFS"),
    (0x7375_7245, "Coda"),
    (0x564C, "NCP"),
    (0x786F_4256, "a folder shared by VirtualBox"),
    (0xBACB_ACBC, "a folder shared by VMware"),
];

/// File systems whose files go with the machine or the container.
const PASSING: [(u64, &str); 3] =
    [(0x0102_1994, "tmpfs"), (0x8584_58F6, "ramfs"), (0x794C_7630, "overlayfs")];

fn judge(magic: u64) -> Result<(), Unsuitable> {
    let named = |table: &[(u64, &'static str)]| {
        table.iter().find(|(number, _)| *number == magic).map(|(_, name)| *name)
    };
    if let Some(name) = named(&PASSING) {
        tracing::warn!("the ledger is on {name}: it is lost with this machine or container");
    }
    named(&UNSUITABLE).map_or(Ok(()), |name| Err(Unsuitable(name)))
}

#[cfg(target_os = "linux")]
pub(super) fn check(root: &Path) -> std::io::Result<()> {
    let magic = u64::try_from(rustix::fs::statfs(root)?.f_type).unwrap_or_default();
    judge(magic).map_err(std::io::Error::other)
}

#[cfg(not(target_os = "linux"))]
pub(super) fn check(_: &Path) -> std::io::Result<()> {
    judge(0).map_err(std::io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_can_hold_a_log_and_a_network_cannot() {
        assert_eq!(judge(0x6969), Err(Unsuitable("NFS")));
        assert_eq!(judge(0x6573_5546), Err(Unsuitable("FUSE")));
        // ext4, XFS, btrfs, CephFS, tmpfs
        for disk in [0xEF53, 0x5846_5342, 0x9123_683E, 0x00C3_6400, 0x0102_1994] {
            assert_eq!(judge(disk), Ok(()));
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_is_asked_is_the_file_system_of_the_directory() {
        assert!(check(Path::new("/nowhere")).is_err());
        check(&std::env::temp_dir()).unwrap();
    }
}
