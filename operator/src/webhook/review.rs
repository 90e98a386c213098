//! From an `AdmissionReview` to a question for the engine. (pure)

use bund_engine::request::Rights;
use bund_engine::{Operation, Request, Snapshot, Subresource, Timestamp, decide};
use k8s_openapi::api::authentication::v1::UserInfo;
use serde::Deserialize;
use serde_json::Value;

use super::answer::Answer;
use super::lookup::Found;
use super::transfers::Made;

/// Which of our two entrances is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entrance {
    /// May confine a pod. Never refuses, never warns: what is wrong is told by the other one, which sees the
    /// object as every webhook left it.
    Mutating,
    /// Refuses, warns and records.
    Validating,
}

/// What the API server asks.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// Identifies the question, and with it our decision.
    pub uid: String,
    /// What the engine is asked.
    pub request: Request,
    /// The resource and subresource, for counting: one of [`RESOURCES`], or `other`.
    pub resource: &'static str,
    /// Who asks: for the log, and for what they may do besides.
    pub user: UserInfo,
    /// Whether nothing will be stored. It changes nothing in the answer.
    pub dry_run: bool,
}

/// Resources that are counted by name. What else is asked about is a mapped kind, whose name users choose.
const RESOURCES: [&str; 40] = [
    "pods",
    "pods/binding",
    "pods/ephemeralcontainers",
    "pods/exec",
    "pods/attach",
    "pods/portforward",
    "pods/proxy",
    "services/proxy",
    "pods/resize",
    "pods/status",
    "bindings",
    "replicationcontrollers",
    "podtemplates",
    "deployments",
    "statefulsets",
    "daemonsets",
    "replicasets",
    "jobs",
    "cronjobs",
    "namespaces",
    "namespaces/finalize",
    "namespaces/status",
    "persistentvolumeclaims",
    "persistentvolumeclaims/status",
    "persistentvolumes",
    "persistentvolumes/status",
    "volumesnapshots",
    "volumesnapshotcontents",
    "referencegrants",
    "networkpolicies",
    "ciliumnetworkpolicies",
    "adminnetworkpolicies",
    "clusternetworkpolicies",
    "ciliumclusterwidenetworkpolicies",
    "globalnetworkpolicies",
    "secrets",
    "configmaps",
    "serviceaccounts",
    "crossbordertransfers",
    "transferapprovals",
];

impl Question {
    /// The name of whoever asks.
    pub fn user_name(&self) -> &str {
        self.user.username.as_deref().unwrap_or_default()
    }
}

