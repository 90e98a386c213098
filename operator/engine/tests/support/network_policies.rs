//! NetworkPolicies of all kinds, and packets for them: near what they name, so that as many pass as not.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use bund_crds::Protocol;
use bund_engine::{
    network_policy::{NetworkPolicy, Packet, Receiver, lets_out},
    subject::Labels,
};
use proptest::{
    collection::vec,
    prelude::*,
    sample::{select, subsequence},
};
use serde_json::{Map, Value, json};

/// A cluster with policies in the namespace `shop`, and what its pods send.
#[derive(Clone, Debug)]
pub struct Cluster {
    pub policies: Vec<Value>,
    pub packets: Vec<Sent>,
}

/// A packet that a pod of `shop` sends.
#[derive(Clone, Debug)]
pub struct Sent {
    /// Which of [`PODS`].
    pub from: usize,
    pub to: IpAddr,
    pub port: u16,
    pub protocol: Protocol,
}

pub struct Pod {
    pub namespace: &'static str,
    pub name: &'static str,
    pub labels: &'static [(&'static str, &'static str)],
    pub ipv4: Ipv4Addr,
    pub ipv6: Ipv6Addr,
    pub ports: &'static [(&'static str, Protocol, u16)],
}

const fn pod(
    namespace: &'static str,
    name: &'static str,
    number: u8,
    labels: &'static [(&'static str, &'static str)],
    ports: &'static [(&'static str, Protocol, u16)],
) -> Pod {
    let ipv6 = Ipv6Addr::new(0xfd00, 0x20, 0, 0, 0, 0, 0, number as u16);
    Pod { namespace, name, labels, ipv4: Ipv4Addr::new(10, 20, 3, number), ipv6, ports }
}

const HTTP: (&str, Protocol, u16) = ("http", Protocol::Tcp, 8080);
const DNS: (&str, Protocol, u16) = ("dns", Protocol::Udp, 53);

/// The pods; the first three send.
pub const PODS: [Pod; 8] = [
    pod("shop", "web", 1, &[("app", "web"), ("tier", "front")], &[HTTP]),
    pod("shop", "store", 2, &[("app", "store")], &[("http", Protocol::Tcp, 80)]),
    pod("shop", "bare", 3, &[], &[]),
    pod("vault", "store", 4, &[("app", "store"), ("tier", "")], &[HTTP, ("dns", Protocol::Tcp, 53)]),
    pod("vault", "web", 5, &[("app", "web")], &[("http", Protocol::Udp, 8080)]),
    pod("office", "relay", 6, &[("app", "relay")], &[HTTP]),
    pod("kube-system", "coredns", 7, &[("k8s-app", "kube-dns")], &[DNS, ("dns-tcp", Protocol::Tcp, 53)]),
    pod("kube-system", "relay", 8, &[("k8s-app", "relay")], &[DNS]),
];

/// The namespaces, with their labels.
pub const NAMESPACES: [(&str, &[(&str, &str)]); 4] = [
    ("shop", &[("kubernetes.io/metadata.name", "shop"), ("bund.dev/guarded", "true")]),
    ("vault", &[("kubernetes.io/metadata.name", "vault"), ("bund.dev/guarded", "true"), ("team", "a")]),
    ("office", &[("kubernetes.io/metadata.name", "office"), ("team", "a")]),
    ("kube-system", &[("kubernetes.io/metadata.name", "kube-system")]),
];

/// What the engine answers for every packet, in order.
pub fn answers(cluster: &Cluster) -> Vec<bool> {
    let policies: Vec<NetworkPolicy> =
        cluster.policies.iter().map(|policy| NetworkPolicy::read(&policy["spec"])).collect();
    cluster
        .packets
        .iter()
        .map(|sent| sent.with_packet(|packet| lets_out("shop", &policies, packet)))
        .collect()
}

