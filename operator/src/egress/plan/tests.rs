use bund_engine::egress::{manifest, transfer_mark};
use kube::runtime::watcher::Event;
use serde_json::json;

use super::*;
use crate::egress::testing::{
    as_stored, carry_out, forget, holder, namespace, nothing_stored, observe, pass, pod, policy, shop, wanted,
};
use crate::index::View;
use crate::response::Ground;

/// The shop with what closes it, everything as it should be.
fn closed() -> (View, Stored, Memory) {
    let (mut view, mut stored, mut memory) = (shop("Deny"), nothing_stored(), Memory::default());
    observe(&mut view, holder(true));
    carry_out(pass(&view, &stored, true, &mut memory), &mut stored, &mut memory);
    assert_eq!(
        carry_out(pass(&view, &stored, true, &mut memory), &mut stored, &mut memory),
        [""; 0],
        "a second pass"
    );
    (view, stored, memory)
}

#[test]
fn what_closes_is_written_before_marks_and_marks_before_what_opens() {
    let (mut view, mut stored, mut memory) = (shop("Deny"), nothing_stored(), Memory::default());
    assert_eq!(pass(&view, &stored, true, &mut memory), Planned::default(), "nothing is classified");
    observe(&mut view, holder(false));
    let written = carry_out(pass(&view, &stored, false, &mut memory), &mut stored, &mut memory);
    let expected = [
        "Close: apply NetworkPolicy shop/bund-egress",
        r#"Mark: mark holder: {"egress.bund.dev/holds": Some("pi")}"#,
        "Open: apply NetworkPolicy shop/bund-egress-pi",
    ];
    assert_eq!(written, expected);
    observe(&mut view, holder(true));
    assert_eq!(pass(&view, &stored, true, &mut memory), Planned::default(), "a second pass");
}

#[test]
fn what_closed_goes_last_and_only_when_everything_is_known() {
    let (mut view, mut stored, mut memory) = closed();
    observe(&mut view, pod("plain", json!({ "egress.bund.dev/holds": "nothing" })));
    forget(&mut view, &holder(true));
    let written = carry_out(pass(&view, &stored, false, &mut memory), &mut stored, &mut memory);
    assert_eq!(written, [""; 0], "something may hold a class that was not listed yet");
    let first = carry_out(pass(&view, &stored, true, &mut memory), &mut stored, &mut memory);
    let expected = [
        "Shut: delete NetworkPolicy shop/bund-egress-pi",
        r#"Mark: mark plain: {"egress.bund.dev/holds": None}"#,
    ];
    assert_eq!(first, expected);
    observe(&mut view, pod("plain", json!({})));
    let then = carry_out(pass(&view, &stored, true, &mut memory), &mut stored, &mut memory);
    assert_eq!(then, ["Release: delete NetworkPolicy shop/bund-egress"]);
    assert_eq!(pass(&view, &stored, true, &mut memory), Planned::default());
}

#[test]
fn a_namespace_that_is_guarded_no_more_stays_closed_for_what_lives_there() {
    let (mut view, stored, mut memory) = closed();
    observe(&mut view, namespace(false));
    assert_eq!(pass(&view, &stored, true, &mut memory), Planned::default());
    let kept: Vec<_> = wanted(&view).kept.into_iter().collect();
    assert_eq!(kept, [Box::from("shop")]);
    forget(&mut view, &holder(true));
    let gone: Vec<_> =
        pass(&view, &stored, true, &mut memory).writes.into_iter().map(|(stage, _)| stage).collect();
    assert_eq!(gone, [Stage::Shut]);
}

#[test]
fn what_is_in_a_namespace_that_is_gone_goes_with_it() {
    let (mut view, stored, mut memory) = closed();
    forget(&mut view, &holder(true));
    forget(&mut view, &namespace(true));
    assert_eq!(pass(&view, &stored, true, &mut memory), Planned::default());
}

