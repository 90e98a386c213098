//! Where a host, an address or a network is.

use alloc::{
    format,
    string::{String, ToString},
};
use core::fmt::{self, Write as _};

use bund_crds::{Cidr, JurisdictionName};
use ipnet::IpNet;

use super::{Location, locate};
use crate::{
    address::{Host, Unclear, reach, reach::Reach},
    snapshot::{Said, World},
};

/// Where a host is, as far as `jurisdiction` is concerned. What readers may take for different hosts is unknown.
pub fn locate_host(host: Result<Host, Unclear>, jurisdiction: &JurisdictionName, world: &World) -> Location {
    match host {
        Err(unclear) => Location::Unknown(unclear.to_string()),
        Ok(Host::Address(address)) => locate_network(IpNet::from(address), jurisdiction, world),
        Ok(Host::Name(name)) => {
            if world.jurisdiction(jurisdiction).is_some_and(|table| table.lists_host(&name)) {
                Location::Inside
            } else {
                Location::Unknown(format!("no host that {jurisdiction} lists is called so"))
            }
        }
    }
}

/// Where every address of a network is, as far as `jurisdiction` is concerned. The network is in the spelling of
/// [`address::network`](crate::address::network).
///
/// What is declared counts first, then what the cluster knows of its own networks, then what databases say of public
/// ones. Without any of them nobody knows.
pub fn locate_network(network: IpNet, jurisdiction: &JurisdictionName, world: &World) -> Location {
    let reach = reach::of_network(network);
    if let Reach::Nowhere(what) = reach {
        return Location::Unknown(format!("{network} is {what}"));
    }
    let table = world.jurisdiction(jurisdiction);
    let own = world.location().jurisdiction.as_ref() == Some(jurisdiction);
    let lists = |networks: &[Cidr]| networks.iter().any(|inside| inside.network().contains(&network));
    if own && (lists(&world.location().networks) || world.networks().of_services(network)) {
        return Location::Inside;
    }
    let nodes = of_nodes(network, jurisdiction, world);
    match reach {
        Reach::Private(what) => nodes.unwrap_or_else(|| {
            // Another cluster may have the same addresses, so that no jurisdiction can list them for all.
            Location::Unknown(format!(
                "{network} is {what}; if it is inside, declare its network in ClusterLocation"
            ))
        }),
        _ if table.is_some_and(|table| lists(table.networks())) => Location::Inside,
        // A node may say of itself that it is somewhere else. That a public address is inside takes more than its word.
        _ => nodes
            .filter(|location| !location.is_inside())
            .unwrap_or_else(|| by_databases(network, jurisdiction, world)),
    }
}

/// Whether nobody says anything of where a public address is, for or against: no network that is declared holds it, it is no
/// node's that is somewhere else, and there is no database to ask.
pub(crate) fn is_unheard_of(network: IpNet, jurisdiction: &JurisdictionName, world: &World) -> bool {
    reach::of_network(network) == Reach::Global
        && world.geography().databases().is_none()
        && of_nodes(network, jurisdiction, world).is_none_or(|location| location.is_inside())
}

/// Where the nodes are that have a network: inside where all of them are. `None` where no node has it.
fn of_nodes(network: IpNet, jurisdiction: &JurisdictionName, world: &World) -> Option<Location> {
    let mut location = None;
    for node in world.networks().nodes_at(network) {
        match locate(node, jurisdiction, world) {
            Location::Inside => location = Some(Location::Inside),
            elsewhere => return Some(elsewhere),
        }
    }
    location
}

/// Where databases say that a network is: inside where all of them name one country of the jurisdiction for the whole of
/// it.
fn by_databases(network: IpNet, jurisdiction: &JurisdictionName, world: &World) -> Location {
    let Some(databases) = world.geography().databases() else {
        return Location::Unknown(format!(
            "no network that {jurisdiction} lists holds {network}; if it is inside, declare its network in \
             ClusterLocation, or give Bund databases of addresses"
        ));
    };
    let Some(spec) = world.jurisdiction_spec(jurisdiction) else {
        return Location::Unknown(format!("no Jurisdiction is named {jurisdiction}"));
    };
    match databases.country_of(network) {
        Said::Country(country) if spec.country_codes.iter().any(|code| country == *code) => Location::Inside,
        Said::Country(country) => Location::Outside(country.to_string()),
        said => {
            // Room for all of it at once: most addresses of the world end here.
            let mut why = String::with_capacity(128);
            let (Ok(()) | Err(fmt::Error)) = write!(why, "{network} {said}");
            Location::Unknown(why)
        }
    }
}

#[cfg(test)]
mod tests;
