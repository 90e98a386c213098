//! A real S3 server on loopback: versitygw over a folder of its own.

use std::{net::Ipv4Addr, path::PathBuf, time::Duration};

use anyhow::{Context, Result};
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use crate::{
    control_plane::{
        free_port,
        process::{CommandLine, Process},
    },
    tools::bin_directories,
};

/// The bucket that is there from the start.
pub const BUCKET: &str = "bund";
/// Its only user.
pub const ACCESS_KEY: &str = "ledger";
/// What the user signs with.
pub const SECRET_KEY: &str = "not-a-secret";

/// Longer than it takes on a busy machine with two cores.
const PATIENCE: Duration = Duration::from_mins(1);

/// A running server. Dropping it kills it and removes what it stored.
#[derive(Debug)]
pub struct S3Server {
    process: Process,
    port: u16,
    directory: TempDir,
}

impl S3Server {
    /// Starts a server with one empty bucket and waits until it listens. Builds it if it is not built yet: two minutes
    /// the first time.
    pub async fn start() -> Result<Self> {
        let folders = bin_directories(&["versitygw"]).await?;
        let program = folders.first().context("e2e/build-tools printed no folder")?.join("versitygw");
        let directory = tempfile::Builder::new().prefix("bund-s3-").tempdir()?;
        let port = free_port()?;
        // Beside the objects, because not every file system has extended attributes.
        let (objects, attributes) = (directory.path().join("objects"), directory.path().join("attributes"));
        std::fs::create_dir_all(objects.join(BUCKET))?;
        std::fs::create_dir(&attributes)?;
        let arguments = [
            vec!["--access".to_owned(), ACCESS_KEY.into(), "--secret".into(), SECRET_KEY.into()],
            vec!["--port".into(), format!("{}:{port}", Ipv4Addr::LOCALHOST), "--quiet".into()],
            vec!["--keep-alive".into(), "posix".into()],
            vec!["--sidecar".into(), attributes.display().to_string(), objects.display().to_string()],
        ];
        let command =
            CommandLine { name: "versitygw", program, arguments: arguments.concat(), ports: vec![port] };
        let process = Process::spawn(command, directory.path())?;
        let server = Self { process, port, directory };
        server.listens().await?;
        Ok(server)
    }

    async fn listens(&self) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while let Err(error) = self.process.check_listening() {
            self.process.check()?;
            if Instant::now() > deadline {
                return Err(error).context(self.process.log_tail());
            }
            sleep(Duration::from_millis(10)).await;
        }
        Ok(())
    }

    /// Kills it. What it stored stays.
    pub fn stop(&self) {
        self.process.kill();
    }

    /// Starts it again on what it stored.
    pub async fn resume(&self) -> Result<()> {
        self.process.start()?;
        self.listens().await
    }

    /// Where clients find it.
    pub fn endpoint(&self) -> String {
        format!("http://{}:{}", Ipv4Addr::LOCALHOST, self.port)
    }

    /// The port that it listens on, on loopback.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The folder that holds the objects of the bucket.
    pub fn objects(&self) -> PathBuf {
        self.directory.path().join("objects").join(BUCKET)
    }

    /// The end of its log.
    pub fn log_tail(&self) -> String {
        self.process.log_tail()
    }
}