#[test]
fn what_others_change_or_delete_is_mended_and_told_but_what_we_change_is_not() {
    let (mut view, mut stored, mut memory) = closed();
    let (key, policy) = wanted(&view).policies.into_iter().next().unwrap();
    let mut wide = policy.manifest(&key);
    wide["spec"]["egress"] = json!([{}]);
    stored.take(key.kind, &Event::Apply(as_stored(&wide, "u-bund-egress", 2, "kubectl-edit")));
    let planned = pass(&view, &stored, true, &mut memory);
    let mends =
        Mends { damage: Damage::Changed, by: Some("kubectl-edit".into()), was: "u-bund-egress".into() };
    let apply = Action::Apply { key: key.clone(), policy: policy.clone(), mends: Some(mends) };
    assert_eq!(planned.writes, [(Stage::Close, apply)]);

    stored.take(key.kind, &Event::Delete(as_stored(&wide, "u-bund-egress", 2, "kubectl-edit")));
    let written = carry_out(pass(&view, &stored, true, &mut memory), &mut stored, &mut memory);
    assert_eq!(written, ["Close: mend NetworkPolicy shop/bund-egress: deleted"]);

    observe(&mut view, pod("more", json!({ "data-class.bund.dev/new": "", "egress.bund.dev/holds": "new" })));
    let written = carry_out(pass(&view, &stored, true, &mut memory), &mut stored, &mut memory);
    assert_eq!(
        written,
        ["Open: apply NetworkPolicy shop/bund-egress-new"],
        "nobody is told of what we write ourselves"
    );
}

#[test]
fn what_others_change_before_the_pass_that_follows_a_write_is_told_too() {
    let (mut view, mut stored, mut memory) = (shop("Deny"), nothing_stored(), Memory::default());
    observe(&mut view, holder(true));
    carry_out(pass(&view, &stored, true, &mut memory), &mut stored, &mut memory);
    let (key, policy) = wanted(&view).policies.into_iter().next().unwrap();
    let mut cut = policy.manifest(&key);
    cut["spec"]["egress"] = json!([]);
    stored.take(key.kind, &Event::Apply(as_stored(&cut, "u-bund-egress", 2, "kubectl-edit")));
    let written = carry_out(pass(&view, &stored, true, &mut memory), &mut stored, &mut memory);
    assert_eq!(written, ["Close: mend NetworkPolicy shop/bund-egress: changed"]);
}

#[test]
fn what_is_not_ours_is_not_deleted() {
    let (mut view, mut stored, mut memory) = closed();
    let (key, policy) = wanted(&view).policies.into_iter().next().unwrap();
    let mut theirs = policy.manifest(&key);
    theirs["metadata"]["name"] = "theirs".into();
    let mut object = as_stored(&theirs, "u-theirs", 1, "kubectl");
    object.metadata.managed_fields.as_mut().unwrap().remove(0);
    stored.take(Kind::Network, &Event::Apply(object));
    assert_eq!(pass(&view, &stored, true, &mut memory), Planned::default());
    forget(&mut view, &holder(true));
    carry_out(pass(&view, &stored, true, &mut memory), &mut stored, &mut memory);
    carry_out(pass(&view, &stored, true, &mut memory), &mut stored, &mut memory);
    let left: Vec<_> = stored.iter().map(|(key, _)| key.name.as_ref()).collect();
    assert_eq!(left, ["theirs"], "and nothing of ours waits for it");
}

#[test]
fn pods_that_ended_mirrors_and_exempt_namespaces_are_not_marked() {
    let mut view = shop("Deny");
    observe(&mut view, holder(true));
    let mut ended = pod("ended", json!({}));
    ended["status"] = json!({ "phase": "Succeeded" });
    observe(&mut view, ended);
    let mut mirror = pod("mirror", json!({}));
    mirror["metadata"]["annotations"] = json!({ "kubernetes.io/config.mirror": "x" });
    observe(&mut view, mirror);
    let mut elsewhere = pod("elsewhere", json!({ "egress.bund.dev/holds": "pi" }));
    elsewhere["metadata"]["namespace"] = "kube-system".into();
    observe(&mut view, elsewhere);
    assert_eq!(wanted(&view).markings, []);
}

