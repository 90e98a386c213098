//! What the custom resources say, compiled for deciding.

use alloc::{
    borrow::ToOwned,
    boxed::Box,
    collections::BTreeMap,
    string::{String, ToString},
    sync::Arc,
    vec::Vec,
};

use bund_crds::{
    Aspect, Check, Cidr, ClassName, ClusterDns, ClusterLocationSpec, DataClassSpec, DestinationMappingSpec,
    GROUP, JurisdictionName, JurisdictionSpec, Mode, NamespaceName, PlacementStrategy, PolicyName, Problem,
    ProviderName, ResidencyPolicySpec, Span, labels,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use serde_path_to_error::Segment;

use super::{ClusterNetworks, Geography, Glass, Observed, Table};
use crate::FieldPath;

/// What the custom resources say.
#[derive(Clone, Debug, Default)]
pub struct World {
    given_location: Option<LocationFacts>,
    location: LocationFacts,
    pub(super) specs: BTreeMap<JurisdictionName, JurisdictionSpec>,
    tables: BTreeMap<JurisdictionName, Arc<Table>>,
    classes: BTreeMap<ClassName, Class>,
    policies: BTreeMap<PolicyName, Policy>,
    mappings: BTreeMap<Box<str>, Arc<DestinationMappingSpec>>,
    glasses: BTreeMap<Box<str>, Glass>,
    unreadable: BTreeMap<(OwnKind, Box<str>), Unreadable>,
    /// What the cluster says of its own networks.
    pub(super) networks: ClusterNetworks,
    pub(super) geography: Geography,
}

/// The kinds of our own that decisions rest on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum OwnKind {
    /// An emergency exit.
    BreakGlass,
    /// Where the cluster is.
    ClusterLocation,
    /// A kind of data.
    DataClass,
    /// What other kinds say about places.
    DestinationMapping,
    /// A place in law.
    Jurisdiction,
    /// Which data must stay where.
    ResidencyPolicy,
}

impl OwnKind {
    /// Every kind of our own.
    pub const ALL: [Self; 6] = [
        Self::BreakGlass,
        Self::ClusterLocation,
        Self::DataClass,
        Self::DestinationMapping,
        Self::Jurisdiction,
        Self::ResidencyPolicy,
    ];

    /// The kind of this group and name.
    pub fn of(group: &str, kind: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|own| group == GROUP && own.as_str() == kind)
    }

    /// The kind's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BreakGlass => "BreakGlass",
            Self::ClusterLocation => "ClusterLocation",
            Self::DataClass => "DataClass",
            Self::DestinationMapping => "DestinationMapping",
            Self::Jurisdiction => "Jurisdiction",
            Self::ResidencyPolicy => "ResidencyPolicy",
        }
    }
}

/// Where the cluster is.
#[derive(Clone, Debug)]
pub struct LocationFacts {
    /// Its own jurisdiction; absent where nobody said it.
    pub jurisdiction: Option<JurisdictionName>,
    /// Whether every node is inside.
    pub span: Span,
    /// The label that names a node's region.
    pub node_key: Box<str>,
    /// The providers whose tables count; all of them where this is empty.
    pub providers: Vec<ProviderName>,
    /// Namespaces where nothing is refused.
    pub exempt: Vec<NamespaceName>,
    /// Private networks that are inside.
    pub networks: Vec<Cidr>,
    /// Where the cluster's DNS runs.
    pub dns: ClusterDns,
}

impl Default for LocationFacts {
    /// What holds where no `ClusterLocation` says otherwise: nodes are inside only where the well-known region
    /// label says so.
    fn default() -> Self {
        Self {
            jurisdiction: None,
            span: Span::Mixed,
            node_key: labels::REGION.into(),
            providers: Vec::new(),
            exempt: Vec::new(),
            networks: Vec::new(),
            dns: ClusterDns::default(),
        }
    }
}

impl From<ClusterLocationSpec> for LocationFacts {
    fn from(spec: ClusterLocationSpec) -> Self {
        let ClusterLocationSpec { jurisdiction, span, node_key, providers, exempt_namespaces, networks, dns } =
            spec;
        Self {
            jurisdiction: Some(jurisdiction),
            span,
            node_key: node_key.as_str().into(),
            providers,
            exempt: exempt_namespaces,
            networks,
            dns: dns.unwrap_or_default(),
        }
    }
}

/// A class of data.
#[derive(Clone, Debug)]
pub struct Class {
    /// Its name.
    pub name: ClassName,
    /// What it declares.
    pub spec: DataClassSpec,
}

/// A residency policy.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Its name.
    pub name: PolicyName,
    /// What it asks for.
    pub spec: ResidencyPolicySpec,
}

