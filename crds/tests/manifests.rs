//! Architecture Invariant (generated equals types): `manifests/*.yaml` is what the types generate.
//! `BUND_UPDATE=1 cargo test -p bund-crds --test manifests` writes the files anew.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::{collections::BTreeMap, fs, path::PathBuf};

fn generated() -> BTreeMap<String, String> {
    bund_crds::manifest::definitions()
        .iter()
        .map(|definition| {
            let name = format!("{}.yaml", definition.spec.names.plural);
            let value = serde_json::to_value(definition).unwrap();
            let yaml = serde_saphyr::to_string(&value).unwrap();
            (name, format!("# Generated from the types in crds/src by `make generate`. Do not edit.\n{yaml}"))
        })
        .collect()
}

fn on_disk(folder: &PathBuf) -> BTreeMap<String, String> {
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name().into_string().unwrap(), fs::read_to_string(entry.path()).unwrap()))
        .collect()
}

#[test]
fn manifests_equal_what_the_types_generate() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("manifests");
    let generated = generated();
    if std::env::var_os("BUND_UPDATE").is_some() {
        for (name, text) in &generated {
            fs::write(folder.join(name), text).unwrap();
        }
    }
    let on_disk = on_disk(&folder);
    let differing: Vec<_> =
        generated.keys().chain(on_disk.keys()).filter(|n| generated.get(*n) != on_disk.get(*n)).collect();
    assert!(
        differing.is_empty(),
        "run `make generate`; these manifests differ from the types: {differing:?}"
    );
}

#[test]
fn generated_manifests_read_back_as_the_definitions_they_came_from() {
    for definition in bund_crds::manifest::definitions() {
        let value = serde_json::to_value(&definition).unwrap();
        let yaml = serde_saphyr::to_string(&value).unwrap();
        let read: serde_json::Value = serde_saphyr::from_str(&yaml).unwrap();
        assert_eq!(read, value);
    }
}

#[test]
fn every_string_list_and_map_that_users_write_is_bounded() {
    for definition in bund_crds::manifest::definitions() {
        let value = serde_json::to_value(&definition).unwrap();
        let spec = &value["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"];
        let mut unbounded = Vec::new();
        find_unbounded(spec, &definition.spec.names.kind, &mut unbounded);
        assert_eq!(unbounded, Vec::<String>::new());
    }
}

fn find_unbounded(schema: &serde_json::Value, place: &str, unbounded: &mut Vec<String>) {
    let missing = |key: &str| schema.get(key).is_none();
    match schema["type"].as_str() {
        Some("string") if missing("maxLength") && missing("enum") => unbounded.push(place.to_owned()),
        Some("array") if missing("maxItems") => unbounded.push(place.to_owned()),
        Some("object") if !missing("additionalProperties") && missing("maxProperties") => {
            unbounded.push(place.to_owned());
        }
        _ => {}
    }
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        find_unbounded(property, &format!("{place}.{name}"), unbounded);
        assert!(property.get("description").is_some(), "{place}.{name} has no description");
    }
    for key in ["items", "additionalProperties"] {
        if let Some(inner) = schema.get(key) {
            find_unbounded(inner, &format!("{place}[]"), unbounded);
        }
    }
}
