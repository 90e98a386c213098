//! Transfers and decisions on them: who makes them is stamped, what would not count is refused, what is missing is told.
//! (pure)
//!
//! They are no subjects: they place no data. So the engine's `decide` is not asked, and no mode of a policy softens a
//! refusal. The in-tree policy `bund-transfers` verifies the stamps.

use bund_crds::{Approver, Check, ClassName, TransferApprovalSpec, labels};
use bund_engine::snapshot::{TransferFacts, TransferKind};
use bund_engine::transfer::{
    Assessment, Missing, Prohibition, Refusal, Route, assess, judge_decision, needs_right,
};
use bund_engine::{Operation, Request, Snapshot, Timestamp};
use k8s_openapi::api::authentication::v1::UserInfo;
use serde_json::{Map, Value, json};

use super::answer::Answer;
use super::review::{Entrance, Question};

/// Where the API server tells with which credential a request was made.
const CREDENTIAL: &str = "authentication.kubernetes.io/credential-id";
/// Warnings about one transfer. What else there is stands in its status.
const LINES: usize = 10;

/// What is made.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Made {
    /// A transfer.
    Transfer,
    /// A decision on one.
    Decision,
}

impl Made {
    /// What `request` makes, if it is ours to answer here.
    pub(super) fn by(request: &Request) -> Option<Self> {
        if request.operation != Operation::Create || request.subresource.is_some() {
            return None;
        }
        let text = |member: &str| request.object.as_ref()?.get(member)?.as_str();
        let (group, _) = text("apiVersion")?.split_once('/')?;
        match TransferKind::of(group, text("kind")?)? {
            TransferKind::CrossBorderTransfer => Some(Self::Transfer),
            TransferKind::TransferApproval => Some(Self::Decision),
            TransferKind::Exporter | TransferKind::LedgerEvent => None,
        }
    }
}

impl Made {
    /// The answer from `snapshot` alone: nothing is looked up, and nobody has a right.
    pub(super) fn answer(
        &self,
        entrance: Entrance,
        question: &Question,
        snapshot: &Snapshot,
        now: Timestamp,
    ) -> Answer {
        match (entrance, self) {
            (Entrance::Mutating, Self::Transfer | Self::Decision) => stamped(self, question),
            (Entrance::Validating, Self::Transfer) => assessed(&question.request, snapshot, now),
            (Entrance::Validating, Self::Decision) => {
                let classes = decision(question).and_then(|spec| judged(question, &spec, snapshot));
                match classes {
                    Ok(classes) => answer_of(classes.first()),
                    Err(refused) => refused,
                }
            }
        }
    }
}

/// Writes who makes it where nobody is named. A name that is there stays: if it is another, the API server refuses it.
fn stamped(made: &Made, question: &Question) -> Answer {
    let user = &question.user;
    let patch = question.request.object.as_ref().map_or_else(Vec::new, |object| match made {
        Made::Transfer => creator_patch(object, user),
        Made::Decision => approver_patch(object, user),
    });
    if patch.is_empty() { Answer::allowed(&[]) } else { Answer::patched(patch.into()) }
}

fn creator_patch(object: &Value, user: &UserInfo) -> Vec<Value> {
    let annotations = object.pointer("/metadata/annotations");
    let stamps = [(labels::CREATED_BY, &user.username), (labels::CREATED_BY_UID, &user.uid)];
    let wanted = stamps.into_iter().filter_map(|(key, value)| {
        let value = given(value.as_deref())?;
        let there = annotations.is_some_and(|annotations| annotations.get(key).is_some());
        (!there).then(|| (key.to_owned(), Value::from(value)))
    });
    let wanted: Map<_, _> = wanted.collect();
    if wanted.is_empty() || object.get("metadata").is_none() {
        return Vec::new();
    }
    if annotations.is_none_or(Value::is_null) {
        return vec![json!({ "op": "add", "path": "/metadata/annotations", "value": wanted })];
    }
    let add = |(key, value): (String, Value)| {
        let path = format!("/metadata/annotations/{}", key.replace('~', "~0").replace('/', "~1"));
        json!({ "op": "add", "path": path, "value": value })
    };
    wanted.into_iter().map(add).collect()
}

fn approver_patch(object: &Value, user: &UserInfo) -> Vec<Value> {
    let spec = object.get("spec").and_then(Value::as_object);
    let nobody = spec.is_some_and(|spec| spec.get("approver").is_none_or(Value::is_null));
    let Some(approver) = approver(user).filter(|_| nobody) else { return Vec::new() };
    vec![json!({ "op": "add", "path": "/spec/approver", "value": approver })]
}

