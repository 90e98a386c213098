//! `export.json`: which entries an export holds.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::name::ShardName;
use crate::proof::LARGEST_TREE;

/// Where it is.
pub(crate) const PATH: &str = "export.json";
const VERSION: u8 = 1;

/// Which entries an export holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Contents {
    /// The language of the report.
    pub(crate) language: String,
    /// The shards, in order.
    pub(crate) shards: Vec<Part>,
    /// The version of this form.
    pub(crate) v: u8,
    /// Whether everything was asked for.
    pub(crate) whole: bool,
}

/// Which entries of a shard an export holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Part {
    /// Entries outside of the range that say something about the log itself.
    pub(crate) also: Vec<u64>,
    /// The index after the last one of the range.
    pub(crate) end: u64,
    /// The first index of the range.
    pub(crate) first: u64,
    /// The shard.
    pub(crate) shard: ShardName,
    /// As many entries as the shard has.
    pub(crate) size: u64,
}

impl Contents {
    pub(crate) fn new(language: &str, shards: Vec<Part>, whole: bool) -> Self {
        Self { language: language.to_owned(), shards, v: VERSION, whole }
    }

    /// Reads what [`Self::bytes`] writes.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, String> {
        let contents: Self = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        if contents.v != VERSION {
            return Err(format!("version {} is not known: use a newer bund", contents.v));
        }
        let names = contents.shards.iter().map(|part| part.shard);
        if !names.is_sorted_by(|one, other| one < other) || !contents.shards.iter().all(Part::is_sound) {
            return Err("it names ranges that cannot be".to_owned());
        }
        if contents.bytes()? == bytes {
            Ok(contents)
        } else {
            Err("it is not written as RFC 8785 says".to_owned())
        }
    }

    pub(crate) fn bytes(&self) -> Result<Bytes, String> {
        let mut bytes = serde_json_canonicalizer::to_vec(self).map_err(|error| error.to_string())?;
        bytes.push(b'\n');
        Ok(bytes.into())
    }

    /// As many entries as it holds.
    pub(crate) fn entries(&self) -> u64 {
        self.shards.iter().map(Part::entries).sum()
    }
}

impl Part {
    fn is_sound(&self) -> bool {
        let Self { also, end, first, shard: _, size } = self;
        (1..=LARGEST_TREE).contains(size)
            && first <= end
            && end <= size
            && also.is_sorted_by(|one, other| one < other)
            && also.iter().all(|index| index < size && !(first..end).contains(&index))
            && self.holds(0)
    }

    /// Whether the export holds an entry.
    pub(crate) fn holds(&self, index: u64) -> bool {
        (self.first..self.end).contains(&index) || self.also.binary_search(&index).is_ok()
    }

    /// Whether it holds every entry of the shard.
    pub(crate) fn is_whole(&self) -> bool {
        self.first == 0 && self.end == self.size
    }

    pub(crate) fn entries(&self) -> u64 {
        self.end - self.first + self.also.len() as u64
    }

    /// The indexes that it holds, in order.
    pub(crate) fn indexes(&self) -> impl Iterator<Item = u64> {
        let before = self.also.iter().copied().filter(|index| *index < self.first);
        let after = self.also.iter().copied().filter(|index| *index >= self.end);
        before.chain(self.first..self.end).chain(after)
    }
}
