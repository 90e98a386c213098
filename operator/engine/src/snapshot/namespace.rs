//! What is known of a Namespace.

use bund_crds::labels;

use crate::subject::Labels;

/// What is known of a Namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamespaceFacts {
    /// Its labels.
    pub labels: Labels,
}

impl NamespaceFacts {
    /// A namespace is guarded by its label, and by holding a class.
    pub fn is_guarded(&self) -> bool {
        self.has_guarded_label() || self.labels.classes().next().is_some()
    }

    /// Whether the label that enrols it is there: only then do our webhooks see its objects.
    pub fn has_guarded_label(&self) -> bool {
        self.labels.get(labels::GUARDED) == Some(labels::GUARDED_VALUE)
    }
}
