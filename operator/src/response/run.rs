//! Responding while we lead. (client)

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use bund_crds::PolicyName;
use bund_engine::Timestamp;
use kube::Client;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};
use tracing::{info, warn};

use super::ask::{Asked, evicting};
use super::attempts::{Attempts, Outcome};
use super::evict::Evictor;
use super::plan::{Clock, Planned, Right, plan};
use super::right::Asking;
use super::taint::{Edit, edits, tainting};
use super::{node, tell};
use crate::audit::Audited;
use crate::event::create_or_warn;
use crate::index::{Index, View};
use crate::metrics::Metrics;
use crate::own_status::{OwnStatus, apply};
use crate::recorder::{Act, Outbox, evictions};

/// Who owns the condition.
const FIELD_MANAGER: &str = "bund-response";
/// From the end of one pass to the next at least, where nothing is to be done: pods come and go by the hundred.
const PAUSE: Duration = Duration::from_millis(200);
/// From one writing of conditions to the next at least: they tell numbers that change with every eviction.
const TELL: Duration = Duration::from_secs(1);
/// After which time what failed is tried again: conditions and nodes.
const RETRY: Duration = Duration::from_secs(5);

/// Evicts and taints what policies ask for.
pub struct Responder {
    client: Client,
    index: Arc<Index>,
    metrics: Metrics,
    audited: watch::Receiver<Option<Audited>>,
    identity: String,
    /// Our own namespace.
    own: String,
    /// Where evictions go on record.
    outbox: Outbox,
    to_evict: Asking,
    to_taint: Asking,
    attempts: Attempts,
    /// Nodes that could not be edited.
    failed: BTreeSet<Box<str>>,
    /// Conditions that were written, until the view shows them.
    told: BTreeMap<PolicyName, OwnStatus>,
    /// When conditions were last written.
    told_at: Option<Instant>,
}

impl Responder {
    /// A responder that has done nothing yet. It begins to lead now. `client` must try nothing again by itself: that a budget
    /// does not allow an eviction is an answer, not a failure.
    pub fn new(
        client: &Client,
        index: &Arc<Index>,
        metrics: &Metrics,
        audited: watch::Receiver<Option<Audited>>,
        identity: &str,
        own: &str,
        outbox: Outbox,
    ) -> Self {
        Self {
            client: client.clone(),
            index: index.clone(),
            metrics: metrics.clone(),
            audited,
            identity: identity.to_owned(),
            own: own.to_owned(),
            outbox,
            to_evict: Asking::to_evict(),
            to_taint: Asking::to_taint(),
            attempts: Attempts::new(Instant::now()),
            failed: BTreeSet::new(),
            told: BTreeMap::new(),
            told_at: None,
        }
    }

    /// Does what is to be done on every change of the index and of the audit, and when something is due, for ever.
    pub async fn run(mut self) {
        let mut revisions = self.index.revisions();
        if self.audited.wait_for(Option::is_some).await.is_err() {
            return;
        }
        loop {
            revisions.mark_unchanged();
            let (again, took) = self.pass().await;
            // Rests as long as it thought: a busy cluster costs half a core at most.
            sleep(took.min(PAUSE)).await;
            let due = async {
                match again {
                    Some(moment) => sleep_until(moment).await,
                    None => std::future::pending().await,
                }
            };
            let changed = async {
                let changed = tokio::select! {
                    changed = revisions.changed() => changed.is_ok(),
                    changed = self.audited.changed() => changed.is_ok(),
                };
                sleep(PAUSE).await;
                changed
            };
            tokio::select! {
                () = due => {}
                goes_on = changed => if !goes_on { return },
            }
        }
    }

