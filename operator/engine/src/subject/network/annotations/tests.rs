//! What annotations are read as.

use alloc::{string::ToString, vec, vec::Vec};

use serde_json::json;

use super::*;
use crate::subject::Reader;

/// What one annotation says, with its text.
fn read_one(key: &str, value: &str) -> Vec<(String, Towards)> {
    let mut reader = Reader::default();
    let mut found = Found { reader: &mut reader, forwards: Vec::new() };
    let object = json!({"metadata": {"annotations": {key: value}}});
    read(&mut found, &object, &FieldPath::root());
    found.forwards.into_iter().map(|forward| (forward.text.to_string(), forward.to)).collect()
}

fn place(text: &str, to: Towards) -> Vec<(String, Towards)> {
    vec![(text.to_string(), to)]
}

#[test]
fn urls_count_under_every_prefix_and_paths_lead_nowhere() {
    for prefix in ["nginx.ingress.kubernetes.io", "haproxy-ingress.github.io", "ingress.shop.example"] {
        let key = format!("{prefix}/mirror-target");
        let abroad = "https://copy.example.com";
        assert_eq!(read_one(&key, abroad), place(abroad, Towards::Url));
        assert_eq!(read_one(&key, "https://copy.example.com$request_uri"), place(abroad, Towards::Url));
        assert_eq!(read_one(&key, "//copy.example.com"), place(abroad, Towards::Url));
        assert_eq!(read_one(&key, "$scheme://copy.example.com"), place(abroad, Towards::Url));
        assert_eq!(read_one(&key, "copy.example.com"), place("copy.example.com", Towards::Host));
        for nowhere in ["/copies", "off", "https://$host/copies", "https:", "https://", "$request_uri", ""] {
            assert_eq!(read_one(&key, nowhere), [], "{nowhere}");
        }
    }
}

#[test]
fn a_variable_that_may_go_on_with_the_host_is_not_cut_off() {
    for value in ["https://copy.cn$request_uri_suffix", "https://copy.cn$other"] {
        assert_eq!(read_one("nginx.ingress.kubernetes.io/auth-url", value), place(value, Towards::Url));
    }
}

#[test]
fn of_a_snippet_only_a_digest_is_told() {
    let found = read_one("nginx.org/server-snippets", "proxy_pass http://copy.example.com;");
    let [(text, Towards::Untold(_))] = found.as_slice() else { panic!("{found:?}") };
    assert!(text.starts_with("server-snippets sha256-") && !text.contains("proxy_pass"), "{text}");
    assert_ne!(found, read_one("nginx.org/server-snippets", "proxy_pass http://copy.example.org;"));
}

#[test]
fn settings_in_json_are_read_to_the_ground() {
    let key = "alb.ingress.kubernetes.io/actions.away";
    let redirect =
        r#"{"Type": "redirect", "RedirectConfig": {"Host": "copy.example.com", "StatusCode": "HTTP_302"}}"#;
    assert_eq!(read_one(key, redirect), place("copy.example.com", Towards::Host));
    assert_eq!(read_one(key, r##"[{"redirectConfig": {"host": "#{host}", "port": "443"}}]"##), []);
    let login = r#"{"issuer": "https://login.example.com"}"#;
    assert_eq!(
        read_one("alb.ingress.kubernetes.io/auth-idp-oidc", login),
        place("https://login.example.com", Towards::Url)
    );
    assert!(matches!(read_one(key, "{").as_slice(), [(_, Towards::Untold(_))]));
}

#[test]
fn regions_objects_and_versions_of_tls_are_told_apart() {
    let region = Towards::Region("tencent".parse().ok());
    assert_eq!(
        read_one("service.cloud.tencent.com/cross-region-id", "ap-hongkong"),
        place("ap-hongkong", region)
    );
    let middleware = Towards::Object { group: "traefik.io".into(), kind: "Middleware".into() };
    assert_eq!(
        read_one("traefik.ingress.kubernetes.io/router.middlewares", "shop-strip@kubernetescrd"),
        place("shop-strip@kubernetescrd", middleware)
    );
    let protocols = "nginx.ingress.kubernetes.io/proxy-ssl-protocols";
    assert_eq!(read_one(protocols, "TLSv1.3"), []);
    assert_eq!(read_one(protocols, "TLSv1.2 TLSv1.3"), place("TLSv1.2 TLSv1.3", Towards::OldTls));
    let plain = "nginx.ingress.kubernetes.io/ssl-redirect";
    assert_eq!(read_one(plain, "true"), []);
    assert_eq!(read_one(plain, "false"), place("every host", Towards::Plain));
}

#[test]
fn what_goes_behind_the_host_that_was_asked_for_is_a_path_or_another_host() {
    let root = "nginx.ingress.kubernetes.io/app-root";
    assert_eq!(read_one(root, "/shop"), []);
    assert_eq!(read_one(root, ".example.com/"), place(".example.com/", Towards::Host));
}

#[test]
fn a_namespace_of_services_and_routes_of_other_controllers_are_told() {
    let office = Towards::Service { namespace: Some("office".into()), name: "*".into() };
    assert_eq!(read_one("k8s.apisix.apache.org/svc-namespace", "office"), place("office", office));
    for (key, value) in [
        ("zalando.org/skipper-filter", r#"tee("https://copy.example.com")"#),
        ("zalando.org/skipper-routes", r#"all: * -> "https://copy.example.com""#),
        ("higress.io/destination", "copy.dns:443"),
        ("service.cilium.io/global", "true"),
        ("io.cilium/global-service", "True"),
        ("alb.ingress.kubernetes.io/auth-idp-cognito", r#"{"userPoolDomain": "copy"}"#),
    ] {
        assert!(matches!(read_one(key, value).as_slice(), [(_, Towards::Untold(_))]), "{key}");
    }
}

#[test]
fn a_service_of_this_cluster_alone_leads_to_no_other() {
    assert_eq!(read_one("service.cilium.io/global", "false"), []);
}

#[test]
fn other_annotations_say_nothing() {
    for key in ["nginx.ingress.kubernetes.io/proxy-body-size", "cert-manager.io/cluster-issuer", "note"] {
        assert_eq!(read_one(key, "https://copy.example.com"), [], "{key}");
    }
}
