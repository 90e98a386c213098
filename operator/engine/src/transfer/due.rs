//! What is to be recorded.

mod event;

use alloc::{borrow::ToOwned, boxed::Box, collections::BTreeSet, format, vec::Vec};

use bund_crds::{CreditCode, EventType, GROUP, LedgerEventSpec, Uid, ledger_event::RecordedTransfer};

use self::event::Told;
use super::{
    End, Tally,
    case::{Case, Judged, Judges, lapsed},
    chain::Chain,
    is_end,
    over::Over,
    recorded::{approver, decided_name, decisions, refused_name},
};
use crate::{
    ObjectId, Snapshot, Timestamp,
    snapshot::{TransferFacts, TransferKind, Transfers},
};

/// Something that happened and is not on record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// The name of its event, which is made of what happened: it can be written once.
    pub name: Box<str>,
    /// What happened.
    pub spec: LedgerEventSpec,
    /// The object whose absence it rests on. Who records asks for it first: what a watch has not told yet is not gone.
    pub absent: Option<Absent>,
}

/// An object that seems to have been deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Absent {
    /// What it was.
    pub id: ObjectId,
    /// Its uid: another object of the same name is another object.
    pub uid: Uid,
}

impl Due {
    /// Whether nothing is opened before it is on record: a decision that counts, or one that was deleted.
    fn precedes_opening(&self) -> bool {
        self.spec.event == EventType::Decided || self.absent.is_some()
    }
}

impl Absent {
    pub(super) fn of(kind: TransferKind, namespace: &str, name: &str, uid: &Uid) -> Self {
        let namespace = kind.is_namespaced().then(|| namespace.into());
        let id = ObjectId { group: GROUP.into(), kind: kind.as_str().into(), namespace, name: name.into() };
        Self { id, uid: uid.clone() }
    }
}

/// What happened to transfers and is not on record, in the order in which it is to be recorded: what closes first.
///
/// Nothing is opened before the decisions that it rests on are on record, and one transfer of an exporter at a time,
/// so that the next one is assessed with it counted.
pub fn due(snapshot: &Snapshot, now: Timestamp) -> Vec<Due> {
    Judges::default().due(snapshot, now)
}

impl Judges {
    /// [`due`] by these judges.
    pub fn due(self, snapshot: &Snapshot, now: Timestamp) -> Vec<Due> {
        let transfers = snapshot.transfers();
        let mut pass = Pass::default();
        for transfer in transfers.transfers() {
            if let Some(case) = Case::of(transfer, snapshot, now) {
                pass.take(&case, self);
            }
        }
        let there: BTreeSet<&Uid> = transfers.transfers().filter_map(|facts| facts.uid.as_ref()).collect();
        let gone = transfers.recorded().filter(|uid| !there.contains(uid));
        pass.closings.extend(gone.filter_map(|uid| closing_of_gone(uid, transfers, transfers.clock(now))));
        pass.into_due()
    }
}

/// The event that ends a transfer of which somebody knows more than the store that went back. `None` where the record says
/// already that it ended.
pub fn revocation(transfer: &TransferFacts, why: &str, snapshot: &Snapshot, now: Timestamp) -> Option<Due> {
    let case = Case::of(transfer, snapshot, now)?;
    let ended = case.transfers.events_of(case.uid).any(|event| is_end(&event.spec));
    (!ended).then(|| Told::of_declared(&case, transfer.spec.validity.until.0).link(EventType::Revoked, why))
}

/// What one look at everything finds.
#[derive(Default)]
struct Pass<'s> {
    closings: Vec<Due>,
    decisions: Vec<Due>,
    openings: Vec<Due>,
    /// Whose transfers are opened.
    exporters: BTreeSet<&'s CreditCode>,
}

impl<'s> Pass<'s> {
    fn take(&mut self, case: &Case<'s>, by: Judges) {
        let tally = case.tally(by);
        let judged = case.judge(by, &tally);
        let mut decisions = decided(case, &judged, &tally);
        if judged.over.is_none() {
            decisions.extend(withdrawn(case, &judged));
        }
        if case.chain.ended().is_none() {
            self.closings.extend(closing(case, &judged));
            let may_open = judged.over.is_none()
                && judged.hindered.is_none()
                && !decisions.iter().any(Due::precedes_opening);
            if may_open && !case.chain.is_open() && self.exporters.insert(&case.transfer.spec.exporter) {
                self.openings.push(opening(case, &judged, &tally));
            }
        }
        self.decisions.extend(decisions);
    }

