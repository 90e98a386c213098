//! Where a host is that an object names, as whoever calls it finds it.

use alloc::string::{String, ToString};
use core::net::IpAddr;

use super::{
    Location, first_inside, locate_host, locate_service,
    service::{named_service, service_at},
};
use crate::{
    Snapshot,
    address::Host,
    select::Requirement,
    snapshot::{Enrolment, Leads},
    subject::{NamedHost, Purpose, ServiceNames},
};

/// Why nobody knows what a short name leads to, and what to write instead.
const TOO_SHORT: &str = "such a name may be asked for outside of the cluster; call a Service by its whole name, as in name.namespace.svc.cluster.local";

/// Who calls a host.
#[derive(Clone, Copy)]
pub(crate) struct Caller<'s> {
    pub(crate) namespace: &'s str,
    /// Whether names of Services lead to them there.
    pub(crate) service_names: ServiceNames,
    pub(crate) snapshot: &'s Snapshot,
}

impl Caller<'_> {
    /// Where `named` is, as far as `requirement` is concerned.
    pub(crate) fn locate(self, named: &NamedHost, requirement: &Requirement<'_>) -> Location {
        let host = match &named.host {
            Ok(host) => host,
            Err(untold) => return Location::Unknown(untold.to_string()),
        };
        if is_itself(host) || (named.purpose == Purpose::Resolver && self.is_node_cache(host)) {
            return Location::Inside;
        }
        let by_address = || service_at(host, self.snapshot);
        if let Some((namespace, name)) = self.service_of(named, host).or_else(by_address) {
            return self.locate_service(&namespace, &name, requirement);
        }
        let world = self.snapshot.world();
        let places = requirement.jurisdictions.iter();
        match first_inside(places.map(|name| locate_host(Ok(host.clone()), name, world))) {
            Location::Unknown(_) if self.is_too_short(named, host) => Location::Unknown(TOO_SHORT.into()),
            location => location,
        }
    }

    /// Whether a name could be that of a Service, but is asked for elsewhere too.
    fn is_too_short(self, named: &NamedHost, host: &Host) -> bool {
        let short = host.name().is_some_and(|name| name.matches('.').count() < 2);
        let completed = !named.is_whole && self.service_names == ServiceNames::Resolve;
        short && !completed && named.purpose == Purpose::Proxy
    }

    /// Whether it stays on the machine, or in the cluster: then it is no address that leads out.
    pub(crate) fn is_near(self, named: &NamedHost) -> bool {
        let domain = |host: &Host| matches!(host.name(), Some("cluster.local" | "svc.cluster.local"));
        let near = |host: &Host| is_itself(host) || domain(host) || self.service_of(named, host).is_some();
        named.host.as_ref().is_ok_and(near)
    }

    /// The cache for names that runs on each node.
    fn is_node_cache(self, host: &Host) -> bool {
        let Host::Address(address) = host else { return false };
        let caches = &self.snapshot.world().location().dns.node_local;
        caches.iter().any(|cache| cache.network().contains(address))
    }

    /// The namespace and the name of the Service that a name means: `orders`, `orders.shop`, `orders.shop.svc`,
    /// `orders.shop.svc.cluster.local`. A node knows none of them.
    fn service_of(self, named: &NamedHost, host: &Host) -> Option<(String, String)> {
        let Host::Name(name) = host else { return None };
        if self.service_names == ServiceNames::Unsure || named.purpose == Purpose::Probe {
            return None;
        }
        let short = || match name.split_once('.') {
            // What is not completed is no name of the cluster.
            _ if named.is_whole => None,
            None => Some((self.namespace, &**name)),
            Some(_) if self.service_names == ServiceNames::WorldFirst => None,
            // A name of two parts is one of the cluster where its second part is one of a Namespace.
            Some((service, namespace)) => {
                self.snapshot.namespace(namespace).is_some().then_some((namespace, service))
            }
        };
        let found = named_service(name).or_else(short);
        found.map(|(namespace, name)| (namespace.into(), name.into()))
    }

    /// Where a Service leads, unless it leads to pods that every policy lets be reached all the same.
    fn locate_service(self, namespace: &str, name: &str, requirement: &Requirement<'_>) -> Location {
        let leads = self.snapshot.service(namespace, name).map(|service| &service.leads);
        let listed = requirement.policies.iter().all(|policy| {
            let mut pods = policy.spec.egress.iter().flat_map(|egress| &egress.pods);
            pods.any(|pods| pods.namespace.as_str() == namespace)
        });
        match locate_service(namespace, name, &requirement.jurisdictions, self.snapshot) {
            // A Service that nobody knows yet is judged as it comes; in an exempt namespace administrators see to it.
            Location::Unknown(_) if listed && matches!(leads, None | Some(Leads::ToPods)) => Location::Inside,
            Location::Unknown(_) if leads.is_none() && self.is_enrolled(namespace) => Location::Inside,
            location => location,
        }
    }

    fn is_enrolled(self, namespace: &str) -> bool {
        self.snapshot.enrolment(namespace) != Enrolment::Unguarded
    }
}

/// Whether a host is whoever calls it: the pod, or its node. Where that is, placement tells.
fn is_itself(host: &Host) -> bool {
    match host {
        Host::Address(IpAddr::V4(address)) => address.is_loopback() || address.is_unspecified(),
        Host::Address(IpAddr::V6(address)) => address.is_loopback() || address.is_unspecified(),
        Host::Name(name) => &**name == "localhost" || name.ends_with(".localhost"),
    }
}
