//! The scheduler's question: *could a node with honest labels that is not inside satisfy this pod?*
//!
//! Which nodes exist now does not matter: an autoscaler may add one abroad tomorrow. A node is taken to be
//! honest where a label names its place; every other label may say anything. Then the labels are independent
//! of each other, and a term can be met exactly when each of its keys can be met on its own.
//!
//! Semantics of the scheduler: `k8s.io/component-helpers/scheduling/corev1/nodeaffinity`. Terms are ORed,
//! requirements in a term are ANDed, values are ORed, `nodeSelector` is ANDed to every term.

use alloc::{boxed::Box, collections::BTreeMap, vec::Vec};

use bund_crds::JurisdictionName;

use crate::{
    Snapshot,
    locate::{REGION_KEYS, ZONE_KEYS, locate_in_any},
    snapshot::{Place, Table},
    subject::{FieldRequirement, NodeTerm, Operator, PodShape, TermForm},
};

mod pins;
mod satisfy;

pub(crate) use pins::{runs_in, stored_near};
use satisfy::{Domain, satisfiable};

/// Which nodes a pod could be placed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reach {
    /// Per term of the required node affinity, in order. One entry where no affinity is required: then
    /// `nodeSelector` alone decides.
    pub terms: Vec<TermReach>,
}

/// Which nodes one term admits, together with `nodeSelector`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TermReach {
    /// Whether some honest node inside could satisfy it.
    pub inside: bool,
    /// Whether one could whose node key names its region: what remains when the pod is confined by that key.
    pub confinable: bool,
    /// Whether some honest node that is not inside could satisfy it.
    pub outside: bool,
}

impl Reach {
    /// Whether a node inside could satisfy the pod.
    pub fn inside(&self) -> bool {
        self.terms.iter().any(|term| term.inside)
    }

    /// Whether a node inside could satisfy the pod once it is confined by the node key.
    pub fn confinable(&self) -> bool {
        self.terms.iter().any(|term| term.confinable)
    }

    /// The first term by which a node that is not inside could satisfy the pod.
    pub fn first_hole(&self) -> Option<usize> {
        self.terms.iter().position(|term| term.outside)
    }

    /// The terms that confining the pod makes impossible.
    pub fn lost_terms(&self) -> impl Iterator<Item = usize> {
        let lost = |term: &TermReach| term.outside && !term.confinable;
        self.terms.iter().enumerate().filter(move |(_, term)| lost(term)).map(|(index, _)| index)
    }
}

/// Which nodes `shape` could be placed on, inside or outside `jurisdictions`.
pub fn reach<'j>(
    shape: &PodShape,
    jurisdictions: impl IntoIterator<Item = &'j JurisdictionName> + Clone,
    snapshot: &Snapshot,
) -> Reach {
    reach_of(&shape.node_selector, shape.required_terms.as_deref(), jurisdictions, snapshot)
}

/// Which nodes could satisfy one of `terms`, inside or outside `jurisdictions`.
pub(crate) fn reach_of_terms<'j>(
    terms: &[NodeTerm],
    jurisdictions: impl IntoIterator<Item = &'j JurisdictionName> + Clone,
    snapshot: &Snapshot,
) -> Reach {
    reach_of(&[], Some(terms), jurisdictions, snapshot)
}

fn reach_of<'j>(
    selector: &[(Box<str>, Box<str>)],
    terms: Option<&[NodeTerm]>,
    jurisdictions: impl IntoIterator<Item = &'j JurisdictionName> + Clone,
    snapshot: &Snapshot,
) -> Reach {
    let honesty = honesty(jurisdictions.into_iter().collect(), snapshot);
    let terms = match terms {
        None => Vec::from([honesty.term(selector, None)]),
        Some(terms) => terms.iter().map(|term| honesty.term(selector, Some(term))).collect(),
    };
    Reach { terms }
}

fn honesty<'s>(names: Vec<&'s JurisdictionName>, snapshot: &'s Snapshot) -> Honesty<'s> {
    let tables = names.iter().filter_map(|name| snapshot.world().jurisdiction(name)).collect();
    Honesty { names, tables, snapshot }
}

/// What an honest node may say of itself.
struct Honesty<'s> {
    names: Vec<&'s JurisdictionName>,
    tables: Vec<&'s Table>,
    snapshot: &'s Snapshot,
}

/// What a label says about a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum KeyKind {
    /// The region, by the label that the cluster trusts to be there.
    NodeKey,
    /// The region, by another label.
    Region,
    Zone,
    Trusted,
    Plain,
}