    fn into_due(self) -> Vec<Due> {
        let mut names = BTreeSet::new();
        let all = self.closings.into_iter().chain(self.decisions).chain(self.openings);
        all.filter(|due| names.insert(due.name.clone())).collect()
    }
}

/// What closes a transfer that is there.
fn closing(case: &Case<'_>, judged: &Judged) -> Option<Due> {
    let opened = case.chain.activation().is_some();
    if let Some(Over { end, why, absent }) = &judged.over {
        // What was never opened has nothing to close.
        let due = opened.then(|| Told::of_case(case, judged).link(event_of(*end), why))?;
        return Some(Due { absent: absent.clone(), ..due });
    }
    let why = if case.chain.is_open() {
        judged.hindered.clone()?
    } else {
        // Approvals that nobody watched over do not open it later, either.
        case.lapsed().filter(|_| case.has_approvals())?
    };
    Some(Told::of_case(case, judged).link(EventType::Suspended, &why))
}

/// What closes a transfer that was opened and is not there any more.
fn closing_of_gone(uid: &Uid, transfers: &Transfers, now: Timestamp) -> Option<Due> {
    let chain = Chain::of(uid, transfers);
    let activation = chain.activation().filter(|_| chain.ended().is_none())?;
    let told = Told::of_record(uid, &chain, activation, transfers, now)?;
    let RecordedTransfer { namespace, name, until, .. } = &told.transfer;
    let over = Over::by_record(uid, transfers).or_else(|| Over::by_time(until.0, now));
    if over.is_none() && transfers.is_unreadable(TransferKind::CrossBorderTransfer, namespace, name) {
        let why = lapsed(transfers, now).unwrap_or_else(|| "it cannot be read".into());
        return chain.is_open().then(|| told.link(EventType::Suspended, &why));
    }
    let Over { end, why, absent } = over.unwrap_or_else(|| Over {
        absent: Some(Absent::of(TransferKind::CrossBorderTransfer, namespace, name, uid)),
        ..Over::by_deletion()
    });
    Some(Due { absent, ..told.link(event_of(end), &why) })
}

/// The decisions that are not on record.
fn decided(case: &Case<'_>, judged: &Judged, tally: &Tally<'_>) -> Vec<Due> {
    let Tally { approvals, needed: _, wanting: _, refused, rejected, revoked } = tally;
    let told = Told::of_case(case, judged);
    let is_new = |name: &str| case.transfers.event(name).is_none();
    let counted = approvals.iter().chain(rejected).chain(revoked);
    let counted = counted.filter_map(|facts| {
        let name = decided_name(facts.uid.as_ref()?);
        is_new(&name).then(|| told.decided(name, facts))?
    });
    let refused =
        refused.iter().map(|(facts, refusal)| (*facts, format!("{}: {}", refusal.field, refusal.why)));
    let outlived = case.outlived().map(|facts| {
        (facts, "nobody kept watch after it was made: approve again, with another decision".to_owned())
    });
    let refused = refused.chain(outlived).filter_map(|(facts, why)| {
        let uid = facts.uid.as_ref()?;
        let name = refused_name(uid);
        (is_new(&name) && is_new(&decided_name(uid))).then(|| told.refused(name, facts, &why))?
    });
    counted.chain(refused).collect()
}

/// Approvals that are on record and were deleted before the transfer was opened with them.
fn withdrawn(case: &Case<'_>, judged: &Judged) -> Vec<Due> {
    let told = Told::of_case(case, judged);
    let gone = decisions(case.uid, case.transfers).filter(|recorded| {
        !recorded.precedes(case.chain.last_opening())
            && recorded.is_gone(case.transfers)
            && !recorded.is_withdrawn(case.transfers)
    });
    gone.map(|recorded| told.withdrawn(&recorded)).collect()
}

fn opening(case: &Case<'_>, judged: &Judged, tally: &Tally<'_>) -> Due {
    let event = if case.chain.activation().is_none() { EventType::Activated } else { EventType::Resumed };
    let people: Vec<_> = tally.approvals.iter().map(|facts| approver(facts)).collect();
    Told::of_case(case, judged)
        .link(event, &format!("the law allows it, and {} approved it", people.join(", ")))
}

fn event_of(end: End) -> EventType {
    match end {
        End::Expired => EventType::Expired,
        End::Revoked => EventType::Revoked,
        End::Superseded => EventType::Superseded,
    }
}
