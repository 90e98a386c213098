//! The third entrance of `policies/cases`: the webhook, called by a real API server.
//!
//! Facts come to be while nothing is enforced, as they would have before Bund was installed; then the operator
//! starts, reads them all, and each case is asked as a dry run. Cases that need custom resources of their own
//! get a start of their own.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use anyhow::{Context, bail, ensure};
use bund::{
    builtin,
    cases::{AskedOperation, Case, Entrance, ExpectedResponse},
    manifest::{self, Document},
};
use bund_crds::{GROUP, Mode};
use kube::{
    Api,
    api::{DeleteParams, DynamicObject, Patch, PatchParams, PostParams},
    core::GroupVersionKind,
};
use serde_json::{Value, json};

use crate::{
    cluster::{Cluster, dynamic, name_of, namespace_of, told},
    control_plane::{ControlPlane, Operator, User, client_as},
    person::Person,
    probe::enforced,
    snapshots,
};

mod connection;
pub mod foreign;

use foreign::{SNAPSHOTS, mapped_definition, served};

/// Cases that can be asked after one start of the operator.
#[derive(Debug)]
pub struct Sitting {
    /// The cases, by name.
    pub cases: Vec<Case>,
    /// The custom resources that stand besides the shipped vocabulary.
    own: Vec<Value>,
    /// The databases that say where public addresses are.
    databases: Vec<PathBuf>,
}

/// Groups the cases that can pass this entrance.
pub fn sittings(cases: Vec<Case>) -> Vec<Sitting> {
    let mut sittings: BTreeMap<String, Sitting> = BTreeMap::new();
    for case in cases {
        if case.barred(Entrance::Apiserver).is_some() {
            continue;
        }
        let of_case = case.facts.iter().map(|d| d.value.clone()).filter(stands_alone);
        let own: Vec<_> = case.world.iter().map(|d| d.value.clone()).chain(of_case).collect();
        let databases = case.databases.clone();
        let key = format!("{} {databases:?}", json!(own));
        let sitting = || Sitting { cases: Vec::new(), own, databases };
        sittings.entry(key).or_insert_with(sitting).cases.push(case);
    }
    sittings.into_values().collect()
}

/// The configuration of an operator with these databases, which were built when they were made up.
fn configured(databases: &[PathBuf]) -> anyhow::Result<Value> {
    let database = |path: &PathBuf| {
        let path = path.canonicalize().with_context(|| format!("{} is missing", path.display()))?;
        anyhow::Ok(json!({ "path": path, "maxAgeDays": 3650 }))
    };
    let databases: Vec<_> = databases.iter().map(database).collect::<Result<_, _>>()?;
    Ok(json!({ "geo": { "databases": databases } }))
}

fn is_named_ours(object: &DynamicObject) -> bool {
    object.metadata.name.as_ref().is_some_and(|name| name.starts_with("bund"))
}

/// Whether an object would get into the way of other cases: our own kinds, and Namespaces.
fn stands_alone(object: &Value) -> bool {
    is_own(object) || is_core(object, "Namespace")
}

fn is_own(object: &Value) -> bool {
    object.get("apiVersion").and_then(Value::as_str).is_some_and(|version| version.starts_with(GROUP))
}

fn is_core(object: &Value, kind: &str) -> bool {
    object.get("apiVersion") == Some(&json!("v1")) && object.get("kind") == Some(&json!(kind))
}

/// The API server with everything that all sittings share.
pub struct Stage {
    cluster: Cluster,
    operator: PathBuf,
    /// The kubeconfig of the administrator, who may act as anybody.
    kubeconfig: PathBuf,
}

impl Stage {
    /// Installs the definitions.
    pub async fn set(plane: &ControlPlane, operator: PathBuf) -> anyhow::Result<Self> {
        let cluster = Cluster::of(plane.client(User::ADMIN).await?);
        cluster.apply_definitions(plane).await?;
        let mut foreign = snapshots::definitions().await?;
        foreign.extend(foreign::definitions());
        cluster.apply_all(&foreign).await?;
        plane.eventually("kinds of other projects are served", async || served(&cluster).await).await?;
        Ok(Self { cluster, operator, kubeconfig: plane.kubeconfig(User::ADMIN)?.to_owned() })
    }

