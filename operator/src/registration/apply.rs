//! Applying what is registered, and again when it was changed. (client)

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::stream::{SelectAll, StreamExt};
use kube::api::{DynamicObject, Patch, PatchParams};
use kube::core::{ApiResource, PartialObjectMeta};
use kube::runtime::watcher::{self, Config, Event};
use kube::{Api, Client};
use serde_json::Value;
use tokio::sync::watch;
use tracing::{info, warn};

use super::foothold::{Error, Foothold};
use super::{Endpoint, FIELD_MANAGER, Plan};
use crate::certificates::Serving;
use crate::index::{Index, patiently};

/// Pause between two applications: others that write the same objects must not make us write without end.
const PAUSE: Duration = Duration::from_millis(500);

/// Where the registration gets what it depends on.
#[derive(Clone)]
pub struct Registration {
    /// Custom resources: exempt namespaces, mappings.
    pub index: Arc<Index>,
    /// The certificates of the webhook.
    pub serving: watch::Receiver<Option<Arc<Serving>>>,
    /// Where the API server finds the webhook.
    pub endpoint: Endpoint,
    /// Our own namespace.
    pub namespace: String,
    /// The ClusterRole that owns what is registered.
    pub owner: Option<String>,
    /// Whether the webhook runs in other processes than this one, so that it may not run yet.
    pub elsewhere: bool,
}

/// Applies the registration and keeps it applied.
pub struct Registrar {
    client: Client,
    wanted: Registration,
    /// The resource version that each object had after we applied it.
    applied: BTreeMap<(String, String), String>,
    plan: Option<Plan>,
    /// What was said last about a failure, so that it is not said twice a second.
    said: Option<String>,
}

