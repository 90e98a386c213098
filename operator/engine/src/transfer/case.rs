//! Everything that bears on whether one transfer may be in effect.

use alloc::{format, string::String, vec::Vec};

use bund_crds::{Digest, TransferDecision, Uid};

use super::{
    Assessment, Tally, assess,
    chain::{Chain, lapse},
    over::Over,
    tally,
};
use crate::{
    Snapshot, Timestamp,
    snapshot::{ApprovalFacts, Enrolment, TransferFacts, TransferKind, Transfers, Watch},
};

/// Who judges what is not on record: the law, and people.
///
/// [`Judges::default`] is [`assess`] and [`tally`]. Others serve to try the rules of the record alone.
#[derive(Clone, Copy, Debug)]
pub struct Judges {
    /// What the law asks.
    pub assess: fn(&TransferFacts, &Snapshot, Timestamp) -> Assessment,
    /// Who decided.
    pub tally: for<'s> fn(&TransferFacts, &'s Snapshot) -> Tally<'s>,
}

impl Default for Judges {
    fn default() -> Self {
        Self { assess, tally }
    }
}

/// One transfer that the API server has made, with what is on record of it.
#[derive(Clone, Debug)]
pub(super) struct Case<'s> {
    pub(super) transfer: &'s TransferFacts,
    pub(super) uid: &'s Uid,
    pub(super) digest: &'s Digest,
    pub(super) transfers: &'s Transfers,
    pub(super) chain: Chain<'s>,
    pub(super) now: Timestamp,
    snapshot: &'s Snapshot,
    /// The same without the approvals that no longer count, whatever they say.
    counting: Snapshot,
}

/// What was judged of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Judged {
    /// When it ends by itself.
    pub(super) ends: Timestamp,
    /// What ended it for good, whether or not that is on record.
    pub(super) over: Option<Over>,
    /// What keeps it from being in effect and may pass.
    pub(super) hindered: Option<String>,
}

impl<'s> Case<'s> {
    /// `None` for what no API server has made.
    pub(super) fn of(transfer: &'s TransferFacts, snapshot: &'s Snapshot, now: Timestamp) -> Option<Self> {
        let (uid, digest) = (transfer.uid.as_ref()?, transfer.digest.as_ref()?);
        let transfers = snapshot.transfers();
        let chain = Chain::of(uid, transfers);
        let counting = counting(transfer, uid, &chain, snapshot);
        let now = transfers.clock(now);
        Some(Self { transfer, uid, digest, transfers, chain, now, snapshot, counting })
    }

    /// The decisions that count, without approvals that somebody deleted and those from before watch lapsed.
    pub(super) fn tally(&self, judges: Judges) -> Tally<'_> {
        (judges.tally)(self.transfer, &self.counting)
    }

    /// The approvals that no longer count because nobody kept watch after they were made.
    pub(super) fn outlived(&self) -> impl Iterator<Item = &'s ApprovalFacts> {
        let lapsed = self.chain.last_lapse();
        let own = self.transfers.approvals_in(&self.transfer.namespace);
        own.filter(move |facts| {
            decides_on(facts, self.uid) && !is_withdrawn(facts) && is_stale(facts, lapsed)
        })
    }

    pub(super) fn judge(&self, judges: Judges, tally: &Tally<'_>) -> Judged {
        let assessment = (judges.assess)(self.transfer, self.snapshot, self.now);
        let over = self.over(&assessment, tally);
        let hindered = self.hindered(&assessment, tally);
        Judged { ends: assessment.ends, over, hindered }
    }

    fn over(&self, assessment: &Assessment, tally: &Tally<'_>) -> Option<Over> {
        Over::by_record(self.uid, self.transfers)
            .or_else(|| Over::by_decision(tally))
            .or_else(|| Over::by_time(assessment.ends, self.now))
            .or_else(|| self.transfer.going.then(Over::by_deletion))
            .or_else(|| Over::by_deleted_approval(self.uid, &self.chain, self.transfers))
    }

    /// The first thing that keeps it from being in effect. That nobody kept watch comes first: it takes more to come
    /// back from that.
    fn hindered(&self, assessment: &Assessment, tally: &Tally<'_>) -> Option<String> {
        self.lapsed()
            .or_else(|| self.unreadable())
            .or_else(|| self.chain.flaw(self.digest))
            .or_else(|| self.unguarded())
            .or_else(|| self.supersedes_wrongly())
            .or_else(|| hindered_by_law(assessment, self.now))
            .or_else(|| wanting(tally))
    }

    /// Why nobody keeps watch, if so.
    pub(super) fn lapsed(&self) -> Option<String> {
        lapsed(self.transfers, self.now)
    }

    fn unreadable(&self) -> Option<String> {
        let unreadable = self.transfers.unreadable().find(|unreadable| match unreadable.kind {
            TransferKind::LedgerEvent => true,
            TransferKind::TransferApproval => unreadable.key.0 == self.transfer.namespace,
            TransferKind::CrossBorderTransfer | TransferKind::Exporter => false,
        })?;
        let (kind, (_, name)) = (unreadable.kind.as_str(), &unreadable.key);
        Some(format!("the {kind} {name} cannot be read, and may be one that ends it: {}", unreadable.why))
    }

    fn unguarded(&self) -> Option<String> {
        match self.snapshot.enrolment(&self.transfer.namespace) {
            Enrolment::Guarded | Enrolment::Assumed => None,
            Enrolment::Unguarded | Enrolment::Exempt => {
                Some(format!("the namespace {} is not guarded", self.transfer.namespace))
            }
        }
    }

    fn supersedes_wrongly(&self) -> Option<String> {
        let name = self.transfer.spec.supersedes.as_deref()?;
        if name == &*self.transfer.name {
            return Some(
                "spec.supersedes names the transfer itself: name the one that it takes the place of".into(),
            );
        }
        let kind = TransferKind::CrossBorderTransfer;
        let unreadable = self.transfers.is_unreadable(kind, &self.transfer.namespace, name);
        unreadable.then(|| format!("the transfer {name} that it supersedes cannot be read"))
    }

    /// Whether approvals are there that may count.
    pub(super) fn has_approvals(&self) -> bool {
        let mut own = self.counting.transfers().approvals_in(&self.transfer.namespace);
        own.any(|facts| decides_on(facts, self.uid) && facts.spec.decision == TransferDecision::Approved)
    }
}

