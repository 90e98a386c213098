//! A mapping sees less.

use alloc::{collections::BTreeSet, format, vec::Vec};

use bund_crds::DestinationMappingSpec;

use super::{Loss, Protects, added, nothing, protected};
use crate::{HeldClass, snapshot::World};

impl Protects for DestinationMappingSpec {
    fn classes(&self, _: &str, world: &World) -> BTreeSet<HeldClass> {
        protected(world)
    }

    fn losses(&self, new: &Self) -> Vec<Loss> {
        let mut losses = Vec::new();
        if new.target != self.target {
            let kind = &self.target.kind;
            losses.push(Loss::at("spec.target", format!("no longer tells where {kind} leads")));
        }
        for destination in added(&new.destinations, &self.destinations, nothing) {
            let what = format!("no longer reads {} as it did", destination.query);
            losses.push(Loss::at("spec.destinations", what));
        }
        if self.acts_for_namespace && !new.acts_for_namespace {
            let kind = &self.target.kind;
            let what = format!("no longer judges each {kind} for what lives in its namespace");
            losses.push(Loss::at("spec.actsForNamespace", what));
        }
        for template in added(&new.templates, &self.templates, nothing) {
            let what = format!("no longer finds pods at {}", template.query);
            losses.push(Loss::at("spec.templates", what));
        }
        losses
    }
}
