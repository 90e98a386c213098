//! `make demo-node`: a platform team installs Bund by Helm on a cluster with a real node, sees beforehand what would be
//! refused, raises the policy, runs a database whose volumes are marked, has pods evicted from a node that leaves, and takes
//! Bund away again while its pods are dead. Everything happens in namespaces without a way out, and leaves nothing behind.

use std::{
    convert::Infallible,
    ffi::OsString,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Instant,
};

use anyhow::{Context as _, Result};
use bund_e2e::{
    cluster::Cluster,
    control_plane::User,
    helm::Helm,
    node::{
        Node, NodeTools,
        images::{self, Built},
        sandbox, seccomp,
    },
    tools::Tools,
};
use clap::{Parser, Subcommand};

mod database;
mod forecast;
mod install;
mod judge;
mod processes;
mod response;
mod uninstall;
mod workload;

/// Installs Bund on a real node, in a sandbox.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    part: Option<Part>,
}

/// How this program calls itself.
#[derive(Subcommand)]
#[command(hide = true)]
enum Part {
    /// Builds what is needed, and starts nothing.
    Build,
    /// In the sandbox: the demo itself.
    Inside { programs: PathBuf, images: String, cgroup: String, directory: PathBuf },
    /// In place of runc.
    #[command(name = seccomp::SUBCOMMAND)]
    Runtime {
        runc: PathBuf,
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
}

fn main() -> ExitCode {
    let ran = run(Arguments::parse().part);
    ran.unwrap_or_else(|error| {
        // One line, and the last: whoever runs this tells it further.
        eprintln!("{error:#}");
        ExitCode::FAILURE
    })
}

fn run(part: Option<Part>) -> Result<ExitCode> {
    match part {
        None => outside(),
        Some(Part::Build) => {
            if let Some(reason) = sandbox::missing() {
                eprintln!("SKIPPED: the image of a real node is not built: {reason}");
            } else {
                images::build().context("the image cannot be built")?;
            }
            Ok(ExitCode::SUCCESS)
        }
        Some(Part::Inside { programs, images, cgroup, directory }) => {
            sandbox::end_with_parent();
            sandbox::furnish(&directory)?;
            let archives = std::env::split_paths(&images).collect();
            inside(&Built { archives, programs }, &cgroup)?;
            Ok(ExitCode::SUCCESS)
        }
        Some(Part::Runtime { runc, arguments }) => {
            let never: Infallible = seccomp::become_runc(&runc, &arguments)?;
            match never {}
        }
    }
}

/// Builds what is needed, which the sandbox could not, and runs the demo in it.
#[tokio::main]
async fn outside() -> Result<ExitCode> {
    if let Some(reason) = sandbox::missing() {
        eprintln!("This cannot be shown here: {reason}.");
        return Ok(ExitCode::from(2));
    }
    println!(
        "Building the programs of a control plane and a node, and the image; the first time takes about 20 minutes."
    );
    Tools::find().await?;
    NodeTools::find().await?;
    let built = images::build().context("the image cannot be built")?;
    let images = std::env::join_paths(&built.archives).context("the path of an image holds a colon")?;
    let arguments = [
        "inside",
        built.programs.to_str().context("the path of the programs is not UTF-8")?,
        images.to_str().context("the path of an image is not UTF-8")?,
    ];
    let ended = sandbox::run(&arguments).await?;
    if ended.success() {
        println!("\nEverything that was started has been stopped; nothing is left behind.");
    }
    Ok(if ended.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What every part of the demo speaks to.
struct Stage {
    node: Node,
    admin: Cluster,
    helm: Helm,
    tools: Tools,
    /// The command line of Bund, as it is in the image.
    bund: PathBuf,
    began: Instant,
}

#[tokio::main]
async fn inside(built: &Built, cgroup: &str) -> Result<()> {
    let began = Instant::now();
    step(began, "A cluster with a real node, without a way out");
    let (tools, node) = (Tools::find().await?, NodeTools::find().await?);
    let node = Node::start(&tools, &node, cgroup, &built.archives).await?;
    let kubeconfig = node.plane.kubeconfig(User::ADMIN)?;
    let mut stage = Stage {
        admin: Cluster::of(node.plane.client(User::ADMIN).await?),
        helm: Helm::of(&tools, kubeconfig)?,
        bund: built.programs.join("bund"),
        tools,
        began,
        node,
    };
    let told = stage.tell().await;
    if told.is_err() {
        eprintln!("\n{}", stage.node.diagnosis());
        stage.node.keep();
    }
    told
}

impl Stage {
    async fn tell(&self) -> Result<()> {
        install::tell(self).await?;
        forecast::tell(self).await?;
        judge::tell(self).await?;
        database::tell(self).await?;
        response::tell(self).await?;
        uninstall::tell(self).await?;
        say(format!("\nThe whole took {} s.", self.began.elapsed().as_secs()));
        Ok(())
    }

    fn step(&self, text: &str) {
        step(self.began, text);
    }

    /// Runs a program of the user's against the cluster, and returns how it ended and what it printed.
    async fn run(&self, program: &Path, arguments: &[&str]) -> Result<(Option<i32>, String)> {
        let mut command = tokio::process::Command::new(program);
        command.args(arguments).env("KUBECONFIG", self.node.plane.kubeconfig(User::ADMIN)?);
        command.stderr(std::process::Stdio::inherit());
        let output =
            command.output().await.with_context(|| format!("{} cannot be started", program.display()))?;
        Ok((output.status.code(), String::from_utf8(output.stdout)?))
    }
}

fn say(text: impl AsRef<str>) {
    println!("{}", text.as_ref());
}

fn step(began: Instant, text: &str) {
    println!("\n== {text} (after {} s)", began.elapsed().as_secs());
}
