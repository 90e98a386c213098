use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::audit::Audit;
use crate::index::Touched;
use crate::response::fixture::{OWN, at, audited, gone, key, lost, mirror, observe, pod, policy, view};

fn evicting(grace: u32, per_minute: u32) -> Value {
    json!({"response": {"placement": "Evict"}, "eviction": {"graceSeconds": grace, "maxPerMinute": per_minute}})
}

/// A clock that stands at `millis` after the start.
fn clock(start: Instant, millis: u64) -> Clock {
    let wall = at(0).checked_add(Duration::from_millis(millis)).unwrap();
    Clock { wall, steady: start + Duration::from_millis(millis) }
}

fn names(evictions: &[Asked]) -> Vec<String> {
    evictions.iter().map(|asked| format!("{}/{}", asked.pod.namespace, asked.pod.name)).collect()
}

fn states(said: &Said) -> Vec<(State, u32)> {
    said.iter().map(|(state, (count, _))| (*state, *count)).collect()
}

#[test]
fn nothing_is_evicted_unless_a_policy_that_denies_asks_for_it() {
    for (mode, running, evicted) in [
        ("Deny", evicting(0, 600), vec!["shop/a"]),
        ("Deny", json!({"response": {"placement": "Report"}}), vec![]),
        ("Deny", json!({"response": {"storage": "Evict"}}), vec![]),
        ("Deny", Value::Null, vec![]),
        ("Warn", evicting(0, 600), vec![]),
        ("Audit", evicting(0, 600), vec![]),
    ] {
        let mut view = view();
        observe(&mut view, policy("stay", mode, &running));
        observe(&mut view, pod("shop", "a", "frankfurt", None));
        observe(&mut view, pod("shop", "b", "hangzhou", None));
        let (audited, start) = (audited(&view, at(0)), Instant::now());
        let mut attempts = Attempts::new(start);
        let planned = plan(&view, &audited, OWN, Right::Held, &mut attempts, &clock(start, 1000));
        assert_eq!(names(&planned.evictions), evicted, "{mode} {running}");
    }
}

#[test]
fn what_cannot_be_evicted_is_said_and_why() {
    let mut view = view();
    observe(&mut view, policy("stay", "Deny", &evicting(0, 600)));
    observe(&mut view, mirror("shop", "static-web", "frankfurt"));
    for namespace in ["infra", "broken", "marked", OWN, "shop"] {
        observe(&mut view, pod(namespace, "a", "frankfurt", None));
    }
    let (audited, start) = (audited(&view, at(0)), Instant::now());
    let mut attempts = Attempts::new(start);
    let planned = plan(&view, &audited, OWN, Right::Held, &mut attempts, &clock(start, 1000));
    assert_eq!(names(&planned.evictions), ["shop/a"]);
    let said = &planned.said["stay"];
    let kept = |kept: Kept, pods: Vec<Arc<SubjectKey>>| {
        (State::Kept(kept), (u32::try_from(pods.len()).unwrap(), pods))
    };
    let expected = Said::from([
        kept(Kept::Exempt, vec![key(OWN, "a"), key("infra", "a")]),
        kept(Kept::Glass, vec![key("broken", "a")]),
        kept(Kept::Mirror, vec![key("shop", "static-web")]),
        kept(Kept::Unguarded, vec![key("marked", "a")]),
        (State::Trying, (1, vec![key("shop", "a")])),
    ]);
    assert_eq!(*said, expected);
    let planned = plan(&view, &audited, OWN, Right::Missing, &mut attempts, &clock(start, 1000));
    assert_eq!(names(&planned.evictions), [""; 0], "without the right nothing is tried");
    assert_eq!(planned.said["stay"][&State::Forbidden], (1, vec![key("shop", "a")]));
}

#[test]
fn a_cluster_whose_location_is_lost_is_not_emptied() {
    let mut view = view();
    observe(&mut view, policy("stay", "Deny", &evicting(0, 600)));
    observe(&mut view, pod("shop", "a", "hangzhou", None));
    observe(&mut view, policy("other", "Deny", &json!({"nodes": "Taint"})));
    for (kind, name) in [("Jurisdiction", "cn-mainland"), ("ClusterLocation", "cluster")] {
        lost(&mut view, kind, name);
        let (audited, start) = (audited(&view, at(0)), Instant::now());
        let mut attempts = Attempts::new(start);
        let planned = plan(&view, &audited, OWN, Right::Held, &mut attempts, &clock(start, 1000));
        let expected = Said::from([(State::Kept(Kept::Unlocated), (1, vec![key("shop", "a")]))]);
        assert_eq!((names(&planned.evictions), &planned.said["stay"]), (vec![], &expected), "without {kind}");
        assert_eq!(crate::response::taint::edits(&view, &audited), BTreeMap::new());
    }
}

