//! `bund transfer`: from arguments to a draft, or to how a transfer stands.

use std::{
    fs::OpenOptions,
    io::{Write, stderr, stdout},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, Result, bail};
use bund_crds::{CreditCode, Mode, NamespaceName};
use bund_engine::{Decision, Snapshot, cover::is_flow, decide_standing, snapshot::DEFAULT_NAMESPACE};
use clap::{ArgGroup, Args, Subcommand};
use serde_json::Value;

use super::{
    cluster::ClusterArgs,
    geo::GeoArgs,
    now,
    preflight::{Form, asynchronously, ending, from_files, write},
};
use crate::{
    check::{self, Inputs, Key},
    inventory::{
        Inventory, Task,
        asked::Asked,
        cluster::{Access, read_around, read_transfers},
    },
    report::{put, visible},
    transfer::{
        draft::{Draft, draft},
        status::{find, render_text, status},
        totals::{self, totals},
    },
    why::facts,
};

#[derive(Debug, Args)]
pub(super) struct TransferArgs {
    #[command(subcommand)]
    command: TransferCommand,
}

#[derive(Debug, Subcommand)]
enum TransferCommand {
    /// Write a CrossBorderTransfer to begin with, for an object that is refused. What a person must say is asked for in
    /// comments.
    Draft(DraftArgs),
    /// Tell what the law asks of a transfer, what is missing, who decided, and whether it is in effect.
    Status(StatusArgs),
}

