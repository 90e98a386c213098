use bund_engine::Timestamp;
use serde_json::json;

use super::*;
use crate::egress::plan::Memory;
use crate::egress::testing::{
    carry_out, forget, holder, nothing_stored, now, observe, pass, policy, shop, wanted,
};

fn statuses(view: &View, stored: &Stored, memory: &Memory, unseen: &mut Unseen, at: Timestamp) -> Vec<Write> {
    told(view, &wanted(view), stored, memory, unseen, at).writes
}

fn condition(write: &Write) -> (String, String) {
    let condition = &write.own.status["conditions"][0];
    let text = |member: &str| condition[member].as_str().unwrap().to_owned();
    assert_eq!(text("type"), "EgressClosed");
    (format!("{}/{}", text("status"), text("reason")), text("message"))
}

#[test]
fn a_policy_tells_what_it_closes_and_what_it_would() {
    for (mode, before, after, counts) in [
        ("Deny", "True/NothingToClose", "True/Closed", json!({ "closed": 1, "planned": 0 })),
        ("Warn", "True/NothingToClose", "False/PlanOnly", json!({ "closed": 0, "planned": 1 })),
        ("Audit", "True/NothingToClose", "False/PlanOnly", json!({ "closed": 0, "planned": 1 })),
    ] {
        let (mut view, mut stored, mut memory) = (shop(mode), nothing_stored(), Memory::default());
        let told = statuses(&view, &stored, &memory, &mut Unseen::default(), now());
        assert_eq!(condition(&told[0]).0, before, "{mode}");
        observe(&mut view, holder(true));
        carry_out(pass(&view, &stored, true, &mut memory), &mut stored, &mut memory);
        let told = statuses(&view, &stored, &memory, &mut Unseen::default(), now());
        let (status, message) = condition(&told[0]);
        assert_eq!((status.as_str(), message.contains("shop")), (after, true), "{mode}: {message}");
        let mut egress = told[0].own.status["egress"].clone();
        egress.as_object_mut().unwrap().remove("leftClosed");
        assert_eq!(egress, counts, "{mode}");
    }
}

#[test]
fn what_could_not_be_written_is_told_with_why() {
    let (mut view, stored, mut memory) = (shop("Deny"), nothing_stored(), Memory::default());
    observe(&mut view, holder(true));
    for (_, action) in pass(&view, &stored, true, &mut memory).writes {
        let failed = crate::egress::attempts::Tried::Failed("forbidden".to_owned());
        memory.attempts.tried(action.target(), action.what(), failed, tokio::time::Instant::now());
    }
    let told = told(&view, &wanted(&view), &stored, &memory, &mut Unseen::default(), now());
    let (status, message) = condition(&told.writes[0]);
    assert_eq!(status, "False/NotApplied");
    assert!(message.contains("NetworkPolicy shop/bund-egress (forbidden)"), "{message}");
    assert_eq!(told.figures.not_applied, 2);
}

#[test]
fn a_second_pass_tells_nothing() {
    let (mut view, mut stored, mut memory) = (shop("Deny"), nothing_stored(), Memory::default());
    observe(&mut view, holder(true));
    carry_out(pass(&view, &stored, true, &mut memory), &mut stored, &mut memory);
    let mut unseen = Unseen::default();
    let first = statuses(&view, &stored, &memory, &mut unseen, now());
    let status = first[0].own.status.clone();
    unseen.written(first.into_iter().next().unwrap());
    let later = now().checked_add(jiff::SignedDuration::from_secs(9)).unwrap();
    assert_eq!(statuses(&view, &stored, &memory, &mut unseen, later), [], "before the watch has shown it");
    let mut stored_policy = policy("Deny");
    stored_policy["metadata"]["resourceVersion"] = "2".into();
    stored_policy["status"] = status;
    observe(&mut view, stored_policy);
    assert_eq!(statuses(&view, &stored, &memory, &mut unseen, later), [], "after it has");
}