impl Policy {
    /// The mode of `aspect` in `namespace`. For what lives in no namespace, which is called by the empty name, the
    /// strictest mode of any.
    pub fn mode(&self, aspect: Aspect, namespace: &str) -> Mode {
        if namespace.is_empty() {
            let overrides = self.spec.overrides.iter().filter_map(|entry| entry.enforcement.mode(aspect));
            let base = self.spec.enforcement.mode(aspect).unwrap_or_else(|| aspect.default_mode());
            return overrides.fold(base, Mode::max);
        }
        mode_in(&self.spec, aspect, namespace)
    }

    /// What happens to pods that do not say where to run.
    pub fn strategy(&self) -> PlacementStrategy {
        self.spec.placement_strategy
    }
}

/// The mode that a policy asks for an aspect in `namespace`.
pub(crate) fn mode_in(spec: &ResidencyPolicySpec, aspect: Aspect, namespace: &str) -> Mode {
    let of_override = spec
        .overrides
        .iter()
        .filter(|entry| entry.namespaces.iter().any(|name| name.as_str() == namespace))
        .find_map(|entry| entry.enforcement.mode(aspect));
    of_override.or_else(|| spec.enforcement.mode(aspect)).unwrap_or_else(|| aspect.default_mode())
}

/// An object of our own that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unreadable {
    /// Its kind.
    pub kind: OwnKind,
    /// Its name.
    pub name: Box<str>,
    /// The field at fault.
    pub field: FieldPath,
    /// Why, with the field.
    pub why: String,
    /// The strictest mode that it names, so that an unreadable policy in `Audit` refuses nothing.
    pub mode: Mode,
}

impl World {
    /// Where the cluster is.
    pub fn location(&self) -> &LocationFacts {
        &self.location
    }

    /// Whether a `ClusterLocation` was given.
    pub fn has_location(&self) -> bool {
        self.given_location.is_some()
    }

    /// The names of places inside a jurisdiction. `None` where no such jurisdiction is declared: then nothing
    /// is inside it.
    pub fn jurisdiction(&self, name: &JurisdictionName) -> Option<&Table> {
        self.tables.get(name).map(AsRef::as_ref)
    }

    /// Every jurisdiction, in order of name.
    pub fn jurisdictions(&self) -> impl Iterator<Item = &Table> {
        self.tables.values().map(AsRef::as_ref)
    }

    /// The class of this name.
    pub fn class(&self, name: &str) -> Option<&Class> {
        self.classes.get(name)
    }

    /// Every class, in order of name.
    pub fn classes(&self) -> impl Iterator<Item = &Class> {
        self.classes.values()
    }

    /// Every policy, in order of name.
    pub fn policies(&self) -> impl Iterator<Item = &Policy> {
        self.policies.values()
    }

