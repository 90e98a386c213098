//! A class reaches less, or asks for less.

use alloc::{collections::BTreeSet, vec::Vec};

use bund_crds::{
    DataClassSpec,
    data_class::{ClassSelector, Sector, Sensitivity, Subjects},
};

use super::{Loss, Protects, added, protected};
use crate::{HeldClass, snapshot::World};

impl Protects for DataClassSpec {
    fn classes(&self, name: &str, world: &World) -> BTreeSet<HeldClass> {
        let own: HeldClass = name.into();
        protected(world).take(&own).into_iter().collect()
    }

    fn losses(&self, new: &Self) -> Vec<Loss> {
        let mut losses = Vec::new();
        let mut lose = |lost: bool, field: &str, what: &str| {
            if lost {
                losses.push(Loss::at(field, what));
            }
        };
        lose(new.category != self.category, "spec.category", "is of another category");
        let ordinary = self.sensitivity == Sensitivity::Sensitive && new.sensitivity != self.sensitivity;
        lose(ordinary, "spec.sensitivity", "is no longer sensitive");
        let anyone = self.subjects == Subjects::MinorsUnder14 && new.subjects != self.subjects;
        lose(anyone, "spec.subjects", "is no longer of minors");
        // The rules of a sector come on top of the general ones.
        let other = self.sector != Sector::General && new.sector != self.sector;
        lose(other, "spec.sector", "is no longer of its sector");
        let at_rest = |spec: &Self| spec.safeguards.and_then(|safeguards| safeguards.at_rest);
        let bare = at_rest(self).is_some() && at_rest(new) != at_rest(self);
        lose(bare, "spec.safeguards.atRest", "asks for no encryption at rest any more");
        let in_transit = |spec: &Self| spec.safeguards.and_then(|safeguards| safeguards.in_transit);
        let bare = in_transit(self).is_some() && in_transit(new) != in_transit(self);
        lose(bare, "spec.safeguards.inTransit", "asks for no encryption in transit any more");
        let days = |spec: &Self| spec.retention.map_or(0, |retention| retention.minimum_days);
        lose(days(new) < days(self), "spec.retention.minimumDays", "is kept for less time");
        let gone = added(&new.selectors, &self.selectors, covers);
        lose(!gone.is_empty(), "spec.selectors", "selects less");
        losses
    }
}

/// Whether `wider` selects everything that `entry` selects, as far as can be seen at a glance.
fn covers(wider: &ClassSelector, entry: &ClassSelector) -> bool {
    wider.namespace_selector.is_none() && wider.object_selector == entry.object_selector
}
