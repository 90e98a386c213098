//! What a pass over closed egress takes: over many namespaces, and over a large one.
//!
//! One pod in ten mounts a classified Secret, in each namespace, so that all of them are closed: the most that there is to do
//! for as many pods. Nothing but the pass runs: no API server, no watch.
#![expect(clippy::print_stdout, reason = "figures are for people")]

mod cluster;

use std::error::Error;
use std::fs;
use std::time::Duration;

use bund_engine::{Request, Timestamp, Verdict, decide};
use bund_operator::egress::Rehearsal;
use bund_operator::index::{Change, ObjectKey, View, WatchedKind};
use cluster::{Namespace, observe, policy, resident, timed};
use serde_json::{Value, json};

/// Pods of a namespace: one that holds the class, and nine that do not.
const PODS: [usize; 2] = [1, 9];
/// Pods of the large namespace. Only one holds the class, and it is the last.
const LARGE: usize = 10_000;
/// Decisions on a pod that comes.
const ADMITTED: usize = 1_000;

fn main() -> Result<(), Box<dyn Error>> {
    println!("\nClosed egress: a pass over all that is known (goal: 100,000 pods in 1 s)");
    for namespaces in [1_000, 10_000] {
        let mut view = world();
        for number in 0..namespaces {
            Namespace { number, pods: PODS, marked: true }.observe(&mut view);
        }
        passes(&format!("{} pods in {namespaces} namespaces", namespaces * 10), &view)?;
    }
    let mut view = world();
    large(&mut view);
    passes(&format!("{LARGE} pods in one namespace"), &view)
}

/// A pod that holds nothing comes to a closed namespace: it is marked, so it must be known whether the namespace is closed.
fn admission(view: &View, now: Timestamp) -> Result<Duration, Box<dyn Error>> {
    let metadata = json!({ "name": "new", "namespace": "team-0" });
    let pod = json!({ "apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": cluster::pod_spec("web", None) });
    let request = Request::of_object(pod, None);
    let mut took = Vec::new();
    for _ in 0..ADMITTED {
        let (time, decision) = timed(|| decide(&request, &view.snapshot, now));
        if decision.verdict == Verdict::Deny || decision.labels.is_empty() {
            return Err(format!("the pod is to be let in and marked: {decision:?}").into());
        }
        took.push(time);
    }
    took.sort_unstable();
    Ok(took.get(ADMITTED * 99 / 100).copied().unwrap_or_default())
}

/// The first pass, which writes every policy, and those that follow, which find them.
fn passes(what: &str, view: &View) -> Result<(), Box<dyn Error>> {
    let now = Timestamp::UNIX_EPOCH;
    let mut rehearsal = Rehearsal::default();
    reset_peak()?;
    let before = resident()?;
    let (first, done) = timed(|| rehearsal.pass(view, now));
    let mut again: Vec<_> = (0..5).map(|_| timed(|| rehearsal.pass(view, now)).0).collect();
    again.sort_unstable();
    println!(
        "  {what:<34} {:>5} closed, {:>6} writes in {:>7.1?}; then {:>7.1?} (median of 5); {} MiB while it lasts; \
         a pod that comes: p99 {:.1?}",
        done.figures.closed,
        done.writes,
        first,
        again.get(2).copied().unwrap_or_default(),
        peak()?.saturating_sub(before) >> 20,
        admission(view, now)?,
    );
    Ok(())
}

fn world() -> View {
    let mut view = View::default();
    cluster::world(&mut view);
    let mut keeps = policy(0, "egress", "Deny");
    if let Some(spec) = keeps.get_mut("spec").and_then(Value::as_object_mut) {
        let networks = ["10.20.0.0/16", "10.30.0.0/16"]
            .map(|network| json!({ "network": network, "ports": [{ "port": 5432, "protocol": "TCP" }] }));
        let pods = json!([{ "namespace": "monitoring", "podLabels": { "app": "gateway" } }]);
        spec.insert("egress".to_owned(), json!({ "networks": networks, "pods": pods }));
    }
    observe(&mut view, keeps);
    let api_server = json!({ "name": "kubernetes", "namespace": "default" });
    observe(
        &mut view,
        json!({ "apiVersion": "v1", "kind": "Service", "metadata": api_server,
        "spec": { "clusterIP": "10.96.0.1", "clusterIPs": ["10.96.0.1"], "ports": [{ "name": "https", "port": 443, "protocol": "TCP" }] } }),
    );
    view
}

/// A large namespace in which all comes last by which it is closed.
fn large(view: &mut View) {
    Namespace { number: 0, pods: [0, LARGE - 1], marked: true }.observe(view);
    if let Some(kind) = WatchedKind::of("", "Secret") {
        let key = ObjectKey { namespace: Some("team-0".into()), name: "db".into() };
        view.apply(&Change::Gone(kind, key));
    }
    let labels = json!({ "data-class.bund.dev/pi": "", "egress.bund.dev/holds": "pi" });
    observe(
        view,
        json!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "zz", "namespace": "team-0", "uid": "zz", "labels": labels },
            "spec": { "containers": [{ "name": "app", "image": "app:1" }] } }),
    );
}

/// The most memory that this process ever had, in bytes.
fn peak() -> Result<u64, Box<dyn Error>> {
    let status = procfs::process::Process::myself()?.status()?;
    Ok(status.vmhwm.unwrap_or_default() << 10)
}

/// Counts the most memory from now on (proc(5), clear_refs).
fn reset_peak() -> Result<(), Box<dyn Error>> {
    Ok(fs::write("/proc/self/clear_refs", "5")?)
}
