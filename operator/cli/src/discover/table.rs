//! The tables of `policies/discover`: data that grows without code.

use bund_crds::ClassName;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::inventory::GroupKind;

/// A shipped table that is not of its form.
#[derive(Debug, thiserror::Error)]
#[error("the built-in table {name} is not of its form: {why}")]
pub struct TableError {
    name: &'static str,
    why: String,
}

/// What a store is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum StoreType {
    /// A database.
    Database,
    /// A cache.
    Cache,
    /// A message queue or log.
    Queue,
    /// A search index.
    SearchIndex,
    /// An object store or bucket.
    ObjectStore,
    /// A file store.
    FileStore,
    /// A store of configuration.
    Configuration,
    /// Something that keeps volumes.
    Volumes,
}

/// How one product shows itself.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Store {
    /// Its name.
    pub name: String,
    /// What it is.
    #[serde(rename = "type")]
    pub store_type: StoreType,
    /// Image repositories, by their end.
    #[serde(default)]
    pub images: Vec<String>,
    /// Kinds of operators that run it.
    #[serde(default)]
    pub kinds: Vec<StoreKind>,
    /// Variables that its server is set up with.
    #[serde(default)]
    pub env: Vec<String>,
    /// Ports that it listens on.
    #[serde(default)]
    pub ports: Vec<i64>,
    /// The class that it holds by its nature.
    pub holds: Option<ClassName>,
}

/// A kind by which an operator runs a product.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StoreKind {
    /// Its group.
    pub group: String,
    /// Its name.
    pub kind: String,
    /// Where a label reaches its pods.
    pub labels_at: Option<String>,
}

/// The words that tell a class.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassWords {
    /// The class.
    pub class: ClassName,
    /// The words.
    pub words: Vec<String>,
}

#[derive(Deserialize)]
struct Stores {
    stores: Vec<Store>,
}

#[derive(Deserialize)]
struct Words {
    words: Vec<ClassWords>,
}

/// Every product.
pub fn stores() -> Result<Vec<Store>, TableError> {
    let table: Stores = read("stores.yaml", include_str!("../../../../policies/discover/stores.yaml"))?;
    Ok(table.stores)
}

/// The words of each class, the most sensitive first.
pub fn words() -> Result<Vec<ClassWords>, TableError> {
    let table: Words = read("words.yaml", include_str!("../../../../policies/discover/words.yaml"))?;
    Ok(table.words)
}

/// The kinds that are read besides those of every inventory.
pub fn kinds(stores: &[Store]) -> Vec<GroupKind> {
    stores.iter().flat_map(|store| &store.kinds).map(|kind| GroupKind::new(&kind.group, &kind.kind)).collect()
}

/// Reads a shipped table.
pub(crate) fn read<T: DeserializeOwned>(name: &'static str, text: &str) -> Result<T, TableError> {
    serde_saphyr::from_str(text).map_err(|error| TableError { name, why: error.to_string() })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::builtin;

    #[test]
    fn every_entry_is_said_once_and_names_a_shipped_class() {
        let stores = stores().unwrap();
        let mut seen = BTreeSet::new();
        for store in &stores {
            assert!(!store.images.is_empty() || !store.kinds.is_empty(), "{}", store.name);
            for image in &store.images {
                assert!(seen.insert(image.clone()), "image {image} is listed twice");
                assert!(!image.contains([':', '@']), "{image}");
            }
            for variable in &store.env {
                assert!(seen.insert(variable.clone()), "variable {variable} is listed twice");
            }
        }
        let kinds = kinds(&stores);
        assert_eq!(kinds.iter().collect::<BTreeSet<_>>().len(), kinds.len());
        let shipped: BTreeSet<_> = builtin::VOCABULARY.iter().map(|(path, _)| *path).collect();
        let words = words().unwrap();
        let named = words
            .iter()
            .map(|entry| &entry.class)
            .chain(stores.iter().filter_map(|store| store.holds.as_ref()));
        for class in named {
            assert!(shipped.contains(format!("classes/{class}.yaml").as_str()), "{class}");
        }
        for word in words.iter().flat_map(|entry| &entry.words) {
            assert!(word.bytes().all(|byte| byte.is_ascii_lowercase()), "{word}");
        }
    }
}
