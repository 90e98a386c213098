//! An online shop to protect: the Sock Shop manifests where they are at hand, a small shop of our own otherwise.

use std::path::PathBuf;

use anyhow::{Context, ensure};
use bund::check;
use serde_json::{Value, json};

use crate::repository;

/// The namespace of either shop.
pub const NAMESPACE: &str = "sock-shop";

/// A shop: what it is, and what its manifests hold.
#[derive(Clone, Debug)]
pub struct Shop {
    /// What it is, for people.
    pub title: &'static str,
    /// The objects besides the Namespace, in the order of the files.
    pub objects: Vec<Value>,
}

impl Shop {
    /// Reads the shop.
    pub fn open() -> anyhow::Result<Self> {
        let real = repository::root().join("../shared/corpus/sock-shop/deploy/kubernetes/manifests");
        let (title, folder): (_, PathBuf) = if real.is_dir() {
            ("Sock Shop of the microservices-demo project", real)
        } else {
            ("small shop in examples/shop", repository::root().join("examples/shop"))
        };
        let objects = manifests(&folder)?;
        let objects =
            objects.into_iter().filter(|object| object.get("kind") != Some(&json!("Namespace"))).collect();
        Ok(Self { title, objects })
    }

    /// The same shop with a place for every pod.
    #[must_use]
    pub fn placed(&self, key: &str, region: &str) -> Self {
        let mut shop = self.clone();
        for object in &mut shop.objects {
            if let Some(Value::Object(spec)) = object.pointer_mut("/spec/template/spec") {
                let selector = spec.entry("nodeSelector").or_insert_with(|| json!({}));
                if let Some(selector) = selector.as_object_mut() {
                    selector.insert(key.to_owned(), json!(region));
                }
            }
        }
        shop
    }
}

/// The Namespace of the shop, enrolled.
pub fn namespace() -> Value {
    json!({
        "apiVersion": "v1", "kind": "Namespace",
        "metadata": { "name": NAMESPACE, "labels": { "bund.dev/guarded": "true" } }
    })
}

/// Every object of a file or folder of the repository.
pub fn manifests(path: &std::path::Path) -> anyhow::Result<Vec<Value>> {
    let mut unreadable = Vec::new();
    let documents = check::read(&[path.to_owned()], &mut unreadable, |_, _| {});
    if let Some(error) = unreadable.into_iter().next() {
        return Err(error).context("a manifest cannot be read");
    }
    ensure!(!documents.is_empty(), "{} holds no manifest", path.display());
    Ok(documents.into_iter().map(|document| document.value).collect())
}
