//! Arguments of what changes a ledger.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use bund_engine::Timestamp;
use bund_ledger::{Created, EntryId, Event, Keys, LogName, ShardName};
use clap::{ArgGroup, Args};

use super::{EXIT_CODES, WriterArgs, print, recorder, tell};
use crate::ledger::{
    failure::Ending,
    files,
    keys::{self, Origin},
    place::Place,
    status::shards,
    write::{Document, Writer, Written, new_id, rotated},
};

#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct InitArgs {
    /// Where it is to be: a folder, which is made, or `s3://BUCKET/PREFIX`.
    #[arg(value_name = "LEDGER")]
    place: Place,
    /// What it is called: a name that you own, such as `ledger.example.com/prod`.
    #[arg(long, value_name = "NAME")]
    name: LogName,
    /// The file with the key that signs. Where it is not there, a key is made that only you may read; it is never written
    /// over.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// Who writes, as entries name it. The name of the user where it is left out.
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    /// A file that remembers the last checkpoint, kept in another place than the ledger.
    #[arg(long, value_name = "FILE")]
    pin: Vec<PathBuf>,
}

#[derive(Debug, Args)]
#[command(
    after_help = EXIT_CODES,
    group(ArgGroup::new("what").required(true).args(["event", "document"]))
)]
pub(super) struct AppendArgs {
    #[command(flatten)]
    writer: WriterArgs,
    /// What happened, in words; `-` is standard input. No personal data of those whom it concerns.
    #[arg(long, value_name = "TEXT")]
    event: Option<String>,
    /// A document to be kept beside the ledger; its hash is recorded.
    #[arg(long, value_name = "FILE")]
    document: Option<PathBuf>,
    /// What the document is called; the name of its file where it is left out.
    #[arg(long, value_name = "TEXT", requires = "document")]
    title: Option<String>,
    /// The media type of the document, such as `application/pdf`; after the name of its file where it is left out.
    #[arg(long, value_name = "TYPE", requires = "document")]
    media_type: Option<String>,
    /// What it is about, such as the uid of a transfer.
    #[arg(long, value_name = "ID")]
    about: Option<String>,
    /// What makes it one event: with an id that is there already nothing is written, so that trying again is safe.
    #[arg(long, value_name = "ID")]
    id: Option<String>,
}

#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct RecoverArgs {
    #[command(flatten)]
    writer: WriterArgs,
    /// Go on without what is lost: a new shard begins, whose first entries say what was lost and why. What is left stays.
    #[arg(long, requires = "because")]
    accept_loss: bool,
    /// Why, for whoever reads the ledger.
    #[arg(long, value_name = "TEXT", requires = "accept_loss")]
    because: Option<String>,
}

#[derive(Debug, Args)]
#[command(
    after_help = EXIT_CODES,
    group(ArgGroup::new("change").required(true).multiple(true).args(["new", "retire"]))
)]
pub(super) struct RotateArgs {
    #[command(flatten)]
    writer: WriterArgs,
    /// The file with the key that signs from here on. Where it is not there, a key is made. The keys that sign until now go
    /// on beside it, until they are retired.
    #[arg(long, value_name = "FILE")]
    new: Option<PathBuf>,
    /// Only the new key signs from here on; without `--new` only `--key`. Do this after everybody who verifies knows it.
    #[arg(long)]
    retire: bool,
}

#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct DropArgs {
    #[command(flatten)]
    writer: WriterArgs,
    /// The shard, such as `2022`. Neither the current one nor the one before is ever dropped.
    #[arg(long, value_name = "SHARD")]
    shard: ShardName,
    /// Delete it. Without this it is only told whether it may be deleted.
    #[arg(long)]
    yes: bool,
}

