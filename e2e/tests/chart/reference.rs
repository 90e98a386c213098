//! Architecture Invariant (generated equals types): `docs/reference/values.md` is what `values.yaml` and its schema say.
//! `BUND_UPDATE=1 cargo test -p bund-e2e --test chart reference` writes it anew.

use std::fmt::Write as _;

use serde_json::Value;

use crate::{file, text, yaml};

const PAGE: &str = "docs/reference/values.md";
const HEAD: &str = "# Values of the chart

Generated from `charts/bund/values.yaml` and its schema by `make generate`. Do not edit.

Give them with `helm install bund charts/bund --namespace bund-system --create-namespace --values values.yaml`. A value that
is not listed here, or not of its form, is refused before anything is changed.
";

/// A key of `values.yaml` with the comment above it.
struct Documented {
    path: Vec<String>,
    comment: String,
}

/// Reads keys and comments line by line: YAML readers drop comments.
fn documented(values: &str) -> Vec<Documented> {
    let (mut found, mut comment, mut path) = (Vec::new(), Vec::new(), Vec::<(usize, String)>::new());
    for line in values.lines() {
        let content = line.trim_start();
        let indent = line.len() - content.len();
        if let Some(remark) = content.strip_prefix('#') {
            comment.push(remark.trim());
        } else if let Some((key, _)) = content.split_once(':') {
            path.retain(|(outer, _)| *outer < indent);
            path.push((indent, key.to_owned()));
            let path = path.iter().map(|(_, key)| key.clone()).collect();
            found.push(Documented { path, comment: std::mem::take(&mut comment).join(" ") });
        } else {
            comment.clear();
        }
    }
    found
}

/// The schema of a path, with references followed.
fn schema_of<'s>(root: &'s Value, path: &[String]) -> &'s Value {
    path.iter().fold(root, |schema, key| resolved(root, &resolved(root, schema)["properties"][key]))
}

fn resolved<'s>(root: &'s Value, schema: &'s Value) -> &'s Value {
    match schema["$ref"].as_str().and_then(|reference| reference.strip_prefix('#')) {
        Some(pointer) => root.pointer(pointer).unwrap(),
        None => schema,
    }
}

fn default_of<'v>(values: &'v Value, path: &[String]) -> &'v Value {
    path.iter().fold(values, |value, key| &value[key])
}

/// The form of a value in a few words.
fn form(root: &Value, schema: &Value) -> String {
    let schema = resolved(root, schema);
    if let Some(choices) = schema["enum"].as_array() {
        let choices: Vec<_> =
            choices.iter().map(|choice| format!("`{}`", choice.as_str().unwrap())).collect();
        return choices.join(" or ");
    }
    let bounds = match (&schema["minimum"], &schema["maximum"]) {
        (Value::Null, Value::Null) => String::new(),
        (least, most) => format!(", {least} to {most}"),
    };
    match schema["type"].as_str() {
        Some("boolean") => "`true` or `false`".to_owned(),
        Some("integer") => format!("whole number{bounds}"),
        Some("number") => format!("number{bounds}"),
        Some("string") => "text".to_owned(),
        Some("array") => "list".to_owned(),
        Some("object") => "map".to_owned(),
        other => panic!("no words for {other:?}"),
    }
}

fn is_section(root: &Value, schema: &Value, default: &Value) -> bool {
    let has_keys = resolved(root, schema)["properties"].is_object();
    has_keys && default.as_object().is_some_and(|members| !members.is_empty())
}

/// The rows of a path: its own, and those of keys that have no default and are described by the schema.
fn rows(root: &Value, defaults: &Value, entry: &Documented) -> String {
    let schema = schema_of(root, &entry.path);
    let default = default_of(defaults, &entry.path);
    let name = entry.path.join(".");
    assert!(!entry.comment.is_empty(), "{name} has no comment in values.yaml");
    let mut rows = format!("| `{name}` | {} | `{default}` | {} |\n", form(root, schema), entry.comment);
    for (key, inner) in schema["properties"].as_object().into_iter().flatten() {
        if let Some(description) = inner["description"].as_str() {
            writeln!(rows, "| `{name}.{key}` | {} | | {description} |", form(root, inner)).unwrap();
        }
    }
    rows
}

