//! `log.json`: what a shard is. It is written once, when the shard comes to be.

use bund_crds::Moment;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::error::{Error, damaged};
use crate::checkpoint::SignedCheckpoint;
use crate::name::{LogName, ShardName};

const VERSION: u8 = 1;

/// What a shard is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Manifest {
    /// When it came to be.
    pub inception: Moment,
    /// The keys that signed its first checkpoint, as verifier keys.
    pub keys: Vec<String>,
    /// The log.
    pub name: LogName,
    /// What its checkpoints begin with: the name and the shard.
    pub origin: String,
    /// The shard before it.
    pub parent: Option<Parent>,
    /// The version of this form.
    pub v: u8,
}

/// The shard that came before, as it was left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Parent {
    /// Its last signed checkpoint, as text.
    pub checkpoint: String,
    /// What is left of it, where some of it was lost and somebody accepted that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss: Option<Loss>,
    /// Its origin.
    pub origin: String,
}

/// A loss that somebody accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Loss {
    /// As many entries as are left.
    pub left: u64,
    /// Why, as the person said who accepted it.
    pub why: String,
}

impl Manifest {
    pub(super) fn new(
        name: LogName,
        shard: ShardName,
        keys: Vec<String>,
        parent: Option<Parent>,
        inception: Moment,
    ) -> Self {
        let origin = name.origin(shard);
        Self { inception, keys, name, origin, parent, v: VERSION }
    }

    /// The manifest of a shard whose first entry says this.
    pub(crate) fn opened(
        at: Moment,
        origin: &str,
        keys: &[String],
        parent: Option<&str>,
        shard: ShardName,
    ) -> Option<Self> {
        let name: LogName = origin.strip_suffix(&format!("/{shard}"))?.parse().ok()?;
        let parent = match parent {
            None => None,
            Some(text) => {
                let origin = SignedCheckpoint::unverified(text).ok()?.origin;
                Some(Parent { checkpoint: text.to_owned(), loss: None, origin })
            }
        };
        Some(Self::new(name, shard, keys.to_vec(), parent, at))
    }

    /// The same where the second entry accepts this loss; whether it is one of its parent.
    pub(crate) fn accept_loss(&mut self, lost: &str, left: u64, why: &str) -> bool {
        let Some(parent) = self.parent.as_mut().filter(|parent| parent.checkpoint == lost) else {
            return false;
        };
        parent.loss = Some(Loss { left, why: why.to_owned() });
        true
    }

    /// Its bytes: RFC 8785.
    pub fn bytes(&self) -> Result<Bytes, Error> {
        let bytes = serde_json_canonicalizer::to_vec(self);
        bytes
            .map(Bytes::from)
            .map_err(|error| Error::Damaged { path: "log.json".into(), why: error.to_string() })
    }

    /// Reads what `path` holds. Only the bytes that [`Self::bytes`] writes are one.
    pub fn read(path: &str, bytes: &[u8], shard: ShardName) -> Result<Self, Error> {
        let manifest: Self = serde_json::from_slice(bytes).map_err(|error| damaged(path, &error))?;
        if manifest.v != VERSION {
            return Err(damaged(path, &format!("version {} is not known: use a newer bund", manifest.v)));
        }
        if manifest.origin != manifest.name.origin(shard) || manifest.bytes()? != bytes {
            return Err(damaged(path, &"it is not written as this shard's would be"));
        }
        Ok(manifest)
    }
}
