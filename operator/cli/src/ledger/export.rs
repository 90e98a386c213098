//! Exports that are there as a whole, or not at all.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use bund_crds::Moment;
use bund_ledger::{
    ShardName,
    export::{Exported, Range},
    report::Language,
};
use tokio::signal::unix::{SignalKind, signal};

use super::place::Place;

/// What is to be exported, and how it is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Only this shard.
    pub shard: Option<ShardName>,
    /// Only what was recorded at this moment or later.
    pub from: Option<Moment>,
    /// Only what was recorded before this moment.
    pub to: Option<Moment>,
    /// The language of the report.
    pub language: Language,
}

/// Exports a ledger into a folder, which is empty or not there yet. The folder is there when all of it is there: until then
/// it has another name, which is cleared away when somebody interrupts.
pub async fn export(place: &Place, wanted: Wanted, to: &Path) -> Result<Exported> {
    let store = place.store()?;
    if fs::read_dir(to).is_ok_and(|mut found| found.next().is_some()) || to.is_file() {
        bail!("{} is there and not empty: name a folder that is empty or not there yet", to.display());
    }
    let unfinished = Unfinished(beside(to)?);
    let Wanted { shard, from, to: until, language } = wanted;
    let range = Range { shard, from, to: until };
    let exported = tokio::select! {
        // Signals are heard before anything is asked of the store.
        biased;
        () = interrupted() => bail!("interrupted: nothing was exported"),
        exported = bund_ledger::export::export(&*store, range, language, &unfinished.0) => exported?,
    };
    let cannot = || format!("the folder {} cannot be made", to.display());
    fs::rename(&unfinished.0, to).with_context(cannot)?;
    Ok(exported)
}

/// A folder that is cleared away unless it got its name.
struct Unfinished(PathBuf);

impl Drop for Unfinished {
    fn drop(&mut self) {
        // It is not there any more when it was renamed. What is left over bears a name that says what it is.
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn beside(to: &Path) -> Result<PathBuf> {
    let to = std::path::absolute(to).with_context(|| format!("{} is no folder", to.display()))?;
    let name = to.file_name().with_context(|| format!("{} is no folder that can be made", to.display()))?;
    let name = format!(".{}.unfinished-{}", name.to_string_lossy(), std::process::id());
    Ok(to.with_file_name(name))
}

/// Ends when somebody asks the process to.
async fn interrupted() {
    let on = |kind: SignalKind| -> io::Result<_> { signal(kind) };
    let (Ok(mut interrupt), Ok(mut terminate)) = (on(SignalKind::interrupt()), on(SignalKind::terminate()))
    else {
        // Without handlers the signals end the process, which leaves nothing under the name that counts.
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}
