//! Who may break glass, what happens then, and how it shows.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use bund_e2e::{
    cluster::{Cluster, condition_of},
    control_plane::{ControlPlane, User},
};
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::{
    admission::{pod, refused},
    bed::{Bed, INJECTED, Living},
    trial,
};

pub(crate) fn trials(bed: &Arc<Bed>) -> Vec<Trial> {
    vec![
        trial(
            bed,
            "break_glass",
            "only a person who was given the right breaks glass, and under their own name",
            who_may,
        ),
        trial(bed, "break_glass", "what is let through shows everywhere, and ends with the object", shows),
    ]
}

fn glass(name: &str, requested_by: &str) -> Value {
    json!({
        "apiVersion": "bund.dev/v1alpha1", "kind": "BreakGlass", "metadata": { "name": name },
        "spec": {
            "reason": "INC-7: the mainland zone is down", "requestedBy": requested_by,
            "namespaces": [INJECTED], "durationMinutes": 30
        }
    })
}

/// Grants `verbs` on the objects, and the right itself where it is asked for.
async fn grant(admin: &Cluster, subject: Value, name: &str, right: bool) -> Result<()> {
    let mut rules = vec![json!({
        "apiGroups": ["bund.dev"], "resources": ["breakglasses"], "verbs": ["create", "update", "patch", "delete", "get"]
    })];
    if right {
        rules.push(json!({
            "apiGroups": ["bund.dev"], "resources": ["enforcements"], "verbs": ["breakglass"]
        }));
    }
    let api = "rbac.authorization.k8s.io";
    admin
        .apply_all(&[
            json!({
                "apiVersion": format!("{api}/v1"), "kind": "ClusterRole", "metadata": { "name": name }, "rules": rules
            }),
            json!({
                "apiVersion": format!("{api}/v1"), "kind": "ClusterRoleBinding", "metadata": { "name": name },
                "roleRef": { "apiGroup": api, "kind": "ClusterRole", "name": name }, "subjects": [subject]
            }),
        ])
        .await
}

fn person(user: User) -> Value {
    json!({ "apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user.name })
}

async fn as_user(plane: &ControlPlane, user: User) -> Result<Cluster> {
    Ok(Cluster::of(plane.client(user).await?))
}

async fn who_may(bed: &Bed) -> Result<()> {
    let Living { plane, admin, .. } = bed.living().await?;
    grant(admin, person(User::PLATFORM_ENGINEER), "e2e-may-break-glass", true).await?;
    grant(admin, person(User::INTRUDER), "e2e-may-only-create", false).await?;
    let machine = json!({ "kind": "ServiceAccount", "name": "default", "namespace": INJECTED });
    grant(admin, machine, "e2e-machine", true).await?;
    let engineer = as_user(plane, User::PLATFORM_ENGINEER).await?;
    let kubeconfig = plane.service_account_kubeconfig(INJECTED, "default").await?;
    let machine_name = format!("system:serviceaccount:{INJECTED}:default");
    let by = |name: &str| glass("refused", name);
    let intruder = as_user(plane, User::INTRUDER).await?;
    let machine = Cluster::of(bund_e2e::control_plane::client_of(&kubeconfig).await?);
    for (cluster, object, says) in [
        (&intruder, by(User::INTRUDER.name), "you do not have the verb breakglass"),
        (admin, by(User::ADMIN.name), "by a wildcard, which nobody chose"),
        (&machine, by(&machine_name), "a service account does not break glass"),
        (&engineer, by("kate"), "spec.requestedBy must be your own user name"),
    ] {
        let refused = async || {
            let message = refused(cluster, &object).await?;
            ensure!(message.contains(says), "{message}");
            Ok(())
        };
        // Grants, and the policy, reach the API server a moment after they were written.
        plane.eventually("glass stays whole", refused).await?;
    }
    let mine = glass("e2e-mine", User::PLATFORM_ENGINEER.name);
    engineer.create(&mine).await?;
    let mut longer = mine.clone();
    if let Some(minutes) = longer.pointer_mut("/spec/durationMinutes") {
        *minutes = 1440.into();
    }
    let error = engineer.apply(&longer).await.err().context("the time was made longer")?;
    let outcome = format!("{error:#}");
    engineer.delete(&mine).await?;
    ensure!(outcome.contains("does not change"), "{outcome}");
    Ok(())
}

async fn shows(bed: &Bed) -> Result<()> {
    let Living { plane, admin, operator } = bed.living().await?;
    grant(admin, person(User::PLATFORM_ENGINEER), "e2e-may-break-glass", true).await?;
    let engineer = as_user(plane, User::PLATFORM_ENGINEER).await?;
    let abroad = pod(INJECTED, "in-an-emergency", json!({ "nodeName": "frankfurt-1" }));
    let before = refused(admin, &abroad).await?;
    ensure!(before.contains("NodeOutside"), "{before}");
    let mine = glass("e2e-inc-7", User::PLATFORM_ENGINEER.name);
    let position = plane.audit_log().end()?;
    engineer.create(&mine).await?;
    let let_through = async || {
        admin.create(&abroad).await?;
        Ok(())
    };
    plane.eventually("the pod is let through", let_through).await?;
    let said = |key: &'static str, says: &'static str| {
        plane.audit_event(key, position, move |event| {
            event.annotations.iter().any(|(name, value)| name.ends_with(key) && value.contains(says))
        })
    };
    said("/break-glass", "e2e-inc-7 of platform-engineer").await?;
    said("/findings", "let through by BreakGlass e2e-inc-7 of platform-engineer until").await?;
    let policy =
        admin.api_of(&json!({ "apiVersion": "bund.dev/v1alpha1", "kind": "ResidencyPolicy" })).await?;
    let condition = async |reason: &str| {
        let policy = policy.get(INJECTED).await?;
        let enforced = condition_of(&policy.data["status"], "Enforced")?;
        ensure!(enforced["reason"] == reason, "{enforced}");
        Ok(())
    };
    plane.eventually("the policy says so", async || condition("BreakGlass").await).await?;
    let metric = async |line: &str| {
        let metrics = operator.metrics().await?;
        ensure!(metrics.lines().any(|found| found == line), "{metrics}");
        Ok(())
    };
    plane.eventually("the metric says so", async || metric("bund_break_glass_active 1").await).await?;
    ensure!(operator.log_tail().contains("not refused, because glass is broken"), "the log does not say so");

    engineer.delete(&mine).await?;
    admin.delete(&abroad).await?;
    let refused_again = async || {
        let outcome = refused(admin, &abroad).await;
        if outcome.is_err() {
            admin.delete(&abroad).await?;
        }
        outcome.map(drop)
    };
    plane.eventually("glass is whole again", refused_again).await?;
    plane.eventually("the policy says so", async || condition("AsWritten").await).await?;
    plane.eventually("the metric says so", async || metric("bund_break_glass_active 0").await).await
}
