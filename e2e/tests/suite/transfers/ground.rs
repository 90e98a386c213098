//! Where the trials of transfers take place: a shop, people who may ask and decide, and two operators with rights of their own.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use bund_e2e::{
    cluster::{Cluster, condition_of, definitions, name_of, namespace_of},
    control_plane::{ControlPlane, Identity, OWN_NAMESPACE, Options, User, client_of},
    probe::enforced,
    repository,
    review::Reviewer,
    shop::manifests,
    soak::replicas::Replicas,
};
use k8s_openapi::api::coordination::v1::Lease;
use kube::{
    Api,
    api::{DynamicObject, ListParams},
};
use serde_json::{Value, json};

use super::{example, rights};
use crate::bed::Bed;

/// The namespace of the example.
pub(crate) const SHOP: &str = "shop";
/// Another guarded namespace. One person's approval is enough there.
pub(crate) const TILL: &str = "till";

/// The Lease by which the leader keeps watch over transfers.
pub(crate) const WATCH: &str = "bund-transfers";

/// Asks for transfers.
pub(crate) const LI_NA: Identity =
    Identity { name: "li.na@example.cn", uid: Some("1001"), group: Some(rights::SHOP_TEAM) };
/// Decides on them.
pub(crate) const WANG_WEI: Identity =
    Identity { name: "wang.wei@example.cn", uid: Some("2001"), group: Some(rights::PRIVACY_OFFICE) };
/// Decides on them too.
pub(crate) const ZHAO_MIN: Identity =
    Identity { name: "zhao.min@example.cn", uid: Some("2002"), group: Some(rights::PRIVACY_OFFICE) };

/// How long a closed transfer may go on covering.
const CLOSES_WITHIN: Duration = Duration::from_secs(5);
/// How long who asks waits to be told what is missing.
const TOLD_WITHIN: Duration = Duration::from_secs(10);

/// Everything, with everybody at work.
pub(crate) struct Ground<'p> {
    pub(crate) plane: &'p ControlPlane,
    /// May do everything by a wildcard, and was given nothing.
    pub(crate) admin: Cluster,
    pub(crate) li_na: Cluster,
    pub(crate) wang_wei: Cluster,
    pub(crate) zhao_min: Cluster,
    pub(crate) replicas: Replicas<'p>,
    reviewer: Reviewer,
}