/// Who asks, as a decision names them.
fn approver(user: &UserInfo) -> Option<Approver> {
    let UserInfo { username, uid, groups, extra } = user;
    let credential = extra.as_ref().and_then(|extra| extra.get(CREDENTIAL)?.first());
    Some(Approver {
        username: given(username.as_deref())?.to_owned(),
        uid: given(uid.as_deref()).map(str::to_owned),
        groups: groups.clone().unwrap_or_default(),
        credential: given(credential.map(String::as_str)).map(str::to_owned),
    })
}

fn given(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.is_empty())
}

/// The decision that is made. One that the API server takes and that we could not read would close every transfer of its
/// namespace.
pub(super) fn decision(question: &Question) -> Result<TransferApprovalSpec, Answer> {
    let spec = question.request.object.as_ref().and_then(|object| object.get("spec"));
    let spec: TransferApprovalSpec = serde_json::from_value(spec.cloned().unwrap_or_default())
        .map_err(|error| refused(&format!("it cannot be read: {error}")))?;
    spec.check("").map_err(|problem| refused(&problem.to_string()))?;
    Ok(spec)
}

/// The classes for which whoever decides must have the right, if the decision would count with it.
pub(super) fn judged(
    question: &Question,
    spec: &TransferApprovalSpec,
    snapshot: &Snapshot,
) -> Result<Vec<ClassName>, Answer> {
    let namespace = question.request.namespace.as_deref().unwrap_or_default();
    // The in-tree policy says so too, while it is there.
    if spec.approver != approver(&question.user) {
        return Err(refused("spec.approver must be you; leave it out: Bund writes it"));
    }
    judge_decision(namespace, spec, snapshot)
        .map_err(|Refusal { field, why }| refused(&format!("{why}; field {}", field.as_str())))?;
    Ok(if needs_right(namespace, spec, snapshot) { spec.data_classes.clone() } else { Vec::new() })
}

/// The answer to a decision that would count, where somebody lacks the right for a class.
pub(super) fn answer_of(lacking: Option<&ClassName>) -> Answer {
    let Some(class) = lacking else { return Answer::allowed(&[]) };
    refused(&format!(
        "you were not given the verb approve on transferauthorities/{class} of group bund.dev (neither a wildcard nor a \
         service account counts); ask for a ClusterRoleBinding, by your name, to ClusterRole bund-approver; a transfer \
         that you requested, created or approved you may revoke without it"
    ))
}

fn refused(why: &str) -> Answer {
    Answer::forbidden(&[format!("TransferApproval: {why}")])
}

/// Admits a transfer, and warns of what the law asks for and is not there.
fn assessed(request: &Request, snapshot: &Snapshot, now: Timestamp) -> Answer {
    let Some(object) = &request.object else { return Answer::allowed(&[]) };
    let namespace = request.namespace.as_deref().unwrap_or_default();
    let name = object.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
    match TransferFacts::read(namespace.into(), name.into(), object) {
        Ok(facts) => Answer::allowed(&lines(&assess(&facts, snapshot, now))),
        Err(problem) => {
            Answer::allowed(&[format!("CrossBorderTransfer: it cannot take effect as it is: {problem}")])
        }
    }
}

/// What there is to do, what forbids it first.
fn lines(assessment: &Assessment) -> Vec<String> {
    let Assessment { route, route_satisfied, missing, prohibitions, .. } = assessment;
    let forbids = prohibitions.iter().map(|Prohibition { field, why, control, citation }| {
        format!(
            "CrossBorderTransfer: forbidden whatever the consent: {why}; field {}; {control}, {citation}",
            field.as_str()
        )
    });
    let route = match (route, route_satisfied) {
        (Err(why), _) if why.is_empty() => None,
        (Err(why), _) => Some(format!("CrossBorderTransfer: its route cannot be told: {why}")),
        (Ok(route), Ok(_)) => Some(format!("CrossBorderTransfer: the law asks for {}", in_words(*route))),
        (Ok(route), Err(what)) => {
            Some(format!("CrossBorderTransfer: the law asks for {}: {what}", in_words(*route)))
        }
    };
    let lacks = missing.iter().map(|Missing { field, remedy, control, citation }| {
        format!("CrossBorderTransfer: missing {}: {remedy}; {control}, {citation}", field.as_str())
    });
    let mut lines: Vec<_> = forbids.chain(route).chain(lacks).collect();
    if lines.len() > LINES {
        let more = lines.len() - (LINES - 1);
        lines.truncate(LINES - 1);
        lines
            .push(format!("CrossBorderTransfer: and {more} more; see its status, or `bund transfer status`"));
    }
    lines
}

fn in_words(route: Route) -> &'static str {
    match route {
        Route::NotRequired => "no mechanism",
        Route::Exempt => "no mechanism, by exemption",
        Route::StandardContractOrCertification => "a standard contract that is filed, or a certification",
        Route::SecurityAssessment => "a security assessment",
    }
}

#[cfg(test)]
mod tests;
