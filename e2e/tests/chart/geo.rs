//! What the chart makes of databases of addresses: both roles mount them to read.

use serde_json::{Value, json};

use crate::helm;

async fn rendered(values: &Value) -> anyhow::Result<Vec<Value>> {
    bund_e2e::shop::manifests(&helm().await.template(&[], Some(values)).await?)
}

fn of<'o>(objects: &'o [Value], kind: &str, name: &str) -> &'o Value {
    objects.iter().find(|object| object["kind"] == kind && object["metadata"]["name"] == name).unwrap()
}

#[tokio::test]
async fn both_roles_read_the_databases_from_the_volume() {
    let digest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let databases =
        json!([{"file": "GeoLite2-Country.mmdb"}, {"file": "b.mmdb", "maxAgeDays": 90, "sha256": digest}]);
    for (volume, mounted) in [
        (
            json!({"existingClaim": "geo"}),
            json!({"name": "geo", "persistentVolumeClaim": {"claimName": "geo", "readOnly": true}}),
        ),
        (json!({"configMapName": "geo"}), json!({"name": "geo", "configMap": {"name": "geo"}})),
        (json!({"secretName": "geo"}), json!({"name": "geo", "secret": {"secretName": "geo"}})),
    ] {
        let objects = rendered(&json!({"geo": {"databases": databases, "volume": volume}})).await.unwrap();
        for role in ["bund-webhook", "bund-controller"] {
            let pod = &of(&objects, "Deployment", role)["spec"]["template"]["spec"];
            assert!(pod["volumes"].as_array().unwrap().contains(&mounted), "{role}: {}", pod["volumes"]);
            let mount = json!({"name": "geo", "mountPath": "/var/lib/bund/geo", "readOnly": true});
            assert!(pod["containers"][0]["volumeMounts"].as_array().unwrap().contains(&mount), "{role}");
        }
        let text = of(&objects, "ConfigMap", "bund")["data"]["operator.yaml"].as_str().unwrap();
        let expected = format!(
            "geo:\n  databases:\n    - path: \"/var/lib/bund/geo/GeoLite2-Country.mmdb\"\n      maxAgeDays: 30\n    \
             - path: \"/var/lib/bund/geo/b.mmdb\"\n      sha256: \"{digest}\"\n      maxAgeDays: 90\n"
        );
        assert!(text.contains(&expected), "{text}");
    }
}

#[tokio::test]
async fn databases_have_one_volume() {
    let databases = json!([{"file": "a.mmdb"}]);
    for volume in [json!({}), json!({"existingClaim": "a", "secretName": "b"})] {
        let values = json!({"geo": {"databases": databases, "volume": volume}});
        let error = format!("{:#}", rendered(&values).await.unwrap_err());
        assert!(error.contains("geo.databases needs the volume that holds them: one of"), "{error}");
    }
    let objects = rendered(&json!({})).await.unwrap();
    let pod = &of(&objects, "Deployment", "bund-webhook")["spec"]["template"]["spec"];
    assert_eq!(pod["volumes"].as_array().unwrap().len(), 1, "without databases there is no volume");
}