#[derive(Debug, Args)]
#[group(skip)]
#[command(
    group(ArgGroup::new("source").required(true).args(["file", "context", "in_cluster"])),
    after_help = "Exit codes: 0 a draft was written, 1 nothing here needs a transfer, 2 usage or unreadable input."
)]
struct DraftArgs {
    /// Manifests, judged as `bund check` does: files, folders, or `-` for standard input.
    #[arg(short, long, num_args = 1.., value_name = "PATH")]
    file: Vec<PathBuf>,
    /// The object that is refused, where more than one is, and where a cluster is named: `deployment/web`.
    #[arg(long, value_name = "KIND/NAME")]
    subject: Option<Asked>,
    /// The namespace of the object, and of objects that name none.
    #[arg(short, long)]
    namespace: Option<NamespaceName>,
    /// Policies that judge instead of the built-in starter policy.
    #[arg(long, num_args = 1.., value_name = "PATH", requires = "file")]
    policies: Option<Vec<PathBuf>>,
    /// Objects that are known and not judged.
    #[arg(long, num_args = 1.., value_name = "PATH", requires = "file")]
    facts: Vec<PathBuf>,
    #[command(flatten)]
    cluster: ClusterArgs,
    #[command(flatten)]
    geo: GeoArgs,
    /// The file to write, which must not be there yet; standard output where it is left out.
    #[arg(short, long, value_name = "PATH")]
    output: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[group(skip)]
#[command(group(ArgGroup::new("source").required(true).args(["facts", "context", "in_cluster"])))]
struct StatusArgs {
    /// The CrossBorderTransfer.
    #[arg(required_unless_present = "exporter", conflicts_with = "exporter")]
    name: Option<String>,
    /// The exporter whose totals are told, by its credit code.
    #[arg(long, value_name = "CODE", requires = "totals")]
    exporter: Option<CreditCode>,
    /// Tell how many persons count for the exporter since 1 January, Beijing time, and which route follows: for auditors,
    /// who may list exporters, transfers and events of the record.
    #[arg(long, requires = "exporter")]
    totals: bool,
    /// Its namespace; that of the context, or `default`, where it is left out.
    #[arg(short, long)]
    namespace: Option<NamespaceName>,
    /// Files and folders with the transfer and what is known besides, as `kubectl get -o yaml` prints them.
    #[arg(long, num_args = 1.., value_name = "PATH")]
    facts: Vec<PathBuf>,
    #[command(flatten)]
    cluster: ClusterArgs,
    /// The form of the answer.
    #[arg(short, long, value_enum, default_value = "text")]
    output: Form,
}

impl TransferArgs {
    pub(super) fn run(self) -> Result<ExitCode> {
        match self.command {
            TransferCommand::Draft(args) => args.run(),
            TransferCommand::Status(args) => args.run(),
        }
    }
}

/// Transfers, and what the law and the decisions on them rest on, of a cluster or of files; with the namespace that is
/// meant.
fn sight(
    access: Option<Access>,
    paths: &[PathBuf],
    name: Option<&str>,
    namespace: Option<&str>,
) -> Result<(Inventory, String)> {
    if let Some(access) = access {
        let sight = asynchronously(read_transfers(&access, name, namespace))??;
        return Ok((sight.inventory, sight.namespace));
    }
    let namespace = namespace.unwrap_or(DEFAULT_NAMESPACE);
    let mut inventory = from_files(paths, Task::Transfers)?;
    for object in &mut inventory.objects {
        check::place(object, Some(namespace));
    }
    Ok((inventory, namespace.to_owned()))
}

impl StatusArgs {
    fn run(self) -> Result<ExitCode> {
        let Self { name, exporter, totals: _, namespace, facts: paths, cluster, output } = self;
        let namespace = namespace.as_ref().map(NamespaceName::as_str);
        let (inventory, namespace) = sight(cluster.access(), &paths, name.as_deref(), namespace)?;
        let known = facts(&inventory);
        if let Some(code) = exporter {
            write(output, &totals(&inventory, &known, &code, now()?)?, totals::render_text)?;
            return Ok(ending(&inventory, false));
        }
        let name = name.unwrap_or_default();
        let transfer = find(&known, &namespace, &name)?;
        write(output, &status(&inventory, &known, transfer, now()?), render_text)?;
        Ok(ending(&inventory, false))
    }
}

impl DraftArgs {
    fn run(self) -> Result<ExitCode> {
        let Self { file, subject, namespace, policies, facts, cluster, geo, output } = self;
        let namespace = namespace.as_ref().map(NamespaceName::as_str);
        let drafted = match (cluster.access(), subject) {
            (Some(access), Some(asked)) => from_cluster(&access, &asked, namespace, &geo)?,
            (Some(_), None) => bail!("name the object that is refused: --subject KIND/NAME"),
            (None, asked) => {
                from_manifests(&Manifests { file, policies, facts, geo }, asked.as_ref(), namespace)?
            }
        };
        let Some(Draft { manifest, beyond, untold }) = drafted else {
            writeln!(stderr(), "bund: nothing here needs a transfer: no rule is broken by where data goes")?;
            return Ok(ExitCode::from(1));
        };
        for line in beyond {
            writeln!(stderr(), "bund: no transfer helps against {}", visible(&line))?;
        }
        for line in untold {
            writeln!(
                stderr(),
                "bund: no transfer covers this before the object names the place: {}",
                visible(&line)
            )?;
        }
        let place = output.as_deref().map_or_else(|| "it".into(), Path::to_string_lossy);
        write_draft(&manifest, output.as_deref())?;
        writeln!(
            stderr(),
            "bund: this is a draft; fill in the lines that begin with `#>`, then `bund check` tells what {} lacks",
            visible(&place)
        )?;
        Ok(ExitCode::SUCCESS)
    }
}

fn write_draft(manifest: &str, output: Option<&Path>) -> Result<()> {
    let Some(path) = output else {
        return put(manifest, &mut stdout().lock()).context("the draft cannot be written");
    };
    // A draft that somebody filled in is not written over.
    let mut file = OpenOptions::new().write(true).create_new(true).open(path).with_context(|| {
        format!("{} cannot be written; name a file that is not there yet", path.display())
    })?;
    file.write_all(manifest.as_bytes()).with_context(|| format!("{} cannot be written", path.display()))
}

fn from_cluster(
    access: &Access,
    asked: &Asked,
    namespace: Option<&str>,
    geo: &GeoArgs,
) -> Result<Option<Draft>> {
    let mut around = asynchronously(read_around(access, asked, namespace))??;
    let now = now()?;
    around.inventory.geography = geo.read(now)?;
    let known = facts(&around.inventory);
    let subject = known.snapshot.extract(&around.subject, None, None);
    let decision = decide_standing(&subject, &known.snapshot, now);
    Ok(draft(&around.subject, &decision, &known.snapshot))
}

struct Manifests {
    file: Vec<PathBuf>,
    policies: Option<Vec<PathBuf>>,
    facts: Vec<PathBuf>,
    geo: GeoArgs,
}

fn from_manifests(
    given: &Manifests,
    asked: Option<&Asked>,
    namespace: Option<&str>,
) -> Result<Option<Draft>> {
    let mut unreadable = Vec::new();
    let mut read = |paths: &[PathBuf]| check::read(paths, &mut unreadable, |_, _| {});
    let manifests = read(&given.file);
    let policies = given.policies.as_deref().map(&mut read);
    let facts = read(&given.facts);
    let now = now()?;
    let inputs = Inputs {
        manifests,
        policies,
        facts,
        old: Vec::new(),
        namespace: namespace.map(str::to_owned),
        unreadable,
        geography: given.geo.read(now)?,
        ..Inputs::default()
    };
    let (outcome, snapshot) = check::run_with_facts(inputs, now, |_, _| {});
    if let Some(error) = outcome.unreadable.first() {
        bail!("{error}");
    }
    let judged: Vec<_> = outcome.checked.iter().map(|one| (&one.document.value, &one.decision)).collect();
    one_of(&judged, asked, namespace.unwrap_or(DEFAULT_NAMESPACE), &snapshot)
}

/// Drafts for the object that is asked for, or for the only one that is refused.
fn one_of(
    judged: &[(&Value, &Decision)],
    asked: Option<&Asked>,
    namespace: &str,
    snapshot: &Snapshot,
) -> Result<Option<Draft>> {
    if let Some(asked) = asked {
        let objects = judged.iter().map(|(object, _)| (*object).clone()).collect();
        let inventory = Inventory { objects, ..Inventory::default() };
        let key = Key::of(asked.find(&inventory, namespace)?);
        let found = judged.iter().find(|(object, _)| Key::of(object) == key);
        return Ok(found.and_then(|(object, decision)| draft(object, decision, snapshot)));
    }
    let refused = |decision: &Decision| {
        decision.findings.iter().any(|finding| is_flow(finding.reason) && finding.consequence() == Mode::Deny)
    };
    let refused: Vec<_> = judged.iter().filter(|(_, decision)| refused(decision)).collect();
    match refused.as_slice() {
        [] => Ok(None),
        [(object, decision)] => Ok(draft(object, decision, snapshot)),
        several => {
            let named: Vec<_> = several.iter().map(|(_, decision)| decision.subject.to_string()).collect();
            bail!("more than one object is refused; name one with --subject: {}", named.join(", "))
        }
    }
}
