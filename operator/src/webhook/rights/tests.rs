//! Against an API server that is a function: what is asked, and what follows from each answer.

use std::sync::{Arc, Mutex};

use axum::Json;
use axum::Router;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use bund_engine::finding::Standing;
use bund_engine::{Operation, Reason, Request, Snapshot};
use serde_json::{Value, json};

use super::*;
use crate::webhook::answer::Answer;
use crate::webhook::review::Entrance;

const PATH: &str = "/apis/authorization.k8s.io/v1/subjectaccessreviews";

/// What was asked, as `verb name by user`.
type Asked = Arc<Mutex<Vec<Value>>>;

/// An API server where `answer` says what is allowed, by verb and resource.
fn api_server(answer: Verbs) -> (Rights, Asked) {
    let asked = Asked::default();
    let seen = Arc::clone(&asked);
    let review = move |Json(mut review): Json<Value>| async move {
        seen.lock().unwrap().push(review["spec"].clone());
        let attributes = review["spec"]["resourceAttributes"].clone();
        let of = |member: &str| attributes[member].as_str().unwrap_or_default();
        match answer(of("verb"), of("resource")) {
            Ok(allowed) => {
                review["status"] = json!({ "allowed": allowed });
                (StatusCode::CREATED, Json(review)).into_response()
            }
            Err(StatusCode::REQUEST_TIMEOUT) => std::future::pending::<Response>().await,
            Err(code) => code.into_response(),
        }
    };
    let router = Router::new().route(PATH, post(review));
    (Rights::new(Client::new(router, "default")), asked)
}

/// A guarded namespace with a policy in `mode` for these classes.
fn snapshot(mode: &str, classes: usize) -> Snapshot {
    let mut snapshot = Snapshot::default();
    let names: Vec<_> = (0..classes).map(|number| format!("class-{number:02}")).collect();
    let own = |kind: &str, name: &str, spec: Value| json!({ "apiVersion": "bund.dev/v1alpha1", "kind": kind, "metadata": { "name": name }, "spec": spec });
    let policy = json!({
        "dataClasses": names, "jurisdictions": ["cn-mainland"],
        // Hints would be warnings by default.
        "enforcement": { "placement": mode, "hints": "Audit" }
    });
    let mut facts = vec![
        json!({"apiVersion": "v1", "kind": "Namespace",
            "metadata": { "name": "shop", "labels": { "bund.dev/guarded": "true" } }}),
        own("ResidencyPolicy", "stay", policy),
    ];
    facts.extend(names.iter().map(|name| own("DataClass", name, json!({ "category": "Other" }))));
    for fact in &facts {
        assert_eq!(snapshot.observe(fact), bund_engine::snapshot::Observed::Fact, "{fact}");
    }
    snapshot
}

/// The same, and policies that trust somebody with a right.
fn trusting(username: &str, right: &str) -> Snapshot {
    let mut snapshot = snapshot("Deny", 1);
    let policy = json!({
        "apiVersion": "bund.dev/v1alpha1", "kind": "ResidencyPolicy", "metadata": { "name": "stay" },
        "spec": {
            "dataClasses": ["class-00"], "jurisdictions": ["cn-mainland"],
            "enforcement": { "placement": "Deny", "hints": "Audit" },
            "trustedSubjects": [{ "username": username, "rights": [right] }]
        }
    });
    assert_eq!(snapshot.observe(&policy), bund_engine::snapshot::Observed::Fact);
    snapshot
}

/// Somebody takes every class label off a Secret.
fn question(user: &str, classes: usize) -> Question {
    let secret = |labels: Value| json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "s", "labels": labels } });
    let labels: serde_json::Map<_, _> =
        (0..classes).map(|number| (format!("data-class.bund.dev/class-{number:02}"), json!(""))).collect();
    let mut request = Request::of_object(secret(json!({})), Some(secret(labels.into())));
    request.operation = Operation::Update;
    request.namespace = Some("shop".to_owned());
    let user = UserInfo {
        username: Some(user.to_owned()),
        uid: Some("u-kate".to_owned()),
        groups: Some(vec!["privacy-office".to_owned()]),
        extra: Some([("scopes".to_owned(), vec!["a".to_owned()])].into()),
    };
    Question { uid: "u-1".to_owned(), request, resource: "secrets", user, dry_run: false }
}

async fn ask(rights: &Rights, mut question: Question, snapshot: &Snapshot) -> (Found, Value) {
    let decision = decide(&question.request, snapshot, Timestamp::UNIX_EPOCH);
    let found = rights.complete(&mut question, Found::of(decision, snapshot.clone())).await;
    let answer = Answer::of(Entrance::Validating, &question, &found, Timestamp::UNIX_EPOCH);
    let answer = answer.into_review("u-1")["response"].clone();
    (found, answer)
}

