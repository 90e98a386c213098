//! Transfers: what flows to whom, and on which ground. Those that are declared are told as `bund transfer status` tells
//! them; those of which only the record is left, by the record.

use std::collections::BTreeSet;

use bund_crds::{
    CountryCode, CreditCode, EventType, Persons, TransferDecision, Uid,
    cross_border_transfer::RecipientKind,
    ledger_event::{RecordedDecision, RecordedTransfer},
};
use bund_engine::{
    HeldClass, Snapshot, Timestamp,
    snapshot::{EventFacts, TransferFacts},
    transfer::{self, Route, Standing, State},
};
use serde::Serialize;

use super::{
    evidence::{Evidence, MechanismKind, evidence, mechanism},
    holder::Sources,
};
use crate::{
    inventory::{Inventory, Known},
    transfer::status::{self, Status, status},
};

/// A transfer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Transfer {
    /// Its namespace and name.
    #[serde(flatten)]
    pub id: TransferRef,
    /// Its uid; absent for one that no API server has seen.
    pub uid: Option<Uid>,
    /// Whether it is in effect, in a word.
    pub phase: Phase,
    /// The same as `bund transfer status` tells it.
    pub state: State,
    /// Why it is not in effect; absent where it is.
    pub why: Option<String>,
    /// From when on the data may leave; absent where only the record is left of it.
    pub from: Option<Timestamp>,
    /// Until when; absent where it was never opened and only the record is left of it.
    pub until: Option<Timestamp>,
    /// Who exports.
    pub exporter: Exporter,
    /// The classes that it carries.
    pub data_classes: Vec<HeldClass>,
    /// How many persons it declares for a calendar year.
    pub persons: Persons,
    /// Who receives; absent where only the record is left of it.
    pub recipient: Option<Recipient>,
    /// Where the data goes; absent where only the record is left of it.
    pub destinations: Option<Vec<String>>,
    /// Whose data leaves; absent where only the record is left of it.
    pub sources: Option<Vec<Source>>,
    /// On which ground; absent where only the record is left of it.
    pub ground: Option<Ground>,
    /// Who decided.
    pub approvals: Approvals,
}

/// A transfer, by its name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TransferRef {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

/// Whether a transfer is in effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Phase {
    /// It is.
    InEffect,
    /// Not yet, or not now.
    Pending,
    /// It ended, and does not come back.
    Ended,
}

/// Who exports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Exporter {
    /// Its unified social credit code.
    pub credit_code: CreditCode,
    /// Its legal name; absent where no Exporter tells it.
    pub legal_name: Option<String>,
}

/// Who receives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Recipient {
    /// Its legal name.
    pub name: String,
    /// The country or region where it is.
    pub country: CountryCode,
    /// What it is.
    pub kind: RecipientKind,
}

/// Something whose data leaves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Source {
    /// Its kind.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Which of the classes of the transfer it holds; absent where it is not there.
    pub holds: Option<BTreeSet<HeldClass>>,
}

/// On which ground data leaves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Ground {
    /// The route that the law asks for; absent where nobody can tell.
    pub route: Option<Route>,
    /// The mechanism that it declares.
    pub mechanism: MechanismKind,
    /// Whether that is the route or a heavier one, and valid.
    pub satisfied: bool,
    /// How, or what to do.
    pub told: String,
    /// The fields that lack something.
    pub missing: BTreeSet<String>,
    /// What forbids it, a clause each.
    pub forbidden: Vec<String>,
    /// The documents that it names.
    pub evidence: Vec<Evidence>,
}

/// Who decided on a transfer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Approvals {
    /// How many approvals count.
    pub counted: usize,
    /// How many are needed; absent where only the record is left of it.
    pub needed: Option<usize>,
    /// Every decision, in order of time.
    pub decisions: Vec<Decided>,
}

/// One person's decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Decided {
    /// Who decided; absent where nobody was stamped.
    pub by: Option<String>,
    /// What.
    pub decision: TransferDecision,
    /// When it was made, or, of one that only the record tells of, observed.
    pub at: Option<Timestamp>,
    /// Whether it counts.
    pub counts: bool,
}

impl TransferRef {
    pub(super) fn of(transfer: &TransferFacts) -> Self {
        Self { namespace: transfer.namespace.to_string(), name: transfer.name.to_string() }
    }
}

impl From<State> for Phase {
    fn from(state: State) -> Self {
        match state {
            State::Active => Self::InEffect,
            State::Closed | State::Ready | State::Suspended => Self::Pending,
            State::Expired | State::Revoked | State::Superseded => Self::Ended,
        }
    }
}

/// Every transfer that is declared, and every other one of which there is a record.
pub(super) fn transfers(
    inventory: &Inventory,
    known: &Known,
    sources: &Sources,
    now: Timestamp,
) -> Vec<Transfer> {
    let declared: Vec<_> = known.snapshot.transfers().transfers().collect();
    let there: BTreeSet<_> = declared.iter().filter_map(|transfer| transfer.uid.as_ref()).collect();
    let mut all = on_record(&known.snapshot, &there, now);
    all.extend(declared.into_iter().map(|transfer| {
        let status = status(inventory, known, transfer, now);
        of_declared(transfer, status, known, sources)
    }));
    all.sort_by(|one, other| (one.phase, &one.id, &one.uid).cmp(&(other.phase, &other.id, &other.uid)));
    all
}

