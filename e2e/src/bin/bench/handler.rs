//! The webhook by direct POST, at a fixed rate, and the operator's memory beside many pods.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use bund_e2e::{
    cluster::Cluster,
    control_plane::{ControlPlane, Options, User},
    probe, repository,
    shop::manifests,
    tools::Tools,
};
use http_body_util::{BodyExt, Full};
use hyper::{body::Bytes, client::conn::http1::SendRequest};
use hyper_util::rt::TokioIo;
use k8s_openapi::api::admissionregistration::v1::ValidatingWebhookConfiguration;
use kube::Api;
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use serde_json::{Value, json};
use tokio::{net::TcpStream, sync::mpsc};
use tokio_rustls::TlsConnector;

use crate::{
    engine::{carriers, deployment, location, policy},
    figures::Figures,
};

const POLICIES: usize = 100;
const RATES: [u32; 3] = [50, 200, 500];
const SECONDS: u32 = 20;
/// Connections that take turns: the API server keeps some open too.
const CONNECTIONS: usize = 16;

pub(crate) async fn run() -> Result<()> {
    println!(
        "\nWebhook handler by direct POST over TLS, {POLICIES} policies (goal: p99 <= 2 ms at 500 requests/s)"
    );
    let programs = repository::programs().await?;
    let plane = ControlPlane::start(&Tools::find().await?, Options::api_only()).await?;
    let admin = Cluster::of(plane.client(User::ADMIN).await?);
    admin.apply_definitions(&plane).await?;
    for folder in ["policies/jurisdictions", "policies/classes"] {
        admin.apply_all(&manifests(&repository::root().join(folder))?).await?;
    }
    let guarded = json!({ "bund.dev/guarded": "true" });
    let namespace =
        json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "shop", "labels": guarded } });
    let mut world = vec![namespace, location()];
    world.extend(carriers());
    world.extend((0..POLICIES).map(policy));
    admin.apply_all(&world).await?;
    let operator = plane.start_operator(&programs.join("bund-operator")).await?;
    probe::enforced(&plane, &admin).await?;
    let target = Target::of(&admin).await?;
    for rate in RATES {
        let mut figures = target.load(rate).await?;
        println!("  {rate:>3} requests/s  {}", figures.line());
    }
    drop(operator);
    plane.stop()
}

/// Where the API server would send its reviews.
struct Target {
    address: String,
    tls: TlsConnector,
}

impl Target {
    async fn of(admin: &Cluster) -> Result<Self> {
        let configurations: Api<ValidatingWebhookConfiguration> = Api::all(admin.client());
        let configuration = configurations.get("bund").await?;
        let webhook =
            configuration.webhooks.into_iter().flatten().next().context("no webhook is registered")?;
        let url = webhook.client_config.url.context("the webhook has no URL")?;
        let address =
            url.strip_prefix("https://").and_then(|rest| rest.split('/').next()).context("an odd URL")?;
        let bundle = webhook.client_config.ca_bundle.context("the webhook has no CA")?;
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(&bundle.0) {
            roots.add(certificate?)?;
        }
        let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        Ok(Self { address: address.to_owned(), tls: TlsConnector::from(Arc::new(config)) })
    }

    async fn connect(&self) -> Result<SendRequest<Full<Bytes>>> {
        let stream = TcpStream::connect(&self.address).await?;
        stream.set_nodelay(true)?;
        let host = self.address.rsplit_once(':').map_or(self.address.as_str(), |(host, _)| host).to_owned();
        let stream = self.tls.connect(ServerName::try_from(host)?, stream).await?;
        let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(sender)
    }

    /// Sends at a fixed rate whatever the answers take; a latency counts from when its request was handed over.
    async fn load(&self, rate: u32) -> Result<Figures> {
        let body = Bytes::from(review().to_string());
        let (done, mut latencies) = mpsc::unbounded_channel();
        let mut lanes = Vec::new();
        for _ in 0..CONNECTIONS {
            let (lane, mut handed_over) = mpsc::unbounded_channel::<Instant>();
            let (mut sender, body, done, address) =
                (self.connect().await?, body.clone(), done.clone(), self.address.clone());
            tokio::spawn(async move {
                while let Some(handed_over) = handed_over.recv().await {
                    let sent = post(&mut sender, &address, body.clone()).await;
                    if done.send(sent.map(|()| handed_over.elapsed())).is_err() {
                        break;
                    }
                }
            });
            lanes.push(lane);
        }
        drop(done);
        let interval = Duration::from_secs(1) / rate;
        let started = tokio::time::Instant::now();
        for number in 0..rate * SECONDS {
            let due = started + interval * number;
            tokio::time::sleep_until(due).await;
            let lane = lanes.get(number as usize % CONNECTIONS).context("a lane")?;
            // From now, not from when it was due: how late a timer of one millisecond wakes is not the webhook's
            // doing, and waiting for earlier requests of the lane is counted all the same.
            lane.send(Instant::now())?;
        }
        drop(lanes);
        let mut figures = Figures::default();
        while let Some(latency) = latencies.recv().await {
            figures.add(latency?);
        }
        Ok(figures)
    }
}

async fn post(sender: &mut SendRequest<Full<Bytes>>, address: &str, body: Bytes) -> Result<()> {
    let request = http::Request::post("/validate")
        .header("host", address)
        .header("content-type", "application/json")
        .body(Full::new(body))?;
    let answer = sender.send_request(request).await?;
    ensure!(answer.status().is_success(), "the webhook answers {}", answer.status());
    let body = answer.into_body().collect().await?.to_bytes();
    ensure!(
        body.windows(15).any(|part| part == b"\"allowed\":false"),
        "the webhook admits what it should refuse"
    );
    Ok(())
}

/// The review of a Deployment that is to be refused.
fn review() -> Value {
    json!({
        "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
        "request": {
            "uid": "9d3f6f1e-0000-4000-8000-000000000000",
            "kind": { "group": "apps", "version": "v1", "kind": "Deployment" },
            "resource": { "group": "apps", "version": "v1", "resource": "deployments" },
            "name": "orders", "namespace": "shop", "operation": "CREATE", "dryRun": false,
            "userInfo": { "username": "bench" }, "object": deployment(), "oldObject": null, "options": null
        }
    })
}
