//! A first look at the shards that are to be exported: which entries are in the range, and the tree.

use bytes::Bytes;
use tlog_tiles::record_hash;

use super::contents::Part;
use super::nodes::Nodes;
use super::render::Rendered;
use super::{ExportError, Range};
use crate::checkpoint::SignedCheckpoint;
use crate::entry::Entry;
use crate::event::Kept;
use crate::key::VerifierKey;
use crate::log::{Manifest, paths};
use crate::name::ShardName;
use crate::proof::{bundle, published};
use crate::read::{Bundle, WIDTH};
use crate::store::Store;
use crate::verify::entries::{self, Entries, Period, Told};

/// What is known of a shard that is to be exported.
pub(super) struct Survey {
    pub(super) part: Part,
    pub(super) manifest: Manifest,
    pub(super) keys: Vec<VerifierKey>,
    pub(super) documents: Vec<(u64, Kept)>,
    nodes: Nodes,
    checkpoint: SignedCheckpoint,
    passing: Vec<SignedCheckpoint>,
}

impl Survey {
    pub(super) fn rendered(&self) -> Rendered<'_> {
        let Self { part, nodes, checkpoint, passing, .. } = self;
        Rendered { part, nodes, checkpoint, passing }
    }
}

/// Surveys every shard that has an entry in the range.
pub(super) async fn all(store: &dyn Store, range: Range) -> Result<Vec<Survey>, ExportError> {
    let names = store.names("").await?;
    let mut names: Vec<ShardName> = names.iter().filter_map(|name| name.parse().ok()).collect();
    names.retain(|name| range.shard.is_none_or(|wanted| wanted == *name));
    names.sort_unstable();
    let mut surveys = Vec::new();
    for name in names {
        let survey = survey(store, name, range).await?;
        if survey.part.first < survey.part.end {
            surveys.push(survey);
        }
    }
    if surveys.is_empty() { Err(ExportError::Empty) } else { Ok(surveys) }
}

async fn survey(store: &dyn Store, name: ShardName, range: Range) -> Result<Survey, ExportError> {
    let damaged = |place: String, why: &str| ExportError::Damaged { place, why: why.to_owned() };
    let checkpoint = published(store, name).await?;
    let size = checkpoint.size;
    let (mut entries, mut told) = (Entries::default(), Told::new(name, checkpoint.origin.clone()));
    let mut nodes = Nodes::default();
    let (mut first, mut end, mut own) = (size, size, Vec::new());
    for number in 0..size.div_ceil(WIDTH) {
        let bundle = bundle(store, name, size, number).await?;
        for (index, line) in (number * WIDTH..size).zip(bundle.lines) {
            nodes.push(record_hash(&line));
            let entry = entries::read(&line).map_err(|why| damaged(entries::place(name, index), &why))?;
            if entry.event.is_own() {
                own.push(index);
            }
            if range.from.is_none_or(|from| entry.at >= from) {
                first = first.min(index);
            }
            if range.to.is_some_and(|to| entry.at >= to) {
                end = end.min(index);
            }
            entries.take(&mut told, index, Ok(entry));
        }
    }
    if nodes.root(size) != Some(checkpoint.root) {
        return Err(damaged(paths::checkpoint(name), "its root is not that of the entries"));
    }
    let first = first.min(end);
    own.retain(|index| !(first..end).contains(index));
    let manifest = told.opened.take();
    let manifest =
        manifest.ok_or_else(|| damaged(paths::manifest(name), "the first entry does not open it"))?;
    let passing = passing(store, name, &told.periods, &checkpoint).await?;
    let part = Part { also: own, end, first, shard: name, size };
    Ok(Survey { part, manifest, keys: told.keys(), documents: told.documents, nodes, checkpoint, passing })
}

/// The last checkpoint of each set of keys.
async fn passing(
    store: &dyn Store,
    name: ShardName,
    periods: &[Period],
    last: &SignedCheckpoint,
) -> Result<Vec<SignedCheckpoint>, ExportError> {
    let mut sizes: Vec<u64> = Vec::new();
    for path in store.list(&paths::checkpoints(name)).await? {
        sizes.extend(
            path.rsplit('/')
                .next()
                .and_then(|size| size.parse::<u64>().ok())
                .filter(|size| *size < last.size),
        );
    }
    sizes.sort_unstable();
    let mut passing = Vec::new();
    for (number, period) in periods.iter().enumerate() {
        let end = periods.get(number + 1).map_or(u64::MAX, |next| next.from);
        let in_period = |size: &&u64| (period.from..end).contains(*size);
        let is_last = (period.from..end).contains(&last.size);
        if let Some(size) = sizes.iter().rfind(in_period).filter(|_| !is_last) {
            let path = paths::checkpoint_at(name, *size);
            let text = store.get(&path).await?.unwrap_or_default();
            let checkpoint = SignedCheckpoint::unverified(&String::from_utf8_lossy(&text));
            let why = |error| ExportError::Damaged { place: path, why: entries::chain(&error) };
            passing.push(checkpoint.map_err(why)?);
        }
    }
    passing.push(last.clone());
    Ok(passing)
}

/// The line of an entry, and the entry. Keeps the bundle that it is in for the next one.
pub(super) async fn line_of(
    store: &dyn Store,
    survey: &Survey,
    index: u64,
    kept: &mut Option<(u64, Bundle)>,
) -> Result<(Bytes, Entry), ExportError> {
    let Part { shard, size, .. } = survey.part;
    let number = index / WIDTH;
    let bundle = match kept.take() {
        Some((at, bundle)) if at == number => bundle,
        _ => bundle(store, shard, size, number).await?,
    };
    let line = usize::try_from(index % WIDTH).ok().and_then(|at| bundle.lines.get(at).cloned());
    *kept = Some((number, bundle));
    let damaged =
        |why: &str| ExportError::Damaged { place: entries::place(shard, index), why: why.to_owned() };
    let line = line.filter(|line| survey.nodes.leaf(index) == Some(record_hash(line)));
    let line = line.ok_or_else(|| damaged("it changed while it was read"))?;
    let entry = entries::read(&line).map_err(|why| damaged(&why))?;
    Ok((line, entry))
}