/// Why a body is not a review.
#[derive(Debug, thiserror::Error)]
pub enum Malformed {
    /// It is no JSON, or nested too deeply, or not of the form of a review.
    #[error("the body is not an AdmissionReview of admission.k8s.io/v1: {0}")]
    Form(#[source] serde_json::Error),
    /// It is of another kind.
    #[error("expected kind AdmissionReview of admission.k8s.io/v1, found `{kind}` of `{api_version}`")]
    Kind {
        /// What it says its version is.
        api_version: String,
        /// What it says its kind is.
        kind: String,
    },
    /// It holds no request.
    #[error("the AdmissionReview has no request")]
    NoRequest,
    /// The operation is none that admission knows.
    #[error("operation `{0}` is none of CREATE, UPDATE, DELETE and CONNECT")]
    Operation(String),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Review {
    api_version: String,
    kind: String,
    request: Option<Ask>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Ask {
    uid: String,
    operation: String,
    kind: Gvk,
    resource: Option<Gvr>,
    sub_resource: Option<String>,
    namespace: Option<String>,
    name: Option<String>,
    object: Option<Value>,
    old_object: Option<Value>,
    dry_run: Option<bool>,
    user_info: Option<UserInfo>,
}

#[derive(Deserialize)]
struct Gvk {
    #[serde(default)]
    group: String,
    version: String,
    kind: String,
}

#[derive(Deserialize)]
struct Gvr {
    #[serde(default)]
    resource: String,
}

/// Reads an `AdmissionReview`. Total: whatever the bytes are, there is a question or a reason why not. The depth
/// of nesting is bounded by the JSON reader (128).
pub fn read(body: &[u8]) -> Result<Question, Malformed> {
    let Review { api_version, kind, request } = serde_json::from_slice(body).map_err(Malformed::Form)?;
    if api_version != "admission.k8s.io/v1" || kind != "AdmissionReview" {
        return Err(Malformed::Kind { api_version, kind });
    }
    let Ask {
        uid,
        operation,
        kind,
        resource,
        sub_resource,
        namespace,
        name,
        object,
        old_object,
        dry_run,
        user_info,
    } = request.ok_or(Malformed::NoRequest)?;
    let operation = match operation.as_str() {
        "CREATE" => Operation::Create,
        "UPDATE" => Operation::Update,
        "DELETE" => Operation::Delete,
        "CONNECT" => Operation::Connect,
        _ => return Err(Malformed::Operation(operation)),
    };
    // The API server puts a Namespace's own name here, although it lives in none.
    let is_namespace = kind.group.is_empty() && kind.kind == "Namespace";
    let given = |text: Option<String>| text.filter(|text| !text.is_empty());
    let typed = |object: Option<Value>| object.map(|object| with_kind(object, &kind));
    let resource = counted_as(resource.as_ref(), sub_resource.as_deref().unwrap_or_default());
    Ok(Question {
        uid,
        resource,
        request: Request {
            operation,
            subresource: given(sub_resource).map(|name| Subresource::from(name.as_str())),
            namespace: given(namespace).filter(|_| !is_namespace),
            name: given(name),
            object: typed(object),
            old_object: typed(old_object),
            rights: Rights::default(),
        },
        user: user_info.unwrap_or_default(),
        dry_run: dry_run.unwrap_or_default(),
    })
}

fn counted_as(resource: Option<&Gvr>, subresource: &str) -> &'static str {
    let asked = resource.map_or("", |gvr| gvr.resource.as_str());
    let is = |known: &&&str| match known.split_once('/') {
        Some((resource, sub)) => resource == asked && sub == subresource,
        None => **known == asked && subresource.is_empty(),
    };
    RESOURCES.iter().find(is).copied().unwrap_or("other")
}

/// The object with the kind that the request says it has, where it says none itself.
fn with_kind(mut object: Value, kind: &Gvk) -> Value {
    if let Value::Object(members) = &mut object {
        let Gvk { group, version, kind } = kind;
        let api_version = if group.is_empty() { version.clone() } else { format!("{group}/{version}") };
        members.entry("apiVersion").or_insert_with(|| api_version.into());
        members.entry("kind").or_insert_with(|| kind.clone().into());
    }
    object
}

/// Answers an `AdmissionReview` from `snapshot` alone: what the webhook answers where no fact is missing and nobody
/// has a right by name.
pub fn review(
    entrance: Entrance,
    body: &[u8],
    snapshot: &Snapshot,
    now: Timestamp,
) -> Result<Value, Malformed> {
    let question = read(body)?;
    if let Some(made) = Made::by(&question.request) {
        let answer = made.answer(entrance, &question, snapshot, now);
        return Ok(answer.into_review(&question.uid));
    }
    let found = Found::of(decide(&question.request, snapshot, now), snapshot.clone());
    Ok(Answer::of(entrance, &question, &found, now).into_review(&question.uid))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn ask(request: &Value) -> Vec<u8> {
        json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request})
            .to_string()
            .into_bytes()
    }