#[test]
fn what_others_open_is_named() {
    let (mut view, mut stored, mut memory) = (shop("Deny"), nothing_stored(), Memory::default());
    observe(&mut view, holder(true));
    for (name, egress) in [("tight", json!([])), ("wide", json!([{}]))] {
        observe(
            &mut view,
            json!({ "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
                "metadata": { "name": name, "namespace": "shop" },
                "spec": { "podSelector": {}, "policyTypes": ["Egress"], "egress": egress } }),
        );
    }
    carry_out(pass(&view, &stored, true, &mut memory), &mut stored, &mut memory);
    let told = told(&view, &wanted(&view), &stored, &memory, &mut Unseen::default(), now());
    let (status, message) = condition(&told.writes[0]);
    assert_eq!((status.as_str(), told.figures.widened), ("False/Widened", 1));
    assert!(message.contains("NetworkPolicy shop/wide") && !message.contains("tight"), "{message}");
}

#[test]
fn what_policies_of_other_networks_open_is_named_while_they_are_there() {
    let (mut view, stored, memory) = (shop("Deny"), nothing_stored(), Memory::default());
    observe(&mut view, holder(true));
    let cilium = |namespace: &str| {
        json!({ "apiVersion": "cilium.io/v2", "kind": "CiliumNetworkPolicy",
            "metadata": { "name": "open", "namespace": namespace },
            "spec": { "endpointSelector": {}, "egress": [{ "toEntities": ["world"] }] } })
    };
    // Called like one of ours, and like one of Calico's.
    let calico = json!({ "apiVersion": "crd.projectcalico.org/v1", "kind": "NetworkPolicy",
        "metadata": { "name": "bund-egress", "namespace": "shop" },
        "spec": { "types": ["Egress"], "egress": [{ "action": "Allow" }] } });
    let antrea = json!({ "apiVersion": "crd.antrea.io/v1beta1", "kind": "NetworkPolicy",
        "metadata": { "name": "bund-egress", "namespace": "shop" },
        "spec": { "priority": 5, "tier": "application", "appliedTo": [{ "podSelector": {} }],
            "egress": [{ "action": "Allow" }] } });
    let open = cilium("shop");
    let all = [open.clone(), cilium("office"), calico.clone(), antrea.clone()];
    for policy in all {
        observe(&mut view, policy);
    }
    let named = |view: &View| {
        let told = told(view, &wanted(view), &stored, &memory, &mut Unseen::default(), now());
        let widened = widened(&view.snapshot, &wanted(view), &BTreeMap::new(), now());
        (widened.into_values().flatten().collect::<Vec<_>>(), told.figures.widened)
    };
    let said = [
        "CiliumNetworkPolicy shop/open of cilium.io",
        "NetworkPolicy shop/bund-egress of crd.antrea.io",
        "NetworkPolicy shop/bund-egress of crd.projectcalico.org",
    ]
    .map(str::to_owned);
    assert_eq!(named(&view), (said.to_vec(), 3));
    forget(&mut view, &calico);
    assert_eq!(named(&view), (said.get(..2).unwrap().to_vec(), 2));
    forget(&mut view, &antrea);
    forget(&mut view, &open);
    assert_eq!(named(&view), (Vec::new(), 0));
}

#[test]
fn what_policies_of_the_cluster_open_is_named_while_they_are_there() {
    let (mut view, stored, memory) = (shop("Deny"), nothing_stored(), Memory::default());
    observe(&mut view, holder(true));
    let policy = |name: &str, action: &str, of: &str| {
        json!({ "apiVersion": "policy.networking.k8s.io/v1alpha2", "kind": "ClusterNetworkPolicy",
            "metadata": { "name": name },
            "spec": { "tier": "Admin", "priority": 7,
                "subject": { "namespaces": { "matchLabels": { "kubernetes.io/metadata.name": of } } },
                "egress": [{ "action": action, "to": [{ "networks": ["0.0.0.0/0"] }] }] } })
    };
    let above = policy("above", "Accept", "shop");
    let others =
        [policy("bund-egress-shop", "Deny", "shop"), policy("elsewhere", "Accept", "office"), above.clone()];
    for policy in others {
        observe(&mut view, policy);
    }
    let named = |view: &View| {
        let told = told(view, &wanted(view), &stored, &memory, &mut Unseen::default(), now());
        widened(&view.snapshot, &wanted(view), &BTreeMap::new(), now())
            .into_iter()
            .map(|(policy, named)| (policy.to_string(), named, told.figures.widened))
            .collect::<Vec<_>>()
    };
    let said = "ClusterNetworkPolicy above in namespace shop".to_owned();
    assert_eq!(named(&view), [("residency".to_owned(), vec![said], 1)]);
    forget(&mut view, &above);
    assert_eq!(named(&view), []);
}
