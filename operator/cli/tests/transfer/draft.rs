//! A draft is refused until somebody fills it in, and then is a transfer for what was refused.

use std::fs;

use super::{bund, error, here, run};

const FLOW: &str = "draft/flow.yaml";

#[track_caller]
fn draft(arguments: &[&str]) -> String {
    run::printed(bund(&[&["transfer", "draft"], arguments].concat()), 0)
}

/// What to write where a draft asks for something.
fn answer(key: &str, hint: &str) -> &'static str {
    match key {
        _ if hint == "day" || hint.starts_with("day of") || hint.starts_with("the day") => "2027-01-01",
        "exporter" => "91350100M000100Y43",
        "country" => "DE",
        "ordinary" | "sensitive" | "under14" => "1000",
        "from" => "2027-01-01T00:00:00Z",
        "until" => "2027-12-31T16:00:00Z",
        "keepUntil" => "2031-01-01",
        "ground" => "ContractNecessity",
        "date" => "2026-12-01",
        _ => "told",
    }
}

/// A line without its mark, and with an answer for each `<…>`.
fn filled(line: &str) -> String {
    let mut text = line.to_owned();
    while let Some((before, rest)) = text.split_once('<') {
        let (hint, after) = rest.split_once('>').unwrap();
        let key = before.trim_end_matches([' ', ':']).rsplit([' ', '{']).next().unwrap();
        text = format!("{before}{}{after}", answer(key, hint));
    }
    text + "\n"
}

/// A draft that somebody filled in, with one of the mechanisms and everything else.
fn filled_in(draft: &str, mechanism: &str) -> String {
    const MECHANISMS: [&str; 4] =
        ["standardContract:", "certification:", "securityAssessment:", "exemption:"];
    let mut wanted = true;
    let mut text = String::new();
    for line in draft.lines() {
        if let Some(needed) = line.strip_prefix("#>") {
            text.push_str(&filled(needed));
        } else if let Some(optional) = line.strip_prefix("#?") {
            if MECHANISMS.contains(&optional.trim()) {
                wanted = optional.trim().trim_end_matches(':') == mechanism;
            }
            if wanted {
                text.push_str(&filled(optional));
            }
        } else {
            // What follows the mechanisms begins with a comment.
            wanted = true;
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}

#[test]
fn a_draft_says_what_is_known_and_asks_for_the_rest() {
    let drafted = draft(&["-f", FLOW, "--subject", "deploy/crm", "-n", "shop"]);
    run::assert_kept(&here("draft/crm.yaml"), &drafted);
}

#[test]
fn a_draft_is_refused_until_it_is_filled_in_whichever_the_mechanism() {
    let folder = tempfile::TempDir::new().unwrap();
    let drafted = draft(&["-f", FLOW, "--subject", "deploy/crm", "-n", "shop"]);
    let file = folder.path().join("draft.yaml");
    fs::write(&file, &drafted).unwrap();
    let check = || {
        let output = run::bund(folder.path(), &["check", "draft.yaml"]);
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let (code, told) = check();
    assert_eq!(code, Some(2), "{told}");
    assert!(told.contains("missing field `exporter`"), "{told}");
    for mechanism in ["standardContract", "certification", "securityAssessment", "exemption"] {
        let whole = filled_in(&drafted, mechanism);
        assert!(whole.contains(mechanism), "{whole}");
        fs::write(&file, &whole).unwrap();
        let (code, told) = check();
        assert_eq!(code, Some(0), "{mechanism}: {told}");
        assert!(!told.contains("unreadable"), "{mechanism}: {told}");
    }
}

#[test]
fn the_places_that_fields_name_are_written_and_nobody_guesses_a_provider() {
    let drafted = draft(&["-f", FLOW, "--subject", "backups.example.com/nightly", "-n", "shop"]);
    let (_, destinations) = drafted.split_once("  destinations:\n").unwrap();
    let (destinations, _) = destinations.split_once("#>  exporter").unwrap();
    assert_eq!(
        destinations,
        "    - provider: aws\n      region: eu-central-1\n    - host: vault.partner.example\n"
    );
    let drafted = draft(&["-f", "draft/two-clouds.yaml"]);
    let (_, destinations) = drafted.split_once("  destinations:\n").unwrap();
    let (destinations, _) = destinations.split_once("#>  exporter").unwrap();
    assert_eq!(
        destinations,
        "#>    - provider: <whose region eu-central-1 is>\n#>      region: eu-central-1\n"
    );
}

#[test]
fn where_several_are_refused_somebody_says_which() {
    let told = error(&["transfer", "draft", "-f", FLOW], 2);
    assert!(told.contains("name one with --subject: Deployment shop/crm, Backup shop/nightly"), "{told}");
}

#[test]
fn what_needs_no_transfer_gets_none() {
    let told = error(&["transfer", "draft", "-f", FLOW, "--subject", "deploy/inside", "-n", "shop"], 1);
    assert!(told.contains("nothing here needs a transfer"), "{told}");
    let told = error(&["transfer", "draft", "-f", FLOW, "--subject", "deploy/nobody"], 2);
    assert!(told.contains("Deployment nobody is not there"), "{told}");
    let told = error(&["transfer", "draft", "--context", "prod"], 2);
    assert!(told.contains("--subject KIND/NAME"), "{told}");
}

#[test]
fn a_draft_writes_over_nothing() {
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("draft.yaml");
    let flow = here(FLOW);
    let arguments = ["transfer", "draft", "-f", flow.to_str().unwrap(), "-n", "shop"];
    let arguments = [&arguments[..], &["--subject", "deploy/crm", "-o", "draft.yaml"]].concat();
    assert_eq!(run::bund(folder.path(), &arguments).status.code(), Some(0));
    fs::write(&file, "filled in").unwrap();
    assert_eq!(run::bund(folder.path(), &arguments).status.code(), Some(2));
    assert_eq!(fs::read_to_string(&file).unwrap(), "filled in");
}
