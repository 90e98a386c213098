//! Who may weaken what our own kinds protect, by the policy that the API server evaluates alone.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use bund_e2e::{
    cluster::{Cluster, dynamic, name_of, told},
    control_plane::{User, client_as, client_of},
    person::{Person, grants, user},
};
use kube::api::{DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PostParams};
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::{
    bed::{Bed, INJECTED, Living},
    trial,
};

mod agreement;
mod api_server;
mod edits;

pub(crate) fn trials(bed: &Arc<Bed>) -> Vec<Trial> {
    vec![
        trial(
            bed,
            "protection",
            "a policy that denies is lowered and deleted by a person with the right alone",
            who_may,
        ),
        trial(bed, "protection", "what protects nothing that is denied for is everybody's to change", free),
        trial(bed, "protection", "of many classes at one time the right is asked for on all of them", many),
        trial(
            bed,
            "protection",
            "the engine and the API server agree about every edit",
            agreement::every_edit,
        ),
        trial(
            bed,
            "protection",
            "where the API server is says the control plane, and otherwise a person with the right alone",
            api_server::writers,
        ),
    ]
}

/// The class that these tests protect.
const CLASS: &str = "e2e-protected";
/// A class that nobody denies anything for.
const UNPROTECTED: &str = "e2e-unprotected";

fn own(kind: &str, name: &str, spec: &Value) -> Value {
    json!({
        "apiVersion": "bund.dev/v1alpha1", "kind": kind,
        "metadata": { "name": name, "labels": { "e2e": "protection" } }, "spec": spec
    })
}

/// A policy that keeps one class where nothing of other tests lives.
fn policy(name: &str, class: &str, mode: &str) -> Value {
    let spec = json!({
        "dataClasses": [class], "jurisdictions": ["cn-mainland"],
        "namespaceSelector": { "matchLabels": { "e2e": "protection" } },
        "enforcement": { "storage": mode }
    });
    own("ResidencyPolicy", name, &spec)
}

/// Why a refused request was refused; nothing where it passed.
fn refusal<T>(outcome: kube::Result<T>) -> Result<Option<String>> {
    match outcome {
        Ok(_) => Ok(None),
        Err(kube::Error::Api(status)) if status.code == 403 => Ok(Some(status.message.clone())),
        Err(error) => Err(error.into()),
    }
}

/// Puts a spec in place of the one that is there.
async fn edit(cluster: &Cluster, object: &Value, spec: &Value, dry_run: bool) -> Result<Option<String>> {
    let api = cluster.api_of(object).await?;
    let parameters = PostParams { dry_run, ..PostParams::default() };
    loop {
        let mut edited: DynamicObject = api.get(name_of(object)?).await?;
        edited.data["spec"] = spec.clone();
        match api.replace(name_of(object)?, &parameters, &edited).await {
            // Its status was written in between.
            Err(kube::Error::Api(status)) if status.code == 409 => {}
            outcome => return refusal(outcome).with_context(|| told(object)),
        }
    }
}

async fn delete(cluster: &Cluster, object: &Value, dry_run: bool) -> Result<Option<String>> {
    let parameters = DeleteParams { dry_run, ..DeleteParams::default() };
    let api = cluster.api_of(object).await?;
    refusal(api.delete(name_of(object)?, &parameters).await).with_context(|| told(object))
}

/// A person who was given the right to take these classes away.
async fn declassifier(living: &Living, classes: &[&str]) -> Result<Cluster> {
    let person = Person::who_may_declassify(classes.iter().copied());
    living.admin.apply_all(&person.grants()).await?;
    let kubeconfig = living.plane.kubeconfig(User::ADMIN)?;
    Ok(Cluster::of(client_as(kubeconfig, &person.name()).await?))
}

/// Asks until the answer is this refusal: grants, and the policy, reach the API server a moment after they were written.
async fn refused(living: &Living, says: &str, asked: impl AsyncFn() -> Result<Option<String>>) -> Result<()> {
    let seen = async || {
        let message = asked().await?.context("it passed")?;
        ensure!(message.contains(says), "{message}");
        ensure!(!message.contains('\n'), "more than a line: {message}");
        Ok(())
    };
    living.plane.eventually("it is refused", seen).await
}

/// Asks until it passes.
async fn passes(living: &Living, asked: impl AsyncFn() -> Result<Option<String>>) -> Result<()> {
    let passed = async || {
        let refusal = asked().await?;
        ensure!(refusal.is_none(), "{refusal:?}");
        Ok(())
    };
    living.plane.eventually("it passes", passed).await
}

