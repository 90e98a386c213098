//! Asking what the requester may do besides. (client)
//!
//! Only the classes that an update takes away are asked about, and those of a transfer that somebody decides on, so hardly
//! any request waits for this. It is the API server that is asked, by SubjectAccessReview: it knows every authorizer, and
//! we read no roles.

use std::collections::BTreeSet;

use bund_crds::Right;
use bund_engine::trust::{is_service_account, is_trusted};
use bund_engine::{Decision, HeldClass, Snapshot, Timestamp, decide};
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

mod approve;

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
        let user = &question.user;
        let trusted: BTreeSet<_> = trusted_with(user, &found.decision, &found.snapshot).collect();
        let mut classes = found.decision.needs_declassify();
        classes.retain(|class| is_person(user) || trusted.contains(class));
        if classes.is_empty() {
            return found;
        }
        let deadline = Instant::now() + PATIENCE;
        let ask = async |(number, class): (usize, HeldClass)| {
            let answer = if number < CLASSES {
                let right = Asked { verb: DECLASSIFY, resource: "dataclasses", name: Some(class.as_str()) };
                self.was_given(user, right, trusted.contains(&class), deadline).await
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

    /// Whether `user` was given the right; who is trusted may hold it by a wildcard.
    async fn was_given(
        &self,
        user: &UserInfo,
        right: Asked<'_>,
        trusted: bool,
        deadline: Instant,
    ) -> Result<bool, String> {
        let by_wildcard = async {
            if trusted { Ok(false) } else { self.may(user, Asked { verb: NOBODY_GRANTS, ..right }).await }
        };
        let both = try_join(self.may(user, right), by_wildcard);
        match timeout_at(deadline, both).await {
            Ok(Ok((has, by_wildcard))) => Ok(has && !by_wildcard),
            Ok(Err(error)) => Err(crate::chain(&error)),
            Err(_) => Err("the API server did not answer in time".to_owned()),
        }
    }

    /// What the authorizers say. Errors that the status tells of besides do not count, as for every request: a
    /// binding to a role that is gone is one.
    async fn may(&self, user: &UserInfo, right: Asked<'_>) -> kube::Result<bool> {
        let reviews: Api<SubjectAccessReview> = Api::all(self.client.clone());
        let answer = reviews.create(&PostParams::default(), &review(user, right)).await?;
        Ok(answer.status.is_some_and(|SubjectAccessReviewStatus { allowed, .. }| allowed))
    }
}

/// A verb on a virtual resource of our group.
#[derive(Clone, Copy)]
struct Asked<'r> {
    verb: &'static str,
    resource: &'static str,
    /// The one object; `None`: all of them.
    name: Option<&'r str>,
}

/// The review of whether `user` has the right, in the whole cluster. (pure)
fn review(user: &UserInfo, Asked { verb, resource, name }: Asked<'_>) -> SubjectAccessReview {
    let UserInfo { username, uid, groups, extra } = user.clone();
    let attributes = ResourceAttributes {
        group: Some(bund_crds::GROUP.to_owned()),
        resource: Some(resource.to_owned()),
        name: name.map(str::to_owned),
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

/// Whether `user` may have rights at all. Service accounts have none, whatever is bound to them, unless policies trust them.
fn is_person(user: &UserInfo) -> bool {
    let name = user.username.as_deref().unwrap_or_default();
    !name.is_empty() && !is_service_account(name)
}

/// The classes that the policies of the object's namespace trust `user` to take away. (pure)
fn trusted_with<'d>(
    user: &'d UserInfo,
    decision: &'d Decision,
    snapshot: &'d Snapshot,
) -> impl Iterator<Item = HeldClass> + 'd {
    let name = user.username.as_deref().unwrap_or_default();
    let subject = &decision.subject;
    let is_namespace = subject.group.is_empty() && subject.kind.as_ref() == "Namespace";
    // What lives in no namespace is a matter of every policy.
    let namespace = if is_namespace { Some(&subject.name) } else { subject.namespace.as_ref() };
    let namespace = namespace.map_or("", AsRef::as_ref);
    let trusts =
        move |class: &HeldClass| is_trusted(name, Right::Declassify, class.as_str(), namespace, snapshot);
    decision.needs_declassify().into_iter().filter(trusts)
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
