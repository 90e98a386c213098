//! Which places a transfer covers.

use super::*;

fn node(name: &str, labels: &Value, id: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Node", "metadata": { "name": name, "labels": labels },
        "spec": { "providerID": id }
    })
}

/// A pod that holds a class.
fn pod(spec: &Value) -> Value {
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "orders", "namespace": "shop" }, "spec": spec
    });
    labelled(pod, &["pi"])
}

/// The cluster with a transfer to `destinations` of everything called `orders`.
fn to(clouds: &[&str], destinations: &Value, more: &[Value]) -> Snapshot {
    let sources: Value = ["Pod", "PersistentVolumeClaim", "DaemonSet", "Mirror", "VolumeSnapshot"]
        .iter()
        .map(|kind| json!({ "kind": kind, "name": "orders" }))
        .collect();
    let declared = transfer("shop", "t", &sources, &["pi"], destinations);
    let facts: Vec<_> = more.iter().cloned().chain([declared]).collect();
    cluster(clouds, &facts)
}

fn frankfurt() -> Value {
    regions("alibaba", &["eu-central-1"])
}

#[test]
fn a_node_is_in_a_region_when_everything_about_it_says_so() {
    let label = "node-restriction.kubernetes.io/jurisdiction";
    let legacy = "failure-domain.beta.kubernetes.io/region";
    for (labels, id, expected) in [
        (json!({ REGION: "eu-central-1" }), "", true),
        (json!({ REGION: "eu-central-1", ZONE: "eu-central-1a" }), "eu-central-1.i-1", true),
        (json!({ REGION: "eu-central-1" }), "alicloud://eu-central-1.i-1", true),
        (json!({ REGION: "us-west-1" }), "", false),
        (json!({ REGION: "eu-central-1", ZONE: "us-west-1a" }), "", false),
        (json!({ REGION: "eu-central-1", legacy: "us-west-1" }), "", false),
        (json!({ REGION: "eu-central-1" }), "us-west-1.i-1", false),
        (json!({ REGION: "eu-central-1" }), "aws:///eu-central-1a/i-1", false),
        (json!({ REGION: "eu-central-1" }), "qcloud:///100003/ins-1", false),
        (json!({ REGION: "eu-central-1", label: "eu" }), "", false),
        (json!({ REGION: "eu-central-1", label: "cn-mainland" }), "", false),
        (json!({ REGION: "eu-central-1", "type": "virtual-kubelet" }), "", false),
        (json!({ ZONE: "eu-central-1a" }), "eu-central-1.i-1", false),
        (json!({ REGION: "EU-central-1" }), "", false),
        (json!({}), "", false),
    ] {
        let snapshot = to(&["alibaba"], &frankfurt(), &[node("n", &labels, id)]);
        assert_eq!(covered(&pod(&json!({ "nodeName": "n" })), &snapshot), expected, "{labels} {id}");
    }
    let snapshot = to(&["alibaba"], &frankfurt(), &[]);
    assert!(!covered(&pod(&json!({ "nodeName": "nobody-knows" })), &snapshot));
}

#[test]
fn a_region_of_the_same_name_at_another_cloud_is_another_place() {
    let labels = json!({ REGION: "eu-central-1" });
    let on = |clouds: &[&str], destinations: &Value, id: &str| {
        let snapshot = to(clouds, destinations, &[node("n", &labels, id)]);
        covered(&pod(&json!({ "nodeName": "n" })), &snapshot)
    };
    assert!(on(&["alibaba"], &frankfurt(), ""));
    assert!(!on(&["alibaba"], &regions("tencent", &["eu-central-1"]), ""), "the cluster does not run there");
    assert!(!on(&["alibaba"], &regions("nobody", &["eu-central-1"]), ""));
    // Where it runs on two clouds a label alone does not tell at which the node is; its id does.
    assert!(!on(&["alibaba", "tencent"], &frankfurt(), ""));
    assert!(on(&["alibaba", "tencent"], &frankfurt(), "eu-central-1.i-1"));
    assert!(!on(&["alibaba", "tencent"], &regions("tencent", &["eu-central-1"]), "eu-central-1.i-1"));
}

