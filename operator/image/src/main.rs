//! Writes the image of Bund as an OCI layout, with its bill of materials beside it.

use std::path::PathBuf;

use bund_image::{program, release::Release};
use clap::{Parser, Subcommand};

/// Writes the image of Bund, without a container engine.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
    /// Where to write; `target/image` of the workspace if not given.
    #[arg(long, global = true)]
    output: Option<PathBuf>,
    /// The image's name, without a registry.
    #[arg(long, global = true, default_value = "bund")]
    name: String,
    /// The image's tag.
    #[arg(long, global = true, default_value = env!("CARGO_PKG_VERSION"))]
    tag: String,
}

#[derive(Subcommand)]
enum Task {
    /// Compile the programs, write `<name>/` (an OCI layout), `<name>.tar` and `<name>.cdx.json`.
    Image {
        /// Take the programs from this folder instead of compiling them.
        #[arg(long)]
        programs: Option<PathBuf>,
        /// The time that everything in the image carries, in seconds since 1970.
        #[arg(long, env = "SOURCE_DATE_EPOCH", default_value_t = 0)]
        epoch: u64,
    },
    /// Write `<name>.cdx.json` only.
    Sbom,
}

fn main() -> anyhow::Result<()> {
    let Arguments { task, output, name, tag } = Arguments::parse();
    let workspace = program::workspace()?;
    let output = output.unwrap_or_else(|| workspace.workspace_root.join("target/image").into());
    let release = Release { workspace: &workspace, output: &output, name: &name, tag: &tag };
    match task {
        Task::Image { programs, epoch } => {
            let written = release.write(programs, epoch)?;
            println!("{} {} {}", written.layout.display(), written.reference, written.digest);
        }
        Task::Sbom => {
            let (path, digest) = release.write_sbom()?;
            println!("{} {digest}", path.display());
        }
    }
    Ok(())
}
