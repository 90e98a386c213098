//! Other people's readers of a tile log: programs that `e2e/tools/tlog` pins.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::Output,
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use bund_e2e::tools::bin_directories;
use tokio::{process::Command, time::timeout};

/// Longer than any of them takes for the largest log here on a busy machine. fsck may wait for ever after damage.
const PATIENCE: Duration = Duration::from_mins(1);

/// Where they are.
#[derive(Debug)]
pub(crate) struct Readers {
    fsck: PathBuf,
    verify: PathBuf,
}

/// What one of them says about a log.
#[derive(Debug)]
pub(crate) struct Verdict {
    /// Whether all of it holds.
    pub(crate) accepted: bool,
    /// In its words.
    pub(crate) said: String,
}

impl Readers {
    /// Builds them if they are not built yet: a minute the first time.
    pub(crate) async fn find() -> Result<Self> {
        let folders = bin_directories(&["tlog"]).await?;
        let folder = folders.first().context("e2e/build-tools printed no folder")?;
        Ok(Self { fsck: folder.join("fsck"), verify: folder.join("tlog-verify") })
    }

    /// tessera's fsck. Its exit code is 0 whatever it finds, so that its words count; with one worker it would wait for
    /// ever on damage.
    pub(crate) async fn fsck(&self, log: &Path, key: &Path) -> Result<Verdict> {
        let mut url = OsString::from("-storage_url=file://");
        url.push(log);
        let mut public_key = OsString::from("-public_key=");
        public_key.push(key);
        let mut command = Command::new(&self.fsck);
        command.args(["-N=4", "-ui=false"]).arg(url).arg(public_key);
        let output = run(command).await?;
        let said = words(&output);
        Ok(Verdict { accepted: said.contains("Successfully fsck'd log"), said })
    }

    /// Our small program over golang.org/x/mod, transparency-dev and tessera's client, with these arguments.
    pub(crate) async fn verify<S: AsRef<std::ffi::OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = S>,
    ) -> Result<Verdict> {
        let mut command = Command::new(&self.verify);
        command.args(arguments);
        let output = run(command).await?;
        Ok(Verdict { accepted: output.status.success(), said: words(&output) })
    }
}

impl Verdict {
    /// An error with its words if it does not accept.
    pub(crate) fn holds(self) -> Result<String> {
        ensure!(self.accepted, "not accepted: {}", self.said);
        Ok(self.said)
    }
}

async fn run(mut command: Command) -> Result<Output> {
    command.kill_on_drop(true).stdin(std::process::Stdio::null());
    let output = timeout(PATIENCE, command.output()).await;
    output.with_context(|| format!("{command:?} did not end in {PATIENCE:?}"))?.context("it cannot be run")
}

/// What it says, line by line the beginning: fsck prints whole tiles.
fn words(output: &Output) -> String {
    let said = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text)).concat();
    said.lines().map(|line| line.chars().take(400).chain(['\n']).collect::<String>()).collect()
}