fn asked_verbs(asked: &Asked) -> Vec<String> {
    let attributes = |spec: &Value| {
        let of = |member: &str| spec["resourceAttributes"][member].as_str().unwrap_or_default().to_owned();
        format!("{} {}", of("verb"), of("name"))
    };
    let mut verbs: Vec<_> = asked.lock().unwrap().iter().map(attributes).collect();
    verbs.sort();
    verbs
}

/// What the API server answers about a verb on a resource.
type Verbs = fn(&str, &str) -> Result<bool, StatusCode>;

/// The right and no wildcard.
const BY_NAME: Verbs = |verb, _| Ok(verb == DECLASSIFY);

#[tokio::test]
async fn a_person_who_was_given_the_right_takes_the_class_away_and_it_is_recorded() {
    let (rights, asked) = api_server(BY_NAME);
    let (found, answer) = ask(&rights, question("kate", 1), &snapshot("Deny", 1)).await;
    assert_eq!(found.unasked, None);
    let standing: Vec<_> = found.decision.findings.iter().map(|f| (f.reason, &f.standing)).collect();
    assert_eq!(standing, [(Reason::ClassRemoved, &Standing::Declassified)]);
    assert_eq!(answer["allowed"], true, "{answer}");
    assert_eq!(answer["auditAnnotations"]["declassified"], "class-00 of Secret shop/s by kate");
    assert_eq!(answer["warnings"].as_array().map(Vec::len), Some(1), "{answer}");
    assert_eq!(asked_verbs(&asked), ["declassify class-00", "hold-by-wildcard class-00"]);
    let spec = asked.lock().unwrap().first().cloned().unwrap();
    let expected = json!({
        "user": "kate", "uid": "u-kate", "groups": ["privacy-office"], "extra": { "scopes": ["a"] },
        "resourceAttributes": {
            "group": "bund.dev", "resource": "dataclasses", "name": "class-00",
            "verb": spec["resourceAttributes"]["verb"]
        }
    });
    assert_eq!(spec, expected);
}

#[tokio::test]
async fn a_wildcard_gives_nothing_and_neither_does_no_right() {
    for answer in [(|_, _| Ok(true)) as Verbs, |_, _| Ok(false)] {
        let (rights, _) = api_server(answer);
        let (found, answer) = ask(&rights, question("admin", 1), &snapshot("Deny", 1)).await;
        assert_eq!(found.unasked, None);
        assert_eq!(answer["status"]["code"], 403, "{answer}");
        assert_eq!(answer["auditAnnotations"].get("declassified"), None);
    }
}

#[tokio::test]
async fn nobody_is_asked_about_service_accounts_and_where_nothing_is_taken_away() {
    let (rights, asked) = api_server(BY_NAME);
    let machine = question("system:serviceaccount:shop:default", 1);
    let (_, answer) = ask(&rights, machine, &snapshot("Deny", 1)).await;
    assert_eq!(answer["status"]["code"], 403, "{answer}");
    let mut nothing = question("kate", 1);
    nothing.request.object = nothing.request.old_object.clone();
    let (_, answer) = ask(&rights, nothing, &snapshot("Deny", 1)).await;
    assert_eq!(answer["allowed"], true, "{answer}");
    let (_, answer) = ask(&rights, question("kate", 1), &snapshot("Audit", 1)).await;
    assert_eq!(answer["allowed"], true, "what is only audited needs no right: {answer}");
    assert_eq!(asked_verbs(&asked), Vec::<String>::new());
}

#[tokio::test]
async fn a_right_that_cannot_be_asked_for_is_not_there_and_the_answer_says_to_try_again() {
    let (rights, _) = api_server(|_, _| Err(StatusCode::INTERNAL_SERVER_ERROR));
    let (_, answer) = ask(&rights, question("kate", 1), &snapshot("Deny", 1)).await;
    assert_eq!(answer["status"]["code"], 503, "{answer}");
    let message = answer["status"]["message"].as_str().unwrap();
    assert!(
        message.starts_with("Undecided: the decision rests on whether you may declassify class-00"),
        "{message}"
    );

    let (rights, _) = api_server(|_, _| Err(StatusCode::INTERNAL_SERVER_ERROR));
    let (_, answer) = ask(&rights, question("kate", 1), &snapshot("Warn", 1)).await;
    assert_eq!(answer["allowed"], true, "where policies only warn nothing waits for us: {answer}");
}

