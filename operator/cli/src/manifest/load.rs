//! Loads one YAML document into a JSON value, straight from the parser's events.

use std::borrow::Cow;
use std::collections::BTreeMap;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, Span, Tag};
use serde_json::{Map, Value};

use super::problem::{Problem, Refusal, shown};
use super::scalar::{self, Plain};
use super::{Extent, Loaded, MAX_DEPTH, MAX_YAML_DOCUMENT};

/// How much all aliases of a document may add to it, in bytes.
const MAX_COPIED: usize = 32 << 20;

/// What a value costs in memory besides its text.
const NODE_COST: usize = size_of::<Value>();

/// Loads the document in `text`; `None` where there is nothing but comments.
pub(super) fn load(text: &str, extent: &Extent) -> Result<Option<Loaded>, Refusal> {
    let refuse = |marker: &Marker, problem| {
        let (line, column) = place(marker, extent);
        Refusal { line, column, problem }
    };
    if text.len() > MAX_YAML_DOCUMENT {
        return Err(refuse(&Marker::new(0, 1, 0), Problem::DocumentTooLarge));
    }
    // kubectl ends every line before it parses, also the last; only a block scalar there can tell the
    // difference.
    let terminated;
    let text = if text.ends_with('\n') {
        text
    } else {
        terminated = format!("{text}\n");
        &terminated
    };
    let mut loader = Loader::default();
    let mut parser = Parser::new_from_str(text);
    let mut cursor = Cursor::new(text);
    let tabs = text.contains('\t');
    while let Some(event) = parser.next_event() {
        let (event, span) = event.map_err(|error| syntax(&error, extent))?;
        let at = span.start;
        let tabbed = tabs && is_node(&event) && !loader.in_flow();
        if tabbed && is_indented_by_tab(text.get(..cursor.bytes(at.index())).unwrap_or_default()) {
            return Err(refuse(&at, Problem::Tab));
        }
        if let Some(indicator) = anchor_indicator(&event) {
            let own = text.get(cursor.bytes(at.index())..).unwrap_or_default();
            check_anchor_name(own, indicator).map_err(|problem| refuse(&at, problem))?;
        }
        loader.take(event, span).map_err(|problem| refuse(&loader.culprit.unwrap_or(at), problem))?;
    }
    Ok(loader.root.map(|(value, marker)| Loaded {
        value,
        line: place(&marker, extent).0,
        extent: extent.clone(),
    }))
}

/// Turns the parser's offsets, which count characters and hardly ever go back, into bytes.
pub(super) struct Cursor<'a> {
    text: &'a str,
    characters: usize,
    bytes: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, characters: 0, bytes: 0 }
    }

    /// The byte where a character starts, or the last one asked for where that is further.
    pub(super) fn bytes(&mut self, index: usize) -> usize {
        let mut rest = self.text.get(self.bytes..).unwrap_or_default().chars();
        while self.characters < index
            && let Some(character) = rest.next()
        {
            self.characters = self.characters.saturating_add(1);
            self.bytes = self.bytes.saturating_add(character.len_utf8());
        }
        self.bytes
    }
}

fn is_node(event: &Event<'_>) -> bool {
    matches!(event, Event::Scalar(..) | Event::Alias(_) | Event::SequenceStart(..) | Event::MappingStart(..))
}

/// Whether a block node has a tab between the start of its line and itself, besides spaces and the indicators
/// it stands behind.
///
/// To go-yaml a tab does not indent; the parser here is laxer.
fn is_indented_by_tab(before: &str) -> bool {
    let indent = before.rsplit('\n').next().unwrap_or_default();
    indent.contains('\t') && indent.bytes().all(|byte| matches!(byte, b' ' | b'\t' | b'-' | b'?'))
}

/// Where a marker of a part of a source is in the source: 1-based line and column.
pub(super) fn place(marker: &Marker, extent: &Extent) -> (u32, u32) {
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    (
        count(marker.line().saturating_sub(1)).saturating_add(extent.line),
        count(marker.col()).saturating_add(1),
    )
}

fn syntax(error: &ScanError, extent: &Extent) -> Refusal {
    let (line, column) = place(error.marker(), extent);
    let problem = Problem::Yaml(error.info().to_owned());
    Refusal { line, column, problem }
}

/// A mapping or sequence whose end has not come yet.
enum Open {
    Mapping { entries: Map<String, Value>, key: Option<(String, Marker)> },
    Sequence(Vec<Value>),
}

struct Frame {
    open: Open,
    /// Whether it is written in brackets.
    flow: bool,
    anchor: usize,
    start: Marker,
    size: Size,
}

