use alloc::{format, string::String, vec};

use serde_json::json;

use super::*;

/// What is read of a pod spec, and what in it is not as it should be.
fn read(spec: &Value) -> (PodNetwork, Vec<String>) {
    let mut reader = Reader::default();
    let beside = (&Value::Null, &FieldPath::root());
    let network = pod_network(&mut reader, spec, &FieldPath::of("spec"), beside);
    let defects = reader.defects.iter().map(|defect| format!("{}", defect.field)).collect();
    (PodNetwork::clone(&network), defects)
}

fn escapes(spec: &Value) -> Vec<String> {
    read(spec).0.escapes.iter().map(|(field, escape)| format!("{field} {escape}")).collect()
}

fn hosts(spec: &Value) -> Vec<String> {
    let told = |named: &NamedHost| match &named.host {
        Ok(host) => format!("{} {:?} {host}", named.field, named.purpose),
        Err(_) => format!("{} {:?} {} untold", named.field, named.purpose, named.text),
    };
    read(spec).0.hosts.iter().map(told).collect()
}

#[test]
fn whatever_escapes_network_policies_is_found_in_every_container() {
    let context = |context: Value| json!({"containers": [{"securityContext": context}]});
    let add = |names: Value| context(json!({"capabilities": {"drop": ["ALL"], "add": names}}));
    for (spec, expected) in [
        (json!({"hostNetwork": true}), "spec.hostNetwork HostNetwork"),
        (
            json!({"initContainers": [{"ports": [{"containerPort": 1}, {"hostPort": 53, "hostIP": "1.2.3.4"}]}]}),
            "spec.initContainers[0].ports[1].hostPort HostPort",
        ),
        (context(json!({"privileged": true})), "spec.containers[0].securityContext.privileged Privileged"),
        (
            json!({"ephemeralContainers": [{"securityContext": {"privileged": true}}]}),
            "spec.ephemeralContainers[0].securityContext.privileged Privileged",
        ),
        (add(json!(["NET_ADMIN"])), "spec.containers[0].securityContext.capabilities.add[0] NetAdmin"),
        (
            add(json!(["CHOWN", "cap_net_admin"])),
            "spec.containers[0].securityContext.capabilities.add[1] NetAdmin",
        ),
        (add(json!(["All"])), "spec.containers[0].securityContext.capabilities.add[0] NetAdmin"),
        (add(json!(["CAP_NET_RAW"])), "spec.containers[0].securityContext.capabilities.add[0] NetRaw"),
        (add(json!(["SYS_ADMIN"])), "spec.containers[0].securityContext.capabilities.add[0] Privileged"),
        (
            json!({"hostPID": true, "containers": [{"securityContext": {"capabilities": {"add": ["SYS_PTRACE"]}}}]}),
            "spec.containers[0].securityContext.capabilities.add[0] Privileged",
        ),
    ] {
        assert_eq!(escapes(&spec), [expected], "{spec}");
    }
    let windows = json!({"securityContext": {"windowsOptions": {"hostProcess": true}}});
    let field = "spec.securityContext.windowsOptions.hostProcess";
    assert_eq!(escapes(&windows), [format!("{field} HostNetwork"), format!("{field} Privileged")]);
}

#[test]
fn networks_beside_that_of_the_cluster_are_told_with_their_annotation() {
    let told = |annotations: Value| {
        let mut reader = Reader::default();
        let beside = (&json!({"annotations": annotations}), &FieldPath::of("metadata"));
        pod_network(&mut reader, &json!({}), &FieldPath::of("spec"), beside).escapes.clone()
    };
    for key in ["k8s.v1.cni.cncf.io/networks", "v1.multus-cni.io/default-network"] {
        let field = FieldPath::of("metadata.annotations").key(key);
        assert_eq!(told(json!({key: "wan"})), [(field, Escape::OtherNetworks)]);
        assert_eq!(told(json!({key: " "})), []);
    }
    assert_eq!(told(json!({"k8s.v1.cni.cncf.io/network-status": "[]"})), []);
}

