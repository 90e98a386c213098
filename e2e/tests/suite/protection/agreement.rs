//! Every edit is put to the API server as a dry run, and to the engine with the same world.

use anyhow::{Context, Result, bail, ensure};
use bund_e2e::cluster::{Cluster, name_of, told};
use bund_engine::{
    Snapshot,
    snapshot::OwnKind,
    weakening::{Weakening, weakenings},
};
use kube::api::ListParams;
use serde_json::{Value, json};

use super::{
    CLASS, declassifier, delete, edit,
    edits::{Edit, edits, standing},
    passes, refused,
};
use crate::bed::{Bed, Living};

/// The classes that something is denied for.
const STAKE: [&str; 3] = [CLASS, "e2e-undeclared", "personal-information"];

pub(super) async fn every_edit(bed: &Bed) -> Result<()> {
    let living = bed.living().await?;
    let person = declassifier(living, &STAKE).await?;
    living.admin.apply_all(&standing()).await?;
    let outcome = compare(living).await;
    for object in standing().iter().rev() {
        passes(living, async || delete(&person, object, false).await).await?;
    }
    outcome
}

async fn compare(living: &Living) -> Result<()> {
    let Living { admin, .. } = living;
    let mapping = standing().pop().context("nothing stands")?;
    // The leader has registered what stands, and the API server goes by it.
    let told = format!("it protects {};", STAKE.join(", "));
    refused(living, &told, async || delete(admin, &mapping, true).await).await?;
    let world = world(admin).await?;
    let mut wrong = Vec::new();
    let edits = edits();
    ensure!(edits.len() >= 60, "{} edits", edits.len());
    for asked in &edits {
        if let Err(error) = compare_one(admin, &world, asked).await {
            wrong.push(format!("{asked:?}: {error:#}"));
        }
    }
    if wrong.is_empty() { Ok(()) } else { bail!("{} edits:\n{}", wrong.len(), wrong.join("\n")) }
}

async fn compare_one(admin: &Cluster, world: &Snapshot, asked: &Edit) -> Result<()> {
    let kind = OwnKind::of(bund_crds::GROUP, asked.kind).context("no kind of ours")?;
    let named =
        json!({ "apiVersion": "bund.dev/v1alpha1", "kind": asked.kind, "metadata": { "name": asked.name } });
    let stored = serde_json::to_value(admin.api_of(&named).await?.get(name_of(&named)?).await?)?;
    let (found, refusal) = match &asked.change {
        None => (weakenings(kind, &stored, None, world.world()), delete(admin, &named, true).await?),
        Some((pointer, value)) => {
            let mut new = stored.clone();
            change(&mut new, pointer, value)?;
            let found = weakenings(kind, &stored, Some(&new), world.world());
            (found, edit(admin, &named, &new["spec"], true).await?)
        }
    };
    ensure!(found.is_empty() != asked.weakens, "the engine finds {found:?}");
    ensure!(refusal.is_some() == asked.weakens, "the API server says {refusal:?}");
    if let Some(message) = refusal {
        agrees(&message, &found)?;
    }
    Ok(())
}

/// The message is of the policy, in one line, and names the classes that the engine names.
fn agrees(message: &str, found: &[Weakening]) -> Result<()> {
    let mut classes: Vec<_> =
        found.iter().flat_map(|weakening| &weakening.classes).map(ToString::to_string).collect();
    classes.sort();
    classes.dedup();
    let protects = message.split("; it protects ").nth(1).and_then(|rest| rest.split(';').next());
    let mut told: Vec<_> = protects.context(message.to_owned())?.split(", ").map(str::to_owned).collect();
    told.sort();
    ensure!(told == classes, "the engine says {classes:?}, {message}");
    ensure!(message.contains("ProtectionWeakened: ") && !message.contains('\n'), "{message}");
    Ok(())
}

fn change(object: &mut Value, pointer: &str, value: &Value) -> Result<()> {
    let (parent, member) = pointer.rsplit_once('/').context("a pointer")?;
    let parent =
        object.pointer_mut(&format!("/spec{parent}")).with_context(|| format!("nothing at {pointer}"))?;
    let members = parent.as_object_mut().context("no object")?;
    if value.is_null() {
        members.remove(member);
    } else {
        members.insert(member.to_owned(), value.clone());
    }
    Ok(())
}

/// What the operator knows of our kinds.
async fn world(admin: &Cluster) -> Result<Snapshot> {
    let mut world = Snapshot::default();
    for kind in OwnKind::ALL {
        let any = json!({ "apiVersion": "bund.dev/v1alpha1", "kind": kind.as_str() });
        for object in admin.api_of(&any).await?.list(&ListParams::default()).await? {
            let mut object = serde_json::to_value(object)?;
            object["apiVersion"] = any["apiVersion"].clone();
            object["kind"] = any["kind"].clone();
            let observed = world.observe(&object);
            ensure!(observed == bund_engine::snapshot::Observed::Fact, "{} is not read", told(&object));
        }
    }
    Ok(world)
}
