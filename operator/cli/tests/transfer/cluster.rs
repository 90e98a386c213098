//! A decision as it reaches an API server: what is read before, what is sent, and that nothing is sent for another text. The
//! API server here is a few canned answers on loopback; a real one, with its rights and stamps, is the end-to-end suite's.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    process::Output,
    sync::{Arc, Mutex},
    thread,
};

use serde_json::{Value, json};

use super::{here, run};

/// What was posted: the path without its query, and the body.
type Posted = Arc<Mutex<Vec<(String, Value)>>>;

const APPROVALS: &str = "/apis/bund.dev/v1alpha1/namespaces/shop/transferapprovals";
const REVIEWS: &str = "/apis/authentication.k8s.io/v1/selfsubjectreviews";

/// What the API server makes of a decision.
#[derive(Clone, Copy, Debug)]
enum Answers {
    Stamps,
    StampsNobody,
    Refuses,
}

/// Serves the objects of the dump until the test ends, each connection in a thread of its own.
fn serve(answers: Answers) -> (u16, Posted) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let posted = Posted::default();
    let seen = Arc::clone(&posted);
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let seen = Arc::clone(&seen);
            thread::spawn(move || answer_all(&stream, answers, &seen));
        }
    });
    (port, posted)
}

fn answer_all(stream: &TcpStream, answers: Answers, posted: &Posted) {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    while reader.read_line(&mut line).is_ok_and(|read| read > 0) {
        let mut length = 0;
        let mut header = String::new();
        while reader.read_line(&mut header).is_ok() && header != "\r\n" {
            let of = header.to_ascii_lowercase();
            length = of.strip_prefix("content-length: ").map_or(length, |text| text.trim().parse().unwrap());
            header.clear();
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        let target = line.split(' ').nth(1).unwrap();
        let path = target.split('?').next().unwrap();
        let (code, answer) = if line.starts_with("POST") {
            let body: Value = serde_json::from_slice(&body).unwrap();
            posted.lock().unwrap().push((path.to_owned(), body.clone()));
            answer_post(path, body, answers)
        } else {
            answer_get(path)
        };
        let answer = answer.to_string();
        let head = format!(
            "HTTP/1.1 {code} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            answer.len()
        );
        let mut stream = stream;
        if stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(answer.as_bytes())).is_err() {
            return;
        }
        line.clear();
    }
}

fn answer_post(path: &str, mut body: Value, answers: Answers) -> (u16, Value) {
    if path == REVIEWS {
        let user = json!({"username": "zhao.liu", "groups": ["legal"]});
        return (201, json!({"status": {"userInfo": user}}));
    }
    match answers {
        Answers::Refuses => (403, status(403, "zhao.liu may not approve")),
        Answers::Stamps | Answers::StampsNobody => {
            body["metadata"]["name"] = json!("crm-x7k2p");
            if matches!(answers, Answers::Stamps) {
                body["spec"]["approver"] = json!({"username": "zhao.liu", "groups": ["legal"]});
            }
            (201, body)
        }
    }
}

const KINDS: [(&str, &str, &str); 8] = [
    ("ClusterLocation", "clusterlocations", "Cluster"),
    ("CrossBorderTransfer", "crossbordertransfers", "Namespaced"),
    ("DataClass", "dataclasses", "Cluster"),
    ("Exporter", "exporters", "Cluster"),
    ("Jurisdiction", "jurisdictions", "Cluster"),
    ("LedgerEvent", "ledgerevents", "Cluster"),
    ("ResidencyPolicy", "residencypolicies", "Cluster"),
    ("TransferApproval", "transferapprovals", "Namespaced"),
];

fn answer_get(path: &str) -> (u16, Value) {
    match path {
        "/api" => return (200, discovery("", "v1", &[("Namespace", "namespaces", "Cluster")])),
        "/apis" => return (200, discovery("bund.dev", "v1alpha1", &KINDS)),
        "/api/v1/namespaces" => return (200, list(&objects("Namespace"))),
        "/apis/bund.dev/v1alpha1/namespaces/shop/crossbordertransfers/crm" => {
            return (200, objects("CrossBorderTransfer").remove(0));
        }
        _ => {}
    }
    let plural = path.strip_prefix("/apis/bund.dev/v1alpha1/").unwrap_or_default();
    match KINDS.iter().find(|(_, of, _)| *of == plural) {
        Some((kind, _, _)) => (200, list(&objects(kind))),
        None => (404, status(404, "not found")),
    }
}

/// The objects of the dump of one kind.
fn objects(kind: &str) -> Vec<Value> {
    let mut unreadable = Vec::new();
    let documents = bund::check::read(&[here("dump.yaml")], &mut unreadable, |_, _| {});
    documents.into_iter().map(|document| document.value).filter(|value| value["kind"] == kind).collect()
}

fn list(items: &[Value]) -> Value {
    json!({"apiVersion": "v1", "kind": "List", "metadata": {}, "items": items})
}

fn status(code: u16, message: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Status", "status": "Failure", "reason": "X", "message": message, "code": code})
}

