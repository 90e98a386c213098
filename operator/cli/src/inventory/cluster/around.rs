//! One object of a cluster, and what its decision rests on. Only gets and lists; where a kind may not be listed
//! everywhere, it is listed in the object's namespace. (client)

use bund_engine::snapshot::CarrierKind;
use kube::{
    Api,
    api::DynamicObject,
    core::ApiResource,
    discovery::{ApiCapabilities, ApiGroup, Scope},
};
use serde_json::Value;

use super::{Access, ClusterError, Detail, GroupKind, Inventory, Reader, Server, Task, metadata, whole};
use crate::inventory::{
    asked::{Asked, AskedError, Called},
    name_of, text,
};

/// An object and what surrounds it.
#[derive(Debug)]
pub struct Around {
    /// The object.
    pub subject: Value,
    /// Everything on which its decision rests, the object included.
    pub inventory: Inventory,
}

/// Why an object of a cluster could not be read.
#[derive(Debug, thiserror::Error)]
pub enum AroundError {
    /// It is not known which.
    #[error(transparent)]
    Asked(#[from] AskedError),
    /// The cluster cannot be read.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// It may not be read.
    #[error("you may not read {what}; ask for the right, or look at it as somebody who has it")]
    Forbidden {
        /// The plural of the kind, the name, and where.
        what: String,
    },
}

/// Reads the object that is asked about and what its decision rests on. Without a namespace that of the context holds.
pub async fn read_around(
    access: &Access,
    asked: &Asked,
    namespace: Option<&str>,
) -> Result<Around, AroundError> {
    let mut reader = Reader::open(access, Task::Why).await?;
    let namespace = namespace.unwrap_or(reader.client.default_namespace()).to_owned();
    let kind = asked.choose(reader.called())?.kind;
    let unknown = || AskedError::UnknownKind(asked.kind.clone());
    let (resource, capabilities) = reader.resource(&kind).ok_or_else(unknown)?;
    let namespace = (capabilities.scope == Scope::Namespaced).then_some(namespace);
    let subject = reader.get(&resource, namespace.as_deref(), &asked.name).await?;
    for listed in Task::Why.kinds() {
        let one = GroupKind::new(listed.group, listed.kind);
        if is_needed(&one, &kind) {
            reader.list_near(&one, listed.detail, namespace.as_deref()).await?;
        }
    }
    reader.inventory.server = Some(Server { served: reader.served(), ..Server::default() });
    if !reader.inventory.of_kind(&kind.group, &kind.kind).any(|object| is_same(object, &subject)) {
        reader.inventory.objects.push(subject.clone());
    }
    Ok(Around { subject, inventory: reader.inventory })
}

pub(super) fn is_same(object: &Value, other: &Value) -> bool {
    name_of(object) == name_of(other)
        && text(object, "/metadata/namespace") == text(other, "/metadata/namespace")
}

/// Whether a decision on an object of `subject` rests on `kind`. Workloads only use what others hold.
fn is_needed(kind: &GroupKind, subject: &GroupKind) -> bool {
    let makes_pods = ["apps", "batch"].contains(&kind.group.as_str()) || kind.kind == "ReplicationController";
    let is_used = CarrierKind::of(&subject.group, &subject.kind).is_some()
        || *subject == GroupKind::new("", "Namespace");
    !makes_pods || is_used
}

/// Whether only the metadata of a kind is ever asked for.
fn holds_content(resource: &ApiResource) -> bool {
    resource.group.is_empty() && ["Secret", "ConfigMap"].contains(&resource.kind.as_str())
}

impl Reader {
    /// Every kind that is served, by its names.
    fn called(&self) -> Vec<Called> {
        let resources = self.discovery.groups().flat_map(ApiGroup::recommended_resources);
        let called = |(resource, _): (ApiResource, ApiCapabilities)| Called {
            kind: GroupKind::new(&resource.group, &resource.kind),
            plural: resource.plural,
        };
        resources.map(called).collect()
    }

    fn api(&self, resource: &ApiResource, namespace: Option<&str>) -> Api<DynamicObject> {
        match namespace {
            Some(namespace) => Api::namespaced_with(self.client.clone(), namespace, resource),
            None => Api::all_with(self.client.clone(), resource),
        }
    }

    pub(super) async fn get(
        &self,
        resource: &ApiResource,
        namespace: Option<&str>,
        name: &str,
    ) -> Result<Value, AroundError> {
        let api = self.api(resource, namespace);
        let got = if holds_content(resource) {
            api.get_metadata(name).await.map(|object| metadata(object, resource))
        } else {
            api.get(name).await.map(|object| whole(object, resource, Task::Why))
        };
        match got {
            Ok(object) => Ok(object.unwrap_or_default()),
            Err(kube::Error::Api(status)) if status.code == 404 => {
                let place = namespace.map(|namespace| format!("{namespace}/")).unwrap_or_default();
                Err(AskedError::NotFound(format!("{} {place}{name}", resource.kind)).into())
            }
            Err(kube::Error::Api(status)) if status.code == 403 => {
                let place = namespace.map(|namespace| format!(" in {namespace}")).unwrap_or_default();
                Err(AroundError::Forbidden { what: format!("{}/{name}{place}", resource.plural) })
            }
            Err(error) => {
                Err(ClusterError::Get { what: format!("{}/{name}", resource.plural), error }.into())
            }
        }
    }

    /// Lists a kind everywhere; where that is refused, in `namespace`.
    pub(super) async fn list_near(
        &mut self,
        kind: &GroupKind,
        detail: Detail,
        namespace: Option<&str>,
    ) -> Result<(), ClusterError> {
        self.list(kind, detail).await?;
        let Some(namespace) = namespace.filter(|_| self.inventory.gaps.contains_key(kind)) else {
            return Ok(());
        };
        let Some((resource, capabilities)) = self.resource(kind) else { return Ok(()) };
        let found = if *kind == GroupKind::new("", "Namespace") {
            // Who may look into a namespace may get it.
            let got = self.api(&resource, None).get(namespace).await;
            got.map(|object| whole(object, &resource, Task::Why).into_iter().collect::<Vec<_>>())
        } else if capabilities.scope == Scope::Namespaced {
            self.pages(&self.api(&resource, Some(namespace)), &resource, detail).await
        } else {
            return Ok(());
        };
        match found {
            Ok(objects) => {
                self.inventory.objects.extend(objects);
                let why = format!("no right to list {} beyond namespace {namespace}", resource.plural);
                self.inventory.gaps.insert(kind.clone(), why);
                Ok(())
            }
            // What is told already stays true.
            Err(kube::Error::Api(status)) if status.code != 401 => Ok(()),
            Err(error) => Err(ClusterError::List { kind: resource.plural, error }),
        }
    }
}
