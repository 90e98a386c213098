//! An inventory of a cluster. Only lists, page by page; what may not be listed is a gap and never guessed. (client)

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use bund_crds::labels::{DATA_CLASS_PREFIX, DECLASSIFIED_PREFIX};
use futures::{AsyncBufReadExt, TryStreamExt};
use kube::{
    Api, Client, Config,
    api::{DynamicObject, ListParams, ObjectList},
    config::{InClusterError, KubeConfigOptions, Kubeconfig, KubeconfigError},
    core::{ApiResource, PartialObjectMeta},
    discovery::{ApiCapabilities, ApiGroup, Discovery},
};
use serde_json::{Map, Value, json};

use super::{Detail, GroupKind, Inventory, Origin, Server, Task, owner::repeats_its_workload};

mod around;
mod settings;
mod transfers;

pub use around::{Around, AroundError, read_around};
pub use transfers::{Sight, read_transfers};

/// Objects per page: what is held twice at once.
const PAGE: u32 = 500;
/// How often a list is begun anew because its pages grew too old.
const TRIES: u32 = 3;
/// The annotation in which kubectl keeps a copy of the whole object.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_mins(1);

/// Which cluster, named by whoever runs the command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access {
    /// A context of a kubeconfig: of the file named, or of those that kubectl reads.
    Context {
        /// The file.
        kubeconfig: Option<PathBuf>,
        /// The context.
        context: String,
    },
    /// The cluster in which this process is a pod.
    InCluster,
}

