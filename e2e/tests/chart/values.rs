//! Values that Helm must refuse, before anything is changed, with a word that leads to the mistake.

use serde_json::{Value, json};

use crate::helm;

/// A value set to something, and parts of the message.
fn refused() -> Vec<(Value, [&'static str; 2])> {
    vec![
        (json!({ "replicas": 2 }), ["replicas", "not allowed"]),
        (json!({ "webhook": { "replica": 3 } }), ["/webhook", "replica"]),
        (json!({ "webhook": { "replicas": 0 } }), ["/webhook/replicas", "minimum"]),
        (json!({ "webhook": { "replicas": "3" } }), ["/webhook/replicas", "integer"]),
        (json!({ "webhook": { "port": 70000 } }), ["/webhook/port", "maximum"]),
        (json!({ "webhook": { "shutdownDelaySeconds": 60 } }), ["/webhook/shutdownDelaySeconds", "maximum"]),
        (
            json!({ "webhook": { "resources": { "limits": { "memory": "256 Mi" } } } }),
            ["/webhook/resources/limits/memory", "256 Mi"],
        ),
        (json!({ "webhook": { "resources": { "limit": {} } } }), ["/webhook/resources", "limit"]),
        (
            json!({ "controller": { "tolerations": [{ "effect": "NoSchedul" }] } }),
            ["/controller/tolerations/0/effect", "NoSchedule"],
        ),
        (json!({ "image": { "repository": "Registry/Bund" } }), ["/image/repository", "Registry/Bund"]),
        (json!({ "image": { "digest": "sha256:1" } }), ["/image/digest", "sha256:1"]),
        (json!({ "image": { "pullPolicy": "Sometimes" } }), ["/image/pullPolicy", "IfNotPresent"]),
        (json!({ "ledger": { "store": "Disk" } }), ["/ledger/store", "Directory"]),
        (json!({ "ledger": { "name": "Ledger" } }), ["/ledger/name", "Ledger"]),
        (json!({ "ledger": { "inception": "2026-5-9" } }), ["/ledger/inception", "2026-5-9"]),
        (json!({ "ledger": { "s3": { "url": "bucket" } } }), ["/ledger/s3/url", "bucket"]),
        (json!({ "listenAddress": "127.0.0.1" }), ["/listenAddress", "0.0.0.0"]),
        (json!({ "certificates": { "source": "own" } }), ["/certificates/source", "Own"]),
        (
            json!({ "certificates": { "certManager": { "issuerRef": { "kind": "Issuer" } } } }),
            ["/certificates/certManager/issuerRef", "name"],
        ),
        (
            json!({ "certificates": { "certManager": { "duration": "90d" } } }),
            ["/certificates/certManager/duration", "90d"],
        ),
        (
            json!({ "tracing": { "otlpEndpoint": "collector:4317" } }),
            ["/tracing/otlpEndpoint", "collector:4317"],
        ),
        (json!({ "tracing": { "sampleRatio": 10 } }), ["/tracing/sampleRatio", "maximum"]),
        (
            json!({ "networkPolicy": { "apiServer": { "cidrs": ["10.0.0.1"] } } }),
            ["/networkPolicy/apiServer/cidrs/0", "10.0.0.1"],
        ),
        (json!({ "clusterLocation": { "jurisdiction": "cn-mainland" } }), ["/clusterLocation", "span"]),
        (
            json!({ "clusterLocation": { "jurisdiction": "cn-mainland", "span": "Everywhere", "providers": ["alibaba"] } }),
            ["/clusterLocation/span", "Uniform"],
        ),
        (json!({ "clusterLocation": { "region": "cn-hangzhou" } }), ["/clusterLocation", "region"]),
        (
            json!({ "starter": { "policy": { "enforcement": { "placement": "Enforce" } } } }),
            ["/starter/policy/enforcement/placement", "Deny"],
        ),
        (
            json!({ "starter": { "policy": { "enforcement": { "egres": "Deny" } } } }),
            ["/starter/policy/enforcement", "egres"],
        ),
        (
            json!({ "starter": { "policy": { "overrides": [{ "namespaces": ["Shop"], "enforcement": {} }] } } }),
            ["/starter/policy/overrides/0/namespaces/0", "Shop"],
        ),
    ]
}

#[tokio::test]
async fn a_wrong_value_is_refused_and_named() {
    let helm = helm().await;
    for (values, words) in refused() {
        let error = helm.template(&[], Some(&values)).await.expect_err(&values.to_string());
        let said = format!("{error:#}");
        for word in words {
            assert!(said.contains(word), "{values} is refused without the word `{word}`: {said}");
        }
    }
}

#[tokio::test]
async fn a_kubernetes_that_is_too_old_is_refused() {
    let error = helm().await.template(&["--kube-version", "1.30.9"], None).await.unwrap_err();
    assert!(format!("{error:#}").contains("1.31"), "{error:#}");
}