#[tokio::test]
async fn an_api_server_that_never_answers_is_not_waited_for_without_end() {
    let (rights, _) = api_server(|_, _| Err(StatusCode::REQUEST_TIMEOUT));
    let (_, answer) = ask(&rights, question("kate", 3), &snapshot("Deny", 3)).await;
    let message = answer["status"]["message"].as_str().unwrap();
    assert!(message.contains("did not answer in time"), "{answer}");
}

#[tokio::test]
async fn no_more_than_sixteen_classes_are_asked_about() {
    let (rights, asked) = api_server(BY_NAME);
    let (found, answer) = ask(&rights, question("kate", 20), &snapshot("Deny", 20)).await;
    assert_eq!(asked_verbs(&asked).len(), 2 * CLASSES);
    assert_eq!(found.unasked.map(|unasked| unasked.classes.len()), Some(4));
    assert_eq!(answer["status"]["code"], 503, "{answer}");
}

#[tokio::test]
async fn whom_policies_trust_takes_the_class_away_as_a_machine_and_by_wildcard() {
    const CI: &str = "system:serviceaccount:ci:release";
    for (who, answer) in [(CI, BY_NAME), (CI, (|_, _| Ok(true)) as Verbs), ("admin", |_, _| Ok(true))] {
        let (rights, asked) = api_server(answer);
        let (_, answer) = ask(&rights, question(who, 1), &trusting(who, "Declassify")).await;
        assert_eq!(answer["allowed"], true, "{who}: {answer}");
        assert_eq!(asked_verbs(&asked), ["declassify class-00"], "{who}");
        for policies in [trusting(who, "Approve"), trusting("another", "Declassify")] {
            let (_, answer) = ask(&rights, question(who, 1), &policies).await;
            assert_eq!(answer["status"]["code"], 403, "{who}: {answer}");
        }
    }
    // Trust is no right: RBAC has to give it.
    let (rights, _) = api_server(|_, _| Ok(false));
    let (_, answer) = ask(&rights, question(CI, 1), &trusting(CI, "Declassify")).await;
    assert_eq!(answer["status"]["code"], 403, "{answer}");
}

/// What is lacking of the right to decide on two classes.
async fn lacking(who: &str, answer: Verbs, snapshot: &Snapshot) -> Result<Option<String>, Missing> {
    let (rights, _) = api_server(answer);
    let classes = ["class-00", "class-01"].map(|class| class.parse().unwrap());
    let lacking = rights.lacking_to_approve(&question(who, 1), classes.into(), snapshot).await;
    lacking.map(|class| class.map(|class| class.to_string()))
}

#[tokio::test]
async fn the_right_to_decide_is_asked_for_class_by_class_and_no_wildcard_gives_it() {
    let snapshot = snapshot("Deny", 2);
    let first = || Ok(Some("class-00".to_owned()));
    for (who, answer, expected) in [
        (
            "lin",
            (|verb, resource| Ok(verb == "approve" && resource == "transferauthorities")) as Verbs,
            Ok(None),
        ),
        ("lin", |_, _| Ok(false), first()),
        ("admin", |_, _| Ok(true), first()),
        // Every verb on the one resource; the one verb on every resource.
        ("admin", |_, resource| Ok(resource == "transferauthorities"), first()),
        ("admin", |verb, _| Ok(verb == "approve"), first()),
        (
            "system:serviceaccount:ci:release",
            |verb, resource| Ok(verb == "approve" && resource == "transferauthorities"),
            first(),
        ),
        ("", |_, _| Ok(true), first()),
    ] {
        assert_eq!(lacking(who, answer, &snapshot).await, expected, "{who}");
    }
    let unasked = lacking("lin", |_, _| Err(StatusCode::INTERNAL_SERVER_ERROR), &snapshot).await;
    assert!(
        unasked
            .unwrap_err()
            .to_string()
            .starts_with("Undecided: the decision rests on whether you may approve")
    );
}

#[tokio::test]
async fn whom_policies_trust_decides_for_their_classes_and_no_others() {
    const CI: &str = "system:serviceaccount:ci:release";
    let trusting = trusting(CI, "Approve");
    assert_eq!(lacking(CI, |_, _| Ok(true), &trusting).await, Ok(Some("class-01".to_owned())));
    let (rights, asked) = api_server(|_, _| Ok(true));
    let classes = vec!["class-00".parse().unwrap()];
    assert_eq!(rights.lacking_to_approve(&question(CI, 1), classes, &trusting).await, Ok(None));
    assert_eq!(asked_verbs(&asked), ["approve ", "approve class-00"]);
}

