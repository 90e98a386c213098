//! The classes by which volumes and snapshots are made.

use serde::Serialize;

/// A kind of class by which volumes or snapshots are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum ClassKind {
    /// How volumes are made.
    StorageClass,
    /// How volumes may be changed.
    VolumeAttributesClass,
    /// How snapshots are made.
    VolumeSnapshotClass,
}

impl ClassKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::StorageClass, Self::VolumeAttributesClass, Self::VolumeSnapshotClass];

    /// The kind of this group and name.
    pub fn of(group: &str, kind: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.group() == group && class.as_str() == kind)
    }

    /// The kind's group.
    pub fn group(self) -> &'static str {
        match self {
            Self::StorageClass | Self::VolumeAttributesClass => "storage.k8s.io",
            Self::VolumeSnapshotClass => super::carrier::SNAPSHOT_GROUP,
        }
    }

    /// The kind's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::StorageClass => "StorageClass",
            Self::VolumeAttributesClass => "VolumeAttributesClass",
            Self::VolumeSnapshotClass => "VolumeSnapshotClass",
        }
    }
}
