//! The configuration file: typed, complete by default, and strict about what it does not know. (pure)
//!
//! Everything that is the same for all replicas of a role stands here; what differs per process (its role, its
//! namespace, its identity) comes as flags or environment.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use serde::Deserialize;

use crate::registration::Endpoint;

mod geo;
mod ledger;

pub use geo::{Geo, GeoDatabase};
pub use ledger::{Ledger, LedgerStore};

/// What the configuration file says. Every key may be left out; a key that is not known is refused, because a
/// misspelt one would silently mean its default.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "camelCase")]
pub struct Configuration {
    /// The admission webhook.
    pub webhook: Webhook,
    /// Where `/livez` and `/readyz` are answered.
    pub health: Health,
    /// Where `/metrics` is answered.
    pub metrics: Metrics,
    /// The webhook's certificates.
    pub certificates: Certificates,
    /// What owns the objects that the leader registers. Left out: nothing owns them, and whoever removes us
    /// removes them.
    pub owner: Option<Owner>,
    /// Closed egress.
    pub egress: Egress,
    /// The databases that say where public addresses are.
    pub geo: Geo,
    /// The record outside of the cluster. Left out: LedgerEvents are the only record.
    pub ledger: Option<Ledger>,
    /// Logs.
    pub log: Log,
    /// Traces. Left out: none are made.
    pub tracing: Option<Tracing>,
}

/// The admission webhook.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "camelCase")]
pub struct Webhook {
    /// Where it listens, with TLS.
    pub address: SocketAddr,
    /// The Service by which the API server finds it.
    pub service: Service,
    /// Where the API server finds it instead when it runs outside the cluster, such as `https://127.0.0.1:8443`.
    pub url: Option<String>,
    /// For how many seconds reviews are answered after SIGTERM, until nobody sends any more; at most 10.
    pub shutdown_delay_seconds: u8,
}

/// A Service in our own namespace.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Service {
    /// Its name.
    pub name: String,
    /// Its port.
    pub port: u16,
}

/// Where `/livez` and `/readyz` are answered.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Health {
    /// The address, without TLS.
    pub address: SocketAddr,
}

/// Where `/metrics` is answered.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Metrics {
    /// The address, without TLS.
    pub address: SocketAddr,
}

/// The webhook's certificates.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "camelCase")]
pub struct Certificates {
    /// Who makes them.
    pub source: CertificateSource,
    /// The Secret in our own namespace that holds them.
    pub secret_name: String,
}

/// Who makes the certificates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum CertificateSource {
    /// We do, with an authority of our own.
    #[default]
    Own,
    /// Somebody else writes `tls.crt`, `tls.key` and `ca.crt` into the Secret, such as cert-manager.
    Secret,
}

/// What owns the objects that the leader registers: when it is deleted, the API server's garbage collector
/// deletes them, whether or not a process of ours still runs.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Owner {
    /// A ClusterRole; best the one that grants us to write these objects, so that with it goes the right to write
    /// them again.
    pub cluster_role: String,
}

/// Closed egress.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "camelCase")]
pub struct Egress {
    /// The priority in the tier `Admin`, from 0 to 1000, of the ClusterNetworkPolicies that close namespaces. Those of a lower
    /// number come before them.
    pub cluster_policy_priority: u16,
}

/// Logs: JSON lines on standard error.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// What is logged, as `RUST_LOG` says it: `info`, or `info,bund_operator=debug`.
    pub filter: String,
}

/// Traces by OTLP over gRPC.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Tracing {
    /// The collector, such as `http://collector.observability:4317`.
    pub otlp_endpoint: String,
    /// The share of requests that are traced, from 0 to 1.
    #[serde(default = "every_tenth")]
    pub sample_ratio: f64,
}

fn every_tenth() -> f64 {
    0.1
}

fn everywhere(port: u16) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), port)
}

impl Default for Webhook {
    fn default() -> Self {
        Self { address: everywhere(8443), service: Service::default(), url: None, shutdown_delay_seconds: 5 }
    }
}

impl Default for Service {
    fn default() -> Self {
        Self { name: "bund-webhook".to_owned(), port: 443 }
    }
}

impl Default for Health {
    fn default() -> Self {
        Self { address: everywhere(8080) }
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self { address: everywhere(9090) }
    }
}

impl Default for Certificates {
    fn default() -> Self {
        Self { source: CertificateSource::Own, secret_name: "bund-webhook-tls".to_owned() }
    }
}

