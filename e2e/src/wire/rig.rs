//! The rig: everything between a pod and abroad.

use std::{
    collections::BTreeSet,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Stdio,
    sync::atomic::{AtomicU16, Ordering},
};

use anyhow::{Context as _, Result, ensure};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
    sync::Mutex,
};

use super::{
    enforcer::{Enforcer, EnforcerTools},
    heard::Heard,
    pods,
    shot::{Outcome, Shot},
    site::{self, ABROAD, API_SERVER, CACHE, CLASSIFIED, DNS, HOME, PEER, PLAIN, SECOND, Site},
};
use crate::{
    cluster::Cluster,
    control_plane::{
        ControlPlane,
        process::{CommandLine, Process},
    },
};

/// At these ports everybody listens who listens at all.
const PORTS: [u16; 4] = [53, 80, 443, 8443];
/// At these ports of the node. At the one that is left out the API server listens.
const PORTS_OF_NODE: [u16; 3] = [53, 80, 8443];

/// From here on shots are fired, each from the next port: above those that anybody listens at, below those that the kernel
/// gives out. A datagram from a port whose earlier datagram was answered would belong to a flow that is open, and those pass.
const FIRST_PORT: u16 = 10_000;

/// The program that sends, listens and counts: `wire` of this package.
#[derive(Debug, Clone)]
pub struct Wire(pub PathBuf);

/// Places, somebody who listens at some of them, an agent that enforces, and the counter abroad.
#[derive(Debug)]
pub struct Rig {
    enforcer: Enforcer,
    listeners: Vec<Process>,
    counter: Mutex<Dialogue>,
    next_port: AtomicU16,
    wire: Wire,
}

impl Rig {
    /// Sets everything up, only inside a sandbox. The control plane is the one of this namespace, without kubelets.
    pub async fn up(
        tools: &EnforcerTools,
        wire: &Wire,
        plane: &ControlPlane,
        admin: &Cluster,
    ) -> Result<Self> {
        site::lay().await?;
        pods::register(admin).await?;
        let enforcer = Enforcer::start(tools, plane, pods::NODE).await?;
        let mut listeners = Vec::new();
        for site in [&ABROAD, &HOME, &PEER, &SECOND, &CLASSIFIED, &PLAIN, &DNS] {
            listeners
                .push(listener(wire, plane, site, PORTS.into_iter().flat_map(|port| site.at(port))).await?);
        }
        let on_node = PORTS_OF_NODE.into_iter().flat_map(|port| API_SERVER.at(port).chain(CACHE.at(port)));
        listeners.push(listener(wire, plane, &CACHE, on_node).await?);
        let own: Vec<_> = ABROAD.addresses.iter().map(ToString::to_string).collect();
        let mut counter = Dialogue::start(wire, &ABROAD, "count", &own)?;
        ensure!(counter.hear().await? == "counting", "the counter does not count");
        let next_port = AtomicU16::new(FIRST_PORT);
        Ok(Self { enforcer, listeners, counter: Mutex::new(counter), next_port, wire: wire.clone() })
    }

    /// Fires shots from a site, all at the same time, and tells which were answered.
    pub async fn fire(&self, from: &Site, shots: &[Shot]) -> Result<Vec<Outcome>> {
        let first_port = self.next_port.fetch_add(u16::try_from(shots.len())?, Ordering::Relaxed);
        ensure!(first_port >= FIRST_PORT, "every port has been fired from");
        let output = entered(&self.wire, from, "fire")
            .arg(first_port.to_string())
            .args(shots.iter().map(ToString::to_string))
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await?;
        ensure!(output.status.success(), "shots cannot be fired from {}: {}", from.name, output.status);
        let told = String::from_utf8(output.stdout)?;
        Ok(told.lines().map(serde_json::from_str).collect::<Result<_, _>>()?)
    }

