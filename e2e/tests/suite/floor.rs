//! The floor: what the API server refuses by itself, when no process of ours runs and nobody calls us.

use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use bund::cases::{self, Case};
use bund_e2e::{
    cluster::{Cluster, dynamic},
    control_plane::{ControlPlane, User},
    entrance::{Sitting, Stage, sittings},
    repository,
};
use bund_engine::{Timestamp, decide};
use kube::api::{DynamicObject, ListParams, PostParams};
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::{admission::pod, bed::Bed, trial};

mod alone;
mod cost;

pub(crate) fn trials(bed: &Arc<Bed>) -> Vec<Trial> {
    vec![
        trial(
            bed,
            "floor",
            "of all cases the API server alone refuses those that say so, and none that the engine admits",
            every_case,
        ),
        trial(
            bed,
            "floor",
            "with everything of ours dead and its webhooks deleted what is plain is refused and all else passes",
            alone::refuses_what_is_plain,
        ),
        trial(bed, "floor", "what the floor knows is written by nobody else", alone::nobody_else_writes),
        trial(
            bed,
            "floor",
            "a hundred policies with full parameters judge a big affinity within the limits of the API server",
            cost::a_hundred_policies,
        ),
    ]
}

/// Every case that can pass an API server, with the operator dead and its webhooks gone.
async fn every_case(bed: &Bed) -> Result<()> {
    let (plane, stage) = (bed.judged().await?, bed.stage().await?);
    // What the sitting of the cases left open would repair what we take away.
    drop(bed.sitting.lock().ok().and_then(|mut open| open.take()));
    let admin = Cluster::of(plane.client(User::ADMIN).await?);
    let (mut asked, mut marked, mut wrong) = (0, 0, Vec::new());
    for mut sitting in sittings(cases::load(&repository::root().join("policies/cases"))?) {
        confine(&mut sitting);
        let operator = stage.open(plane, &sitting).await?;
        operator.kill();
        drop(operator);
        stage.silence().await?;
        alone(plane, &admin).await?;
        // Those that are to be refused come first: when they are, the API server has taken in what the others need too.
        sitting.cases.sort_by_key(|case| !case.sheet.expect.floor);
        for case in &sitting.cases {
            asked += 1;
            marked += usize::from(case.sheet.expect.floor);
            if let Err(error) = compare(plane, stage, case).await {
                wrong.push(format!("{}: {error:#}", case.name));
            }
        }
    }
    if !wrong.is_empty() {
        bail!("{} of {asked} cases:\n{}", wrong.len(), wrong.join("\n"));
    }
    ensure!(marked >= 40, "only {marked} of {asked} cases are for the floor");
    Ok(())
}

/// Pods as they are when the floor is asked: after the injection that the engine wants.
fn confine(sitting: &mut Sitting) {
    for case in &mut sitting.cases {
        let decision = decide(&case.request(), &case.snapshot().0, Timestamp::now());
        if let Some(injection) = decision.injection
            && let Some(spec) = case.object.value.get_mut("spec").and_then(Value::as_object_mut)
        {
            spec.insert("affinity".to_owned(), injection.affinity);
        }
    }
}

/// Waits until the API server calls nobody any more, and goes by the floor.
async fn alone(plane: &ControlPlane, admin: &Cluster) -> Result<()> {
    let unclassified = probe(&json!({}));
    plane
        .eventually("nobody is called any more", async || {
            let refusal = refusal(admin, &unclassified).await?;
            ensure!(refusal.is_none(), "{refusal:?}");
            Ok(())
        })
        .await?;
    // Parameters that hold everywhere refuse a pod on a node that nobody knows, whatever class it holds.
    let parameters = json!({ "apiVersion": "bund.dev/v1alpha1", "kind": "FloorParameters" });
    let parameters = admin.api_of(&parameters).await?.list(&ListParams::default()).await?;
    let holds_everywhere = |object: &DynamicObject| {
        let spec = &object.data["spec"];
        let everywhere = |policy: &Value| policy["denies"] == true && policy["namespaceSelector"].is_null();
        let policies = spec["policies"].as_array();
        policies.is_some_and(|policies| policies.iter().any(everywhere)) && !spec["nodesInside"].is_null()
    };
    if !parameters.items.iter().any(holds_everywhere) {
        return Ok(());
    }
    let nowhere = probe(&json!({ "nodeName": "nowhere" }));
    plane
        .eventually("the floor is asked", async || {
            let refusal = refusal(admin, &nowhere).await?.context("it is admitted")?;
            ensure!(is_of_floor(&refusal), "{refusal}");
            Ok(())
        })
        .await
}

/// A pod in a guarded namespace; where its spec says something, it holds a class that nobody declared.
fn probe(spec: &Value) -> Value {
    let mut pod = pod("bund-probe", "probe", spec.clone());
    let classified = spec != &json!({});
    pod["metadata"]["labels"] =
        if classified { json!({ "data-class.bund.dev/nobody-declared": "" }) } else { json!({}) };
    pod
}

/// Why the API server does not take an object, if it does not.
pub(crate) async fn refusal(admin: &Cluster, object: &Value) -> Result<Option<String>> {
    let dry = PostParams { dry_run: true, ..PostParams::default() };
    match admin.api_of(object).await?.create(&dry, &dynamic(object)?).await {
        Ok(_) => Ok(None),
        Err(kube::Error::Api(status)) => Ok(Some(status.message.clone())),
        Err(error) => Err(error.into()),
    }
}

async fn compare(plane: &ControlPlane, stage: &Stage, case: &Case) -> Result<()> {
    if case.sheet.expect.floor {
        let refused = async || {
            let message = stage.refusal(case).await?.context("the floor admits it")?;
            ensure!(is_of_floor(&message), "{message}");
            ensure!(!message.contains("cost"), "{message}");
            Ok(())
        };
        return plane.eventually("the floor refuses it", refused).await;
    }
    match stage.refusal(case).await? {
        Some(message) if is_of_floor(&message) => {
            let engine = case.through_engine(Timestamp::now());
            let engine =
                if engine.response().allowed { "admits" } else { "refuses; mark the case `floor: true`" };
            bail!("the engine {engine}; the floor says {message}")
        }
        Some(_) | None => Ok(()),
    }
}

pub(crate) fn is_of_floor(message: &str) -> bool {
    message.contains("ValidatingAdmissionPolicy 'bund-")
}
