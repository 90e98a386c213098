//! Where the API server may send objects by URL: what it lets through, the engine calls inside.

use anyhow::{Context, Result, ensure};
use bund_e2e::cluster::{Cluster, dynamic, told};
use bund_engine::{Snapshot, address::Host, locate::locate_host};
use kube::api::PostParams;
use serde_json::{Value, json};

use super::Counter;
use crate::bed::Bed;

/// Hosts inside, by a suffix, by a pattern, in the network that the cluster declares.
const INSIDE: [&str; 7] = [
    "hooks.bund-e2e.cn",
    "bund-e2e.cn",
    "HOOKS.Bund-E2E.cn",
    "hooks.bund-e2e.cn:8443",
    "oss-cn-hangzhou.aliyuncs.com",
    "10.20.3.4",
    "[fd00:20::7]:9443",
];

/// Hosts of which nobody can be sure, and hosts elsewhere.
const ELSEWHERE: [&str; 32] = [
    "hooks.example.com",
    "hooks.bund-e2e.cn.example.com",
    "evilbund-e2e.cn",
    "bund-e2e.cn@example.com",
    "hooks.bund-e2e.cn%2eexample.com",
    "hooks.bund-e2e.cn\u{3002}example.com",
    "xn--fiqs8s.bund-e2e.cn",
    "hooks_.bund-e2e.cn",
    "-hooks.bund-e2e.cn",
    "hooks..bund-e2e.cn",
    ".bund-e2e.cn",
    "oss-cn-hongkong.aliyuncs.com",
    "ossacn-hangzhou.aliyuncs.com",
    "oss-cn-hangzhou.aliyuncs.com.example.com",
    "oss-cn-hangzhouxaliyuncs.com",
    "203.0.113.7",
    "192.168.1.1",
    "127.0.0.1:8443",
    "localhost",
    "169.254.169.254",
    "100.100.100.200",
    "10.20.3.4.example.com",
    "010.20.3.4",
    "10.1311492",
    "0x0a140304",
    "169083652",
    "10.20.3.0x4",
    "[::ffff:203.0.113.7]",
    "[64:ff9b::cb00:7107]",
    "[2002:cb00:7107::1]",
    "[fd00:21::7]",
    "[::1]:8443",
];

pub(super) async fn every_spelling(_: &Bed, counter: &mut Counter) -> Result<()> {
    let Counter { plane, admin, .. } = counter;
    let [location, jurisdiction] = places(admin).await?;
    let first = webhook("ValidatingWebhookConfiguration", "https://hooks.bund-e2e.cn/hook");
    let known = async || {
        let refused = refusal(admin, &first).await?;
        ensure!(refused.is_none(), "{refused:?}");
        let refused =
            refusal(admin, &webhook("ValidatingWebhookConfiguration", "https://example.com/")).await?;
        ensure!(refused.is_some(), "anybody may be called");
        Ok(())
    };
    plane.eventually("the API server knows whom it may call", known).await?;
    let mut snapshot = Snapshot::default();
    for fact in [&location, &jurisdiction] {
        snapshot.observe(fact);
    }
    let mainland = "cn-mainland".parse()?;
    for (hosts, expected) in [(&INSIDE[..], true), (&ELSEWHERE[..], false)] {
        for host in hosts {
            let url = format!("https://{host}/hook");
            let inside = locate_host(Host::of_url(&url), &mainland, snapshot.world()).is_inside();
            for object in called(&url) {
                let refused = refusal(admin, &object).await?;
                let passes = refused.is_none();
                ensure!(!passes || inside, "{url} is let through by {} and not inside", told(&object));
                ensure!(passes == expected, "{url} by {}: {refused:?}", told(&object));
            }
        }
    }
    changes(admin).await
}

/// What was there before stays, and cannot be shown more.
async fn changes(admin: &Cluster) -> Result<()> {
    let inside = webhook("MutatingWebhookConfiguration", "https://hooks.bund-e2e.cn/hook");
    let api = admin.api_of(&inside).await?;
    let stored = api.create(&PostParams::default(), &dynamic(&inside)?).await?;
    let dry = PostParams { dry_run: true, ..PostParams::default() };
    let mut moved = stored.clone();
    moved.data["webhooks"][0]["clientConfig"]["url"] = json!("https://example.com/hook");
    let outcome = api.replace("e2e-called", &dry, &moved).await;
    let same = api.replace("e2e-called", &dry, &stored).await;
    admin.delete(&inside).await?;
    same.context("nothing changed")?;
    let error = outcome.err().context("it was moved abroad")?.to_string();
    ensure!(error.contains("CallbackOutside"), "{error}");
    Ok(())
}

/// The cluster's own place with a private network of its own, and the jurisdiction with a host of its own.
pub(super) async fn places(admin: &Cluster) -> Result<[Value; 2]> {
    let own = |kind: &str| json!({ "apiVersion": "bund.dev/v1alpha1", "kind": kind });
    let get = async |kind: &str, name: &str| {
        let found = admin.api_of(&own(kind)).await?.get(name).await?;
        let mut object = own(kind);
        object["metadata"] = json!({ "name": name });
        object["spec"] = found.data["spec"].clone();
        anyhow::Ok(object)
    };
    let mut location = get("ClusterLocation", "cluster").await?;
    location["spec"]["networks"] = json!(["10.20.0.0/16", "fd00:20::/48", "100.64.0.0/10"]);
    let mut jurisdiction = get("Jurisdiction", "cn-mainland").await?;
    jurisdiction["spec"]["hostSuffixes"] = json!(["bund-e2e.cn"]);
    Ok([location, jurisdiction])
}

/// Everything that can have the API server call a URL.
fn called(url: &str) -> [Value; 3] {
    [
        webhook("ValidatingWebhookConfiguration", url),
        webhook("MutatingWebhookConfiguration", url),
        json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": { "name": "calls.e2e.example.com" },
            "spec": {
                "group": "e2e.example.com", "scope": "Namespaced",
                "names": { "kind": "Call", "plural": "calls", "singular": "call" },
                "versions": [{
                    "name": "v1", "served": true, "storage": true,
                    "schema": { "openAPIV3Schema": { "type": "object" } }
                }],
                "conversion": {
                    "strategy": "Webhook",
                    "webhook": { "conversionReviewVersions": ["v1"], "clientConfig": { "url": url } }
                }
            }
        }),
    ]
}

fn webhook(kind: &str, url: &str) -> Value {
    json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": kind, "metadata": { "name": "e2e-called" },
        "webhooks": [{
            "name": "called.e2e.example.com", "admissionReviewVersions": ["v1"], "sideEffects": "None",
            "failurePolicy": "Ignore", "clientConfig": { "url": url },
            "rules": [{
                "apiGroups": ["e2e.example.com"], "apiVersions": ["v1"], "operations": ["CREATE"],
                "resources": ["calls"]
            }]
        }]
    })
}

/// Why the API server does not take an object: what it finds invalid by itself it takes as little.
async fn refusal(admin: &Cluster, object: &Value) -> Result<Option<String>> {
    let dry = PostParams { dry_run: true, ..PostParams::default() };
    match admin.api_of(object).await?.create(&dry, &dynamic(object)?).await {
        Ok(_) => Ok(None),
        Err(kube::Error::Api(status)) if matches!(status.code, 403 | 422) => Ok(Some(status.message.clone())),
        Err(error) => Err(error).with_context(|| told(object)),
    }
}