/// Somebody runs a command in a pod that holds every class.
fn connection(user: &str, classes: usize) -> (Question, Value) {
    let labels: serde_json::Map<_, _> =
        (0..classes).map(|number| (format!("data-class.bund.dev/class-{number:02}"), json!(""))).collect();
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "web", "namespace": "shop", "labels": labels },
        "spec": { "containers": [{ "name": "app", "image": "web:1" }] }
    });
    let mut question = question(user, 0);
    question.request = Request {
        operation: Operation::Connect,
        subresource: Some("exec".into()),
        namespace: Some("shop".to_owned()),
        name: Some("web".to_owned()),
        ..Request::of_object(json!({ "apiVersion": "v1", "kind": "PodExecOptions" }), None)
    };
    (question, pod)
}

/// What is known, with the mode for connections, the pod, and whom the policy trusts.
fn connectable(mode: &str, pod: &Value, trusted: &Value) -> Snapshot {
    let mut snapshot = snapshot("Audit", 2);
    let policy = json!({
        "apiVersion": "bund.dev/v1alpha1", "kind": "ResidencyPolicy", "metadata": { "name": "stay" },
        "spec": {
            "dataClasses": ["class-00", "class-01"], "jurisdictions": ["cn-mainland"],
            "enforcement": { "connect": mode }, "trustedSubjects": trusted
        }
    });
    for fact in [&policy, pod] {
        assert_eq!(snapshot.observe(fact), bund_engine::snapshot::Observed::Fact, "{fact}");
    }
    snapshot
}

#[tokio::test]
async fn whoever_was_given_the_right_on_every_class_connects_and_it_is_recorded() {
    let given: Verbs = |verb, _| Ok(verb == CONNECT);
    for (mode, classes, warnings) in [("Deny", 1, 1), ("Deny", 2, 1), ("Audit", 2, 0)] {
        let (rights, asked) = api_server(given);
        let (question, pod) = connection("kate", classes);
        let (_, answer) = ask(&rights, question, &connectable(mode, &pod, &json!([]))).await;
        assert_eq!(answer["allowed"], true, "{mode}: {answer}");
        let said = answer["warnings"].as_array().map_or(0, Vec::len);
        assert_eq!(said, warnings, "{mode}: {answer}");
        let names: Vec<_> = (0..classes).map(|number| format!("class-{number:02}")).collect();
        let expected = format!("{} of Pod shop/web by kate", names.join(", "));
        assert_eq!(answer["auditAnnotations"]["connected"], expected.as_str());
        assert_eq!(asked_verbs(&asked).len(), 2 * classes);
    }
}

#[tokio::test]
async fn without_the_right_by_name_nobody_connects() {
    const CI: &str = "system:serviceaccount:ci:release";
    let by_name: Verbs = |verb, _| Ok(verb == CONNECT);
    let trusted = json!([{ "username": CI, "rights": ["Connect"] }]);
    let wrong = json!([{ "username": CI, "rights": ["Declassify"] }]);
    let nobody = json!([]);
    for (who, answer, trust, expected) in [
        ("kate", (|_, _| Ok(false)) as Verbs, &nobody, 403),
        ("admin", |_, _| Ok(true), &nobody, 403),
        ("kate", |verb, _| Ok(verb == DECLASSIFY), &nobody, 403),
        (CI, by_name, &nobody, 403),
        (CI, by_name, &wrong, 403),
        (CI, by_name, &trusted, 200),
        ("kate", |_, _| Err(StatusCode::INTERNAL_SERVER_ERROR), &nobody, 503),
    ] {
        let (rights, _) = api_server(answer);
        let (question, pod) = connection(who, 1);
        let (_, answer) = ask(&rights, question, &connectable("Deny", &pod, trust)).await;
        let code = answer["status"]["code"].as_u64().unwrap_or(200);
        assert_eq!(code, expected, "{who} {trust}: {answer}");
    }
}

#[tokio::test]
async fn where_connections_are_only_recorded_nobody_waits_for_a_right() {
    let (rights, _) = api_server(|_, _| Err(StatusCode::INTERNAL_SERVER_ERROR));
    let (question, pod) = connection("kate", 1);
    let (_, answer) = ask(&rights, question, &connectable("Audit", &pod, &json!([]))).await;
    assert_eq!(answer["allowed"], true, "{answer}");
    let findings = answer["auditAnnotations"]["findings"].as_str().unwrap();
    assert!(findings.starts_with("ConnectionUnapproved: Pod shop/web"), "{findings}");
}
