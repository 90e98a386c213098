//! Who refuses in a turn, and how its turn begins and ends.

use std::fmt;

use anyhow::{Context, Result, bail, ensure};
use bund_e2e::{
    cluster::{Cluster, dynamic},
    control_plane::{Operator, Peer},
    probe,
};
use kube::{
    ResourceExt,
    api::{DynamicObject, PostParams},
    core::GroupVersionKind,
};

use super::{Bed, rule};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Nobody,
    InTree,
    Bund,
    Kyverno,
}

/// What runs during a turn besides the control plane.
pub(super) enum Acting {
    Nothing,
    Bund(Operator),
    Kyverno(Peer),
}

impl Acting {
    pub(super) fn pid(&self) -> Result<Option<u32>> {
        match self {
            Self::Nothing => Ok(None),
            Self::Bund(operator) => operator.pid().map(Some),
            Self::Kyverno(kyverno) => kyverno.pid().map(Some),
        }
    }

    fn terminate(&self) -> Result<()> {
        match self {
            Self::Nothing => Ok(()),
            Self::Bund(operator) => operator.terminate(),
            Self::Kyverno(kyverno) => kyverno.terminate(),
        }
    }
}

impl Side {
    /// Says loudly that this side is left out, and why.
    pub(super) fn skipped(self) -> impl Fn(anyhow::Error) {
        move |error| println!("  SKIPPED {self}: {error:#}")
    }

    /// Starts what refuses, and waits until the pod that breaks the rule is refused by it alone.
    pub(super) async fn begin(self, bed: &Bed) -> Result<Acting> {
        let acting = match self {
            Self::Nobody => Acting::Nothing,
            Self::InTree => {
                bed.admin.apply_all(&rule::in_tree()).await?;
                Acting::Nothing
            }
            Self::Bund => {
                let operator = bed.plane.start_operator(&bed.operator).await?;
                probe::enforced(&bed.plane, &bed.admin).await?;
                Acting::Bund(operator)
            }
            Self::Kyverno => {
                let kyverno = bed.kyverno.as_ref().context("it is not installed")?;
                Acting::Kyverno(kyverno.start(bed).await?)
            }
        };
        bed.plane.eventually(&format!("{self} refuses"), async || self.refuses(&bed.admin).await).await?;
        Ok(acting)
    }

    pub(super) async fn refuses(self, admin: &Cluster) -> Result<()> {
        let word = match self {
            Self::Nobody => return admits(admin).await,
            Self::InTree => rule::NAME,
            Self::Bund => "guarded.bund.dev",
            Self::Kyverno => "kyverno",
        };
        match admits(admin).await {
            Ok(()) => bail!("the pod is admitted"),
            Err(error) => {
                ensure!(format!("{error:#}").contains(word), "somebody else refuses: {error:#}");
                Ok(())
            }
        }
    }

    /// Ends what runs, deletes what it registered, and waits until nobody refuses.
    pub(super) async fn end(self, bed: &Bed, acting: Acting) -> Result<()> {
        acting.terminate()?;
        drop(acting);
        for kind in [
            "ValidatingWebhookConfiguration",
            "MutatingWebhookConfiguration",
            "ValidatingAdmissionPolicyBinding",
            "ValidatingAdmissionPolicy",
        ] {
            let kind = GroupVersionKind::gvk("admissionregistration.k8s.io", "v1", kind);
            bed.admin.delete_where(&kind, registered_by_a_side).await?;
        }
        bed.plane.eventually("nobody refuses", async || admits(&bed.admin).await).await
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Nobody => "no webhook",
            Self::InTree => "in-tree policy",
            Self::Bund => "Bund",
            Self::Kyverno => "Kyverno",
        })
    }
}

fn registered_by_a_side(object: &DynamicObject) -> bool {
    let name = object.name_any();
    ["bund", "kyverno", rule::NAME].iter().any(|prefix| name.starts_with(prefix))
}

/// An error that says who refuses the pod that breaks the rule.
async fn admits(admin: &Cluster) -> Result<()> {
    let stray = rule::stray();
    let parameters = PostParams { dry_run: true, ..PostParams::default() };
    admin.api_of(&stray).await?.create(&parameters, &dynamic(&stray)?).await?;
    Ok(())
}