async fn who_may(bed: &Bed) -> Result<()> {
    let living = bed.living().await?;
    let Living { plane, admin, .. } = living;
    let person = declassifier(living, &[CLASS]).await?;
    admin.apply_all(&grants("e2e-writer", &user(User::APP_TEAM.name), &[].into())).await?;
    let writer = Cluster::of(plane.client(User::APP_TEAM).await?);
    let account = json!({ "kind": "ServiceAccount", "name": "default", "namespace": INJECTED });
    admin.apply_all(&grants("e2e-machine-declassifier", &account, &[CLASS.to_owned()].into())).await?;
    let kubeconfig = plane.service_account_kubeconfig(INJECTED, "default").await?;
    let machine = Cluster::of(client_of(&kubeconfig).await?);

    let denying = policy("e2e-denying", CLASS, "Deny");
    admin.apply(&denying).await?;
    let lower = policy("e2e-denying", CLASS, "Audit")["spec"].clone();
    let says = "ProtectionWeakened: ResidencyPolicy e2e-denying lowers storage from Deny to Audit; it protects \
                e2e-protected; LOC-4";
    for cluster in [admin, &writer, &machine] {
        refused(living, says, async || edit(cluster, &denying, &lower, true).await).await?;
        let says = "ProtectionWeakened: ResidencyPolicy e2e-denying is deleted";
        refused(living, says, async || delete(cluster, &denying, true).await).await?;
    }
    // A class too many is a class without the right.
    let mut both = denying["spec"].clone();
    both["dataClasses"] = json!([CLASS, UNPROTECTED]);
    passes(living, async || edit(&writer, &denying, &both, false).await).await?;
    let refused_for_one = async || edit(&person, &denying, &lower, true).await;
    refused(living, "it protects e2e-protected, e2e-unprotected", refused_for_one).await?;
    let mut fewer = both.clone();
    fewer["dataClasses"] = json!([UNPROTECTED]);
    passes(living, async || edit(&person, &denying, &fewer, true).await).await?;
    fewer["dataClasses"] = json!([CLASS]);
    let says = "no longer keeps e2e-unprotected; it protects e2e-unprotected;";
    refused(living, says, async || edit(&person, &denying, &fewer, true).await).await?;
    let of_both = declassifier(living, &[CLASS, UNPROTECTED]).await?;
    passes(living, async || edit(&of_both, &denying, &denying["spec"], false).await).await?;

    // Whole collections, and what only labels it, are no way around and not in the way.
    let api = admin.api_of(&denying).await?;
    let collection = ListParams::default().labels("e2e=protection");
    let all = async || refusal(api.delete_collection(&DeleteParams::default(), &collection).await);
    refused(living, "is deleted", all).await?;
    let labelled = Patch::Merge(json!({ "metadata": { "annotations": { "e2e": "labelled" } } }));
    api.patch("e2e-denying", &PatchParams::default(), &labelled).await.context("an annotation")?;

    passes(living, async || delete(&person, &denying, true).await).await?;
    passes(living, async || edit(&person, &denying, &lower, false).await).await?;
    // Now nothing denies for the class.
    passes(living, async || edit(&machine, &denying, &denying["spec"], false).await).await?;
    refused(living, "is deleted", async || delete(admin, &denying, true).await).await?;
    passes(living, async || delete(&person, &denying, false).await).await
}

async fn free(bed: &Bed) -> Result<()> {
    let living = bed.living().await?;
    let admin = &living.admin;
    let auditing = policy("e2e-auditing", UNPROTECTED, "Warn");
    let mut elsewhere = auditing.clone();
    elsewhere["spec"]["jurisdictions"] = json!(["e2e-elsewhere"]);
    let place = own("Jurisdiction", "e2e-elsewhere", &json!({ "displayName": "E", "countryCodes": ["DE"] }));
    let class = own("DataClass", UNPROTECTED, &json!({ "category": "CoreData" }));
    admin.apply_all(&[elsewhere.clone(), place.clone(), class.clone()]).await?;
    let mut lower = elsewhere["spec"].clone();
    lower["enforcement"] = json!({});
    let wider = json!({ "displayName": "E", "countryCodes": ["DE", "FR"] });
    for (object, spec) in [(&elsewhere, lower), (&place, wider), (&class, json!({ "category": "Other" }))] {
        ensure!(edit(admin, object, &spec, false).await?.is_none(), "{} is not free", told(object));
        let gone = delete(admin, object, false).await?;
        ensure!(gone.is_none(), "the deletion of {}: {gone:?}", told(object));
    }
    // Creation protects nothing yet, so it is nobody's business.
    let api = admin.api_of(&auditing).await?;
    let dry = PostParams { dry_run: true, ..PostParams::default() };
    api.create(&dry, &dynamic(&auditing)?).await?;
    Ok(())
}

async fn many(bed: &Bed) -> Result<()> {
    let living = bed.living().await?;
    let Living { plane, admin, .. } = living;
    let names: Vec<String> = (0..11).map(|number| format!("e2e-many-{number:02}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut eleven = policy("e2e-many", CLASS, "Deny");
    eleven["spec"]["dataClasses"] = json!(names);
    let mut ten = eleven.clone();
    ten["spec"]["dataClasses"] = json!(names[..10]);
    let lower = |object: &Value| {
        let mut spec = object["spec"].clone();
        spec["enforcement"] = json!({});
        spec
    };
    admin.apply(&ten).await?;
    let by_name = declassifier(living, &names).await?;
    passes(living, async || edit(&by_name, &ten, &lower(&ten), true).await).await?;
    refused(living, "e2e-many-09", async || edit(admin, &ten, &lower(&ten), true).await).await?;

    let engineer = user(User::PLATFORM_ENGINEER.name);
    let api = "rbac.authorization.k8s.io";
    admin.apply_all(&grants("e2e-engineer", &engineer, &[].into())).await?;
    admin
        .apply_all(&[
            json!({
                "apiVersion": format!("{api}/v1"), "kind": "ClusterRole",
                "metadata": { "name": "e2e-declassifies-everything" },
                "rules": [{ "apiGroups": ["bund.dev"], "resources": ["dataclasses"], "verbs": ["declassify"] }]
            }),
            json!({
                "apiVersion": format!("{api}/v1"), "kind": "ClusterRoleBinding",
                "metadata": { "name": "e2e-declassifies-everything" }, "subjects": [engineer],
                "roleRef": { "apiGroup": api, "kind": "ClusterRole", "name": "e2e-declassifies-everything" }
            }),
        ])
        .await?;
    let of_all = Cluster::of(plane.client(User::PLATFORM_ENGINEER).await?);
    passes(living, async || edit(&of_all, &ten, &eleven["spec"], false).await).await?;
    refused(living, "e2e-many-10", async || edit(&by_name, &ten, &lower(&eleven), true).await).await?;
    passes(living, async || delete(&of_all, &ten, false).await).await
}