fn discovery(group: &str, version: &str, kinds: &[(&str, &str, &str)]) -> Value {
    let resources: Vec<_> = kinds
        .iter()
        .map(|(kind, plural, scope)| {
            json!({"resource": plural, "responseKind": {"group": group, "version": version, "kind": kind},
                "scope": scope, "singularResource": "", "verbs": ["get", "list", "create"]})
        })
        .collect();
    json!({"apiVersion": "apidiscovery.k8s.io/v2", "kind": "APIGroupDiscoveryList", "metadata": {},
        "items": [{"metadata": {"name": group}, "versions": [
            {"version": version, "resources": resources, "freshness": "Current"}]}]})
}

fn decide(port: u16, arguments: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let config = json!({
        "apiVersion": "v1", "kind": "Config",
        "clusters": [{"name": "c", "cluster": {"server": format!("http://127.0.0.1:{port}")}}],
        "users": [{"name": "u", "user": {}}],
        "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u", "namespace": "shop"}}],
    });
    fs::write(folder.path().join("config"), config.to_string()).unwrap();
    let cluster = ["--context", "here", "--kubeconfig", "config"];
    run::bund(folder.path(), &[arguments, &cluster].concat())
}

/// The digest of the transfer, as the dump has it.
fn digest() -> String {
    objects("TransferApproval")[0]["spec"]["transfer"]["digest"].as_str().unwrap().to_owned()
}

/// The decisions that reached the API server.
fn decisions(posted: &Posted) -> Vec<Value> {
    let posted = posted.lock().unwrap();
    posted.iter().filter(|(path, _)| path == APPROVALS).map(|(_, body)| body.clone()).collect()
}

fn sent(decision: &str, reason: Option<&str>) -> Value {
    let mut sent = json!({
        "apiVersion": "bund.dev/v1alpha1", "kind": "TransferApproval",
        "metadata": {"generateName": "crm-", "namespace": "shop"},
        "spec": {
            "transfer": {"name": "crm", "uid": "6c0ae1f2-8a57-4a40-9d7e-3d5f3f0f4d01", "digest": digest()},
            "dataClasses": ["personal-information"],
            "decision": decision,
        }
    });
    if let Some(reason) = reason {
        sent["spec"]["reason"] = json!(reason);
    }
    sent
}

#[test]
fn the_exact_text_is_shown_and_what_is_sent_is_bound_to_it() {
    let (port, posted) = serve(Answers::Stamps);
    let digest = digest();
    let told = run::printed(decide(port, &["approve", "crm", "--digest", &digest]), 0);
    let (text, rest) = told.split_once("\n}\n\n").unwrap();
    let shown: Value = serde_json::from_str(&format!("{text}\n}}")).unwrap();
    let transfer = objects("CrossBorderTransfer").remove(0);
    assert_eq!((&shown["spec"], &shown["uid"]), (&transfer["spec"], &transfer["metadata"]["uid"]));
    for line in [
        "asked by   zhang.san; created by zhang.san\n",
        &format!("digest     {digest}\n"),
        "you        zhao.liu (groups legal; no credential: made by impersonation, or the authenticator names none)\n",
        "\nApproved as TransferApproval crm-x7k2p by zhao.liu (groups legal;",
    ] {
        assert!(rest.contains(line), "`{line}` is not in:\n{rest}");
    }
    assert_eq!(decisions(&posted), [sent("Approved", None)]);
}

#[test]
fn closing_needs_no_digest() {
    for (verb, decision) in [("reject", "Rejected"), ("revoke", "Revoked")] {
        let (port, posted) = serve(Answers::Stamps);
        let arguments = [verb, "crm", "-n", "shop", "--reason", "contract ended", "--yes"];
        run::printed(decide(port, &arguments), 0);
        assert_eq!(decisions(&posted), [sent(decision, Some("contract ended"))]);
    }
}

#[test]
fn nothing_is_sent_for_a_text_that_nobody_named() {
    let other = "0".repeat(64);
    for (arguments, code, says) in [
        (&["approve", "crm"][..], 2, format!("--digest {}", digest())),
        (&["approve", "crm", "--yes"], 2, format!("--digest {}", digest())),
        (&["revoke", "crm", "--reason", "x"], 2, format!("--digest {}", digest())),
        (&["approve", "crm", "--digest", &other], 1, "nothing was sent".to_owned()),
        (&["revoke", "crm", "--reason", "x", "--yes", "--digest", &other], 1, "nothing was sent".to_owned()),
    ] {
        let (port, posted) = serve(Answers::Stamps);
        let output = decide(port, arguments);
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {error}");
        assert!(error.contains(&says), "{arguments:?}: {error}");
        assert_eq!(decisions(&posted), [] as [Value; 0], "{arguments:?}");
    }
}

#[test]
fn what_the_api_server_answers_is_told() {
    for (answers, says) in [
        (Answers::Refuses, "the API server refused: zhao.liu may not approve"),
        (Answers::StampsNobody, "nobody was stamped as its approver, so it does not count"),
    ] {
        let (port, _) = serve(answers);
        let output = decide(port, &["approve", "crm", "--digest", &digest()]);
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{error}");
        assert!(error.contains(says), "{error}");
    }
}
