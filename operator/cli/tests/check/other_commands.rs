//! `bund test`, `bund explain`, and databases of addresses wherever they can be named.

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

const OUT: &str = "apiVersion: bund.dev/v1alpha1
kind: ResidencyPolicy
metadata: {name: mainland}
spec:
  dataClasses: [personal-information]
  jurisdictions: [cn-mainland]
  enforcement: {network: Deny, egress: Deny}
  egress: {networks: [{network: 47.96.128.0/24}]}
";

/// A Service that takes connections at an address on the mainland, as a database says.
const SERVICE: &str = "apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, externalIPs: [47.96.128.1], ports: [{port: 443}]}
";

#[test]
fn databases_count_for_every_command_that_takes_them() {
    let database = concat!(env!("CARGO_MANIFEST_DIR"), "/../../policies/worlds/mixed-geo/located.mmdb");
    let facts = format!("{SHOP}---\n{CLUSTER}---\n{OUT}");
    let dump = format!("{facts}---\n{}", deployment("web", "cn-hangzhou"));
    let folder = Folder::of(&[("facts.yaml", &facts), ("dump.yaml", &dump), ("service.yaml", SERVICE)]);
    let run = |arguments: &[&str], geo: &[&str]| {
        Run::of(folder.command(&[arguments, geo].concat()).output().unwrap())
    };
    // However old it is by now.
    let geo = ["--geo", database, "--geo-max-age-days", "3650"];

    let plan = ["plan", "egress", "-f", "dump.yaml"];
    run(&plan, &[])
        .exits(0)
        .says("47.96.128.0/24, asked for by ResidencyPolicy mainland: for personal-information it is at");
    run(&plan, &geo).exits(0).says("ResidencyPolicy mainland: 47.96.128.0/24");

    let given = ["-f", "service.yaml", "--policies", "facts.yaml", "--facts", "facts.yaml"];
    let draft = [&["transfer", "draft"], given.as_slice()].concat();
    run(&draft, &[]).exits(0).says("47.96.128.1");
    run(&draft, &geo).exits(1).says("nothing here needs a transfer");

    let commands: [&[&str]; 4] = [&["check", "service.yaml"], &["locate", "47.96.128.1"], &plan, &draft];
    for command in commands {
        run(command, &["--geo", "facts.yaml"]).exits(2).says("facts.yaml: it is no whole MaxMind DB");
        let thrice = ["--geo", database].repeat(3);
        run(command, &thrice).exits(2).says("--geo is named 3 times; name one database or two");
    }
}