/// Why a cluster could not be read at all.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// The kubeconfig does not lead to it.
    #[error("the kubeconfig cannot be used; `kubectl config get-contexts` lists the contexts")]
    Kubeconfig(#[source] KubeconfigError),
    /// This process is no pod.
    #[error("this process is not a pod with a service account; name a context instead")]
    InCluster(#[source] InClusterError),
    /// The API server did not answer.
    #[error("the API server cannot be asked")]
    Client(#[source] kube::Error),
    /// An object cannot be had.
    #[error("{what} cannot be read")]
    Get {
        /// The plural of its kind, and its name.
        what: String,
        /// Why.
        #[source]
        error: kube::Error,
    },
    /// A list broke off.
    #[error("{kind} cannot be listed")]
    List {
        /// The kind.
        kind: String,
        /// Why.
        #[source]
        error: kube::Error,
    },
}

/// Reads what `task` needs. `extra` are kinds that it recognises besides its own.
pub async fn read(access: &Access, task: Task, extra: &[GroupKind]) -> Result<Inventory, ClusterError> {
    let mut reader = Reader::open(access, task).await?;
    for listed in task.kinds() {
        reader.list(&GroupKind::new(listed.group, listed.kind), listed.detail).await?;
    }
    if task == Task::Plan {
        reader.read_settings().await?;
    }
    let mapped: Vec<_> =
        reader.inventory.of_kind(bund_crds::GROUP, "DestinationMapping").map(mapped).collect();
    let known: Vec<_> = task.kinds().map(|listed| GroupKind::new(listed.group, listed.kind)).collect();
    let mut more: Vec<_> = mapped.iter().chain(extra).filter(|kind| !known.contains(kind)).collect();
    more.sort();
    more.dedup();
    for kind in more {
        reader.list(kind, Detail::Whole).await?;
    }
    let server = reader.server().await?;
    Ok(Inventory { server: Some(server), ..reader.inventory })
}

fn origin(access: &Access) -> Origin {
    let context = match access {
        Access::Context { context, .. } => context.clone(),
        Access::InCluster => "in-cluster".to_owned(),
    };
    Origin::Cluster { context }
}

async fn client(access: &Access) -> Result<Client, ClusterError> {
    let mut config = match access {
        Access::InCluster => Config::incluster().map_err(ClusterError::InCluster)?,
        Access::Context { kubeconfig, context } => {
            let read = match kubeconfig {
                Some(path) => Kubeconfig::read_from(path),
                None => Kubeconfig::read(),
            };
            let kubeconfig = read.map_err(ClusterError::Kubeconfig)?;
            let options =
                KubeConfigOptions { context: Some(context.clone()), ..KubeConfigOptions::default() };
            Config::from_custom_kubeconfig(kubeconfig, &options).await.map_err(ClusterError::Kubeconfig)?
        }
    };
    config.read_timeout = Some(PATIENCE);
    Client::try_from(config).map_err(ClusterError::Client)
}

/// The kind that a DestinationMapping maps.
fn mapped(mapping: &Value) -> GroupKind {
    GroupKind::new(super::text(mapping, "/spec/target/group"), super::text(mapping, "/spec/target/kind"))
}

struct Reader {
    client: Client,
    discovery: Discovery,
    task: Task,
    inventory: Inventory,
}

impl Reader {
    async fn open(access: &Access, task: Task) -> Result<Self, ClusterError> {
        let client = client(access).await?;
        let discovery =
            Discovery::new(client.clone()).run_aggregated().await.map_err(ClusterError::Client)?;
        let inventory = Inventory { origin: origin(access), ..Inventory::default() };
        Ok(Self { client, discovery, task, inventory })
    }

    /// Lists a kind, if it is served. A kind that is not served has no objects, which is known.
    async fn list(&mut self, kind: &GroupKind, detail: Detail) -> Result<(), ClusterError> {
        let Some((resource, _)) = self.resource(kind) else { return Ok(()) };
        let everywhere = Api::all_with(self.client.clone(), &resource);
        match self.pages(&everywhere, &resource, detail).await {
            Ok(objects) => self.inventory.objects.extend(objects),
            Err(kube::Error::Api(status)) if status.code != 401 => {
                self.inventory.gaps.insert(kind.clone(), refused(status.code, &resource));
            }
            Err(error) => return Err(ClusterError::List { kind: resource.plural, error }),
        }
        Ok(())
    }

    fn resource(&self, kind: &GroupKind) -> Option<(ApiResource, ApiCapabilities)> {
        self.discovery.get(&kind.group)?.recommended_kind(&kind.kind)
    }

    async fn pages(
        &self,
        api: &Api<DynamicObject>,
        resource: &ApiResource,
        detail: Detail,
    ) -> kube::Result<Vec<Value>> {
        let mut objects = Vec::new();
        let mut page = ListParams::default().limit(PAGE);
        let mut tries = 1;
        loop {
            let answer = match detail {
                Detail::Whole => {
                    api.list(&page).await.map(|list| take(list, |object| whole(object, resource, self.task)))
                }
                Detail::Metadata => {
                    api.list_metadata(&page).await.map(|list| take(list, |object| metadata(object, resource)))
                }
            };
            match answer {
                Ok((more, next)) => {
                    objects.extend(more);
                    match next {
                        Some(token) => page = page.continue_token(&token),
                        None => return Ok(objects),
                    }
                }
                Err(kube::Error::Api(status)) if status.code == 410 && tries < TRIES => {
                    tries += 1;
                    objects.clear();
                    page = ListParams::default().limit(PAGE);
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn server(&self) -> Result<Server, ClusterError> {
        let version = self.client.apiserver_version().await.map_err(ClusterError::Client)?;
        Ok(Server { version: version.git_version, served: self.served(), gates: self.gates().await })
    }

    /// Every kind that is served, with the version that the API server prefers.
    fn served(&self) -> BTreeMap<GroupKind, String> {
        let groups = self.discovery.groups();
        let resources = groups.flat_map(ApiGroup::recommended_resources);
        let named = resources
            .map(|(resource, _)| (GroupKind::new(&resource.group, &resource.kind), resource.version));
        named.collect()
    }

    /// The feature gates, as the API server counts them among its metrics.
    async fn gates(&self) -> Option<BTreeMap<String, bool>> {
        let request = http::Request::get("/metrics").body(Vec::new()).ok()?;
        let mut lines = self.client.request_stream(request).await.ok()?.lines();
        let mut gates = BTreeMap::new();
        while let Some(line) = lines.try_next().await.ok()? {
            gates.extend(gate(&line));
        }
        (!gates.is_empty()).then_some(gates)
    }
}

/// Why a list was refused.
fn refused(code: u16, resource: &ApiResource) -> String {
    match code {
        403 => format!("no right to list {}", resource.plural),
        code => format!("the API server answered {code} to a list of {}", resource.plural),
    }
}

/// `kubernetes_feature_enabled{name="X",stage="BETA"} 1`
fn gate(line: &str) -> Option<(String, bool)> {
    let (labels, value) = line.strip_prefix("kubernetes_feature_enabled{")?.rsplit_once("} ")?;
    let (_, name) = labels.split_once("name=\"")?;
    let (name, _) = name.split_once('"')?;
    Some((name.to_owned(), value.trim() == "1"))
}

/// The objects of a page, and what asks for the next.
fn take<T: Clone>(list: ObjectList<T>, value: impl Fn(T) -> Option<Value>) -> (Vec<Value>, Option<String>) {
    let next = list.metadata.continue_.filter(|token| !token.is_empty());
    (list.items.into_iter().filter_map(value).collect(), next)
}

/// An object without what nobody looks at; none for what only repeats its workload, unless it is asked how single pods
/// came by what they hold.
fn whole(object: DynamicObject, resource: &ApiResource, task: Task) -> Option<Value> {
    let DynamicObject { types: _, mut metadata, data } = object;
    metadata.managed_fields = None;
    if let Some(annotations) = &mut metadata.annotations {
        annotations.remove(LAST_APPLIED);
    }
    let mut members = match data {
        Value::Object(members) => members,
        other => Map::from_iter([("spec".to_owned(), other)]),
    };
    if let Some(status) = members.remove("status").and_then(|status| read_of_status(&resource.kind, status)) {
        members.insert("status".to_owned(), status);
    }
    members.insert("apiVersion".to_owned(), resource.api_version.clone().into());
    members.insert("kind".to_owned(), resource.kind.clone().into());
    // Metadata is made of strings, numbers and maps of strings, which always are JSON.
    members.insert("metadata".to_owned(), serde_json::to_value(metadata).unwrap_or_default());
    let object = Value::Object(members);
    (task == Task::Why || !repeats_its_workload(&object)).then_some(object)
}

/// What is read of a status: the kubelet's version, how many are ready, whether a pod has ended, the contents of a
/// snapshot, what Bund says of a transfer.
fn read_of_status(kind: &str, status: Value) -> Option<Value> {
    let only = |member: &str| status.get(member).map(|value| json!({ member: value }));
    match kind {
        "Node" | "DaemonSet" => Some(status),
        "Pod" => only("phase"),
        "VolumeSnapshot" => only("boundVolumeSnapshotContentName"),
        "CrossBorderTransfer" => only("conditions"),
        _ => None,
    }
}

/// Name and labels. Of annotations only marks of ours are kept: another one may hold a copy of the content.
#[expect(clippy::unnecessary_wraps, reason = "of the form that pages are taken with")]
fn metadata(object: PartialObjectMeta<DynamicObject>, resource: &ApiResource) -> Option<Value> {
    let metadata = object.metadata;
    let mut annotations = metadata.annotations.unwrap_or_default();
    annotations
        .retain(|name, _| [DATA_CLASS_PREFIX, DECLASSIFIED_PREFIX].iter().any(|ours| name.starts_with(ours)));
    Some(json!({
        "apiVersion": resource.api_version,
        "kind": resource.kind,
        "metadata": {
            "name": metadata.name, "namespace": metadata.namespace, "labels": metadata.labels.unwrap_or_default(),
            "annotations": annotations
        },
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn feature_gates_are_read_from_metrics() {
        let on = "kubernetes_feature_enabled{name=\"MutatingAdmissionPolicy\",stage=\"\"} 1";
        let off = "kubernetes_feature_enabled{name=\"Off\",stage=\"ALPHA\"} 0";
        assert_eq!(gate(on), Some(("MutatingAdmissionPolicy".to_owned(), true)));
        assert_eq!(gate(off), Some(("Off".to_owned(), false)));
        assert_eq!(gate("# HELP kubernetes_feature_enabled [BETA]"), None);
    }

    #[test]
    fn of_annotations_and_statuses_what_decisions_rest_on_is_kept() {
        let resource = |kind: &str, plural: &str| ApiResource {
            group: String::new(),
            version: "v1".to_owned(),
            api_version: "v1".to_owned(),
            kind: kind.to_owned(),
            plural: plural.to_owned(),
        };
        let object = |status: Value| -> DynamicObject {
            let default = "storageclass.kubernetes.io/is-default-class";
            let annotations = json!({default: "true", LAST_APPLIED: "{}", "declassified.bund.dev/a": "b"});
            serde_json::from_value(
                json!({"metadata": {"name": "x", "annotations": annotations}, "status": status}),
            )
            .unwrap_or_else(|error| panic!("{error}"))
        };
        let kept = |kind: &str, status| {
            whole(object(status), &resource(kind, "xs"), Task::Preflight).unwrap_or_default()
        };
        let class = kept("StorageClass", json!({"phase": "x"}));
        let annotations =
            json!({"storageclass.kubernetes.io/is-default-class": "true", "declassified.bund.dev/a": "b"});
        assert_eq!(class.pointer("/metadata/annotations"), Some(&annotations));
        assert_eq!(class.get("status"), None);
        let pod = kept("Pod", json!({"phase": "Failed", "message": "x"}));
        assert_eq!(pod.get("status"), Some(&json!({"phase": "Failed"})));
    }

    #[test]
    fn of_a_pod_that_a_workload_made_nothing_is_kept() {
        let resource = ApiResource {
            group: String::new(),
            version: "v1".to_owned(),
            api_version: "v1".to_owned(),
            kind: "Pod".to_owned(),
            plural: "pods".to_owned(),
        };
        let pod = |kind: &str, version: &str| -> DynamicObject {
            let owner =
                json!({"apiVersion": version, "kind": kind, "name": "x", "uid": "u", "controller": true});
            let metadata =
                json!({"name": "p", "ownerReferences": [owner], "managedFields": [{"manager": "m"}]});
            serde_json::from_value(json!({"metadata": metadata, "spec": {"containers": []}}))
                .unwrap_or_else(|error| panic!("{error}"))
        };
        assert_eq!(whole(pod("ReplicaSet", "apps/v1"), &resource, Task::Preflight), None);
        let kept = whole(pod("ReplicaSet", "apps/v1"), &resource, Task::Why).unwrap_or_default();
        assert_eq!(kept.pointer("/metadata/ownerReferences/0/name"), Some(&json!("x")));
        let kept =
            whole(pod("Cluster", "postgresql.cnpg.io/v1"), &resource, Task::Preflight).unwrap_or_default();
        assert_eq!(kept.pointer("/metadata/managedFields"), None);
        assert_eq!(kept.get("kind"), Some(&json!("Pod")));
    }
}