#[test]
fn what_escapes_nothing_is_not_told() {
    for spec in [
        json!({}),
        json!({"hostNetwork": false, "hostPID": true, "securityContext": {"runAsUser": 0}}),
        json!({"containers": [{"ports": [{"containerPort": 80, "hostPort": 0}], "securityContext": {"privileged": false}}]}),
        json!({"containers": [{"securityContext": {"capabilities": {"add": ["NET_BIND_SERVICE", "CHOWN", "SYS_PTRACE"], "drop": ["NET_RAW"]}}}]}),
    ] {
        assert_eq!(escapes(&spec), [] as [String; 0], "{spec}");
        assert_eq!(read(&spec).1, [] as [String; 0]);
    }
}

#[test]
fn in_its_nodes_network_a_pods_ports_say_nothing_more() {
    let spec =
        json!({"hostNetwork": true, "containers": [{"ports": [{"containerPort": 80, "hostPort": 80}]}]});
    assert_eq!(escapes(&spec), ["spec.hostNetwork HostNetwork"]);
}

#[test]
fn a_truth_value_of_another_type_is_a_defect() {
    let spec = json!({"hostNetwork": "true", "containers": [{"securityContext": {"privileged": 1}}]});
    assert_eq!(read(&spec).1, ["spec.hostNetwork", "spec.containers[0].securityContext.privileged"]);
}

#[test]
fn probes_and_hooks_name_the_hosts_that_the_node_calls() {
    let spec = json!({"containers": [{
        "livenessProbe": {"httpGet": {"host": "Probe.Example.COM.", "port": 80}},
        "readinessProbe": {"tcpSocket": {"host": "::ffff:8.8.8.8", "port": 53}},
        "startupProbe": {"httpGet": {"port": 80, "httpHeaders": [{"name": "Host", "value": "shop.example.com"}]}},
        "lifecycle": {
            "preStop": {"httpGet": {"host": "front.cn", "port": 80, "httpHeaders": [{"name": "hOST", "value": "behind.example.com"}]}},
            "postStart": {"exec": {"command": ["curl", "x"]}}
        }
    }]});
    assert_eq!(
        hosts(&spec),
        [
            "spec.containers[0].livenessProbe.httpGet.host Probe probe.example.com",
            "spec.containers[0].readinessProbe.tcpSocket.host Probe 8.8.8.8",
            "spec.containers[0].lifecycle.preStop.httpGet.host Probe front.cn",
            "spec.containers[0].lifecycle.preStop.httpGet.httpHeaders[0].value Probe behind.example.com",
        ]
    );
}

#[test]
fn name_servers_domains_and_aliases_are_named_hosts() {
    let spec = json!({
        "dnsPolicy": "None",
        "dnsConfig": {"nameservers": ["8.8.8.8"], "searches": ["shop.svc.cluster.local", "example.com"]},
        "hostAliases": [{"ip": "9.9.9.9", "hostnames": ["orders"]}]
    });
    assert_eq!(
        hosts(&spec),
        [
            "spec.dnsConfig.nameservers[0] Resolver 8.8.8.8",
            "spec.dnsConfig.searches[1] SearchDomain example.com",
            "spec.hostAliases[0].ip HostAlias 9.9.9.9",
        ]
    );
    assert_eq!(read(&spec).0.service_names, ServiceNames::Unsure);
}

#[test]
fn only_domains_of_services_leave_names_of_services_as_they_are() {
    for (domain, names) in [
        ("shop.svc.cluster.local.", ServiceNames::Resolve),
        ("SVC.cluster.local", ServiceNames::Resolve),
        ("cluster.local", ServiceNames::Resolve),
        ("pod.cluster.local", ServiceNames::Unsure),
        ("shop.pod.cluster.local", ServiceNames::Unsure),
        ("evilsvc.cluster.local", ServiceNames::Unsure),
        ("svc.cluster.local.example.com", ServiceNames::Unsure),
    ] {
        assert_eq!(read(&json!({"dnsConfig": {"searches": [domain]}})).0.service_names, names, "{domain}");
    }
    for (server, names) in [("169.254.20.10", ServiceNames::Resolve), ("10.20.0.53", ServiceNames::Unsure)] {
        let config = json!({"nameservers": [server], "options": [{"name": "ndots", "value": "5"}]});
        let spec = json!({"dnsPolicy": "None", "dnsConfig": config});
        assert_eq!(read(&spec).0.service_names, names, "{server}");
    }
}

