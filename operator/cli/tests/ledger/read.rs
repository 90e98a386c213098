//! Verifying, proving and exporting.

use std::fs;

use serde_json::Value;

use super::Desk;

#[test]
fn a_ledger_is_verified_and_says_so_to_people_and_to_programs() {
    let desk = Desk::new();
    desk.note("one");
    let policy = desk.policy();
    let text = desk.good(&["verify", "led", "--policy", policy, "--pin", "pin"]);
    assert!(text.ends_with("verified: ledger of ledger.example.com/test in led\n"), "{text}");
    let json = desk.good(&["verify", "led", "--policy", policy, "--pin", "pin", "-o", "json"]);
    let json: Value = serde_json::from_str(&json).unwrap();
    let told = |field: &str| json.pointer(field).cloned().unwrap_or_default();
    assert_eq!(told("/version"), "bund.dev/ledger-verification/v1");
    assert_eq!((told("/kind"), told("/exitCode")), ("Ledger".into(), 0.into()));
    assert_eq!((told("/shards/0/size"), told("/findings")), (2.into(), serde_json::json!([])));
    let shard = desk.shard();
    assert_eq!(told("/shards/0/checkpoint"), desk.read(&format!("led/{shard}/checkpoint")));
}

#[test]
fn what_is_needed_and_missing_leaves_it_unverifiable() {
    let desk = Desk::new();
    for arguments in [
        ["verify", "led", "--policy", "nothing"],
        ["verify", "led", "--checkpoint", "nothing"],
        ["verify", "led", "--pin", "nothing"],
    ] {
        let told = desk.refused(&arguments, 3);
        assert!(told.starts_with("bund: nothing cannot be read"), "{told}");
    }
    let told = desk.refused(&["verify", "nothing"], 3);
    assert!(told.starts_with("bund: nothing is not there: name a ledger, an export or a proof"), "{told}");
    let told = desk.refused(&["status", "nothing"], 3);
    assert!(told.starts_with("bund: nothing is not there"), "{told}");
    fs::create_dir(desk.path("empty")).unwrap();
    let told = desk.refused(&["status", "empty"], 3);
    assert!(told.starts_with("bund: there is no ledger in empty"), "{told}");
    fs::write(desk.path("bad"), "log x\n").unwrap();
    let told = desk.refused(&["verify", "led", "--policy", "bad"], 1);
    assert!(told.contains("the policy bad cannot be used: line 1"), "{told}");
}

#[test]
fn a_key_that_is_not_trusted_is_not_believed() {
    let (desk, other) = (Desk::new(), Desk::new());
    other.policy();
    fs::copy(other.path("policy"), desk.path("other")).unwrap();
    let text = desk.ended(&["verify", "led", "--policy", "other"], 3);
    assert!(text.ends_with("UNVERIFIABLE: ledger of ledger.example.com/test in led\n"), "{text}");
}

#[test]
fn a_proof_speaks_for_itself() {
    let desk = Desk::new();
    let place = desk.note("one");
    desk.note("two");
    let policy = desk.policy();
    let proof = desk.good(&["prove", "led", "--id", "one"]);
    assert_eq!(proof, desk.good(&["prove", "led", "--entry", &place]));
    desk.good(&["prove", "led", "--id", "one", "-o", "proof"]);
    assert_eq!(desk.read("proof"), proof);
    desk.good(&["verify", "proof", "--policy", policy]);
    let told = desk.refused(&["prove", "led", "--id", "one", "-o", "proof"], 1);
    assert!(told.contains("proof cannot be written; name a file that is not there yet"), "{told}");
    let index = proof.lines().find(|line| line.starts_with("index")).unwrap();
    fs::write(desk.path("proof"), proof.replace(index, "index 2")).unwrap();
    desk.ended(&["verify", "proof", "--policy", policy], 2);
    let told = desk.refused(&["prove", "led", "--id", "nobody"], 1);
    assert_eq!(told, "bund: no published entry has the id nobody\n");
    let beyond = format!("{}/9", desk.shard());
    let told = desk.refused(&["prove", "led", "--entry", &beyond], 1);
    assert!(told.contains("has 3 published entries, and no entry 9"), "{told}");
}

