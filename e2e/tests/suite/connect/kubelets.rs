//! What is reached of kubelets through the proxy of the API server.

use anyhow::{Result, ensure};
use http::Method;

use super::{Counter, NODE, is_refused};
use crate::bed::Bed;

/// Paths below the proxy that everybody may ask for whom RBAC lets.
const HARMLESS: [&str; 7] = [
    "/metrics",
    "/metrics/cadvisor",
    "/metrics/resource",
    "/metrics/probes",
    "/stats/summary?only_cpu_and_memory=true",
    "/healthz",
    "/healthz/ping",
];

/// Paths that reach pods, or tell of them, in spellings that some reader takes for a harmless one.
const OTHERS: [&str; 27] = [
    "",
    "/",
    "/pods",
    "/runningpods/",
    "/configz",
    "/logs/",
    "/containerLogs/counter/web/app",
    "/exec/counter/web/app?command=sh",
    "/run/counter/web/app?cmd=id",
    "/attach/counter/web/app",
    "/portForward/counter/web",
    "/debug/pprof/",
    "/metrics/../exec/counter/web/app",
    "/metrics/..%2fexec/counter/web/app",
    "/metrics%2f..%2fpods",
    "/metrics/%2e%2e/pods",
    "/metrics/./../pods",
    "//pods",
    "/metrics//../pods",
    "/./metrics",
    "/METRICS",
    "/metrics/cadvisor/../../pods",
    "/metrics;/../pods",
    "/metrics%00/../pods",
    "/healthz/../run/counter/web/app",
    "/stats/summary/../../pods",
    "/pods?path=/metrics",
];

pub(super) async fn every_path(_: &Bed, counter: &mut Counter) -> Result<()> {
    let first = format!("/api/v1/nodes/{NODE}/proxy/pods");
    let asked = async || {
        ensure!(is_refused(&counter.admin, Method::GET, &first).await?, "{first} is not refused");
        Ok(())
    };
    counter.plane.eventually("the API server asks for the right", asked).await?;
    let connector = counter.as_connector().await?;
    for method in [Method::GET, Method::POST] {
        for (paths, needs) in [(&HARMLESS[..], false), (&OTHERS[..], true)] {
            for path in paths {
                let path = format!("/api/v1/nodes/{NODE}/proxy{path}");
                let refused = is_refused(&counter.admin, method.clone(), &path).await?;
                ensure!(refused == needs, "{method} {path}: refused: {refused}");
                ensure!(
                    !is_refused(&connector, method.clone(), &path).await?,
                    "{method} {path} with the right"
                );
            }
        }
    }
    // Another port of the node is another server.
    for node in [format!("{NODE}:9100"), format!("https:{NODE}:10250"), format!("http%3A{NODE}%3A")] {
        let path = format!("/api/v1/nodes/{node}/proxy/metrics");
        ensure!(is_refused(&counter.admin, Method::GET, &path).await?, "{path} is not refused");
    }
    Ok(())
}
