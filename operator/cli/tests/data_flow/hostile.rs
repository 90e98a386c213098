//! Nothing that anybody wrote into an object acts in a page, a picture or a terminal.

use std::{fs, path::PathBuf};

use serde_json::{Value, json};

use super::{here, run};

/// Names that would be markup, end an attribute, turn letters around or act on a terminal.
const HOSTILE: [&str; 6] = [
    "<script>alert(1)</script>",
    "\" onload=\"alert(2)",
    "' style='x",
    "]]><!--&lt;",
    "\u{202e}\u{1b}[31m\u{9b}",
    "数据\u{feff}",
];

/// Objects in which every text that reaches the map is hostile.
fn objects(name: &str) -> Value {
    let class = format!("data-class.bund.dev/{name}");
    let event = json!({
        "event": "Activated", "observedAt": "2026-05-22T16:00:10Z", "why": name, "dataClasses": ["personal-information"],
        "decision": {"name": name, "uid": "a0000000-0000-4000-8000-000000000001", "decision": "Approved", "username": name},
        "transfer": {"namespace": name, "name": name, "uid": "6c0ae1f2-8a57-4a40-9d7e-3d5f3f0f4d01", "digest": "ab".repeat(32),
            "sequence": 0, "exporter": "91350100M000100Y43", "persons": {"ordinary": 1, "sensitive": 0, "under14": 0},
            "until": "2999-01-01T00:00:00Z"}
    });
    let transfer = json!({
        "exporter": "91350100M000100Y43", "requestedBy": name,
        "recipient": {"name": name, "country": "DE", "contact": name, "kind": "Organisation"},
        "purpose": name, "method": name, "dataClasses": ["personal-information"], "dataTypes": [name],
        "persons": {"ordinary": 1, "sensitive": 0, "under14": 0}, "sources": [{"kind": name, "name": name}],
        "destinations": [{"host": "api.example"}], "mechanism": {"exemption": {"ground": "Emergency", "evidence": name}},
        "notice": {"document": {"reference": name, "date": "2026-05-01"}, "tells": []},
        "validity": {"from": "2026-05-22T16:00:00Z", "until": "2999-01-01T00:00:00Z"}
    });
    let made_by = json!([{"apiVersion": "v1", "kind": name, "name": name, "controller": true}]);
    json!({"apiVersion": "v1", "kind": "List", "items": [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": {"bund.dev/guarded": "true"}}},
        {"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": name, "namespace": name, "labels": {&class: ""}, "ownerReferences": made_by},
            "spec": {"nodeName": name, "containers": []}},
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": name, "labels": {&class: ""}}},
        {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name, "labels": {&class: ""}},
            "spec": {"nfs": {"server": name, "path": name}}},
        {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": {"topology.kubernetes.io/region": name}}},
        {"apiVersion": "bund.dev/v1alpha1", "kind": "LedgerEvent", "metadata": {"name": name}, "spec": event},
        {"apiVersion": "bund.dev/v1alpha1", "kind": "CrossBorderTransfer", "metadata": {"name": name, "namespace": name}, "spec": transfer},
        {"apiVersion": "bund.dev/v1alpha1", "kind": "DataClass", "metadata": {"name": name}, "spec": {"category": name}},
    ]})
}

/// Every form of the map of hostile objects.
fn forms() -> impl Iterator<Item = (&'static str, &'static str, String)> {
    let folder = tempfile::tempdir().unwrap();
    HOSTILE.into_iter().enumerate().flat_map(move |(index, name)| {
        let file: PathBuf = folder.path().join(format!("{index}.json"));
        // Readers of YAML refuse some of them where they are not escaped.
        let text = objects(name).to_string();
        let escaped: String = text
            .chars()
            .map(|c| if c.is_ascii() { c.to_string() } else { format!("\\u{:04x}", u32::from(c)) })
            .collect();
        fs::write(&file, escaped).unwrap();
        let forms = ["html", "svg", "text", "json"].into_iter();
        let written = forms.map(|form| {
            let arguments = ["report", "data-flow", "-f", file.to_str().unwrap(), "-o", form];
            (name, form, run::printed(run::bund(&here(""), &arguments), 0))
        });
        written.collect::<Vec<_>>()
    })
}

#[test]
fn no_name_acts_in_any_form() {
    for (name, form, written) in forms() {
        let acts =
            |c: char| (c.is_control() && c != '\n') || matches!(c, '\u{202a}'..='\u{202e}' | '\u{feff}');
        assert!(!written.contains(acts), "{form} {name:?}");
        if matches!(form, "html" | "svg") {
            let lower = written.to_lowercase();
            for markup in ["<script", "<!--", "]]>", "\" onload", "' style"] {
                assert!(!lower.contains(markup), "{markup} {form} {name:?}");
            }
            assert_balanced(&written);
        }
    }
}

/// Every tag that is opened is closed, in order, and its attributes are of names and quoted values alone.
fn assert_balanced(page: &str) {
    const VOID: [&str; 1] = ["meta"];
    let mut open: Vec<String> = Vec::new();
    for part in page.split('<').skip(1) {
        let (tag, text) = part.split_once('>').unwrap();
        assert!(!text.contains('>'), "{text}");
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name));
            continue;
        }
        assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
        let name = tag.split([' ', '/']).next().unwrap();
        if !tag.ends_with('/') && !tag.starts_with('!') && !VOID.contains(&name) {
            open.push(name.to_owned());
        }
    }
    assert_eq!(open, Vec::<String>::new());
}

#[test]
fn a_page_loads_and_runs_nothing() {
    for (_, form, written) in forms().filter(|(_, form, _)| matches!(*form, "html" | "svg")) {
        for loads in [
            " src=",
            " href=",
            "url(",
            "@import",
            "<script",
            "<link",
            "<iframe",
            "<image",
            "<use",
            "javascript:",
        ] {
            assert!(!written.contains(loads), "{loads} {form}");
        }
        let addresses = written.matches("http").count() - written.matches("http-equiv").count();
        assert_eq!(addresses, 1, "but for the name of SVG nothing has an address");
        if form == "html" {
            let policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";
            assert!(
                written
                    .contains(&format!("<meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">"))
            );
        }
    }
}