    /// Makes everything that the cases of a sitting stand on, and starts the operator.
    pub async fn open(&self, plane: &ControlPlane, sitting: &Sitting) -> anyhow::Result<Operator> {
        // Our own kinds are protected until the API server has noticed that the policy is gone.
        plane.eventually("the stage is clear", async || self.clear().await).await?;
        let mut standing = shipped()?;
        standing.extend(sitting.own.iter().cloned());
        for case in &sitting.cases {
            standing.extend(case.facts.iter().map(|d| d.value.clone()).filter(|o| !stands_alone(o)));
            standing.extend(case.old.iter().map(|d| d.value.clone()));
            standing.extend(deleted(case));
        }
        let further = configured(&sitting.databases)?;
        at_peace(&standing)?;
        let mapped: Vec<_> = standing.iter().filter_map(mapped_definition).collect();
        self.cluster.apply_all(&mapped).await?;
        self.cluster.apply_all(&standing).await?;
        let people: BTreeSet<_> = sitting.cases.iter().filter_map(requester).collect();
        self.cluster.apply_all(people.iter().flat_map(Person::grants).collect::<Vec<_>>().iter()).await?;
        let operator = plane.start_operator_with(&self.operator, &further).await?;
        enforced(plane, &self.cluster).await?;
        Ok(operator)
    }

    /// Takes away what an earlier sitting left: its enforcement, its custom resources, its nodes and namespaces.
    async fn clear(&self) -> anyhow::Result<()> {
        let registration = |kind| GroupVersionKind::gvk("admissionregistration.k8s.io", "v1", kind);
        for kind in [
            "ValidatingWebhookConfiguration",
            "MutatingWebhookConfiguration",
            "ValidatingAdmissionPolicyBinding",
            "ValidatingAdmissionPolicy",
        ] {
            self.cluster.delete_where(&registration(kind), is_named_ours).await?;
        }
        // A killed leader holds its lease for a while; the next one would wait for that.
        self.cluster
            .delete_where(&GroupVersionKind::gvk("coordination.k8s.io", "v1", "Lease"), is_named_ours)
            .await?;
        for kind in [
            "ClusterLocation",
            "DataClass",
            "DestinationMapping",
            "FloorParameters",
            "Jurisdiction",
            "ResidencyPolicy",
        ] {
            self.cluster.delete_where(&GroupVersionKind::gvk(GROUP, "v1alpha1", kind), |_| true).await?;
        }
        for kind in ["StorageClass", "VolumeAttributesClass"] {
            self.cluster.delete_where(&GroupVersionKind::gvk("storage.k8s.io", "v1", kind), |_| true).await?;
        }
        for kind in ["VolumeSnapshotClass", "VolumeSnapshotContent"] {
            self.cluster.delete_where(&GroupVersionKind::gvk(SNAPSHOTS, "v1", kind), |_| true).await?;
        }
        self.cluster.delete_where(&GroupVersionKind::gvk("", "v1", "Node"), |_| true).await?;
        self.cluster.delete_where(&GroupVersionKind::gvk("", "v1", "PersistentVolume"), |_| true).await
    }

    /// Asks one case and compares the answer.
    pub async fn ask(&self, plane: &ControlPlane, case: &Case) -> anyhow::Result<()> {
        if is_own(&case.object.value) {
            // Which classes are protected, the API server learns from the leader: a moment after the policies are there.
            return plane.eventually("it is answered as expected", async || self.ask_once(case).await).await;
        }
        self.ask_once(case).await
    }

    /// Takes away what makes the API server call us, and leaves what it evaluates by itself.
    pub async fn silence(&self) -> anyhow::Result<()> {
        for kind in ["ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"] {
            let kind = GroupVersionKind::gvk("admissionregistration.k8s.io", "v1", kind);
            self.cluster.delete_where(&kind, is_named_ours).await?;
        }
        Ok(())
    }

