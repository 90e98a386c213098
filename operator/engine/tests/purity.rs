//! Nothing that keeps the engine pure was loosened.
#![expect(
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test that cannot go on says where"
)]

use std::{collections::BTreeSet, fs, path::Path, process::Command};

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every source file below `folder`, with its code as far as its unit tests, which may use `std`.
fn sources(folder: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let (text, _) = text.split_once("#[cfg(test)]\nmod tests").unwrap_or((&text, ""));
            let code: Vec<_> = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
            found.push((path.display().to_string(), code.join("\n")));
        }
    }
    found
}

#[test]
fn the_crate_has_no_standard_library() {
    let root = read("src/lib.rs");
    assert!(root.lines().any(|line| line == "#![no_std]"));
    let std: Vec<_> = root.match_indices("extern crate std").collect();
    assert_eq!(std.len(), 1, "std is there once, for unit tests");
    assert!(root.contains("#[cfg(test)]\nextern crate std;"));
}

#[test]
fn no_source_names_the_standard_library_or_loosens_a_lint() {
    let sources = sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    assert!(sources.len() > 30, "the sources are found");
    let words = [
        "std::",
        "allow(",
        "expect(",
        "static ",
        "thread_local",
        "unsafe",
        "include!",
        "include_str!",
        "env!",
        "extern \"",
        "macro_rules",
    ];
    let named: Vec<_> = sources
        .iter()
        .flat_map(|(path, text)| {
            words.iter().filter(|word| text.contains(**word)).map(move |word| (path, word))
        })
        // A lifetime is no item.
        .filter(|(path, word)| **word != "static " || !only_lifetimes(&sources, path))
        .collect();
    assert_eq!(named, []);
}

fn only_lifetimes(sources: &[(String, String)], path: &str) -> bool {
    let text = sources.iter().filter(|(at, _)| at == path).map(|(_, text)| text);
    text.flat_map(|text| text.match_indices("static ").map(move |(at, _)| text[..at].ends_with('\'')))
        .all(|is_lifetime| is_lifetime)
}

#[test]
fn the_dependencies_are_those_that_were_looked_at() {
    let metadata = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--offline", "--no-deps"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let metadata: serde_json::Value = serde_json::from_slice(&metadata.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let engine = packages.iter().find(|package| package["name"] == "bund-engine").unwrap();
    let of_kind = |kind: Option<&str>| -> BTreeSet<&str> {
        let dependencies = engine["dependencies"].as_array().unwrap().iter();
        dependencies.filter(|d| d["kind"].as_str() == kind).map(|d| d["name"].as_str().unwrap()).collect()
    };
    // What does I/O, reads clocks, draws random numbers or starts threads has no business here: tokio, kube with
    // its client, reqwest, hyper, rand and getrandom above all.
    let normal = [
        "bund-crds",
        "idna",
        "ipnet",
        "jiff",
        "rpds",
        "serde",
        "serde_json",
        "serde_json_canonicalizer",
        "serde_path_to_error",
        "sha2",
        "thiserror",
    ];
    assert_eq!(of_kind(None), BTreeSet::from(normal));
    assert_eq!(of_kind(Some("build")), BTreeSet::new());
    let dependencies = engine["dependencies"].as_array().unwrap();
    let with_std: Vec<_> = dependencies
        .iter()
        .filter(|d| d["kind"].is_null() && d["name"] != "bund-crds")
        .filter(|d| {
            d["uses_default_features"] == true || d["features"].as_array().unwrap().contains(&"std".into())
        })
        .map(|d| d["name"].as_str().unwrap())
        .collect();
    assert_eq!(with_std, Vec::<&str>::new(), "each is taken without its standard library");
}

#[test]
fn clippy_still_refuses_state_clocks_and_hash_order() {
    let lints = read("clippy.toml");
    let refused: BTreeSet<&str> = lints
        .lines()
        .filter_map(|line| line.split_once("path = \"")?.1.split_once('"'))
        .map(|(path, _)| path)
        .collect();
    let expected = [
        "core::cell::Cell",
        "core::cell::OnceCell",
        "core::cell::RefCell",
        "core::sync::atomic::AtomicBool",
        "core::sync::atomic::AtomicU64",
        "core::sync::atomic::AtomicUsize",
        "jiff::Timestamp::now",
        "jiff::Zoned::now",
        "std::collections::HashMap",
        "std::collections::HashSet",
        "std::sync::Mutex",
        "std::sync::OnceLock",
    ];
    let missing: Vec<_> = expected.into_iter().filter(|path| !refused.contains(path)).collect();
    assert_eq!(missing, Vec::<&str>::new());
    let manifest = read("Cargo.toml");
    assert!(manifest.contains("[lints]\nworkspace = true"), "the lints of the workspace hold");
    assert!(read("../../Cargo.toml").contains("unsafe_code = \"forbid\""), "statics cannot be changed");
}
