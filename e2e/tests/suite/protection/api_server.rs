//! Who says where the API server is, which every pod of a closed namespace may reach.

use anyhow::{Result, ensure};
use bund_e2e::{
    cluster::{Cluster, dynamic, name_of},
    control_plane::{User, client_as},
    person::{Person, grants, user},
};
use kube::api::{Patch, PatchParams, PostParams};
use serde_json::{Value, json};

use super::{declassifier, delete, own, passes, refusal, refused};
use crate::bed::{Bed, Living};

/// The class that is kept here.
const CLASS: &str = "e2e-closed";
/// An address that is not the API server's.
const ELSEWHERE: &str = "203.0.113.7";

pub(super) async fn writers(bed: &Bed) -> Result<()> {
    let living = bed.living().await?;
    let Living { plane, admin, .. } = living;
    let spec = json!({
        "dataClasses": [CLASS], "jurisdictions": ["cn-mainland"],
        "namespaceSelector": { "matchLabels": { "e2e": "protection" } },
        "enforcement": { "egress": "Deny" }
    });
    admin.apply(&own("ResidencyPolicy", "e2e-closing", &spec)).await?;
    admin.apply_all(&grants("e2e-writer", &user(User::APP_TEAM.name), &[].into())).await?;
    let writer = Cluster::of(plane.client(User::APP_TEAM).await?);

    for (object, told) in claims() {
        let says = format!("EgressWidened: {told} would say where the API server is");
        refused(living, &says, async || create(&writer, &object).await).await?;
    }
    for (object, change) in edits() {
        refused(living, "would say where the API server is", async || patch(&writer, &object, &change).await)
            .await?;
        let harmless = json!({ "metadata": { "annotations": { "e2e": "harmless" } } });
        passes(living, async || patch(&writer, &object, &harmless).await).await?;
    }
    // One of another Service says nothing of the API server, until it is labelled anew.
    let mine = slice("e2e-mine", "e2e-other");
    ensure!(create_for_good(&writer, &mine).await?.is_none(), "another Service has no slices any more");
    let claiming = json!({ "metadata": { "labels": { "kubernetes.io/service-name": "kubernetes" } } });
    refused(living, "EndpointSlice default/e2e-mine", async || patch(&writer, &mine, &claiming).await)
        .await?;
    admin.delete(&mine).await?;

    let person = Person::who_may_connect([CLASS]);
    admin.apply_all(&person.grants()).await?;
    let person = Cluster::of(client_as(plane.kubeconfig(User::ADMIN)?, &person.name()).await?);
    for (object, change) in edits() {
        for who in [&person, admin] {
            passes(living, async || patch(who, &object, &change).await).await?;
        }
    }
    its_own_come_back(living, &writer).await?;
    let (policy, declassifier) =
        (own("ResidencyPolicy", "e2e-closing", &spec), declassifier(living, &[CLASS]).await?);
    passes(living, async || delete(&declassifier, &policy, false).await).await
}

/// Whoever deletes what the API server says of itself cannot say it in its place; the API server can.
async fn its_own_come_back(living: &Living, writer: &Cluster) -> Result<()> {
    let slice = slice("kubernetes", "kubernetes");
    let api = writer.api_of(&slice).await?;
    let uid = async || Ok(api.get("kubernetes").await?.metadata.uid);
    let before: Option<String> = living.plane.eventually("there is a slice of the API server", uid).await?;
    writer.delete(&slice).await?;
    ensure!(create(writer, &slice).await?.is_some(), "somebody else may take its place");
    let back = async || {
        let found = api.get("kubernetes").await?;
        ensure!(found.metadata.uid != before, "it is still the old one");
        ensure!(!found.data.to_string().contains(ELSEWHERE), "{}", found.data);
        Ok(())
    };
    living.plane.eventually("the API server says again where it is", back).await
}

/// What claims to say where the API server is, and how it is told.
fn claims() -> [(Value, &'static str); 4] {
    [
        (slice("kubernetes", "kubernetes"), "EndpointSlice default/kubernetes"),
        (slice("e2e-claims", "kubernetes"), "EndpointSlice default/e2e-claims"),
        (slice("kubernetes", "e2e-other"), "EndpointSlice default/kubernetes"),
        (endpoints(), "Endpoints default/kubernetes"),
    ]
}

/// Edits of what is there that lead elsewhere.
fn edits() -> [(Value, Value); 3] {
    let slice = slice("kubernetes", "kubernetes");
    let service = json!({ "apiVersion": "v1", "kind": "Service", "metadata": { "name": "kubernetes", "namespace": "default" } });
    let led = json!({ "endpoints": slice["endpoints"] });
    let subsets = json!({ "subsets": endpoints()["subsets"] });
    [
        (slice, led),
        (endpoints(), subsets),
        (service, json!({ "spec": { "ports": [{ "name": "https", "port": 8443, "protocol": "TCP" }] } })),
    ]
}

fn slice(name: &str, service: &str) -> Value {
    json!({
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
        "metadata": {
            "name": name, "namespace": "default", "labels": { "kubernetes.io/service-name": service }
        },
        "endpoints": [{ "addresses": [ELSEWHERE] }], "ports": [{ "name": "https", "port": 443, "protocol": "TCP" }]
    })
}

fn endpoints() -> Value {
    json!({
        "apiVersion": "v1", "kind": "Endpoints", "metadata": { "name": "kubernetes", "namespace": "default" },
        "subsets": [{
            "addresses": [{ "ip": ELSEWHERE }], "ports": [{ "name": "https", "port": 443, "protocol": "TCP" }]
        }]
    })
}

/// Asks to make an object, and has nothing made: admission comes before it is seen that the name is taken.
async fn create(cluster: &Cluster, object: &Value) -> Result<Option<String>> {
    let dry = PostParams { dry_run: true, ..PostParams::default() };
    match cluster.api_of(object).await?.create(&dry, &dynamic(object)?).await {
        Err(kube::Error::Api(status)) if status.code == 409 => Ok(None),
        outcome => refusal(outcome),
    }
}

async fn create_for_good(cluster: &Cluster, object: &Value) -> Result<Option<String>> {
    refusal(cluster.api_of(object).await?.create(&PostParams::default(), &dynamic(object)?).await)
}

/// Asks to change an object, and has nothing changed.
async fn patch(cluster: &Cluster, object: &Value, change: &Value) -> Result<Option<String>> {
    let name = name_of(object)?;
    let dry = PatchParams { dry_run: true, ..PatchParams::default() };
    refusal(cluster.api_of(object).await?.patch(name, &dry, &Patch::Merge(change)).await)
}