    /// Asks one case, and tells why it was refused if it was.
    pub async fn refusal(&self, case: &Case) -> anyhow::Result<Option<String>> {
        Ok(match self.answer(case).await? {
            Answer::Admitted(_) => None,
            Answer::Refused(message) => Some(message),
        })
    }

    async fn ask_once(&self, case: &Case) -> anyhow::Result<()> {
        let answer = self.answer(case).await?;
        let expect = &case.sheet.expect;
        match (&answer, expect.response) {
            (Answer::Admitted(object), ExpectedResponse::Admitted) => {
                let injected = is_injected(object, &case.object.value);
                ensure!(
                    injected == expect.injected,
                    "injected: expected {}, found {injected}",
                    expect.injected
                );
                Ok(())
            }
            (Answer::Refused(message), ExpectedResponse::Refused) => {
                let refusing = expect.findings.iter().filter(|f| f.mode == Mode::Deny && !f.softened);
                if expect.floor && message.contains("ValidatingAdmissionPolicy 'bund-floor'") {
                    // The API server asks the floor before it calls us. It knows what is plain, not everything.
                    return Ok(());
                }
                for finding in refusing {
                    ensure!(
                        message.contains(&finding.reason),
                        "{} is not told in: {message}",
                        finding.reason
                    );
                }
                Ok(())
            }
            (Answer::Admitted(_), ExpectedResponse::Refused) => bail!("it was admitted"),
            (Answer::Refused(message), ExpectedResponse::Admitted) => bail!("it was refused: {message}"),
        }
    }

    /// The cluster as the requester of a case reaches it: an administrator, who has no right by name, or a person
    /// who was given some.
    async fn cluster_of(&self, case: &Case) -> anyhow::Result<Cluster> {
        Ok(match requester(case) {
            None => self.cluster.clone(),
            Some(person) => Cluster::of(client_as(&self.kubeconfig, &person.name()).await?),
        })
    }

    async fn answer(&self, case: &Case) -> anyhow::Result<Answer> {
        let cluster = &self.cluster_of(case).await?;
        let object = &case.object.value;
        let asked = &case.sheet.request;
        let answer = match (asked.operation, asked.subresource.as_deref(), asked.resource.as_deref()) {
            (AskedOperation::Create, Some("binding"), _) => bind(cluster, object, true).await,
            (AskedOperation::Create, _, Some("bindings")) => bind(cluster, object, false).await,
            (AskedOperation::Create, None, None) => {
                let dry = PostParams { dry_run: true, ..PostParams::default() };
                let api = cluster.api_of(object).await?;
                api.create(&dry, &dynamic(object)?).await
            }
            (AskedOperation::Update, subresource, _) => {
                let old = case.old.as_ref().context("an update without the object as it was")?;
                update(cluster, &old.value, object, subresource).await
            }
            (AskedOperation::Delete, _, _) => {
                let dry = DeleteParams { dry_run: true, ..DeleteParams::default() };
                let api = cluster.api_of(object).await?;
                let gone = api.delete(name_of(object)?, &dry).await;
                gone.map(|_| nothing())
            }
            (AskedOperation::Connect, subresource, _) => {
                let way = subresource.context("a connection without the way that it takes")?;
                return connection::ask(cluster, asked, way, object).await;
            }
            (AskedOperation::Create, Some(other), _) => bail!("nobody creates pods/{other}"),
            (AskedOperation::Create, None, Some(other)) => bail!("{other} is not a resource of a case"),
        };
        match answer {
            Ok(object) => Ok(Answer::Admitted(Box::new(object))),
            Err(kube::Error::Api(status))
                if status.message.contains("denied the request") || status.code == 403 =>
            {
                Ok(Answer::Refused(status.message.clone()))
            }
            Err(kube::Error::Api(status)) if status.message.contains("bund") => {
                Ok(Answer::Refused(status.message.clone()))
            }
            Err(error) => {
                Err(error).with_context(|| format!("the API server did not judge {}", told(object)))
            }
        }
    }
}

