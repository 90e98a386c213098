//! Finds the place of a field in the text, when a finding needs it.
//!
//! Positions are not kept with values: nearly all documents have no finding, and reading the few again is
//! cheap.

use std::ops::ControlFlow;

use granit_parser::Event;

use super::load::{parser, place};
use super::{Document, Extent, Position, Step};

/// The place of the field at `path`, or of its deepest ancestor that has one: at least that of the document.
///
/// A field has the place of its key, an element that of its first character.
pub fn position(document: &Document, path: &[Step]) -> Position {
    let mut found = Position { line: document.line, column: document.extent.column.saturating_add(1) };
    walk(&document.source.text, &document.extent, |here, node| {
        if node.moment == Moment::Enter && path.starts_with(here) {
            found = node.position;
        }
        if here == path { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    found
}

/// A node that [`walk`] comes by: a field from its key on, an element or the root.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node {
    pub(super) moment: Moment,
    /// Where it starts, or on leaving where its last part does.
    pub(super) position: Position,
    /// The byte in the source where it starts, or on leaving where it has ended.
    pub(super) offset: usize,
}

/// Whether a node starts or has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    Enter,
    Leave,
}

/// Visits the nodes of the document in an extent, in order, until told to stop or until the text cannot be
/// read further.
pub(super) fn walk(text: &str, extent: &Extent, mut visit: impl FnMut(&[Step], Node) -> ControlFlow<()>) {
    // A list item starts in the middle of a line: blanks in front give the parser its indentation.
    let indent = usize::try_from(extent.column).unwrap_or_default();
    let text = " ".repeat(indent) + text.get(extent.bytes.clone()).unwrap_or_default();
    let mut walker = Walker::default();
    let mut parser = parser(&text);
    while let Some(Ok((event, span))) = parser.next_event() {
        if matches!(event, Event::StreamStart | Event::DocumentStart(..) | Event::Anchor(..)) {
            continue;
        }
        let (line, column) = place(&span.start, extent);
        let position = Position { line, column };
        let mut visit = |path: &[Step], moment| {
            let marker = if moment == Moment::Enter { span.start } else { span.end };
            let own_offset = marker.byte_offset().unwrap_or_default().saturating_sub(indent);
            visit(path, Node { moment, position, offset: extent.bytes.start.saturating_add(own_offset) })
        };
        if walker.take(event, &mut visit).is_break() {
            return;
        }
    }
}

/// A mapping or sequence that the walk is in.
enum Within {
    Mapping { at_key: bool },
    Sequence { next: usize },
}

#[derive(Default)]
struct Walker {
    stack: Vec<Within>,
    path: Vec<Step>,
}

type Visit<'a> = dyn FnMut(&[Step], Moment) -> ControlFlow<()> + 'a;

impl Walker {
    fn take(&mut self, event: Event<'_>, visit: &mut Visit<'_>) -> ControlFlow<()> {
        if matches!(event, Event::MappingEnd | Event::SequenceEnd) {
            self.stack.pop();
            return self.finish(visit);
        }
        match self.stack.last_mut() {
            Some(Within::Mapping { at_key }) if *at_key => {
                *at_key = false;
                let key = if let Event::Scalar(text, ..) = event { text.into_owned() } else { String::new() };
                self.path.push(Step::Key(key));
                return visit(&self.path, Moment::Enter);
            }
            // The place of a field is that of its key, which came before.
            Some(Within::Mapping { .. }) => {}
            Some(Within::Sequence { next }) => {
                self.path.push(Step::Index(*next));
                visit(&self.path, Moment::Enter)?;
            }
            None => visit(&self.path, Moment::Enter)?,
        }
        match event {
            Event::MappingStart(..) => self.stack.push(Within::Mapping { at_key: true }),
            Event::SequenceStart(..) => self.stack.push(Within::Sequence { next: 0 }),
            _ => return self.finish(visit),
        }
        ControlFlow::Continue(())
    }

    /// Leaves a complete value; the root is the last.
    fn finish(&mut self, visit: &mut Visit<'_>) -> ControlFlow<()> {
        visit(&self.path, Moment::Leave)?;
        match self.stack.last_mut() {
            None => return ControlFlow::Break(()),
            Some(Within::Mapping { at_key }) => *at_key = true,
            Some(Within::Sequence { next }) => *next = next.saturating_add(1),
        }
        self.path.pop();
        ControlFlow::Continue(())
    }
}
