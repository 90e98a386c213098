//! Which cluster is looked at, as arguments.

use std::path::PathBuf;

use clap::Args;

use crate::inventory::cluster::Access;

/// A cluster that is named. Without one of these no cluster is looked at.
#[derive(Debug, Args)]
#[group(skip)]
pub(super) struct ClusterArgs {
    /// The context of the kubeconfig that names the cluster.
    #[arg(long, value_name = "NAME")]
    context: Option<String>,
    /// The kubeconfig, instead of those that kubectl reads. Name its context too.
    #[arg(long, value_name = "PATH", requires = "context")]
    kubeconfig: Option<PathBuf>,
    /// The cluster in which this process is a pod.
    #[arg(long)]
    in_cluster: bool,
}

impl ClusterArgs {
    /// The cluster that is named, if one is.
    pub(super) fn access(self) -> Option<Access> {
        let Self { context, kubeconfig, in_cluster } = self;
        match (context, in_cluster) {
            (Some(context), _) => Some(Access::Context { kubeconfig, context }),
            (None, true) => Some(Access::InCluster),
            (None, false) => None,
        }
    }
}