fn of_declared(transfer: &TransferFacts, status: Status, known: &Known, sources: &Sources) -> Transfer {
    let spec = &transfer.spec;
    let id = TransferRef::of(transfer);
    let found = sources.get(&id);
    let source = |listed: &bund_crds::cross_border_transfer::Source| Source {
        kind: listed.kind.clone(),
        name: listed.name.clone(),
        holds: found.and_then(|found| found.get(&(listed.kind.clone(), listed.name.clone()))).cloned(),
    };
    let Status { law, approvals, decisions, standing, .. } = status;
    let decided = |one: status::Decided| Decided {
        by: one.by.map(|person| person.username),
        decision: one.decision,
        at: one.at,
        counts: one.counts,
    };
    Transfer {
        uid: transfer.uid.clone(),
        phase: standing.state.into(),
        state: standing.state,
        why: standing.why,
        from: Some(law.begins),
        until: Some(law.ends),
        exporter: exporter(&spec.exporter, &known.snapshot),
        data_classes: spec.data_classes.iter().map(|class| class.as_str().into()).collect(),
        persons: spec.persons,
        recipient: Some(Recipient {
            name: spec.recipient.name.clone(),
            country: spec.recipient.country,
            kind: spec.recipient.kind,
        }),
        destinations: Some(spec.destinations.iter().map(status::place).collect()),
        sources: Some(spec.sources.iter().map(source).collect()),
        ground: Some(Ground {
            route: law.route,
            mechanism: mechanism(&spec.mechanism),
            satisfied: law.route_satisfied,
            told: law.mechanism,
            missing: law.missing.iter().map(|missing| missing.field.to_string()).collect(),
            forbidden: law.prohibitions.into_iter().map(|prohibition| prohibition.why).collect(),
            evidence: evidence(spec),
        }),
        approvals: Approvals {
            counted: approvals.counted,
            needed: Some(approvals.needed),
            decisions: decisions.into_iter().map(decided).collect(),
        },
        id,
    }
}

fn exporter(code: &CreditCode, snapshot: &Snapshot) -> Exporter {
    let known = snapshot.transfers().exporter(code);
    Exporter { credit_code: code.clone(), legal_name: known.map(|facts| facts.spec.legal_name.clone()) }
}

/// The transfers of which only the record is left.
fn on_record(snapshot: &Snapshot, there: &BTreeSet<&Uid>, now: Timestamp) -> Vec<Transfer> {
    let gone = snapshot.transfers().recorded().filter(|uid| !there.contains(uid));
    gone.filter_map(|uid| of_record(uid, snapshot, now)).collect()
}

/// A transfer by its record. Every event tells of it; the first that opened it tells until when it is in effect.
fn of_record(uid: &Uid, snapshot: &Snapshot, now: Timestamp) -> Option<Transfer> {
    let events: Vec<_> = snapshot.transfers().events_of(uid).collect();
    let activation = events.iter().find(|event| event.spec.event == EventType::Activated);
    let told = activation.or(events.first())?;
    let RecordedTransfer { namespace, name, exporter: code, persons, until, .. } =
        told.spec.transfer.as_ref()?;
    let standing = transfer::standing_on_record(uid, snapshot.transfers(), now);
    let state = standing.state();
    let mut decisions: Vec<_> = events.iter().filter_map(|event| decided(event)).collect();
    decisions.sort_by(|one, other| (one.at, &one.by).cmp(&(other.at, &other.by)));
    let counted: BTreeSet<_> = decisions
        .iter()
        .filter(|one| one.counts && one.decision == TransferDecision::Approved)
        .map(|one| &one.by)
        .collect();
    Some(Transfer {
        id: TransferRef { namespace: namespace.clone(), name: name.clone() },
        uid: Some(uid.clone()),
        phase: state.into(),
        state,
        why: match standing {
            Standing::Active(_) | Standing::Ready => None,
            Standing::Closed(why) | Standing::Suspended(why) | Standing::Ended(_, why) => Some(why),
        },
        from: None,
        until: activation.map(|_| until.0),
        exporter: exporter(code, snapshot),
        data_classes: told.spec.data_classes.iter().map(|class| class.as_str().into()).collect(),
        persons: *persons,
        recipient: None,
        destinations: None,
        sources: None,
        ground: None,
        approvals: Approvals { counted: counted.len(), needed: None, decisions },
    })
}

/// The decision that an event tells of, if it tells of one.
fn decided(event: &EventFacts) -> Option<Decided> {
    let RecordedDecision { username, decision, .. } = event.spec.decision.as_ref()?;
    Some(Decided {
        by: (!username.is_empty()).then(|| username.clone()),
        decision: *decision,
        at: Some(event.spec.observed_at.0),
        counts: event.spec.event == EventType::Decided,
    })
}
