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

    use bund_engine::{Snapshot, snapshot::Observed};

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
    #[test]
    fn every_shipped_mapping_can_be_read_and_no_two_are_of_one_kind() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies/destinations");
        let mut kinds = BTreeSet::new();
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            let text = fs::read_to_string(&path).unwrap();
            let source = Arc::new(Source { name: name.clone(), text });
            let documents: Vec<_> = crate::manifest::read(&source).into_iter().map(Result::unwrap).collect();
            assert_eq!(documents.len(), 1, "{name}");
            let mut snapshot = Snapshot::default();
            assert_eq!(snapshot.observe(&documents[0].value), Observed::Fact, "{name}");
            let mapped: Vec<_> = snapshot.world().mappings().collect();
            let [(called, spec)] = mapped.as_slice() else { panic!("{name} is no mapping") };
            assert_eq!(*called, name);
            assert!(spec.acts_for_namespace, "{name}");
            assert!(kinds.insert(spec.target.clone()), "{name} maps a kind that another one maps");
        }
        assert!(kinds.len() > 10, "{kinds:?}");
    }
}
