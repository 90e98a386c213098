//! How `bund preflight` and `bund why` read a cluster: page by page, only lists and gets, Secrets by their metadata. The API server here is a few
//! canned answers on loopback; a real one is the end-to-end suite's.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    process::{Command, Output},
    sync::{Arc, Mutex},
    thread,
};

use serde_json::{Value, json};

/// One request: its line and its `Accept`.
type Asked = Arc<Mutex<Vec<(String, String)>>>;

/// Serves until the test ends, each connection in a thread of its own.
fn serve(pods: usize) -> (u16, Asked) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let asked = Asked::default();
    let seen = Arc::clone(&asked);
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let seen = Arc::clone(&seen);
            thread::spawn(move || answer_all(&stream, pods, &seen));
        }
    });
    (port, asked)
}

fn answer_all(stream: &TcpStream, pods: usize, seen: &Asked) {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    while let Some(line) = lines.next() {
        let headers: Vec<_> = lines.by_ref().take_while(|header| !header.is_empty()).collect();
        let accept = headers.iter().find_map(|header| header.strip_prefix("accept: ")).unwrap_or_default();
        let again = {
            let mut seen = seen.lock().unwrap();
            seen.push((line.clone(), accept.to_owned()));
            seen.iter().filter(|(before, _)| *before == line).count()
        };
        let (code, body) = answer(line.split(' ').nth(1).unwrap(), pods, again);
        let body = body.to_string();
        let head = format!(
            "HTTP/1.1 {code} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        let mut stream = stream;
        if stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes())).is_err() {
            return;
        }
    }
}

fn answer(target: &str, pods: usize, again: usize) -> (u16, Value) {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    match path {
        "/api" => (200, discovery("", "v1", &[("Node", "nodes"), ("Pod", "pods"), ("Secret", "secrets")])),
        "/apis" => (200, discovery("apps", "v1", &[("Deployment", "deployments")])),
        "/version" => (200, version()),
        "/api/v1/pods" => page(query, pods, again),
        "/api/v1/namespaces/default/pods/web" => {
            (200, json!({"metadata": {"name": "web", "namespace": "default"}, "spec": {"nodeName": "n"}}))
        }
        "/api/v1/nodes" | "/apis/apps/v1/deployments" => (200, list(&[], None)),
        "/api/v1/secrets" => {
            let secret = json!({"metadata": {"name": "s", "namespace": "shop"}});
            (200, list(&[secret], None))
        }
        _ => (403, status(403)),
    }
}

fn version() -> Value {
    json!({"major": "1", "minor": "30", "gitVersion": "v1.30.9", "gitCommit": "", "gitTreeState": "",
        "buildDate": "", "goVersion": "", "compiler": "", "platform": ""})
}

/// Pods in pages. The second page is too old the first time it is asked for.
fn page(query: &str, pods: usize, again: usize) -> (u16, Value) {
    let of = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    let limit: usize = of("limit").unwrap().parse().unwrap();
    let start: usize = of("continue").map_or(0, |token| token.parse().unwrap());
    if start == limit && again == 1 {
        return (410, status(410));
    }
    let end = pods.min(start + limit);
    let items: Vec<_> = (start..end).map(|index| {
        let owner = json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "r", "uid": "u", "controller": true});
        let owners = if index % 2 == 0 { json!([]) } else { json!([owner]) };
        json!({"metadata": {"name": format!("pod-{index:05}"), "namespace": "shop", "ownerReferences": owners},
            "spec": {"containers": [{"name": "app", "image": "redis:7"}]}})
    }).collect();
    (200, list(&items, (end < pods).then_some(end.to_string().as_str())))
}

fn list(items: &[Value], next: Option<&str>) -> Value {
    json!({"apiVersion": "v1", "kind": "List", "metadata": {"continue": next.unwrap_or_default()}, "items": items})
}

fn status(code: u16) -> Value {
    json!({"apiVersion": "v1", "kind": "Status", "status": "Failure", "reason": "X", "message": "no", "code": code})
}

fn discovery(group: &str, version: &str, kinds: &[(&str, &str)]) -> Value {
    let resources: Vec<_> = kinds
        .iter()
        .map(|(kind, plural)| {
            json!({"resource": plural, "responseKind": {"group": group, "version": version, "kind": kind},
                "scope": "Namespaced", "singularResource": "", "verbs": ["list"]})
        })
        .collect();
    json!({"apiVersion": "apidiscovery.k8s.io/v2", "kind": "APIGroupDiscoveryList", "metadata": {},
        "items": [{"metadata": {"name": group}, "versions": [
            {"version": version, "resources": resources, "freshness": "Current"}]}]})
}

