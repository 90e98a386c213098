//! The files of an export, compared with those that follow.

use std::collections::BTreeSet;
use std::io;

use super::{Expectation, sum};
use crate::read::Files;
use crate::verify::finding::{EXPORT_AGAIN, FOREIGN};
use crate::verify::whole::{Scope, conclude};
use crate::verify::{Report, Trust};

/// Compares every file with what it must be, and says what was found.
pub(in crate::verify) fn compare(
    files: &dyn Files,
    expectation: Expectation,
    trust: &Trust,
) -> io::Result<Report> {
    let Expectation { scope, mut findings, shards, files: expected } = expectation;
    if let Some(expected) = expected {
        let listed: BTreeSet<String> = files.list()?.into_iter().collect();
        for path in listed.iter().filter(|path| !expected.contains_key(*path)) {
            findings.tampered(path, "nothing of an export is called that", FOREIGN);
        }
        for (path, is_there) in differing(files, &expected)? {
            if is_there {
                findings.tampered(path, "it is not what follows from the entries", EXPORT_AGAIN);
            } else {
                findings.unverifiable(path, "it is missing", EXPORT_AGAIN);
            }
        }
    }
    if scope == Scope::Part {
        let what = "this is an export of a part: it shows that what is in it is in the ledger, not that there is nothing else";
        findings.warn("export.json", what, "ask for a whole export to see that");
    }
    Ok(conclude(Report::new(files.place()), shards, trust, scope, findings))
}

/// The files that are not as expected, and whether they are there at all.
pub(in crate::verify) fn differing<'e>(
    files: &dyn Files,
    expected: impl IntoIterator<Item = (&'e String, &'e String)>,
) -> io::Result<Vec<(&'e str, bool)>> {
    let mut differing = Vec::new();
    for (path, expected) in expected {
        let found = sum(files, path)?;
        if found.as_ref() != Some(expected) {
            differing.push((path.as_str(), found.is_some()));
        }
    }
    Ok(differing)
}
