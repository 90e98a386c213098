//! `bund plan egress`: from arguments to a plan.

use std::{io::stdout, path::PathBuf, process::ExitCode};

use anyhow::{Context, Result};
use bund_crds::NamespaceName;
use bund_engine::snapshot::DEFAULT_NAMESPACE;
use clap::{ArgGroup, Args, Subcommand, ValueEnum};

use super::{
    cluster::ClusterArgs,
    geo::GeoArgs,
    now,
    preflight::{asynchronously, ending, from_files},
};
use crate::{
    check,
    inventory::{Origin, Task, cluster::read},
    plan::{EgressPlan, egress, text},
    report::{put, visible_json},
    why::facts,
};

#[derive(Debug, Args)]
pub(super) struct PlanArgs {
    #[command(subcommand)]
    command: PlanCommand,
}

#[derive(Debug, Subcommand)]
enum PlanCommand {
    /// Tell what pods may reach by network where egress is closed, what would be cut, and what stays open.
    Egress(EgressArgs),
}

/// The form of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum PlanForm {
    /// Lines for people.
    Text,
    /// One JSON document.
    Json,
    /// The NetworkPolicies that would be applied.
    Yaml,
}

#[derive(Debug, Args)]
#[group(skip)]
#[command(
    group(ArgGroup::new("source").required(true).args(["file", "context", "in_cluster"])),
    after_help = "Exit codes: 0 the plan was made, 2 usage or unreadable input."
)]
struct EgressArgs {
    /// Files and folders with objects, as `kubectl get -o yaml` prints them; `-` is standard input.
    #[arg(short, long, num_args = 1.., value_name = "PATH")]
    file: Vec<PathBuf>,
    #[command(flatten)]
    cluster: ClusterArgs,
    /// Only this namespace. Its peers elsewhere are counted all the same.
    #[arg(short, long)]
    namespace: Option<NamespaceName>,
    #[command(flatten)]
    geo: GeoArgs,
    /// The form of the plan.
    #[arg(short, long, value_enum, default_value = "text")]
    output: PlanForm,
}

impl PlanArgs {
    pub(super) fn run(self) -> Result<ExitCode> {
        match self.command {
            PlanCommand::Egress(args) => args.run(),
        }
    }
}

impl EgressArgs {
    fn run(self) -> Result<ExitCode> {
        let Self { file, cluster, namespace, geo, output } = self;
        let now = now()?;
        let geography = geo.read(now)?;
        let mut inventory = if let Some(access) = cluster.access() {
            asynchronously(read(&access, Task::Plan, &[]))??
        } else {
            let mut inventory = from_files(&file, Task::Plan)?;
            for object in &mut inventory.objects {
                check::place(object, Some(DEFAULT_NAMESPACE));
            }
            inventory
        };
        inventory.geography = geography;
        let namespace = namespace.as_ref().map(NamespaceName::as_str);
        let plan = egress(&inventory, &facts(&inventory), namespace, now);
        write(&plan, &inventory.origin, output)?;
        Ok(ending(&inventory, false))
    }
}

fn write(plan: &EgressPlan, origin: &Origin, form: PlanForm) -> Result<()> {
    let written = match form {
        PlanForm::Text => text(plan, origin),
        PlanForm::Json => {
            let json = serde_json::to_string_pretty(plan).context("the plan cannot be put into JSON")?;
            visible_json(&json).into_owned() + "\n"
        }
        PlanForm::Yaml => {
            let documents = plan.manifests.iter().map(serde_saphyr::to_string);
            let documents: Result<Vec<_>, _> = documents.collect();
            documents.context("the policies cannot be written as YAML")?.join("---\n")
        }
    };
    put(&written, &mut stdout().lock()).context("the plan cannot be written")
}
