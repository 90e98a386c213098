//! Asking one operator's webhook directly, as the API server would: which of several replicas answers is not left to chance.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use k8s_openapi::api::admissionregistration::v1::ValidatingWebhookConfiguration;
use kube::Api;
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::{
    cluster::{Cluster, name_of, namespace_of},
    control_plane::Operator,
};

/// Asks webhooks, and trusts what is registered.
pub struct Reviewer {
    tls: TlsConnector,
}

/// What a webhook answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Whether the object is admitted.
    pub allowed: bool,
    /// Why not.
    pub message: String,
    /// What is told besides.
    pub warnings: Vec<String>,
}

impl Reviewer {
    /// One that trusts the authority which the API server was given.
    pub async fn of(admin: &Cluster) -> Result<Self> {
        let configurations: Api<ValidatingWebhookConfiguration> = Api::all(admin.client());
        let webhooks = configurations.get("bund").await?.webhooks;
        let webhook = webhooks.into_iter().flatten().next().context("no webhook is registered")?;
        let bundle = webhook.client_config.ca_bundle.context("the webhook has no authority")?;
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(&bundle.0) {
            roots.add(certificate?)?;
        }
        let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        Ok(Self { tls: TlsConnector::from(Arc::new(config)) })
    }

    /// What `operator` answers when somebody creates this Deployment.
    pub async fn creation(&self, operator: &Operator, deployment: &Value) -> Result<Answer> {
        let address = operator.webhook();
        let stream = TcpStream::connect(address).await?;
        let stream = self.tls.connect(ServerName::IpAddress(address.ip().into()), stream).await?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        let connection = tokio::spawn(connection);
        let request = http::Request::post("/validate")
            .header("host", address.to_string())
            .header("content-type", "application/json")
            .body(Full::new(Bytes::from(review(deployment)?.to_string())))?;
        let answer = sender.send_request(request).await?;
        ensure!(answer.status().is_success(), "the webhook answers {}", answer.status());
        let body = answer.into_body().collect().await?.to_bytes();
        connection.abort();
        let body: Value = serde_json::from_slice(&body)?;
        let response = body.get("response").context("an answer without a response")?;
        let text = |pointer: &str| response.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let warnings = response.get("warnings").and_then(Value::as_array).into_iter().flatten();
        Ok(Answer {
            allowed: response.get("allowed") == Some(&json!(true)),
            message: text("/status/message").to_owned(),
            warnings: warnings.filter_map(Value::as_str).map(str::to_owned).collect(),
        })
    }
}

/// The review of the creation of a Deployment.
fn review(deployment: &Value) -> Result<Value> {
    Ok(json!({
        "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
        "request": {
            "uid": "7c1d6f5e-0000-4000-8000-000000000000",
            "kind": { "group": "apps", "version": "v1", "kind": "Deployment" },
            "resource": { "group": "apps", "version": "v1", "resource": "deployments" },
            "name": name_of(deployment)?, "namespace": namespace_of(deployment),
            "operation": "CREATE", "dryRun": true,
            "userInfo": { "username": "e2e" }, "object": deployment, "oldObject": null, "options": null
        }
    }))
}