impl Default for Egress {
    fn default() -> Self {
        Self { cluster_policy_priority: 100 }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self { filter: "info".to_owned() }
    }
}

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is not YAML, or not of this form.
    #[error("{0}")]
    Form(String),
    /// A value is out of its bounds.
    #[error("{key}: {why}")]
    Value {
        /// The path of the key.
        key: &'static str,
        /// What is wrong and what would be right.
        why: String,
    },
}

/// The highest priority that the API of ClusterNetworkPolicies knows.
const PRIORITY_LIMIT: u16 = 1000;

/// The longest time that we answer on after SIGTERM.
const SHUTDOWN_DELAY_LIMIT: u8 = 10;

impl Configuration {
    /// Reads `text`. An error names the line, or the key, and what would be right.
    pub fn read(text: &str) -> Result<Self, Error> {
        let blank = text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#'));
        let configuration = if blank {
            Self::default()
        } else {
            serde_saphyr::from_str(text).map_err(|error| Error::Form(error.to_string()))?
        };
        configuration.check()?;
        Ok(configuration)
    }

    fn check(&self) -> Result<(), Error> {
        let wrong = |key, why: String| Err(Error::Value { key, why });
        let Self {
            webhook,
            health: _,
            metrics: _,
            certificates,
            owner,
            egress,
            geo,
            ledger,
            log: _,
            tracing,
        } = self;
        if let Some(url) = webhook.url.as_ref().filter(|url| !url.starts_with("https://")) {
            return wrong("webhook.url", format!("`{url}` does not begin with https://"));
        }
        if webhook.shutdown_delay_seconds > SHUTDOWN_DELAY_LIMIT {
            let asked = webhook.shutdown_delay_seconds;
            return wrong(
                "webhook.shutdownDelaySeconds",
                format!("{asked} is more than {SHUTDOWN_DELAY_LIMIT}"),
            );
        }
        if egress.cluster_policy_priority > PRIORITY_LIMIT {
            let asked = egress.cluster_policy_priority;
            return wrong("egress.clusterPolicyPriority", format!("{asked} is more than {PRIORITY_LIMIT}"));
        }
        for (key, name) in [
            ("webhook.service.name", Some(&webhook.service.name)),
            ("certificates.secretName", Some(&certificates.secret_name)),
            ("owner.clusterRole", owner.as_ref().map(|owner| &owner.cluster_role)),
        ] {
            if name.is_some_and(String::is_empty) {
                return wrong(key, "is empty; give a name, or leave the key out".to_owned());
            }
        }
        geo.check().or_else(|(key, why)| wrong(key, why))?;
        if let Some(ledger) = ledger {
            ledger.check().or_else(|(key, why)| wrong(key, why))?;
        }
        if let Some(Tracing { otlp_endpoint, sample_ratio }) = tracing {
            if !otlp_endpoint.starts_with("http://") {
                let why = format!(
                    "`{otlp_endpoint}` does not begin with http://; name a collector in the cluster, such as \
                     http://collector.observability:4317, which sends on with TLS"
                );
                return wrong("tracing.otlpEndpoint", why);
            }
            if !(0.0..=1.0).contains(sample_ratio) {
                return wrong("tracing.sampleRatio", format!("{sample_ratio} is not between 0 and 1"));
            }
        }
        Ok(())
    }

    /// Where the API server finds the webhook of `namespace`.
    pub fn endpoint(&self, namespace: &str) -> Endpoint {
        let Webhook { url, service: Service { name, port }, .. } = &self.webhook;
        match url {
            Some(url) => Endpoint::Url(url.clone()),
            None => Endpoint::Service { namespace: namespace.to_owned(), name: name.clone(), port: *port },
        }
    }