    /// The shots that were answered.
    pub async fn answered(&self, from: &Site, shots: &[Shot]) -> Result<BTreeSet<Shot>> {
        let outcomes = self.fire(from, shots).await?;
        Ok(outcomes.into_iter().filter(|outcome| outcome.answered).map(|outcome| outcome.shot).collect())
    }

    /// What arrived abroad since this was asked last.
    pub async fn heard_abroad(&self) -> Result<Vec<Heard>> {
        let told = self.counter.lock().await.ask().await?;
        Ok(serde_json::from_str(&told)?)
    }

    /// A TCP connection from a site that stays open. Nothing where it cannot be opened.
    pub async fn hold(&self, from: &Site, to: SocketAddr) -> Result<Option<Held>> {
        let mut dialogue = Dialogue::start(&self.wire, from, "hold", &[to.to_string()])?;
        Ok((dialogue.hear().await? == "true").then_some(Held(dialogue)))
    }

    /// Sends datagrams from a site, one after the other, until what is returned is dropped.
    pub async fn spray(&self, from: &Site, to: SocketAddr) -> Result<Spray> {
        let mut dialogue = Dialogue::start(&self.wire, from, "spray", &[to.to_string()])?;
        dialogue.hear().await?;
        Ok(Spray { _dialogue: dialogue })
    }

    /// How the logs end.
    pub fn diagnosis(&self) -> String {
        let logs = self.listeners.iter().map(Process::log_tail);
        logs.chain([self.enforcer.log_tail()]).collect::<Vec<_>>().join("\n\n")
    }
}

/// A connection that is open.
#[derive(Debug)]
pub struct Held(Dialogue);

impl Held {
    /// Sends something over it. Whether it came back.
    pub async fn passes(&mut self) -> Result<bool> {
        Ok(self.0.ask().await? == "true")
    }
}

/// Somebody who sends and sends.
#[derive(Debug)]
pub struct Spray {
    _dialogue: Dialogue,
}

async fn listener(
    wire: &Wire,
    plane: &ControlPlane,
    site: &'static Site,
    at: impl Iterator<Item = SocketAddr>,
) -> Result<Process> {
    let [program, namespace] = site.enter();
    let addresses = at.map(|address| address.to_string());
    let own = wire.0.display().to_string();
    let command = CommandLine {
        name: site.name,
        program: which(&program)?,
        arguments: [namespace, own, "listen".to_owned()].into_iter().chain(addresses).collect(),
        ports: vec![],
    };
    let process = Process::spawn(command, &plane.directory())?;
    let listening = async || {
        process.check()?;
        ensure!(process.log_tail().contains("listening"), "it does not listen yet");
        Ok(())
    };
    plane.eventually(&format!("{} listens", site.name), listening).await?;
    Ok(process)
}

fn which(program: &str) -> Result<PathBuf> {
    let path = std::env::var_os("PATH").context("no PATH")?;
    let mut candidates = std::env::split_paths(&path).map(|folder| folder.join(program));
    candidates.find(|path| path.is_file()).with_context(|| format!("no `{program}`"))
}

/// `wire` in a site, ready to be told what to do.
fn entered(wire: &Wire, site: &Site, part: &str) -> Command {
    let [program, namespace] = site.enter();
    let mut command = Command::new(program);
    command.arg(namespace).arg::<&Path>(&wire.0).arg(part);
    command
}

/// A program that answers each line with a line.
#[derive(Debug)]
struct Dialogue {
    _child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

impl Dialogue {
    fn start(wire: &Wire, site: &Site, part: &str, arguments: &[String]) -> Result<Self> {
        let mut child = entered(wire, site, part)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let input = child.stdin.take().context("no standard input")?;
        let output = BufReader::new(child.stdout.take().context("no standard output")?).lines();
        Ok(Self { _child: child, input, output })
    }

    async fn ask(&mut self) -> Result<String> {
        self.input.write_all(b"\n").await?;
        self.hear().await
    }

    async fn hear(&mut self) -> Result<String> {
        self.output.next_line().await?.context("it ended")
    }
}
