//! The status of our own kinds, as it is applied. Each writer is a field manager of its own. (client; the body is pure)

use bund_crds::{GROUP, VERSION};
use bund_engine::snapshot::OwnKind;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::{DynamicObject, Patch, PatchParams};
use kube::{Api, Client};
use serde_json::{Value, json};

use crate::index::WatchedKind;

/// What one writer says in the status of an object.
#[derive(Clone, Debug, PartialEq)]
pub struct OwnStatus {
    /// The kind, which is watched.
    pub kind: &'static str,
    /// The namespace, where the kind lives in one.
    pub namespace: Option<Box<str>>,
    /// The name.
    pub name: Box<str>,
    /// The status: only what this writer owns.
    pub status: Value,
}

impl OwnStatus {
    /// The status of an object that lives in no namespace.
    pub fn cluster_scoped(kind: OwnKind, name: &str, status: Value) -> Self {
        Self { kind: kind.as_str(), namespace: None, name: name.into(), status }
    }

    /// What is applied.
    pub fn body(&self) -> Value {
        let metadata = ObjectMeta {
            name: Some(self.name.to_string()),
            namespace: self.namespace.as_deref().map(str::to_owned),
            ..ObjectMeta::default()
        };
        json!({
            "apiVersion": format!("{GROUP}/{VERSION}"),
            "kind": self.kind,
            "metadata": metadata,
            "status": self.status,
        })
    }
}

/// Applies a status for `field_manager`; whether the object is still there. Where it is gone, so is its status.
pub(crate) async fn apply(
    client: &Client,
    status: &OwnStatus,
    field_manager: &str,
) -> Result<bool, kube::Error> {
    let Some(kind) = WatchedKind::of(GROUP, status.kind) else { return Ok(false) };
    let (client, resource) = (client.clone(), kind.resource());
    let api: Api<DynamicObject> = match &status.namespace {
        Some(namespace) => Api::namespaced_with(client, namespace, &resource),
        None => Api::all_with(client, &resource),
    };
    let parameters = PatchParams::apply(field_manager).force();
    match api.patch_status(&status.name, &parameters, &Patch::Apply(status.body())).await {
        Ok(_) => Ok(true),
        Err(kube::Error::Api(status)) if status.is_not_found() => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_names_its_object() {
        let status = OwnStatus::cluster_scoped(OwnKind::DataClass, "pi", json!({"conditions": []}));
        let mut expected = json!({"apiVersion": "bund.dev/v1alpha1", "kind": "DataClass", "metadata": {"name": "pi"},
            "status": {"conditions": []}});
        assert_eq!(status.body(), expected);
        expected["metadata"]["namespace"] = json!("shop");
        assert_eq!(OwnStatus { namespace: Some("shop".into()), ..status }.body(), expected);
    }
}
