//! Applying what is registered, and again when it was changed. (client)

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use bund_engine::Timestamp;
use futures::stream::{SelectAll, StreamExt};
use k8s_openapi::api::authentication::v1::SelfSubjectReview;
use kube::api::{DeleteParams, DynamicObject, Patch, PatchParams, PostParams};
use kube::core::PartialObjectMeta;
use kube::runtime::watcher::{self, Config, Event};
use kube::{Api, Client};
use serde_json::{Value, json};
use tokio::sync::watch;
use tracing::{info, warn};

use super::drift::{Key, Registered};
use super::foothold::{Error, Foothold};
use super::kinds::{KINDS, Written, api, kind_of};
use super::teller::Teller;
use super::{Endpoint, FIELD_MANAGER, Plan, floor};
use crate::certificates::Serving;
use crate::index::{Index, View, patiently};
use crate::metrics::Metrics;

/// Pause between two applications: others that write the same objects must not make us write without end.
const PAUSE: Duration = Duration::from_millis(500);
/// After which time it is looked again what is wanted: broken glass ends by itself.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

/// Where the registration gets what it depends on.
#[derive(Clone)]
pub struct Registration {
    /// Custom resources: exempt namespaces, mappings, policies.
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
    teller: Teller,
    registered: Registered,
    /// Of what we wrote of each object, so that only what changed is written again.
    fingerprints: BTreeMap<Key, u64>,
    plan: Option<Plan>,
    /// Our user name, once it is known.
    writer: Option<String>,
    /// What keeps us from applying. It is said once, not twice a second.
    trouble: Option<String>,
}

