//! What verification says: findings, each with its place and what to do about it.

use bund_crds::Moment;
use serde::Serialize;

use crate::name::{LogName, ShardName};

/// How much a finding weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Severity {
    /// It holds, and somebody should know of it all the same.
    Warning,
    /// Whether it holds cannot be known, because something that is needed is missing.
    Unverifiable,
    /// It contradicts itself or what is trusted: somebody or something changed it.
    Tampered,
}

/// Something that verification found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// How much it weighs.
    pub severity: Severity,
    /// Where: a file, or an entry of a shard.
    pub place: String,
    /// The shard, where it is in one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shard: Option<ShardName>,
    /// The index of the entry, or of the first that it concerns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<u64>,
    /// What was found.
    pub what: String,
    /// What to do about it.
    pub remedy: String,
}

/// A shard, as far as it was verified.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ShardSummary {
    /// The shard.
    pub shard: ShardName,
    /// What its checkpoints name.
    pub origin: String,
    /// As many entries as it has.
    pub size: u64,
    /// As many of them as are given and were read; less than `size` in an export of a range.
    pub entries: u64,
    /// As many of them as the last checkpoint covers.
    pub signed: u64,
    /// The root of the tree that the last checkpoint covers, in base64.
    pub root: String,
    /// The last checkpoint, as text: keep it, and give it to the next verification.
    pub checkpoint: String,
    /// When its first entry was recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<Moment>,
    /// When its last entry was recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<Moment>,
    /// Whether it is closed, and another shard goes on.
    pub closed: bool,
}

/// What verification says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// What was verified.
    pub place: String,
    /// The name of the log, if it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<LogName>,
    /// Its shards, in order.
    pub shards: Vec<ShardSummary>,
    /// What was found: the heaviest first, else in the order of the log.
    pub findings: Vec<Finding>,
    /// As many findings as there are beyond those.
    pub more: u64,
}

impl Report {
    pub(crate) fn new(place: String) -> Self {
        Self { place, name: None, shards: Vec::new(), findings: Vec::new(), more: 0 }
    }

    /// The weight of the heaviest finding, if there is one.
    pub fn worst(&self) -> Option<Severity> {
        self.findings.iter().map(|finding| finding.severity).max()
    }

    /// The exit code of a command that says this: 0 where all holds, 2 where something was tampered with, 3 where it cannot be known.
    pub fn exit_code(&self) -> u8 {
        match self.worst() {
            None | Some(Severity::Warning) => 0,
            Some(Severity::Tampered) => 2,
            Some(Severity::Unverifiable) => 3,
        }
    }
}
