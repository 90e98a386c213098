//! `bund why`: from arguments to what Bund says of one object.

use std::{path::PathBuf, process::ExitCode};

use anyhow::Result;
use bund_crds::NamespaceName;
use bund_engine::snapshot::DEFAULT_NAMESPACE;
use clap::{ArgGroup, Args};

use super::{
    cluster::ClusterArgs,
    geo::GeoArgs,
    now,
    preflight::{Form, asynchronously, ending, from_files, write},
};
use crate::{
    check,
    inventory::{Task, asked::Asked, cluster::read_around},
    why::{facts, render_text, why},
};

#[derive(Debug, Args)]
#[group(skip)]
#[command(group(ArgGroup::new("source").required(true).args(["facts", "context", "in_cluster"])))]
pub(super) struct WhyArgs {
    /// What to explain, spelled as kubectl takes it: `deployment/web`, `sts/db`, `pvc/data`, `node/hangzhou-1`.
    #[arg(value_name = "KIND/NAME")]
    asked: Asked,
    /// The namespace of the object; that of the context, or `default`, where it is left out.
    #[arg(short, long)]
    namespace: Option<NamespaceName>,
    /// Files and folders with the object and what is known besides, as `kubectl get -o yaml` prints them.
    #[arg(long, num_args = 1.., value_name = "PATH")]
    facts: Vec<PathBuf>,
    #[command(flatten)]
    cluster: ClusterArgs,
    #[command(flatten)]
    geo: GeoArgs,
    /// The form of the answer.
    #[arg(short, long, value_enum, default_value = "text")]
    output: Form,
}

impl WhyArgs {
    pub(super) fn run(self) -> Result<ExitCode> {
        let Self { asked, namespace, facts: paths, cluster, geo, output } = self;
        let namespace = namespace.as_ref().map(NamespaceName::as_str);
        let (subject, mut inventory) = if let Some(access) = cluster.access() {
            let around = asynchronously(read_around(&access, &asked, namespace))??;
            (around.subject, around.inventory)
        } else {
            let mut inventory = from_files(&paths, Task::Why)?;
            let namespace = namespace.unwrap_or(DEFAULT_NAMESPACE);
            for object in &mut inventory.objects {
                check::place(object, Some(namespace));
            }
            (asked.find(&inventory, namespace)?.clone(), inventory)
        };
        let now = now()?;
        inventory.geography = geo.read(now)?;
        let known = facts(&inventory);
        write(output, &why(&inventory, &known, &subject, now), render_text)?;
        Ok(ending(&inventory, false))
    }
}
