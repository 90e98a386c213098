//! What `bund approve`, `reject` and `revoke` ask for before they look at any cluster.

use super::error;

#[test]
fn no_decision_is_made_in_a_cluster_that_is_not_named() {
    for verb in ["approve", "reject", "revoke"] {
        let told = error(&[verb, "crm", "-n", "shop", "--reason", "x", "--yes"], 2);
        assert!(told.contains("--context <NAME>|--in-cluster"), "{told}");
    }
}

#[test]
fn what_closes_says_why() {
    for verb in ["reject", "revoke"] {
        let told = error(&[verb, "crm", "-n", "shop", "--context", "prod"], 2);
        assert!(told.contains("--reason <REASON>"), "{told}");
    }
}

#[test]
fn a_digest_is_a_whole_one() {
    let told = error(&["approve", "crm", "--context", "prod", "--digest", "abc"], 2);
    assert!(told.contains("--digest <SHA256>"), "{told}");
}

#[test]
fn a_context_that_is_not_there_is_an_error_and_no_decision() {
    let told = error(&["approve", "crm", "--kubeconfig", "nowhere.yaml", "--context", "prod"], 2);
    assert!(told.contains("kubectl config get-contexts"), "{told}");
}
