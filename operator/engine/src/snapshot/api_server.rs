//! Where the API server is to be reached from pods.
//!
//! Its own addresses are in the EndpointSlice and the Endpoints that it writes itself under the name of its Service; pods
//! address the Service. Another slice that claims to stand behind that Service is not the API server's.

use alloc::{collections::BTreeSet, sync::Arc, vec::Vec};

use bund_crds::{NetworkPort, Protocol};
use ipnet::IpNet;
use serde_json::Value;

use crate::address;

/// The namespace and the name of the Service of the API server, its Endpoints and its EndpointSlice.
const KUBERNETES: (&str, &str) = ("default", "kubernetes");

/// An address and a port at it.
type Socket = (IpNet, NetworkPort);

/// Where the API server is to be reached, by what tells of it. Cloning it is cheap.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ApiServer {
    service: Arc<BTreeSet<Socket>>,
    endpoints: Arc<BTreeSet<Socket>>,
    slice: Arc<BTreeSet<Socket>>,
}

impl ApiServer {
    /// Whether an object tells where the API server is.
    pub(super) fn is_told_by(group: &str, kind: &str, namespace: Option<&str>, name: &str) -> bool {
        let of_kind =
            matches!((group, kind), ("", "Service" | "Endpoints") | ("discovery.k8s.io", "EndpointSlice"));
        of_kind && (namespace.unwrap_or(KUBERNETES.0), name) == KUBERNETES
    }

    pub(super) fn observe(&mut self, kind: &str, object: &Value) {
        let sockets = match kind {
            "Service" => of_service(object),
            "Endpoints" => of_endpoints(object),
            _ => of_slice(object),
        };
        *self.told_by(kind) = Arc::new(sockets);
    }

    pub(super) fn forget(&mut self, kind: &str) {
        *self.told_by(kind) = Arc::default();
    }

    fn told_by(&mut self, kind: &str) -> &mut Arc<BTreeSet<Socket>> {
        match kind {
            "Service" => &mut self.service,
            "Endpoints" => &mut self.endpoints,
            _ => &mut self.slice,
        }
    }

    /// Every address with its port, in order, each once.
    pub fn reached_at(&self) -> BTreeSet<(IpNet, NetworkPort)> {
        let all = self.service.iter().chain(self.endpoints.iter()).chain(self.slice.iter());
        all.copied().collect()
    }
}

fn of_service(service: &Value) -> BTreeSet<Socket> {
    let spec = service.get("spec").unwrap_or(&Value::Null);
    let addresses = items(spec, "clusterIPs").chain(spec.get("clusterIP")).filter_map(Value::as_str);
    sockets(addresses, items(spec, "ports"))
}

fn of_endpoints(endpoints: &Value) -> BTreeSet<Socket> {
    let of_subset = |subset| {
        // One that is not ready now may be the only one in a moment.
        let addresses = items(subset, "addresses").chain(items(subset, "notReadyAddresses"));
        let addresses = addresses.filter_map(|address| address.get("ip")?.as_str());
        sockets(addresses, items(subset, "ports"))
    };
    items(endpoints, "subsets").flat_map(of_subset).collect()
}

fn of_slice(slice: &Value) -> BTreeSet<Socket> {
    let addresses = items(slice, "endpoints").flat_map(|endpoint| items(endpoint, "addresses"));
    sockets(addresses.filter_map(Value::as_str), items(slice, "ports"))
}

fn items<'v>(object: &'v Value, member: &str) -> impl Iterator<Item = &'v Value> {
    object.get(member).and_then(Value::as_array).into_iter().flatten()
}

/// Every address at every port. What is no address, such as a name, leads nowhere.
fn sockets<'v>(
    addresses: impl Iterator<Item = &'v str>,
    ports: impl Iterator<Item = &'v Value>,
) -> BTreeSet<Socket> {
    let ports: Vec<NetworkPort> = ports.filter_map(port).collect();
    let single = |network: &IpNet| network.prefix_len() == network.max_prefix_len();
    let addresses = addresses.filter_map(|text| address::network(text).ok()).filter(single);
    addresses.flat_map(|address| ports.iter().map(move |port| (address, *port))).collect()
}

fn port(port: &Value) -> Option<NetworkPort> {
    let protocol = match port.get("protocol").and_then(Value::as_str) {
        None | Some("TCP") => Protocol::Tcp,
        Some("UDP") => Protocol::Udp,
        Some("SCTP") => Protocol::Sctp,
        Some(_) => return None,
    };
    let port = port.get("port")?.as_u64()?.try_into().ok()?;
    Some(NetworkPort { port, protocol })
}
