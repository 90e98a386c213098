//! What NetworkPolicies let out: the engine and another reader of them answer alike.

use std::{process::Stdio, sync::Arc};

use anyhow::{Context as _, Result, ensure};
use bund_e2e::tools::bin_directories;
use libtest_mimic::Trial;
use proptest::{
    strategy::{Strategy as _, ValueTree as _},
    test_runner::TestRunner,
};
use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt as _, process::Command};

use crate::{bed::Bed, trial};

#[path = "../../../operator/engine/tests/support/network_policies.rs"]
#[expect(clippy::unwrap_used, reason = "what is generated can be read")]
mod generated;

use generated::{Cluster, NAMESPACES, PODS, answers, cluster};

/// So many clusters, with 24 packets each.
const CLUSTERS: usize = 4000;

pub(crate) fn trials(bed: &Arc<Bed>) -> Vec<Trial> {
    vec![trial(
        bed,
        "network_policies",
        "another reader lets out exactly what the engine says is let out",
        async |_| the_readers_agree().await,
    )]
}

async fn the_readers_agree() -> Result<()> {
    let mut runner = TestRunner::deterministic();
    let clusters: Vec<Cluster> = (0..CLUSTERS)
        .map(|_| cluster().new_tree(&mut runner).map(|tree| tree.current()))
        .collect::<Result<_, _>>()
        .map_err(|reason| anyhow::anyhow!("no cluster: {reason}"))?;
    let lines: Vec<String> = clusters.iter().map(|cluster| question(cluster).to_string()).collect();
    let lines = lines.join("\n") + "\n";
    let theirs = ask(lines).await?;
    ensure!(theirs.len() == clusters.len(), "{} answers to {} questions", theirs.len(), clusters.len());
    let (mut allowed, mut denied) = (0_usize, 0_usize);
    for (cluster, theirs) in clusters.iter().zip(&theirs) {
        let ours = answers(cluster);
        let differs = ours.iter().zip(theirs).position(|(ours, theirs)| ours != theirs);
        if let Some(packet) = differs {
            anyhow::bail!(
                "the engine says {}, the other reader {} of {:?} under {}",
                ours[packet],
                theirs[packet],
                cluster.packets[packet],
                json!(cluster.policies)
            );
        }
        ensure!(ours.len() == theirs.len(), "an answer for each packet");
        allowed += ours.iter().filter(|allowed| **allowed).count();
        denied += ours.iter().filter(|allowed| !**allowed).count();
    }
    ensure!(
        allowed.min(denied) > CLUSTERS,
        "{allowed} packets pass and {denied} do not: too few of one kind"
    );
    Ok(())
}

/// A cluster as `netpol-oracle` reads it.
fn question(cluster: &Cluster) -> Value {
    let map = |labels: &[(&str, &str)]| -> Value {
        labels.iter().map(|(key, value)| ((*key).to_owned(), json!(value))).collect()
    };
    let namespaces =
        NAMESPACES.map(|(name, labels)| json!({ "metadata": { "name": name, "labels": map(labels) } }));
    let pods = PODS.map(|pod| {
        let ports = pod.ports.iter().map(
            |(name, protocol, port)| json!({ "name": name, "protocol": protocol, "containerPort": port }),
        );
        json!({
            "metadata": { "name": pod.name, "namespace": pod.namespace, "labels": map(pod.labels) },
            "spec": { "containers": [{ "name": "app", "ports": ports.collect::<Vec<_>>() }] },
            "status": { "podIPs": [{ "ip": pod.ipv4 }, { "ip": pod.ipv6 }] }
        })
    });
    let packets = cluster.packets.iter().map(|sent| {
        let from = &PODS[sent.from];
        let source = if sent.to.is_ipv4() { json!(from.ipv4) } else { json!(from.ipv6) };
        json!({ "from": source, "to": sent.to, "port": sent.port, "protocol": sent.protocol })
    });
    json!({
        "namespaces": namespaces, "pods": pods, "policies": cluster.policies,
        "packets": packets.collect::<Vec<_>>()
    })
}

/// What `netpol-oracle` answers to these lines.
async fn ask(lines: String) -> Result<Vec<Vec<bool>>> {
    let folders = bin_directories(&["netpol-oracle"]).await?;
    let program = folders.first().context("e2e/build-tools printed no folder")?.join("netpol-oracle");
    let mut oracle = Command::new(&program)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("cannot run `{}`", program.display()))?;
    let mut input = oracle.stdin.take().context("no way in")?;
    // It answers while it reads, so that one must not wait for the other.
    let writing = tokio::spawn(async move { input.write_all(lines.as_bytes()).await });
    let output = oracle.wait_with_output().await?;
    ensure!(output.status.success(), "netpol-oracle ends with {}", output.status);
    writing.await.context("the writer")?.context("netpol-oracle stopped reading")?;
    let answers = String::from_utf8(output.stdout).context("netpol-oracle prints no text")?;
    answers.lines().map(|line| serde_json::from_str(line).context("no list of answers")).collect()
}
