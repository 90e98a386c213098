//! What the figure shows of a map: few enough boxes to read. What is folded is counted, and the tables hold it.
//!
//! Kept first is what matters most: what goes out without a transfer, then the sources of transfers, then what is outside or
//! unknown; what lies inside and stays there is folded by namespace.

use std::collections::{BTreeMap, BTreeSet};

use bund_engine::HeldClass;

use super::{DataFlow, Holder, Phase, Side, TransferRef, word::Language};

mod group;
mod lines;

use group::{boxes, groups};

/// Most boxes that are shown for themselves, by column.
const MOST_CLASSES: usize = 14;
const MOST_PLACES: usize = 6;
const MOST_TRANSFERS: usize = 14;

/// What the figure shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Graph {
    /// The boxes, column by column.
    pub nodes: Vec<Node>,
    /// The lines between them.
    pub links: BTreeSet<Link>,
}

/// A box.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// In which column.
    pub column: Column,
    /// How it looks.
    pub look: Look,
    /// What stands in it; the first line is its name.
    pub lines: Vec<String>,
}

/// The columns, from left to right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Column {
    /// Classes of data.
    Class,
    /// What holds them.
    Holder,
    /// Where that is, and where transfers go.
    Place,
    /// To whom it flows.
    Recipient,
}

/// How a box looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Look {
    /// A class.
    Class,
    /// A holder of which nothing goes out uncovered.
    Holder,
    /// A holder that sends out what no transfer covers.
    Alarming,
    /// Something that nobody can tell.
    Untold,
    /// A place.
    Place(Side),
    /// Where a transfer goes, and to whom.
    Transfer(Phase),
    /// That no transfer covers what goes out.
    Gap,
}

/// A line between two boxes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Link {
    /// From the box of this number.
    pub from: usize,
    /// To the box of this number.
    pub to: usize,
    /// How it looks.
    pub look: LinkLook,
}

/// How a line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LinkLook {
    /// Something holds a class.
    Holds,
    /// Something is in a place.
    Lies(Side),
    /// Something flows by a transfer.
    Flows(Phase),
    /// Something goes out uncovered.
    Uncovered,
}

/// What is shown of `map`.
pub fn graph(map: &DataFlow, language: Language) -> Graph {
    let mut fold = Fold { map, language, graph: Graph::default() };
    let classes = fold.classes();
    let places = fold.places();
    let transfers = fold.transfers();
    fold.holders(&classes, &places, &transfers);
    fold.without_holder(&classes, &transfers);
    fold.graph
}

struct Fold<'m> {
    map: &'m DataFlow,
    language: Language,
    graph: Graph,
}

type Classes<'m> = BTreeMap<&'m HeldClass, usize>;

/// The boxes of places, and the one that says that no transfer covers something.
struct Places<'m> {
    by_name: BTreeMap<(Side, Option<&'m str>), usize>,
    gap: Option<usize>,
}

/// The boxes of transfers: where each goes, in the order of the map, as far as they are shown for themselves.
struct Transfers<'m> {
    shown: Vec<usize>,
    /// Of those that are declared: folded ones have one box together.
    by_id: BTreeMap<&'m TransferRef, (usize, Phase)>,
}

impl<'m> Fold<'m> {
    fn add(&mut self, column: Column, look: Look, lines: Vec<String>) -> usize {
        self.graph.nodes.push(Node { column, look, lines });
        self.graph.nodes.len() - 1
    }

    fn link(&mut self, from: usize, to: usize, look: LinkLook) {
        self.graph.links.insert(Link { from, to, look });
    }