    /// How long reviews are answered after SIGTERM.
    pub fn shutdown_delay(&self) -> Duration {
        Duration::from_secs(self.webhook.shutdown_delay_seconds.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_has_its_default() {
        for text in ["", "# nothing\n", "{}", "webhook: {}\nlog: {}"] {
            assert_eq!(Configuration::read(text).unwrap(), Configuration::default(), "{text:?}");
        }
    }

    #[test]
    fn every_key_is_read() {
        let text = r#"
webhook:
  address: "[::]:9443"
  service: {name: guard, port: 8443}
  url: https://127.0.0.1:9443
  shutdownDelaySeconds: 0
health: {address: "127.0.0.1:1"}
metrics: {address: "127.0.0.1:2"}
certificates: {source: Secret, secretName: tls}
owner: {clusterRole: bund-controller}
egress: {clusterPolicyPriority: 7}
geo: {databases: [{path: /geo/a.mmdb, maxAgeDays: 7}]}
ledger:
  name: ledger.example.com/prod
  store: {s3: {url: "s3://bucket/prefix", endpoint: "https://s3.example.com", region: cn-north-1}}
  inception: 2026-05-09
  keySecretName: key
log: {filter: debug}
tracing: {otlpEndpoint: "http://collector:4317", sampleRatio: 1}
"#;
        let expected = Configuration {
            webhook: Webhook {
                address: "[::]:9443".parse().unwrap(),
                service: Service { name: "guard".to_owned(), port: 8443 },
                url: Some("https://127.0.0.1:9443".to_owned()),
                shutdown_delay_seconds: 0,
            },
            health: Health { address: "127.0.0.1:1".parse().unwrap() },
            metrics: Metrics { address: "127.0.0.1:2".parse().unwrap() },
            certificates: Certificates { source: CertificateSource::Secret, secret_name: "tls".to_owned() },
            owner: Some(Owner { cluster_role: "bund-controller".to_owned() }),
            egress: Egress { cluster_policy_priority: 7 },
            geo: Geo {
                databases: vec![GeoDatabase { path: "/geo/a.mmdb".into(), sha256: None, max_age_days: 7 }],
            },
            ledger: Some(Ledger {
                name: "ledger.example.com/prod".parse().unwrap(),
                store: LedgerStore::S3 {
                    url: "s3://bucket/prefix".to_owned(),
                    endpoint: Some("https://s3.example.com".to_owned()),
                    region: Some("cn-north-1".to_owned()),
                },
                inception: Some("2026-05-09".parse().unwrap()),
                key_secret_name: "key".to_owned(),
            }),
            log: Log { filter: "debug".to_owned() },
            tracing: Some(Tracing { otlp_endpoint: "http://collector:4317".to_owned(), sample_ratio: 1.0 }),
        };
        assert_eq!(Configuration::read(text).unwrap(), expected);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, named) in [
            ("webhok: {}", "webhok"),
            ("webhook: {adress: x}", "adress"),
            ("webhook: {address: somewhere}", "address"),
            ("webhook: {service: {name: a, ports: 1}}", "ports"),
            ("webhook: {url: http://a}", "webhook.url: `http://a` does not begin with https://"),
            ("webhook: {shutdownDelaySeconds: 11}", "webhook.shutdownDelaySeconds: 11 is more than 10"),
            ("certificates: {source: own}", "own"),
            ("certificates: {secretName: \"\"}", "certificates.secretName: is empty"),
            ("owner: {}", "clusterRole"),
            ("egress: {clusterPolicyPriority: 1001}", "egress.clusterPolicyPriority: 1001 is more than 1000"),
            (
                "tracing: {otlpEndpoint: collector}",
                "tracing.otlpEndpoint: `collector` does not begin with http://",
            ),
            ("tracing: {otlpEndpoint: \"http://c\", sampleRatio: 2}", "tracing.sampleRatio: 2 is not"),
            ("ledger: {name: A, store: {directory: {path: /l}}}", "`A` is not the name of a log"),
            ("ledger: {name: a}", "store"),
            ("ledger: {name: a, store: {disk: {path: /l}}}", "disk"),
            ("ledger: {name: a, store: {directory: {path: /l, size: 1}}}", "size"),
            (
                "ledger: {name: a, store: {directory: {path: l}}}",
                "ledger.store.directory.path: `l` is not absolute",
            ),
            ("ledger: {name: a, store: {s3: {url: b}}}", "ledger.store.s3.url: `b` does not name a bucket"),
            (
                "ledger: {name: a, store: {s3: {url: \"s3://b\", endpoint: b}}}",
                "ledger.store.s3.endpoint: `b` is no address",
            ),
            (
                "ledger: {name: a, store: {directory: {path: /l}}, inception: 2026-5-9}",
                "`2026-5-9` is not a day",
            ),
            (
                "ledger: {name: a, store: {directory: {path: /l}}, keySecretName: \"\"}",
                "ledger.keySecretName: is empty",
            ),
            ("- a", "expected"),
            ("webhook: {}\nwebhook: {}", "webhook"),
        ] {
            let error = Configuration::read(text).unwrap_err().to_string();
            assert!(error.contains(named), "{text:?} says {error:?}");
        }
    }
}