    #[test]
    fn a_review_becomes_a_request() {
        let body = ask(&json!({
            "uid": "u-1", "operation": "CREATE", "subResource": "binding", "namespace": "shop", "name": "web",
            "kind": {"group": "", "version": "v1", "kind": "Binding"},
            "resource": {"group": "", "version": "v1", "resource": "pods"},
            "userInfo": {"username": "kate", "uid": "u-k", "groups": ["dba"], "extra": {"from": ["vpn"]}}, "dryRun": true, "oldObject": null,
            "object": {"target": {"kind": "Node", "name": "n"}}
        }));
        let expected = Question {
            uid: "u-1".to_owned(),
            request: Request {
                operation: Operation::Create,
                subresource: Some(Subresource::Binding),
                namespace: Some("shop".to_owned()),
                name: Some("web".to_owned()),
                object: Some(
                    json!({"apiVersion": "v1", "kind": "Binding", "target": {"kind": "Node", "name": "n"}}),
                ),
                old_object: None,
                rights: Rights::default(),
            },
            resource: "pods/binding",
            user: UserInfo {
                username: Some("kate".to_owned()),
                uid: Some("u-k".to_owned()),
                groups: Some(vec!["dba".to_owned()]),
                extra: Some([("from".to_owned(), vec!["vpn".to_owned()])].into()),
            },
            dry_run: true,
        };
        assert_eq!(read(&body).unwrap(), expected);
    }

    #[test]
    fn a_namespace_lives_in_no_namespace() {
        let body = ask(&json!({
            "uid": "u", "operation": "UPDATE", "namespace": "shop", "name": "shop",
            "kind": {"group": "", "version": "v1", "kind": "Namespace"}, "object": {}, "oldObject": {}
        }));
        assert_eq!(read(&body).unwrap().request.namespace, None);
    }

    #[test]
    fn whatever_the_bytes_are_there_is_a_reason() {
        let deep = [b"[".repeat(100_000), b"]".repeat(100_000)].concat();
        let deep_object =
            ask(&json!({"uid": "u", "operation": "CREATE", "kind": {"version": "v1", "kind": "Pod"}}));
        let nested = "{\"a\":".repeat(200) + "1" + &"}".repeat(200);
        let deep_object = String::from_utf8(deep_object)
            .unwrap()
            .replace("\"uid\"", &format!("\"object\":{nested},\"uid\""));
        let kind = json!({"version": "v1", "kind": "Pod"});
        let bodies: [(&str, Vec<u8>); 11] = [
            ("nothing", Vec::new()),
            ("no JSON", b"hello".to_vec()),
            ("no UTF-8", vec![0xff, 0xfe, b'{']),
            ("cut off", b"{\"apiVersion\":\"admission.k8s.io/v1\"".to_vec()),
            ("a list", b"[]".to_vec()),
            ("nested without end", deep),
            ("an object nested too deeply", deep_object.into_bytes()),
            (
                "another version",
                json!({"apiVersion": "admission.k8s.io/v1beta1", "kind": "AdmissionReview"})
                    .to_string()
                    .into_bytes(),
            ),
            (
                "no request",
                json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview"})
                    .to_string()
                    .into_bytes(),
            ),
            ("no uid", ask(&json!({"operation": "CREATE", "kind": kind}))),
            ("an operation of its own", ask(&json!({"uid": "u", "operation": "create", "kind": kind}))),
        ];
        for (name, body) in bodies {
            assert!(read(&body).is_err(), "{name}");
        }
    }

    #[test]
    fn objects_of_any_form_get_an_answer() {
        for object in [json!(null), json!(1), json!("x"), json!([]), json!({"metadata": 1, "spec": "x"})] {
            for operation in ["CREATE", "UPDATE", "DELETE", "CONNECT"] {
                for entrance in [Entrance::Mutating, Entrance::Validating] {
                    let body = ask(&json!({
                        "uid": "u", "operation": operation, "namespace": "shop", "object": object, "oldObject": object,
                        "kind": {"group": "", "version": "v1", "kind": "Pod"}
                    }));
                    let answer =
                        review(entrance, &body, &Snapshot::default(), Timestamp::UNIX_EPOCH).unwrap();
                    assert_eq!(answer["response"]["uid"], "u");
                }
            }
        }
    }
}
