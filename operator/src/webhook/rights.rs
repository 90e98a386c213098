//! Asking what the requester may do besides. (client)
//!
//! Only the classes that an update takes away are asked about, those of what somebody connects into, and those of a transfer
//! that somebody decides on, so hardly any request waits for this. It is the API server that is asked, by SubjectAccessReview: it knows every authorizer, and
//! we read no roles.

use std::collections::BTreeSet;

use bund_crds::Right;
use bund_engine::request::Rights as GivenRights;
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
/// The right to connect into what holds a class.
const CONNECT: &str = "connect";
/// The right to decide on transfers.
const APPROVE: &str = "approve";

mod approve;

/// Asks the API server for the rights of requesters.
#[derive(Clone)]
pub(super) struct Rights {
    client: Client,
}

/// Classes of which nobody could say whether the requester may take them away, or connect into what holds them. The right is
/// not there.
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
        let wanted = wanted(user, &found.decision, &found.snapshot);
        if wanted.is_empty() {
            return found;
        }
        let deadline = Instant::now() + PATIENCE;
        let ask = async |(number, Wanted { right, class, trusted }): (usize, Wanted)| {
            let answer = if number < CLASSES {
                let asked = Asked { verb: verb(right), resource: "dataclasses", name: Some(class.as_str()) };
                self.was_given(user, asked, trusted, deadline).await
            } else {
                Err(format!("it is about more than {CLASSES} classes; do it in smaller steps"))
            };
            (right, class, answer)
        };
        let answers = join_all(wanted.into_iter().enumerate().map(ask)).await;
        let mut rights = GivenRights::default();
        for (right, class, answer) in answers {
            match answer {
                Ok(true) if right == Right::Connect => drop(rights.connect.insert(class)),
                Ok(true) => drop(rights.declassify.insert(class)),
                Ok(false) => {}
                Err(why) => {
                    found.unasked = Some(could_not_be_asked(found.unasked.take(), right, class, &why));
                }
            }
        }
        if rights != GivenRights::default() {
            question.request.rights = rights;
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

/// A right that is to be asked for.
struct Wanted {
    right: Right,
    class: HeldClass,
    /// Whether policies trust the requester with it.
    trusted: bool,
}

/// The rights that would let the request pass, as far as `user` may have them. (pure)
fn wanted(user: &UserInfo, decision: &Decision, snapshot: &Snapshot) -> Vec<Wanted> {
    let name = user.username.as_deref().unwrap_or_default();
    let subject = &decision.subject;
    let is_namespace = subject.group.is_empty() && subject.kind.as_ref() == "Namespace";
    // What lives in no namespace is a matter of every policy.
    let namespace = if is_namespace { Some(&subject.name) } else { subject.namespace.as_ref() };
    let namespace = namespace.map_or("", AsRef::as_ref);
    let of_right = |right: Right, classes: BTreeSet<HeldClass>| {
        classes.into_iter().map(move |class| {
            let trusted = is_trusted(name, right, class.as_str(), namespace, snapshot);
            Wanted { right, class, trusted }
        })
    };
    let taken = of_right(Right::Declassify, decision.needs_declassify());
    let entered = of_right(Right::Connect, decision.needs_connect());
    taken.chain(entered).filter(|wanted| is_person(user) || wanted.trusted).collect()
}

/// The verb of a right on classes.
fn verb(right: Right) -> &'static str {
    match right {
        Right::Approve => APPROVE,
        Right::Declassify => DECLASSIFY,
        Right::Connect => CONNECT,
    }
}

fn could_not_be_asked(before: Option<Unasked>, right: Right, class: HeldClass, why: &str) -> Unasked {
    let verb = verb(right);
    warn!(%class, verb, why, "a right could not be asked for");
    let first = || Unasked {
        classes: BTreeSet::new(),
        missing: Missing::new(&format!("whether you may {verb} {class}"), why),
    };
    let mut unasked = before.unwrap_or_else(first);
    unasked.classes.insert(class);
    unasked
}

#[cfg(test)]
mod tests;
