//! Whether a declared cross-border transfer covers a flow.
//!
//! A flow is everything that a subject is found to send out: all its classes, to every place that its findings name. One
//! transfer covers all of it or nothing; two never add up.

mod destination;
mod sender;

use alloc::{boxed::Box, collections::BTreeSet, vec::Vec};
use core::fmt;

use bund_crds::{CrossBorderTransferSpec, cross_border_transfer::Source};
use serde::Serialize;

use crate::{
    Classification, Finding, HeldClass, Reason, Snapshot, Subject, Timestamp,
    decide::judged_in,
    snapshot::TransferFacts,
    subject::Role,
    transfer::{Standing, standing},
};

pub use destination::{FlowDestination, FlowPlace};
use sender::Sender;
pub(crate) use sender::{is_or_was_made_by, owner_of};

/// The transfer that covers a flow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Cover {
    /// Namespace of the `CrossBorderTransfer`.
    pub namespace: Box<str>,
    /// Its name.
    pub name: Box<str>,
    /// Until when it is in effect.
    pub until: Timestamp,
}

impl fmt::Display for Cover {
    /// As the end of a warning.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { namespace, name, until } = self;
        write!(f, "covered by CrossBorderTransfer {namespace}/{name} until {until}")
    }
}

/// A flow of data out: who sends which classes where.
#[derive(Clone, Debug)]
pub(crate) struct Flow<'s> {
    /// Where it is sent from. Only transfers of this namespace count.
    namespace: &'s str,
    /// The subject, and what made it.
    senders: Vec<Sender<'s>>,
    /// Everything that the subject holds.
    classes: BTreeSet<&'s HeldClass>,
    /// Where to: every one of these.
    destinations: Vec<&'s FlowDestination>,
    /// Whether it only passes on what others send: who sends which classes is told where they are judged.
    passes_on: bool,
}

impl<'s> Flow<'s> {
    /// What `subject` sends by what its findings tell; `None` where they tell of nothing that is sent.
    pub(crate) fn of(
        subject: &'s Subject,
        classes: &'s Classification,
        findings: &'s [Finding],
        snapshot: &'s Snapshot,
    ) -> Option<Self> {
        let sent = findings.iter().filter(|finding| is_flow(finding.reason));
        let destinations: Vec<_> = sent.map(|finding| &finding.destination).collect();
        let namespace = judged_in(subject, snapshot);
        (!destinations.is_empty()).then(|| Self {
            namespace,
            senders: sender::senders(subject, namespace, snapshot),
            classes: classes.keys().collect(),
            destinations,
            passes_on: matches!(subject.role, Role::Network(_)),
        })
    }

    /// Whether a transfer with this spec, in the flow's own namespace, declares all of it.
    fn is_declared_by(&self, spec: &CrossBorderTransferSpec, snapshot: &Snapshot) -> bool {
        let declared =
            |class: &HeldClass| spec.data_classes.iter().any(|other| other.as_str() == class.as_str());
        let sent = || {
            self.senders.iter().any(|sender| sender.is_one_of(&spec.sources))
                && self.classes.iter().all(|class| declared(class))
        };
        (self.passes_on || sent())
            && self.destinations.iter().all(|place| place.is_within(&spec.destinations, snapshot))
    }

    /// Of the transfers that declare the flow and are in effect, which `until` tells, the one that lasts longest.
    fn covered(
        &self,
        snapshot: &Snapshot,
        until: impl Fn(&TransferFacts) -> Option<Timestamp>,
    ) -> Option<Cover> {
        let here = snapshot.transfers().transfers_in(self.namespace);
        // What a transfer declares is told sooner than whether it is in effect.
        let declaring = here.filter(|transfer| self.is_declared_by(&transfer.spec, snapshot));
        let covers = declaring.filter_map(|transfer| {
            let (namespace, name) = (transfer.namespace.clone(), transfer.name.clone());
            Some(Cover { namespace, name, until: until(transfer)? })
        });
        covers.reduce(|first, other| if other.until > first.until { other } else { first })
    }
}

