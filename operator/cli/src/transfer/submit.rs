//! Sending a decision: who asks, and what the API server answers. (client)

use bund_crds::{Approver, TransferApproval};
use kube::{Api, Client, api::PostParams};
use serde_json::{Value, json};

use crate::inventory::{list, text};

/// Under this name the API server notes who wrote the fields of a decision.
const FIELD_MANAGER: &str = "bund";
/// Where an authenticator says by which credential somebody came.
const CREDENTIAL: &str = "authentication.kubernetes.io/credential-id";

/// What became of a decision.
#[derive(Debug)]
pub enum Answer {
    /// It was taken. Who decided is stamped in it.
    Taken(Box<TransferApproval>),
    /// It was not taken; what the API server says.
    Refused(String),
}

/// Why nobody knows what became of a decision.
#[derive(Debug, thiserror::Error)]
#[error(
    "the API server did not answer, so it may have taken the decision or not; `bund transfer status` tells"
)]
pub struct Unanswered(#[source] kube::Error);

/// Who the API server takes us for.
pub async fn you(client: &Client) -> kube::Result<Approver> {
    let review = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"});
    let body = serde_json::to_vec(&review).map_err(kube::Error::SerdeError)?;
    let request = http::Request::post("/apis/authentication.k8s.io/v1/selfsubjectreviews")
        .header(http::header::CONTENT_TYPE, "application/json")
        .body(body)
        .map_err(kube::Error::HttpError)?;
    let answer: Value = client.request(request).await?;
    Ok(of_review(&answer))
}

/// Whom a SelfSubjectReview names.
fn of_review(review: &Value) -> Approver {
    let user = review.pointer("/status/userInfo").unwrap_or(&Value::Null);
    let optional = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let extra = user.get("extra").and_then(|extra| extra.get(CREDENTIAL));
    Approver {
        username: text(user, "/username").to_owned(),
        uid: optional(text(user, "/uid")),
        groups: list(user, "/groups").filter_map(Value::as_str).map(str::to_owned).collect(),
        credential: extra.and_then(|ids| optional(text(ids, "/0"))),
    }
}

/// Creates the decision, once.
pub async fn submit(client: Client, approval: &TransferApproval) -> Result<Answer, Unanswered> {
    let namespace = approval.metadata.namespace.as_deref().unwrap_or_default();
    let api: Api<TransferApproval> = Api::namespaced(client, namespace);
    let how = PostParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PostParams::default() };
    match api.create(&how, approval).await {
        Ok(taken) => Ok(Answer::Taken(Box::new(taken))),
        Err(kube::Error::Api(status)) => Ok(Answer::Refused(status.message)),
        Err(error) => Err(Unanswered(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asks_is_told_with_the_credential_if_there_is_one() {
        let review = json!({"status": {"userInfo": {
            "username": "li.si", "groups": ["legal", "system:authenticated"],
            "extra": {CREDENTIAL: ["X509SHA256=ab"]}
        }}});
        let groups = vec!["legal".to_owned(), "system:authenticated".to_owned()];
        let credential = Some("X509SHA256=ab".to_owned());
        let expected = Approver { username: "li.si".to_owned(), uid: None, groups, credential };
        assert_eq!(of_review(&review), expected);
        let impersonated = json!({"status": {"userInfo": {"username": "li.si", "uid": "7"}}});
        let uid = Some("7".to_owned());
        let expected = Approver { username: "li.si".to_owned(), uid, groups: Vec::new(), credential: None };
        assert_eq!(of_review(&impersonated), expected);
    }
}
