//! Doing one write. (client)

use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::api::policy::v1::Eviction;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{DeleteOptions, ObjectMeta, Preconditions as Of};
use kube::api::{DeleteParams, DynamicObject, Patch, PatchParams, PostParams, Preconditions};
use kube::{Api, Client};
use serde_json::{Value, json};
use tokio::time::timeout;

use super::FIELD_MANAGER;
use super::attempts::Tried;
use super::kind::{Key, Kind};
use super::plan::Action;
use super::stored::StoredPolicy;
use super::wanted::{Marking, PodKey, Policy};

/// How long one write may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// The HTTP status of an object that its schema does not allow.
const UNPROCESSABLE: u16 = 422;

/// How a write ended.
pub(super) struct Outcome {
    pub(super) tried: Tried,
    /// A policy that was written, as it is stored now.
    pub(super) stored: Option<StoredPolicy>,
}

impl From<Tried> for Outcome {
    fn from(tried: Tried) -> Self {
        Self { tried, stored: None }
    }
}

/// Does one write.
pub(super) async fn write(client: &Client, action: &Action) -> Outcome {
    let done = async {
        match action {
            Action::Apply { key, policy, .. } => apply(client, key, policy).await,
            Action::Delete { key, uid } => delete(client, key, uid).await.map(Outcome::from),
            Action::Mark(marking) => mark(client, marking).await.map(Outcome::from),
            Action::Evict { pod, uid, .. } => evict(client, pod, uid).await.map(Outcome::from),
        }
    };
    match timeout(PATIENCE, done).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(error)) if is_gone(&error) => Tried::Gone.into(),
        Ok(Err(error)) if is_budget(&error) => {
            Tried::Failed("a PodDisruptionBudget does not allow it now".to_owned()).into()
        }
        Ok(Err(error)) => Tried::Failed(crate::chain(&error)).into(),
        Err(_) => Tried::Failed("the API server did not answer in time".to_owned()).into(),
    }
}

/// Makes a policy say what it should, and nothing else.
async fn apply(client: &Client, key: &Key, policy: &Policy) -> kube::Result<Outcome> {
    let api = api(client, key);
    let applied = applied(&api, key, policy).await;
    let stands = match &applied {
        Ok(outcome) => outcome.tried == Tried::Done,
        Err(kube::Error::Api(status)) => status.code != UNPROCESSABLE,
        Err(_) => true,
    };
    if stands {
        return applied;
    }
    // To apply leaves what only others say, and is refused where that contradicts.
    let Some(found) = api.get_opt(&key.name).await? else { return applied };
    let spec = |object: &Value| object.get("spec").cloned().unwrap_or_default();
    let body = json!({ "spec": replacing(&spec(&found.data), &spec(&policy.manifest(key))) });
    let parameters = PatchParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PatchParams::default() };
    api.patch(&key.name, &parameters, &Patch::Merge(body)).await?;
    self::applied(&api, key, policy).await
}

/// What makes `found` say what is `wanted` and nothing else, as a merge patch (RFC 7386).
fn replacing(found: &Value, wanted: &Value) -> Value {
    let (Value::Object(found), Value::Object(wanted)) = (found, wanted) else { return wanted.clone() };
    let excess = found.keys().filter(|key| !wanted.contains_key(*key)).map(|key| (key.clone(), Value::Null));
    let kept = wanted.iter().map(|(key, value)| {
        let found = found.get(key).unwrap_or(&Value::Null);
        (key.clone(), replacing(found, value))
    });
    Value::Object(excess.chain(kept).collect())
}

/// Applies a policy, and looks at what the API server made of it.
async fn applied(api: &Api<DynamicObject>, key: &Key, policy: &Policy) -> kube::Result<Outcome> {
    // By force: a policy of a name of ours says what we say.
    let parameters = PatchParams::apply(FIELD_MANAGER).force();
    let manifest = Patch::Apply(policy.manifest(key));
    let patched = api.patch(&key.name, &parameters, &manifest).await?;
    let stored = StoredPolicy::read(key.kind, &patched).map(|(_, stored)| stored);
    let is_as_written = stored.as_ref().is_some_and(|stored| stored.digest == policy.digest);
    let tried = if is_as_written {
        Tried::Done
    } else {
        Tried::Failed("it is stored otherwise than it was written; a webhook, or a field that another manager owns, changes it".to_owned())
    };
    Ok(Outcome { tried, stored })
}

