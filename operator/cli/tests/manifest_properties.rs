//! Properties of the manifest reader over generated input, and over manifests that public projects ship.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use bund::manifest::{self, Document, Source, Step, Unreadable};
use proptest::prelude::*;
use serde_json::{Map, Value};

fn read(text: &str) -> Vec<Result<Document, Unreadable>> {
    manifest::read(&Arc::new(Source { name: "f".to_owned(), text: text.to_owned() }))
}

fn any_value() -> impl Strategy<Value = Value> {
    let float = any::<f64>().prop_filter("JSON has no infinity", |float| float.is_finite());
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        float.prop_map(integral_as_integer),
        any::<String>().prop_map(Value::from),
        "[-+~yYnNoOfFtT0-9.:_#&*!|>?{}\\[\\], xe]{0,6}".prop_map(Value::from),
    ];
    scalar.prop_recursive(6, 64, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..5)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// `1.0` and `1` are one number to the API server, and the reader gives it in one form.
fn integral_as_integer(float: f64) -> Value {
    float.to_string().parse::<i64>().map_or_else(|_| Value::from(float), Value::from)
}

/// A JSON string of ASCII characters only, which is a double-quoted YAML scalar too where `astral` is in
/// YAML's form.
fn quoted(text: &str, astral: impl Fn(char) -> String) -> String {
    let mut quoted = "\"".to_owned();
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            ' '..='~' => quoted.push(character),
            '\0'..='\u{FFFF}' => quoted.extend([format!("\\u{:04x}", u32::from(character))]),
            _ => quoted.push_str(&astral(character)),
        }
    }
    quoted + "\""
}

fn json_text(value: &Value) -> String {
    let surrogates = |character: char| -> String {
        let units = character
            .encode_utf16(&mut [0; 2])
            .iter()
            .map(|unit| format!("\\u{unit:04x}"))
            .collect::<Vec<_>>();
        units.concat()
    };
    match value {
        Value::String(text) => quoted(text, surrogates),
        Value::Array(items) => format!("[{}]", items.iter().map(json_text).collect::<Vec<_>>().join(", ")),
        Value::Object(fields) => {
            let field = |(key, value): (&String, &Value)| {
                format!("{}: {}", quoted(key, surrogates), json_text(value))
            };
            format!("{{{}}}", fields.iter().map(field).collect::<Vec<_>>().join(", "))
        }
        scalar => scalar.to_string(),
    }
}

/// Writes block YAML and notes the line of every field and element.
#[derive(Default)]
struct Emitter {
    lines: Vec<String>,
    places: BTreeMap<Vec<Step>, u32>,
}

impl Emitter {
    fn write(&mut self, value: &Value, indent: usize, path: &mut Vec<Step>) {
        let wide = |character: char| format!("\\U{:08x}", u32::from(character));
        match value {
            Value::Array(items) if !items.is_empty() => {
                for (index, item) in items.iter().enumerate() {
                    self.write_child("-", Step::Index(index), item, indent, path);
                }
            }
            Value::Object(fields) if !fields.is_empty() => {
                for (key, value) in fields {
                    let head = format!("{}:", quoted(key, wide));
                    self.write_child(&head, Step::Key(key.clone()), value, indent, path);
                }
            }
            Value::String(text) => self.append(&quoted(text, wide)),
            scalar => self.append(&scalar.to_string()),
        }
    }

    fn write_child(&mut self, head: &str, step: Step, value: &Value, indent: usize, path: &mut Vec<Step>) {
        self.lines.push(" ".repeat(indent) + head);
        path.push(step);
        // A collection in a sequence starts on the line below its dash, and is where its first child is.
        let nested = matches!(value, Value::Array(items) if !items.is_empty())
            || matches!(value, Value::Object(fields) if !fields.is_empty());
        let below = u32::from(nested && head == "-");
        self.places.insert(path.clone(), u32::try_from(self.lines.len()).unwrap() + below);
        self.write(value, indent + 2, path);
        path.pop();
    }

    fn append(&mut self, text: &str) {
        match self.lines.last_mut() {
            Some(line) => line.extend([" ", text]),
            None => self.lines.push(text.to_owned()),
        }
    }
}

