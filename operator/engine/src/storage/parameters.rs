//! What the parameters of a class say, or the attributes of a volume: which places they name, whether data is
//! encrypted at rest, whether the driver copies it away.
//!
//! Every driver has its own keys, so places are recognised by the words of a key, whichever driver reads it. What is
//! named in a form that cannot be read is still named: who judges it does not find it inside. The forms of each
//! driver, with their sources, are in `docs/reference/storage.md`.

use alloc::vec::Vec;

mod confinement;
mod copies;
mod encryption;
mod entries;
mod key;

pub(crate) use confinement::says_where;
pub(crate) use copies::copies_elsewhere;
pub(crate) use encryption::at_rest;

/// A place that a parameter names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NamedPlace<'p> {
    /// The parameter's own key.
    pub(crate) key: &'p str,
    /// One entry of its value, trimmed.
    pub(crate) text: &'p str,
    /// What the entry is.
    pub(crate) kind: PlaceKind,
}

/// What an entry is that names a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PlaceKind {
    /// A region of a cloud.
    Region,
    /// A zone of a region.
    Zone,
    /// One or the other: `location` is a region for some drivers and a zone for others.
    RegionOrZone,
    /// A host name or an address, maybe with a port and a path.
    Host,
    /// A URL.
    Url,
}

/// What parameters say about encryption at rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AtRest {
    /// Encrypted with AES-256.
    Aes256,
    /// Parameters do not say.
    NotSaid,
    /// The driver would encrypt if asked and is not asked, or is told not to.
    Off,
}

/// A parameter that makes the driver copy data away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CopyElsewhere<'p> {
    /// The parameter's own key.
    pub(crate) key: &'p str,
    /// Its value, trimmed.
    pub(crate) text: &'p str,
}

/// Every place that parameters name, in order of key.
pub(crate) fn places<'p>(parameters: impl Iterator<Item = (&'p str, &'p str)>) -> Vec<NamedPlace<'p>> {
    let mut found = Vec::new();
    for (key, value) in in_order(parameters) {
        let entries = match key::kind(key) {
            _ if key::is_switch(key, value) => Vec::new(),
            Some(kind) => entries::listed(kind, value),
            None if key::holds_options(key) => entries::in_options(value),
            None if key::folded(key) == "topologyconstrainedpools" => entries::in_pools(value),
            None => entries::in_text(value),
        };
        found.extend(entries.into_iter().map(|(text, kind)| NamedPlace { key, text, kind }));
    }
    found
}

/// The parameters in order of key, without those that Kubernetes keeps for itself: the sidecars refuse what they do
/// not know under that prefix, so no driver reads a place there.
fn in_order<'p>(parameters: impl Iterator<Item = (&'p str, &'p str)>) -> Vec<(&'p str, &'p str)> {
    let mut own: Vec<_> = parameters.filter(|(key, _)| !key.starts_with("csi.storage.k8s.io/")).collect();
    own.sort_unstable();
    own
}

#[cfg(test)]
mod tests;
