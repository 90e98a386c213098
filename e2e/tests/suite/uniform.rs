//! A cluster that is inside as a whole: no node has a label, and the shop is admitted as it is.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use bund_e2e::{
    cluster::{Cluster, definitions, told},
    control_plane::{ControlPlane, Options, User, nodes},
    probe::enforced,
    repository,
    shop::{self, Shop, manifests},
};
use libtest_mimic::Trial;
use serde_json::json;

use crate::{admission::refused, bed::Bed, trial};

pub(crate) fn trials(bed: &Arc<Bed>) -> Vec<Trial> {
    vec![trial(
        bed,
        "uniform",
        "a uniform cluster without labels admits its shop unchanged",
        shop_is_admitted,
    )]
}

async fn shop_is_admitted(bed: &Bed) -> Result<()> {
    let plane = ControlPlane::start(bed.tools().await?, Options::default()).await?;
    let outcome = admit(bed, &plane).await;
    plane.stop()?;
    outcome
}

async fn admit(bed: &Bed, plane: &ControlPlane) -> Result<()> {
    let admin = Cluster::of(plane.client(User::ADMIN).await?);
    plane
        .add_nodes(&[nodes::unlabelled("one"), nodes::unlabelled("two"), nodes::hong_kong("strayed")])
        .await?;
    let definitions = definitions()?;
    admin.apply_all(&definitions).await?;
    plane.eventually("our kinds are served", async || admin.serves(&definitions).await).await?;
    for folder in ["policies/jurisdictions", "examples/policies"] {
        admin.apply_all(&manifests(&repository::root().join(folder))?).await?;
    }
    let location = json!({
        "apiVersion": "bund.dev/v1alpha1", "kind": "ClusterLocation", "metadata": { "name": "cluster" },
        "spec": { "jurisdiction": "cn-mainland", "span": "Uniform", "providers": ["alibaba"] }
    });
    admin.apply_all(&[location, shop::namespace()]).await?;
    let _operator = plane.start_operator(&bed.operator().await?).await?;
    enforced(plane, &admin).await?;
    for object in &Shop::open()?.objects {
        let admitted = admin.apply(object).await.with_context(|| told(object))?;
        for field in ["/spec/template/spec/affinity", "/spec/template/spec/nodeSelector"] {
            ensure!(admitted.data.pointer(field) == object.pointer(field), "{} was changed", told(object));
        }
    }
    let stray = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": { "name": "stray", "namespace": shop::NAMESPACE, "labels": { "name": "user-db" } },
        "spec": { "nodeName": "strayed", "containers": [{ "name": "app", "image": "app:1" }] }
    });
    let message = refused(&admin, &stray).await?;
    ensure!(message.contains("NodeOutside"), "{message}");
    Ok(())
}
