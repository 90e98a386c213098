//! The transfers of a cluster, and what the law and the decisions on them rest on. Only gets and lists. (client)

use kube::Client;
use serde_json::Value;

use super::{Access, AroundError, GroupKind, Inventory, Reader, Server, Task, around::is_same};
use crate::inventory::asked::AskedError;

/// What is seen of transfers in a cluster.
pub struct Sight {
    /// By which the cluster is asked, and a decision is sent.
    pub client: Client,
    /// Transfers, exporters, decisions and events, and what they rest on.
    pub inventory: Inventory,
    /// The namespace that is looked at: the one that was named, or that of the context.
    pub namespace: String,
    /// The transfer that was asked for, as it is at this moment.
    pub transfer: Option<Value>,
}

/// Reads the transfers, and by a get of its own the one that is named. Without a namespace that of the context holds.
pub async fn read_transfers(
    access: &Access,
    name: Option<&str>,
    namespace: Option<&str>,
) -> Result<Sight, AroundError> {
    let mut reader = Reader::open(access, Task::Transfers).await?;
    let namespace = namespace.unwrap_or(reader.client.default_namespace()).to_owned();
    let kind = GroupKind::new(bund_crds::GROUP, "CrossBorderTransfer");
    let unknown = || AskedError::UnknownKind("crossbordertransfers.bund.dev".to_owned());
    let (resource, _) = reader.resource(&kind).ok_or_else(unknown)?;
    for listed in Task::Transfers.kinds() {
        let one = GroupKind::new(listed.group, listed.kind);
        reader.list_near(&one, listed.detail, Some(&namespace)).await?;
    }
    // Last, so that what is shown is as young as can be.
    let transfer = match name {
        Some(name) => Some(reader.get(&resource, Some(&namespace), name).await?),
        None => None,
    };
    if let Some(transfer) = &transfer {
        reader.replace(&kind, transfer);
    }
    reader.inventory.server = Some(Server { served: reader.served(), ..Server::default() });
    Ok(Sight { client: reader.client, inventory: reader.inventory, namespace, transfer })
}

impl Reader {
    /// Puts an object in the place of what the list had of it.
    fn replace(&mut self, kind: &GroupKind, object: &Value) {
        self.inventory.objects.retain(|other| GroupKind::of(other) != *kind || !is_same(other, object));
        self.inventory.objects.push(object.clone());
    }
}
