//! Which files are read, how lists are opened, and where fields are found.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bund::manifest::{self, Document, Input, MAX_SOURCE, Position, Source, Step};
use serde_json::{Value, json};

fn read_one(text: &str) -> Document {
    let source = Source { name: "f".to_owned(), text: text.to_owned() };
    manifest::read(&Arc::new(source)).pop().unwrap().unwrap()
}

fn key(name: &str) -> Step {
    Step::Key(name.to_owned())
}

/// The inputs below a folder, relative to it, and the words of what cannot be read.
fn found(root: &Path, paths: &[&str]) -> Vec<String> {
    let paths: Vec<PathBuf> = paths.iter().map(|path| root.join(path)).collect();
    let words = |input: Result<Input, _>| match input {
        Ok(input) => input.name(),
        Err(unreadable) => format!("{unreadable}"),
    };
    let root = format!("{}/", root.display());
    manifest::files(&paths).into_iter().map(|input| words(input).replace(&root, "")).collect()
}

#[test]
fn folders_are_read_in_order_and_without_what_is_hidden() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    for file in [
        "b.yaml",
        "a/z.yml",
        "a/y.json",
        "a/readme.md",
        "a.yaml",
        ".git/c.yaml",
        ".d.yaml",
        "e/.f/g.yaml",
        "e/h",
    ] {
        fs::create_dir_all(root.join(file).parent().unwrap()).unwrap();
        fs::write(root.join(file), "a: 1\n").unwrap();
    }
    assert_eq!(found(root, &["."]), ["./.d.yaml", "./a/y.json", "./a/z.yml", "./a.yaml", "./b.yaml"]);
    assert_eq!(found(root, &["e/h", ".git"]), ["e/h", ".git/c.yaml"]);
}

#[cfg(unix)]
#[test]
fn linked_files_are_read_and_linked_folders_in_folders_are_not() {
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;

    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    fs::create_dir_all(root.join("in")).unwrap();
    fs::write(root.join("real"), "a: 1\n").unwrap();
    symlink(root.join("real"), root.join("in/link.yaml")).unwrap();
    symlink(root, root.join("in/loop")).unwrap();
    symlink(root, root.join("in/loop.yaml")).unwrap();
    symlink("self.yaml", root.join("in/self.yaml")).unwrap();
    symlink("gone", root.join("in/void.yaml")).unwrap();
    let _socket = UnixListener::bind(root.join("in/socket.yaml")).unwrap();
    symlink(root.join("in"), root.join("named")).unwrap();
    let wanted = |folder: &str| {
        [
            format!("{folder}/link.yaml"),
            format!(
                "{folder}/self.yaml: cannot read `{folder}/self.yaml`: Too many levels of symbolic links (os error 40); check the path and its permissions"
            ),
            format!("{folder}/socket.yaml: neither a file nor a folder; name a file or a folder"),
            format!(
                "{folder}/void.yaml: cannot read `{folder}/void.yaml`: No such file or directory (os error 2); check the path and its permissions"
            ),
        ]
    };
    assert_eq!(found(root, &["in"]), wanted("in"));
    assert_eq!(found(root, &["named"]), wanted("named"));
}

#[test]
fn a_path_that_does_not_exist_is_named_and_does_not_hide_the_others() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.txt"), "a: 1\n").unwrap();
    let wanted = [
        "none: cannot read `none`: No such file or directory (os error 2); check the path and its permissions",
        "a.txt",
    ];
    assert_eq!(found(folder.path(), &["none", "a.txt"]), wanted);
}

#[test]
fn a_dash_is_standard_input() {
    assert_eq!(manifest::files(&["-".into()]), [Ok(Input::Stdin)]);
    assert_eq!(Input::Stdin.name(), "<stdin>");
}

#[test]
fn bytes_that_are_no_utf_8_are_refused_with_their_offset() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.yaml");
    let load = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        let loaded = Input::File(path.clone()).load();
        loaded
            .map(|source| source.text.clone())
            .map_err(|unreadable| (unreadable.line, unreadable.problem, unreadable.remedy))
    };
    let wide = Err((0, "UTF-16 or UTF-32 text".to_owned(), "save the file as UTF-8".to_owned()));
    let invalid = Err((
        0,
        "not UTF-8: the byte at offset 3 is invalid".to_owned(),
        "save the file as UTF-8".to_owned(),
    ));
    assert_eq!(load(b"a: \xff"), invalid);
    assert_eq!(load(b"\xff\xfea\0:\0"), wide);
    assert_eq!(load(b"\xfe\xff\0a\0:"), wide);
    assert_eq!(load(b"\0\0\xfe\xff\0\0\0a"), wide);
    assert_eq!(load("\u{feff}a: é\n".as_bytes()), Ok("\u{feff}a: é\n".to_owned()));
}

#[test]
fn a_file_that_is_too_large_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.yaml");
    let file = fs::File::create(&path).unwrap();
    file.set_len(u64::try_from(MAX_SOURCE).unwrap() + 1).unwrap();
    let unreadable = Input::File(path.clone()).load().unwrap_err();
    assert_eq!(unreadable.to_string(), format!("{}: larger than 64 MiB; split the file", path.display()));
}

/// Expands a text and gives each item with its line.
fn expanded(text: &str) -> Result<Vec<(u32, Value)>, String> {
    let items = manifest::expand_list(read_one(text));
    items
        .map(|items| items.into_iter().map(|item| (item.line, item.value)).collect())
        .map_err(|unreadable| unreadable.to_string())
}