type Watch = futures::stream::BoxStream<
    'static,
    (&'static str, watcher::Result<Event<PartialObjectMeta<DynamicObject>>>),
>;

impl Registrar {
    /// A registrar that has applied nothing yet.
    pub fn new(client: Client, wanted: Registration) -> Self {
        Self { client, wanted, applied: BTreeMap::new(), plan: None, said: None }
    }

    /// Applies, and again on every change of what is wanted or of what is there, for ever.
    pub async fn run(mut self) {
        let mut revisions = self.wanted.index.revisions();
        let mut serving = self.wanted.serving.clone();
        let mut watches = self.watches();
        let mut drift = true;
        loop {
            self.reconcile(&mut drift).await;
            tokio::time::sleep(PAUSE).await;
            if drift {
                continue;
            }
            tokio::select! {
                changed = revisions.changed() => if changed.is_err() { return },
                changed = serving.changed() => if changed.is_err() { return },
                event = watches.next() => match event {
                    Some((kind, Ok(event))) => drift = self.is_drift(kind, &event),
                    Some((kind, Err(error))) => {
                        warn!(kind, error = crate::chain(&error), "watching our registration failed; it is tried again");
                    }
                    None => return,
                },
            }
        }
    }

    /// Applies where the plan changed or somebody else changed the objects. `drift` stays where applying failed.
    async fn reconcile(&mut self, drift: &mut bool) {
        let Some(plan) = self.wanted_plan() else { return };
        if !*drift && self.plan.as_ref() == Some(&plan) {
            return;
        }
        match self.apply(&plan).await {
            Ok(()) => {
                info!(exempt = ?plan.exempt, mapped = ?plan.mapped, "the registration is applied");
                self.plan = Some(plan);
                self.said = None;
                *drift = false;
            }
            Err(error) => {
                let error = crate::chain(&error);
                if self.said.as_ref() != Some(&error) {
                    warn!(error, "the registration could not be applied; it is tried again");
                }
                self.said = Some(error);
                *drift = true;
            }
        }
    }

    fn wanted_plan(&self) -> Option<Plan> {
        let Registration { index, serving, endpoint, namespace, owner: _, elsewhere: _ } = &self.wanted;
        let bundle = serving.borrow().as_ref()?.bundle.clone();
        Some(Plan::of(index.view().snapshot.world(), endpoint.clone(), bundle, namespace))
    }

    async fn apply(&mut self, plan: &Plan) -> Result<(), Error> {
        let owner = self.foothold().owner().await?;
        if self.wanted.elsewhere && self.applied.is_empty() {
            self.foothold().answering(&plan.endpoint).await?;
        }
        // The policy first and the webhooks last: each object stands alone, and the last ones need us.
        for mut object in plan.objects() {
            if let (Some(owner), Some(Value::Object(metadata))) = (&owner, object.get_mut("metadata")) {
                metadata.insert("ownerReferences".to_owned(), Value::Array(vec![owner.clone()]));
            }
            let text = |pointer| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
            let (kind, name) = (text("/kind"), text("/metadata/name"));
            let api: Api<DynamicObject> = Api::all_with(self.client.clone(), &resource(kind));
            let parameters = PatchParams::apply(FIELD_MANAGER).force();
            let applied = api.patch(name, &parameters, &Patch::Apply(&object)).await.map_err(Error::Apply)?;
            let version = applied.metadata.resource_version.unwrap_or_default();
            self.applied.insert((kind.to_owned(), name.to_owned()), version);
        }
        Ok(())
    }

    fn foothold(&self) -> Foothold<'_> {
        let Registration { namespace, owner, .. } = &self.wanted;
        Foothold { client: &self.client, namespace, owner: owner.as_deref() }
    }

    /// Whether an event shows an object otherwise than we left it.
    fn is_drift(&self, kind: &str, event: &Event<PartialObjectMeta<DynamicObject>>) -> bool {
        match event {
            Event::Init | Event::InitDone => false,
            Event::Delete(_) => true,
            Event::Apply(object) | Event::InitApply(object) => {
                let name = object.metadata.name.clone().unwrap_or_default();
                object.metadata.resource_version.as_ref() != self.applied.get(&(kind.to_owned(), name))
            }
        }
    }

    fn watches(&self) -> SelectAll<Watch> {
        let objects = KINDS.map(|(kind, _, name)| {
            let api: Api<PartialObjectMeta<DynamicObject>> =
                Api::all_with(self.client.clone(), &resource(kind));
            let config = Config::default().fields(&format!("metadata.name={name}"));
            let events = patiently(watcher::watcher(api, config), |event| !matches!(event, Event::Init));
            events.map(move |event| (kind, event)).boxed()
        });
        futures::stream::select_all(objects)
    }
}

/// The kinds that are applied: kind, resource, name of our object.
const KINDS: [(&str, &str, &str); 8] = [
    ("ValidatingAdmissionPolicy", "validatingadmissionpolicies", super::class_labels::NAME),
    ("ValidatingAdmissionPolicyBinding", "validatingadmissionpolicybindings", super::class_labels::NAME),
    ("ValidatingAdmissionPolicy", "validatingadmissionpolicies", super::break_glass::NAME),
    ("ValidatingAdmissionPolicyBinding", "validatingadmissionpolicybindings", super::break_glass::NAME),
    ("ValidatingAdmissionPolicy", "validatingadmissionpolicies", super::protection::NAME),
    ("ValidatingAdmissionPolicyBinding", "validatingadmissionpolicybindings", super::protection::NAME),
    ("ValidatingWebhookConfiguration", "validatingwebhookconfigurations", super::webhooks::NAME),
    ("MutatingWebhookConfiguration", "mutatingwebhookconfigurations", super::webhooks::NAME),
];

fn resource(kind: &str) -> ApiResource {
    let plural = KINDS.iter().find(|(known, ..)| *known == kind).map_or("", |(_, plural, _)| plural);
    ApiResource {
        group: "admissionregistration.k8s.io".to_owned(),
        version: "v1".to_owned(),
        api_version: "admissionregistration.k8s.io/v1".to_owned(),
        kind: kind.to_owned(),
        plural: plural.to_owned(),
    }
}