#[test]
fn every_place_that_a_pod_asks_for_must_be_listed() {
    let snapshot = to(&["alibaba"], &frankfurt(), &[]);
    let affinity = |terms: &Value| {
        let required = json!({ "nodeSelectorTerms": terms });
        json!({ "affinity": { "nodeAffinity": { "requiredDuringSchedulingIgnoredDuringExecution": required } } })
    };
    let asks = |key: &str, operator: &str, values: &[&str]| json!({ "matchExpressions": [{ "key": key, "operator": operator, "values": values }] });
    for (spec, expected) in [
        (json!({ "nodeSelector": { REGION: "eu-central-1" } }), true),
        (json!({ "nodeSelector": { REGION: "us-west-1" } }), false),
        (json!({ "nodeSelector": { ZONE: "eu-central-1a" } }), true),
        (json!({ "nodeSelector": { ZONE: "us-west-1a" } }), false),
        (json!({ "nodeSelector": { REGION: "eu-central-1", ZONE: "us-west-1a" } }), false),
        (affinity(&json!([asks(REGION, "In", &["eu-central-1"])])), true),
        (affinity(&json!([asks(REGION, "In", &["eu-central-1", "us-west-1"])])), false),
        (
            affinity(&json!([asks(REGION, "In", &["eu-central-1"]), asks(REGION, "In", &["us-west-1"])])),
            false,
        ),
        (affinity(&json!([asks(REGION, "NotIn", &["cn-hangzhou"])])), false),
        (affinity(&json!([asks("disk", "In", &["ssd"])])), false),
        (json!({}), false),
    ] {
        let mut set = json!({
            "apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": { "name": "orders", "namespace": "shop" },
            "spec": { "template": { "metadata": {}, "spec": spec } }
        });
        set["spec"]["template"] = labelled(set["spec"]["template"].clone(), &["pi"]);
        assert_eq!(covered(&set, &snapshot), expected, "{spec}");
    }
}

/// A claim of a class of storage that makes volumes at once.
fn claim(parameters: &Value, topologies: &Value) -> [Value; 2] {
    let class = json!({
        "apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": { "name": "disk" },
        "provisioner": "diskplugin.csi.alibabacloud.com", "volumeBindingMode": "Immediate",
        "parameters": parameters, "allowedTopologies": topologies
    });
    let claim = json!({
        "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": { "name": "orders", "namespace": "shop" },
        "spec": { "storageClassName": "disk" }
    });
    [class, labelled(claim, &["pi"])]
}

#[test]
fn every_place_in_which_something_is_stored_must_be_listed() {
    let zones = |zones: &[&str]| json!([{ "matchLabelExpressions": [{ "key": ZONE, "values": zones }] }]);
    for (parameters, topologies, expected) in [
        (json!({}), zones(&["eu-central-1a"]), true),
        (json!({}), zones(&["us-west-1a"]), false),
        (json!({}), zones(&["eu-central-1a", "us-west-1a"]), false),
        (json!({}), zones(&["cn-hangzhou-h", "eu-central-1a"]), true),
        (json!({}), zones(&["100003"]), false),
        (json!({}), Value::Null, false),
        (json!({ "zoneId": "eu-central-1a" }), zones(&["eu-central-1a"]), true),
        // What is named first is listed, and what is named next is not.
        (json!({ "regionId": "eu-central-1", "zoneId": "us-west-1a" }), zones(&["eu-central-1a"]), false),
        (json!({ "zoneId": "eu-central-1a" }), zones(&["us-west-1a"]), false),
    ] {
        let [class, claim] = claim(&parameters, &topologies);
        let snapshot = to(&["alibaba"], &frankfurt(), &[class]);
        assert_eq!(covered(&claim, &snapshot), expected, "{parameters} {topologies}");
    }
    let [class, claim] = claim(&json!({}), &zones(&["eu-central-1a"]));
    let snapshot = to(&["alibaba", "tencent"], &frankfurt(), &[class]);
    assert!(!covered(&claim, &snapshot), "nobody can tell of which cloud the zone is");
}

#[test]
fn one_volume_elsewhere_uncovers_the_pod() {
    let volume = |name: &str, zone: &str| {
        json!({
            "apiVersion": "v1", "kind": "PersistentVolume", "metadata": { "name": name },
            "spec": {
                "claimRef": { "namespace": "shop", "name": name },
                "csi": { "driver": "diskplugin.csi.alibabacloud.com", "volumeHandle": name },
                "nodeAffinity": { "required": { "nodeSelectorTerms": [
                    { "matchExpressions": [{ "key": ZONE, "operator": "In", "values": [zone] }] }
                ] } }
            }
        })
    };
    let bound = |name: &str| {
        json!({
            "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": { "name": name, "namespace": "shop" },
            "spec": { "volumeName": name }
        })
    };
    let facts =
        [volume("here", "eu-central-1a"), volume("there", "us-west-1a"), bound("here"), bound("there")];
    let snapshot = to(&["alibaba"], &frankfurt(), &facts);
    let writes = |claims: &[&str]| {
        let volumes: Value = claims
            .iter()
            .map(|name| json!({ "name": name, "persistentVolumeClaim": { "claimName": name } }))
            .collect();
        let mounts: Value = claims
            .iter()
            .map(|name| json!({ "name": name, "mountPath": alloc::format!("/{name}") }))
            .collect();
        pod(&json!({
            "nodeSelector": { REGION: "eu-central-1" }, "volumes": volumes,
            "containers": [{ "name": "c", "volumeMounts": mounts }]
        }))
    };
    assert!(covered(&writes(&["here"]), &snapshot));
    assert!(!covered(&writes(&["there"]), &snapshot));
    assert!(!covered(&writes(&["here", "there"]), &snapshot));
}

