//! Finds the place of a field in the text, when a finding needs it.
//!
//! Positions are not kept with values: nearly all documents have no finding, and reading the few again is cheap.

use std::ops::ControlFlow;

use saphyr_parser::{Event, Parser};

use super::load::place;
use super::{Document, Extent, Position, Step};

/// The place of the field at `path`, or of its deepest ancestor that has one: at least that of the document.
///
/// A field has the place of its key, an element that of its first character.
pub fn position(document: &Document, path: &[Step]) -> Position {
    let mut found = Position { line: document.line, column: document.extent.column.saturating_add(1) };
    walk(&document.source.text, &document.extent, |here, node| {
        if path.starts_with(here) {
            found = node.position;
        }
        if here == path { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    found
}

/// A node that [`walk`] comes by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node {
    pub(super) position: Position,
    /// Its offset in characters from the start of the walked extent.
    pub(super) characters: usize,
}

/// Visits the nodes of the document in an extent, in order, until told to stop or until the text cannot be read further.
pub(super) fn walk(text: &str, extent: &Extent, mut visit: impl FnMut(&[Step], Node) -> ControlFlow<()>) {
    // A list item starts in the middle of a line: blanks in front give the parser its indentation.
    let indent = usize::try_from(extent.column).unwrap_or_default();
    let text = " ".repeat(indent) + text.get(extent.bytes.clone()).unwrap_or_default();
    let mut walker = Walker::default();
    let mut parser = Parser::new_from_str(&text);
    while let Some(Ok((event, span))) = parser.next_event() {
        if matches!(event, Event::StreamStart | Event::DocumentStart(_)) {
            continue;
        }
        let (line, column) = place(&span.start, extent);
        let node = Node {
            position: Position { line, column },
            characters: span.start.index().saturating_sub(indent),
        };
        if walker.take(event, |path| visit(path, node)).is_break() {
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

impl Walker {
    fn take(&mut self, event: Event<'_>, visit: impl FnOnce(&[Step]) -> ControlFlow<()>) -> ControlFlow<()> {
        if matches!(event, Event::MappingEnd | Event::SequenceEnd) {
            self.stack.pop();
            return self.finish();
        }
        match self.stack.last_mut() {
            Some(Within::Mapping { at_key }) if *at_key => {
                *at_key = false;
                let key = if let Event::Scalar(text, ..) = event { text.into_owned() } else { String::new() };
                self.path.push(Step::Key(key));
                return visit(&self.path);
            }
            // The place of a field is that of its key, which came before.
            Some(Within::Mapping { .. }) => {}
            Some(Within::Sequence { next }) => {
                self.path.push(Step::Index(*next));
                visit(&self.path)?;
            }
            None => visit(&self.path)?,
        }
        match event {
            Event::MappingStart(..) => self.stack.push(Within::Mapping { at_key: true }),
            Event::SequenceStart(..) => self.stack.push(Within::Sequence { next: 0 }),
            _ => return self.finish(),
        }
        ControlFlow::Continue(())
    }

    /// Leaves a complete value; the root is the last.
    fn finish(&mut self) -> ControlFlow<()> {
        match self.stack.last_mut() {
            None => return ControlFlow::Break(()),
            Some(Within::Mapping { at_key }) => *at_key = true,
            Some(Within::Sequence { next }) => *next = next.saturating_add(1),
        }
        self.path.pop();
        ControlFlow::Continue(())
    }
}
