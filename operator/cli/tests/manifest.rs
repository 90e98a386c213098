//! What the manifest reader reads, and as what.

use std::sync::Arc;

use bund::manifest::{self, Document, Source, Unreadable};
use serde_json::{Value, json};

fn read(text: &str) -> Vec<Result<Document, Unreadable>> {
    manifest::read(&Arc::new(Source { name: "f".to_owned(), text: text.to_owned() }))
}

/// The values of readable documents, and the words of the others.
fn outcome(text: &str) -> Vec<Result<Value, String>> {
    let words = |unreadable: Unreadable| unreadable.to_string();
    read(text).into_iter().map(|part| part.map(|document| document.value).map_err(words)).collect()
}

/// Checks every case of a table, and names all that fail.
fn check<T: PartialEq + std::fmt::Debug>(cases: impl IntoIterator<Item = (&'static str, T, T)>) {
    let failed: Vec<String> = cases
        .into_iter()
        .filter(|(_, got, wanted)| got != wanted)
        .map(|(name, got, wanted)| format!("{name}\n     got: {got:?}\n  wanted: {wanted:?}"))
        .collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

fn check_accepted(cases: Vec<(&'static str, &str, Vec<Value>)>) {
    check(
        cases
            .into_iter()
            .map(|(name, text, wanted)| (name, outcome(text), wanted.into_iter().map(Ok).collect())),
    );
}

#[test]
fn plain_scalars_are_read_as_go_yaml_reads_them() {
    let numbers =
        "[0, -1, +1, 0644, 0o644, 0x1F, 1e3, 1.0, 1.50, .5, 5., -0, -0.0, 1e-2, 9223372036854775807, 1e19]";
    check_accepted(vec![
        ("nulls are null", "[~, null, Null, NULL, '']", vec![json!([null, null, null, null, ""])]),
        ("an absent value is null", "a:\nb: ~\n", vec![json!({"a": null, "b": null})]),
        (
            "booleans are true and false in three cases",
            "[true, True, TRUE, false, False, FALSE, tRUE]",
            vec![json!([true, true, true, false, false, false, "tRUE"])],
        ),
        (
            "numbers are what the API server holds after Go's JSON: integral floats become integers",
            numbers,
            vec![json!([0, -1, 1, 420, 420, 31, 1000, 1, 1.5, 0.5, 5, 0, 0, 0.01, i64::MAX, 1e19])],
        ),
        (
            "what only looks like a number is text",
            "[190:20:30, 2001-01-01, 1.2.3, 10.0.0.0/8, 0x, 0xG, 1e, 1.5.e3, --1, 1-2, +, ., 1Gi, 500m, 2001-01-01T00:00:00Z]",
            vec![json!([
                "190:20:30",
                "2001-01-01",
                "1.2.3",
                "10.0.0.0/8",
                "0x",
                "0xG",
                "1e",
                "1.5.e3",
                "--1",
                "1-2",
                "+",
                ".",
                "1Gi",
                "500m",
                "2001-01-01T00:00:00Z"
            ])],
        ),
        (
            "quoted scalars are text, and so are tagged ones",
            "['yes', \"0644\", '~', !!str 1, !!str true, !!str]",
            vec![json!(["yes", "0644", "~", "1", "true", ""])],
        ),
        ("an octal file mode is octal", "defaultMode: 0644\n", vec![json!({"defaultMode": 420})]),
        (
            "integer and date keys are text",
            "1: a\n2001-01-01: b\n",
            vec![json!({"1": "a", "2001-01-01": "b"})],
        ),
        ("a quoted merge key is a key", "'<<': a\n\"yes\": b\n", vec![json!({"<<": "a", "yes": "b"})]),
        ("merge characters are text as a value", "a: <<\n", vec![json!({"a": "<<"})]),
        ("a value may start with a colon in block style", "- :8080\n- ?x\n", vec![json!([":8080", "?x"])]),
    ]);
}

#[test]
fn collections_and_blocks_are_read_as_go_yaml_reads_them() {
    check_accepted(vec![
        (
            "a closing bracket may stand below its key, as in many manifests",
            "a:\n  args: [\n    x,\n  ]\n  env: {\n  k: z\n  }\n",
            vec![json!({"a": {"args": ["x"], "env": {"k": "z"}}})],
        ),
        (
            "a quoted text may go on below its key",
            "a:\n  b: '[\n  1\n  ]'\n",
            vec![json!({"a": {"b": "[ 1 ]"}})],
        ),
        (
            "a sequence may stand at the column of its key",
            "a:\n- b\n- c: d\n",
            vec![json!({"a": ["b", {"c": "d"}]})],
        ),
        ("an explicit key is a key", "? a\n: b\n", vec![json!({"a": "b"})]),
        (
            "block scalars keep what their header says",
            "a: |\n  x\n\n   y\nb: >-\n  x\n  y\nc: |+\n  z\n\n",
            vec![json!({"a": "x\n\n y\n", "b": "x y", "c": "z\n\n"})],
        ),
        (
            "a block scalar at the end has its line feed even where the file has none",
            "a: |\n  x",
            vec![json!({"a": "x\n"})],
        ),
        (
            "aliases repeat their anchor",
            "a: &x {b: [1]}\nc: *x\n",
            vec![json!({"a": {"b": [1]}, "c": {"b": [1]}})],
        ),
        ("an alias may be a key", "a: &x b\n*x : c\n", vec![json!({"a": "b", "b": "c"})]),
        ("an anchor may be redefined", "- &x 1\n- *x\n- &x 2\n- *x\n", vec![json!([1, 1, 2, 2])]),
        ("tags that say what is there are fine", "!!map\na: !!seq [!!str b]\n", vec![json!({"a": ["b"]})]),
        (
            "templates inside text are text",
            "a: '{{ x }}'\nb: $(VAR) ${X}\n",
            vec![json!({"a": "{{ x }}", "b": "$(VAR) ${X}"})],
        ),
        (
            "a tab may separate what it does not indent",
            "a:\tb\t# c\nd: [\te\t]\n",
            vec![json!({"a": "b", "d": ["e"]})],
        ),
        (
            "windows line ends are line ends",
            "a: |\r\n  x\r\n  y\r\nb: 1\r\n",
            vec![json!({"a": "x\ny\n", "b": 1})],
        ),
        ("text may hold any printable character", "a: é字🚀\u{a0}\n", vec![json!({"a": "é字🚀\u{a0}"})]),
        (
            "escapes may name any character",
            r#"a: "\0\x7f\u0085\U0001F680\e""#,
            vec![json!({"a": "\0\u{7f}\u{85}🚀\u{1b}"})],
        ),
    ]);
}

#[test]
fn documents_are_split_where_kubectl_splits_them() {
    check_accepted(vec![
        (
            "documents stand between markers",
            "a: 1\n---\nb: 2\n--- # c\nd: 3\n",
            vec![json!({"a": 1}), json!({"b": 2}), json!({"d": 3})],
        ),
        (
            "documents of comments and blank lines are none",
            "\n# a\n---\n\n---\n  # b\n---\na: 1\n---\n...\n",
            vec![json!({"a": 1})],
        ),
        ("nothing is no document", "", vec![]),
        (
            "an end marker ends the last document",
            "a: 1\n...\n# c\n---\nb: 2\n... # end\n",
            vec![json!({"a": 1}), json!({"b": 2})],
        ),
        ("a byte order mark may start the text", "\u{feff}---\na: 1\n", vec![json!({"a": 1})]),
        (
            "a marker in a block scalar is text when it is indented",
            "a: |\n  ---\n  b\n",
            vec![json!({"a": "---\nb\n"})],
        ),
        (
            "JSON is read",
            " {\"a\": [1, 2.5, \"x\\ud83d\\ude80\\/\", null, true]}",
            vec![json!({"a": [1, 2.5, "x🚀/", null, true]})],
        ),
        (
            "JSON values in a row are a stream",
            "{\"a\":1}\n{\"b\":2} {\"c\":3}",
            vec![json!({"a": 1}), json!({"b": 2}), json!({"c": 3})],
        ),
        (
            "JSON may stand between markers",
            "a: 1\n---\n{\"b\": 2.0}\n",
            vec![json!({"a": 1}), json!({"b": 2})],
        ),
        (
            "what starts as JSON but is not may be YAML",
            "{a: 1, \"b\":2,} # c\n",
            vec![json!({"a": 1, "b": 2})],
        ),
    ]);
}

#[test]
fn an_unreadable_document_does_not_hide_the_others() {
    let wanted = vec![
        Ok(json!({"a": 1})),
        Err("f:4:1: the key `b` is given twice: kubectl keeps the last one, the API server refuses it; remove one of the two".to_owned()),
        Err("f:5:5: the text `c: 1` on a `---` line is refused by kubectl and read by others; put the text on a line of its own".to_owned()),
        Ok(json!({"d": 1})),
    ];
    assert_eq!(outcome("a: 1\n---\nb: 1\nb: 2\n--- c: 1\nc2: 2\n---\nd: 1\n"), wanted);
    let wanted = vec![
        Ok(json!({"a": 1})),
        Err("f:2:10: the key `b` is given twice: kubectl keeps the last one, the API server refuses it; remove one of the two".to_owned()),
        Ok(json!({"c": 1})),
    ];
    assert_eq!(outcome("{\"a\":1}\n{\"b\":1,\"b\":2}\n{\"c\":1}\n"), wanted);
}

#[test]
fn documents_know_the_line_they_start_at() {
    let text = "# c\n\na: 1\n---\n# c\n- x\n---\n{\"j\": 1}\n";
    let lines: Vec<u32> = read(text).into_iter().map(|part| part.unwrap().line).collect();
    assert_eq!(lines, [3, 6, 8]);
    let lines: Vec<u32> =
        read("\n{\"a\":1} {\n\"b\":1}\n {\"c\":1}").into_iter().map(|part| part.unwrap().line).collect();
    assert_eq!(lines, [2, 2, 4]);
}