#[test]
fn a_mapped_place_is_covered_by_its_whole_name() {
    let mapping = own(
        "DestinationMapping",
        "mirrors",
        &json!({
            "target": { "group": "demo.example", "kind": "Mirror", "resource": "mirrors" },
            "destinations": [
                { "query": "$.spec.host", "type": "Host" }, { "query": "$.spec.url", "type": "Url" },
                { "query": "$.spec.registry", "type": "Registry" }, { "query": "$.spec.bucket", "type": "Bucket" },
                { "query": "$.spec.aws", "type": "Region", "provider": "aws" },
                { "query": "$.spec.region", "type": "Region" }
            ]
        }),
    );
    let listed = json!([
        { "host": "api.partner.example" }, { "provider": "aws", "region": "eu-central-1" },
        { "provider": "alibaba", "region": "us-west-1" }
    ]);
    let snapshot = to(&["alibaba"], &listed, &[mapping]);
    for (spec, expected) in [
        (json!({ "host": "api.partner.example" }), true),
        (json!({ "host": "API.partner.example.:443" }), true),
        (json!({ "host": "api.partner.example.evil.example" }), false),
        (json!({ "host": "www.partner.example" }), false),
        (json!({ "host": "partner.example" }), false),
        (json!({ "host": "x.api.partner.example" }), false),
        (json!({ "url": "https://api.partner.example:8443/orders?x" }), true),
        (json!({ "url": "https://api.partner.example@evil.example/" }), false),
        (json!({ "url": "https://evil.example/api.partner.example" }), false),
        (json!({ "registry": "api.partner.example/team/app:1" }), true),
        (json!({ "registry": "team/app" }), false),
        (json!({ "bucket": "api.partner.example" }), false),
        (json!({ "aws": "eu-central-1" }), true),
        (json!({ "aws": "us-west-1" }), false),
        (json!({ "region": "us-west-1" }), true),
        (json!({ "region": "eu-central-1" }), false),
        (json!({ "host": "api.partner.example", "url": "https://evil.example" }), false),
    ] {
        let mirror = json!({
            "apiVersion": "demo.example/v1", "kind": "Mirror",
            "metadata": { "name": "orders", "namespace": "shop" }, "spec": spec
        });
        assert_eq!(covered(&labelled(mirror, &["pi"]), &snapshot), expected, "{spec}");
    }
}

#[test]
fn a_host_that_a_pod_calls_is_listed_by_its_name_or_lies_in_a_listed_network() {
    let listed = json!([
        { "host": "api.partner.example" },
        { "network": "198.51.100.0/24", "ports": [{ "port": 443, "protocol": "TCP" }] }
    ]);
    let snapshot = to(&["alibaba"], &listed, &[]);
    let alias = |address: &str| json!({ "hostAliases": [{ "ip": address, "hostnames": ["partner"] }] });
    let proxy = |text: &str| json!({ "containers": [{ "env": [{ "name": "HTTP_PROXY", "value": text }] }] });
    let probe = |host: &str| json!({ "containers": [{ "livenessProbe": { "httpGet": { "host": host, "port": 80 } } }] });
    for (mut spec, expected) in [
        (proxy("http://API.partner.example.:3128"), true),
        (proxy("http://x.api.partner.example:3128"), false),
        (proxy("http://api.partner.example@evil.example:3128"), false),
        (proxy("http://[::ffff:198.51.100.7]:3128"), true),
        (proxy("http://$(PROXY):3128"), false),
        (alias("198.51.100.7"), true),
        (alias("::ffff:198.51.100.7"), true),
        (alias("198.51.101.7"), false),
        (probe("api.partner.example"), true),
        (probe("partner.example"), false),
    ] {
        spec["nodeSelector"] = json!({ REGION: "cn-hangzhou" });
        assert_eq!(covered(&pod(&spec), &snapshot), expected, "{spec}");
    }
}