    /// One pass: when to look again if nothing changes, and how long it took to find out.
    async fn pass(&mut self) -> (Option<Instant>, Duration) {
        let view = self.index.view();
        let audited = self.audited.borrow_and_update().clone().unwrap_or_default();
        let evict = if evicting(view.snapshot.world()).is_empty() {
            None
        } else {
            Some(self.to_evict.ask(&self.client).await)
        };
        let begun = Instant::now();
        let Some((planned, edits)) = self.plan(&view, &audited, evict.unwrap_or(Right::Missing)).await else {
            return (Some(Instant::now() + RETRY), PAUSE);
        };
        let took = begun.elapsed();
        self.metrics.evictions_wait(planned.said.values());
        let tried = !planned.evictions.is_empty();
        for asked in planned.evictions {
            self.evict(asked).await;
        }
        let asks_for_taints = tainting(&view.snapshot).next().is_some() || !edits.is_empty();
        let taint = if asks_for_taints { Some(self.to_taint.ask(&self.client).await) } else { None };
        self.edit_nodes(edits, &view, &audited, taint.unwrap_or(Right::Missing)).await;
        let taints = tell::Taints { right: taint.unwrap_or(Right::Held), failed: self.failed.clone() };
        let statuses = tell::statuses(&view, &planned.said, &taints, Timestamp::now());
        let untold = self.write(statuses).await;
        let retry = (!self.failed.is_empty()).then(|| Instant::now() + RETRY);
        // What is missing may be given at any time.
        let missing = [(evict, &self.to_evict), (taint, &self.to_taint)].into_iter();
        let missing = missing.filter(|(right, _)| *right == Some(Right::Missing));
        let asked = missing.filter_map(|(_, asking)| asking.again());
        let wakes =
            planned.wake.into_iter().chain(untold).chain(retry).chain(asked).chain(tried.then(Instant::now));
        (wakes.min(), took)
    }

    async fn plan(
        &mut self,
        view: &Arc<View>,
        audited: &Audited,
        right: Right,
    ) -> Option<(Planned, BTreeMap<Box<str>, Edit>)> {
        let (view, audited, own) = (view.clone(), audited.clone(), self.own.clone());
        let mut attempts = self.attempts.clone();
        // Every finding is looked at: work for a thread of its own, not for one that answers.
        let planned = tokio::task::spawn_blocking(move || {
            let planned = plan(&view, &audited, &own, right, &mut attempts, &Clock::now());
            (planned, edits(&view, &audited), attempts)
        });
        // It fails only where we are stopping.
        let (planned, edits, attempts) = planned.await.ok()?;
        self.attempts = attempts;
        Some((planned, edits))
    }

    async fn evict(&mut self, asked: Asked) {
        let evictor =
            Evictor { client: &self.client, index: &self.index, own: &self.own, outbox: &self.outbox };
        let (outcome, grounds) = evictor.evict(&asked).await;
        self.attempts.ended(&asked, asked.by.keys(), outcome, Instant::now());
        self.metrics.eviction(outcome);
        if outcome == Outcome::Evicted {
            let (namespace, name, uid) = (&asked.pod.namespace, &asked.pod.name, &asked.uid);
            let now = Timestamp::now();
            self.outbox.after(evictions(Act::Evicted, &asked.pod, uid, &grounds, now));
            let policies: Vec<_> = grounds.into_keys().collect();
            info!(%namespace, %name, %uid, ?policies, "a pod that broke a rule was evicted");
            let event = tell::evicted(&asked.pod, uid, &policies, &self.identity, now);
            create_or_warn(&self.client, &event).await;
        }
    }

    async fn edit_nodes(
        &mut self,
        edits: BTreeMap<Box<str>, Edit>,
        view: &View,
        audited: &Audited,
        right: Right,
    ) {
        self.failed.clear();
        if right == Right::Missing {
            return;
        }
        for name in edits.into_keys() {
            match node::edit(&self.client, &name, view, audited).await {
                Ok(None) => {}
                Ok(Some((node, edit))) => {
                    info!(node = %name, ?edit, "a node was edited");
                    let event = tell::edited(&node, &edit, &self.identity, Timestamp::now());
                    create_or_warn(&self.client, &event).await;
                }
                Err(error) => {
                    let error = crate::chain(&error);
                    warn!(node = %name, error, "a node could not be edited; it is tried again");
                    self.failed.insert(name);
                }
            }
        }
    }

    /// Writes conditions; when to write those that are still owed.
    async fn write(&mut self, mut statuses: BTreeMap<PolicyName, OwnStatus>) -> Option<Instant> {
        self.told.retain(|policy, _| statuses.contains_key(policy));
        statuses.retain(|policy, status| self.told.get(policy) != Some(status));
        if statuses.is_empty() {
            return None;
        }
        if let Some(next) = self.told_at.map(|told| told + TELL).filter(|next| *next > Instant::now()) {
            return Some(next);
        }
        self.told_at = Some(Instant::now());
        let mut owed = None;
        for (policy, status) in statuses {
            match apply(&self.client, &status, FIELD_MANAGER).await {
                Ok(true) => drop(self.told.insert(policy, status)),
                Ok(false) => {}
                Err(error) => {
                    let error = crate::chain(&error);
                    warn!(%policy, error, "a condition could not be written; it is tried again");
                    owed = Some(Instant::now() + RETRY);
                }
            }
        }
        owed
    }
}