const TABLE: &str = "| value | form | default | what it is |\n| --- | --- | --- | --- |\n";

fn page() -> String {
    let root = yaml("charts/bund/values.schema.json");
    let defaults = yaml("charts/bund/values.yaml");
    let documented = documented(&text("charts/bund/values.yaml"));
    let is_section = |entry: &Documented| {
        is_section(&root, schema_of(&root, &entry.path), default_of(&defaults, &entry.path))
    };
    let mut page = format!("{HEAD}\n## Of the whole chart\n\n{TABLE}");
    for entry in documented.iter().filter(|entry| entry.path.len() == 1 && !is_section(entry)) {
        page += &rows(&root, &defaults, entry);
    }
    let mut inside_leaf: Option<&[String]> = None;
    let mut listed = false;
    for entry in &documented {
        if entry.path.len() == 1 {
            listed = is_section(entry);
            if listed {
                write!(page, "\n## `{}`\n\n", entry.path[0]).unwrap();
                if !entry.comment.is_empty() {
                    write!(page, "{}\n\n", entry.comment).unwrap();
                }
                page += TABLE;
            }
            continue;
        }
        // The keys of a default that is a whole, such as resources, are no values of the chart's own.
        let inside = inside_leaf.is_some_and(|leaf| entry.path.starts_with(leaf));
        if !listed || inside || is_section(entry) && !is_whole(entry) {
            continue;
        }
        inside_leaf = Some(&entry.path);
        page += &rows(&root, &defaults, entry);
    }
    page
}

/// What Kubernetes defines is one value, whatever is in it.
fn is_whole(entry: &Documented) -> bool {
    entry.path.last().is_some_and(|key| key == "resources")
}

#[test]
fn the_reference_of_values_is_what_the_chart_says() {
    let page = page();
    if std::env::var_os("BUND_UPDATE").is_some() {
        std::fs::write(file(PAGE), &page).unwrap();
    }
    let kept = std::fs::read_to_string(file(PAGE)).unwrap_or_default();
    assert!(kept == page, "{PAGE} differs from what is generated; run `make generate`");
}

/// Every key of the schema that no default shows, and that nothing describes.
fn undescribed(root: &Value, schema: &Value, default: &Value, path: &str, found: &mut Vec<String>) {
    for (key, inner) in resolved(root, schema)["properties"].as_object().into_iter().flatten() {
        let (inner, path) = (resolved(root, inner), format!("{path}.{key}"));
        match default.get(key) {
            Some(default) if default.as_object().is_some_and(|members| !members.is_empty()) => {
                undescribed(root, inner, default, &path, found);
            }
            Some(_) => {}
            None if inner["description"].is_string() => {}
            None => found.push(path),
        }
    }
}

#[test]
fn every_value_that_the_schema_allows_is_documented() {
    let root = yaml("charts/bund/values.schema.json");
    let mut found = Vec::new();
    undescribed(&root, &root, &yaml("charts/bund/values.yaml"), "", &mut found);
    // Of quantities each is allowed by itself.
    assert_eq!(found, Vec::<String>::new());
}

/// Every object of the schema, by its place.
fn open_objects(schema: &Value, place: &str, found: &mut Vec<String>) {
    if let Some(members) = schema.as_object() {
        let is_open =
            schema["properties"].is_object() && schema["additionalProperties"] != Value::Bool(false);
        if is_open {
            found.push(place.to_owned());
        }
        for (key, inner) in members {
            open_objects(inner, &format!("{place}/{key}"), found);
        }
    }
}

#[test]
fn no_unknown_value_is_taken() {
    let mut found = Vec::new();
    open_objects(&yaml("charts/bund/values.schema.json"), "", &mut found);
    // The map of definitions is a map, not a schema; its key `properties` would be one.
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn the_chart_has_the_version_of_the_program() {
    let chart = yaml("charts/bund/Chart.yaml");
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!((&chart["version"], &chart["appVersion"]), (&Value::from(version), &Value::from(version)));
}
