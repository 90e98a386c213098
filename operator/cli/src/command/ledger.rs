//! `bund ledger`: from arguments to a ledger, and to an exit code.

use std::{
    io::{Write, stderr, stdout},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::Result;
use clap::{Args, Subcommand};

use super::{
    now,
    preflight::{Form, asynchronously},
};
use crate::{
    ledger::{failure, keys, place::Place, write::Writer},
    report::{put, visible},
};

mod read;
mod write;

use read::{ExportArgs, ProveArgs, StatusArgs, VerifyArgs};
use write::{AppendArgs, DropArgs, InitArgs, RecoverArgs, RotateArgs};

const EXIT_CODES: &str = "Exit codes: 0 done, or verified; 1 it cannot be done; 2 tampered: something contradicts itself or what is trusted; 3 unverifiable: a key, a file or the ledger itself is missing.";

#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct LedgerArgs {
    #[command(subcommand)]
    command: LedgerCommand,
}

#[derive(Debug, Subcommand)]
enum LedgerCommand {
    /// Make a ledger where there is none.
    Init(InitArgs),
    /// Record what people know: an incident, a piece of evidence, a document.
    Append(AppendArgs),
    /// Tell what is there: shards, sizes, checkpoints, keys, and whether pins agree. Only reads, and verifies nothing.
    Status(StatusArgs),
    /// Verify a ledger, an export, or a proof. Only reads, and needs no cluster.
    Verify(VerifyArgs),
    /// Prove that an entry is in the ledger, or that the ledger only grew. Only reads.
    Prove(ProveArgs),
    /// Write a folder that an auditor can verify without us, years later. Only reads the ledger.
    Export(ExportArgs),
    /// Repair what can be made again from what is there, or say what is wrong; go on after a loss that somebody accepts.
    Recover(RecoverArgs),
    /// Sign with another key from here on.
    Rotate(RotateArgs),
    /// Delete a shard after the time for which it must be kept.
    Drop(DropArgs),
}

/// Who writes to a ledger.
#[derive(Debug, Args)]
#[group(skip)]
struct WriterArgs {
    /// Where the ledger is: a folder, or `s3://BUCKET/PREFIX`. What S3 needs besides comes from the environment: AWS_REGION,
    /// AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID …
    #[arg(value_name = "LEDGER")]
    place: Place,
    /// The file with the key that signs.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// Files with the keys that sign beside it, while keys are rotated.
    #[arg(long, value_name = "FILE")]
    beside: Vec<PathBuf>,
    /// Who writes, as entries name it. The name of the user where it is left out.
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    /// A file that remembers the last checkpoint, kept in another place than the ledger: it shows that a ledger was put
    /// back. It is made where it is not there yet.
    #[arg(long, value_name = "FILE")]
    pin: Vec<PathBuf>,
}

impl WriterArgs {
    fn writer(self) -> Result<Writer> {
        let Self { place, key, beside, by, pin } = self;
        Ok(Writer { place, keys: keys::all(&key, &beside)?, by: recorder(by), pins: pin })
    }
}

/// Who writes, where nobody said it.
fn recorder(by: Option<String>) -> String {
    let user = || ["USER", "LOGNAME"].iter().find_map(|name| std::env::var(name).ok());
    by.or_else(user).filter(|name| !name.is_empty()).unwrap_or_else(|| "bund".to_owned())
}

impl LedgerArgs {
    /// Unlike elsewhere, what cannot be done is 1: who reads exit codes must not take a wrong argument for tampering.
    pub(super) fn run(self) -> ExitCode {
        match self.command.run() {
            Ok(code) => ExitCode::from(code),
            Err(error) => {
                tell(&format!("{error:#}"));
                ExitCode::from(failure::ending(&error).code())
            }
        }
    }
}

impl LedgerCommand {
    fn run(self) -> Result<u8> {
        let now = now()?;
        asynchronously(async {
            match self {
                Self::Init(args) => args.run(now).await,
                Self::Append(args) => args.run(now).await,
                Self::Status(args) => args.run().await,
                Self::Verify(args) => args.run().await,
                Self::Prove(args) => args.run().await,
                Self::Export(args) => args.run().await,
                Self::Recover(args) => args.run(now).await,
                Self::Rotate(args) => args.run(now).await,
                Self::Drop(args) => args.run(now).await,
            }
        })?
    }
}

/// Tells people something beside the result.
fn tell(text: &str) {
    // Where nobody listens, the exit code still tells.
    writeln!(stderr(), "bund: {}", visible(text)).unwrap_or_default();
}

/// Prints a result.
fn print(text: &str) -> Result<()> {
    Ok(put(text, &mut stdout().lock())?)
}