#[test]
fn growth_is_proved_to_whoever_kept_a_checkpoint() {
    let desk = Desk::new();
    fs::copy(desk.path("pin"), desk.path("kept")).unwrap();
    desk.note("one");
    let body = desk.good(&["prove", "led", "--since", "kept"]);
    let checkpoint = desk.read(&format!("led/{}/checkpoint", desk.shard()));
    assert!(body.starts_with("old 1\n") && body.ends_with(&format!("\n\n{checkpoint}")), "{body}");
    desk.good(&["verify", "led", "--checkpoint", "kept"]);
}

#[test]
fn an_export_is_there_as_a_whole_or_not_at_all() {
    let desk = Desk::new();
    desk.note("one");
    let policy = desk.policy();
    desk.good(&["export", "led", "out", "--language", "zh"]);
    let text = desk.good(&["verify", "out", "--policy", policy, "--checkpoint", "pin"]);
    assert!(text.ends_with("verified: export of ledger.example.com/test in out\n"), "{text}");
    assert!(desk.read("out/report.html").contains("<html lang=\"zh-CN\">"));
    let told = desk.refused(&["export", "led", "out"], 1);
    assert!(told.contains("out is there and not empty"), "{told}");
    let told = desk.refused(&["export", "nothing", "out2"], 3);
    assert!(told.starts_with("bund: nothing is not there"), "{told}");
    let left: Vec<_> = fs::read_dir(desk.0.path())
        .unwrap()
        .map(|found| found.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains("unfinished") || name == "out2")
        .collect();
    assert_eq!(left, Vec::<String>::new());
}

#[test]
fn a_range_is_of_days_in_beijing_and_holds_something() {
    let desk = Desk::new();
    desk.note("one");
    let range = |to| desk.run(&["export", "led", "out", "--from", "2020-01-01", "--to", to]);
    let output = range("2020-12-31");
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), desk.path("out").exists()), (Some(1), false), "{told}");
    assert!(told.contains("holds no published entry in that range"), "{told}");
    assert_eq!(range("2999-12-31").status.code(), Some(0));
    desk.good(&["verify", "out", "--policy", desk.policy()]);
    assert_eq!(desk.read("out/entries.jsonl").lines().count(), 2);
}

#[test]
fn a_damaged_ledger_is_not_exported_and_nothing_is_left_over() {
    let desk = Desk::new();
    desk.note("one");
    let bundle = desk.path(&format!("led/{}/tile/entries/000.p/2", desk.shard()));
    let mut bytes = fs::read(&bundle).unwrap();
    *bytes.last_mut().unwrap() = b']';
    fs::write(bundle, bytes).unwrap();
    let told = desk.refused(&["export", "led", "out"], 2);
    assert!(told.starts_with("bund: the ledger cannot be exported"), "{told}");
    let mut left: Vec<_> =
        fs::read_dir(desk.0.path()).unwrap().map(|found| found.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["key", "led", "pin"]);
}

#[test]
fn whoever_reads_no_further_has_read_enough() {
    let desk = Desk::new();
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_bund"))
        .args(["ledger", "status", "led"])
        .current_dir(desk.0.path())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn an_export_that_is_interrupted_leaves_nothing() {
    let desk = Desk::empty();
    // A store that takes the question and never answers.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let child = std::process::Command::new(env!("CARGO_BIN_EXE_bund"))
        .args(["ledger", "export", "s3://bucket/led", "out"])
        .current_dir(desk.0.path())
        .env("AWS_ENDPOINT_URL", format!("http://{}", silent.local_addr().unwrap()))
        .envs([("AWS_ALLOW_HTTP", "true"), ("AWS_REGION", "x"), ("NO_PROXY", "*")])
        .envs([("AWS_ACCESS_KEY_ID", "x"), ("AWS_SECRET_ACCESS_KEY", "x")])
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let asked = silent.accept().unwrap();
    let killed = std::process::Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
    assert!(killed.unwrap().success());
    let output = child.wait_with_output().unwrap();
    drop(asked);
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), told.as_str()), (Some(1), "bund: interrupted: nothing was exported\n"));
    assert_eq!(fs::read_dir(desk.0.path()).unwrap().count(), 0);
}