#[test]
fn lists_are_opened_as_kubectl_opens_them() {
    let plain =
        "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: A}\n-\n  apiVersion: v1\n  kind: B\n";
    let wanted =
        [(4, json!({"apiVersion": "v1", "kind": "A"})), (6, json!({"apiVersion": "v1", "kind": "B"}))];
    assert_eq!(expanded(plain), Ok(wanted.to_vec()), "a list is its items");

    let typed = "apiVersion: apps/v1\nkind: DeploymentList\nitems:\n- spec: 1\n- kind: X\n";
    let wanted =
        [(4, json!({"apiVersion": "apps/v1", "kind": "Deployment", "spec": 1})), (5, json!({"kind": "X"}))];
    assert_eq!(expanded(typed), Ok(wanted.to_vec()), "items of a typed list get its type if they name none");

    let nested = "kind: List\nitems:\n- kind: List\n  items:\n  - kind: A\n  - kind: List\n    items: [{kind: B}]\n- kind: C\n";
    let wanted = [(5, json!({"kind": "A"})), (7, json!({"kind": "B"})), (8, json!({"kind": "C"}))];
    assert_eq!(expanded(nested), Ok(wanted.to_vec()), "lists in lists are opened");

    let json_list = "{\"kind\": \"List\", \"items\": [{\"kind\": \"A\"},\n {\"kind\": \"B\"}]}";
    assert_eq!(
        expanded(json_list),
        Ok(vec![(1, json!({"kind": "A"})), (2, json!({"kind": "B"}))]),
        "JSON lists too"
    );

    let aliased = "x: &x [{kind: A}]\nkind: List\nitems: *x\n";
    assert_eq!(
        expanded(aliased),
        Ok(vec![(1, json!({"kind": "A"}))]),
        "an aliased item has the line of its list"
    );

    assert_eq!(expanded("kind: List\nitems: []\n"), Ok(vec![]), "an empty list is none");
    assert_eq!(expanded("kind: List\nitems:\n"), Ok(vec![]), "a null list is none");
    for whole in ["kind: List\n", "kind: A\nspec: {items: [1]}\n", "items: [1]\n", "- 1\n"] {
        assert_eq!(expanded(whole), Ok(vec![(1, read_one(whole).value)]), "anything else is itself");
    }
}

#[test]
fn objects_that_only_kubectl_takes_for_lists_are_refused() {
    let words = |kind: &str| {
        Err(format!(
            "f:2:1: `items` in a `{kind}` is a list of objects to kubectl and a field to other readers; use `kind: List` and give `items` a list"
        ))
    };
    assert_eq!(expanded("kind: Pod\nitems: []\n"), words("Pod"));
    assert_eq!(expanded("kind: Pod\nitems:\n"), words("Pod"));
    assert_eq!(expanded("kind: List\nitems: {a: b}\n"), words("List"));
}

const DEPLOYMENT: &str = "\
# a comment
kind: Deployment
spec:
  template:
    containers:
    - name: é
      env: [{name: A, value: b}, {name: C}]
    -
      name: z
  \"quoted\": |
    x
";

#[test]
fn a_field_is_found_at_its_key_or_at_its_deepest_ancestor() {
    let containers = [key("spec"), key("template"), key("containers")];
    let below = |steps: &[Step]| [&containers, steps].concat();
    let cases: Vec<(&str, Vec<Step>, (u32, u32))> = vec![
        ("the document", vec![], (2, 1)),
        ("a field", vec![key("spec")], (3, 1)),
        ("a nested field", containers.to_vec(), (5, 5)),
        ("an element", below(&[Step::Index(0)]), (6, 7)),
        ("an element below its dash", below(&[Step::Index(1)]), (9, 7)),
        ("a field of an element", below(&[Step::Index(0), key("env")]), (7, 7)),
        ("an element in brackets", below(&[Step::Index(0), key("env"), Step::Index(1)]), (7, 34)),
        ("a field in braces", below(&[Step::Index(0), key("env"), Step::Index(0), key("value")]), (7, 23)),
        ("a quoted key", vec![key("spec"), key("quoted")], (10, 3)),
        (
            "an absent field has the place of its ancestor",
            below(&[Step::Index(1), key("env"), Step::Index(3)]),
            (9, 7),
        ),
        ("a step of the wrong kind too", vec![key("spec"), Step::Index(0)], (3, 1)),
        ("an absent field at the top too", vec![key("metadata")], (2, 1)),
    ];
    let document = read_one(DEPLOYMENT);
    for (name, path, (line, column)) in cases {
        assert_eq!(manifest::position(&document, &path), Position { line, column }, "{name}");
    }
}

#[test]
fn fields_of_list_items_and_later_documents_are_found_in_the_whole_text() {
    let text = "a: 1\n---\nkind: List\nitems:\n- kind: A\n  spec: {b: 1}\n- &x\n  kind: B\n  spec:\n    b: 1\nmetadata: {}\n";
    let items = manifest::expand_list(read_one(text)).unwrap();
    let places: Vec<Position> =
        items.iter().map(|item| manifest::position(item, &[key("spec"), key("b")])).collect();
    assert_eq!(places, [Position { line: 6, column: 10 }, Position { line: 10, column: 5 }]);

    let text =
        "{\"kind\": \"List\", \"items\": [{\"kind\": \"A\", \"b\": 1}, {\"b\": \"é\", \"c\": 1}]} {\"d\": 1}";
    let source = Arc::new(Source { name: "f".to_owned(), text: text.to_owned() });
    let mut documents = manifest::read(&source).into_iter().map(Result::unwrap);
    let items = manifest::expand_list(documents.next().unwrap()).unwrap();
    assert_eq!(manifest::position(&items[0], &[key("b")]), Position { line: 1, column: 42 });
    assert_eq!(manifest::position(&items[1], &[key("c")]), Position { line: 1, column: 62 });
    assert_eq!(manifest::position(&documents.next().unwrap(), &[key("d")]), Position { line: 1, column: 73 });
}
