//! A pod writes to a fresh claim: not before claim and volume are marked.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use bund_e2e::cluster::{name_of, told};
use kube::api::DynamicObject;
use serde_json::Value;

use super::{
    Holding, bound, delete,
    objects::{ABROAD, ABROAD_REGION, HOME, HOME_REGION, fresh_claim, plain, volume, writer},
    refusal_of_binding, running_on, until,
};
use crate::chart::{Ground, SHOP};

/// What the classes' keys begin with, in labels and annotations.
const PREFIX: &str = "data-class.bund.dev/";

/// The claim and the volume that a pod writes to that holds nothing.
pub(super) const PLAIN: &str = "plain-data";

/// The claim and the volume that the pod of a holding writes to.
pub(super) fn data(holding: &Holding) -> String {
    format!("{}-data", holding.name)
}

fn pod(holding: &Holding) -> Value {
    writer(&format!("{}-writer", holding.name), &data(holding), holding.label)
}

/// While nobody marks anything the pod is admitted and gets a volume, but no node.
pub(super) async fn nothing_before_the_mark(ground: &Ground, holding: &Holding) -> Result<()> {
    let (data, pod) = (data(holding), pod(holding));
    let claim = fresh_claim(&data);
    for object in [&volume(&data, &data, HOME_REGION), &claim, &pod] {
        ground.admin.create(object).await?;
    }
    bound(ground, &claim).await?;
    let refusal = refusal_of_binding(&ground.admin, &pod, HOME).await?;
    ensure!(refusal.as_deref() == Some("VolumeUnmarked"), "the binding: {refusal:?}");
    let tried = |pod: &DynamicObject| {
        let conditions = pod.data["status"]["conditions"].to_string();
        ensure!(conditions.contains("VolumeUnmarked"), "{conditions}");
        Ok(pod.data["spec"]["nodeName"].clone())
    };
    let node = until(ground, "the scheduler tried to bind it", &pod, tried).await?;
    ensure!(node.is_null(), "it is bound to {node}");
    Ok(())
}

/// The allowed sibling: a pod that holds nothing writes abroad, marks or no marks.
pub(super) async fn plain_pod_writes_abroad(ground: &Ground) -> Result<()> {
    let pod = plain("plain-writer", PLAIN, ABROAD_REGION);
    for object in [&volume(PLAIN, PLAIN, ABROAD_REGION), &fresh_claim(PLAIN), &pod] {
        ground.admin.create(object).await?;
    }
    let node = running_on(ground, &pod).await?;
    ensure!(node == ABROAD, "it runs on {node}");
    delete(ground, &pod).await
}

/// Once somebody marks, the pod runs on the mainland; and what it wrote to stays marked when it is gone.
pub(super) async fn marked_and_left(ground: &Ground, holding: &Holding) -> Result<()> {
    let (data, pod) = (data(holding), pod(holding));
    let node = running_on(ground, &pod).await?;
    ensure!(node == HOME, "it runs on {node}");
    delete(ground, &pod).await?;
    let writer = format!("written by Pod {SHOP}/{}-writer", holding.name);
    // Where the claim was marked a moment before its volume, the volume repeats what the claim's mark says.
    let from = format!("from PersistentVolumeClaim {SHOP}/{data}");
    let by_claim = [format!("{from}, {writer}"), format!("{from} ({writer})")];
    marked(ground, &fresh_claim(&data), holding, &[writer]).await?;
    marked(ground, &volume(&data, &data, HOME_REGION), holding, &by_claim).await
}

/// Makes sure that an object is marked with the class of the holding and no other, in one of these words.
async fn marked(ground: &Ground, object: &Value, holding: &Holding, words: &[String]) -> Result<()> {
    let found = marks(&ground.admin.api_of(object).await?.get(name_of(object)?).await?);
    let expected = words.iter().map(|how| Marks {
        labels: [(holding.class.to_owned(), String::new())].into(),
        annotations: [(holding.class.to_owned(), how.clone())].into(),
    });
    let expected: Vec<_> = expected.collect();
    ensure!(expected.contains(&found), "{}: {found:?}, not {expected:?}", told(object));
    Ok(())
}

/// What an object says of the classes that it holds, by class.
#[derive(Debug, PartialEq, Eq)]
struct Marks {
    labels: BTreeMap<String, String>,
    annotations: BTreeMap<String, String>,
}

fn marks(object: &DynamicObject) -> Marks {
    let of_classes = |map: &Option<BTreeMap<String, String>>| {
        let entries = map.iter().flatten();
        entries
            .filter_map(|(key, value)| Some((key.strip_prefix(PREFIX)?.to_owned(), value.clone())))
            .collect()
    };
    Marks {
        labels: of_classes(&object.metadata.labels),
        annotations: of_classes(&object.metadata.annotations),
    }
}
