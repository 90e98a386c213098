//! Arguments of what only reads a ledger.

use std::{fs::OpenOptions, io::Write, path::PathBuf};

use anyhow::{Context, Result};
use bund_ledger::{EntryId, ShardName, export::Exported, report::Language};
use clap::{ArgGroup, Args};

use super::{EXIT_CODES, Form, print, tell};
use crate::{
    command::preflight::write,
    ledger::{
        export::{Wanted, export},
        files::Bound,
        place::Place,
        prove::{self, Asked},
        status::{self, status},
        verify::{self, trust, verify},
    },
};

#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct StatusArgs {
    /// Where the ledger is: a folder, or `s3://BUCKET/PREFIX`.
    #[arg(value_name = "LEDGER")]
    place: Place,
    /// A file that remembers a checkpoint, to be compared.
    #[arg(long, value_name = "FILE")]
    pin: Vec<PathBuf>,
    /// The form of the answer.
    #[arg(short, long, value_enum, default_value = "text")]
    output: Form,
}

#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct VerifyArgs {
    /// What to verify: the folder of a ledger, `s3://BUCKET/PREFIX`, the folder of an export, or a file with a proof.
    #[arg(value_name = "LEDGER")]
    place: Place,
    /// The keys and witnesses that you trust (C2SP tlog-policy), from another source than the ledger. Without it the keys
    /// are taken that the ledger names for itself, which shows damage and not forgery.
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// A checkpoint that you kept: the ledger must have grown from it. Only this shows that the past was not written anew by
    /// whoever has the key.
    #[arg(long, value_name = "FILE")]
    checkpoint: Vec<PathBuf>,
    /// A pin, which is a checkpoint that was kept.
    #[arg(long, value_name = "FILE")]
    pin: Vec<PathBuf>,
    /// The form of the answer.
    #[arg(short, long, value_enum, default_value = "text")]
    output: Form,
}

#[derive(Debug, Args)]
#[command(
    after_help = EXIT_CODES,
    group(ArgGroup::new("what").required(true).args(["id", "entry", "since"]))
)]
pub(super) struct ProveArgs {
    /// Where the ledger is: a folder, or `s3://BUCKET/PREFIX`.
    #[arg(value_name = "LEDGER")]
    place: Place,
    /// The entry with this id.
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// The entry at this place, such as `2026/17`.
    #[arg(long, value_name = "SHARD/INDEX")]
    entry: Option<Asked>,
    /// Prove instead that the shard of this checkpoint has only grown since: the body that a witness takes (C2SP
    /// tlog-witness), which ends with the checkpoint of today.
    #[arg(long, value_name = "FILE")]
    since: Option<PathBuf>,
    /// The file to write, which must not be there yet; standard output where it is left out.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct ExportArgs {
    /// Where the ledger is: a folder, or `s3://BUCKET/PREFIX`.
    #[arg(value_name = "LEDGER")]
    place: Place,
    /// The folder to write, which must be empty or not there yet. It is there when all of it is there.
    #[arg(value_name = "FOLDER")]
    to: PathBuf,
    /// Only this shard, such as `2026`.
    #[arg(long, value_name = "SHARD")]
    shard: Option<ShardName>,
    /// Only what was recorded from this day (Beijing time) or moment on. The rest is there as hashes.
    #[arg(long, value_name = "DAY")]
    from: Option<Bound>,
    /// Only what was recorded up to the end of this day (Beijing time), or before this moment.
    #[arg(long = "to", value_name = "DAY")]
    until: Option<Bound>,
    /// The language of the report: `en` or `zh`.
    #[arg(long, value_name = "LANGUAGE", default_value = "en")]
    language: Language,
}

impl StatusArgs {
    pub(super) async fn run(self) -> Result<u8> {
        let Self { place, pin, output } = self;
        let store = place.store()?;
        let found = status(&*store, &pin).await?;
        write(output, &found, status::render_text)?;
        Ok(found.ending().code())
    }
}

impl VerifyArgs {
    pub(super) async fn run(self) -> Result<u8> {
        let Self { place, policy, mut checkpoint, pin, output } = self;
        checkpoint.extend(pin);
        let trust = trust(policy.as_deref(), &checkpoint)?;
        let found = verify(&place, &trust).await?;
        write(output, &found, verify::render_text)?;
        Ok(found.exit_code)
    }
}

impl ProveArgs {
    pub(super) async fn run(self) -> Result<u8> {
        let Self { place, id, entry, since, output } = self;
        let store = place.store()?;
        let proof = match (id, entry, since) {
            (Some(id), ..) => prove::by_id(&*store, &EntryId::new(&id)?).await?,
            (_, Some(asked), _) => prove::entry(&*store, asked).await?,
            (.., since) => prove::growth(&*store, &since.unwrap_or_default()).await?,
        };
        match output {
            None => print(&proof)?,
            Some(path) => {
                // A proof that somebody relies on is not written over.
                let file = OpenOptions::new().write(true).create_new(true).open(&path);
                let cannot =
                    || format!("{} cannot be written; name a file that is not there yet", path.display());
                file.and_then(|mut file| file.write_all(proof.as_bytes())).with_context(cannot)?;
            }
        }
        Ok(0)
    }
}

impl ExportArgs {
    pub(super) async fn run(self) -> Result<u8> {
        let Self { place, to, shard, from, until, language } = self;
        let wanted = Wanted { shard, from: from.map(Bound::from), to: until.map(Bound::to), language };
        let Exported { entries, files } = export(&place, wanted, &to).await?;
        tell(&format!(
            "{} holds {entries} entries in {files} files; `bund ledger verify {}` verifies it",
            to.display(),
            to.display()
        ));
        Ok(0)
    }
}
