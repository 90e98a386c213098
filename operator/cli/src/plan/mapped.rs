//! What objects of mapped kinds name: what acts on them sends from some pod of their namespace, and nobody knows which.

use bund_crds::destination_mapping::DestinationType;
use bund_engine::{
    address::{self, Host},
    destination::Destination,
    egress::{Holds, NamespacePlan},
};
use ipnet::IpNet;
use serde_json::Value;

use super::{Declared, Open, Outcome, Workload};
use crate::inventory::{GroupKind, Inventory, name_of, text};

/// The places that objects of the plan's namespace name. One stays open if it is open to every pod there.
pub(super) fn declared(inventory: &Inventory, plan: &NamespacePlan, open: Open<'_>) -> Vec<Declared> {
    let here =
        inventory.objects.iter().filter(|object| text(object, "/metadata/namespace") == &*plan.namespace);
    let mut found = Vec::new();
    for object in here {
        let GroupKind { group, kind } = GroupKind::of(object);
        if !open.snapshot.world().maps(&group, &kind) {
            continue;
        }
        let subject = open.snapshot.extract(object, Some(&plan.namespace), None);
        for destination in &subject.destinations {
            found.extend(told(object, destination, plan, open));
        }
    }
    found
}

fn told(object: &Value, destination: &Destination, plan: &NamespacePlan, open: Open<'_>) -> Option<Declared> {
    let outcome = match network(destination)? {
        Err(why) => Err(why),
        Ok(network) => {
            let each = |from: &Workload<'_>| open.network(from, network);
            let outcomes: Vec<_> = open.within(&plan.namespace).map(each).collect();
            let cut = outcomes.iter().find(|outcome| outcome.is_err());
            cut.or(outcomes.first())
                .cloned()
                .unwrap_or_else(|| Err("no pod is known that could reach it".to_owned()))
        }
    };
    let (outcome, why) = match outcome {
        Ok(why) => (Outcome::StaysOpen, why),
        Err(why) => (Outcome::WouldBeCut, why),
    };
    Some(Declared {
        outcome,
        from: format!("{} {}", text(object, "/kind"), name_of(object)),
        holds: Holds::default(),
        to: destination.text.to_string(),
        declared_by: destination.field.to_string(),
        why,
    })
}

/// The network that a destination names; `None` for what is no place in a network.
fn network(destination: &Destination) -> Option<Result<IpNet, String>> {
    let text = destination.text.as_ref();
    let of_host = |host: Result<Host, address::Unclear>| match host {
        Ok(Host::Address(address)) => Ok(IpNet::from(address)),
        Ok(Host::Name(_)) => Err("network policies know addresses alone".to_owned()),
        Err(unclear) => Err(unclear.to_string()),
    };
    match destination.kind {
        DestinationType::Host => Some(of_host(Host::of(text))),
        DestinationType::Url => Some(of_host(Host::of_url(text))),
        DestinationType::Cidr => Some(address::network(text).map_err(|unclear| unclear.to_string())),
        // The node pulls images; a bucket and a region are reached by hosts that other fields name.
        DestinationType::Registry | DestinationType::Bucket | DestinationType::Region => None,
    }
}
