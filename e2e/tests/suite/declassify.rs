//! Who may take a class away from an object that holds it, by whatever way the object is written.

use std::{collections::BTreeSet, sync::Arc};

use anyhow::{Context, Result, ensure};
use bund_e2e::{
    cluster::{Cluster, dynamic, name_of, namespace_of, told},
    control_plane::{User, client_as, client_of},
    person::{Person, grants},
    probe::enforced,
};
use kube::api::{Patch, PatchParams, PostParams};
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::{
    admission::{CLASS, deployment, pod},
    bed::{AUDITED, Bed, Living},
    trial,
};

mod washing;

use washing::{Washing, washings};

pub(crate) fn trials(bed: &Arc<Bed>) -> Vec<Trial> {
    vec![
        trial(bed, "declassify", "only a person who was given the right takes a class away", who_may),
        trial(bed, "declassify", "a binding does not overwrite what a class goes by", bindings),
        trial(
            bed,
            "declassify",
            "where policies audit a class goes freely, and deletion is always free",
            free,
        ),
        trial(bed, "declassify", "what changes no label does not wait for us", does_not_wait),
    ]
}

/// The guarded namespace of these tests, where a policy denies.
pub(crate) const WASHED: &str = "washed";
/// The class that a selector attaches.
const SELECTED: &str = "e2e-selected";
/// What the selector matches.
pub(crate) const SELECTOR: &str = "e2e-washed";

fn classes() -> BTreeSet<String> {
    ["personal-information", SELECTED].map(str::to_owned).into()
}

/// Everybody who tries.
struct Cast<'l> {
    living: &'l Living,
    /// May everything by wildcard, and was given nothing.
    admin: &'l Cluster,
    /// Was given the right, and is no person.
    machine: Cluster,
    /// Was given the right.
    person: Cluster,
    /// What is to be removed at the end.
    given: Vec<Value>,
}

fn standing() -> Vec<Value> {
    let own = |kind: &str, name: &str, spec: Value| json!({ "apiVersion": "bund.dev/v1alpha1", "kind": kind, "metadata": { "name": name }, "spec": spec });
    vec![
        json!({
            "apiVersion": "v1", "kind": "Namespace",
            "metadata": { "name": WASHED, "labels": { "bund.dev/guarded": "true", "e2e": WASHED } }
        }),
        own(
            "DataClass",
            SELECTED,
            json!({
                "category": "Other",
                "selectors": [{ "objectSelector": { "matchLabels": { (SELECTOR): "yes" } } }]
            }),
        ),
        own(
            "ResidencyPolicy",
            WASHED,
            json!({
                "dataClasses": ["personal-information", SELECTED],
                "jurisdictions": ["cn-mainland"],
                "namespaceSelector": { "matchLabels": { "e2e": WASHED } },
                "enforcement": { "placement": "Deny" },
                "placementStrategy": "Inject"
            }),
        ),
    ]
}

/// Sets the stage, runs `test` on it and clears it, however the test ended.
async fn on_stage(bed: &Bed, test: impl AsyncFnOnce(&Cast<'_>) -> Result<()>) -> Result<()> {
    let living = bed.living().await?;
    let Living { plane, admin, .. } = living;
    let standing = standing();
    admin.apply_all(&standing).await?;
    let account = async || plane.service_account_kubeconfig(WASHED, "default").await;
    let account = plane.eventually("the namespace has its service account", account).await?;
    let person = Person::who_may_declassify(classes().iter().map(String::as_str));
    let subject = json!({ "kind": "ServiceAccount", "name": "default", "namespace": WASHED });
    let mut given: Vec<_> = person.grants().into();
    given.extend(grants("e2e-machine-may-declassify", &subject, &classes()));
    admin.apply_all(&given).await?;
    let cast = Cast {
        living,
        admin,
        machine: Cluster::of(client_of(&account).await?),
        person: Cluster::of(client_as(plane.kubeconfig(User::ADMIN)?, &person.name()).await?),
        given,
    };
    let outcome = test(&cast).await;
    let cleared = cast.clear(&standing).await;
    outcome.and(cleared)
}

impl Cast<'_> {
    /// Our own kinds are protected too: a person takes them away, in an order in which nothing else stands in the way.
    /// The namespace stays for the next test.
    async fn clear(&self, standing: &[Value]) -> Result<()> {
        for object in standing.iter().rev().filter(|object| object["kind"] != "Namespace") {
            self.person.delete(object).await.with_context(|| format!("cannot remove {}", told(object)))?;
        }
        for object in &self.given {
            self.admin.delete(object).await?;
        }
        Ok(())
    }

    /// Waits until `who` is refused what a washing tries, for its reason. Dry runs, so that nothing is lost before
    /// the index has seen everything.
    async fn refused(&self, name: &str, who: &Cluster, washing: &Washing) -> Result<()> {
        let Washing { what, reason, .. } = washing;
        let try_it = async || {
            let error = washing.write(who, true).await.err().context("it was admitted")?;
            let message = format!("{error:#}");
            ensure!(message.contains(reason), "another refusal than {reason}: {message}");
            ensure!(message.contains("declassify"), "it does not say which right is missing: {message}");
            Ok(())
        };
        self.living.plane.eventually(&format!("{name} is refused: {what}"), try_it).await
    }

    /// Waits until the person is let through, and for what the audit log says then.
    async fn admitted(&self, washing: &Washing) -> Result<()> {
        let plane = &self.living.plane;
        let position = plane.audit_log().end()?;
        let write = async || washing.write(&self.person, false).await;
        plane.eventually(&format!("a person is let through: {}", washing.what), write).await?;
        let declassified = |event: &bund_e2e::control_plane::AuditEvent| {
            let by = |value: &String| value.contains(" by declassifier:");
            event.annotations.iter().any(|(name, value)| name.ends_with("/declassified") && by(value))
        };
        plane.audit_event("the audit log says who declassified", position, declassified).await.map(drop)
    }
}