#[test]
fn grace_and_rate_are_waited_for_to_the_moment() {
    let mut view = view();
    observe(&mut view, policy("stay", "Deny", &evicting(30, 6)));
    observe(&mut view, pod("shop", "a", "frankfurt", None));
    observe(&mut view, pod("shop", "b", "frankfurt", None));
    let (audited, start) = (audited(&view, at(0)), Instant::now());
    let mut attempts = Attempts::new(start + Duration::from_secs(25));
    let name: PolicyName = "stay".parse().unwrap();
    let early = plan(&view, &audited, OWN, Right::Held, &mut attempts, &clock(start, 29_999));
    assert_eq!(
        (states(&early.said[&name]), early.wake),
        (vec![(State::Grace, 2)], Some(start + Duration::from_secs(30)))
    );
    let due = plan(&view, &audited, OWN, Right::Held, &mut attempts, &clock(start, 30_000));
    assert_eq!(
        (states(&due.said[&name]), due.wake),
        (vec![(State::Rate, 2)], Some(start + Duration::from_secs(35))),
        "a leader that has just begun has no credit"
    );
    let free = plan(&view, &audited, OWN, Right::Held, &mut attempts, &clock(start, 35_000));
    assert_eq!(names(&free.evictions), ["shop/a"], "one at a time for each policy");
    let asked = &free.evictions[0];
    attempts.ended(asked, asked.by.keys(), Outcome::Evicted, start + Duration::from_secs(35));
    let next = plan(&view, &audited, OWN, Right::Held, &mut attempts, &clock(start, 35_001));
    assert_eq!(
        (states(&next.said[&name]), next.wake),
        (vec![(State::Rate, 1), (State::Trying, 1)], Some(start + Duration::from_secs(45))),
        "the first is still shown, and not tried again"
    );
}

#[test]
fn what_is_not_allowed_now_lets_others_go_first_and_comes_again() {
    let mut view = view();
    observe(&mut view, policy("stay", "Deny", &evicting(0, 600)));
    for name in ["a", "b"] {
        observe(&mut view, pod("shop", name, "frankfurt", Some("web")));
    }
    observe(&mut view, pod("shop", "c", "frankfurt", None));
    let (audited, start) = (audited(&view, at(0)), Instant::now());
    let mut attempts = Attempts::new(start);
    let mut now = 1000;
    let mut tried = Vec::new();
    for _ in 0..5 {
        let planned = plan(&view, &audited, OWN, Right::Held, &mut attempts, &clock(start, now));
        tried.extend(names(&planned.evictions));
        for asked in planned.evictions {
            attempts.ended(&asked, asked.by.keys(), Outcome::Budget, clock(start, now).steady);
        }
        let wake = planned.wake.unwrap_or(clock(start, now + 1).steady);
        now = u64::try_from(wake.duration_since(start).as_micros().div_ceil(1000)).unwrap().max(now + 1);
    }
    assert_eq!(
        tried,
        ["shop/a", "shop/c", "shop/b", "shop/c", "shop/a"],
        "the group rests as a whole; each of it is tried in turn"
    );
}

/// What a pod of the simulated cluster is.
#[derive(Clone, Debug)]
struct Sort {
    namespace: &'static str,
    node: &'static str,
    of_web: bool,
    mirror: bool,
}

fn sorts() -> impl Strategy<Value = Vec<Sort>> {
    let namespace = prop_oneof![4 => Just("shop"), 1 => Just("infra"), 1 => Just("broken"), 1 => Just("marked"), 1 => Just(OWN)];
    let node = prop_oneof![3 => Just("frankfurt"), 1 => Just("hangzhou")];
    let sort = (namespace, node, any::<bool>(), prop::bool::weighted(0.1))
        .prop_map(|(namespace, node, of_web, mirror)| Sort { namespace, node, of_web, mirror });
    prop::collection::vec(sort, 1..25)
}

fn ends() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        3 => Just(Outcome::Evicted),
        1 => Just(Outcome::Gone),
        1 => Just(Outcome::Changed),
        1 => Just(Outcome::Budget),
        1 => Just(Outcome::Share),
        1 => Just(Outcome::Failed),
    ]
}

