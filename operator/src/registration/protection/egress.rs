//! More is open to pods that hold what must not leave, or they ask for names elsewhere.

use super::{each, field, lost, together};

/// What a policy opens that it did not, as texts.
pub(super) fn opened() -> String {
    let network = "(o.network == x.network || cidr(o.network).containsCIDR(cidr(x.network)))";
    let pods = "o.namespace == x.namespace && o.?podLabels.orValue({}) == x.?podLabels.orValue({})";
    let ports = "(size(o.?ports.orValue([])) == 0 || \
                 (size(x.?ports.orValue([])) > 0 && x.ports.all(p, p in o.ports)))";
    let escapes = "o.namespace == x.namespace && o.kind == x.kind && o.name == x.name && \
                   x.escapes.all(e, e in o.escapes)";
    let escaping = "x.kind + ' ' + x.namespace + '/' + x.name";
    together(&[
        each(&unheld("networks", &format!("{network} && {ports}")), "lets pods reach ", "x.network", ""),
        each(&unheld("pods", &format!("{pods} && {ports}")), "lets pods reach others in ", "x.namespace", ""),
        each(&unheld("exceptions", escapes), "lets ", escaping, " escape network policies"),
    ])
}

/// Entries `x` that are there now and that no entry `o` holds that was.
fn unheld(member: &str, holds: &str) -> String {
    let list = |when| field(when, &format!("egress.{member}"), "[]");
    format!("{}.filter(x, !{}.exists(o, {holds}))", list("now"), list("was"))
}

/// Where pods ask for names that did not, as texts. What is left out is what most clusters have, in the schema too.
pub(super) fn asks_elsewhere() -> String {
    let usual = bund_crds::ClusterDns::default();
    let default = |member: &str| {
        let usual = serde_json::to_value(&usual).unwrap_or_default();
        usual.get(member).cloned().unwrap_or_default().to_string()
    };
    let of = |when, member: &str| field(when, &format!("dns.{member}"), &default(member));
    let differs = ["namespace", "podLabels", "port"]
        .map(|member| format!("{} != {}", of("was", member), of("now", member)));
    let caches = format!(
        "{}.filter(x, !{}.exists(o, o == x || cidr(o).containsCIDR(cidr(x))))",
        of("now", "nodeLocal"),
        of("was", "nodeLocal")
    );
    together(&[
        lost(&differs.join(" || "), "lets pods ask others for names"),
        each(&caches, "lets pods ask ", "x", " for names"),
    ])
}