#[test]
fn names_with_a_dot_are_asked_for_in_the_world_where_an_option_says_so() {
    let asks = |policy: &str, options: Value| {
        let config = json!({"nameservers": ["169.254.20.10"], "options": options});
        read(&json!({"dnsPolicy": policy, "dnsConfig": config})).0.service_names
    };
    for (policy, options, names) in [
        ("ClusterFirst", json!([]), ServiceNames::Resolve),
        ("ClusterFirst", json!([{"name": "ndots", "value": "2"}]), ServiceNames::Resolve),
        ("ClusterFirst", json!([{"name": "ndots", "value": "1"}]), ServiceNames::WorldFirst),
        ("ClusterFirst", json!([{"name": "ndots:1"}]), ServiceNames::WorldFirst),
        ("ClusterFirst", json!([{"name": "ndots"}]), ServiceNames::WorldFirst),
        ("ClusterFirst", json!([{"name": "edns0"}]), ServiceNames::Resolve),
        ("None", json!([]), ServiceNames::WorldFirst),
        ("None", json!([{"name": "ndots", "value": "5"}]), ServiceNames::Resolve),
    ] {
        assert_eq!(asks(policy, options.clone()), names, "{policy} {options}");
    }
}

#[test]
fn an_option_that_would_be_another_line_of_the_resolvers_file_is_a_defect() {
    for (option, field) in [
        (json!({"name": "rotate\nnameserver 8.8.8.8"}), "spec.dnsConfig.options[0].name"),
        (json!({"name": "ndots", "value": "5\nnameserver 8.8.8.8"}), "spec.dnsConfig.options[0].value"),
    ] {
        assert_eq!(read(&json!({"dnsConfig": {"options": [option]}})).1, [field]);
    }
}

#[test]
fn names_are_completed_in_the_namespaces_that_domains_name() {
    let spec = json!({"dnsConfig": {"searches": ["svc.cluster.local", "Office.svc.cluster.local.", "cluster.local"]}});
    assert_eq!(read(&spec).0.completed_in, [Box::from("office")]);
}

#[test]
fn the_dot_of_the_root_is_told_wherever_it_stands() {
    let spec = json!({"containers": [{
        "env": [{"name": "HTTP_PROXY", "value": "http://squid.dev.:3128"}, {"name": "HTTPS_PROXY", "value": "squid.dev:3128"},
                {"name": "API", "value": "https://orders.dev.:443/x"}],
        "args": ["--db=db.example.com.:5432"]
    }]});
    let whole: Vec<_> = read(&spec).0.hosts.into_iter().map(|named| (named.text, named.is_whole)).collect();
    let expected =
        [("squid.dev", true), ("squid.dev", false), ("orders.dev", true), ("db.example.com", true)];
    assert_eq!(whole, expected.map(|(text, is_whole)| (Box::from(text), is_whole)));
}

#[test]
fn whoever_does_not_ask_the_cluster_asks_its_node() {
    for (spec, asks_node) in [
        (json!({}), false),
        (json!({"dnsPolicy": "ClusterFirst"}), false),
        (json!({"dnsPolicy": "None"}), false),
        (json!({"hostNetwork": true, "dnsPolicy": "ClusterFirstWithHostNet"}), false),
        (json!({"hostNetwork": true}), true),
        (json!({"hostNetwork": true, "dnsPolicy": "ClusterFirst"}), true),
        (json!({"dnsPolicy": "Default"}), true),
        (json!({"dnsPolicy": "default"}), true),
    ] {
        let field = asks_node.then(|| FieldPath::of("spec.dnsPolicy"));
        assert_eq!(read(&spec).0.node_resolver, field, "{spec}");
    }
}

#[test]
fn a_proxy_is_told_in_any_case_and_without_its_password() {
    let one = |name: &str, value: &str| json!({"containers": [{"env": [{"name": name, "value": value}]}]});
    let field = "spec.containers[0].env[0].value";
    for (name, value, expected) in [
        ("HTTP_PROXY", "http://user:geheim@proxy.example.com:3128", "Proxy proxy.example.com"),
        ("https_proxy", " proxy.example.com:3128 ", "Proxy proxy.example.com"),
        ("All_Proxy", "socks5h://[::ffff:8.8.8.8]:1080", "Proxy 8.8.8.8"),
        ("FTP_PROXY", "user:geheim@proxy.example.com:21", "Proxy proxy.example.com untold"),
        ("GRPC_PROXY", "http://$(NOBODY_KNOWS):1", "Proxy GRPC_PROXY untold"),
    ] {
        assert_eq!(hosts(&one(name, value)), [format!("{field} {expected}")], "{name}");
    }
    assert_eq!(hosts(&one("NO_PROXY", "localhost,.svc")), [] as [String; 0]);
    assert_eq!(hosts(&one("HTTP_PROXY", "")), [] as [String; 0]);
}