/// An eviction that the API server took: of which pod, for which policies, when.
type Taken = (Arc<SubjectKey>, Vec<PolicyName>, u64);

/// Runs until nothing is left to do: what was evicted, and what is said in the end. The leader changes after some passes.
fn run(
    view: &mut View,
    mut outcomes: Vec<Outcome>,
    changes: &[bool],
) -> (Vec<Taken>, BTreeMap<PolicyName, Said>) {
    let start = Instant::now();
    let mut audit = Audit::default();
    audit.pass(view, &Touched::Everything, at(0));
    let mut attempts = Attempts::new(start);
    let (mut now, mut taken) = (0, Vec::new());
    for pass in 0..2000 {
        let audited = audit.audited();
        let clock = clock(start, now);
        if changes.get(pass) == Some(&true) {
            attempts = Attempts::new(clock.steady);
        }
        let planned = plan(view, &audited, OWN, Right::Held, &mut attempts, &clock);
        if planned.evictions.is_empty() && planned.wake.is_none() {
            return (taken, planned.said);
        }
        for asked in &planned.evictions {
            let outcome = outcomes.pop().unwrap_or(Outcome::Evicted);
            attempts.ended(asked, asked.by.keys(), outcome, clock.steady);
            if matches!(outcome, Outcome::Evicted | Outcome::Gone) {
                gone(view, &asked.pod);
            }
            if outcome == Outcome::Evicted {
                taken.push((asked.pod.clone(), asked.by.keys().cloned().collect(), now));
            }
        }
        if !planned.evictions.is_empty() {
            audit.pass(view, &Touched::Everything, clock.wall);
        }
        let wake = planned.wake.filter(|_| planned.evictions.is_empty());
        let wake = wake.map_or(now + 1, |wake| {
            u64::try_from(wake.duration_since(start).as_micros().div_ceil(1000)).unwrap()
        });
        now = wake.max(now + 1);
    }
    panic!("it does not come to rest");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn every_pod_is_evicted_within_the_limits_or_said_whoever_leads(
        sorts in sorts(),
        limits in prop::collection::vec((0_u32..90, 1_u32..120), 1..3),
        outcomes in prop::collection::vec(ends(), 0..40),
        changes in prop::collection::vec(prop::bool::weighted(0.2), 0..60),
    ) {
        let mut view = view();
        for (number, (grace, per_minute)) in limits.iter().enumerate() {
            observe(&mut view, policy(&format!("p{number}"), "Deny", &evicting(*grace, *per_minute)));
        }
        let mut evictable = BTreeSet::new();
        let mut kept = BTreeSet::new();
        for (number, Sort { namespace, node, of_web, mirror: is_mirror }) in sorts.iter().enumerate() {
            let name = format!("pod-{number}");
            let made = if *is_mirror { mirror(namespace, &name, node) } else { pod(namespace, &name, node, of_web.then_some("web")) };
            observe(&mut view, made);
            if *node == "frankfurt" {
                let of = if *namespace == "shop" && !is_mirror { &mut evictable } else { &mut kept };
                of.insert(key(namespace, &name));
            }
        }
        let (taken, said) = run(&mut view, outcomes, &changes);

        let pods: Vec<_> = taken.iter().map(|(pod, ..)| pod.clone()).collect();
        let once: BTreeSet<_> = pods.iter().cloned().collect();
        prop_assert_eq!(once.len(), pods.len(), "no pod twice");
        prop_assert!(once.is_subset(&evictable), "never what must stay");
        let left: BTreeSet<_> = evictable.iter().filter(|pod| view.pod(pod).is_some()).cloned().collect();
        prop_assert_eq!(left, BTreeSet::new(), "none forgotten");
        for (number, (grace, per_minute)) in limits.iter().enumerate() {
            let name: PolicyName = format!("p{number}").parse().unwrap();
            let times: Vec<u64> = taken.iter().filter(|(_, by, _)| by.contains(&name)).map(|(.., at)| *at).collect();
            prop_assert!(times.iter().all(|at| *at >= u64::from(*grace) * 1000), "grace");
            for first in &times {
                let within = times.iter().filter(|at| (*first..first + 60_000).contains(at)).count();
                prop_assert!(within <= *per_minute as usize, "{within} in a minute");
            }
            let counted: u32 = said[&name].values().map(|(count, _)| count).sum();
            prop_assert_eq!(counted as usize, kept.len(), "what stays is said");
        }
    }
}
