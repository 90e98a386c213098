//! A cluster in small: the objects as the API server stores them, Bund's view of them, and the truth about the data.
#![expect(clippy::indexing_slicing, reason = "tests write into JSON of their own")]

use std::collections::{BTreeMap, BTreeSet};

use bund_engine::{
    HeldClass, Request, Snapshot, Timestamp, decide,
    snapshot::CarrierId,
    stamp::{Stamp, stamps},
};
use proptest::sample::Index;
use serde_json::{Value, json};

use super::{
    Source, Step,
    facts::{self, CLASS, OUTSIDE_NODE},
};

pub const LABEL: &str = "data-class.bund.dev/personal-information";
/// What the selector of the second class matches.
pub const APP: &str = "app";
pub const BY_SELECTOR: &str = "transactions";

/// Kind and name. Everything lives in one namespace or in none.
pub type Key = (&'static str, String);
pub type Classes = BTreeSet<&'static str>;

/// The cluster as the API server stores it, Bund's view of it, and the truth about the data.
pub struct Cluster {
    pub objects: BTreeMap<Key, Value>,
    pub seen: Snapshot,
    /// What is on each disk and snapshot, by its handle.
    pub disks: BTreeMap<String, Classes>,
    /// What each running pod has in its memory.
    pub running: BTreeMap<String, Classes>,
    made: usize,
}

impl Cluster {
    pub fn new() -> Self {
        let selected = json!({
            "apiVersion": "bund.dev/v1alpha1", "kind": "DataClass", "metadata": {"name": BY_SELECTOR},
            "spec": {"category": "FinancialTransactions",
                     "selectors": [{"objectSelector": {"matchLabels": {APP: "ledger"}}}]}
        });
        let mut policy = facts::policy("Require");
        policy["spec"]["dataClasses"] = json!([CLASS, BY_SELECTOR]);
        policy["spec"]["enforcement"] = json!({"placement": "Deny", "storage": "Deny"});
        let facts = facts::mixed("topology.kubernetes.io/region").into_iter().chain([policy, selected]);
        let seen = facts::snapshot(facts);
        let (objects, disks, running) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Self { objects, seen, disks, running, made: 0 }
    }

    pub fn get(&self, kind: &'static str, name: &str) -> Option<&Value> {
        self.objects.get(&(kind, name.to_owned()))
    }

    pub fn names(&self, kind: &str) -> Vec<String> {
        self.objects.keys().filter(|(of, _)| *of == kind).map(|(_, name)| name.clone()).collect()
    }

    pub fn store(&mut self, key: Key, object: Value) {
        self.seen.observe(&object);
        self.objects.insert(key, object);
    }

    pub fn remove(&mut self, kind: &'static str, name: &str) {
        let Some(object) = self.objects.remove(&(kind, name.to_owned())) else { return };
        let id = self.seen.extract(&object, None, None).id;
        self.seen.forget(&id);
    }

    /// Creates or changes an object if Bund lets it, with the marks that it gives. What it is not asked about,
    /// passes: cluster-scoped storage that says nothing of classes.
    pub fn write(&mut self, key: Key, mut object: Value) -> bool {
        let old = self.objects.get(&key).cloned();
        let says = |object: &Value| {
            let has = |member: &str, prefix: &str| {
                let entries = object["metadata"][member].as_object();
                entries.is_some_and(|entries| entries.keys().any(|key| key.starts_with(prefix)))
            };
            has("labels", "data-class.bund.dev/") || has("annotations", "declassified.bund.dev/")
        };
        let of_cluster = matches!(key.0, "PersistentVolume" | "VolumeSnapshotContent");
        if of_cluster && !says(&object) && !old.as_ref().is_some_and(says) {
            self.store(key, object);
            return true;
        }
        let decision = decide(&Request::of_object(object.clone(), old), &self.seen, Timestamp::UNIX_EPOCH);
        if !decision.response().allowed {
            return false;
        }
        for (class, how) in &decision.marks {
            mark(&mut object, class, how);
        }
        self.store(key, object);
        true
    }

    /// The handle of the disk behind a claim.
    pub fn disk_of(&self, claim: &str) -> Option<String> {
        let volume = self.get("PersistentVolumeClaim", claim)?["spec"]["volumeName"].as_str()?;
        let volume = self.get("PersistentVolume", volume)?;
        // A volume that is kept for another claim is not mounted for this one.
        let kept = volume["spec"]["claimRef"]["name"] == claim;
        volume["spec"]["csi"]["volumeHandle"].as_str().filter(|_| kept).map(str::to_owned)
    }

    pub fn fresh(&mut self, what: &str) -> String {
        self.made += 1;
        format!("{what}-{}", self.made)
    }

    /// Data flows: running pods read and write until nothing changes.
    fn flow(&mut self) {
        loop {
            let before = (self.disks.clone(), self.running.clone());
            for pod in self.running.keys().cloned().collect::<Vec<_>>() {
                let Some(object) = self.get("Pod", &pod).cloned() else { continue };
                let volume = &object["spec"]["volumes"][0]["persistentVolumeClaim"];
                let Some(disk) = volume["claimName"].as_str().and_then(|claim| self.disk_of(claim)) else {
                    continue;
                };
                let on_disk = self.disks.entry(disk).or_default();
                let memory = self.running.entry(pod).or_default();
                memory.extend(on_disk.iter());
                if volume["readOnly"] != true {
                    on_disk.extend(memory.iter());
                }
            }
            if before == (self.disks.clone(), self.running.clone()) {
                return;
            }
        }
    }

    /// The controller's pass.
    pub fn mark_all(&mut self) {
        // What is marked may pass its mark on; it comes to an end after as many steps as there are objects.
        for _ in 0..=self.objects.len() {
            let marks = stamps(&self.seen);
            for Stamp { carrier: CarrierId { kind, name, namespace: _ }, classes } in marks {
                let key = (kind.as_str(), name.to_string());
                let Some(mut object) = self.objects.get(&key).cloned() else { continue };
                for (class, how) in &classes {
                    mark(&mut object, class, how);
                }
                assert!(self.write(key, object), "Bund refuses its own mark");
            }
        }
        assert_eq!(stamps(&self.seen), [], "marking does not come to an end");
    }

    /// Takes one step, and lets the data flow.
    pub fn take(&mut self, step: &Step) {
        match step {
            Step::Run { pod, claim, holds, read_only, marked, abroad } => {
                self.create_claim(*claim, Source::Nothing);
                self.provision(*claim);
                self.create_pod(*pod, *claim, *holds, *read_only);
                if *marked {
                    self.mark_all();
                }
                self.bind_pod(*pod, *abroad, false);
            }
            Step::Copy { of, to } => {
                self.create_claim(*to, Source::Claim(*of));
                self.provision(*to);
            }
            Step::CreatePod { pod, claim, holds, read_only } => {
                self.create_pod(*pod, *claim, *holds, *read_only);
            }
            Step::BindPod { pod, abroad, overwriting } => self.bind_pod(*pod, *abroad, *overwriting),
            Step::DeletePod { pod } => {
                let name = format!("p{pod}");
                self.running.remove(&name);
                self.remove("Pod", &name);
            }
            Step::CreateClaim { claim, from } => self.create_claim(*claim, *from),
            Step::Provision { claim } => self.provision(*claim),
            Step::DeleteClaim { claim } => {
                let name = format!("c{claim}");
                // The API server keeps a claim while a pod uses it.
                let used = self.objects.iter().any(|((kind, _), object)| {
                    *kind == "Pod"
                        && object["spec"]["volumes"][0]["persistentVolumeClaim"]["claimName"] == *name
                });
                if !used {
                    self.mark_all();
                    self.remove("PersistentVolumeClaim", &name);
                }
            }
            Step::LetGo { volume } => self.let_go(*volume),
            Step::BindVolume { volume, claim } => self.bind_volume(*volume, *claim),
            Step::Alias { volume } => self.alias(*volume),
            Step::DeleteVolume { volume } => {
                let Some(name) = pick(*volume, &self.names("PersistentVolume")) else { return };
                let bound = self.objects.iter().any(|((kind, _), object)| {
                    *kind == "PersistentVolumeClaim" && object["spec"]["volumeName"] == *name
                });
                if !bound {
                    self.mark_all();
                    self.remove("PersistentVolume", &name);
                }
            }
            Step::TakeSnapshot { snapshot, claim } => self.take_snapshot(*snapshot, *claim),
            Step::DeleteSnapshot { snapshot } => {
                self.mark_all();
                self.remove("VolumeSnapshot", &format!("s{snapshot}"));
            }
            Step::Wash { object, how } => self.wash(*object, *how),
            Step::Mark => self.mark_all(),
        }
        self.flow();
    }

    /// What Bund says that an object holds.
    fn held(&self, object: &Value) -> BTreeSet<HeldClass> {
        let request = Request::of_object(object.clone(), Some(object.clone()));
        decide(&request, &self.seen, Timestamp::UNIX_EPOCH).classes.into_keys().collect()
    }

    /// Compares what Bund says with where the data is.
    pub fn check(&self, after: &Step) {
        for ((kind, name), object) in &self.objects {
            let data = match *kind {
                "PersistentVolume" => {
                    object["spec"]["csi"]["volumeHandle"].as_str().and_then(|disk| self.disks.get(disk))
                }
                "PersistentVolumeClaim" => self.disk_of(name).and_then(|disk| self.disks.get(&disk)),
                "VolumeSnapshotContent" => {
                    object["status"]["snapshotHandle"].as_str().and_then(|disk| self.disks.get(disk))
                }
                "VolumeSnapshot" => object["status"]["boundVolumeSnapshotContentName"]
                    .as_str()
                    .and_then(|content| self.disks.get(&format!("snap-{content}"))),
                _ => self.running.get(name),
            };
            let held = self.held(object);
            for class in data.into_iter().flatten() {
                assert!(
                    held.contains(*class),
                    "{kind} {name} does not hold {class} after {after:?}: {object}"
                );
            }
        }
        for (pod, memory) in &self.running {
            let abroad = self.get("Pod", pod).is_some_and(|pod| pod["spec"]["nodeName"] == OUTSIDE_NODE);
            assert!(!abroad || memory.is_empty(), "{pod} abroad has {memory:?} after {after:?}");
        }
    }
}

fn mark(object: &mut Value, class: &HeldClass, how: &str) {
    let key = format!("data-class.bund.dev/{class}");
    object["metadata"]["labels"][&key] = "".into();
    object["metadata"]["annotations"][&key] = how.into();
}

/// One of several, if there is one.
pub fn pick<T: Clone>(index: Index, from: &[T]) -> Option<T> {
    (!from.is_empty()).then(|| index.get(from).clone())
}
