//! What the ledger records.

use bund_crds::{ClassName, Digest, LedgerEventSpec, Moment};
use serde::{Deserialize, Serialize};

use crate::name::ShardName;

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Event {
    /// A shard of the log begins. It is the first entry of each.
    LogOpened {
        /// The origin of the shard, which its checkpoints name.
        origin: String,
        /// The keys that sign its checkpoints, as verifier keys.
        keys: Vec<String>,
        /// The signed checkpoint of the shard before it, as text.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        parent: Option<String>,
    },
    /// A shard ends. It is the last entry of one that is closed.
    LogClosed {
        /// The shard that goes on.
        next: ShardName,
    },
    /// Checkpoints are signed with another key from here on.
    KeyRotated {
        /// The keys that sign from here on, as verifier keys.
        keys: Vec<String>,
        /// The keys that sign no more.
        retired: Vec<String>,
    },
    /// Entries were lost, and somebody decided to go on without them.
    LossAccepted {
        /// The last signed checkpoint of what was lost, as text.
        lost: String,
        /// As many entries as are left of it.
        left: u64,
        /// Why, as the person said who decided it.
        why: String,
    },
    /// A shard was deleted after the time of all its entries was over.
    ShardDropped {
        /// The shard.
        shard: ShardName,
        /// Its last signed checkpoint, as text.
        checkpoint: String,
    },
    /// A `LedgerEvent` of the cluster.
    Recorded {
        /// Its name.
        name: String,
        /// What it says.
        spec: Box<LedgerEventSpec>,
    },
    /// A rule was enforced, once or often within a minute.
    Enforced(Enforcement),
    /// A document is kept, by its hash.
    Document(Kept),
    /// Somebody noted something: an incident, evidence.
    Noted {
        /// What.
        text: String,
        /// What it is about, such as the uid of a transfer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        about: Option<String>,
    },
}

impl Event {
    /// Whether it says something about the log itself.
    pub(crate) fn is_own(&self) -> bool {
        match self {
            Self::LogOpened { .. }
            | Self::LogClosed { .. }
            | Self::KeyRotated { .. }
            | Self::LossAccepted { .. }
            | Self::ShardDropped { .. } => true,
            Self::Recorded { .. } | Self::Enforced(_) | Self::Document(_) | Self::Noted { .. } => false,
        }
    }
}

/// What was done or found because of a policy, folded per place, policy, reason and minute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Enforcement {
    /// What was done or found: `Found` and `Resolved`, `Tainted` and `Untainted`, `Evicting` and `Evicted`.
    pub action: String,
    /// Where.
    pub place: Place,
    /// The policy.
    pub policy: String,
    /// The reason code of the finding; where a transfer ended, how: `Expired`, `Revoked` or `Superseded`.
    pub reason: String,
    /// The classes concerned.
    pub data_classes: Vec<ClassName>,
    /// When it happened first.
    pub first: Moment,
    /// When it happened last; at most a minute after the first.
    pub last: Moment,
    /// How often.
    pub count: u32,
}

/// The workload or object that an enforcement concerns.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Place {
    /// Its kind.
    pub kind: String,
    /// Its namespace, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
}

/// A document that is kept beside the log. Its bytes may be deleted later; its hash stays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Kept {
    /// The SHA-256 of its bytes.
    pub sha256: Digest,
    /// How many bytes it has.
    pub size: u64,
    /// What it is called.
    pub title: String,
    /// Its media type, such as `application/pdf`.
    pub media_type: String,
    /// What it is about, such as the uid of a transfer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
}