/// Deletes the very policy of this uid.
async fn delete(client: &Client, key: &Key, uid: &str) -> kube::Result<Tried> {
    let preconditions = Preconditions { uid: Some(uid.to_owned()), resource_version: None };
    let parameters = DeleteParams { preconditions: Some(preconditions), ..DeleteParams::background() };
    match api(client, key).delete(&key.name, &parameters).await {
        Ok(_) => Ok(Tried::Done),
        Err(kube::Error::Api(status)) if status.is_not_found() => Ok(Tried::Done),
        Err(error) => Err(error),
    }
}

/// Writes marks onto the very pod of this uid, and takes others off.
async fn mark(client: &Client, marking: &Marking) -> kube::Result<Tried> {
    let Marking { pod: (namespace, name), uid, labels } = marking;
    let body = json!({ "metadata": { "uid": uid, "labels": labels } });
    let parameters = PatchParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PatchParams::default() };
    let pods: Api<Pod> = Api::namespaced(client.clone(), namespace);
    pods.patch_metadata(name, &parameters, &Patch::Merge(body)).await.map(|_| Tried::Done)
}

/// Evicts the very pod of this uid, with respect to budgets.
async fn evict(client: &Client, (namespace, name): &PodKey, uid: &str) -> kube::Result<Tried> {
    let preconditions = Of { uid: Some(uid.to_owned()), resource_version: None };
    let eviction = Eviction {
        metadata: ObjectMeta { name: Some(name.to_string()), ..ObjectMeta::default() },
        delete_options: Some(DeleteOptions {
            preconditions: Some(preconditions),
            ..DeleteOptions::default()
        }),
    };
    let pods: Api<Pod> = Api::namespaced(client.clone(), namespace);
    let parameters = PostParams::default();
    let answer = pods.create_subresource::<_, Value>("eviction", name, &parameters, &eviction);
    answer.await.map(|_| Tried::Done)
}

/// The policies among which this one is.
fn api(client: &Client, key: &Key) -> Api<DynamicObject> {
    let resource = key.kind.resource();
    match key.kind {
        Kind::Network => Api::namespaced_with(client.clone(), &key.namespace, &resource),
        Kind::Cluster => Api::all_with(client.clone(), &resource),
    }
}

/// Whether what was to be written is gone, or going: the object of this uid, or its namespace.
fn is_gone(error: &kube::Error) -> bool {
    match error {
        kube::Error::Api(status) => {
            status.is_not_found()
                || status.is_conflict()
                || (status.is_forbidden() && status.message.contains("is being terminated"))
        }
        _ => false,
    }
}

/// Whether a budget is in the way. The same code is given by an API server that is busy.
fn is_budget(error: &kube::Error) -> bool {
    match error {
        kube::Error::Api(status) => {
            status.code == 429 && status.message.to_lowercase().contains("disruption budget")
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_found_says_what_is_wanted_once_it_is_replaced() {
        let wanted = json!({ "priority": 100, "subject": { "namespaces": { "matchLabels": { "a": "b" } } }, "egress": [{}] });
        for found in [
            json!({}),
            wanted.clone(),
            json!({ "priority": 900, "egress": [], "ingress": [{ "action": "Deny" }] }),
            json!({ "subject": { "pods": { "podSelector": {} } } }),
            json!({ "subject": { "namespaces": { "matchExpressions": [{ "key": "a" }], "matchLabels": { "c": "d" } } } }),
            json!({ "subject": "broken", "egress": { "broken": true } }),
            json!("broken"),
        ] {
            let mut replaced = found.clone();
            json_patch::merge(&mut replaced, &replacing(&found, &wanted));
            assert_eq!(replaced, wanted, "{found}");
        }
    }
}