#[test]
fn a_proxy_that_is_put_together_or_kept_elsewhere_is_no_way_past() {
    let env = |env: Value| json!({"containers": [{"env": env}]});
    for (spec, expected) in [
        (
            env(
                json!([{"name": "P", "value": "proxy.example.com"}, {"name": "HTTP_PROXY", "value": "http://$(P):3128"}]),
            ),
            vec![
                "spec.containers[0].env[0].value Mention proxy.example.com",
                "spec.containers[0].env[1].value Proxy proxy.example.com",
            ],
        ),
        (
            env(json!([{"name": "HTTP_PROXY", "value": "http://$(P):3128"}, {"name": "P", "value": "x"}])),
            vec!["spec.containers[0].env[0].value Proxy HTTP_PROXY untold"],
        ),
        (
            env(json!([{"name": "HTTP_PROXY", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}])),
            vec!["spec.containers[0].env[0].valueFrom Proxy HTTP_PROXY untold"],
        ),
        (
            env(json!([{"name": "N", "valueFrom": {"fieldRef": {"fieldPath": "status.hostIP"}}},
                       {"name": "HTTP_PROXY", "value": "http://$(N):3128"}])),
            vec!["spec.containers[0].env[1].value Proxy localhost"],
        ),
        (
            env(
                json!([{"name": "HTTP_PROXY", "value": "http://squid:1"}, {"name": "HTTPS_PROXY", "value": "$(HTTP_PROXY)"}]),
            ),
            vec![
                "spec.containers[0].env[0].value Proxy squid",
                "spec.containers[0].env[1].value Proxy squid",
            ],
        ),
        (
            env(
                json!([{"name": "P", "value": "squid"}, {"name": "P", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
                       {"name": "HTTP_PROXY", "value": "http://$(P):3128"}]),
            ),
            vec!["spec.containers[0].env[2].value Proxy HTTP_PROXY untold"],
        ),
        (
            env(
                json!([{"name": "HTTP_PROXY", "value": "", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]),
            ),
            vec!["spec.containers[0].env[0].valueFrom Proxy HTTP_PROXY untold"],
        ),
        (
            env(json!([{"name": "HTTP_PROXY", "value": "http://$$(P):3128"}])),
            vec!["spec.containers[0].env[0].value Proxy HTTP_PROXY untold"],
        ),
    ] {
        assert_eq!(hosts(&spec), expected, "{spec}");
    }
}

#[test]
fn addresses_are_found_in_the_environment_and_in_arguments() {
    let spec = json!({"containers": [{
        "env": [{"name": "DB", "value": "db.example.com"}, {"name": "URL", "value": "postgres://$(DB):5432/orders"}],
        "command": ["sh", "-c", "curl http://evil.example.com"],
        "args": ["--db=$(DB)", "--port=80"]
    }]});
    assert_eq!(
        hosts(&spec),
        [
            "spec.containers[0].env[0].value Mention db.example.com",
            "spec.containers[0].env[1].value Mention db.example.com",
            "spec.containers[0].command[2] Mention evil.example.com",
            "spec.containers[0].args[0] Mention db.example.com",
        ]
    );
}

#[test]
fn of_a_config_map_its_data_is_looked_at() {
    let object = json!({
        "data": {"app.properties": "db=db.example.com\nretries=3", "n": 7},
        "binaryData": {"x": "aHR0cDovL2V2aWwuZXhhbXBsZS5jb20="}
    });
    let found = in_config_map(&object);
    let told: Vec<_> = found.iter().map(|named| (named.field.as_str(), named.text.as_ref())).collect();
    assert_eq!(told, [("data['app.properties']", "db.example.com")]);
}
