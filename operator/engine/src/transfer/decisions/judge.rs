//! Whether one decision counts.

use alloc::{collections::BTreeSet, format};

use bund_crds::{Approver, ClassName, Right, TransferApprovalSpec, TransferDecision};

use super::{Person, Quorum, Refusal, Tally};
use crate::{
    Snapshot,
    snapshot::{ApprovalFacts, TransferFacts},
    trust::{is_service_account, is_trusted},
};

/// Whether a decision is there to stay. An approval that is deleted no longer approves; what closed a transfer stays.
pub(super) fn stands(decision: &ApprovalFacts) -> Result<(), Refusal> {
    if decision.going && decision.spec.decision == TransferDecision::Approved {
        return Err(Refusal::at("metadata.deletionTimestamp", "it is being deleted, which revokes it"));
    }
    Ok(())
}

/// Whether a decision counts, after those that the tally holds.
pub(super) fn decision(
    spec: &TransferApprovalSpec,
    transfer: &TransferFacts,
    before: &Tally<'_>,
    quorum: &Quorum<'_>,
    snapshot: &Snapshot,
) -> Result<(), Refusal> {
    is_about(spec, transfer)?;
    let Some(approver) = &spec.approver else {
        let why = "nobody was stamped as its maker; create it again in a guarded namespace, where Bund's webhook stamps it";
        return Err(Refusal::at("spec.approver", why));
    };
    match spec.decision {
        // Closing is easier than opening.
        TransferDecision::Revoked => Ok(()),
        TransferDecision::Rejected => is_entitled(approver, transfer, "reject", snapshot),
        TransferDecision::Approved => {
            is_open(before)?;
            is_entitled(approver, transfer, "approve", snapshot)?;
            is_new(approver, before)?;
            if quorum.admits(approver) {
                return Ok(());
            }
            let (who, groups) = (&approver.username, quorum.groups());
            let why = format!(
                "{who} is in no group that ResidencyPolicies let approve; ask somebody of {groups} to approve"
            );
            Err(Refusal::at("spec.approver.groups", why))
        }
    }
}

/// The decision is about this very transfer, with all of its classes.
fn is_about(spec: &TransferApprovalSpec, transfer: &TransferFacts) -> Result<(), Refusal> {
    let TransferApprovalSpec { transfer: about, data_classes, .. } = spec;
    if transfer.uid.as_ref() != Some(&about.uid) {
        let why = format!(
            "it is about another transfer that was named {}; read the one that is there now, and decide on its uid",
            about.name
        );
        return Err(Refusal::at("spec.transfer.uid", why));
    }
    if transfer.digest.as_ref() != Some(&about.digest) {
        let why = "the digest is not that of the transfer's text; read it again (bund transfer status) and decide on its digest";
        return Err(Refusal::at("spec.transfer.digest", why));
    }
    let set = |classes: &'_ [ClassName]| classes.iter().cloned().collect::<BTreeSet<_>>();
    if set(data_classes) == set(&transfer.spec.data_classes) {
        return Ok(());
    }
    let wanted: BTreeSet<&str> = transfer.spec.data_classes.iter().map(ClassName::as_str).collect();
    let wanted: alloc::vec::Vec<_> = wanted.into_iter().collect();
    let why = format!("it must name the transfer's classes and no others: {}", wanted.join(", "));
    Err(Refusal::at("spec.dataClasses", why))
}

/// Nobody ended the transfer.
fn is_open(before: &Tally<'_>) -> Result<(), Refusal> {
    let ended = before.rejected.map(|by| (by, "rejected")).or(before.revoked.map(|by| (by, "revoked")));
    let Some((by, how)) = ended else { return Ok(()) };
    let who = by.spec.approver.as_ref().map_or("", |approver| approver.username.as_str());
    let why = format!("{who} {how} the transfer, which is final; create another transfer");
    Err(Refusal::at("spec.decision", why))
}

/// A person, or who is trusted like one, who did not ask for the transfer.
fn is_entitled(
    approver: &Approver,
    transfer: &TransferFacts,
    verb: &str,
    snapshot: &Snapshot,
) -> Result<(), Refusal> {
    let who = approver.username.as_str();
    if transfer.creator.is_none() {
        let why = "nobody was stamped as creator of the transfer; create it again in a guarded namespace, where Bund's webhook stamps it";
        return Err(Refusal::at("metadata.annotations", why));
    }
    let person = Person::of(approver);
    let tie = if person.requested(transfer) {
        "requested"
    } else if person.created(transfer) {
        "created"
    } else {
        return is_person_or_trusted(who, transfer, snapshot);
    };
    let instead = if verb == "reject" { "; to end it, revoke it" } else { "; ask somebody else to" };
    Err(Refusal::at("spec.approver", format!("{who} {tie} the transfer and cannot {verb} it{instead}")))
}

fn is_person_or_trusted(who: &str, transfer: &TransferFacts, snapshot: &Snapshot) -> Result<(), Refusal> {
    if !is_service_account(who) {
        return Ok(());
    }
    let trusted =
        |class: &&ClassName| is_trusted(who, Right::Approve, class.as_str(), &transfer.namespace, snapshot);
    let Some(class) = transfer.spec.data_classes.iter().find(|class| !trusted(class)) else { return Ok(()) };
    let why = format!(
        "{who} is a service account, and a person decides; to let it, every ResidencyPolicy that keeps {class} must name it in spec.trustedSubjects with Approve"
    );
    Err(Refusal::at("spec.approver.username", why))
}

/// Somebody who has not approved yet.
fn is_new(approver: &Approver, before: &Tally<'_>) -> Result<(), Refusal> {
    let person = Person::of(approver);
    let of = |approval: &&&ApprovalFacts| {
        approval.spec.approver.as_ref().is_some_and(|other| person.is(Person::of(other)))
    };
    let Some(earlier) = before.approvals.iter().find(of) else { return Ok(()) };
    let as_whom = earlier.spec.approver.as_ref().map_or("", |other| other.username.as_str());
    let who = &approver.username;
    let known = if as_whom == who { format!("{who} has") } else { format!("{who} is {as_whom}, who has") };
    let why = format!(
        "{known} approved already, by TransferApproval {}; ask somebody else to approve",
        earlier.name
    );
    Err(Refusal::at("spec.approver", why))
}
