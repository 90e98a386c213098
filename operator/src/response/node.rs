//! Tainting a node, or taking our taint off it. (client)

use kube::api::{DynamicObject, Patch, PatchParams};
use kube::{Api, Client};
use serde_json::Value;

use super::taint::{Edit, edits, patch};
use crate::audit::Audited;
use crate::index::{Change, View, WatchedKind, into_value};

/// Does what is still to be done with a node, by what is stored of it now. Tells of the node as it was before; `None` where
/// nothing had to be done. A node that changes meanwhile is left for the next time.
pub(super) async fn edit(
    client: &Client,
    name: &str,
    view: &View,
    audited: &Audited,
) -> Result<Option<(Value, Edit)>, kube::Error> {
    let Some(kind) = WatchedKind::of("", "Node") else { return Ok(None) };
    let nodes: Api<DynamicObject> = Api::all_with(client.clone(), &kind.resource());
    let Some(node) = nodes.get_opt(name).await? else { return Ok(None) };
    let node = into_value(node, kind);
    let mut fresh = view.clone();
    fresh.apply(&Change::Observed(kind, node.clone()));
    let Some(edit) = edits(&fresh, audited).remove(name) else { return Ok(None) };
    let Some(patch) = patch(&node, &edit) else { return Ok(None) };
    nodes.patch(name, &PatchParams::default(), &Patch::Merge(patch)).await?;
    Ok(Some((node, edit)))
}