    /// The mappings of a kind, in order of name. What all of them read counts: no further one makes another see less.
    pub fn mappings_of<'w>(
        &'w self,
        group: &str,
        kind: &str,
    ) -> impl Iterator<Item = &'w DestinationMappingSpec> {
        let all = self.mappings.values().map(AsRef::as_ref);
        all.filter(move |mapping| mapping.target.group == group && mapping.target.kind == kind)
    }

    /// Whether some mapping maps a kind.
    pub fn maps(&self, group: &str, kind: &str) -> bool {
        self.mappings_of(group, kind).next().is_some()
    }

    /// Every mapping, in order of name.
    pub fn mappings(&self) -> impl Iterator<Item = (&str, &DestinationMappingSpec)> {
        self.mappings.iter().map(|(name, spec)| (name.as_ref(), spec.as_ref()))
    }

    /// Every broken glass, in effect or not, in order of name.
    pub fn glasses(&self) -> impl Iterator<Item = &Glass> {
        self.glasses.values()
    }

    /// Objects of our own that cannot be read.
    pub fn unreadable(&self) -> impl Iterator<Item = &Unreadable> {
        self.unreadable.values()
    }

    pub(super) fn observe(&mut self, kind: OwnKind, name: &str, object: &Value) -> Observed {
        self.forget(kind, name);
        let taken = match kind {
            OwnKind::BreakGlass => read(name, object).and_then(|spec| {
                self.glasses.insert(name.into(), Glass::of(name, spec, object)?);
                Ok(())
            }),
            OwnKind::ClusterLocation => {
                read(name, object).map(|spec: ClusterLocationSpec| self.given_location = Some(spec.into()))
            }
            OwnKind::DataClass => named(name, object).map(|(name, spec): (ClassName, _)| {
                self.classes.insert(name.clone(), Class { name, spec });
            }),
            OwnKind::DestinationMapping => read(name, object).map(|spec| {
                self.mappings.insert(name.into(), Arc::new(spec));
            }),
            OwnKind::Jurisdiction => named(name, object).map(|(name, spec)| {
                self.specs.insert(name, spec);
            }),
            OwnKind::ResidencyPolicy => named(name, object).map(|(name, spec): (PolicyName, _)| {
                self.policies.insert(name.clone(), Policy { name, spec });
            }),
        };
        let observed = match taken {
            Ok(()) => Observed::Fact,
            Err(problem) => {
                let unreadable = Unreadable {
                    kind,
                    name: name.into(),
                    why: problem.to_string(),
                    field: FieldPath::of(&problem.field),
                    mode: named_mode(object.get("spec")),
                };
                self.unreadable.insert((kind, name.into()), unreadable);
                Observed::Unreadable
            }
        };
        self.derive(kind);
        observed
    }

    pub(super) fn forget(&mut self, kind: OwnKind, name: &str) {
        self.unreadable.remove(&(kind, name.into()));
        match kind {
            OwnKind::BreakGlass => drop(self.glasses.remove(name)),
            OwnKind::ClusterLocation if name == "cluster" => self.given_location = None,
            OwnKind::ClusterLocation => {}
            OwnKind::DataClass => drop(self.classes.remove(name)),
            OwnKind::DestinationMapping => drop(self.mappings.remove(name)),
            OwnKind::Jurisdiction => drop(self.specs.remove(name)),
            OwnKind::ResidencyPolicy => drop(self.policies.remove(name)),
        }
        self.derive(kind);
    }

    /// Compiles anew what rests on objects of `kind`.
    fn derive(&mut self, kind: OwnKind) {
        match kind {
            OwnKind::ClusterLocation | OwnKind::Jurisdiction => {}
            OwnKind::BreakGlass
            | OwnKind::DataClass
            | OwnKind::DestinationMapping
            | OwnKind::ResidencyPolicy => return,
        }
        self.location = self.given_location.clone().unwrap_or_default();
        let providers = &self.location.providers;
        self.tables = self
            .specs
            .iter()
            .map(|(name, spec)| (name.clone(), Arc::new(Table::of(name, spec, providers))))
            .collect();
    }
}

/// Reads an object whose name must be of a type of its own.
fn named<N, S>(name: &str, object: &Value) -> Result<(N, S), Problem>
where
    N: core::str::FromStr<Err = bund_crds::vocabulary::InvalidName>,
    S: DeserializeOwned + Check,
{
    // The name comes last: the rules of the kind say better what it is for.
    let spec = read(name, object)?;
    let name = name.parse().map_err(|error: bund_crds::vocabulary::InvalidName| Problem {
        field: "metadata.name".to_owned(),
        message: error.to_string(),
    })?;
    Ok((name, spec))
}

/// Reads an object as the API server would have taken it: by its types, and by the rules of its kind.
pub(crate) fn read<S: DeserializeOwned + Check>(name: &str, object: &Value) -> Result<S, Problem> {
    let spec_at = FieldPath::of("spec");
    let problem = |field: FieldPath, message: String| Problem { field: field.to_string(), message };
    let spec = object.get("spec").ok_or_else(|| problem(spec_at.clone(), "is missing".to_owned()))?;
    let spec: S = serde_path_to_error::deserialize(spec).map_err(|error| {
        let field = error.path().iter().fold(spec_at, |path, segment| match segment {
            Segment::Seq { index } => path.index(*index),
            Segment::Map { key } => path.key(key),
            Segment::Enum { .. } | Segment::Unknown => path,
        });
        problem(field, error.into_inner().to_string())
    })?;
    spec.check(name)?;
    Ok(spec)
}

/// The strictest mode that an unreadable spec names under `enforcement` or `overrides`. Where they are not
/// even of their form, `Deny`.
fn named_mode(spec: Option<&Value>) -> Mode {
    let Some(Value::Object(spec)) = spec else { return Mode::Deny };
    let of_policy = spec.get("enforcement").map_or(Mode::Audit, modes);
    let of_overrides = match spec.get("overrides") {
        None | Some(Value::Null) => Mode::Audit,
        Some(Value::Array(entries)) => entries
            .iter()
            .map(|entry| entry.get("enforcement").map_or(Mode::Deny, modes))
            .max()
            .unwrap_or(Mode::Audit),
        Some(_) => Mode::Deny,
    };
    of_policy.max(of_overrides)
}

fn modes(enforcement: &Value) -> Mode {
    match enforcement {
        Value::Object(aspects) => aspects
            .values()
            .map(|mode| match mode.as_str() {
                Some("Audit") => Mode::Audit,
                Some("Warn") => Mode::Warn,
                _ => Mode::Deny,
            })
            .max()
            .unwrap_or(Mode::Audit),
        Value::Null => Mode::Audit,
        _ => Mode::Deny,
    }
}
