//! Asking what the requester may do besides. (client)
//!
//! Only the classes that an update takes away are asked about, so hardly any request waits for this. It is the API
//! server that is asked, by SubjectAccessReview: it knows every authorizer, and we read no roles.

use std::collections::BTreeSet;

use bund_engine::{HeldClass, Timestamp, decide};
use futures::future::{join_all, try_join};
use k8s_openapi::api::authentication::v1::UserInfo;
use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SubjectAccessReview, SubjectAccessReviewSpec, SubjectAccessReviewStatus,
};
use kube::api::PostParams;
use kube::{Api, Client};
use tokio::time::{Instant, timeout_at};
use tracing::warn;

use crate::registration::NOBODY_GRANTS;

use super::lookup::{Found, Missing, PATIENCE};
use super::review::Question;

/// Classes that are asked about for one request, with two reviews each. More at one time is no everyday request.
const CLASSES: usize = 16;
/// The right to take a class away.
const DECLASSIFY: &str = "declassify";
/// What the names of service accounts begin with. They never have the right, whatever is bound to them.
const SERVICE_ACCOUNT: &str = "system:serviceaccount:";

/// Asks the API server for the rights of requesters.
#[derive(Clone)]
pub(super) struct Rights {
    client: Client,
}

/// Classes of which nobody could say whether the requester may take them away. The right is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unasked {
    pub(super) classes: BTreeSet<HeldClass>,
    /// The first of them, and why.
    pub(super) missing: Missing,
}

impl Rights {
    pub(super) fn new(client: Client) -> Self {
        Self { client }
    }

    /// Asks for the rights that would let `question` pass, and decides again with those that are there.
    pub(super) async fn complete(&self, question: &mut Question, mut found: Found) -> Found {
        let classes = found.decision.needs_declassify();
        if classes.is_empty() || !is_person(&question.user) {
            return found;
        }
        let deadline = Instant::now() + PATIENCE;
        let user = &question.user;
        let ask = async |(number, class): (usize, HeldClass)| {
            let answer = if number < CLASSES {
                self.may_declassify(user, &class, deadline).await
            } else {
                Err(format!("more than {CLASSES} classes are taken away in one request; take away fewer"))
            };
            (class, answer)
        };
        let answers = join_all(classes.into_iter().enumerate().map(ask)).await;
        let mut granted = BTreeSet::new();
        for (class, answer) in answers {
            match answer {
                Ok(true) => {
                    granted.insert(class);
                }
                Ok(false) => {}
                Err(why) => found.unasked = Some(could_not_be_asked(found.unasked.take(), class, &why)),
            }
        }
        if !granted.is_empty() {
            question.request.rights.declassify = granted;
            found.decision = decide(&question.request, &found.snapshot, Timestamp::now());
        }
        found
    }

    /// Whether `user` was given the right to take `class` away.
    async fn may_declassify(
        &self,
        user: &UserInfo,
        class: &HeldClass,
        deadline: Instant,
    ) -> Result<bool, String> {
        let both = try_join(self.may(user, DECLASSIFY, class), self.may(user, NOBODY_GRANTS, class));
        match timeout_at(deadline, both).await {
            Ok(Ok((has, by_wildcard))) => Ok(has && !by_wildcard),
            Ok(Err(error)) => Err(crate::chain(&error)),
            Err(_) => Err("the API server did not answer in time".to_owned()),
        }
    }

    /// What the authorizers say. Errors that the status tells of besides do not count, as for every request: a
    /// binding to a role that is gone is one.
    async fn may(&self, user: &UserInfo, verb: &str, class: &HeldClass) -> kube::Result<bool> {
        let reviews: Api<SubjectAccessReview> = Api::all(self.client.clone());
        let answer = reviews.create(&PostParams::default(), &review(user, verb, class)).await?;
        Ok(answer.status.is_some_and(|SubjectAccessReviewStatus { allowed, .. }| allowed))
    }
}

/// The review of whether `user` has `verb` on the class, in the whole cluster. (pure)
fn review(user: &UserInfo, verb: &str, class: &HeldClass) -> SubjectAccessReview {
    let UserInfo { username, uid, groups, extra } = user.clone();
    let attributes = ResourceAttributes {
        group: Some(bund_crds::GROUP.to_owned()),
        resource: Some("dataclasses".to_owned()),
        name: Some(class.to_string()),
        verb: Some(verb.to_owned()),
        ..ResourceAttributes::default()
    };
    let resource_attributes = Some(attributes);
    SubjectAccessReview {
        spec: SubjectAccessReviewSpec {
            user: username,
            uid,
            groups,
            extra,
            resource_attributes,
            ..SubjectAccessReviewSpec::default()
        },
        ..SubjectAccessReview::default()
    }
}

fn is_person(user: &UserInfo) -> bool {
    let name = user.username.as_deref().unwrap_or_default();
    !name.is_empty() && !name.starts_with(SERVICE_ACCOUNT)
}

fn could_not_be_asked(before: Option<Unasked>, class: HeldClass, why: &str) -> Unasked {
    warn!(%class, why, "a right could not be asked for");
    let first = || Unasked {
        classes: BTreeSet::new(),
        missing: Missing::new(&format!("whether you may declassify {class}"), why),
    };
    let mut unasked = before.unwrap_or_else(first);
    unasked.classes.insert(class);
    unasked
}

#[cfg(test)]
mod tests;