impl InitArgs {
    pub(super) async fn run(self, now: Timestamp) -> Result<u8> {
        let Self { place, name, key: path, by, pin } = self;
        place.make()?;
        // Before a key is made that signs nothing.
        if !shards(&*place.store()?).await?.is_empty() {
            bail!("there is a ledger in {place} already: a new one beside it would hide it");
        }
        let (key, origin) = keys::read_or_make(&path, &name)?;
        if origin == Origin::Made {
            tell(&format!(
                "{} is the key that signs: keep a copy where nobody else reads it; whoever has it can sign what never happened",
                path.display()
            ));
        }
        let verifier = key.verifier(None);
        let writer = Writer { place, keys: Keys::of(key), by: recorder(by), pins: pin };
        let written = writer.init(now).await?;
        tell(&format!("made {}; give whoever verifies this key:", written.checkpoint.origin));
        print(&format!("{}\n", verifier.as_str()))?;
        Ok(ending(&written))
    }
}

impl AppendArgs {
    pub(super) async fn run(self, now: Timestamp) -> Result<u8> {
        let Self { writer, event, document, title, media_type, about, id } = self;
        let id = id.map(|id| EntryId::new(&id)).transpose().context("--id cannot be used")?;
        let writer = writer.writer()?;
        let written = if let Some(path) = document {
            let bytes = files::document(&path)?;
            let name = || path.file_name().map(|name| name.to_string_lossy().into_owned());
            let title = title.or_else(name).unwrap_or_default();
            let media_type = media_type.unwrap_or_else(|| files::media_type(&path).to_owned());
            writer.keep(id, Document { bytes, title, media_type }, about, now).await?
        } else {
            let text = files::text(event.unwrap_or_default())?;
            let id = id.map_or_else(|| EntryId::new(&new_id()), Ok)?;
            writer.append(&id, Event::Noted { text, about }, now).await?
        };
        if let Some(appended) = written.appended {
            if appended.created == Created::Before {
                tell("this is recorded already; nothing was written");
            }
            print(&format!("{}/{}\n", appended.shard, appended.index))?;
        }
        Ok(ending(&written))
    }
}

impl RecoverArgs {
    pub(super) async fn run(self, now: Timestamp) -> Result<u8> {
        let Self { writer, accept_loss: _, because } = self;
        let writer = writer.writer()?;
        let written = match because {
            Some(why) => writer.accept_loss(&why, now).await?,
            None => writer.repair().await?,
        };
        let (origin, size) = (&written.checkpoint.origin, written.checkpoint.size);
        print(&format!(
            "{origin} opens: {size} entries, all of them published; what was derived from them is whole\n"
        ))?;
        Ok(ending(&written))
    }
}

impl RotateArgs {
    pub(super) async fn run(self, now: Timestamp) -> Result<u8> {
        let Self { writer, new, retire } = self;
        let writer = writer.writer()?;
        let new = match new {
            Some(path) => Some(keys::read_or_make(&path, writer.keys.current.name())?.0),
            None => None,
        };
        if retire && new.is_some() {
            tell(
                "the old key does not sign the change: whoever verifies must get the new key from you first; without --retire \
                 both sign for a while",
            );
        }
        let after = rotated(&writer.keys, new, retire);
        let written = writer.rotate(after.clone(), now).await?;
        tell(&format!("{} is signed from here on with:", written.checkpoint.origin));
        for key in after.all() {
            print(&format!("{}\n", key.verifier(None).as_str()))?;
        }
        Ok(ending(&written))
    }
}

impl DropArgs {
    pub(super) async fn run(self, now: Timestamp) -> Result<u8> {
        let Self { writer, shard, yes } = self;
        let (until, written) = writer.writer()?.drop_shard(shard, yes, now).await?;
        let what = match until {
            None => format!("what is left of {shard}, which was dropped"),
            Some(until) => format!("{shard}, of which the last entry had to be kept until {until}"),
        };
        let done = if yes { "deleted" } else { "may be deleted; add --yes to do it" };
        print(&format!("{what}: {done}\n"))?;
        Ok(ending(&written))
    }
}

/// Says which pins do not know what was written.
fn ending(written: &Written) -> u8 {
    for pin in &written.untold {
        tell(&format!(
            "what was written is in the ledger, and the pin {pin} does not remember it: see that the file can be written, and \
             run `bund ledger recover` with it"
        ));
    }
    if written.untold.is_empty() { Ending::Good.code() } else { Ending::Failed.code() }
}
