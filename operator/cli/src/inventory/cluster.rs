//! An inventory of a cluster. Only lists, page by page; what may not be listed is a gap and never guessed. (client)

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use futures::{AsyncBufReadExt, TryStreamExt};
use kube::{
    Api, Client, Config,
    api::{DynamicObject, ListParams, ObjectList},
    config::{InClusterError, KubeConfigOptions, Kubeconfig, KubeconfigError},
    core::{ApiResource, PartialObjectMeta},
    discovery::Discovery,
};
use serde_json::{Map, Value, json};

use super::{
    Detail, GroupKind, Inventory, Origin, Server, Task,
    owner::{MIRROR_ANNOTATION, repeats_its_workload},
};

/// Objects per page: what is held twice at once.
const PAGE: u32 = 500;
/// How often a list is begun anew because its pages grew too old.
const TRIES: u32 = 3;
/// Kinds of whose status something is read: the kubelet's version, how many are ready.
const STATUS_READ: [&str; 2] = ["Node", "DaemonSet"];
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
    let client = client(access).await?;
    let discovery = Discovery::new(client.clone()).run_aggregated().await.map_err(ClusterError::Client)?;
    let mut reader = Reader { client, discovery, inventory: Inventory::default() };
    reader.inventory.origin = Origin::Cluster {
        context: match access {
            Access::Context { context, .. } => context.clone(),
            Access::InCluster => "in-cluster".to_owned(),
        },
    };
    for listed in task.kinds() {
        reader.list(&GroupKind::new(listed.group, listed.kind), listed.detail).await?;
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
    inventory: Inventory,
}

impl Reader {
    /// Lists a kind, if it is served. A kind that is not served has no objects, which is known.
    async fn list(&mut self, kind: &GroupKind, detail: Detail) -> Result<(), ClusterError> {
        let Some(resource) = self.resource(kind) else { return Ok(()) };
        match self.pages(&resource, detail).await {
            Ok(objects) => self.inventory.objects.extend(objects),
            Err(kube::Error::Api(status)) if status.code != 401 => {
                let why = match status.code {
                    403 => format!("no right to list {}", resource.plural),
                    code => format!("the API server answered {code} to a list of {}", resource.plural),
                };
                self.inventory.gaps.insert(kind.clone(), why);
            }
            Err(error) => return Err(ClusterError::List { kind: resource.plural, error }),
        }
        Ok(())
    }

    fn resource(&self, kind: &GroupKind) -> Option<ApiResource> {
        let group = self.discovery.get(&kind.group)?;
        group.recommended_kind(&kind.kind).map(|(resource, _)| resource)
    }

    async fn pages(&self, resource: &ApiResource, detail: Detail) -> kube::Result<Vec<Value>> {
        let api: Api<DynamicObject> = Api::all_with(self.client.clone(), resource);
        let mut objects = Vec::new();
        let mut page = ListParams::default().limit(PAGE);
        let mut tries = 1;
        loop {
            let answer = match detail {
                Detail::Whole => {
                    api.list(&page).await.map(|list| take(list, |object| whole(object, resource)))
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
        let mut served = BTreeMap::new();
        for group in self.discovery.groups() {
            for (resource, _) in group.recommended_resources() {
                served.insert(GroupKind::new(&resource.group, &resource.kind), resource.version);
            }
        }
        Ok(Server { version: version.git_version, served, gates: self.gates().await })
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

/// An object without what nobody looks at; none for what only repeats its workload.
fn whole(object: DynamicObject, resource: &ApiResource) -> Option<Value> {
    let DynamicObject { types: _, mut metadata, data } = object;
    metadata.managed_fields = None;
    // kubectl keeps a copy of the whole object in one of them.
    metadata.annotations = metadata.annotations.map(|mut annotations| {
        annotations.retain(|name, _| name == MIRROR_ANNOTATION);
        annotations
    });
    let mut members = match data {
        Value::Object(members) => members,
        other => Map::from_iter([("spec".to_owned(), other)]),
    };
    if !STATUS_READ.contains(&resource.kind.as_str()) {
        members.remove("status");
    }
    members.insert("apiVersion".to_owned(), resource.api_version.clone().into());
    members.insert("kind".to_owned(), resource.kind.clone().into());
    // Metadata is made of strings, numbers and maps of strings, which always are JSON.
    members.insert("metadata".to_owned(), serde_json::to_value(metadata).unwrap_or_default());
    let object = Value::Object(members);
    (!repeats_its_workload(&object)).then_some(object)
}

/// Name and labels. Of annotations nothing is kept: one of them may hold a copy of the content.
#[expect(clippy::unnecessary_wraps, reason = "of the form that pages are taken with")]
fn metadata(object: PartialObjectMeta<DynamicObject>, resource: &ApiResource) -> Option<Value> {
    let metadata = object.metadata;
    Some(json!({
        "apiVersion": resource.api_version,
        "kind": resource.kind,
        "metadata": {
            "name": metadata.name, "namespace": metadata.namespace, "labels": metadata.labels.unwrap_or_default()
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
        assert_eq!(whole(pod("ReplicaSet", "apps/v1"), &resource), None);
        let kept = whole(pod("Cluster", "postgresql.cnpg.io/v1"), &resource).unwrap_or_default();
        assert_eq!(kept.pointer("/metadata/managedFields"), None);
        assert_eq!(kept.get("kind"), Some(&json!("Pod")));
    }
}
