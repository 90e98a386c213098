//! `bund preflight` and `bund discover`: from arguments to reports.

use std::{
    io::{Write, stderr, stdout},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::{Context, Result, bail};
use bund_crds::NamespaceName;
use clap::{ArgGroup, Args, ValueEnum};
use serde::Serialize;

use super::{Progress, cluster::ClusterArgs, geo::GeoArgs, now};
use crate::{
    check,
    discover::{self, discover, table},
    inventory::{GroupKind, Inventory, Task, cluster::read, files},
    preflight::{self, Options, Preflight, preflight},
    report::{self, visible, visible_json},
};

/// What to look at: a cluster that is named, or files. Nothing else is ever read.
#[derive(Debug, Args)]
#[group(skip)]
#[command(group(ArgGroup::new("source").required(true).args(["file", "context", "in_cluster"])))]
pub(super) struct Source {
    /// Files and folders with objects, as `kubectl get -o yaml` prints them; `-` is standard input.
    #[arg(short, long, num_args = 1.., value_name = "PATH")]
    file: Vec<PathBuf>,
    #[command(flatten)]
    cluster: ClusterArgs,
}

/// The form of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Form {
    /// Lines for people.
    Text,
    /// One JSON document.
    Json,
}

/// What makes a preflight fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum PreflightFailOn {
    /// Anything that would be refused; or that nobody can tell, because something may not be listed.
    Refusals,
}

#[derive(Debug, Args)]
pub(super) struct PreflightArgs {
    #[command(flatten)]
    source: Source,
    /// Policies to forecast, instead of those that are there.
    #[arg(long, num_args = 1.., value_name = "PATH")]
    policies: Option<Vec<PathBuf>>,
    /// Treat this namespace as guarded, to see what guarding it would refuse.
    #[arg(long, num_args = 1.., value_name = "NAMESPACE")]
    as_guarded: Vec<NamespaceName>,
    /// Print only the proposed ClusterLocation, as YAML.
    #[arg(long, conflicts_with_all = ["output", "fail_on"])]
    propose: bool,
    /// The form of the report.
    #[arg(short, long, visible_alias = "format", value_enum, default_value = "text")]
    output: Form,
    #[command(flatten)]
    geo: GeoArgs,
    /// What makes the preflight fail; without it, it only tells.
    #[arg(long, value_enum)]
    fail_on: Option<PreflightFailOn>,
}

#[derive(Debug, Args)]
pub(super) struct DiscoverArgs {
    #[command(flatten)]
    source: Source,
    /// The form of the report.
    #[arg(short, long, visible_alias = "format", value_enum, default_value = "text")]
    output: Form,
}

impl PreflightArgs {
    pub(super) fn run(self) -> Result<ExitCode> {
        let Self { source, policies, as_guarded, propose, output, geo, fail_on } = self;
        let mut inventory = source.read(Task::Preflight, &[])?;
        let policies = policies.map(|paths| policies_of(&paths, &mut inventory)).transpose()?;
        let now = now()?;
        inventory.geography = geo.read(now)?;
        let found = preflight(&inventory, &Options { policies, as_guarded }, now)?;
        if propose {
            return proposal(&found);
        }
        write(output, &found, preflight::render_text)?;
        let refused = fail_on == Some(PreflightFailOn::Refusals) && found.forecast.fails();
        Ok(ending(&inventory, refused))
    }
}

impl DiscoverArgs {
    pub(super) fn run(self) -> Result<ExitCode> {
        let (stores, words) = (table::stores()?, table::words()?);
        let inventory = self.source.read(Task::Discover, &table::kinds(&stores))?;
        let found = discover(&inventory, &stores, &words, now()?);
        write(self.output, &found, discover::render_text)?;
        Ok(ending(&inventory, false))
    }
}

impl Source {
    fn read(self, task: Task, extra: &[GroupKind]) -> Result<Inventory> {
        let Self { file, cluster } = self;
        match cluster.access() {
            Some(access) => Ok(asynchronously(read(&access, task, extra))??),
            None => from_files(&file, task),
        }
    }
}

/// Runs what speaks to a cluster.
pub(super) fn asynchronously<T>(work: impl Future<Output = T>) -> Result<T> {
    let ring = rustls::crypto::ring::default_provider();
    // Whoever installed one before us installed this one: there is no other in the binary.
    ring.install_default().unwrap_or_default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    Ok(runtime.block_on(work))
}

pub(super) fn from_files(paths: &[PathBuf], task: Task) -> Result<Inventory> {
    let mut progress = Progress::new();
    let inventory = files::read(paths, task, |done, total| progress.tell("files read", done, total));
    progress.end();
    tell_unreadable(&inventory)?;
    if inventory.objects.is_empty() && inventory.unreadable.is_empty() {
        bail!("no object was found; name files that hold what `kubectl get -o yaml` prints");
    }
    Ok(inventory)
}

fn tell_unreadable(inventory: &Inventory) -> Result<()> {
    for error in &inventory.unreadable {
        writeln!(stderr(), "unreadable {}", visible(&error.to_string()))?;
    }
    Ok(())
}

/// The policies of files, which count instead of those that are there.
fn policies_of(paths: &[PathBuf], inventory: &mut Inventory) -> Result<Vec<serde_json::Value>> {
    let mut unreadable = Vec::new();
    let documents = check::read(paths, &mut unreadable, |_, _| {});
    for error in &unreadable {
        writeln!(stderr(), "unreadable {}", visible(&error.to_string()))?;
    }
    inventory.unreadable.extend(unreadable);
    let objects: Vec<_> = documents.into_iter().map(|document| document.value).collect();
    let policy = GroupKind::new(bund_crds::GROUP, "ResidencyPolicy");
    if !objects.iter().any(|object| GroupKind::of(object) == policy) {
        bail!(
            "--policies names no ResidencyPolicy, so nothing could be forecast; add one, or leave --policies out"
        );
    }
    Ok(objects)
}

fn proposal(found: &Preflight) -> Result<ExitCode> {
    let Some(proposal) = &found.location.proposal else {
        bail!("no ClusterLocation can be proposed: {}", found.location.notes.join("; "));
    };
    let manifest = serde_saphyr::to_string(proposal).context("the proposal cannot be written as YAML")?;
    let mut lines: Vec<_> = found.location.notes.iter().map(|note| format!("# {}", visible(note))).collect();
    lines.push(manifest);
    report::put(&lines.join("\n"), &mut stdout().lock())?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn write<T: Serialize>(form: Form, found: &T, text: impl Fn(&T) -> String) -> Result<()> {
    let report = match form {
        Form::Text => text(found),
        Form::Json => {
            let json = serde_json::to_string_pretty(found).context("the report cannot be put into JSON")?;
            visible_json(&json).into_owned() + "\n"
        }
    };
    report::put(&report, &mut stdout().lock()).context("the report cannot be written")
}

pub(super) fn ending(inventory: &Inventory, refused: bool) -> ExitCode {
    match (inventory.unreadable.is_empty(), refused) {
        (false, _) => ExitCode::from(2),
        (true, true) => ExitCode::from(1),
        (true, false) => ExitCode::SUCCESS,
    }
}
