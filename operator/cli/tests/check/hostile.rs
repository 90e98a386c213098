//! Manifests are written by whoever may open a pull request: nothing in them reaches a terminal, a workflow or a viewer as
//! anything else than text.

use quick_junit::Report;
use serde_json::Value;

use crate::folder::Folder;

/// A name that would clear the screen, start a line of its own, and turn the text around.
const NAME: &str = "web\\e[2J\\e]8;;http://evil\\a\\n::error::pwned\\r::warning title=x::y\\u202Etxt\\u009b31m%0A::set-output";

/// An object whose name, namespace, labels and values are hostile.
fn folder() -> Folder {
    let pod = format!(
        "apiVersion: v1
kind: Pod
metadata:
  name: \"{NAME}\"
  namespace: \"shop\\e[31m\"
  labels:
    data-class.bund.dev/personal-information: \"\"
    \"data-class.bund.dev/\\e[31m::stop-commands::x\\n\": \"\"
spec:
  nodeName: \"](http://evil) {{0}} \\e[0m\\n::error::pwned\"
  containers: []
"
    );
    Folder::of(&[("pod,title=x.yaml", &pod), ("broken.yaml", "\"a\\e[31m\": 1\n\"a\\e[31m\": 2\n")])
}

/// Characters that are obeyed instead of shown.
fn is_obeyed(character: char) -> bool {
    (character.is_control() && character != '\n') || ('\u{202a}'..='\u{202e}').contains(&character)
}

#[test]
fn no_format_prints_a_character_that_a_terminal_obeys() {
    let folder = folder();
    for format in ["text", "json", "sarif", "junit", "github"] {
        let run = folder.check(&[".", "-o", format]).exits(2);
        let whole = run.stdout + &run.stderr;
        assert!(!whole.contains(is_obeyed), "{format}: {whole:?}");
        assert!(whole.contains("pwned"), "{format} tells the name: {whole}");
    }
}

#[test]
fn a_file_name_is_no_way_to_the_terminal_either() {
    let folder = Folder::of(&[("a\x1b[31m\n::error::x.yaml", "kind: 1")]);
    for arguments in [&["."][..], &["missing\x1b[31m"], &[".", "-o", "github"]] {
        let run = folder.check(arguments).exits(2);
        let whole = run.stdout + &run.stderr;
        assert!(!whole.contains(is_obeyed), "{whole:?}");
        assert!(!whole.contains("\n::error::x"), "{whole:?}");
    }
}

#[test]
fn a_manifest_issues_no_workflow_command() {
    let run = folder().check(&[".", "-o", "github"]).exits(2);
    for line in run.stdout.lines() {
        let (command, data) = line.strip_prefix("::").and_then(|rest| rest.split_once("::")).unwrap();
        let (level, properties) = command.split_once(' ').unwrap();
        assert!(["error", "warning", "notice"].contains(&level), "{line}");
        for property in properties.split(',') {
            let (name, value) = property.split_once('=').unwrap();
            assert!(["file", "line", "col", "title"].contains(&name), "{line}");
            assert!(!value.contains(':'), "{line}");
        }
        // A percent sign of the manifest's own is text.
        assert!(!data.replace("%25", "").contains('%'), "{line}");
    }
    assert!(run.stdout.contains("file=pod%2Ctitle=x.yaml"), "{}", run.stdout);
    assert!(run.stdout.contains("%250A::set-output"), "{}", run.stdout);
}

#[test]
fn text_has_one_line_per_finding_whatever_the_names_are() {
    let run = folder().check(&["."]).exits(2);
    for line in run.stdout.lines() {
        let starts = ["refused ", "warning ", "recorded ", "unreadable ", "assumed "];
        assert!(starts.iter().any(|start| line.starts_with(start)) || line.contains(" objects: "), "{line}");
    }
}

#[test]
fn json_and_junit_keep_their_form() {
    let folder = folder();
    let report = folder.json(&["."]);
    let name = report["objects"][0]["subject"]["name"].as_str().unwrap();
    assert!(name.starts_with("web\x1b[2J") && name.contains('\u{202e}'), "JSON keeps the name: {name:?}");
    let junit = folder.check(&[".", "-o", "junit"]).stdout;
    Report::deserialize_from_str(&junit).unwrap();
}

#[test]
fn a_sarif_message_holds_no_link_and_no_argument_of_the_manifest() {
    let text = folder().check(&[".", "-o", "sarif"]).stdout;
    let log: Value = serde_json::from_str(&text).unwrap();
    let messages: Vec<_> = log["runs"][0]["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|result| result["message"]["text"].as_str().unwrap())
        .collect();
    assert!(messages.iter().any(|message| message.contains("\\](http://evil)")), "{messages:?}");
    assert!(messages.iter().all(|message| !message.replace("{{0}}", "").contains("{0}")), "{messages:?}");
}