impl Sent {
    /// Calls `ask` with the packet.
    pub fn with_packet<T>(&self, ask: impl FnOnce(&Packet<'_>) -> T) -> T {
        let sender = labels(PODS[self.from].labels);
        let to = self.to.to_canonical();
        let pod = PODS.iter().find(|pod| to == IpAddr::V4(pod.ipv4) || to == IpAddr::V6(pod.ipv6));
        let receiver = pod.map(|pod| {
            let (_, of_namespace) = NAMESPACES.iter().find(|(name, _)| *name == pod.namespace).unwrap();
            let ports = pod.ports.iter().map(|(name, protocol, port)| ((*name).into(), *protocol, *port));
            (pod.namespace, labels(of_namespace), labels(pod.labels), ports.collect::<Vec<_>>())
        });
        ask(&Packet {
            sender: &sender,
            address: self.to,
            receiver: receiver.as_ref().map(|(namespace, namespace_labels, labels, ports)| Receiver {
                namespace,
                namespace_labels,
                labels,
                ports,
            }),
            port: self.port,
            protocol: self.protocol,
        })
    }
}

fn labels(pairs: &[(&str, &str)]) -> Labels {
    pairs.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect()
}

pub fn cluster() -> impl Strategy<Value = Cluster> {
    (vec(policy(), 0..=3), vec(sent(), 24)).prop_map(|(policies, packets)| Cluster { policies, packets })
}

pub fn policy() -> impl Strategy<Value = Value> {
    let types = select(vec![
        json!(null),
        json!(["Egress"]),
        json!(["Egress"]),
        json!(["Ingress"]),
        json!(["Ingress", "Egress"]),
    ]);
    let egress = prop_oneof![1 => Just(None), 9 => vec(rule(), 0..=3).prop_map(Some)];
    (selector(), types, egress, "[a-z]{6}").prop_map(|(selector, types, egress, name)| {
        let mut spec = json!({ "podSelector": selector });
        if !types.is_null() {
            spec["policyTypes"] = types;
        }
        if let Some(egress) = egress {
            spec["egress"] = egress.into();
        }
        json!({
            "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
            "metadata": { "name": name, "namespace": "shop" }, "spec": spec
        })
    })
}

pub fn rule() -> impl Strategy<Value = Value> {
    let ports = prop_oneof![2 => Just(Vec::new()), 3 => vec(port(), 1..=3)];
    let peers = prop_oneof![1 => Just(Vec::new()), 9 => vec(peer(), 1..=3)];
    (peers, ports).prop_map(|(peers, ports)| {
        let mut rule = Map::new();
        if !peers.is_empty() {
            rule.insert("to".to_owned(), peers.into());
        }
        if !ports.is_empty() {
            rule.insert("ports".to_owned(), ports.into());
        }
        Value::Object(rule)
    })
}

fn port() -> impl Strategy<Value = Value> {
    let protocol = select(vec![json!(null), json!("TCP"), json!("UDP"), json!("SCTP")]);
    let which = prop_oneof![
        Just(json!({})),
        select(PORTS.to_vec()).prop_map(|port| json!({ "port": port })),
        (select(PORTS.to_vec()), 0..400_u16)
            .prop_map(|(port, more)| json!({ "port": port, "endPort": port.saturating_add(more) })),
        select(vec!["http", "dns", "dns-tcp", "nobody"]).prop_map(|name| json!({ "port": name })),
    ];
    (protocol, which).prop_map(|(protocol, mut port)| {
        if !protocol.is_null() {
            port["protocol"] = protocol;
        }
        port
    })
}

const PORTS: [u16; 8] = [1, 53, 80, 443, 8080, 8081, 8443, 65535];

pub fn peer() -> impl Strategy<Value = Value> {
    prop_oneof![
        3 => block().prop_map(|block| json!({ "ipBlock": block })),
        2 => selector().prop_map(|pods| json!({ "podSelector": pods })),
        1 => selector().prop_map(|namespaces| json!({ "namespaceSelector": namespaces })),
        2 => (selector(), selector())
            .prop_map(|(namespaces, pods)| json!({ "namespaceSelector": namespaces, "podSelector": pods })),
    ]
}

/// Networks with some in others.
const IPV4: [&str; 12] = [
    "0.0.0.0/0",
    "0.0.0.0/1",
    "128.0.0.0/1",
    "10.0.0.0/8",
    "10.20.0.0/16",
    "10.20.0.0/22",
    "10.20.3.0/24",
    "10.20.3.4/30",
    "10.20.3.7/32",
    "203.0.113.0/24",
    "169.254.20.10/32",
    "255.255.255.255/32",
];
const IPV6: [&str; 9] = [
    "::/0",
    "::/1",
    "8000::/1",
    "fd00:20::/48",
    "fd00:20::4/126",
    "fd00:20::7/128",
    "64:ff9b::/96",
    "2001:db8::/32",
    "2002::/16",
];
/// Networks of IPv4 in their IPv6 form, which newer API servers refuse.
const MAPPED: [&str; 3] = ["::ffff:0:0/96", "::ffff:10.20.0.0/112", "::ffff:10.20.3.7/128"];

fn block() -> impl Strategy<Value = Value> {
    let of = |networks: &[&'static str], all: &[&'static str]| {
        (select(networks.to_vec()), subsequence(all.to_vec(), 0..=2))
    };
    prop_oneof![
        5 => of(&IPV4, &IPV4),
        4 => of(&IPV6, &IPV6),
        1 => of(&MAPPED, &[IPV4[5], IPV4[8], MAPPED[1], MAPPED[2]]),
    ]
    .prop_map(|(cidr, except)| {
        if except.is_empty() { json!({ "cidr": cidr }) } else { json!({ "cidr": cidr, "except": except }) }
    })
}

fn selector() -> impl Strategy<Value = Value> {
    let pairs = vec![
        ("app", "web"),
        ("app", "store"),
        ("tier", ""),
        ("k8s-app", "kube-dns"),
        ("team", "a"),
        ("kubernetes.io/metadata.name", "vault"),
        ("kubernetes.io/metadata.name", "kube-system"),
        ("bund.dev/guarded", "true"),
    ];
    let labels = prop_oneof![3 => Just(Vec::new()), 2 => subsequence(pairs, 1..=2)];
    let expressions = prop_oneof![2 => Just(Vec::new()), 2 => vec(expression(), 1..=2)];
    (labels, expressions).prop_map(|(labels, expressions)| {
        let mut selector = json!({});
        for (key, value) in labels {
            selector["matchLabels"][key] = value.into();
        }
        if !expressions.is_empty() {
            selector["matchExpressions"] = expressions.into();
        }
        selector
    })
}

fn expression() -> impl Strategy<Value = Value> {
    let key =
        select(vec!["app", "tier", "k8s-app", "team", "kubernetes.io/metadata.name", "bund.dev/guarded"]);
    let values =
        subsequence(vec!["web", "store", "", "kube-dns", "a", "shop", "vault", "office", "true"], 1..=4);
    (key, select(vec!["In", "NotIn", "Exists", "DoesNotExist"]), values).prop_map(
        |(key, operator, values)| {
            if matches!(operator, "In" | "NotIn") {
                json!({ "key": key, "operator": operator, "values": values })
            } else {
                json!({ "key": key, "operator": operator })
            }
        },
    )
}

pub fn sent() -> impl Strategy<Value = Sent> {
    let protocol = select(vec![Protocol::Tcp, Protocol::Udp, Protocol::Sctp]);
    let port = prop_oneof![3 => select(PORTS.to_vec()), 1 => 1..=u16::MAX];
    (0..3_usize, address(), port, protocol).prop_map(|(from, to, port, protocol)| Sent {
        from,
        to,
        port,
        protocol,
    })
}

fn address() -> impl Strategy<Value = IpAddr> {
    let named = select(vec![
        "10.20.3.8",
        "10.20.7.255",
        "10.19.255.255",
        "127.255.255.255",
        "128.0.0.0",
        "203.0.113.9",
        "255.255.255.255",
        "169.254.20.10",
        "8.8.8.8",
        "fd00:20::8",
        "7fff::1",
        "8000::",
        "64:ff9b::808:808",
        "2002:808:808::1",
        "2001:db8::9",
    ]);
    prop_oneof![
        4 => select((0..PODS.len()).collect::<Vec<_>>()).prop_map(|pod| IpAddr::V4(PODS[pod].ipv4)),
        3 => select((0..PODS.len()).collect::<Vec<_>>()).prop_map(|pod| IpAddr::V6(PODS[pod].ipv6)),
        5 => named.prop_map(|address| address.parse().unwrap()),
        1 => any::<u32>().prop_map(|bits| IpAddr::V4(Ipv4Addr::from_bits(bits))),
        1 => any::<u128>().prop_map(|bits| IpAddr::V6(Ipv6Addr::from_bits(bits))),
        1 => any::<u32>().prop_map(|bits| IpAddr::V6(Ipv4Addr::from_bits(bits).to_ipv6_mapped())),
        1 => select((0..PODS.len()).collect::<Vec<_>>())
            .prop_map(|pod| IpAddr::V6(PODS[pod].ipv4.to_ipv6_mapped())),
    ]
}
