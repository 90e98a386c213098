//! What annotations say. One table.
//!
//! From the documentation of ingress-nginx, of the controllers that read its annotations (haproxy-ingress, Higress, MSE), of
//! NGINX, HAProxy, Traefik, APISIX, Kong and Skipper, of the load balancers of AWS, Alibaba Cloud and Tencent Cloud, of external-dns
//! and of Cilium.

/// What an annotation says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Says {
    /// A URL to which requests are sent, copied or redirected; a path of the same host leads nowhere.
    Url,
    /// A host by whose name something is asked.
    Host,
    /// Hosts, with commas between them.
    Hosts,
    /// A region of this provider.
    Region(&'static str),
    /// Names of objects of this group and kind, with commas between them.
    Object(&'static str, &'static str),
    /// The namespace in which the Services are that requests are sent to.
    Namespace,
    /// JSON that may name places.
    Json(&'static str),
    /// Something that nobody can tell the place of.
    Untold(&'static str),
    /// Where it is `true`, something that nobody can tell the place of.
    UntoldWhere(&'static str),
    /// A piece of configuration, which can do anything.
    Snippet(&'static str),
    /// Versions of TLS that are let in.
    OldTls,
    /// `false` where plain connections are not sent to TLS.
    Plain,
}

const SNIPPET: Says = Says::Snippet("a piece of configuration can send requests anywhere");
const SETTINGS: Says = Says::Json("it is no JSON, so nobody can tell what it names");
const EVERYWHERE: Says = Says::Untold("a global accelerator takes connections all over the world");
const OTHER_CLUSTERS: Says = Says::UntoldWhere("it leads to pods of other clusters too, wherever they are");
const USER_POOL: Says = Says::Untold("people sign in at a user pool, and where that is is not read");
const SOURCE: Says = Says::Untold("where the service is registered is not read");
const CONFIGURATION: Says = Says::Snippet("it holds routes of its own, which are not read");

/// By the whole key.
const KEYS: [(&str, Says); 24] = [
    ("alb.ingress.kubernetes.io/auth-idp-cognito", USER_POOL),
    ("alb.ingress.kubernetes.io/auth-idp-oidc", SETTINGS),
    ("alb.ingress.kubernetes.io/ssl-policy", Says::OldTls),
    ("aws-global-accelerator-controller.h3poteto.dev/global-accelerator-managed", EVERYWHERE),
    ("external-dns.alpha.kubernetes.io/target", Says::Hosts),
    ("getambassador.io/config", CONFIGURATION),
    ("higress.io/destination", SOURCE),
    ("higress.io/mirror-target-service", Says::Host),
    ("ingress.cloud.tencent.com/cross-region-id", Says::Region("tencent")),
    ("io.cilium/global-service", OTHER_CLUSTERS),
    ("k8s.apisix.apache.org/http-redirect", Says::Url),
    ("k8s.apisix.apache.org/plugin-config-name", Says::Object("apisix.apache.org", "ApisixPluginConfig")),
    ("k8s.apisix.apache.org/svc-namespace", Says::Namespace),
    ("konghq.com/host-header", Says::Host),
    ("konghq.com/override", Says::Object("configuration.konghq.com", "KongIngress")),
    ("konghq.com/plugins", Says::Object("configuration.konghq.com", "KongPlugin")),
    ("nginx.org/policies", Says::Object("k8s.nginx.org", "Policy")),
    ("service.beta.kubernetes.io/aws-load-balancer-ssl-negotiation-policy", Says::OldTls),
    ("service.cilium.io/global", OTHER_CLUSTERS),
    ("service.cloud.tencent.com/cross-region-id", Says::Region("tencent")),
    ("traefik.ingress.kubernetes.io/router.middlewares", Says::Object("traefik.io", "Middleware")),
    (
        "traefik.ingress.kubernetes.io/service.serverstransport",
        Says::Object("traefik.io", "ServersTransport"),
    ),
    ("zalando.org/skipper-filter", SNIPPET),
    ("zalando.org/skipper-routes", SNIPPET),
];

/// By what follows the prefix, whatever the prefix is.
const NAMES: [(&str, Says); 23] = [
    ("app-root", Says::Url),
    ("auth-proxy", Says::Url),
    ("auth-signin", Says::Url),
    ("auth-tls-error-page", Says::Url),
    ("auth-uri", Says::Url),
    ("auth-url", Says::Url),
    ("config-backend", SNIPPET),
    ("config-frontend", SNIPPET),
    ("config-tcp", SNIPPET),
    ("influxdb-host", Says::Host),
    ("jwt-login-url", Says::Url),
    ("mirror-host", Says::Host),
    ("mirror-target", Says::Url),
    ("permanent-redirect", Says::Url),
    ("proxy-redirect-to", Says::Url),
    ("proxy-ssl-name", Says::Host),
    ("proxy-ssl-protocols", Says::OldTls),
    ("redirect-to", Says::Url),
    ("request-redirect", Says::Url),
    ("rewrite-target", Says::Url),
    ("set-host", Says::Host),
    ("temporal-redirect", Says::Url),
    ("upstream-vhost", Says::Host),
];

/// What the annotation of this key says, if it is known.
pub(super) fn says(key: &str) -> Option<Says> {
    if let Some((_, says)) = KEYS.into_iter().find(|(known, _)| *known == key) {
        return Some(says);
    }
    let (prefix, name) = key.split_once('/')?;
    if name.ends_with("snippet") || name.ends_with("snippets") {
        return Some(SNIPPET);
    }
    if prefix == "alb.ingress.kubernetes.io" && name.starts_with("actions.") {
        return Some(SETTINGS);
    }
    if name == "ssl-redirect" && prefix == "nginx.ingress.kubernetes.io" {
        return Some(Says::Plain);
    }
    NAMES.into_iter().find(|(known, _)| *known == name).map(|(_, says)| says)
}