/// The transfer in effect at `now` that covers the flow as a whole.
pub(crate) fn covers(flow: &Flow<'_>, snapshot: &Snapshot, now: Timestamp) -> Option<Cover> {
    flow.covered(snapshot, |transfer| in_effect(transfer, snapshot, now))
}

/// Whether a transfer of `namespace` that is in effect at `now` lists every place of `destination`, whoever sends there.
pub(crate) fn is_listed(
    destination: &FlowDestination,
    namespace: &str,
    snapshot: &Snapshot,
    now: Timestamp,
) -> bool {
    let here = snapshot.transfers().transfers_in(namespace);
    let mut listing = here.filter(|transfer| destination.is_within(&transfer.spec.destinations, snapshot));
    listing.any(|transfer| in_effect(transfer, snapshot, now).is_some())
}

/// Until when a transfer is in effect, if it is at `now`.
pub fn in_effect(transfer: &TransferFacts, snapshot: &Snapshot, now: Timestamp) -> Option<Timestamp> {
    match standing(transfer, snapshot, now) {
        Standing::Active(until) => Some(until),
        Standing::Closed(_) | Standing::Ready | Standing::Suspended(_) | Standing::Ended(..) => None,
    }
}

/// The sources of a transfer, of those that it lists, that a subject of its own namespace is, or was made by.
pub fn sources_of<'t>(
    subject: &Subject,
    transfer: &'t TransferFacts,
    snapshot: &Snapshot,
) -> Vec<&'t Source> {
    let namespace = judged_in(subject, snapshot);
    if namespace != transfer.namespace.as_ref() {
        return Vec::new();
    }
    let senders = sender::senders(subject, namespace, snapshot);
    let is_it = |source: &&Source| senders.iter().any(|sender| sender.is(source));
    transfer.spec.sources.iter().filter(is_it).collect()
}

/// Whether findings of a reason tell of data that is sent somewhere. A transfer covers those of a subject all together,
/// and never another: no approval lets anybody take a class away, store data unencrypted, or pass unread.
pub fn is_flow(reason: Reason) -> bool {
    match reason {
        Reason::NodeOutside
        | Reason::BindingOutside
        | Reason::RunsOutside
        | Reason::PlacementContradicts
        | Reason::PlacementUnconfined
        | Reason::DaemonSetUnconfined
        | Reason::DestinationOutside
        | Reason::StorageOutside
        | Reason::StorageUnconfined
        | Reason::CopyOutside
        | Reason::ProbeOutside
        | Reason::HostAliasOutside
        | Reason::ProxyOutside
        | Reason::ServiceOutside
        | Reason::EndpointOutside
        | Reason::RouteOutside
        | Reason::VolumeUsedOutside => true,
        Reason::NoEligibleNode
        | Reason::ClassNotOnTemplate
        | Reason::ClassOutsideGuarded
        | Reason::NamespaceNotGuarded
        | Reason::PoliciesConflict
        | Reason::InlineVolume
        | Reason::VolumeUnmarked
        | Reason::ClaimOutsideGuarded
        | Reason::NotEncrypted
        | Reason::ClassRemoved
        | Reason::GuardRemoved
        | Reason::ProtectionWeakened
        | Reason::FactUnreadable
        | Reason::FieldUnreadable
        | Reason::TermImpossible
        | Reason::UnknownField
        | Reason::UnknownClass
        | Reason::NodeReader
        | Reason::EscapesPolicy
        | Reason::ResolverOutside
        | Reason::TlsTooOld
        | Reason::EgressWidened
        | Reason::MarkForged
        | Reason::ConnectionUnapproved
        | Reason::CallbackOutside
        | Reason::AddressOutside => false,
    }
}

#[cfg(test)]
mod tests;
