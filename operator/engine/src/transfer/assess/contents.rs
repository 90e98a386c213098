//! What the classes of a transfer hold, and whom it concerns.

use bund_crds::{
    ClassName, CrossBorderTransferSpec, DataClassSpec, Persons,
    data_class::{Category, Sensitivity, Subjects},
};

use crate::Snapshot;

/// What a transfer carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Contents {
    /// What its classes are called.
    pub(super) classes: Information,
    /// Personal information leaves (PIPL Art. 4): a class is called so, or persons are declared.
    pub(super) personal: bool,
    /// Information of persons under 14 leaves: a class is called so, or such persons are declared.
    pub(super) minors: bool,
    /// Important data leaves (DSL Art. 21), core data among it. A class that nobody declared counts as important.
    pub(super) important: bool,
}

/// The most delicate information that classes are called. Each kind holds the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Information {
    /// None of persons.
    NotPersonal,
    /// Personal information (PIPL Art. 4).
    Ordinary,
    /// Sensitive personal information (PIPL Art. 28).
    Sensitive,
    /// Information of persons under 14, which is sensitive (PIPL Arts 28 and 31).
    OfMinors,
}

impl Information {
    fn of(class: &DataClassSpec) -> Self {
        match (class.subjects, class.sensitivity, class.category) {
            (Subjects::MinorsUnder14, _, _) => Self::OfMinors,
            (Subjects::Anyone, Sensitivity::Sensitive, _) => Self::Sensitive,
            (Subjects::Anyone, Sensitivity::Ordinary, Category::PersonalInformation) => Self::Ordinary,
            (Subjects::Anyone, Sensitivity::Ordinary, _) => Self::NotPersonal,
        }
    }
}

impl Contents {
    /// What the classes of `spec` say, as they are declared now.
    pub(super) fn of(spec: &CrossBorderTransferSpec, snapshot: &Snapshot) -> Self {
        let classes = || {
            let declared = |name: &ClassName| snapshot.world().class(name.as_str()).map(|class| &class.spec);
            spec.data_classes.iter().map(declared)
        };
        let important = |class: Option<&DataClassSpec>| {
            class.is_none_or(|class| matches!(class.category, Category::ImportantData | Category::CoreData))
        };
        let information = classes().flatten().map(Information::of).max().unwrap_or(Information::NotPersonal);
        Self {
            classes: information,
            personal: information >= Information::Ordinary || Share::of(spec.persons) != Share::default(),
            minors: information == Information::OfMinors || spec.persons.under_14 > 0,
            important: classes().any(important),
        }
    }

    /// The persons that count for a transfer of these contents. Where a class is sensitive and nobody says of how many
    /// persons, it is of all of them, and of one at least: there is no lower threshold (O16 Art. 8).
    pub(super) fn share(self, persons: Persons) -> Share {
        let declared = Share::of(persons);
        if self.classes >= Information::Sensitive && declared.sensitive == 0 {
            return Share { sensitive: declared.ordinary.max(1), ..declared };
        }
        declared
    }
}

/// Persons, as the thresholds count them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Share {
    /// Of whom only ordinary information leaves.
    pub(super) ordinary: u64,
    /// Of whom sensitive information leaves.
    pub(super) sensitive: u64,
}

impl Share {
    /// The persons that a transfer declares. Those under 14 are sensitive (PIPL Art. 28), whether or not they are declared
    /// so too.
    pub(super) fn of(persons: Persons) -> Self {
        Self { ordinary: persons.ordinary, sensitive: persons.sensitive.max(persons.under_14) }
    }

    /// Both together, as of different persons.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            ordinary: self.ordinary.saturating_add(other.ordinary),
            sensitive: self.sensitive.saturating_add(other.sensitive),
        }
    }

    /// The larger of both, kind by kind, as of the same persons.
    pub(super) fn max(self, other: Self) -> Self {
        Self { ordinary: self.ordinary.max(other.ordinary), sensitive: self.sensitive.max(other.sensitive) }
    }

    /// Whether `scale` is as large, kind by kind.
    pub(super) fn is_within(self, scale: Self) -> bool {
        self.ordinary <= scale.ordinary && self.sensitive <= scale.sensitive
    }
}
