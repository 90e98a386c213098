//! `bund test` and `bund explain`.

use bund_engine::Reason;

use crate::folder::{CLUSTER, Folder, Run, SHOP, deployment};

const SHEET: &str = "title: A Deployment abroad is refused
world: mixed
request: {operation: Create}
expect:
  verdict: Deny
  response: Refused
  findings:
    - {reason: PlacementContradicts, class: personal-information, field: spec.template.spec.nodeSelector, mode: Deny}
";

const POLICY: &str = "apiVersion: bund.dev/v1alpha1
kind: ResidencyPolicy
metadata: {name: p}
spec: {dataClasses: [personal-information], jurisdictions: [cn-mainland], enforcement: {placement: Deny}}
";

fn cases(region: &str, sheet: &str) -> Folder {
    Folder::of(&[
        ("cases/abroad/case.yaml", sheet),
        ("cases/abroad/object.yaml", &deployment("web", region)),
        ("worlds/mixed/world.yaml", &format!("{SHOP}---\n{CLUSTER}---\n{POLICY}")),
    ])
}

fn test(folder: &Folder) -> Run {
    Run::of(folder.command(&["test", "cases"]).output().unwrap())
}

#[test]
fn a_case_that_holds_passes_at_both_entrances() {
    test(&cases("eu-central-1", SHEET)).exits(0).says("2 passed, 0 failed, 0 skipped");
    let barred = format!("{SHEET}entrances: {{cli: this is why}}\n");
    test(&cases("eu-central-1", &barred)).exits(0).says("1 passed, 0 failed, 1 skipped");
}

#[test]
fn a_case_that_does_not_hold_fails_and_tells_each_difference() {
    test(&cases("cn-hangzhou", SHEET))
        .exits(1)
        .says("FAILED abroad (Engine)\n    verdict: expected Deny, found Allow\n    response: expected Refused, found Admitted\n")
        .says("FAILED abroad (Cli)")
        .says("0 passed, 2 failed, 0 skipped");
}

#[test]
fn a_case_that_cannot_be_read_runs_none() {
    test(&cases("eu-central-1", &SHEET.replace("verdict", "verdit"))).exits(2).says("unknown field `verdit`");
    test(&cases("eu-central-1", &SHEET.replace("mixed", "nowhere"))).exits(2).says("worlds/nowhere");
    test(&Folder::of(&[("cases/readme.md", "")])).exits(2).says("cases holds no case");
    test(&Folder::of(&[])).exits(2).says("cases cannot be read");
}

#[test]
fn every_reason_is_listed_and_explained() {
    let folder = Folder::of(&[]);
    let explain = |arguments: &[&str]| Run::of(folder.command(arguments).output().unwrap()).exits(0).stdout;
    let list = explain(&["explain"]);
    assert_eq!(list.lines().count(), Reason::ALL.len());
    for reason in Reason::ALL {
        let text = explain(&["explain", &reason.code().to_lowercase()]);
        assert!(text.starts_with(reason.code()) && text.contains(reason.entry().remedy), "{text}");
        assert!(list.contains(reason.code()), "{list}");
    }
}
