//! What must be there before anything is registered, so that a registration never outlives what answers it. (client)

use bund_crds::FloorParameters;
use k8s_openapi::api::discovery::v1::EndpointSlice;
use k8s_openapi::api::rbac::v1::ClusterRole;
use kube::api::ListParams;
use kube::{Api, Client};
use serde_json::{Value, json};

use super::Endpoint;

/// Why nothing can be registered.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The owner cannot be read.
    #[error("cannot read ClusterRole `{0}`, which is to own what is registered")]
    ReadOwner(String, #[source] kube::Error),
    /// The owner is not there: what is registered would outlive us.
    #[error(
        "ClusterRole `{0}`, which is to own what is registered, is not there; apply it, or correct owner.clusterRole"
    )]
    NoOwner(String),
    /// The webhook's endpoints cannot be read.
    #[error("cannot read the endpoints of Service `{0}`")]
    ReadEndpoints(String, #[source] kube::Error),
    /// No webhook answers yet: to register it would lock guarded namespaces.
    #[error("no webhook is ready behind Service `{0}` yet")]
    NobodyAnswers(String),
    /// Our own user name cannot be read.
    #[error("cannot ask the API server who we are")]
    WhoAmI(#[source] kube::Error),
    /// The kind of the floor's parameters is not there: the floor would refuse everything.
    #[error("FloorParameters are not served, so there is no floor; apply crds/manifests")]
    NoFloorParameters,
    /// Whether the kind is there cannot be told.
    #[error("cannot list FloorParameters")]
    ListFloorParameters(#[source] kube::Error),
    /// An object cannot be applied.
    #[error("{0} could not be applied")]
    Apply(String, #[source] kube::Error),
    /// An object cannot be deleted.
    #[error("{0}, which no policy asks for any more, could not be deleted")]
    Remove(String, #[source] kube::Error),
}

/// Looks for what must be there.
pub(super) struct Foothold<'r> {
    pub(super) client: &'r Client,
    pub(super) namespace: &'r str,
    /// The ClusterRole that owns what is registered.
    pub(super) owner: Option<&'r str>,
}

impl Foothold<'_> {
    /// The owner reference that every registered object gets.
    pub(super) async fn owner(&self) -> Result<Option<Value>, Error> {
        let Some(name) = self.owner else { return Ok(None) };
        let roles: Api<ClusterRole> = Api::all(self.client.clone());
        let read = roles.get_metadata_opt(name).await;
        let role = read.map_err(|error| Error::ReadOwner(name.to_owned(), error))?;
        let uid = role.filter(|role| role.metadata.deletion_timestamp.is_none());
        let uid = uid.and_then(|role| role.metadata.uid).ok_or_else(|| Error::NoOwner(name.to_owned()))?;
        Ok(Some(json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "name": name, "uid": uid,
        })))
    }

    /// Fails where the API server does not know the kind of the floor's parameters.
    pub(super) async fn floor_is_served(&self) -> Result<(), Error> {
        let parameters: Api<FloorParameters> = Api::all(self.client.clone());
        match parameters.list_metadata(&ListParams::default().limit(1)).await {
            Ok(_) => Ok(()),
            Err(kube::Error::Api(status)) if status.is_not_found() => Err(Error::NoFloorParameters),
            Err(error) => Err(Error::ListFloorParameters(error)),
        }
    }

    /// Fails while nobody answers reviews at `endpoint`. Of a URL nothing is known.
    pub(super) async fn answering(&self, endpoint: &Endpoint) -> Result<(), Error> {
        let Endpoint::Service { namespace: _, name, port: _ } = endpoint else { return Ok(()) };
        let slices: Api<EndpointSlice> = Api::namespaced(self.client.clone(), self.namespace);
        let of_service = ListParams::default().labels(&format!("kubernetes.io/service-name={name}"));
        let slices = slices.list(&of_service).await;
        let slices = slices.map_err(|error| Error::ReadEndpoints(name.clone(), error))?;
        if slices.items.iter().any(has_ready) { Ok(()) } else { Err(Error::NobodyAnswers(name.clone())) }
    }
}

/// Whether some endpoint is ready. What is not said counts as ready, as for every reader of slices.
fn has_ready(slice: &EndpointSlice) -> bool {
    let ready = |conditions: &k8s_openapi::api::discovery::v1::EndpointConditions| conditions.ready;
    slice
        .endpoints
        .iter()
        .flatten()
        .any(|endpoint| endpoint.conditions.as_ref().and_then(ready).unwrap_or(true))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_ready_endpoint_is_enough() {
        for (endpoints, ready) in [
            (json!([]), false),
            (json!([{"addresses": ["10.0.0.1"], "conditions": {"ready": false}}]), false),
            (
                json!([{"addresses": ["10.0.0.1"], "conditions": {"ready": false}},
                    {"addresses": ["10.0.0.2"], "conditions": {"ready": true}}]),
                true,
            ),
            (json!([{"addresses": ["10.0.0.1"]}]), true),
        ] {
            let slice = json!({"addressType": "IPv4", "metadata": {}, "endpoints": endpoints});
            assert_eq!(has_ready(&serde_json::from_value(slice).unwrap()), ready, "{endpoints}");
        }
    }
}
