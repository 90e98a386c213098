//! The figure: the boxes of a [`Graph`] in four columns, none over another. Whole numbers only, so that it is the same
//! everywhere.

use std::collections::BTreeMap;

use super::fold::{Column, Graph, Link, Look, Node};

/// How wide a column's boxes are, and where they begin.
const COLUMNS: [(Column, u32, u32); 4] = [
    (Column::Class, 24, 196),
    (Column::Holder, 296, 286),
    (Column::Place, 668, 270),
    (Column::Recipient, 1010, 336),
];
/// How wide the figure is.
pub const WIDTH: u32 = 1370;
/// Where the boxes begin, below the heads of the columns.
const TOP: u32 = 92;
/// How high a line of text is.
pub const LINE: u32 = 17;
/// Above and below the text of a box together.
const PADDING: u32 = 15;
/// Between two boxes.
const GAP: u32 = 13;

/// The boxes of a figure, each with its room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figure {
    /// How high it is, without its legend.
    pub height: u32,
    /// The boxes, in the order of the graph.
    pub shapes: Vec<Shape>,
    /// The lines between them.
    pub links: Vec<Link>,
}

/// A box.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Its left edge.
    pub x: u32,
    /// Its upper edge.
    pub y: u32,
    /// How wide it is.
    pub width: u32,
    /// How high it is.
    pub height: u32,
    /// How it looks.
    pub look: Look,
    /// What stands in it.
    pub lines: Vec<String>,
}

/// Where a column begins, and how wide its boxes are.
pub fn column(column: Column) -> (u32, u32) {
    let found = COLUMNS.iter().find(|(other, _, _)| *other == column);
    found.map_or((0, 0), |(_, x, width)| (*x, *width))
}

/// Lays out a graph.
pub fn figure(graph: &Graph) -> Figure {
    let heights = heights(graph);
    let order = order(graph);
    let mut columns: BTreeMap<Column, Vec<usize>> = BTreeMap::new();
    for &index in &order {
        if let Some(node) = graph.nodes.get(index) {
            columns.entry(node.column).or_default().push(index);
        }
    }
    let mut tops: BTreeMap<usize, u32> = BTreeMap::new();
    let right = stack_right(graph, &columns, &heights, &mut tops);
    let left: Vec<_> = [Column::Class, Column::Holder]
        .into_iter()
        .filter_map(|column| Some((columns.get(&column)?, total(columns.get(&column)?, &heights))))
        .collect();
    let tallest = left.iter().map(|(_, total)| *total).chain([right]).max().unwrap_or_default();
    for (column, total) in left {
        stack(column, TOP + (tallest - total) / 2, &heights, &mut tops);
    }
    let lowered = (tallest - right) / 2;
    let shape = |(index, node): (usize, &Node)| {
        let (x, width) = column(node.column);
        let is_right = node.column > Column::Holder;
        Shape {
            x,
            y: tops.get(&index).copied().unwrap_or(TOP) + if is_right { lowered } else { 0 },
            width,
            height: heights.get(index).copied().unwrap_or_default(),
            look: node.look,
            lines: node.lines.clone(),
        }
    };
    Figure {
        height: TOP + tallest + GAP,
        shapes: graph.nodes.iter().enumerate().map(shape).collect(),
        links: graph.links.iter().copied().collect(),
    }
}

/// How high each box is. Where a transfer goes and to whom stand beside each other, equally high.
fn heights(graph: &Graph) -> Vec<u32> {
    let own = |node: &Node| u32::try_from(node.lines.len()).unwrap_or(u32::MAX / LINE / 2) * LINE + PADDING;
    let mut heights: Vec<u32> = graph.nodes.iter().map(own).collect();
    for (to, recipient) in pairs(graph) {
        let both = heights.get(to).max(heights.get(recipient)).copied().unwrap_or_default();
        for index in [to, recipient] {
            if let Some(height) = heights.get_mut(index) {
                *height = both;
            }
        }
    }
    heights
}

/// Where each transfer goes, with to whom.
fn pairs(graph: &Graph) -> impl Iterator<Item = (usize, usize)> {
    let is_transfer = |index: usize| {
        graph
            .nodes
            .get(index)
            .is_some_and(|node| matches!(node.look, Look::Transfer(_)) && node.column >= Column::Place)
    };
    graph
        .links
        .iter()
        .map(|link| (link.from, link.to))
        .filter(move |(from, to)| is_transfer(*from) && is_transfer(*to))
}

/// Every box from above to below: the right columns as they are, the left ones beside what they lead to.
fn order(graph: &Graph) -> Vec<usize> {
    let mut ranks: BTreeMap<usize, u64> = BTreeMap::new();
    let in_column = |column: Column| {
        graph.nodes.iter().enumerate().filter(move |(_, node)| node.column == column).map(|(index, _)| index)
    };
    let mut order = Vec::new();
    for column in [Column::Recipient, Column::Place, Column::Holder, Column::Class] {
        let mut here: Vec<usize> = in_column(column).collect();
        if column < Column::Place {
            here.sort_by_key(|index| (middle(*index, graph, &ranks), *index));
        }
        for (index, rank) in here.iter().zip(0_u64..) {
            ranks.insert(*index, rank);
        }
        order.extend(here);
    }
    order
}

/// The middle of what a box leads to, in thousandths of a rank.
fn middle(index: usize, graph: &Graph, ranks: &BTreeMap<usize, u64>) -> u64 {
    let led_to = graph.links.iter().filter(|link| link.from == index);
    let ranks: Vec<u64> = led_to.filter_map(|link| ranks.get(&link.to).copied()).collect();
    let number = u64::try_from(ranks.len()).unwrap_or(u64::MAX).max(1);
    ranks.iter().sum::<u64>() * 1000 / number
}

fn total(column: &[usize], heights: &[u32]) -> u32 {
    let boxes = column.iter().filter_map(|index| heights.get(*index));
    boxes.map(|height| height + GAP).sum::<u32>().saturating_sub(GAP)
}

/// Puts boxes below each other; answers where the next one would begin.
fn stack(column: &[usize], top: u32, heights: &[u32], tops: &mut BTreeMap<usize, u32>) -> u32 {
    let mut next = top;
    for index in column {
        tops.insert(*index, next);
        next += heights.get(*index).copied().unwrap_or_default() + GAP;
    }
    next
}

/// Places above, transfers below them, and to whom each flows at its side. Answers how high that is.
fn stack_right(
    graph: &Graph,
    columns: &BTreeMap<Column, Vec<usize>>,
    heights: &[u32],
    tops: &mut BTreeMap<usize, u32>,
) -> u32 {
    let of = |column: Column, is_transfer: bool| -> Vec<usize> {
        let all = columns.get(&column).into_iter().flatten().copied();
        all.filter(|index| {
            let look = graph.nodes.get(*index).map(|node| node.look);
            matches!(look, Some(Look::Transfer(_))) == is_transfer
        })
        .collect()
    };
    let places = stack(&of(Column::Place, false), TOP, heights, tops);
    let gaps = stack(&of(Column::Recipient, false), TOP, heights, tops);
    let transfers = places.max(gaps);
    let end = stack(&of(Column::Place, true), transfers, heights, tops);
    stack(&of(Column::Recipient, true), transfers, heights, tops);
    end.saturating_sub(GAP + TOP)
}