/// Starts a control plane with `options`, runs `test` on it and stops it, however the test ended.
pub(crate) async fn on_ground(
    bed: &Bed,
    options: Options,
    test: impl AsyncFnOnce(&mut Ground<'_>) -> Result<()>,
) -> Result<()> {
    on_configured_ground(bed, options, Value::Null, test).await
}

/// The same, where the operators have `further` configuration.
pub(crate) async fn on_configured_ground(
    bed: &Bed,
    options: Options,
    further: Value,
    test: impl AsyncFnOnce(&mut Ground<'_>) -> Result<()>,
) -> Result<()> {
    let plane = ControlPlane::start(bed.tools().await?, options).await?;
    let outcome = async {
        let mut ground = Ground::lay(bed, &plane, further).await?;
        let outcome = test(&mut ground).await;
        outcome.map_err(|error| error.context(ground.logs()))
    };
    let outcome = outcome.await;
    plane.stop()?;
    outcome
}

impl<'p> Ground<'p> {
    async fn lay(bed: &Bed, plane: &'p ControlPlane, further: Value) -> Result<Self> {
        let admin = Cluster::of(plane.client(User::ADMIN).await?);
        let definitions = definitions()?;
        admin.apply_all(&definitions).await?;
        plane.eventually("our kinds are served", async || admin.serves(&definitions).await).await?;
        for folder in ["policies/jurisdictions", "policies/classes", "examples/policies/location.yaml"] {
            admin.apply_all(&manifests(&repository::root().join(folder))?).await?;
        }
        for name in [SHOP, TILL] {
            plane.create_namespace(name, &[("bund.dev/guarded", "true")]).await?;
        }
        admin.apply_all(&[example::exporter()?, example::policy()?, till_policy()]).await?;
        plane.create_namespace(OWN_NAMESPACE, &[]).await?;
        admin.apply_all(&rights::everybodys()).await?;
        let person = async |who: &Identity| of(plane, who).await;
        let (li_na, wang_wei, zhao_min) =
            (person(&LI_NA).await?, person(&WANG_WEI).await?, person(&ZHAO_MIN).await?);
        let operator = plane.service_account_kubeconfig(OWN_NAMESPACE, rights::OPERATOR).await?;
        let replicas = Replicas::start_as(plane, &bed.operator().await?, &operator, further).await?;
        enforced(plane, &admin).await?;
        let reviewer = Reviewer::of(&admin).await?;
        let ground = Self { plane, admin, li_na, wang_wei, zhao_min, replicas, reviewer };
        ground.watched().await?;
        ground.asked().await?;
        Ok(ground)
    }

    /// Waits until somebody keeps watch over transfers: what was approved before is to be approved again.
    async fn watched(&self) -> Result<()> {
        let leases: Api<Lease> = Api::namespaced(self.admin.client(), OWN_NAMESPACE);
        let kept = async || Ok(leases.get(WATCH).await.map(drop)?);
        self.plane.eventually("somebody keeps watch over transfers", kept).await
    }

    /// Waits until the API server asks about transfers: who makes one is stamped, and nobody writes the record.
    async fn asked(&self) -> Result<()> {
        let transfer = example::transfer()?;
        let stamped = async || {
            let made = dry_run(&self.li_na, &transfer).await?;
            let creator = made.metadata.annotations.unwrap_or_default().remove("bund.dev/created-by");
            ensure!(creator.as_deref() == Some(LI_NA.name), "it is stamped with {creator:?}");
            Ok(())
        };
        self.plane.eventually("who asks for a transfer is stamped", stamped).await?;
        let refused = async || {
            let written = dry_run(&self.admin, &rights::forged_event()).await;
            written.err().context("anybody writes the record").map(drop)
        };
        self.plane.eventually("nobody else writes the record", refused).await
    }

    /// Somebody else, known by a certificate.
    pub(crate) async fn person(&self, who: &Identity) -> Result<Cluster> {
        of(self.plane, who).await
    }

    // === what is told ===

    /// Waits until a condition of a transfer has this status, and returns its message.
    pub(crate) async fn condition(
        &self,
        transfer: &DynamicObject,
        kind: &str,
        status: &str,
    ) -> Result<String> {
        let api = self.admin.api_of(&serde_json::to_value(transfer)?).await?;
        let name = transfer.metadata.name.as_deref().context("a name")?;
        let told = async || {
            let found = api.get(name).await?.data;
            let condition = condition_of(&found["status"], kind)?;
            ensure!(condition["status"] == status, "{condition}");
            Ok(condition["message"].as_str().unwrap_or_default().to_owned())
        };
        self.plane.eventually(&format!("{kind} of {name} is {status}"), told).await
    }

    /// The status of a transfer as soon as there is one, which takes seconds.
    pub(crate) async fn status(&self, transfer: &DynamicObject) -> Result<Value> {
        let began = Instant::now();
        let api = self.admin.api_of(&serde_json::to_value(transfer)?).await?;
        let name = transfer.metadata.name.as_deref().context("a name")?;
        let told = async || {
            let found = api.get(name).await?.data;
            found["status"]["digest"].as_str().context("no digest yet")?;
            Ok(found["status"].clone())
        };
        let status = self.plane.eventually("the status tells of the transfer", told).await?;
        ensure!(began.elapsed() <= TOLD_WITHIN, "it took {:?}", began.elapsed());
        Ok(status)
    }

    /// Name and type of everything recorded of a transfer, in order of name.
    pub(crate) async fn record(&self, transfer: &DynamicObject) -> Result<Vec<(String, String)>> {
        let uid = transfer.metadata.uid.as_deref().context("a uid")?;
        let all = self.admin.api_of(&rights::forged_event()).await?.list(&ListParams::default()).await?;
        let of_it = all.items.into_iter().filter(|event| event.data["spec"]["transfer"]["uid"] == uid);
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let mut record: Vec<_> = of_it
            .map(|event| {
                (event.metadata.name.clone().unwrap_or_default(), text(&event.data["spec"]["event"]))
            })
            .collect();
        record.sort();
        Ok(record)
    }

    /// Waits until the events that open and close a transfer are these, in this order.
    pub(crate) async fn chain(&self, transfer: &DynamicObject, events: &[&str]) -> Result<()> {
        let uid = transfer.metadata.uid.as_deref().context("a uid")?;
        let expected: Vec<_> =
            events.iter().enumerate().map(|(n, event)| format!("{uid}.{n} {event}")).collect();
        let recorded = async || {
            let record = self.record(transfer).await?;
            let chain: Vec<_> = record
                .iter()
                .filter(|(name, _)| name.starts_with(&format!("{uid}.")))
                .map(|(name, event)| format!("{name} {event}"))
                .collect();
            ensure!(chain == expected, "recorded is {chain:?}");
            Ok(())
        };
        self.plane.eventually(&format!("recorded is {events:?}"), recorded).await
    }

    // === what is admitted ===

    /// What every replica by itself answers to the creation of a Deployment: whether it is admitted.
    pub(crate) async fn answers(&self, deployment: &Value) -> Result<Vec<bool>> {
        let mut answers = Vec::new();
        for (_, operator) in self.replicas.running() {
            answers.push(self.reviewer.creation(&operator, deployment).await?.allowed);
        }
        Ok(answers)
    }

    /// Waits until every replica admits a Deployment.
    pub(crate) async fn admitted(&self, deployment: &Value) -> Result<()> {
        let all = async || {
            let answers = self.answers(deployment).await?;
            ensure!(answers.iter().all(|allowed| *allowed), "the replicas answer {answers:?}");
            Ok(())
        };
        self.plane.eventually("every replica admits the workload", all).await
    }

    /// Fails unless every replica refuses a Deployment within five seconds from `since`, and from then on.
    pub(crate) async fn closes(&self, deployment: &Value, since: Instant) -> Result<()> {
        let closed = async {
            while self.answers(deployment).await?.contains(&true) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            anyhow::Ok(())
        };
        let deadline = since + CLOSES_WITHIN;
        tokio::time::timeout_at(deadline.into(), closed).await.context("a replica admits it after 5 s")??;
        self.stays_closed(deployment).await
    }

    /// Fails where a replica admits a Deployment.
    pub(crate) async fn stays_closed(&self, deployment: &Value) -> Result<()> {
        let answers = self.answers(deployment).await?;
        ensure!(!answers.contains(&true), "the replicas answer {answers:?}");
        Ok(())
    }

    fn logs(&self) -> String {
        let running = self.replicas.running();
        running.iter().map(|(_, operator)| operator.log_tail()).collect::<Vec<_>>().join("\n")
    }
}

async fn of(plane: &ControlPlane, who: &Identity) -> Result<Cluster> {
    Ok(Cluster::of(client_of(&plane.certified_kubeconfig(who)?).await?))
}

/// The same as the shop's policy, but one person's approval is enough, and a service account's too.
fn till_policy() -> Value {
    json!({
        "apiVersion": "bund.dev/v1alpha1", "kind": "ResidencyPolicy", "metadata": { "name": "till-residency" },
        "spec": {
            "dataClasses": ["personal-information", "financial-transactions"], "jurisdictions": ["cn-mainland"],
            "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": TILL } },
            "enforcement": { "placement": "Deny" }, "placementStrategy": "Require",
            "trustedSubjects": [{ "username": rights::TRUSTED, "rights": ["Approve"] }]
        }
    })
}

/// Asks what the answer would be.
pub(crate) async fn dry_run(who: &Cluster, object: &Value) -> Result<DynamicObject> {
    let parameters = kube::api::PostParams { dry_run: true, ..kube::api::PostParams::default() };
    Ok(who.api_of(object).await?.create(&parameters, &bund_e2e::cluster::dynamic(object)?).await?)
}

/// Creates an object, and returns the warnings that the answer bears.
pub(crate) async fn warned(who: &Cluster, object: &Value) -> Result<Vec<String>> {
    let api = who.api_of(object).await?;
    let request = http::Request::post(api.resource_url())
        .header("content-type", "application/json")
        .body(kube::client::Body::from(object.to_string().into_bytes()))?;
    let answer = who.client().send(request).await?;
    let (head, body) = answer.into_parts();
    let body = body.collect_bytes().await?;
    let object = format!("{} in {}", name_of(object)?, namespace_of(object));
    ensure!(head.status.is_success(), "{object} is refused: {}", String::from_utf8_lossy(&body));
    let warnings = head.headers.get_all("warning").iter().filter_map(|warning| warning.to_str().ok());
    Ok(warnings.map(str::to_owned).collect())
}
