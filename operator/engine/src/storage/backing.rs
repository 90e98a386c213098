//! What a volume lies on, in a form in which two spellings of one thing are equal.

use alloc::{
    boxed::Box,
    format,
    string::{String, ToString},
    vec::Vec,
};

use crate::address::Host;

/// What a volume lies on. Two volumes that lie on the same thing hold the same data, whatever they are called.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Backing {
    /// A disk or share that a driver knows by a handle.
    Handle {
        /// The CSI driver. Disks that Kubernetes once mounted itself have the driver that mounts them now.
        driver: Box<str>,
        /// The handle, in lower case.
        handle: Box<str>,
    },
    /// A snapshot that a driver knows by a handle.
    Snapshot {
        /// The CSI driver.
        driver: Box<str>,
        /// The handle, in lower case.
        handle: Box<str>,
    },
    /// A directory that a server shares.
    Share {
        /// The server.
        host: Box<str>,
        /// The directory, without detours.
        path: Box<str>,
    },
    /// A bucket of an object store.
    Bucket(Box<str>),
    /// A directory of nodes.
    NodePath {
        /// Which nodes: what the volume's node affinity says, as text. Empty for any node.
        nodes: Box<str>,
        /// The directory, without detours.
        path: Box<str>,
    },
}

/// What backings must have in common before their paths are compared.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BackingKey {
    /// Alike only where they are equal.
    Exact(Backing),
    /// The directories of one server.
    Server(Box<str>),
    /// The directories of nodes.
    Nodes,
}

impl Backing {
    /// The backing of `handle` with `driver`.
    pub(crate) fn handle(driver: &str, handle: &str) -> Self {
        Self::Handle { driver: driver.to_ascii_lowercase().into(), handle: of_driver(driver, handle) }
    }

    /// The snapshot of `handle` with `driver`.
    pub(crate) fn snapshot(driver: &str, handle: &str) -> Self {
        Self::Snapshot { driver: driver.to_ascii_lowercase().into(), handle: of_driver(driver, handle) }
    }

    /// The directory `path` of `server`.
    pub(crate) fn share(server: &str, path: &str) -> Self {
        let server = server.trim();
        let named = Host::of(server).ok().filter(|_| !server.contains('/'));
        let host = named.map_or_else(|| server.to_ascii_lowercase(), |host| host.to_string());
        Self::Share { host: host.into(), path: without_detours(path) }
    }

    /// The directory `path` of the nodes that `nodes` tells.
    pub(crate) fn node_path(nodes: &str, path: &str) -> Self {
        Self::NodePath { nodes: nodes.into(), path: without_detours(path) }
    }

    /// Under which backings that may be alike are found.
    pub(crate) fn key(&self) -> BackingKey {
        match self {
            Self::Share { host, path: _ } => BackingKey::Server(host.clone()),
            Self::NodePath { .. } => BackingKey::Nodes,
            Self::Handle { .. } | Self::Snapshot { .. } | Self::Bucket(_) => BackingKey::Exact(self.clone()),
        }
    }

    /// Whether data of one may be found in the other: the same thing, or one directory in the other. A directory
    /// that is not tied to certain nodes may be on any.
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Share { host: a, path: one }, Self::Share { host: b, path: two }) => {
                a == b && nested(one, two)
            }
            (Self::NodePath { nodes: a, path: one }, Self::NodePath { nodes: b, path: two }) => {
                (a == b || a.is_empty() || b.is_empty()) && nested(one, two)
            }
            _ => self == other,
        }
    }
}

/// Drivers whose handles end in the disk's own name, after its place in the cloud.
const NAMED_LAST: [&str; 2] = ["ebs.csi.aws.com", "pd.csi.storage.gke.io"];

fn of_driver(driver: &str, handle: &str) -> Box<str> {
    let handle = handle.trim().to_ascii_lowercase();
    let last = handle.rsplit('/').next().unwrap_or_default();
    let named_last = NAMED_LAST.iter().any(|known| known.eq_ignore_ascii_case(driver));
    if named_last { last.into() } else { handle.into() }
}

/// A path with one slash between its members, without `.` and `..`, as the kernel would follow it where nothing is
/// a link.
pub(crate) fn without_detours(path: &str) -> Box<str> {
    let mut members: Vec<&str> = Vec::new();
    for member in path.split('/') {
        match member {
            "" | "." => {}
            ".." => drop(members.pop()),
            member => members.push(member),
        }
    }
    format!("/{}", members.join("/")).into()
}

/// Whether one directory is the other or lies in it.
pub(crate) fn nested(one: &str, two: &str) -> bool {
    let within = |outer: &str, inner: &str| {
        let outer = outer.trim_end_matches('/');
        inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    within(one, two) || within(two, one)
}

/// The strings of a JSON value, in order: what identifies a volume of a kind that has no form of its own here.
pub(crate) fn text_of(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => text.to_ascii_lowercase(),
        serde_json::Value::Number(number) => number.to_string(),
        serde_json::Value::Array(elements) => elements.iter().map(text_of).collect::<Vec<_>>().join(","),
        serde_json::Value::Object(members) => {
            let told = |(name, member): (&String, &serde_json::Value)| {
                let kept =
                    !matches!(name.as_str(), "readOnly" | "fsType" | "secretRef" | "user" | "partition");
                kept.then(|| format!("{name}={}", text_of(member)))
            };
            members.iter().filter_map(told).collect::<Vec<_>>().join("/")
        }
        serde_json::Value::Null | serde_json::Value::Bool(_) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_spellings_of_one_disk_are_one() {
        let csi = Backing::handle("ebs.csi.aws.com", "vol-0A1");
        assert_eq!(csi, Backing::handle("ebs.csi.aws.com", "aws://cn-north-1a/vol-0a1"));
        assert_ne!(csi, Backing::handle("other.csi.example.cn", "vol-0a1"));
        let share = Backing::share("NFS.example.cn.", "/exports//orders/../orders/");
        assert_eq!(share, Backing::share("nfs.example.cn", "/exports/orders"));
    }

    #[test]
    fn a_directory_overlaps_with_what_lies_in_it() {
        let overlaps = |one: &str, two: &str| {
            let share = |path| Backing::share("nfs.example.cn", path);
            assert_eq!(share(one).overlaps(&share(two)), share(two).overlaps(&share(one)));
            share(one).overlaps(&share(two))
        };
        assert!(overlaps("/exports", "/exports/orders"));
        assert!(overlaps("/", "/exports"));
        assert!(!overlaps("/exports/orders", "/exports/orders-old"));
        assert!(!overlaps("/exports/a", "/exports/b"));
    }

    #[test]
    fn the_same_path_of_other_nodes_is_another_disk() {
        let disk = |nodes| Backing::node_path(nodes, "/mnt/disks/ssd1");
        assert!(!disk("node-a").overlaps(&disk("node-b")));
        assert!(disk("node-a").overlaps(&disk("")));
    }
}