#[test]
fn under_audit_and_warn_nothing_is_written() {
    for mode in ["Audit", "Warn"] {
        let mut view = shop(mode);
        observe(&mut view, holder(false));
        assert_eq!(
            pass(&view, &nothing_stored(), true, &mut Memory::default()),
            Planned::default(),
            "{mode}"
        );
        assert_eq!(wanted(&view).plans.len(), 1, "{mode}: it is told");
    }
}

#[test]
fn what_failed_rests_and_is_told() {
    let (mut view, stored, mut memory) = (shop("Deny"), nothing_stored(), Memory::default());
    observe(&mut view, holder(true));
    let (_, action) = pass(&view, &stored, true, &mut memory).writes.remove(0);
    let failed = super::super::attempts::Tried::Failed("forbidden".to_owned());
    memory.attempts.tried(action.target(), action.what(), failed, Instant::now());
    let planned = pass(&view, &stored, true, &mut memory);
    let stages: Vec<_> = planned.writes.iter().map(|(stage, _)| *stage).collect();
    assert_eq!(stages, [Stage::Open], "what failed rests");
    assert!(planned.next.is_some());
    let failures: Vec<_> = memory.attempts.failures().map(|(_, why)| why).collect();
    assert_eq!(failures, ["forbidden"]);
}

#[test]
fn what_a_transfer_opened_goes_at_once_whatever_is_known() {
    let (mut view, mut stored, mut memory) = closed();
    let (key, policy) = wanted(&view).policies.into_iter().next().unwrap();
    let mut opened = policy.manifest(&key);
    opened["metadata"]["name"] = "bund-transfer-u-1".into();
    stored.take(Kind::Network, &Event::Apply(as_stored(&opened, "u-opened", 1, "bund-egress")));
    observe(&mut view, namespace(false));
    let written = carry_out(pass(&view, &stored, false, &mut memory), &mut stored, &mut memory);
    assert_eq!(written, ["Shut: delete NetworkPolicy shop/bund-transfer-u-1"]);
}

#[test]
fn who_had_a_transfer_that_is_gone_is_evicted_for_the_policies_that_ask_for_it() {
    let mut view = shop("Deny");
    let mut evicting = policy("Deny");
    evicting["metadata"]["name"] = "evicting".into();
    evicting["spec"]["egress"] = json!({ "transferEnd": "Evict" });
    observe(&mut view, evicting);
    let mark = transfer_mark(&"u-transfer".parse().unwrap());
    let labels = json!({ "data-class.bund.dev/pi": "", "egress.bund.dev/holds": "pi", mark: "" });
    observe(&mut view, pod("sender", labels));
    let ground = Ground { reason: "Revoked", classes: ["pi".parse().unwrap()].into() };
    let grounds = Grounds::from([("evicting".parse().unwrap(), ground)]);
    let sender: PodKey = ("shop".into(), "sender".into());
    let leaver = Leaver { uid: "u-sender".into(), going: false, grounds: grounds.clone() };
    assert_eq!(wanted(&view).owed, BTreeMap::from([(sender.clone(), leaver)]));
    let writes = pass(&view, &nothing_stored(), true, &mut Memory::default()).writes;
    let evict = Action::Evict { pod: sender, uid: "u-sender".into(), grounds };
    assert_eq!(writes.last(), Some(&(Stage::Evict, evict)));
}

#[test]
fn a_policy_is_written_as_the_engine_plans_it_whatever_does_the_same_elsewhere() {
    let mut view = shop("Deny");
    observe(&mut view, holder(true));
    let mut twin = namespace(true);
    twin["metadata"]["name"] = "twin".into();
    let mut theirs = holder(true);
    theirs["metadata"]["namespace"] = "twin".into();
    observe(&mut view, twin);
    observe(&mut view, theirs);
    let wanted = wanted(&view);
    let written: Vec<_> = wanted.policies.iter().map(|(key, policy)| policy.manifest(key)).collect();
    let planned = wanted.plans.iter().flat_map(|plan| {
        plan.policies.iter().map(|policy| manifest(policy, &plan.namespace, &view.snapshot))
    });
    assert_eq!(written, planned.collect::<Vec<_>>());
    assert_eq!(written.len(), 4, "two in each");
}
