//! What users, drivers and administrators do in the cluster in small.
#![expect(clippy::indexing_slicing, reason = "tests write into JSON of their own")]

use bund_engine::{Operation, Request, Rights, Subresource, Timestamp, decide};
use proptest::sample::Index;
use serde_json::{Value, json};

use super::{
    Holds, Source, Washing,
    cluster::{APP, BY_SELECTOR, Classes, Cluster, Key, LABEL, pick},
    facts::{CLASS, INSIDE_NODE, NAMESPACE, OUTSIDE_NODE},
};

const DECLASSIFIED: &str = "declassified.bund.dev/personal-information";
const DRIVER: &str = "disk.example.cn";
impl Cluster {
    pub(super) fn create_pod(&mut self, pod: u8, claim: u8, holds: Holds, read_only: bool) {
        let name = format!("p{pod}");
        if self.get("Pod", &name).is_some() {
            return;
        }
        let labels = match holds {
            Holds::Nothing => json!({}),
            Holds::ByLabel => json!({LABEL: ""}),
            Holds::BySelector => json!({APP: "ledger"}),
        };
        // Confined, so that its placement is never in question; a binding abroad is all the same tried.
        let region = json!({"topology.kubernetes.io/region": "cn-hangzhou"});
        let selector = if matches!(holds, Holds::Nothing) { json!({}) } else { region };
        let object = json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": name, "namespace": NAMESPACE, "labels": labels},
            "spec": {
                "nodeSelector": selector,
                "containers": [{"name": "a", "volumeMounts": [{"name": "data", "mountPath": "/data"}]}],
                "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": format!("c{claim}"), "readOnly": read_only}}]
            }
        });
        self.write(("Pod", name), object);
    }

    pub(super) fn bind_pod(&mut self, pod: u8, abroad: bool, overwriting: bool) {
        let name = format!("p{pod}");
        let Some(mut object) = self.get("Pod", &name).cloned() else { return };
        let claim =
            object["spec"]["volumes"][0]["persistentVolumeClaim"]["claimName"].as_str().map(str::to_owned);
        let mounted = claim.and_then(|claim| self.disk_of(&claim)).is_some();
        if !mounted || object["spec"]["nodeName"].is_string() {
            return;
        }
        let node = if abroad { OUTSIDE_NODE } else { INSIDE_NODE };
        let labels = if overwriting { json!({APP: "public"}) } else { json!({}) };
        let request = Request {
            operation: Operation::Create,
            subresource: Some(Subresource::Binding),
            namespace: Some(NAMESPACE.to_owned()),
            name: Some(name.clone()),
            object: Some(json!({
                "apiVersion": "v1", "kind": "Binding", "metadata": {"name": name, "labels": labels},
                "target": {"kind": "Node", "name": node}
            })),
            old_object: None,
            rights: Rights::default(),
        };
        if !decide(&request, &self.seen, Timestamp::UNIX_EPOCH).response().allowed {
            return;
        }
        let mut memory = Classes::new();
        if object["metadata"]["labels"].get(LABEL).is_some() {
            memory.insert(CLASS);
        }
        if object["metadata"]["labels"][APP] == "ledger" {
            memory.insert(BY_SELECTOR);
        }
        if overwriting {
            object["metadata"]["labels"][APP] = "public".into();
        }
        object["spec"]["nodeName"] = node.into();
        self.store(("Pod", name.clone()), object);
        self.running.insert(name, memory);
    }

    pub(super) fn create_claim(&mut self, claim: u8, from: Source) {
        let name = format!("c{claim}");
        if self.get("PersistentVolumeClaim", &name).is_some() {
            return;
        }
        let mut spec = json!({"storageClassName": "disks"});
        match from {
            Source::Nothing => {}
            Source::Claim(of) => {
                spec["dataSource"] = json!({"kind": "PersistentVolumeClaim", "name": format!("c{of}")});
            }
            Source::Snapshot(of) => {
                spec["dataSourceRef"] = json!({"apiGroup": "snapshot.storage.k8s.io", "kind": "VolumeSnapshot", "name": format!("s{of}")});
            }
        }
        self.write(("PersistentVolumeClaim", name.clone()), claim_object(&name, &spec));
    }

    /// A driver makes a volume for a claim and copies into it what the claim names.
    pub(super) fn provision(&mut self, claim: u8) {
        let name = format!("c{claim}");
        let Some(mut object) = self.get("PersistentVolumeClaim", &name).cloned() else { return };
        if object["spec"]["volumeName"].is_string() {
            return;
        }
        let spec = &object["spec"];
        let copied = if let Some(of) = spec["dataSource"]["name"].as_str() {
            match self.disk_of(of) {
                Some(disk) => self.disks.get(&disk).cloned().unwrap_or_default(),
                None => return,
            }
        } else if let Some(of) = spec["dataSourceRef"]["name"].as_str() {
            let content = self.get("VolumeSnapshot", of).map(|snapshot| snapshot["status"].clone());
            let content = content
                .and_then(|status| status["boundVolumeSnapshotContentName"].as_str().map(str::to_owned));
            match content {
                Some(content) => self.disks.get(&format!("snap-{content}")).cloned().unwrap_or_default(),
                None => return,
            }
        } else {
            Classes::new()
        };
        let volume = self.fresh("pv");
        let handle = format!("disk-{volume}");
        self.disks.insert(handle.clone(), copied);
        let made = volume_object(&volume, &handle, &json!({"namespace": NAMESPACE, "name": name}));
        self.write(("PersistentVolume", volume.clone()), made);
        object["spec"]["volumeName"] = volume.into();
        self.write(("PersistentVolumeClaim", name), object);
    }

    /// An administrator makes a released volume available again.
    pub(super) fn let_go(&mut self, volume: Index) {
        let Some(name) = pick(volume, &self.names("PersistentVolume")) else { return };
        self.mark_all();
        let Some(mut object) = self.get("PersistentVolume", &name).cloned() else { return };
        let claim = object["spec"]["claimRef"]["name"].as_str().unwrap_or_default().to_owned();
        if self.get("PersistentVolumeClaim", &claim).is_none() {
            object["spec"]["claimRef"] = Value::Null;
            self.write(("PersistentVolume", name), object);
        }
    }

    pub(super) fn bind_volume(&mut self, volume: Index, claim: u8) {
        let (Some(volume), claim) = (pick(volume, &self.names("PersistentVolume")), format!("c{claim}"))
        else {
            return;
        };
        let Some(mut kept) = self.get("PersistentVolume", &volume).cloned() else { return };
        let Some(mut claiming) = self.get("PersistentVolumeClaim", &claim).cloned() else { return };
        let copies =
            claiming["spec"].get("dataSource").or_else(|| claiming["spec"].get("dataSourceRef")).is_some();
        if !kept["spec"]["claimRef"].is_null() || claiming["spec"]["volumeName"].is_string() || copies {
            return;
        }
        kept["spec"]["claimRef"] = json!({"namespace": NAMESPACE, "name": claim});
        if self.write(("PersistentVolume", volume.clone()), kept) {
            claiming["spec"]["volumeName"] = volume.into();
            self.write(("PersistentVolumeClaim", claim), claiming);
        }
    }

    /// An administrator makes a second volume of the same disk.
    pub(super) fn alias(&mut self, volume: Index) {
        let Some(of) = pick(volume, &self.names("PersistentVolume")) else { return };
        let Some(handle) =
            self.get("PersistentVolume", &of).map(|of| of["spec"]["csi"]["volumeHandle"].clone())
        else {
            return;
        };
        let name = self.fresh("pv");
        let handle = handle.as_str().unwrap_or_default().to_uppercase();
        // Drivers do not mind in which case a handle is written; the model knows the disk by the first spelling.
        let object = volume_object(&name, &handle.to_lowercase(), &Value::Null);
        self.write(("PersistentVolume", name), object);
        self.mark_all();
    }

    pub(super) fn take_snapshot(&mut self, snapshot: u8, claim: u8) {
        let (name, claim) = (format!("s{snapshot}"), format!("c{claim}"));
        let Some(disk) = self.disk_of(&claim).filter(|_| self.get("VolumeSnapshot", &name).is_none()) else {
            return;
        };
        let content = self.fresh("content");
        let mut object = json!({
            "apiVersion": "snapshot.storage.k8s.io/v1", "kind": "VolumeSnapshot",
            "metadata": {"name": name, "namespace": NAMESPACE, "labels": {}},
            "spec": {"source": {"persistentVolumeClaimName": claim}}
        });
        if !self.write(("VolumeSnapshot", name.clone()), object.clone()) {
            return;
        }
        if let Some(stored) = self.get("VolumeSnapshot", &name) {
            object = stored.clone();
        }
        let handle = format!("snap-{content}");
        let on_disk = self.disks.get(&disk).cloned().unwrap_or_default();
        self.disks.insert(handle.clone(), on_disk);
        let made = json!({
            "apiVersion": "snapshot.storage.k8s.io/v1", "kind": "VolumeSnapshotContent",
            "metadata": {"name": content, "labels": {}},
            "spec": {"driver": DRIVER, "volumeSnapshotRef": {"namespace": NAMESPACE, "name": name}, "source": {"volumeHandle": disk}},
            "status": {"snapshotHandle": handle}
        });
        self.write(("VolumeSnapshotContent", content.clone()), made);
        object["status"] = json!({"boundVolumeSnapshotContentName": content});
        self.store(("VolumeSnapshot", name), object);
    }

    /// Somebody who may not declassify tries to.
    pub(super) fn wash(&mut self, object: Index, how: Washing) {
        let keys: Vec<Key> = self.objects.keys().cloned().collect();
        let Some(key) = pick(object, &keys) else { return };
        let Some(mut object) = self.objects.get(&key).cloned() else { return };
        match how {
            Washing::DropLabels => object["metadata"]["labels"] = json!({}),
            Washing::Relabel => object["metadata"]["labels"][APP] = "public".into(),
            Washing::Declassify => object["metadata"]["annotations"][DECLASSIFIED] = "it is mine".into(),
        }
        self.write(key, object);
    }
}

fn claim_object(name: &str, spec: &Value) -> Value {
    json!({
        "apiVersion": "v1", "kind": "PersistentVolumeClaim",
        "metadata": {"name": name, "namespace": NAMESPACE, "labels": {}}, "spec": spec
    })
}

fn volume_object(name: &str, handle: &str, claim: &Value) -> Value {
    json!({
        "apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name, "labels": {}},
        "spec": {
            "csi": {"driver": DRIVER, "volumeHandle": handle}, "claimRef": claim,
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [
                {"key": "topology.kubernetes.io/region", "operator": "In", "values": ["cn-hangzhou"]}
            ]}]}}
        }
    })
}
