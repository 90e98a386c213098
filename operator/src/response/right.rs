//! Whether we may evict and taint: asked of the API server, so that a missing right is said before it is needed. (client)

use std::time::Duration;

use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec,
};
use kube::api::PostParams;
use kube::{Api, Client};
use tokio::time::Instant;
use tracing::warn;

use super::plan::Right;

/// How long an answer holds.
const HOLDS: Duration = Duration::from_secs(15);

/// A right that is asked for now and then.
pub(super) struct Asking {
    verb: &'static str,
    resource: &'static str,
    subresource: Option<&'static str>,
    known: Option<(Right, Instant)>,
}

impl Asking {
    /// To evict any pod.
    pub(super) fn to_evict() -> Self {
        Self { verb: "create", resource: "pods", subresource: Some("eviction"), known: None }
    }

    /// To taint any node.
    pub(super) fn to_taint() -> Self {
        Self { verb: "patch", resource: "nodes", subresource: None, known: None }
    }

    /// When it is to be asked again.
    pub(super) fn again(&self) -> Option<Instant> {
        self.known.map(|(_, asked)| asked + HOLDS)
    }

    /// Whether we hold it. Where the API server does not say, what it said last counts, and at first that we do not.
    pub(super) async fn ask(&mut self, client: &Client) -> Right {
        let known = self.known.filter(|(_, asked)| asked.elapsed() < HOLDS);
        if let Some((right, _)) = known {
            return right;
        }
        let right = match self.review(client).await {
            Ok(true) => Right::Held,
            Ok(false) => Right::Missing,
            Err(error) => {
                let error = crate::chain(&error);
                warn!(verb = self.verb, resource = self.resource, error, "a right could not be asked for");
                self.known.map_or(Right::Missing, |(right, _)| right)
            }
        };
        self.known = Some((right, Instant::now()));
        right
    }

    async fn review(&self, client: &Client) -> Result<bool, kube::Error> {
        let Self { verb, resource, subresource, known: _ } = self;
        let attributes = ResourceAttributes {
            verb: Some((*verb).to_owned()),
            resource: Some((*resource).to_owned()),
            subresource: subresource.map(str::to_owned),
            ..ResourceAttributes::default()
        };
        let review = SelfSubjectAccessReview {
            spec: SelfSubjectAccessReviewSpec {
                resource_attributes: Some(attributes),
                ..SelfSubjectAccessReviewSpec::default()
            },
            ..SelfSubjectAccessReview::default()
        };
        let reviews: Api<SelfSubjectAccessReview> = Api::all(client.clone());
        let answer = reviews.create(&PostParams::default(), &review).await?;
        Ok(answer.status.is_some_and(|status| status.allowed))
    }
}
