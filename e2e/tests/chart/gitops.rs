//! The snippets for Argo CD, Flux and pipelines.

use bund::command::Bund;
use bund_e2e::shop::manifests;
use clap::CommandFactory as _;
use mlua::{Lua, LuaSerdeExt as _};
use serde_json::{Value, json};

use crate::{file, text, yaml};

/// What Argo CD makes of an object of ours.
fn health(object: &Value) -> (String, String) {
    let lua = Lua::new();
    lua.globals().set("obj", lua.to_value(object).unwrap()).unwrap();
    let health: mlua::Table = lua.load(text("examples/gitops/argocd/health.lua")).eval().unwrap();
    (health.get("status").unwrap(), health.get("message").unwrap())
}

fn object(conditions: &[Value]) -> Value {
    json!({
        "kind": "ResidencyPolicy", "metadata": { "name": "p", "generation": 2 },
        "status": { "conditions": conditions }
    })
}

fn condition(kind: &str, status: &str, generation: u64) -> Value {
    json!({ "type": kind, "status": status, "observedGeneration": generation, "message": format!("{kind} is {status}") })
}

#[test]
fn argo_cd_reads_health_as_kstatus_does() {
    let not_judged = "Bund has not judged this generation yet";
    for (conditions, status, message) in [
        (vec![], "Progressing", not_judged),
        (vec![condition("Ready", "True", 2)], "Healthy", "Ready is True"),
        (vec![condition("Ready", "True", 1)], "Progressing", not_judged),
        (vec![condition("Ready", "False", 2)], "Degraded", "Ready is False"),
        (vec![condition("Ready", "Unknown", 2)], "Progressing", not_judged),
        (
            vec![condition("ResolvedRefs", "False", 2), condition("Ready", "True", 2)],
            "Healthy",
            "Ready is True",
        ),
        (vec![condition("Ready", "True", 2), condition("Stalled", "True", 2)], "Degraded", "Stalled is True"),
        (vec![condition("Ready", "True", 2), condition("Stalled", "True", 1)], "Healthy", "Ready is True"),
        (vec![condition("Stalled", "False", 2), condition("Ready", "True", 2)], "Healthy", "Ready is True"),
        (
            vec![condition("Ready", "False", 2), condition("Reconciling", "True", 2)],
            "Progressing",
            "Reconciling is True",
        ),
    ] {
        assert_eq!(health(&object(&conditions)), (status.to_owned(), message.to_owned()), "{conditions:?}");
    }
    let bare = json!({ "metadata": { "name": "p", "generation": 1 } });
    assert_eq!(health(&bare), ("Progressing".to_owned(), not_judged.to_owned()));
}

#[test]
fn the_patch_for_argo_cd_holds_the_script() {
    let patch = yaml("examples/gitops/argocd/argocd-cm.yaml");
    let customizations = patch["data"]["resource.customizations"].as_str().unwrap();
    let customizations: Value = serde_saphyr::from_str(customizations).unwrap();
    assert_eq!(customizations["bund.dev/*"]["health.lua"], text("examples/gitops/argocd/health.lua"));
}

#[test]
fn snippets_are_manifests() {
    for folder in ["examples/gitops/argocd", "examples/gitops/flux"] {
        for object in manifests(&file(folder)).unwrap() {
            assert!(object["apiVersion"].is_string() && object["metadata"]["name"].is_string(), "{object}");
        }
    }
}

/// Every command line of a text, from `bund check` on.
fn command_lines(text: &str) -> Vec<Vec<String>> {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    let found = lines.filter_map(|line| line.split_once("bund check ").map(|(_, rest)| rest));
    let arguments = |rest: &str| rest.split(['#', '>', '|', '`']).next().unwrap_or_default().to_owned();
    found.map(|rest| arguments(rest).split_whitespace().map(str::to_owned).collect()).collect()
}

#[track_caller]
fn assert_parses(arguments: impl IntoIterator<Item = String>) {
    let arguments: Vec<_> = ["bund".to_owned(), "check".to_owned()].into_iter().chain(arguments).collect();
    assert!(Bund::command().try_get_matches_from(&arguments).is_ok(), "{arguments:?}");
}

#[test]
fn pipelines_call_the_command_line_as_it_is() {
    for name in
        ["examples/gitops/ci/github-actions.yaml", "examples/gitops/ci/gitlab-ci.yaml", "docs/gitops.md"]
    {
        let lines = command_lines(&text(name));
        assert!(!lines.is_empty(), "{name}");
        lines.into_iter().for_each(assert_parses);
    }
}

#[test]
fn the_hook_of_pre_commit_gets_files_after_its_arguments() {
    let hooks = yaml(".pre-commit-hooks.yaml");
    let config = yaml("examples/gitops/ci/pre-commit-config.yaml");
    let used = &config["repos"][0]["hooks"][0];
    assert_eq!((&hooks[0]["id"], &hooks[0]["entry"]), (&used["id"], &json!("bund check")));
    let arguments = used["args"].as_array().unwrap().iter().map(|word| word.as_str().unwrap().to_owned());
    assert_parses(arguments.chain(["deploy/a.yaml".to_owned(), "deploy/b.yaml".to_owned()]));
}
