//! Speaking to an API server as a user with manifests does.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use anyhow::{Context, anyhow};
use kube::{
    Api, Client, ResourceExt,
    api::{DeleteParams, DynamicObject, Patch, PatchParams, PostParams},
    core::{ApiResource, GroupVersionKind, discovery::Scope},
    discovery::{Discovery, pinned_kind},
};
use serde_json::Value;

use crate::control_plane::ControlPlane;

/// The field manager of what tests apply.
const MANAGER: &str = "bund-e2e";

/// A user at an API server, with objects as raw JSON.
#[derive(Clone)]
pub struct Cluster {
    client: Client,
    /// Kinds that were asked for once: what is served does not change its shape.
    kinds: Arc<Mutex<Kinds>>,
}

/// By `apiVersion` and kind.
type Kinds = BTreeMap<(String, String), (ApiResource, Scope)>;

impl Cluster {
    /// The user of `client`.
    pub fn of(client: Client) -> Self {
        Self { client, kinds: Arc::default() }
    }

    /// The client.
    pub fn client(&self) -> Client {
        self.client.clone()
    }

    /// The API of an object's kind, in the object's namespace, or in `default`.
    pub async fn api_of(&self, object: &Value) -> anyhow::Result<Api<DynamicObject>> {
        let text = |member: &str| object.get(member).and_then(Value::as_str).unwrap_or_default();
        let version = text("apiVersion");
        let (group, version) = version.split_once('/').unwrap_or(("", version));
        let kind = GroupVersionKind::gvk(group, version, text("kind"));
        let key = (text("apiVersion").to_owned(), kind.kind.clone());
        let known = self.kinds.lock().map_err(|_| anyhow!("an earlier test panicked"))?.get(&key).cloned();
        let (resource, scope) = if let Some(known) = known {
            known
        } else {
            let (resource, capabilities) = pinned_kind(&self.client, &kind)
                .await
                .with_context(|| format!("the API server does not serve {}", kind.kind))?;
            let found = (resource, capabilities.scope);
            self.kinds.lock().map_err(|_| anyhow!("an earlier test panicked"))?.insert(key, found.clone());
            found
        };
        Ok(match scope {
            Scope::Cluster => Api::all_with(self.client(), &resource),
            Scope::Namespaced => Api::namespaced_with(self.client(), namespace_of(object), &resource),
        })
    }

    /// Applies an object by server-side apply, its status too where it has one.
    pub async fn apply(&self, object: &Value) -> anyhow::Result<DynamicObject> {
        let api = self.api_of(object).await?;
        let name = name_of(object)?;
        let parameters = PatchParams::apply(MANAGER).force();
        let mut applied = api.patch(name, &parameters, &Patch::Apply(object)).await?;
        if object.get("status").is_some() {
            applied = api.patch_status(name, &parameters, &Patch::Apply(object)).await?;
        }
        Ok(applied)
    }

    /// Applies objects in an order in which each finds what it needs: definitions and namespaces first.
    pub async fn apply_all<'o>(&self, objects: impl IntoIterator<Item = &'o Value>) -> anyhow::Result<()> {
        let mut objects: Vec<_> = objects.into_iter().collect();
        objects.sort_by_key(|object| match object.get("kind").and_then(Value::as_str) {
            Some("CustomResourceDefinition") => 0,
            Some("Namespace") => 1,
            _ => 2,
        });
        for object in objects {
            self.apply(object).await.with_context(|| format!("cannot apply {}", told(object)))?;
        }
        Ok(())
    }

    /// Creates an object.
    pub async fn create(&self, object: &Value) -> kube::Result<DynamicObject, anyhow::Error> {
        Ok(self.api_of(object).await?.create(&PostParams::default(), &dynamic(object)?).await?)
    }

    /// Deletes an object at once; one that is not there is gone already.
    pub async fn delete(&self, object: &Value) -> anyhow::Result<()> {
        let api = self.api_of(object).await?;
        match api.delete(name_of(object)?, &DeleteParams::default().grace_period(0)).await {
            Ok(_) => Ok(()),
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Deletes every object of a kind for which `of` holds.
    pub async fn delete_where(
        &self,
        kind: &GroupVersionKind,
        of: impl Fn(&DynamicObject) -> bool,
    ) -> anyhow::Result<()> {
        let Ok((resource, _)) = pinned_kind(&self.client, kind).await else { return Ok(()) };
        let everywhere: Api<DynamicObject> = Api::all_with(self.client(), &resource);
        for object in everywhere.list(&kube::api::ListParams::default()).await?.items.into_iter().filter(of) {
            let api = match &object.metadata.namespace {
                Some(namespace) => Api::namespaced_with(self.client(), namespace, &resource),
                None => everywhere.clone(),
            };
            let gone = api.delete(&object.name_any(), &DeleteParams::default().grace_period(0)).await;
            if let Err(error) = gone
                && !matches!(&error, kube::Error::Api(status) if status.code == 404)
            {
                return Err(error.into());
            }
        }
        Ok(())
    }

    /// Applies our custom resource definitions, and waits until the API server of `plane` serves their kinds.
    pub async fn apply_definitions(&self, plane: &ControlPlane) -> anyhow::Result<()> {
        let definitions = definitions()?;
        self.apply_all(&definitions).await?;
        plane.eventually("our kinds are served", async || self.serves(&definitions).await).await
    }

    /// Checks that the API server serves every kind of these definitions.
    pub async fn serves(&self, definitions: &[Value]) -> anyhow::Result<()> {
        let discovery = Discovery::new(self.client()).filter(&[bund_crds::GROUP]).run().await?;
        for definition in definitions {
            let kind = definition.pointer("/spec/names/kind").and_then(Value::as_str).unwrap_or_default();
            let kind = GroupVersionKind::gvk(bund_crds::GROUP, bund_crds::VERSION, kind);
            discovery.resolve_gvk(&kind).ok_or_else(|| anyhow!("{} is not served yet", kind.kind))?;
        }
        Ok(())
    }
}

/// The custom resource definitions of `crds/manifests`.
pub fn definitions() -> anyhow::Result<Vec<Value>> {
    Ok(bund_crds::manifest::definitions().iter().map(serde_json::to_value).collect::<Result<_, _>>()?)
}

/// An object of any kind.
pub fn dynamic(object: &Value) -> anyhow::Result<DynamicObject> {
    serde_json::from_value(object.clone()).with_context(|| format!("not an object: {}", told(object)))
}

/// The namespace that an object names, or `default`.
pub fn namespace_of(object: &Value) -> &str {
    object.pointer("/metadata/namespace").and_then(Value::as_str).unwrap_or("default")
}

/// The name of an object.
pub fn name_of(object: &Value) -> anyhow::Result<&str> {
    object
        .pointer("/metadata/name")
        .and_then(Value::as_str)
        .with_context(|| format!("{} has no name", told(object)))
}

/// The condition of this type in a status.
pub fn condition_of<'s>(status: &'s Value, kind: &str) -> anyhow::Result<&'s Value> {
    let conditions = status["conditions"].as_array().into_iter().flatten();
    let found = conditions.into_iter().find(|condition| condition["type"] == kind);
    found.with_context(|| format!("no condition {kind}"))
}

/// Kind and name, for a message.
pub fn told(object: &Value) -> String {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or("?");
    format!("{} {}", text("/kind"), text("/metadata/name"))
}