type Watch = futures::stream::BoxStream<
    'static,
    (&'static Written, watcher::Result<Event<PartialObjectMeta<DynamicObject>>>),
>;

impl Registrar {
    /// A registrar that has applied nothing yet. It tells of drift under the name `identity`, and counts in `metrics`.
    pub fn new(client: Client, wanted: Registration, metrics: Metrics, identity: String) -> Self {
        let teller = Teller::new(client.clone(), metrics, identity);
        Self {
            client,
            wanted,
            teller,
            registered: Registered::default(),
            fingerprints: BTreeMap::new(),
            plan: None,
            writer: None,
            trouble: None,
        }
    }

    /// Applies, and again on every change of what is wanted or of what is there, for ever.
    pub async fn run(mut self) {
        let mut revisions = self.wanted.index.revisions();
        let mut serving = self.wanted.serving.clone();
        let mut watches = self.watches();
        loop {
            self.reconcile().await;
            tokio::time::sleep(PAUSE).await;
            if self.trouble.is_some() || self.registered.is_troubled() {
                continue;
            }
            tokio::select! {
                changed = revisions.changed() => if changed.is_err() { return },
                changed = serving.changed() => if changed.is_err() { return },
                () = tokio::time::sleep(LOOK_AGAIN) => {}
                event = watches.next() => match event {
                    Some((Written { kind, name, .. }, Ok(event))) => self.registered.see(kind, *name, &event),
                    Some((Written { kind, .. }, Err(error))) => {
                        warn!(kind, error = crate::chain(&error), "watching our registration failed; it is tried again");
                    }
                    None => return,
                },
            }
        }
    }

    /// Applies where the plan changed or somebody else changed the objects.
    async fn reconcile(&mut self) {
        let view = self.wanted.index.view();
        let outcome = match self.wanted_plan(&view).await {
            Ok(None) => return,
            Ok(Some(plan)) => self.follow(plan, &view).await,
            Err(error) => Err(error),
        };
        let trouble = outcome.err().map(|error| crate::chain(&error));
        if let Some(error) = &trouble
            && self.trouble != trouble
        {
            warn!(error, "the registration could not be applied; it is tried again");
        }
        self.trouble = trouble;
        self.teller.registered(self.trouble.as_deref(), &view).await;
    }

    async fn follow(&mut self, plan: Plan, view: &View) -> Result<(), Error> {
        let as_before = self.plan.as_ref() == Some(&plan);
        if as_before && self.trouble.is_none() && !self.registered.is_troubled() {
            return Ok(());
        }
        self.apply(&plan, view).await?;
        if !as_before {
            let policies: Vec<_> = plan.floor.keys().collect();
            info!(exempt = ?plan.exempt, mapped = ?plan.mapped, floor = ?policies, "the registration is applied");
        }
        self.plan = Some(plan);
        Ok(())
    }

    /// What is wanted; nothing while there is no certificate.
    async fn wanted_plan(&mut self, view: &View) -> Result<Option<Plan>, Error> {
        let Some(bundle) = self.wanted.serving.borrow().as_ref().map(|serving| serving.bundle.clone()) else {
            return Ok(None);
        };
        let writer = self.writer().await?;
        let Registration { endpoint, namespace, .. } = &self.wanted;
        let now = Timestamp::now();
        Ok(Some(Plan::of(&view.snapshot, endpoint.clone(), bundle, namespace, writer, now)))
    }

    /// Who we are to the API server.
    async fn writer(&mut self) -> Result<String, Error> {
        if let Some(writer) = &self.writer {
            return Ok(writer.clone());
        }
        let api: Api<SelfSubjectReview> = Api::all(self.client.clone());
        let review = api.create(&PostParams::default(), &SelfSubjectReview::default()).await;
        let status = review.map_err(Error::WhoAmI)?.status;
        let writer = status.and_then(|status| status.user_info?.username).unwrap_or_default();
        self.writer = Some(writer.clone());
        Ok(writer)
    }

    /// Writes what differs from what we wrote last, and what somebody else changed. What fails stops nothing else: each
    /// object stands alone.
    async fn apply(&mut self, plan: &Plan, view: &View) -> Result<(), Error> {
        let owner = self.foothold().owner().await?;
        if self.wanted.elsewhere && self.fingerprints.is_empty() {
            self.foothold().answering(&plan.endpoint).await?;
        }
        let mut outcome = self.foothold().floor_is_served().await;
        let served = outcome.is_ok();
        let mut wanted = BTreeSet::new();
        for mut object in plan.objects() {
            if let (Some(owner), Some(Value::Object(metadata))) = (&owner, object.get_mut("metadata")) {
                metadata.insert("ownerReferences".to_owned(), Value::Array(vec![owner.clone()]));
            }
            let text = |pointer| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
            let Some(kind) = kind_of(text("/kind")) else { continue };
            let key = Key { kind: kind.kind, name: text("/metadata/name").to_owned() };
            // A policy whose parameters are of a kind that nobody serves would refuse whatever it is asked about.
            if served || !floor::needs_parameters(&key.name, key.kind) {
                outcome = outcome.and(self.write(kind, &key, &object, view).await);
            }
            wanted.insert(key);
        }
        for key in self.registered.unwanted(&wanted).iter().filter(|key| key.kind == floor::PARAMETERS) {
            outcome = outcome.and(self.remove(key).await);
        }
        outcome
    }

    async fn write(&mut self, kind: &Written, key: &Key, object: &Value, view: &View) -> Result<(), Error> {
        let fingerprint = fingerprint(object);
        if self.fingerprints.get(key) == Some(&fingerprint) && !self.registered.is_suspect(key) {
            return Ok(());
        }
        if self.registered.is_suspect(key) {
            self.overwrite(kind, key, object).await.map_err(|error| Error::Apply(key.to_string(), error))?;
        }
        let parameters = PatchParams::apply(FIELD_MANAGER).force();
        let written = api(&self.client, kind).patch(&key.name, &parameters, &Patch::Apply(object)).await;
        let written = written.map_err(|error| Error::Apply(key.to_string(), error))?;
        self.fingerprints.insert(key.clone(), fingerprint);
        if let Some(drift) = self.registered.wrote(key.clone(), &written.metadata) {
            self.teller.drifted(&drift, view).await;
        }
        Ok(())
    }

    /// Takes out what others wrote into an object: server-side apply would leave it, and one condition more, or one kind
    /// of request less, is enough for the API server to ask nobody.
    async fn overwrite(&self, kind: &Written, key: &Key, object: &Value) -> Result<(), kube::Error> {
        let asked = ["spec", "webhooks"].into_iter().filter_map(|member| Some((member, object.get(member)?)));
        let edits =
            asked.map(|(member, value)| json!({ "op": "add", "path": format!("/{member}"), "value": value }));
        let edits = serde_json::from_value(edits.collect()).map_err(kube::Error::SerdeError)?;
        let patch = Patch::Json::<()>(edits);
        let parameters =
            PatchParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PatchParams::default() };
        match api(&self.client, kind).patch(&key.name, &parameters, &patch).await {
            Ok(_) => Ok(()),
            Err(kube::Error::Api(status)) if status.is_not_found() => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Deletes what nobody wants any more.
    async fn remove(&mut self, key: &Key) -> Result<(), Error> {
        let Some(kind) = kind_of(key.kind) else { return Ok(()) };
        match api(&self.client, kind).delete(&key.name, &DeleteParams::default()).await {
            Ok(_) => {}
            Err(kube::Error::Api(status)) if status.is_not_found() => {}
            Err(error) => return Err(Error::Remove(key.to_string(), error)),
        }
        self.fingerprints.remove(key);
        self.registered.removed(key);
        Ok(())
    }

    fn foothold(&self) -> Foothold<'_> {
        let Registration { namespace, owner, .. } = &self.wanted;
        Foothold { client: &self.client, namespace, owner: owner.as_deref() }
    }

    fn watches(&self) -> SelectAll<Watch> {
        let objects = KINDS.iter().map(|kind| {
            let all: Api<PartialObjectMeta<DynamicObject>> =
                Api::all_with(self.client.clone(), &kind.resource());
            let config = match kind.name {
                Some(name) => Config::default().fields(&format!("metadata.name={name}")),
                None => Config::default(),
            };
            let events = patiently(watcher::watcher(all, config), |event| !matches!(event, Event::Init));
            events.map(move |event| (kind, event)).boxed()
        });
        futures::stream::select_all(objects)
    }
}

/// Tells what we wrote from what we would write.
fn fingerprint(object: &Value) -> u64 {
    let mut hasher = DefaultHasher::new();
    object.to_string().hash(&mut hasher);
    hasher.finish()
}