fn only(parts: Vec<Result<Document, Unreadable>>) -> Document {
    let [part] = <[_; 1]>::try_from(parts).unwrap();
    part.unwrap()
}

proptest! {
    #[test]
    fn any_value_written_as_json_reads_back_equal(value in any_value()) {
        let value = Value::Array(vec![value]);
        prop_assert_eq!(only(read(&json_text(&value))).value, value);
    }

    #[test]
    fn any_value_written_as_yaml_reads_back_equal_and_every_field_is_found_at_its_line(value in any_value()) {
        let mut emitter = Emitter::default();
        emitter.write(&value, 0, &mut Vec::new());
        let document = only(read(&(emitter.lines.join("\n") + "\n")));
        prop_assert_eq!(&document.value, &value);
        for (path, line) in emitter.places {
            prop_assert_eq!(manifest::position(&document, &path).line, line, "{:?}", path);
        }
    }

    #[test]
    fn any_key_is_refused_when_it_is_given_twice(key in any::<String>(), json in any::<bool>()) {
        let key = quoted(&key, |character| format!("\\U{:08x}", u32::from(character)));
        let text = if json { format!("{{{key}:1,{key}:2}}") } else { format!("{key}: 1\n{key}: 2\n") };
        let parts = read(&text);
        prop_assert!(matches!(parts.as_slice(), [Err(_)]), "{:?}", parts);
    }

    #[test]
    fn no_text_panics(text in any::<String>()) {
        use_all(&text);
    }

    #[test]
    fn no_text_of_yaml_characters_panics(text in "[-+~:_#&*!|>?{}\\[\\],'\"\\\\%@` \t\r\nab01.<\u{feff}\u{85}é]{0,60}") {
        use_all(&text);
    }

    #[test]
    fn no_damaged_manifest_panics(at in 0..MANIFEST.len(), length in 0..20_usize, put in "[-:#&*!|>{}\\[\\]'\" \t\n]{0,4}") {
        let (head, tail) = MANIFEST.split_at(at);
        use_all(&(head.to_owned() + &put + tail.get(length..).unwrap_or_default()));
    }

    #[test]
    fn what_stands_before_a_marker_does_not_change_what_stands_after_it(text in "[-a:{}\\[\\]'\"#&*|> \n]{0,30}") {
        let alone = only(read(MANIFEST)).value;
        let last = read(&format!("{text}\n---\n{MANIFEST}")).pop().unwrap();
        prop_assert_eq!(last.unwrap().value, alone);
    }
}

const MANIFEST: &str = "\
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: ConfigMap
  metadata: {name: a, labels: {app: \"b\"}}
  data:
    c: |
      d: e
    f: >-
      g
      h
- &pod
  kind: Pod
  spec:
    containers: [{name: 'x', image: i, args: [\"-z\"]}]
- *pod
";

/// Calls everything that takes a document.
fn use_all(text: &str) {
    for document in read(text).into_iter().flatten() {
        let path = [Step::Key("a".to_owned()), Step::Index(0)];
        assert!(manifest::position(&document, &path).line >= document.line);
        for item in manifest::expand_list(document).into_iter().flatten() {
            manifest::position(&item, &path);
        }
    }
}

/// The manifests of other projects, which are data beside the repository and not in it.
#[test]
fn every_shipped_manifest_is_read_or_refused_with_its_place() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    if !corpus.is_dir() {
        eprintln!("SKIPPED: no corpus at {}", corpus.display());
        return;
    }
    let mut read = 0;
    for input in manifest::files(&[corpus]) {
        for part in manifest::read(&input.unwrap().load().unwrap()) {
            match part.and_then(manifest::expand_list) {
                Ok(items) => {
                    read += items.len();
                    assert!(items.iter().all(|item| manifest::position(item, &[]).line == item.line));
                }
                Err(unreadable) => assert!(unreadable.line > 0 && unreadable.column > 0, "{unreadable}"),
            }
        }
    }
    assert!(read > 400, "{read}");
}

#[test]
fn an_empty_mapping_and_sequence_read_back() {
    assert_eq!(only(read("{}")).value, Value::Object(Map::new()));
    assert_eq!(only(read("[]")).value, Value::Array(Vec::new()));
}