impl Honesty<'_> {
    fn term(&self, selector: &[(Box<str>, Box<str>)], term: Option<&NodeTerm>) -> TermReach {
        if term.is_some_and(|term| term.form == TermForm::MatchesNothing) {
            return TermReach { inside: false, confinable: false, outside: false };
        }
        let asked = self.asked(selector, term);
        let fields = term.map(|term| term.fields.as_slice()).unwrap_or_default();
        let (named_inside, named_outside) = self.names_reach(fields);
        let confinable = named_inside && self.meets_inside(&asked, Naming::ByNodeKey);
        TermReach {
            inside: confinable || (named_inside && self.meets_inside(&asked, Naming::ByAdministrator)),
            confinable,
            outside: named_outside
                && asked.iter().all(|(kind, _, asked)| satisfiable(asked, &self.outside_domain(*kind))),
        }
    }

    /// What `selector` and a term ask of each label.
    fn asked<'p>(
        &self,
        selector: &'p [(Box<str>, Box<str>)],
        term: Option<&'p NodeTerm>,
    ) -> Vec<AskedOfKey<'p>> {
        let mut by_key: BTreeMap<&str, Vec<Asked<'_>>> = BTreeMap::new();
        for (key, value) in selector {
            by_key.entry(key).or_default().push(Asked::Equals(value));
        }
        for requirement in term.into_iter().flat_map(|term| &term.labels) {
            by_key.entry(&requirement.key).or_default().push(Asked::Operator(&requirement.operator));
        }
        by_key.into_iter().map(|(key, asked)| (self.kind(key), key, asked)).collect()
    }

    /// Whether a node inside that names its place in this way could meet every requirement. What it says of its
    /// place all belongs to one place.
    fn meets_inside(&self, asked: &[AskedOfKey<'_>], naming: Naming) -> bool {
        let (plain, placed): (Vec<_>, Vec<_>) =
            asked.iter().partition(|(kind, _, _)| *kind == KeyKind::Plain);
        let anything = Domain::AllBut(Box::new(|_| false));
        plain.iter().all(|(_, _, asked)| satisfiable(asked, &anything))
            && self.tables.iter().any(|table| {
                if naming == Naming::ByAdministrator && table.trusted_label.is_none() {
                    return false;
                }
                // A node that an administrator declares may leave its place unsaid.
                let unsaid = (naming == Naming::ByAdministrator).then_some(None);
                table.places().map(Some).chain(unsaid).any(|place| {
                    placed.iter().all(|(kind, key, asked)| {
                        satisfiable(asked, &inside_domain(*kind, key, naming, table, place))
                    })
                })
            })
    }

    fn kind(&self, key: &str) -> KeyKind {
        if key == self.snapshot.world().location().node_key.as_ref() {
            KeyKind::NodeKey
        } else if REGION_KEYS.contains(&key) {
            KeyKind::Region
        } else if ZONE_KEYS.contains(&key) {
            KeyKind::Zone
        } else if self
            .tables
            .iter()
            .any(|t| t.trusted_label.as_ref().is_some_and(|trusted| trusted.as_str() == key))
        {
            KeyKind::Trusted
        } else {
            KeyKind::Plain
        }
    }

    /// What an honest node that is not inside may carry: anything but what names a place inside.
    fn outside_domain(&self, kind: KeyKind) -> Domain<'_> {
        Domain::AllBut(match kind {
            KeyKind::NodeKey | KeyKind::Region => {
                Box::new(|value| self.tables.iter().any(|table| table.node_values().contains(value)))
            }
            KeyKind::Zone => Box::new(|value| self.tables.iter().any(|table| table.zone_inside(value))),
            KeyKind::Trusted => Box::new(|value| self.tables.iter().any(|t| t.name.as_str() == value)),
            KeyKind::Plain => Box::new(|_| false),
        })
    }

    /// Whether a node inside, and one that is not, could have a name that `fields` admit.
    fn names_reach(&self, fields: &[FieldRequirement]) -> (bool, bool) {
        let mut reach = (true, true);
        let mut asked: Option<&str> = None;
        for field in fields {
            if let FieldRequirement::Named(name) = field {
                let contradicts = asked.is_some_and(|other| other != name.as_ref());
                asked = Some(name);
                let inside = self.node_inside(name);
                reach = (
                    reach.0 && inside != Some(false) && !contradicts,
                    reach.1 && inside != Some(true) && !contradicts,
                );
            }
        }
        let excluded = fields.iter().any(|field| match field {
            FieldRequirement::NotNamed(name) => asked == Some(name),
            FieldRequirement::Named(_) => false,
        });
        if excluded { (false, false) } else { reach }
    }

    /// Whether the node of this name is inside; `None` where there is no such node now.
    fn node_inside(&self, name: &str) -> Option<bool> {
        let node = self.snapshot.node(name)?;
        Some(locate_in_any(node, self.names.iter().copied(), self.snapshot.world()).is_inside())
    }
}

/// How a node inside says that it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Naming {
    /// Its node key names its region.
    ByNodeKey,
    /// An administrator's label declares it, and the node key is absent.
    ByAdministrator,
}

/// What an honest node in `place`, inside the jurisdiction of `table`, may carry under `key`; in no place that
/// it tells where that is `None`.
fn inside_domain<'t>(
    kind: KeyKind,
    key: &str,
    naming: Naming,
    table: &'t Table,
    place: Option<Place<'t>>,
) -> Domain<'t> {
    let declares = table.trusted_label.as_ref().is_some_and(|trusted| trusted.as_str() == key);
    match (kind, place) {
        (KeyKind::NodeKey, Some(place)) if naming == Naming::ByNodeKey => {
            Domain::Only { values: place.region_names().collect(), absent: false }
        }
        (KeyKind::Region, Some(place)) => {
            Domain::Only { values: place.region_names().collect(), absent: true }
        }
        (KeyKind::Zone, Some(place)) => {
            Domain::AllBut(Box::new(move |zone| !zone.is_empty() && !place.zone_agrees(zone)))
        }
        (KeyKind::NodeKey | KeyKind::Region | KeyKind::Zone, _) => {
            Domain::Only { values: Vec::new(), absent: true }
        }
        (KeyKind::Trusted, _) if declares => {
            Domain::Only { values: Vec::from([table.name.as_str()]), absent: naming == Naming::ByNodeKey }
        }
        (KeyKind::Trusted | KeyKind::Plain, _) => Domain::AllBut(Box::new(|_| false)),
    }
}

/// What is asked of the label under one key, and what it says about a place.
type AskedOfKey<'p> = (KeyKind, &'p str, Vec<Asked<'p>>);

/// A requirement on a label, from `nodeSelector` or from an affinity term.
#[derive(Clone, Copy, Debug)]
enum Asked<'p> {
    Equals(&'p str),
    Operator(&'p Operator),
}
