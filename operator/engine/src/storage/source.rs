//! The source of a volume, of a PersistentVolume and of a pod's inline volume alike: what it lies on, and which
//! places it names.

use alloc::{boxed::Box, format, vec::Vec};

use serde_json::Value;

use super::{
    backing::{Backing, text_of},
    parameters::{self, PlaceKind},
};
use crate::FieldPath;

/// A place that a field names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The field.
    pub field: FieldPath,
    /// What its text is.
    pub kind: PlaceKind,
    /// The text.
    pub text: Box<str>,
}

/// Where what is written to a volume stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lasting {
    /// In storage that outlives the pod.
    InStorage,
    /// On the node that the pod runs on.
    OnNode,
    /// Nowhere: it goes with the pod.
    WithPod,
}

/// The source of a volume.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VolumeSource {
    /// The member that holds it.
    pub at: FieldPath,
    /// What the volume lies on.
    pub backings: Vec<Backing>,
    /// The places that it names.
    pub places: Vec<Named>,
    /// Where what is written stays.
    pub lasting: Lasting,
    /// Whether it says where the data lies, in a way that whatever mounts it follows.
    pub says_where: SaysWhere,
}

/// Whether something says where data lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SaysWhere {
    /// It does.
    Yes,
    /// It does not: places that it names may be ignored.
    No,
}

/// Text by text, in order of the first.
pub(crate) type Pairs = Vec<(Box<str>, Box<str>)>;

/// Kinds of source that have no form of their own here: whatever they say tells which volume it is.
const OTHERS: [&str; 12] = [
    "cinder",
    "fc",
    "flexVolume",
    "flocker",
    "glusterfs",
    "photonPersistentDisk",
    "portworxVolume",
    "quobyte",
    "scaleIO",
    "storageos",
    "vsphereVolume",
    "azureFile",
];

/// The source under `member` of a volume at `at`; `nodes` tells to which nodes the volume is tied. `None` where the
/// member is no source that lasts or names a place.
pub(crate) fn source(member: &str, value: &Value, at: &FieldPath, nodes: &str) -> Option<VolumeSource> {
    if value.is_null() {
        return None;
    }
    let at = at.key(member);
    let text = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default();
    let mut source = VolumeSource {
        at: at.clone(),
        backings: Vec::new(),
        places: Vec::new(),
        lasting: Lasting::InStorage,
        says_where: SaysWhere::No,
    };
    match member {
        "csi" => csi(value, &mut source),
        "nfs" => {
            source.backings.push(Backing::share(text("server"), text("path")));
            source.places.push(host(&at, "server", text("server")));
        }
        "cephfs" => {
            let monitors = hosts(value, &at, "monitors");
            source.backings.push(Backing::share(&of_hosts(&monitors), text("path")));
            source.places = monitors;
        }
        "rbd" => {
            let pool = if text("pool").is_empty() { "rbd" } else { text("pool") };
            source.backings.push(Backing::handle("rbd", &format!("{pool}/{}", text("image"))));
            source.places = hosts(value, &at, "monitors");
        }
        "iscsi" => {
            let lun = value.get("lun").map(text_of).unwrap_or_default();
            source.backings.push(Backing::handle("iscsi", &format!("{}/{lun}", text("iqn"))));
            source.places = hosts(value, &at, "portals");
            source.places.push(host(&at, "targetPortal", text("targetPortal")));
        }
        "awsElasticBlockStore" => disk("ebs.csi.aws.com", "volumeID", text("volumeID"), &mut source),
        "gcePersistentDisk" => disk("pd.csi.storage.gke.io", "pdName", text("pdName"), &mut source),
        "azureDisk" => disk("disk.csi.azure.com", "diskURI", text("diskURI"), &mut source),
        "hostPath" | "local" => {
            // A socket or a device of the node's own keeps nothing.
            let keeps = !matches!(text("type"), "Socket" | "CharDevice");
            source.lasting = if keeps { Lasting::OnNode } else { Lasting::WithPod };
            source.backings.push(Backing::node_path(nodes, text("path")));
        }
        other if OTHERS.contains(&other) => {
            source.backings.push(Backing::handle(other, &text_of(value)));
            let options = value.get("options").map(pairs).unwrap_or_default();
            named(&options, &at.key("options"), &mut source.places);
            for name in ["registry", "server", "datacenter", "gateway"] {
                if !text(name).is_empty() {
                    source.places.push(host(&at, name, text(name)));
                }
            }
        }
        _ => return None,
    }
    source.places.retain(|place| !place.text.is_empty());
    if member != "csi" && !source.places.is_empty() {
        source.says_where = SaysWhere::Yes;
    }
    Some(source)
}

