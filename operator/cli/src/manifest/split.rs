//! Splits a source into documents at its `---` lines, and refuses what would move the boundaries.
//!
//! kubectl splits before it parses YAML; other tools leave the splitting to the YAML parser. Everything here
//! is a place where those two could see different documents in the same text.

use super::problem::{Problem, Refusal, shown};
use super::{Extent, MAX_SOURCE};

/// The text between two document markers.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) extent: Extent,
    /// Why it must not be read, if so.
    pub(super) refusal: Option<Refusal>,
    /// Whether kubectl reads JSON values in a row here: only where the source itself starts as JSON.
    pub(super) stream: bool,
}

const BYTE_ORDER_MARK: char = '\u{FEFF}';

/// Splits a text. Pieces of blank lines and comments are still among them.
pub(super) fn pieces(text: &str) -> Vec<Piece> {
    let content = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    let start = text.len().saturating_sub(content.len());
    let clean = content.bytes().all(is_plain_byte);
    let opening = content.trim_ascii_start();
    let stream = start == 0 && opening.starts_with('{');
    let mut splitter = Splitter { pieces: Vec::new(), start, line: 1, refusal: None, ended: false, stream };
    if let Some(space) = opening.chars().next().filter(|first| first.is_whitespace()) {
        // To kubectl this is blank, so that JSON may follow; to YAML it is the first character of a text.
        splitter.refuse(1, 1, Problem::Character(space));
    }
    let (mut at, mut number) = (start, 1);
    for line in content.split_inclusive('\n') {
        if !clean {
            splitter.check_characters(line, number);
        }
        let next = at.saturating_add(line.len());
        splitter.take_line(line, at, next, number);
        at = next;
        number = number.saturating_add(1);
    }
    splitter.finish(at);
    splitter.pieces
}

/// Bytes that need no closer look: printable ASCII, tab and line feed.
fn is_plain_byte(byte: u8) -> bool {
    matches!(byte, b' '..=b'~' | b'\t' | b'\n')
}

struct Splitter {
    pieces: Vec<Piece>,
    /// Where the current piece starts.
    start: usize,
    line: u32,
    refusal: Option<Refusal>,
    /// Whether the current piece has had its `...` line.
    ended: bool,
    stream: bool,
}

impl Splitter {
    fn take_line(&mut self, line: &str, at: usize, next: usize, number: u32) {
        match line.bytes().next() {
            Some(b'-') if line.starts_with("---") => self.take_marker(line, at, next, number),
            Some(b'.') if line.starts_with("...") => self.take_end(line, number),
            Some(b'%') => self.refuse(number, 1, Problem::Directive),
            _ if self.ended && !is_blank_or_comment(line) => self.refuse(number, 1, Problem::AfterEnd),
            _ => {}
        }
    }

    fn take_marker(&mut self, line: &str, at: usize, next: usize, number: u32) {
        let rest = line.strip_prefix("---").unwrap_or_default();
        if !rest.is_empty() && !rest.starts_with([' ', '\t', '\r', '\n']) {
            return self.refuse(number, 1, Problem::GluedMarker);
        }
        self.finish(at);
        self.start = next;
        self.line = number.saturating_add(1);
        if !is_blank_or_comment(rest) {
            self.refuse(number, 5, Problem::AfterMarker(shown(rest.trim_ascii())));
        }
    }

    fn take_end(&mut self, line: &str, number: u32) {
        let rest = line.strip_prefix("...").unwrap_or_default();
        let is_marker = rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n']);
        if self.ended && !is_marker || is_marker && !is_blank_or_comment(rest) {
            self.refuse(number, 1, Problem::AfterEnd);
        }
        self.ended |= is_marker;
    }

    /// Notes the first reason not to read the current piece.
    fn refuse(&mut self, line: u32, column: u32, problem: Problem) {
        self.refusal.get_or_insert(Refusal { line, column, problem });
    }

    fn finish(&mut self, end: usize) {
        let first = self.pieces.is_empty();
        self.pieces.push(Piece {
            extent: Extent { bytes: self.start..end, line: self.line, column: 0 },
            refusal: self.refusal.take(),
            stream: first && self.stream,
        });
        self.ended = false;
    }

    fn check_characters(&mut self, line: &str, number: u32) {
        let mut column: u32 = 1;
        let mut characters = line.chars().peekable();
        while let Some(character) = characters.next() {
            let lone_return = character == '\r' && characters.peek() != Some(&'\n');
            if lone_return || !is_allowed(character) {
                return self.refuse(number, column, Problem::Character(character));
            }
            column = column.saturating_add(1);
        }
    }
}

/// What go-yaml takes as text, without the characters that only YAML 1.1 takes as line breaks and without a
/// byte order mark.
fn is_allowed(character: char) -> bool {
    match character {
        '\t' | '\n' | '\r' | ' '..='~' => true,
        '\u{2028}' | '\u{2029}' | BYTE_ORDER_MARK => false,
        '\u{A0}'..='\u{FFFD}' | '\u{10000}'.. => true,
        _ => false,
    }
}

fn is_blank_or_comment(text: &str) -> bool {
    let text = text.trim_ascii_start();
    text.is_empty() || text.starts_with('#')
}

const _: () = assert!(MAX_SOURCE <= u32::MAX as usize, "lines and columns are counted in u32");
