//! What can be said of the chart without a cluster: what it renders, what it refuses, what it documents, and that its
//! alerts, dashboard and GitOps snippets fit the rest of the repository.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on says where")]
#![expect(clippy::indexing_slicing, reason = "indexing raw JSON gives null where nothing is")]

mod geo;
mod gitops;
mod ledger;
mod monitoring;
mod reference;
mod rendered;
mod values;

use std::path::PathBuf;

use bund_e2e::{helm::Helm, repository, tools::Tools};

async fn helm() -> Helm {
    Helm::new(&Tools::find().await.unwrap()).unwrap()
}

fn file(name: &str) -> PathBuf {
    repository::root().join(name)
}

fn text(name: &str) -> String {
    std::fs::read_to_string(file(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn yaml(name: &str) -> serde_json::Value {
    serde_saphyr::from_str(&text(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}