fn csi(value: &Value, source: &mut VolumeSource) {
    let text = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default();
    let attributes = value.get("volumeAttributes").map(pairs).unwrap_or_default();
    named(&attributes, &source.at.key("volumeAttributes"), &mut source.places);
    let get = |names: &[&str]| {
        let is = |key: &str| names.iter().any(|name| name.eq_ignore_ascii_case(key));
        attributes.iter().find(|(key, _)| is(key)).map(|(_, value)| value.as_ref())
    };
    let path = get(&["share", "path", "rootPath", "subvolumePath", "shareName"]).unwrap_or_default();
    let below = get(&["subDir", "subPath"]).unwrap_or_default();
    let server = get(&["server", "nfsServer", "source", "clusterID", "storageAccount"]);
    if let Some(server) = server.filter(|_| !path.is_empty()) {
        source.backings.push(Backing::share(server, &format!("{path}/{below}")));
    }
    if let Some(bucket) = get(&["bucket", "bucketName"]) {
        source.backings.push(Backing::Bucket(bucket.to_ascii_lowercase().into()));
    }
    let handle = text("volumeHandle");
    if handle.is_empty() {
        // Of an inline volume: unless it names something that is shared, it is made for the pod and goes with it.
        let shared = !source.backings.is_empty() || !source.places.is_empty();
        source.lasting = if shared { Lasting::InStorage } else { Lasting::WithPod };
    } else {
        source.backings.push(Backing::handle(text("driver"), handle));
        let named_before = source.places.len();
        in_handle(handle, &source.at.key("volumeHandle"), &mut source.places);
        if source.places.len() > named_before {
            source.says_where = SaysWhere::Yes;
        }
    }
    if says_where(text("driver"), &attributes) {
        source.says_where = SaysWhere::Yes;
    }
}

/// Whether a driver is told where data lies, by keys that it reads.
pub(crate) fn says_where(driver: &str, parameters: &[(Box<str>, Box<str>)]) -> bool {
    parameters::says_where(driver, parameters.iter().map(|(key, value)| (key.as_ref(), value.as_ref())))
}

/// The places that mount options name.
pub(crate) fn in_mount_options(options: Option<&Value>, at: &FieldPath, places: &mut Vec<Named>) {
    let options = options.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let at = at.key("mountOptions");
    for (index, option) in options.enumerate() {
        let named = parameters::places(core::iter::once(("mountOptions", option)));
        places.extend(named.into_iter().map(|place| Named {
            field: at.index(index),
            kind: place.kind,
            text: place.text.into(),
        }));
    }
}

fn disk(driver: &str, member: &str, id: &str, source: &mut VolumeSource) {
    source.backings.push(Backing::handle(driver, id));
    in_handle(id, &source.at.key(member), &mut source.places);
}

/// The places in a handle: `aws://<zone>/<disk>`, `projects/<p>/zones/<zone>/disks/<disk>`,
/// `arn:aws-cn:<service>:<region>:…`.
pub(crate) fn in_handle(handle: &str, at: &FieldPath, places: &mut Vec<Named>) {
    let mut push = |kind, text: &str| {
        if !text.is_empty() && text != "global" {
            places.push(Named { field: at.clone(), kind, text: text.into() });
        }
    };
    if let Some(rest) = handle.strip_prefix("aws://") {
        push(PlaceKind::Zone, rest.trim_start_matches('/').split('/').next().unwrap_or_default());
    }
    if let Some(rest) = handle.strip_prefix("arn:") {
        push(PlaceKind::Region, rest.split(':').nth(2).unwrap_or_default());
    }
    let mut members = handle.split('/');
    while let Some(member) = members.next() {
        match member.to_ascii_lowercase().as_str() {
            "zones" => push(PlaceKind::Zone, members.next().unwrap_or_default()),
            "regions" | "locations" => {
                push(PlaceKind::RegionOrZone, members.next().unwrap_or_default());
            }
            _ => {}
        }
    }
}

/// The members of a map whose values are text.
pub(crate) fn pairs(map: &Value) -> Pairs {
    let told = |(key, value): (&alloc::string::String, &Value)| {
        let text = value.as_str().map_or_else(|| text_of(value), alloc::string::String::from);
        (Box::from(key.as_str()), Box::from(text))
    };
    map.as_object().into_iter().flatten().map(told).collect()
}

/// The places that a map of parameters names.
pub(crate) fn named(parameters: &[(Box<str>, Box<str>)], at: &FieldPath, places: &mut Vec<Named>) {
    let pairs = parameters.iter().map(|(key, value)| (key.as_ref(), value.as_ref()));
    places.extend(parameters::places(pairs).into_iter().map(|place| Named {
        field: at.key(place.key),
        kind: place.kind,
        text: place.text.into(),
    }));
}

fn host(at: &FieldPath, member: &str, text: &str) -> Named {
    Named { field: at.key(member), kind: PlaceKind::Host, text: text.into() }
}

fn hosts(value: &Value, at: &FieldPath, member: &str) -> Vec<Named> {
    let list = value.get(member).and_then(Value::as_array).into_iter().flatten();
    let at = at.key(member);
    let named = list.enumerate().filter_map(|(index, host)| {
        Some(Named { field: at.index(index), kind: PlaceKind::Host, text: host.as_str()?.into() })
    });
    named.collect()
}

fn of_hosts(hosts: &[Named]) -> alloc::string::String {
    let mut hosts: Vec<&str> = hosts.iter().map(|host| host.text.as_ref()).collect();
    hosts.sort_unstable();
    hosts.join(",")
}