    fn holders_of_map(&self) -> &'m [Holder] {
        self.map.holders.as_deref().unwrap_or_default()
    }

    fn classes(&mut self) -> Classes<'m> {
        let mut found = Classes::new();
        let (shown, rest) = split(&self.map.classes, MOST_CLASSES);
        for class in shown {
            let node = self.add(Column::Class, Look::Class, lines::of_class(class, self.language));
            found.insert(&class.name, node);
        }
        if !rest.is_empty() {
            let more = self.add(Column::Class, Look::Class, vec![self.language.more(rest.len())]);
            found.extend(rest.iter().map(|class| (&class.name, more)));
        }
        found
    }

    fn places(&mut self) -> Places<'m> {
        let mut counts: BTreeMap<(Side, Option<&'m str>), usize> = BTreeMap::new();
        for place in self.holders_of_map().iter().flat_map(|holder| &holder.places) {
            *counts.entry((place.side, place.name.as_deref())).or_default() += place.objects;
        }
        let mut by_name = BTreeMap::new();
        for side in [Side::Inside, Side::Unknown, Side::Outside] {
            let here: Vec<_> = counts.iter().filter(|((other, _), _)| *other == side).collect();
            let (shown, rest) = split(&here, MOST_PLACES);
            for (key, count) in shown {
                let objects = self.language.count(**count, self.language.pick("object", "对象"));
                let lines = vec![self.language.place(side, key.1), objects];
                by_name.insert(**key, self.add(Column::Place, Look::Place(side), lines));
            }
            if !rest.is_empty() {
                let told = self.language.more(rest.len());
                let lines = vec![self.language.place(side, Some(&told))];
                let more = self.add(Column::Place, Look::Place(side), lines);
                by_name.extend(rest.iter().map(|(key, _)| (**key, more)));
            }
        }
        Places { by_name, gap: self.gap() }
    }

    /// The box that says that no transfer covers what goes out, where something does.
    fn gap(&mut self) -> Option<usize> {
        let uncovered = self.holders_of_map().iter().flat_map(|holder| &holder.uncovered);
        let reasons: BTreeSet<&str> = uncovered.map(|one| one.reason.code()).collect();
        (!reasons.is_empty()).then(|| {
            let name = self.language.pick("No transfer covers it", "无传输涵盖").to_owned();
            self.add(Column::Recipient, Look::Gap, vec![name, self.language.list(reasons)])
        })
    }

    fn transfers(&mut self) -> Transfers<'m> {
        let mut found = Transfers { shown: Vec::new(), by_id: BTreeMap::new() };
        let (shown, rest) = split(&self.map.transfers, MOST_TRANSFERS);
        for transfer in shown {
            let lines = (lines::way(transfer, self.language), lines::told(transfer, self.language));
            let to = self.pair(transfer.phase, lines);
            found.shown.push(to);
            if transfer.sources.is_some() {
                found.by_id.insert(&transfer.id, (to, transfer.phase));
            }
        }
        if let Some(phase) = rest.iter().map(|transfer| transfer.phase).min() {
            let more = vec![self.language.more(rest.len())];
            let to = self.pair(phase, (more.clone(), more));
            let declared = rest.iter().filter(|transfer| transfer.sources.is_some());
            found.by_id.extend(declared.map(|transfer| (&transfer.id, (to, phase))));
        }
        found
    }

    /// The boxes where a transfer goes, and to whom; answers the first.
    fn pair(&mut self, phase: Phase, (way, told): (Vec<String>, Vec<String>)) -> usize {
        let to = self.add(Column::Place, Look::Transfer(phase), way);
        let recipient = self.add(Column::Recipient, Look::Transfer(phase), told);
        self.link(to, recipient, LinkLook::Flows(phase));
        to
    }

    fn holders(&mut self, classes: &Classes<'m>, places: &Places<'m>, transfers: &Transfers<'m>) {
        for (lines, group) in boxes(groups(self.holders_of_map()), self.language) {
            let look = if group.is_uncovered { Look::Alarming } else { Look::Holder };
            let node = self.add(Column::Holder, look, lines);
            for class in group.classes.iter().filter_map(|class| classes.get(class)) {
                self.link(*class, node, LinkLook::Holds);
            }
            for key in group.places.keys() {
                let Some(place) = places.by_name.get(key).copied() else { continue };
                self.link(node, place, LinkLook::Lies(key.0));
                if let Some(gap) = places.gap.filter(|_| group.is_uncovered && key.0 != Side::Inside) {
                    self.link(place, gap, LinkLook::Uncovered);
                }
            }
            for (to, phase) in group.sources_of.iter().filter_map(|id| transfers.by_id.get(id)) {
                self.link(node, *to, LinkLook::Flows(*phase));
            }
        }
    }

    /// Transfers of which nobody can tell who holds what they carry, or whose sources hold nothing of it.
    fn without_holder(&mut self, classes: &Classes<'m>, transfers: &Transfers<'m>) {
        let map = self.map;
        for (transfer, to) in map.transfers.iter().zip(&transfers.shown) {
            let Some(lines) = lines::untold_sources(transfer, self.language) else { continue };
            let node = self.add(Column::Holder, Look::Untold, lines);
            self.link(node, *to, LinkLook::Flows(transfer.phase));
            for class in transfer.data_classes.iter().filter_map(|class| classes.get(class)) {
                self.link(*class, node, LinkLook::Holds);
            }
        }
    }
}

/// What is shown for itself, and the rest that is folded into one more box. All is shown where it fits.
fn split<T>(all: &[T], most: usize) -> (&[T], &[T]) {
    if all.len() <= most { (all, &[]) } else { all.split_at(most - 1) }
}
