//! Where data is stored: what a volume lies on, which places it names, and whether all of it is inside.

mod backing;
mod facts;
mod named;
pub mod parameters;
mod place;
mod source;
mod topology;

pub use backing::Backing;
pub(crate) use backing::{BackingKey, nested};
pub use facts::{
    AskedClass, Binding, ClaimFacts, ClassFacts, ContentFacts, StoredFacts, VolumeFacts, VolumeSnapshotFacts,
};
pub use place::{Fault, Stored, claim_place, made_by, stored_in};
pub(crate) use place::{content_place, snapshot_place, source_place, volume_place};
pub(crate) use source::source;
pub use source::{Lasting, Named, SaysWhere, VolumeSource};
