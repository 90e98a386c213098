//! Findings and taints come into the ledger, when they begin and when they end, while we lead. (client; what lasts is pure)

use std::sync::Arc;
use std::time::Duration;

use bund_crds::ClassName;
use bund_engine::finding::Standing;
use bund_engine::reason::Effect;
use bund_engine::{Finding, Reason, Timestamp};
use bund_ledger::Place;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};
use tracing::warn;

use super::chronicle::{Chronicle, Lasts, Told};
use super::held::Held;
use crate::audit::Audited;
use crate::index::{Index, SubjectKey, View};
use crate::ledger::{Concern, Lasting};
use crate::response::tainted;

/// From the end of one pass to the next at least.
const PAUSE: Duration = Duration::from_millis(500);
/// After which time what failed is tried again.
const RETRY: Duration = Duration::from_secs(5);
/// From one look to the next at most: taints are not told by the audit.
const LOOK: Duration = Duration::from_mins(1);

/// Brings into the ledger what is found, and which nodes are tainted.
pub struct Chronicler {
    index: Arc<Index>,
    audited: watch::Receiver<Option<Audited>>,
    held: Held,
}

impl Chronicler {
    /// A chronicler that has recorded nothing yet.
    pub fn new(index: Arc<Index>, audited: watch::Receiver<Option<Audited>>, held: Held) -> Self {
        Self { index, audited, held }
    }

    /// Records what begins and what ends, for ever.
    pub async fn run(mut self) {
        if !self.held.ledger().is_configured() {
            return std::future::pending().await;
        }
        if self.audited.wait_for(Option::is_some).await.is_err() {
            return;
        }
        let mut chronicle = self.begin().await;
        let mut unwritten = Vec::new();
        loop {
            let lasts = self.lasts();
            chronicle.look(lasts, Timestamp::now());
            // What did not come into the ledger comes there before what happened since, which goes on being folded.
            if unwritten.is_empty() && chronicle.due().is_some_and(|due| due <= Timestamp::now()) {
                let told = chronicle.close(Timestamp::now()).into_iter();
                unwritten = told
                    .filter_map(|told| {
                        told.inspect_err(|error| {
                            warn!(error = crate::chain(error), "this can be no entry of the ledger");
                        })
                        .ok()
                    })
                    .collect();
            }
            unwritten = self.write(&mut chronicle, unwritten).await;
            sleep(PAUSE).await;
            let wait = if unwritten.is_empty() { until(chronicle.due()) } else { RETRY };
            tokio::select! {
                () = sleep_until(Instant::now() + wait.min(LOOK)) => {}
                changed = self.audited.changed() => if changed.is_err() { return },
            }
        }
    }

    /// A chronicle that goes on from what the ledger says, once it is open.
    async fn begin(&self) -> Chronicle {
        loop {
            if self.held.learn().await.is_ok()
                && let Some(history) = self.held.history()
            {
                return Chronicle::new(history.enforced().clone());
            }
            sleep(RETRY).await;
        }
    }

    fn lasts(&mut self) -> Lasts {
        let audited = self.audited.borrow_and_update().clone().unwrap_or_default();
        lasts(&self.index.view(), &audited)
    }

    /// Writes entries, in their order: those that could not be written.
    async fn write(&self, chronicle: &mut Chronicle, unwritten: Vec<Told>) -> Vec<Told> {
        let mut left = unwritten.into_iter();
        while let Some(told) = left.next() {
            match self.held.ledger().append(told.draft.clone()).await {
                Ok(_) => chronicle.acknowledged(told),
                Err(error) => {
                    let error = crate::chain(&error);
                    warn!(error, "what was found could not be recorded in the ledger; it is tried again");
                    return std::iter::once(told).chain(left).collect();
                }
            }
        }
        Vec::new()
    }
}

/// What is found, and which nodes are tainted.
fn lasts(view: &View, audited: &Audited) -> Lasts {
    let mut lasts = Lasts::new();
    for (owner, audit) in &audited.owners {
        for finding in audit.findings.iter().map(|told| &told.finding).filter(|finding| is_wrong(finding)) {
            let class = finding.class.as_ref().and_then(|class| class.as_str().parse::<ClassName>().ok());
            for policy in &finding.policies {
                let concern = Concern {
                    what: Lasting::Finding,
                    place: place(owner),
                    policy: policy.to_string(),
                    reason: finding.reason.code().to_owned(),
                };
                lasts.entry(concern).or_default().extend(class.clone());
            }
        }
    }
    for (node, policies) in tainted(view) {
        for policy in policies {
            let concern = Concern {
                what: Lasting::Taint,
                place: Place { kind: "Node".to_owned(), namespace: None, name: node.to_owned() },
                policy: policy.name.to_string(),
                reason: Reason::NodeOutside.code().to_owned(),
            };
            lasts.insert(concern, policy.spec.data_classes.iter().cloned().collect());
        }
    }
    lasts
}

/// Whether a finding says that a rule is broken, and not that it may be, or that somebody allowed it.
fn is_wrong(finding: &Finding) -> bool {
    let stands = match finding.standing {
        Standing::Stands | Standing::Existed | Standing::Exempt | Standing::LetThrough(_) => true,
        Standing::Covered(_) | Standing::Declassified | Standing::Connected => false,
    };
    stands && finding.reason.entry().effect != Effect::Hints
}

fn place(owner: &SubjectKey) -> Place {
    let SubjectKey { namespace, kind, name } = owner;
    let namespace = (!namespace.is_empty()).then(|| namespace.to_string());
    Place { kind: (*kind).to_owned(), namespace, name: name.to_string() }
}

fn until(moment: Option<Timestamp>) -> Duration {
    let left = moment.map(|moment| moment.duration_since(Timestamp::now()));
    left.map_or(LOOK, |left| left.try_into().unwrap_or_default())
}
