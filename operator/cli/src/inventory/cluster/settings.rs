//! What ConfigMaps hold that pods of guarded namespaces may read: settings that name whom they reach. Only lists. (client)

use std::collections::BTreeSet;

use kube::Api;
use serde_json::Value;

use super::{ClusterError, Detail, GroupKind, Reader};
use crate::inventory::text;

impl Reader {
    /// Puts the ConfigMaps of each guarded namespace, with what they hold, in the place of what is known of them. Those of
    /// other namespaces are nobody's business.
    pub(super) async fn read_settings(&mut self) -> Result<(), ClusterError> {
        let kind = GroupKind::new("", "ConfigMap");
        let Some((resource, _)) = self.resource(&kind) else { return Ok(()) };
        let (mut read, mut maps) = (BTreeSet::new(), Vec::new());
        for namespace in self.inventory.guarded(&[]) {
            let api = Api::namespaced_with(self.client.clone(), &namespace, &resource);
            match self.pages(&api, &resource, Detail::Whole).await {
                Ok(found) => {
                    maps.extend(found.into_iter().map(only_data));
                    read.insert(namespace);
                }
                // That they may not be listed is known already.
                Err(kube::Error::Api(status)) if status.code != 401 => {}
                Err(error) => return Err(ClusterError::List { kind: resource.plural, error }),
            }
        }
        let is_read = |object: &Value| {
            GroupKind::of(object) == kind && read.contains(text(object, "/metadata/namespace"))
        };
        self.inventory.objects.retain(|object| !is_read(object));
        self.inventory.objects.extend(maps);
        Ok(())
    }
}

fn only_data(mut map: Value) -> Value {
    if let Value::Object(members) = &mut map {
        members.retain(|name, _| ["apiVersion", "kind", "metadata", "data"].contains(&name.as_str()));
    }
    map
}