fn bund(arguments: &[&str], port: u16) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config");
    let config = json!({
        "apiVersion": "v1", "kind": "Config",
        "clusters": [{"name": "c", "cluster": {"server": format!("http://127.0.0.1:{port}")}}],
        "users": [{"name": "u", "user": {}}],
        "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u"}}],
    });
    fs::write(&path, config.to_string()).unwrap();
    Command::new(env!("CARGO_BIN_EXE_bund"))
        .args(arguments)
        .args(["--context", "here", "--output", "json", "--kubeconfig"])
        .arg(&path)
        .output()
        .unwrap()
}

#[track_caller]
fn report(command: &str, port: u16) -> Value {
    report_of(&[command], port)
}

#[track_caller]
fn report_of(arguments: &[&str], port: u16) -> Value {
    let output = bund(arguments, port);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn every_page_is_read_and_a_list_that_grew_too_old_is_begun_anew() {
    let (port, asked) = serve(1_200);
    let found = report("discover", port);
    // Half of them are a workload's, which says all that they say.
    assert_eq!(found["stores"].as_array().unwrap().len(), 600);
    let asked = asked.lock().unwrap();
    let pods: Vec<_> = asked.iter().filter_map(|(line, _)| line.strip_prefix("GET /api/v1/pods?")).collect();
    let pages: Vec<_> = pods.iter().map(|line| line.split_whitespace().next().unwrap()).collect();
    let expected = [
        "&limit=500",
        "&limit=500&continue=500",
        "&limit=500",
        "&limit=500&continue=500",
        "&limit=500&continue=1000",
    ];
    assert_eq!(pages, expected);
}

#[test]
fn only_reads_are_sent_and_of_secrets_only_metadata_is_asked_for() {
    let (port, asked) = serve(1);
    report("preflight", port);
    for (line, accept) in asked.lock().unwrap().iter() {
        assert!(line.starts_with("GET "), "{line}");
        assert!(!line.contains("watch"), "{line}");
        if line.contains("/secrets") {
            assert!(accept.contains("as=PartialObjectMetadataList"), "{accept}");
        }
    }
}

#[test]
fn why_only_reads_and_asks_for_the_metadata_of_secrets_alone() {
    let (port, asked) = serve(1);
    let told = report_of(&["why", "po/web"], port);
    assert_eq!(told["subject"], json!({"group": "", "kind": "Pod", "namespace": "default", "name": "web"}));
    // Bund's kinds are not served, so what ships judges.
    assert_eq!(told["policiesFrom"], "BuiltIn");
    for (line, accept) in asked.lock().unwrap().iter() {
        assert!(line.starts_with("GET ") && !line.contains("watch"), "{line}");
        if line.contains("/secrets") {
            assert!(accept.contains("as=PartialObjectMetadata"), "{accept}");
        }
        // A pod rests on nothing that makes pods.
        assert!(!line.contains("/deployments"), "{line}");
    }
}

#[test]
fn what_is_not_there_and_what_may_not_be_read_are_errors() {
    let (port, _) = serve(1);
    for (asked, told) in [
        (
            "po/other",
            "bund: you may not read pods/other in default; ask for the right, or look at it as somebody who has it\n",
        ),
        (
            "ingress/web",
            "bund: no kind is called `ingress` here; `kubectl api-resources` lists the kinds of a cluster\n",
        ),
    ] {
        let output = bund(&["why", asked], port);
        assert_eq!(output.status.code(), Some(2));
        assert_eq!(String::from_utf8(output.stderr).unwrap(), told);
    }
}

#[test]
fn the_version_and_what_is_not_served_are_told_as_they_are() {
    let (port, _) = serve(1);
    let report = report("preflight", port);
    assert_eq!(report["kubernetes"]["version"], "v1.30.9");
    assert_eq!(report["kubernetes"]["supported"], false);
    assert_eq!(report["kubernetes"]["features"][0]["state"], "Absent");
    let how = report["kubernetes"]["features"][0]["how"].as_str().unwrap();
    assert!(how.ends_with("feature gates not known: no right to read /metrics"), "{how}");
    assert_eq!(report["origin"], json!({"kind": "Cluster", "context": "here"}));
    assert_eq!(report["notKnown"], json!([]));
}

#[test]
fn a_cluster_that_does_not_answer_is_an_error() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let output = bund(&["preflight"], port);
    assert_eq!(output.status.code(), Some(2));
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.starts_with("bund: the API server cannot be asked: "), "{error}");
}