/// Binds a pod, through its subresource or through the old resource of its own.
async fn bind(cluster: &Cluster, binding: &Value, through_pod: bool) -> kube::Result<DynamicObject> {
    let namespace = namespace_of(binding);
    let pod = binding.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
    let path = if through_pod { format!("pods/{pod}/binding") } else { "bindings".to_owned() };
    let uri = format!("/api/v1/namespaces/{namespace}/{path}?dryRun=All");
    let body = binding.to_string().into_bytes();
    let request = http::Request::post(uri).header("content-type", "application/json").body(body);
    let request = request.map_err(kube::Error::HttpError)?;
    let status: Value = cluster.client().request(request).await?;
    Ok(DynamicObject { types: None, metadata: kube::api::ObjectMeta::default(), data: status })
}

/// Changes the object as it is in the API server, defaults included, by what differs between two manifests.
async fn update(
    cluster: &Cluster,
    old: &Value,
    new: &Value,
    subresource: Option<&str>,
) -> kube::Result<DynamicObject> {
    let api: Api<DynamicObject> = match cluster.api_of(new).await {
        Ok(api) => api,
        Err(error) => return Err(kube::Error::Service(error.into())),
    };
    let name = new.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
    let dry = PatchParams { dry_run: true, ..PatchParams::default() };
    let change = merge_patch(old, new);
    match subresource {
        None => api.patch(name, &dry, &Patch::Merge(&change)).await,
        Some(subresource) => api.patch_subresource(subresource, name, &dry, &Patch::Merge(&change)).await,
    }
}

/// Who asks a case, if it must be somebody with a right.
fn requester(case: &Case) -> Option<Person> {
    let asked = &case.sheet.request;
    let person = Person { declassify: asked.declassify.clone(), connect: asked.connect.clone() };
    person.has_rights().then_some(person)
}

enum Answer {
    Admitted(Box<DynamicObject>),
    Refused(String),
}

/// The answer to a request after which there is no object to look at.
fn nothing() -> DynamicObject {
    DynamicObject { types: None, metadata: kube::api::ObjectMeta::default(), data: Value::Null }
}

/// Cases of one sitting share an API server: no two may mean different objects by one name.
fn at_peace(standing: &[Value]) -> anyhow::Result<()> {
    let mut known: BTreeMap<String, &Value> = BTreeMap::new();
    for object in standing {
        let name = format!("{} in {}", told(object), namespace_of(object));
        if let Some(other) = known.insert(name, object) {
            ensure!(other == object, "two cases mean different objects by {}", told(object));
        }
    }
    Ok(())
}

/// The object that a deletion needs to be there.
fn deleted(case: &Case) -> Option<Value> {
    (case.sheet.request.operation == AskedOperation::Delete).then(|| case.object.value.clone())
}

/// The merge patch (RFC 7386) from one document to another.
fn merge_patch(old: &Value, new: &Value) -> Value {
    let (Value::Object(old), Value::Object(new)) = (old, new) else { return new.clone() };
    let removed = old.keys().filter(|key| !new.contains_key(*key)).map(|key| (key.clone(), Value::Null));
    let changed = new.iter().filter(|(key, value)| old.get(*key) != Some(*value)).map(|(key, value)| {
        let from = old.get(key).unwrap_or(&Value::Null);
        (key.clone(), merge_patch(from, value))
    });
    Value::Object(removed.chain(changed).collect())
}

/// Whether a pod's affinity is another one than it asked for.
fn is_injected(found: &DynamicObject, asked: &Value) -> bool {
    let affinity = |value: Option<&Value>| value.filter(|affinity| **affinity != json!({})).cloned();
    affinity(found.data.pointer("/spec/affinity")) != affinity(asked.pointer("/spec/affinity"))
        && is_core(asked, "Pod")
}

/// The shipped jurisdictions and classes.
fn shipped() -> anyhow::Result<Vec<Value>> {
    let documents = builtin::sources(builtin::VOCABULARY)
        .iter()
        .flat_map(manifest::read)
        .collect::<Result<Vec<Document>, _>>()?;
    Ok(documents.into_iter().map(|document| document.value).collect())
}
