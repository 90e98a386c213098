//! What the chart makes of the ledger: one controller with a volume, or any number with a bucket.

use serde_json::{Value, json};

use crate::helm;

async fn rendered(values: &Value) -> Vec<Value> {
    let helm = helm().await;
    bund_e2e::shop::manifests(&helm.template(&[], Some(values)).await.unwrap()).unwrap()
}

fn of<'o>(objects: &'o [Value], kind: &str, name: &str) -> Option<&'o Value> {
    objects.iter().find(|object| object["kind"] == kind && object["metadata"]["name"] == name)
}

fn container(deployment: &Value) -> &Value {
    &deployment["spec"]["template"]["spec"]["containers"][0]
}

#[tokio::test]
async fn a_volume_is_mounted_by_one_controller_and_by_nobody_else() {
    let directory =
        json!({"store": "Directory", "name": "ledger.example.com/prod", "directory": {"size": "1Gi"}});
    let objects = rendered(&json!({"ledger": directory, "controller": {"replicas": 3}})).await;
    let controller = of(&objects, "Deployment", "bund-controller").unwrap();
    assert_eq!(controller["spec"]["replicas"], 1);
    assert_eq!(controller["spec"]["strategy"], json!({"type": "Recreate"}));
    let pod = &controller["spec"]["template"]["spec"];
    assert_eq!(pod["securityContext"]["fsGroup"], 65532);
    assert_eq!(container(controller)["securityContext"]["readOnlyRootFilesystem"], true);
    let writable: Vec<_> = container(controller)["volumeMounts"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|it| it["readOnly"] != true)
        .collect();
    assert_eq!(writable, [&json!({"name": "ledger", "mountPath": "/var/lib/bund/ledger"})]);
    let claim = of(&objects, "PersistentVolumeClaim", "bund-ledger").unwrap();
    assert_eq!(
        claim["spec"],
        json!({"accessModes": ["ReadWriteOncePod"], "resources": {"requests": {"storage": "1Gi"}}})
    );
    assert_eq!(claim["metadata"]["annotations"]["helm.sh/resource-policy"], "keep");
    let webhook = of(&objects, "Deployment", "bund-webhook").unwrap();
    assert_eq!(container(webhook)["volumeMounts"].as_array().unwrap().len(), 1);
    assert_eq!(webhook["spec"]["strategy"]["type"], "RollingUpdate");
}

#[tokio::test]
async fn a_claim_that_is_there_is_used_and_none_is_made() {
    let ledger = json!({"store": "Directory", "name": "a", "directory": {"existingClaim": "kept"}});
    let objects = rendered(&json!({"ledger": ledger})).await;
    assert_eq!(of(&objects, "PersistentVolumeClaim", "bund-ledger"), None);
    let controller = of(&objects, "Deployment", "bund-controller").unwrap();
    let volumes = controller["spec"]["template"]["spec"]["volumes"].as_array().unwrap();
    assert!(
        volumes.contains(&json!({"name": "ledger", "persistentVolumeClaim": {"claimName": "kept"}})),
        "{volumes:?}"
    );
}

#[tokio::test]
async fn a_bucket_is_reached_by_the_controllers_alone_with_credentials_that_they_alone_have() {
    let objects = rendered(&bund_e2e::helm::everything_on()).await;
    let controller = of(&objects, "Deployment", "bund-controller").unwrap();
    assert_eq!(controller["spec"]["replicas"], 3);
    assert_eq!(container(controller)["envFrom"], json!([{"secretRef": {"name": "bucket"}}]));
    let webhook = of(&objects, "Deployment", "bund-webhook").unwrap();
    assert_eq!(container(webhook)["envFrom"], Value::Null);
    let reaches = |name: &str| {
        let rules =
            of(&objects, "NetworkPolicy", name).unwrap()["spec"]["egress"].as_array().unwrap().clone();
        rules
            .iter()
            .any(|rule| rule["ports"][0]["port"] == 9000 && rule["to"][0]["ipBlock"]["cidr"] == "10.9.0.0/16")
    };
    assert!(reaches("bund-controller") && !reaches("bund-webhook"));
}

#[tokio::test]
async fn the_configuration_says_where_the_ledger_is() {
    for (store, expected) in [
        (json!({}), json!({"directory": {"path": "/var/lib/bund/ledger"}})),
        (json!({"store": "S3", "s3": {"url": "s3://bucket"}}), json!({"s3": {"url": "s3://bucket"}})),
    ] {
        let mut ledger =
            json!({"store": "Directory", "name": "ledger.example.com/prod", "inception": "2026-05-09"});
        ledger.as_object_mut().unwrap().extend(store.as_object().unwrap().clone());
        let objects = rendered(&json!({"ledger": ledger})).await;
        let text =
            of(&objects, "ConfigMap", "bund").unwrap()["data"]["operator.yaml"].as_str().unwrap().to_owned();
        let configured: Value = serde_saphyr::from_str(&text).unwrap();
        let expected = json!({"name": "ledger.example.com/prod", "store": expected, "inception": "2026-05-09",
            "keySecretName": "bund-ledger-key"});
        assert_eq!(configured["ledger"], expected);
    }
}

#[tokio::test]
async fn a_store_without_what_it_needs_is_refused() {
    for (ledger, said) in [
        (json!({"store": "Directory"}), "ledger.name is needed"),
        (json!({"store": "S3", "name": "a"}), "ledger.s3.url is needed"),
    ] {
        let error = helm().await.template(&[], Some(&json!({"ledger": ledger}))).await.unwrap_err();
        assert!(format!("{error:#}").contains(said), "{error:#}");
    }
}