/// Why nobody keeps watch, if so.
pub(super) fn lapsed(transfers: &Transfers, now: Timestamp) -> Option<String> {
    match transfers.watch() {
        Watch::NotGiven => None,
        Watch::Until(until) => lapse(until, now),
    }
}

/// What is known, without the approvals of `transfer` that somebody deleted and those from before watch lapsed: whoever made
/// one of these may approve again.
pub(super) fn still_counting(transfer: &TransferFacts, snapshot: &Snapshot) -> Option<Snapshot> {
    let uid = transfer.uid.as_ref()?;
    Some(counting(transfer, uid, &Chain::of(uid, snapshot.transfers()), snapshot))
}

fn counting(transfer: &TransferFacts, uid: &Uid, chain: &Chain<'_>, snapshot: &Snapshot) -> Snapshot {
    let lapsed = chain.last_lapse();
    let own = snapshot.transfers().approvals_in(&transfer.namespace);
    let stale: Vec<_> = own
        .filter(|facts| decides_on(facts, uid) && (is_withdrawn(facts) || is_stale(facts, lapsed)))
        .map(|facts| (facts.namespace.clone(), facts.name.clone()))
        .collect();
    snapshot.without_approvals(&stale)
}

fn decides_on(facts: &ApprovalFacts, transfer: &Uid) -> bool {
    facts.spec.transfer.uid == *transfer
}

/// Whether the deletion of an approval was asked for. What ends a transfer counts as long as it is there.
fn is_withdrawn(facts: &ApprovalFacts) -> bool {
    facts.going && facts.spec.decision == TransferDecision::Approved
}

/// Whether nobody kept watch at some time after an approval was made. What ends a transfer is never stale.
fn is_stale(facts: &ApprovalFacts, lapsed: Option<Timestamp>) -> bool {
    facts.spec.decision == TransferDecision::Approved
        && lapsed.is_some_and(|lapsed| facts.created.is_none_or(|created| created <= lapsed))
}

fn hindered_by_law(assessment: &Assessment, now: Timestamp) -> Option<String> {
    let Assessment { route, route_satisfied, missing, prohibitions, deadlines: _, begins, ends: _ } =
        assessment;
    if let Some(prohibition) = prohibitions.first() {
        return Some(format!("{}: {} ({})", prohibition.field, prohibition.why, prohibition.citation));
    }
    if let Some(item) = missing.first() {
        return Some(format!("{} is missing: {} ({})", item.field, item.remedy, item.citation));
    }
    if let Err(why) = route {
        return Some(format!("the route is not known: {why}"));
    }
    if let Err(why) = route_satisfied {
        return Some(format!("the mechanism does not do: {why}"));
    }
    (now < *begins).then(|| format!("it begins at {begins}"))
}

fn wanting(tally: &Tally<'_>) -> Option<String> {
    let Tally { approvals, needed, wanting, refused: _, rejected: _, revoked: _ } = tally;
    let counted = approvals.len();
    if !wanting.is_empty() {
        return Some(wanting.clone());
    }
    // Nothing is ever in effect on nobody's word.
    (counted < (*needed).max(1)).then(|| format!("{counted} of {needed} approvals are there"))
}
