//! What is verified, with what is trusted, and what is said of it.

use std::{
    fmt::Write,
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use bund_ledger::{
    policy::Policy,
    read::Folder,
    verify::{
        Finding, Kept, Report, Severity, ShardSummary, Trust, verify_export, verify_proof, verify_store,
    },
};
use serde::Serialize;

use super::{failure::Missing, place::Place};
use crate::report::visible;

/// The version of the document.
const VERSION: &str = "bund.dev/ledger-verification/v1";
/// What only an export has.
const OF_EXPORTS: [&str; 5] = ["SHA256SUMS", "entries.jsonl", "export.json", "policy.txt", "report.html"];
/// As many bytes as a file has at most that somebody kept.
const LARGEST: u64 = 16 << 20;

/// What was verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Kind {
    /// A ledger where it is written.
    Ledger,
    /// An export.
    Export,
    /// A proof of one entry.
    Proof,
}

/// A verification, with what was verified.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Verification {
    /// The version of this form.
    pub version: &'static str,
    /// What was verified.
    pub kind: Kind,
    /// The exit code that says the same.
    pub exit_code: u8,
    /// What was found.
    #[serde(flatten)]
    pub report: Report,
}

/// Reads what is trusted: a policy, checkpoints and pins that were kept.
pub fn trust(policy: Option<&Path>, kept: &[PathBuf]) -> Result<Trust> {
    let policy = policy.map(|path| {
        let policy = Policy::read(&needed(path)?);
        policy.with_context(|| format!("the policy {} cannot be used", path.display()))
    });
    let checkpoints: Result<Vec<_>> = kept
        .iter()
        .map(|path| {
            let text = String::from_utf8(needed(path)?);
            let text = text.with_context(|| format!("{} is no checkpoint", path.display()))?;
            Ok(Kept { place: path.display().to_string(), text })
        })
        .collect();
    Ok(Trust { policy: policy.transpose()?, checkpoints: checkpoints? })
}

/// Verifies what is in a place.
pub async fn verify(place: &Place, trust: &Trust) -> Result<Verification> {
    let kind = kind(place)?;
    let report = match (kind, place.path()) {
        (Kind::Proof, Some(path)) => {
            let text = String::from_utf8_lossy(&needed(path)?).into_owned();
            verify_proof(&path.display().to_string(), &text, trust)
        }
        (Kind::Export, Some(path)) => {
            let report = verify_export(&Folder::new(path), trust);
            report.with_context(|| format!("{place} cannot be read"))?
        }
        _ => {
            let store = place.store()?;
            verify_store(&store, trust).await?
        }
    };
    Ok(Verification { version: VERSION, kind, exit_code: report.exit_code(), report })
}

fn kind(place: &Place) -> Result<Kind> {
    let Some(path) = place.path() else { return Ok(Kind::Ledger) };
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(Missing(format!("{place} is not there: name a ledger, an export or a proof")).into())
        }
        Err(error) => Err(error).with_context(|| format!("{place} cannot be read")),
        Ok(found) if !found.is_dir() => Ok(Kind::Proof),
        Ok(_) if OF_EXPORTS.iter().any(|name| path.join(name).symlink_metadata().is_ok()) => Ok(Kind::Export),
        Ok(_) => Ok(Kind::Ledger),
    }
}

/// Reads a file without which nothing can be said.
fn needed(path: &Path) -> Result<Vec<u8>> {
    let missing = |error: io::Error| Missing(format!("{} cannot be read: {error}", path.display()));
    let size = fs::metadata(path).map_err(missing)?.len();
    if size > LARGEST {
        return Err(
            Missing(format!("{} has {size} bytes, which nothing has that is kept", path.display())).into()
        );
    }
    Ok(fs::read(path).map_err(missing)?)
}

/// The verification, for people.
pub fn render_text(verification: &Verification) -> String {
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = write(verification, &mut text);
    text
}

fn write(verification: &Verification, text: &mut String) -> std::fmt::Result {
    let Verification { version: _, kind, exit_code, report } = verification;
    let Report { place, name, shards, findings, more } = report;
    for Finding { severity, place, shard: _, index: _, what, remedy } in findings {
        let word = match severity {
            Severity::Tampered => "TAMPERED",
            Severity::Unverifiable => "UNVERIFIABLE",
            Severity::Warning => "warning",
        };
        writeln!(text, "{word} {}: {}", visible(place), visible(what))?;
        if !remedy.is_empty() {
            writeln!(text, "    {}", visible(remedy))?;
        }
    }
    if *more > 0 {
        writeln!(text, "{more} more findings are not shown")?;
    }
    for ShardSummary { shard, origin: _, size, entries, signed, root, first, last, closed, checkpoint: _ } in
        shards
    {
        write!(
            text,
            "shard {shard}: {entries} of {size} entries, {signed} under the last checkpoint, root {}",
            visible(root)
        )?;
        if let Some((first, last)) = first.zip(*last) {
            write!(text, ", {first} to {last}")?;
        }
        writeln!(text, "{}", if *closed { ", closed" } else { "" })?;
    }
    let what = match kind {
        Kind::Ledger => "ledger",
        Kind::Export => "export",
        Kind::Proof => "proof",
    };
    let name = name.as_ref().map_or_else(String::new, |name| format!(" of {name}"));
    let verdict = match exit_code {
        0 => "verified",
        2 => "TAMPERED",
        _ => "UNVERIFIABLE",
    };
    writeln!(text, "{verdict}: {what}{name} in {}", visible(place))
}