impl Washing {
    /// Writes the change as a merge patch.
    async fn write(&self, cluster: &Cluster, dry_run: bool) -> Result<()> {
        let api = cluster.api_of(&self.object).await?;
        let name = name_of(&self.object)?;
        let parameters = PatchParams { dry_run, ..PatchParams::default() };
        let patch = Patch::Merge(&self.change);
        match self.subresource {
            None => api.patch(name, &parameters, &patch).await?,
            // It is only written whole.
            Some("finalize") => {
                let mut object = serde_json::to_value(api.get(name).await?)?;
                merge(&mut object, &self.change);
                let parameters = PostParams { dry_run, ..PostParams::default() };
                api.replace_subresource("finalize", name, &parameters, &dynamic(&object)?).await?
            }
            Some(subresource) => api.patch_subresource(subresource, name, &parameters, &patch).await?,
        };
        Ok(())
    }
}

/// RFC 7386.
fn merge(object: &mut Value, change: &Value) {
    let (Some(members), Some(changes)) = (object.as_object_mut(), change.as_object()) else {
        change.clone_into(object);
        return;
    };
    for (name, change) in changes {
        if change.is_null() {
            members.remove(name);
        } else {
            merge(members.entry(name).or_insert(Value::Null), change);
        }
    }
}

async fn who_may(bed: &Bed) -> Result<()> {
    on_stage(bed, async |cast| {
        for washing in washings() {
            let objects: Vec<_> = [&washing.object].into_iter().chain(&washing.inside).collect();
            cast.admin.apply_all(objects.iter().copied()).await.context(washing.what)?;
            cast.refused("the administrator", cast.admin, &washing).await?;
            cast.refused("a service account", &cast.machine, &washing).await?;
            cast.admitted(&washing).await?;
            for object in objects {
                cast.admin.delete(object).await.with_context(|| format!("deletion of {}", told(object)))?;
                gone(cast.living, object).await?;
            }
        }
        warned(cast).await
    })
    .await
}

/// Names are used again.
async fn gone(living: &Living, object: &Value) -> Result<()> {
    if object["kind"] == "Namespace" {
        return Ok(());
    }
    let api = living.admin.api_of(object).await?;
    let none = async || {
        ensure!(api.get_opt(name_of(object)?).await?.is_none(), "it is still there");
        Ok(())
    };
    living.plane.eventually(&format!("{} is gone", told(object)), none).await
}

/// Who takes a class away is told that it counted.
async fn warned(cast: &Cast<'_>) -> Result<()> {
    let secret = washing::secret("warned");
    cast.admin.apply(&secret).await?;
    let uri = format!("/api/v1/namespaces/{}/secrets/warned", namespace_of(&secret));
    let change = json!({ "metadata": { "labels": { CLASS: null } } });
    let request = http::Request::patch(uri)
        .header("content-type", "application/merge-patch+json")
        .body(kube::client::Body::from(change.to_string().into_bytes()))?;
    let answer = cast.person.client().send(request).await?;
    let warnings: Vec<_> =
        answer.headers().get_all("warning").iter().filter_map(|w| w.to_str().ok()).collect();
    cast.admin.delete(&secret).await?;
    ensure!(answer.status().is_success(), "{}", answer.status());
    ensure!(warnings.iter().any(|warning| warning.contains("ClassRemoved")), "{warnings:?}");
    Ok(())
}