/// What repeating a value would cost.
#[derive(Clone, Copy, Default)]
struct Size {
    bytes: usize,
    height: usize,
}

impl Size {
    fn of_text(length: usize) -> Self {
        Self { bytes: NODE_COST.saturating_add(length), height: 0 }
    }

    /// Makes room for a child.
    fn hold(&mut self, child: Self) {
        self.bytes = self.bytes.saturating_add(child.bytes);
        self.height = self.height.max(child.height.saturating_add(1));
    }
}

#[derive(Default)]
struct Loader {
    stack: Vec<Frame>,
    root: Option<(Value, Marker)>,
    /// Complete anchored values; the parser numbers the anchors.
    anchors: BTreeMap<usize, (Value, Size)>,
    copied: usize,
    /// Where the problem is, if not at the event that showed it.
    culprit: Option<Marker>,
}

impl Loader {
    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), Problem> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.take_scalar(text, style, anchor, tag.as_deref(), span.start)
            }
            Event::MappingStart(anchor, tag) => {
                check_tag(tag.as_deref(), "map")?;
                self.open(Open::Mapping { entries: Map::new(), key: None }, anchor, span)
            }
            Event::SequenceStart(anchor, tag) => {
                check_tag(tag.as_deref(), "seq")?;
                self.open(Open::Sequence(Vec::new()), anchor, span)
            }
            Event::MappingEnd | Event::SequenceEnd => self.close(),
            Event::Alias(anchor) => self.take_alias(anchor, span.start),
            // The splitter has cut at document markers, so a second document can only follow `...`.
            Event::DocumentStart(..) if self.root.is_some() => Err(Problem::AfterEnd),
            Event::DocumentStart(_)
            | Event::DocumentEnd
            | Event::StreamStart
            | Event::StreamEnd
            | Event::Nothing => Ok(()),
        }
    }

    fn take_scalar(
        &mut self,
        text: Cow<'_, str>,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<&Tag>,
        at: Marker,
    ) -> Result<(), Problem> {
        check_tag(tag, "str")?;
        self.check_style(&text, style)?;
        let plain = style == ScalarStyle::Plain && tag.is_none();
        let size = Size::of_text(text.len());
        if self.expects_key() {
            if plain {
                if text == "<<" {
                    return Err(Problem::MergeKey);
                }
                // Where an alias repeats a number that is a key here, it is a number again.
                if scalar::plain_key(&text)? != Plain::Text && anchor > 0 {
                    return Err(Problem::KeyType(shown(&text)));
                }
            }
            return self.take_key(text.into_owned(), anchor, size, at);
        }
        let value = match if plain { scalar::resolve(&text)? } else { Plain::Text } {
            Plain::Null => Value::Null,
            Plain::Bool(flag) => Value::Bool(flag),
            Plain::Integer(integer) => Value::from(integer),
            Plain::Float(float) => scalar::float_value(float),
            Plain::Text => Value::String(text.into_owned()),
        };
        self.place(value, size, anchor, at)
    }

    /// Refuses what go-yaml's scanner and a YAML 1.2 scanner split differently.
    fn check_style(&self, text: &str, style: ScalarStyle) -> Result<(), Problem> {
        match style {
            ScalarStyle::Literal | ScalarStyle::Folded if self.stack.is_empty() => Err(Problem::RootBlock),
            ScalarStyle::Plain if self.in_flow() => match self.stack.last() {
                Some(Frame { open: Open::Mapping { key: Some((key, _)), .. }, .. }) if text.is_empty() => {
                    Err(Problem::NoValue(shown(key)))
                }
                _ if text.starts_with(['?', ':']) => Err(Problem::Indicator(shown(text))),
                _ => Ok(()),
            },
            _ => Ok(()),
        }
    }

    fn in_flow(&self) -> bool {
        self.stack.last().is_some_and(|frame| frame.flow)
    }

    fn expects_key(&self) -> bool {
        matches!(self.stack.last(), Some(Frame { open: Open::Mapping { key: None, .. }, .. }))
    }

    fn take_key(&mut self, text: String, anchor: usize, size: Size, at: Marker) -> Result<(), Problem> {
        if anchor > 0 {
            self.remember(anchor, &Value::String(text.clone()), size)?;
        }
        if let Some(Frame { open: Open::Mapping { key, .. }, size: whole, .. }) = self.stack.last_mut() {
            whole.hold(size);
            *key = Some((text, at));
        }
        Ok(())
    }

    fn open(&mut self, open: Open, anchor: usize, span: Span) -> Result<(), Problem> {
        if self.expects_key() {
            return Err(Problem::ComplexKey);
        }
        if self.stack.len() >= MAX_DEPTH {
            return Err(Problem::TooDeep);
        }
        let size = Size { bytes: NODE_COST, height: 1 };
        // A collection in brackets starts with a token of its own, one in block style where its first child
        // does. An anchor or tag blurs that, which may only refuse more.
        let flow = self.in_flow() || !span.is_empty();
        self.stack.push(Frame { open, flow, anchor, start: span.start, size });
        Ok(())
    }

    fn close(&mut self) -> Result<(), Problem> {
        let Some(Frame { open, anchor, start, size, .. }) = self.stack.pop() else { return Ok(()) };
        let value = match open {
            Open::Mapping { entries, .. } => Value::Object(entries),
            Open::Sequence(items) => Value::Array(items),
        };
        self.place(value, size, anchor, start)
    }

    /// Puts a complete value where it belongs.
    fn place(&mut self, value: Value, size: Size, anchor: usize, at: Marker) -> Result<(), Problem> {
        if anchor > 0 {
            self.remember(anchor, &value, size)?;
        }
        let Some(frame) = self.stack.last_mut() else {
            self.root = Some((value, at));
            return Ok(());
        };
        frame.size.hold(size);
        match &mut frame.open {
            Open::Sequence(items) => items.push(value),
            Open::Mapping { entries, key } => {
                let Some((key, at)) = key.take() else { return Err(Problem::ComplexKey) };
                if entries.contains_key(&key) {
                    self.culprit = Some(at);
                    return Err(Problem::DuplicateKey(shown(&key)));
                }
                entries.insert(key, value);
            }
        }
        Ok(())
    }

    fn remember(&mut self, anchor: usize, value: &Value, size: Size) -> Result<(), Problem> {
        pay(&mut self.copied, size)?;
        self.anchors.insert(anchor, (value.clone(), size));
        Ok(())
    }

    fn take_alias(&mut self, anchor: usize, at: Marker) -> Result<(), Problem> {
        let Some((value, size)) = self.anchors.get(&anchor) else { return Err(Problem::RecursiveAlias) };
        let size = *size;
        if self.stack.len().saturating_add(size.height) > MAX_DEPTH {
            return Err(Problem::TooDeep);
        }
        pay(&mut self.copied, size)?;
        let value = value.clone();
        match value {
            value if !self.expects_key() => self.place(value, size, 0, at),
            Value::String(text) => self.take_key(text, 0, size, at),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                Err(Problem::ComplexKey)
            }
        }
    }
}

