//! `bund report data-flow`: from arguments to a map.

use std::{io::stdout, path::PathBuf, process::ExitCode};

use anyhow::{Context, Result};
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
    data_flow::{DataFlow, data_flow, html::html, ledger, svg, text, word::Language},
    inventory::{Inventory, Task, cluster::read},
    report::{put, visible_json},
    why::facts,
};

#[derive(Debug, Args)]
pub(super) struct ReportArgs {
    #[command(subcommand)]
    command: ReportCommand,
}

#[derive(Debug, Subcommand)]
enum ReportCommand {
    /// Tell which data classes there are, what holds them, where that is, and to whom they flow on which ground.
    DataFlow(DataFlowArgs),
}

/// The form of a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum MapForm {
    /// Lines for people.
    Text,
    /// One JSON document.
    Json,
    /// A picture.
    Svg,
    /// One page with the picture and every row, which prints well.
    Html,
}

#[derive(Debug, Args)]
#[group(skip)]
#[command(
    group(ArgGroup::new("source").required(true).args(["file", "context", "in_cluster", "ledger"])),
    after_help = "Exit codes: 0 the map was made, 2 usage or unreadable input."
)]
struct DataFlowArgs {
    /// Files and folders with objects, as `kubectl get -o yaml` prints them; `-` is standard input.
    #[arg(short, long, num_args = 1.., value_name = "PATH")]
    file: Vec<PathBuf>,
    /// The directory that `bund ledger export` wrote. A ledger tells of transfers alone.
    #[arg(long, value_name = "DIRECTORY")]
    ledger: Option<PathBuf>,
    #[command(flatten)]
    cluster: ClusterArgs,
    #[command(flatten)]
    geo: GeoArgs,
    /// The form of the map.
    #[arg(short, long, value_enum, default_value = "text")]
    output: MapForm,
    /// The language of a map for people.
    #[arg(long, value_enum, default_value = "en")]
    language: Language,
}

impl ReportArgs {
    pub(super) fn run(self) -> Result<ExitCode> {
        match self.command {
            ReportCommand::DataFlow(args) => args.run(),
        }
    }
}

impl DataFlowArgs {
    fn run(self) -> Result<ExitCode> {
        let Self { file, ledger, cluster, geo, output, language } = self;
        if let Some(directory) = ledger {
            let export = ledger::read(&directory)?;
            let map = ledger::of_export(&directory, &export, now()?);
            write(&map, output, language)?;
            return Ok(ExitCode::SUCCESS);
        }
        let mut inventory = match cluster.access() {
            Some(access) => asynchronously(read(&access, Task::Why, &[]))??,
            None => placed(from_files(&file, Task::Why)?),
        };
        let now = now()?;
        inventory.geography = geo.read(now)?;
        write(&data_flow(&inventory, &facts(&inventory), now), output, language)?;
        Ok(ending(&inventory, false))
    }
}

/// Objects of files that name no namespace are in the default one, as kubectl would put them.
fn placed(mut inventory: Inventory) -> Inventory {
    for object in &mut inventory.objects {
        check::place(object, Some(DEFAULT_NAMESPACE));
    }
    inventory
}

fn write(map: &DataFlow, form: MapForm, language: Language) -> Result<()> {
    let written = match form {
        MapForm::Text => text(map, language),
        MapForm::Svg => svg(map, language),
        MapForm::Html => html(map, language),
        MapForm::Json => {
            let json = serde_json::to_string_pretty(map).context("the map cannot be put into JSON")?;
            visible_json(&json).into_owned() + "\n"
        }
    };
    put(&written, &mut stdout().lock()).context("the map cannot be written")
}