async fn bindings(bed: &Bed) -> Result<()> {
    on_stage(bed, async |cast| {
        let mut waiting = pod(
            WASHED,
            "waiting",
            json!({
                "schedulerName": "nobody", "nodeSelector": { "topology.kubernetes.io/region": "cn-hangzhou" }
            }),
        );
        waiting["metadata"]["labels"] = json!({ (SELECTOR): "yes" });
        cast.admin.apply(&waiting).await?;
        let binding = |labels: Value| {
            json!({
                "apiVersion": "v1", "kind": "Binding",
                "metadata": { "name": "waiting", "namespace": WASHED, "labels": labels },
                "target": { "apiVersion": "v1", "kind": "Node", "name": "hangzhou-1" }
            })
        };
        let bind = async |who: &Cluster, labels: Value| -> Result<Value> {
            let uri = format!("/api/v1/namespaces/{WASHED}/pods/waiting/binding?dryRun=All");
            let body = binding(labels).to_string().into_bytes();
            let request = http::Request::post(uri).header("content-type", "application/json").body(body)?;
            Ok(who.client().request(request).await?)
        };
        let overwriting = async |who: &Cluster| {
            let outcome = bind(who, json!({ (SELECTOR): "no" })).await;
            let message = format!("{:#}", outcome.err().context("it was admitted")?);
            ensure!(message.contains("ClassRemoved"), "{message}");
            Ok(())
        };
        let plane = &cast.living.plane;
        plane.eventually("the binding is refused", async || overwriting(cast.admin).await).await?;
        plane.eventually("a machine's is refused", async || overwriting(&cast.machine).await).await?;
        bind(cast.admin, json!({ "of-another": "kind" }))
            .await
            .context("a binding that overwrites nothing")?;
        bind(&cast.person, json!({ (SELECTOR): "no" })).await.context("a binding by a person")?;
        cast.admin.delete(&waiting).await
    })
    .await
}

async fn free(bed: &Bed) -> Result<()> {
    let living = bed.living().await?;
    let mut secret = washing::secret("audited");
    secret["metadata"]["namespace"] = json!(AUDITED);
    living.admin.apply(&secret).await?;
    let washing = Washing {
        what: "a Secret in a namespace that is audited",
        change: json!({ "metadata": { "labels": { CLASS: null } } }),
        object: secret.clone(),
        ..Washing::default()
    };
    washing.write(&living.admin, false).await?;
    living.admin.delete(&secret).await?;
    let audited = deployment(AUDITED, "washed", 0, json!({ CLASS: "" }));
    living.admin.apply(&audited).await?;
    let washing = Washing {
        what: "a Deployment in a namespace that is audited",
        change: json!({ "spec": { "template": { "metadata": { "labels": { CLASS: null } } } } }),
        object: audited.clone(),
        ..Washing::default()
    };
    washing.write(&living.admin, false).await?;
    living.admin.delete(&audited).await
}

async fn does_not_wait(bed: &Bed) -> Result<()> {
    on_stage(bed, async |cast| {
        let living = cast.living;
        let mut claim = washing::claim("ending");
        claim["metadata"]["finalizers"] = json!(["e2e.bund.dev/kept"]);
        let (secret, volume, waiting) =
            (washing::secret("kept"), washing::volume("kept"), washing::waiting("kept"));
        cast.admin.apply_all([&claim, &secret, &volume, &waiting]).await?;
        cast.admin.delete(&claim).await?;
        living.operator.kill();
        let outcome = without_us(cast, &claim, &secret, &volume, &waiting).await;
        living.operator.restart()?;
        living.plane.operator_ready(&living.operator).await?;
        enforced(&living.plane, &living.admin).await?;
        for object in [&secret, &volume, &waiting] {
            cast.admin.delete(object).await?;
        }
        outcome
    })
    .await
}

/// While nobody answers: what can take no class away passes, what could does not.
async fn without_us(
    cast: &Cast<'_>,
    claim: &Value,
    secret: &Value,
    volume: &Value,
    waiting: &Value,
) -> Result<()> {
    let washing = |what, object: &Value, subresource, change| Washing {
        what,
        object: object.clone(),
        subresource,
        change,
        ..Washing::default()
    };
    let status = Some("status");
    let washed = json!({ "metadata": { "labels": { CLASS: null } } });
    for passes in [
        washing("a Secret changes its content", secret, None, json!({ "data": { "a": "Yg==" } })),
        washing("a pod's status changes", waiting, status, json!({ "status": { "message": "m" } })),
        washing("a volume's status changes", volume, status, json!({ "status": { "message": "m" } })),
        washing("a claim loses its finalizers", claim, None, json!({ "metadata": { "finalizers": null } })),
    ] {
        passes.write(cast.admin, false).await.context(passes.what)?;
    }
    for waits in [
        washing("a Secret loses its label", secret, None, washed.clone()),
        washing("a pod loses its label by its status", waiting, status, washed.clone()),
        washing("a volume loses its label by its status", volume, status, washed),
    ] {
        let outcome = waits.write(cast.admin, true).await;
        ensure!(outcome.is_err(), "it passed while nobody answered: {}", waits.what);
    }
    Ok(())
}