/// Counts a copy, before it is made, against the budget that stops a few aliases from growing into gigabytes.
fn pay(copied: &mut usize, size: Size) -> Result<(), Problem> {
    *copied = copied.saturating_add(size.bytes);
    if *copied > MAX_COPIED { Err(Problem::TooManyAliases) } else { Ok(()) }
}

/// The character that starts the anchor or alias of a node, if it has one.
fn anchor_indicator(event: &Event<'_>) -> Option<char> {
    match event {
        Event::Alias(_) => Some('*'),
        Event::Scalar(_, _, anchor, _) | Event::SequenceStart(anchor, _) | Event::MappingStart(anchor, _)
            if *anchor > 0 =>
        {
            Some('&')
        }
        _ => None,
    }
}

/// Accepts the anchor names that end at the same character for every reader.
///
/// YAML 1.2 allows nearly anything in a name, go-yaml letters, digits, `-` and `_`: to it `&a: b` is the
/// anchor `a` on an empty key.
fn check_anchor_name(text: &str, indicator: char) -> Result<(), Problem> {
    let ends = |c: char| c.is_ascii_whitespace() || matches!(c, ',' | '[' | ']' | '{' | '}');
    let name = text.strip_prefix(indicator).and_then(|text| text.split(ends).next()).unwrap_or_default();
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    if plain && !name.is_empty() { Ok(()) } else { Err(Problem::Anchor) }
}

/// Accepts no tag but the one that says what the node already is.
fn check_tag(tag: Option<&Tag>, own: &str) -> Result<(), Problem> {
    match tag {
        None => Ok(()),
        Some(tag) if tag.is_yaml_core_schema() && tag.suffix == own => Ok(()),
        Some(tag) if tag.is_yaml_core_schema() => Err(Problem::Tag(shown(&format!("!!{}", tag.suffix)))),
        Some(tag) => Err(Problem::Tag(shown(&format!("{}{}", tag.handle, tag.suffix)))),
    }
}
