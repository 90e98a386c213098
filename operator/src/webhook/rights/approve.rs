//! Whether who decides on a transfer was given the right to. (client)

use bund_crds::{ClassName, Right};
use bund_engine::{Snapshot, trust::is_trusted};
use futures::future::try_join_all;
use tokio::time::Instant;

use super::{APPROVE, Asked, NOBODY_GRANTS, PATIENCE, Rights, is_person};
use crate::webhook::lookup::Missing;
use crate::webhook::review::Question;

impl Rights {
    /// The first of `classes` for which whoever asks was not given the right to decide.
    pub(in crate::webhook) async fn lacking_to_approve(
        &self,
        question: &Question,
        classes: Vec<ClassName>,
        snapshot: &Snapshot,
    ) -> Result<Option<ClassName>, Missing> {
        let user = &question.user;
        let name = user.username.as_deref().unwrap_or_default();
        let namespace = question.request.namespace.as_deref().unwrap_or_default();
        let trusted =
            |class: &ClassName| is_trusted(name, Right::Approve, class.as_str(), namespace, snapshot);
        if let Some(class) = classes.iter().find(|class| !is_person(user) && !trusted(class)) {
            return Ok(Some(class.clone()));
        }
        let deadline = Instant::now() + PATIENCE;
        // Whoever may approve what nobody grants may approve everything, by a wildcard.
        let everything = Asked { verb: APPROVE, resource: NOBODY_GRANTS, name: None };
        let everything = self.was_given(user, everything, true, deadline);
        let ask = async |class: &ClassName| {
            let right = Asked { verb: APPROVE, resource: "transferauthorities", name: Some(class.as_str()) };
            self.was_given(user, right, trusted(class), deadline).await
        };
        let each = try_join_all(classes.iter().map(ask));
        let (everything, each) =
            futures::future::try_join(everything, each).await.map_err(|why| could_not_be_asked(&why))?;
        let lacks = |(class, given): &(&ClassName, bool)| !*given || (everything && !trusted(class));
        Ok(classes.iter().zip(each).find(lacks).map(|(class, _)| class.clone()))
    }
}

fn could_not_be_asked(why: &str) -> Missing {
    tracing::warn!(why, "a right could not be asked for");
    Missing::new("whether you may approve", why)
}
