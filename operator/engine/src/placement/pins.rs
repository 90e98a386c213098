//! Which places outside a pod, or a volume, asks for by name.

use alloc::{boxed::Box, collections::BTreeSet, vec::Vec};

use bund_crds::JurisdictionName;

use super::{Asked, Honesty, KeyKind, honesty};
use crate::{
    Snapshot,
    cover::{FlowDestination, FlowPlace},
    storage::parameters::PlaceKind,
    subject::{FieldRequirement, NodeTerm, PodShape},
};

/// A place that terms ask for.
enum Pin<'t> {
    Node(&'t str),
    Region(&'t str),
    Zone(&'t str),
}

/// Where the pods of `shape` could run that are not inside: every place that lets them out. Untold where a term lets them
/// out that names none.
pub(crate) fn runs_in(
    shape: &PodShape,
    jurisdictions: &BTreeSet<JurisdictionName>,
    snapshot: &Snapshot,
) -> FlowDestination {
    let place = |pin: Pin<'_>| match pin {
        Pin::Node(name) => FlowPlace::Node(name.into()),
        Pin::Region(name) => FlowPlace::NodeRegion(name.into()),
        Pin::Zone(name) => FlowPlace::NodeZone(name.into()),
    };
    let honesty = honesty(jurisdictions.iter().collect(), snapshot);
    honesty.lead_to(&shape.node_selector, shape.required_terms.as_deref(), place)
}

/// Where nodes are that are not inside and satisfy one of `terms`, for something that is stored near them.
pub(crate) fn stored_near(
    terms: &[NodeTerm],
    jurisdictions: &BTreeSet<JurisdictionName>,
    snapshot: &Snapshot,
) -> FlowDestination {
    let place = |pin: Pin<'_>| match pin {
        Pin::Node(name) => FlowPlace::Node(name.into()),
        Pin::Region(name) => FlowPlace::Storage(PlaceKind::Region, name.into()),
        Pin::Zone(name) => FlowPlace::Storage(PlaceKind::Zone, name.into()),
    };
    honesty(jurisdictions.iter().collect(), snapshot).lead_to(&[], Some(terms), place)
}

impl Honesty<'_> {
    /// The places to which the terms lead that a node outside could satisfy.
    fn lead_to(
        &self,
        selector: &[(Box<str>, Box<str>)],
        terms: Option<&[NodeTerm]>,
        place: impl Fn(Pin<'_>) -> FlowPlace,
    ) -> FlowDestination {
        let terms: Vec<_> = terms.map_or_else(|| Vec::from([None]), |terms| terms.iter().map(Some).collect());
        let open = terms.into_iter().filter(|term| self.term(selector, *term).outside);
        let of_each = open.map(|term| self.pins(selector, term).into_iter().map(&place).collect());
        of_each.reduce(FlowDestination::and).unwrap_or_default()
    }

    /// The places outside that one term names, by every key that names one.
    fn pins<'t>(&self, selector: &'t [(Box<str>, Box<str>)], term: Option<&'t NodeTerm>) -> Vec<Pin<'t>> {
        let mut pins = Vec::new();
        for (kind, _, asked) in self.asked(selector, term) {
            let pin: fn(&'t str) -> Pin<'t> = match kind {
                KeyKind::NodeKey | KeyKind::Region => Pin::Region,
                KeyKind::Zone => Pin::Zone,
                KeyKind::Trusted | KeyKind::Plain => continue,
            };
            let listed = asked.iter().find_map(Asked::listed).unwrap_or_default();
            let meant = listed.into_iter().filter(|value| asked.iter().all(|asked| asked.holds(Some(value))));
            let domain = self.outside_domain(kind);
            pins.extend(meant.filter(|value| domain.admits(value)).map(pin));
        }
        pins.extend(term.into_iter().flat_map(|term| &term.fields).filter_map(|field| match field {
            FieldRequirement::Named(name) => Some(Pin::Node(name)),
            FieldRequirement::NotNamed(_) => None,
        }));
        pins
    }
}
