//! Ways into pods.

use anyhow::{Context, Result, ensure};
use bund_e2e::control_plane::User;
use http::Method;
use tokio::process::Command;

use super::{BOOKS, COUNTER, Counter, STREET, is_refused, say};
use crate::bed::Bed;

/// What people type, each with a way to speak to the API server: both protocols that kubectl knows.
const WAYS: [&[&str]; 6] = [
    &["exec", "{pod}", "--", "sh"],
    &["attach", "{pod}", "--pod-running-timeout=1s"],
    &["port-forward", "pod/{pod}", ":80", "--pod-running-timeout=1s"],
    &["cp", "{pod}:/etc/hosts", "{folder}/hosts"],
    &["debug", "{pod}", "--image=toolbox:1", "--attach=false"],
    &["get", "--raw", "/api/v1/namespaces/{namespace}/pods/{pod}/proxy/"],
];

/// Paths as other clients write them, and the methods by which they ask.
const PATHS: [&str; 8] = [
    "/api/v1/namespaces/{namespace}/pods/{pod}/exec?command=sh&stdout=true",
    "/api/v1/namespaces/{namespace}/pods/{pod}/attach?stdout=true",
    "/api/v1/namespaces/{namespace}/pods/{pod}/portforward?ports=80",
    "/api/v1/namespaces/{namespace}/pods/{pod}/proxy/",
    "/api/v1/namespaces/{namespace}/pods/{pod}:8080/proxy/index.html",
    "/api/v1/namespaces/{namespace}/pods/https:{pod}:8443/proxy",
    "/api/v1/namespaces/{namespace}/pods/%68ttps%3A{pod}%3A/proxy/",
    "/api/v1/namespaces/{namespace}/pods/{pod}/%65xec?command=sh&stdout=true",
];

pub(super) async fn every_way(bed: &Bed, counter: &mut Counter) -> Result<()> {
    let connector = counter.as_connector().await?;
    for path in PATHS {
        for method in [Method::GET, Method::POST] {
            for (namespace, pod, needs) in [
                (COUNTER, "web", true),
                (COUNTER, "plain", false),
                (BOOKS, "web", false),
                (STREET, "plain", false),
            ] {
                let path = path.replace("{namespace}", namespace).replace("{pod}", pod);
                let refused = is_refused(&counter.admin, method.clone(), &path).await?;
                ensure!(refused == needs, "{method} {path}: refused: {refused}");
                ensure!(
                    !is_refused(&connector, method.clone(), &path).await?,
                    "{method} {path} with the right"
                );
            }
        }
    }
    by_service(counter).await?;
    by_kubectl(bed, counter).await?;
    recorded(counter).await
}

/// Behind a Service any pod of the namespace may stand, whether there is such a Service or not.
async fn by_service(counter: &Counter) -> Result<()> {
    for path in ["services/front/proxy/", "services/https:front:443/proxy/", "services/front:80/proxy/a"] {
        for (namespace, needs) in [(COUNTER, true), (BOOKS, false), (STREET, false)] {
            let path = format!("/api/v1/namespaces/{namespace}/{path}");
            let refused = is_refused(&counter.admin, Method::GET, &path).await?;
            ensure!(refused == needs, "{path}: refused: {refused}");
        }
    }
    Ok(())
}

async fn by_kubectl(bed: &Bed, counter: &Counter) -> Result<()> {
    let person = counter.connector.name();
    for way in WAYS {
        for websockets in ["true", "false"] {
            for (who, pod, needs) in
                [(None, "web", true), (Some(&person), "web", false), (None, "plain", false)]
            {
                let said = kubectl(bed, counter, way, websockets, who.map(String::as_str), pod).await?;
                // Who has the right is warned in the same words.
                let refused = said.contains("denied the request: ConnectionUnapproved");
                ensure!(refused == needs, "kubectl {way:?} as {who:?} (WebSocket: {websockets}): {said}");
            }
        }
    }
    Ok(())
}

/// What kubectl says. What gets through the gate fails at the dial.
async fn kubectl(
    bed: &Bed,
    counter: &Counter,
    way: &[&str],
    websockets: &str,
    who: Option<&str>,
    pod: &str,
) -> Result<String> {
    let folder = counter.plane.directory();
    let filled = way.iter().map(|word| {
        let word = word.replace("{pod}", pod).replace("{namespace}", COUNTER);
        word.replace("{folder}", &folder.display().to_string())
    });
    let mut command = Command::new(&bed.tools().await?.kubectl);
    command.arg("--kubeconfig").arg(counter.plane.kubeconfig(User::ADMIN)?).args(["--namespace", COUNTER]);
    if let Some(who) = who {
        command.args(["--as", who]);
    }
    let output = command
        .args(filled)
        .env_clear()
        .env("HOME", &folder)
        .env("KUBECTL_REMOTE_COMMAND_WEBSOCKETS", websockets)
        .env("KUBECTL_PORT_FORWARD_WEBSOCKETS", websockets)
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(std::time::Duration::from_mins(1), output).await;
    let output = output.with_context(|| format!("kubectl {way:?} goes on"))??;
    Ok(String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout))
}

/// The audit log says who connected, and what would have been refused.
async fn recorded(counter: &Counter) -> Result<()> {
    let log = counter.plane.audit_log();
    let path =
        |namespace: &str| format!("/api/v1/namespaces/{namespace}/pods/web/exec?command=true&stdout=true");
    for (cluster, namespace, key, expected) in [
        (
            counter.as_connector().await?,
            COUNTER,
            "connected",
            format!("personal-information of Pod {COUNTER}/web by {}", counter.connector.name()),
        ),
        (counter.admin.clone(), BOOKS, "findings", "ConnectionUnapproved: Pod books/web".to_owned()),
    ] {
        let position = log.end()?;
        say(&cluster, Method::POST, &path(namespace)).await?;
        let key = format!("guarded.bund.dev/{key}");
        let noted = |event: &bund_e2e::control_plane::AuditEvent| {
            event.request_uri == path(namespace)
                && event.annotations.get(&key).is_some_and(|said| said.starts_with(&expected))
        };
        counter.plane.audit_event(&format!("{key} in {namespace}"), position, noted).await?;
    }
    Ok(())
}

pub(super) async fn without_us(_: &Bed, counter: &mut Counter) -> Result<()> {
    counter.operator.kill();
    for (namespace, pod, closed) in
        [(COUNTER, "web", true), (COUNTER, "plain", true), (BOOKS, "web", true), (STREET, "plain", false)]
    {
        let path = format!("/api/v1/namespaces/{namespace}/pods/{pod}/exec?command=sh&stdout=true");
        let (_, said) = say(&counter.admin, Method::POST, &path).await?;
        let refused = said.contains("failed calling webhook");
        ensure!(refused == closed, "{path}: {said}");
    }
    Ok(())
}
