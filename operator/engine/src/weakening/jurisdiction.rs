//! More places are inside, or the authority excludes less.

use alloc::{collections::BTreeSet, format, string::ToString, vec::Vec};

use bund_crds::{Cidr, HostSuffix, JurisdictionSpec, jurisdiction::Provider};

use super::{Loss, Protects, added, nothing, protected_in};
use crate::{HeldClass, snapshot::World};

impl Protects for JurisdictionSpec {
    fn classes(&self, name: &str, world: &World) -> BTreeSet<HeldClass> {
        protected_in(name, world)
    }

    fn losses(&self, new: &Self) -> Vec<Loss> {
        let mut losses = Vec::new();
        for code in added(&self.country_codes, &new.country_codes, nothing) {
            losses.push(inside("spec.countryCodes", code));
        }
        for provider in added(&self.providers, &new.providers, nothing) {
            match self.providers.iter().find(|old| old.name == provider.name) {
                Some(old) => provider_losses(old, provider, &mut losses),
                // One without regions and hosts has no place inside, and tells nodes that contradict.
                None if names_no_place(provider) => {}
                None => losses.push(inside("spec.providers", &provider.name)),
            }
        }
        for gone in &self.providers {
            // A scheme that nobody writes any more contradicts less: it may be that of a provider without schemes.
            let stays = new.providers.iter().any(|provider| provider.name == gone.name);
            if !stays && !gone.provider_id_schemes.is_empty() {
                losses.push(Loss::at(
                    "spec.providers",
                    format!("no longer tells providerIDs of {}", gone.name),
                ));
            }
        }
        for network in added(&self.networks, &new.networks, contains) {
            losses.push(inside("spec.networks", network));
        }
        for suffix in added(&self.host_suffixes, &new.host_suffixes, ends_in) {
            losses.push(inside("spec.hostSuffixes", suffix));
        }
        if new.trusted_node_label != self.trusted_node_label {
            losses.push(Loss::at("spec.trustedNodeLabel", "trusts another node label"));
        }
        for recipient in added(&new.excluded_recipients, &self.excluded_recipients, nothing) {
            let what = format!("no longer excludes the recipient {}", recipient.name);
            losses.push(Loss::at("spec.excludedRecipients", what));
        }
        for class in added(&new.excluded_data_classes, &self.excluded_data_classes, nothing) {
            losses.push(Loss::at("spec.excludedDataClasses", format!("lets {class} be exported")));
        }
        losses
    }
}

fn names_no_place(provider: &Provider) -> bool {
    provider.regions.is_empty() && provider.node_label_codes.is_empty() && provider.host_patterns.is_empty()
}

/// A provider that was there and says otherwise now.
fn provider_losses(old: &Provider, new: &Provider, losses: &mut Vec<Loss>) {
    let name = &new.name;
    for region in added(&old.regions, &new.regions, nothing) {
        losses.push(inside("spec.providers", &format!("{name} {region}")));
    }
    for code in added(&old.node_label_codes, &new.node_label_codes, nothing) {
        losses.push(inside("spec.providers", &format!("{name} {}", code.code)));
    }
    for pattern in added(&old.host_patterns, &new.host_patterns, nothing) {
        losses.push(inside("spec.providers", pattern));
    }
    if new.zone_form != old.zone_form {
        losses.push(Loss::at("spec.providers", format!("reads zones of {name} in another way")));
    }
    // With fewer schemes a node contradicts less; with more, it belongs to the provider.
    let same_schemes = added(&old.provider_id_schemes, &new.provider_id_schemes, nothing).is_empty()
        && added(&new.provider_id_schemes, &old.provider_id_schemes, nothing).is_empty();
    if new.provider_id_form != old.provider_id_form || !same_schemes {
        losses.push(Loss::at("spec.providers", format!("reads providerIDs of {name} in another way")));
    }
}

fn inside(field: &str, place: &impl ToString) -> Loss {
    Loss::at(field, format!("takes {} for inside", place.to_string()))
}

/// Whether a network is a part of another.
pub(super) fn contains(wider: &Cidr, network: &Cidr) -> bool {
    wider.network().contains(&network.network())
}

fn ends_in(wider: &HostSuffix, suffix: &HostSuffix) -> bool {
    suffix.as_str().strip_suffix(wider.as_str()).is_some_and(|rest| rest.ends_with('.'))
}
