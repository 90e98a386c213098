//! An export: its entries give a tree, which must be that of the signed checkpoint, and all its other files follow from them.

mod compare;
mod lines;
mod shard;

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use super::entries::Entries;
use super::finding::{EXPORT_AGAIN, Findings};
use super::live::Verified;
use super::whole::Scope;
use super::{Trust, documents};
use crate::commit::hex;
use crate::export::contents::{Contents, PATH};
use crate::export::render::{ENTRIES, Nowhere, Renderer};
use crate::read::Files;

pub(super) use compare::compare;
#[cfg(test)]
pub(super) use compare::differing;
use lines::Lines;

/// What an export must be, as its entries and checkpoints say.
#[derive(Debug)]
pub(super) struct Expectation {
    scope: Scope,
    findings: Findings,
    shards: Vec<Verified>,
    /// The SHA-256 of every file; `None` where the entries contradict their checkpoints, so that nothing follows from them.
    files: Option<BTreeMap<String, String>>,
}

impl Expectation {
    /// The SHA-256 of every file, if it is known.
    #[cfg(test)]
    pub(super) fn files(&self) -> Option<&BTreeMap<String, String>> {
        self.files.as_ref()
    }

    fn stopped(scope: Scope, findings: Findings, shards: Vec<Verified>) -> Self {
        Self { scope, findings, shards, files: None }
    }
}

/// Reads the entries and the checkpoints, and computes everything else.
///
/// Entries are hashed and compared with the signed root before they are read as entries: nothing that nobody signed is parsed.
pub(super) fn expect(files: &dyn Files, trust: &Trust) -> io::Result<Expectation> {
    let mut findings = Findings::default();
    let listed: BTreeSet<String> = files.list()?.into_iter().collect();
    let Some(contents) = files.get(PATH)? else {
        let what = "it is missing, so this is not a whole export";
        findings.unverifiable(PATH, what, "give the folder of an export, with everything in it");
        return Ok(Expectation::stopped(Scope::Export, findings, Vec::new()));
    };
    let contents = match Contents::read(&contents) {
        Ok(contents) => contents,
        Err(why) => {
            findings.tampered(PATH, why, EXPORT_AGAIN);
            return Ok(Expectation::stopped(Scope::Export, findings, Vec::new()));
        }
    };
    let scope = if contents.whole { Scope::Export } else { Scope::Part };
    let mut lines = Lines::open(files)?;
    let (mut trees, mut shards) = (Vec::new(), Vec::new());
    for part in &contents.shards {
        match shard::tree(files, part, &mut lines, &listed, &mut findings)? {
            Some(tree) => trees.push(tree),
            None => return Ok(Expectation::stopped(scope, findings, shards)),
        }
    }
    if lines.next()?.is_some() {
        findings.tampered(ENTRIES, "it has more entries than the export says", EXPORT_AGAIN);
        return Ok(Expectation::stopped(scope, findings, shards));
    }
    let mut nowhere = Nowhere;
    let mut renderer = match Renderer::new(&contents, &mut nowhere) {
        Ok(renderer) => renderer,
        Err(error) => {
            findings.tampered(PATH, error.to_string(), EXPORT_AGAIN);
            return Ok(Expectation::stopped(scope, findings, shards));
        }
    };
    let mut lines = Lines::open(files)?;
    let mut entries = Entries::default();
    entries.rules.is_partial = !contents.whole;
    for (part, tree) in contents.shards.iter().zip(trees) {
        let verified = shard::entries(part, tree, &mut lines, &mut entries, &mut renderer, trust)?;
        entries.goes_on_after(&verified.told);
        shards.push(verified);
    }
    for (path, (shard, index, kept)) in documents::named(&shards) {
        if listed.contains(&path) {
            renderer.known(&path, kept.sha256.as_str());
        } else {
            documents::missing(shard, index, &kept, &mut findings);
        }
    }
    let files = renderer.finish()?;
    Ok(Expectation { scope, findings, shards, files: Some(files) })
}

/// The SHA-256 of a file, in hexadecimal.
fn sum(files: &dyn Files, path: &str) -> io::Result<Option<String>> {
    if path != ENTRIES {
        return Ok(files.get(path)?.map(|bytes| hex(&bytes)));
    }
    lines::sum(files)
}
