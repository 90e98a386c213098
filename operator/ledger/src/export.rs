//! The export: a directory that an auditor can verify without us, years later.

pub(crate) mod contents;
pub(crate) mod nodes;
pub(crate) mod render;
mod survey;

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use bund_crds::Moment;

use crate::name::ShardName;
use crate::proof::Unproven;
use crate::report::Language;
use crate::store::{Store, StoreError};
use crate::verify::documents;

use contents::Contents;
use render::{Renderer, Sink};
use survey::{Survey, line_of};

/// Which entries to export.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Range {
    /// Only this shard.
    pub shard: Option<ShardName>,
    /// Only what was recorded at this moment or later.
    pub from: Option<Moment>,
    /// Only what was recorded before this moment.
    pub to: Option<Moment>,
}

/// What was exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exported {
    /// As many entries.
    pub entries: u64,
    /// As many files.
    pub files: u64,
}

/// Why there is no export, or only part of one.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The files cannot be written.
    #[error("the export cannot be written to `{place}`")]
    Files {
        /// Where.
        place: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Something is there already.
    #[error("`{0}` is not empty: give a folder that is empty or not there yet")]
    Present(String),
    /// No entry is in the range.
    #[error("the ledger holds no published entry in that range")]
    Empty,
    /// What the log holds contradicts itself, so that an export could not be verified.
    #[error("the ledger cannot be exported: `{place}`: {why}; see `bund ledger verify`")]
    Damaged {
        /// Where.
        place: String,
        /// What is wrong.
        why: String,
    },
    /// Something of the log cannot be read.
    #[error("the ledger cannot be exported; see `bund ledger verify`")]
    Unread(#[from] Unproven),
}

impl Range {
    fn is_whole(self) -> bool {
        self == Self::default()
    }
}

/// Exports what is published of a log into the folder `to`, which must be empty or not there yet. Equal logs give equal bytes.
pub async fn export(
    store: &dyn Store,
    range: Range,
    language: Language,
    to: &Path,
) -> Result<Exported, ExportError> {
    let failed = |source| ExportError::Files { place: to.display().to_string(), source };
    fs::create_dir_all(to).map_err(failed)?;
    if fs::read_dir(to).map_err(failed)?.next().is_some() {
        return Err(ExportError::Present(to.display().to_string()));
    }
    let surveys = survey::all(store, range).await?;
    let parts = surveys.iter().map(|survey| survey.part.clone()).collect();
    let contents = Contents::new(language.code(), parts, range.is_whole());
    let mut folder = Written { root: to.to_owned(), open: None };
    let mut renderer = Renderer::new(&contents, &mut folder).map_err(failed)?;
    for survey in &surveys {
        render(store, survey, &mut renderer).await?.map_err(failed)?;
    }
    for path in documents(&surveys) {
        if let Some(bytes) = store.get(&path).await? {
            renderer.file(&path, &bytes).map_err(failed)?;
        }
    }
    let files = renderer.finish().map_err(failed)?.len() as u64;
    folder.close().map_err(failed)?;
    Ok(Exported { entries: contents.entries(), files })
}

/// Writes what an export holds of a shard.
async fn render(
    store: &dyn Store,
    survey: &Survey,
    renderer: &mut Renderer<'_>,
) -> Result<io::Result<()>, ExportError> {
    let shard = survey.rendered();
    renderer.begin(&shard, &survey.manifest);
    let mut bundle = None;
    for index in survey.part.indexes() {
        let (line, entry) = line_of(store, survey, index, &mut bundle).await?;
        if let Err(error) = renderer.entry(&shard, index, &line, &entry) {
            return Ok(Err(error));
        }
    }
    Ok(renderer.end(&shard, &survey.manifest, &survey.keys))
}

/// The paths of the documents that the exported entries name.
fn documents(surveys: &[Survey]) -> Vec<String> {
    let named = surveys.iter().flat_map(|survey| {
        let held = survey.documents.iter().filter(|(index, _)| survey.part.holds(*index));
        held.map(|(_, kept)| documents::path(kept))
    });
    let mut paths: Vec<_> = named.collect();
    paths.sort_unstable();
    paths.dedup();
    paths
}

/// Writes files into a folder.
struct Written {
    root: PathBuf,
    open: Option<(String, io::BufWriter<fs::File>)>,
}

impl Written {
    fn close(&mut self) -> io::Result<()> {
        match self.open.take() {
            Some((_, mut file)) => file.flush(),
            None => Ok(()),
        }
    }
}

impl Sink for Written {
    /// Files other than the one that is written in pieces are written whole.
    fn append(&mut self, path: &str, piece: &[u8]) -> io::Result<()> {
        let full = self.root.join(path);
        if path != render::ENTRIES {
            fs::create_dir_all(full.parent().unwrap_or(&self.root))?;
            return fs::write(full, piece);
        }
        let (_, file) = match &mut self.open {
            Some(open) => open,
            None => self.open.insert((path.to_owned(), io::BufWriter::new(fs::File::create(full)?))),
        };
        file.write_all(piece)
    }
}
