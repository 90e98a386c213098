//! Services of this cluster, and the names by which they are called.
//!
//! A Service leads to pods of its own namespace, to what its endpoints say, or to another name. Where its namespace is guarded,
//! whoever writes one of these is judged for it; so what it leads to is known to be inside before it exists.

use alloc::{collections::BTreeSet, format, string::String, vec::Vec};

use bund_crds::JurisdictionName;

use super::{Location, first_inside, locate_host};
use crate::{
    Snapshot,
    address::{Host, Unclear},
    snapshot::{Enrolment, Leads},
};

/// How many names may lead from one to the next.
const MOST_NAMES: usize = 8;

/// Where a host is that is called from `namespace`, as far as any of `jurisdictions` is concerned. The names of Services of
/// this cluster mean these Services; a bare name does only for pods of the Service's namespace, which `namespace` is then.
pub fn locate_called(
    host: &Result<Host, Unclear>,
    namespace: Option<&str>,
    jurisdictions: &BTreeSet<JurisdictionName>,
    snapshot: &Snapshot,
) -> Location {
    called(host, namespace, jurisdictions, snapshot, MOST_NAMES)
}

/// Where a Service leads.
pub(crate) fn locate_service(
    namespace: &str,
    name: &str,
    jurisdictions: &BTreeSet<JurisdictionName>,
    snapshot: &Snapshot,
) -> Location {
    leads(namespace, name, jurisdictions, snapshot, MOST_NAMES)
}

fn called(
    host: &Result<Host, Unclear>,
    from: Option<&str>,
    jurisdictions: &BTreeSet<JurisdictionName>,
    snapshot: &Snapshot,
    names: usize,
) -> Location {
    let by_name = |host: &Host| service_called(host.name()?, from, snapshot);
    let service = |host: &Host| by_name(host).or_else(|| service_at(host, snapshot));
    if let Some((namespace, name)) = host.as_ref().ok().and_then(service) {
        return leads(&namespace, &name, jurisdictions, snapshot, names);
    }
    let world = snapshot.world();
    first_inside(jurisdictions.iter().map(|jurisdiction| locate_host(host.clone(), jurisdiction, world)))
}

fn leads(
    namespace: &str,
    name: &str,
    jurisdictions: &BTreeSet<JurisdictionName>,
    snapshot: &Snapshot,
    names: usize,
) -> Location {
    // The API server of this cluster: its Service is there before anybody enrols a namespace.
    if (namespace, name) == ("default", "kubernetes") {
        return Location::Inside;
    }
    let enrolment = snapshot.enrolment(namespace);
    let unknown = |why: &str| Location::Unknown(format!("Service {namespace}/{name} {why}"));
    match (enrolment, snapshot.service(namespace, name).map(|service| &service.leads)) {
        (Enrolment::Unguarded, _) => unknown("is in a namespace that is not guarded"),
        (_, Some(Leads::ToName(_))) if names == 0 => unknown("leads through too many names"),
        (_, Some(Leads::ToName(host))) => {
            called(&Host::of(host), None, jurisdictions, snapshot, names.saturating_sub(1))
        }
        (Enrolment::Guarded | Enrolment::Assumed, _) | (Enrolment::Exempt, Some(Leads::ToPods)) => {
            Location::Inside
        }
        (Enrolment::Exempt, Some(Leads::ToEndpoints)) => {
            unknown("leads where its endpoints say, and its namespace is exempt")
        }
        (Enrolment::Exempt, None) => unknown("is not known, and its namespace is exempt"),
    }
}

/// The Service that has an address in the cluster: its address leads where its name does.
pub(super) fn service_at(host: &Host, snapshot: &Snapshot) -> Option<(String, String)> {
    let Host::Address(address) = host else { return None };
    snapshot.service_at(*address).map(|(namespace, name)| (namespace.into(), name.into()))
}

/// The Service that a name means, called from a namespace.
fn service_called(host: &str, from: Option<&str>, snapshot: &Snapshot) -> Option<(String, String)> {
    let bare = || {
        let from = from.filter(|_| !host.contains('.'))?;
        snapshot.service(from, host).is_some().then(|| (from.into(), host.into()))
    };
    named_service(host).map(|(namespace, name)| (namespace.into(), name.into())).or_else(bare)
}

/// The namespace and the name of the Service that a name means wherever it is called from: `name.namespace.svc`, with the
/// domain of the cluster or without, and with the name of a pod in front. No domain of the world ends so.
pub(crate) fn named_service(host: &str) -> Option<(&str, &str)> {
    let labels: Vec<&str> = host.split('.').collect();
    match labels.as_slice() {
        [.., name, namespace, "svc"] | [.., name, namespace, "svc", "cluster", "local"] => {
            Some((*namespace, *name))
        }
        _ => None,
    }
}
