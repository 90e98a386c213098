//! The policies that are built in: what `policies/` ships.

use std::sync::Arc;

use crate::manifest::Source;

macro_rules! shipped {
    ($($path:literal),* $(,)?) => {
        &[$(($path, include_str!(concat!("../../../policies/", $path)))),*]
    };
}

/// Jurisdictions and data classes: names that every policy may use. Name and text of each file.
pub const VOCABULARY: &[(&str, &str)] = shipped![
    "jurisdictions/cn-mainland.yaml",
    "classes/activity-logs.yaml",
    "classes/core-data.yaml",
    "classes/financial-transactions.yaml",
    "classes/important-data.yaml",
    "classes/minors-personal-information.yaml",
    "classes/personal-information.yaml",
    "classes/sensitive-personal-information.yaml",
];

/// The starter policy, as it ships: everything `Audit`. `bund check` enforces it as `Deny`.
pub const STARTER: &[(&str, &str)] = shipped!["starter/residency.yaml"];

/// The files as sources to read.
pub fn sources(files: &[(&str, &str)]) -> Vec<Arc<Source>> {
    files
        .iter()
        .map(|(path, text)| Arc::new(Source { name: format!("<built in>/{path}"), text: (*text).to_owned() }))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use super::*;

    #[test]
    fn every_shipped_file_is_built_in() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies");
        let mut on_disk = BTreeSet::new();
        for folder in ["jurisdictions", "classes", "starter"] {
            for entry in fs::read_dir(root.join(folder)).unwrap() {
                on_disk.insert(format!("{folder}/{}", entry.unwrap().file_name().into_string().unwrap()));
            }
        }
        let built_in: BTreeSet<_> =
            VOCABULARY.iter().chain(STARTER).map(|(path, _)| (*path).to_owned()).collect();
        assert_eq!(built_in, on_disk);
    }
}
