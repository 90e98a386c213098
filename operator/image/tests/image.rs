//! The image: the same bytes from the same programs, and a bill of materials that leaves no crate out.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    process::Command,
};

use bund_image::{
    layer::File,
    layout::{Image, archive_of, digest},
    program, sbom,
};
use serde_json::Value;

fn image() -> Image {
    let text = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    };
    Image {
        name: "small".to_owned(),
        tag: "1".to_owned(),
        user: "65532:65532".to_owned(),
        entrypoint: vec!["/usr/bin/small".to_owned()],
        files: vec![File::text("usr/bin/small", "not really"), File::text("etc/passwd", "root:x:0:0:::\n")],
        labels: text(&[("one", "1"), ("two", "2"), ("three", "3")]),
        annotations: text(&[("four", "4"), ("five", "5"), ("six", "6")]),
        epoch: 86_400,
    }
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

#[test]
fn two_writings_are_equal_to_the_byte() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (folder.path().join("one"), folder.path().join("other"));
    assert_eq!(image().write(&one).unwrap(), image().write(&other).unwrap());
    assert_eq!(fs::read(archive_of(&one)).unwrap(), fs::read(archive_of(&other)).unwrap());
}

#[test]
fn what_was_there_before_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let layout = folder.path().join("layout");
    image().write(&layout).unwrap();
    let before = fs::read_dir(layout.join("blobs/sha256")).unwrap().count();
    Image { tag: "2".to_owned(), files: vec![], ..image() }.write(&layout).unwrap();
    assert_eq!(fs::read_dir(layout.join("blobs/sha256")).unwrap().count(), before);
}

#[test]
fn every_part_is_found_by_its_digest_and_says_what_was_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let layout = folder.path().join("layout");
    let written = image().write(&layout).unwrap();
    for blob in fs::read_dir(layout.join("blobs/sha256")).unwrap() {
        let blob = blob.unwrap().path();
        assert_eq!(blob.file_name().unwrap().to_str().unwrap(), digest(&fs::read(&blob).unwrap()));
    }
    let blob = |descriptor: &Value| {
        let named = descriptor["digest"].as_str().unwrap().strip_prefix("sha256:").unwrap().to_owned();
        layout.join("blobs/sha256").join(named)
    };
    let index = json(&layout.join("index.json"));
    let manifest = &index["manifests"][0];
    assert_eq!(manifest["digest"], Value::from(written));
    assert_eq!(manifest["annotations"]["io.containerd.image.name"], "docker.io/library/small:1");
    let manifest = json(&blob(manifest));
    let configuration = json(&blob(&manifest["config"]));
    assert_eq!(configuration["created"], "1970-01-02T00:00:00Z");
    let expected = serde_json::json!({
        "User": "65532:65532",
        "Entrypoint": ["/usr/bin/small"],
        "Env": ["PATH=/usr/bin"],
        "WorkingDir": "/",
        "Labels": { "one": "1", "two": "2", "three": "3" }
    });
    assert_eq!(configuration["config"], expected);
}

/// The crates that `cargo tree` prints for both programs, as package URLs.
fn tree(host: &str) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--edges", "normal", "--target", host, "--prefix", "none", "--no-dedupe"])
        .args(["--package", "bund-operator", "--package", "bund"])
        .output()
        .unwrap();
    let tree = String::from_utf8(output.stdout).unwrap();
    let url = |line: &str| {
        let (name, rest) = line.split_once(" v").unwrap();
        format!("pkg:cargo/{name}@{}", rest.split(' ').next().unwrap())
    };
    tree.lines().filter(|line| !line.is_empty()).map(url).collect()
}

#[test]
fn the_bill_of_materials_lists_every_crate_of_the_programs_with_its_licence() {
    let workspace = program::workspace().unwrap();
    let bill = || sbom::bill_of_materials(&workspace, "bund", "1", &["bund-operator", "bund"]).unwrap();
    let written = bill();
    assert_eq!(written, bill(), "two writings differ");
    let bill: Value = serde_json::from_slice(&written).unwrap();
    let components = bill["components"].as_array().unwrap();
    let listed: BTreeSet<String> =
        components.iter().filter_map(|component| component["purl"].as_str()).map(str::to_owned).collect();
    assert_eq!(listed, tree(&program::host().unwrap()));
    let unlicensed: Vec<_> =
        components.iter().filter(|part| part["licenses"].is_null()).map(|part| &part["name"]).collect();
    assert_eq!(unlicensed, [&Value::Null; 0]);
}

#[test]
fn what_is_compiled_for_an_image_needs_neither_interpreter_nor_library() {
    let workspace = program::workspace().unwrap();
    let folder = program::compile(&workspace, &["bund-pause"]).unwrap();
    program::check_static(&folder.join("bund-pause")).unwrap();
}
