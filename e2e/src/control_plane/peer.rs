//! A program of somebody else beside the control plane, to be compared with.

use std::path::Path;

use super::ControlPlane;
use super::process::{CommandLine, Process};

/// A running program that is not ours. Dropping it kills it.
#[derive(Debug)]
pub struct Peer {
    process: Process,
}

impl ControlPlane {
    /// Starts `program` on loopback with the kubeconfig and ports that its arguments name.
    pub fn start_peer(
        &self,
        name: &'static str,
        program: &Path,
        environment: &[(&str, &str)],
        arguments: &[String],
        ports: Vec<u16>,
    ) -> anyhow::Result<Peer> {
        let environment = environment.iter().map(|(variable, value)| format!("{variable}={value}"));
        let program = program.display().to_string();
        let command = CommandLine {
            name,
            program: "/usr/bin/env".into(),
            arguments: environment.chain([program]).chain(arguments.iter().cloned()).collect(),
            ports,
        };
        Ok(Peer { process: Process::spawn(command, &self.directory())? })
    }
}

impl Peer {
    /// The id of its process.
    pub fn pid(&self) -> anyhow::Result<u32> {
        self.process.pid()
    }

    /// An error that shows the end of its log if it ended without being told to.
    pub fn check(&self) -> anyhow::Result<()> {
        self.process.check()
    }

    /// Asks it to end and waits until it has.
    pub fn terminate(&self) -> anyhow::Result<()> {
        self.process.terminate()
    }

    /// The end of its log.
    pub fn log_tail(&self) -> String {
        self.process.log_tail()
    }
}
