//! Owners with what belongs to them, and which of them are shown for themselves.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use bund_engine::HeldClass;

use super::{
    super::{
        Holder, Owner, Side, TransferRef,
        word::{Language, Word},
    },
    lines::{folded, of_group},
};

/// Most owners that are shown for themselves where not all are.
const MOST_OWNERS: usize = 16;
/// Most boxes for the rest, one a namespace.
const MOST_NAMESPACES: usize = 8;

/// What shares a box: an owner with its pods, claims and volumes, or things of one kind that nobody owns.
#[derive(Default)]
pub(super) struct Group<'m> {
    pub(super) kinds: BTreeMap<&'m str, usize>,
    pub(super) classes: BTreeSet<&'m HeldClass>,
    pub(super) places: BTreeMap<(Side, Option<&'m str>), usize>,
    pub(super) sources_of: BTreeSet<&'m TransferRef>,
    pub(super) is_uncovered: bool,
    /// The name of the one object in it, if there is only one.
    pub(super) only: Option<&'m str>,
    /// How many owners it stands for.
    pub(super) owners: usize,
}

pub(super) type GroupKey<'m> = (Option<&'m str>, Option<&'m Owner>, &'m str);

impl<'m> Group<'m> {
    fn take(&mut self, holder: &'m Holder) {
        self.only = match (self.kinds.is_empty(), holder.objects) {
            (true, 1) => holder.names.first().map(String::as_str),
            _ => None,
        };
        *self.kinds.entry(holder.kind.as_str()).or_default() += holder.objects;
        self.classes.extend(&holder.classes);
        for place in &holder.places {
            *self.places.entry((place.side, place.name.as_deref())).or_default() += place.objects;
        }
        self.sources_of.extend(&holder.sources_of);
        self.is_uncovered |= !holder.uncovered.is_empty();
        self.owners = 1;
    }

    fn merge(&mut self, other: Self) {
        for (kind, count) in other.kinds {
            *self.kinds.entry(kind).or_default() += count;
        }
        for (place, count) in other.places {
            *self.places.entry(place).or_default() += count;
        }
        self.classes.extend(other.classes);
        self.sources_of.extend(other.sources_of);
        self.is_uncovered |= other.is_uncovered;
        self.owners += other.owners;
    }

    /// Whether something of it goes out, or may lie outside.
    fn is_of_note(&self) -> bool {
        self.is_uncovered
            || !self.sources_of.is_empty()
            || self.places.keys().any(|(side, _)| *side != Side::Inside)
    }

    /// What matters least has the largest.
    fn rank(&self) -> (bool, bool, Reverse<Option<Side>>) {
        let worst = self.places.keys().map(|(side, _)| *side).max();
        (!self.is_uncovered, self.sources_of.is_empty(), Reverse(worst))
    }
}

/// What there is, by owner; what nobody owns by kind.
pub(super) fn groups(holders: &[Holder]) -> BTreeMap<GroupKey<'_>, Group<'_>> {
    let mut groups: BTreeMap<GroupKey<'_>, Group<'_>> = BTreeMap::new();
    for holder in holders {
        let kind = if holder.owner.is_some() { "" } else { holder.kind.as_str() };
        groups.entry((holder.namespace.as_deref(), holder.owner.as_ref(), kind)).or_default().take(holder);
    }
    groups
}

/// What stands in a box, and what is in it.
pub(super) type Boxed<'m> = (Vec<String>, Group<'m>);

/// The boxes of holders, the most important first.
pub(super) fn boxes<'m>(groups: BTreeMap<GroupKey<'m>, Group<'m>>, language: Language) -> Vec<Boxed<'m>> {
    let mut ranked: Vec<_> = groups.into_iter().collect();
    ranked.sort_by(|(key, group), (other_key, other)| (group.rank(), key).cmp(&(other.rank(), other_key)));
    let all_fit = ranked.len() <= MOST_OWNERS + MOST_NAMESPACES;
    let of_note = ranked.iter().take_while(|(_, group)| group.is_of_note()).count();
    let rest = ranked.split_off(if all_fit { ranked.len() } else { of_note.min(MOST_OWNERS) });
    let mut boxes: Vec<_> =
        ranked.into_iter().map(|(key, group)| (of_group(key, &group, language), group)).collect();
    let mut namespaces: BTreeMap<Option<&str>, Group<'m>> = BTreeMap::new();
    for ((namespace, _, _), group) in rest {
        namespaces.entry(namespace).or_default().merge(group);
    }
    boxes.extend(by_namespace(namespaces, language));
    boxes
}

/// A box for each of the largest namespaces, and one for all others.
fn by_namespace<'m>(namespaces: BTreeMap<Option<&'m str>, Group<'m>>, language: Language) -> Vec<Boxed<'m>> {
    let mut by_size: Vec<_> = namespaces.into_iter().collect();
    by_size.sort_by(|(name, group), (other_name, other)| {
        (Reverse(group.owners), name).cmp(&(Reverse(other.owners), other_name))
    });
    let all_fit = by_size.len() <= MOST_NAMESPACES;
    let others = by_size.split_off(if all_fit { by_size.len() } else { MOST_NAMESPACES - 1 });
    let unnamed = language.say(Word::NoNamespace);
    let told = by_size.into_iter();
    let mut boxes: Vec<_> =
        told.map(|(name, group)| (folded(name.unwrap_or(unnamed), &group, language), group)).collect();
    if !others.is_empty() {
        let name = format!("{} ({})", language.say(Word::OtherNamespaces), others.len());
        let mut all = Group::default();
        for (_, group) in others {
            all.merge(group);
        }
        boxes.push((folded(&name, &all, language), all));
    }
    boxes
}
