//! Loads one YAML document into a JSON value, straight from the parser's events.

use std::borrow::Cow;
use std::collections::BTreeMap;

use granit_parser::{
    ErrorKind, Event, Marker, Parser, ScalarStyle, ScanError, Span, StrInput, StructureStyle, Tag,
};
use serde_json::{Map, Value};

use super::problem::{Problem, Refusal, shown};
use super::scalar::{self, Plain};
use super::{Extent, Loaded, MAX_DEPTH};

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
    let mut parser = parser(text);
    let tabs = text.contains('\t');
    while let Some(event) = parser.next_event() {
        let (event, span) = event.map_err(|error| syntax(&error, extent))?;
        let at = span.start;
        if tabs && event.is_node() && !loader.in_flow() && is_indented_by_tab(text, &at) {
            return Err(refuse(&at, Problem::Tab));
        }
        if let Event::Alias(_) = event {
            let name = span.slice(text).and_then(|alias| alias.strip_prefix('*')).unwrap_or_default();
            check_anchor_name(name).map_err(|problem| refuse(&at, problem))?;
        }
        loader.take(event, span).map_err(|problem| refuse(&loader.culprit.unwrap_or(at), problem))?;
    }
    Ok(loader.root.map(|(value, marker)| Loaded {
        value,
        line: place(&marker, extent).0,
        extent: extent.clone(),
    }))
}

/// Whether a block node has a tab between the start of its line and itself, besides spaces and the indicators
/// it stands behind.
///
/// To go-yaml a tab does not indent; the parser here is laxer.
fn is_indented_by_tab(text: &str, start: &Marker) -> bool {
    let before = start.byte_offset().and_then(|offset| text.get(..offset)).unwrap_or_default();
    let indent = before.rsplit('\n').next().unwrap_or_default();
    indent.contains('\t') && indent.bytes().all(|byte| matches!(byte, b' ' | b'\t' | b'-' | b'?'))
}

/// The one way in which this module and [`locate`](super::locate) parse.
///
/// Under-indented lines in brackets and quotes are read, as every Go reader does: a closing bracket below its
/// key is common.
pub(super) fn parser(text: &str) -> Parser<'_, StrInput<'_>> {
    let options = granit_parser::options! {
        emit_comments: false,
        emit_anchor_events: true,
        disallow_directives: true,
        flow_nesting_limit: MAX_DEPTH,
        block_nesting_limit: MAX_DEPTH,
    };
    Parser::new_from_str_with_options(text, options)
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
    let problem = match error.kind() {
        ErrorKind::RecursionLimitExceeded => Problem::TooDeep,
        ErrorKind::DirectiveDisallowed => Problem::Directive,
        ErrorKind::TabNotAllowed | ErrorKind::TabInBlockIndentation | ErrorKind::TabInIndentation => {
            Problem::Tab
        }
        _ => Problem::Yaml(error.info()),
    };
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
                self.take_scalar(text, style, anchor, tag.as_deref(), &span)
            }
            Event::MappingStart(style, anchor, tag) => {
                self.check_tag(tag.as_deref(), "map", &span)?;
                self.open(Open::Mapping { entries: Map::new(), key: None }, style, anchor, span.start)
            }
            Event::SequenceStart(style, anchor, tag) => {
                self.check_tag(tag.as_deref(), "seq", &span)?;
                self.open(Open::Sequence(Vec::new()), style, anchor, span.start)
            }
            Event::MappingEnd | Event::SequenceEnd => self.close(),
            Event::Alias(anchor) => self.take_alias(anchor, span.start),
            Event::Anchor(_, name) => check_anchor_name(&name),
            // The splitter has cut at document markers, so a second document can only follow `...`.
            Event::DocumentStart(..) if self.root.is_some() => Err(Problem::AfterEnd),
            // The rest are marks around the one document: the parser's options leave no other node among them.
            _ => Ok(()),
        }
    }

    fn take_scalar(
        &mut self,
        text: Cow<'_, str>,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<&Tag>,
        span: &Span,
    ) -> Result<(), Problem> {
        self.check_tag(tag, "str", span)?;
        self.check_style(&text, style, span)?;
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
            return self.take_key(text.into_owned(), anchor, size, span.start);
        }
        let value = match if plain { scalar::resolve(&text)? } else { Plain::Text } {
            Plain::Null => Value::Null,
            Plain::Bool(flag) => Value::Bool(flag),
            Plain::Integer(integer) => Value::from(integer),
            Plain::Float(float) => scalar::float_value(float),
            Plain::Text => Value::String(text.into_owned()),
        };
        self.place(value, size, anchor, span.start)
    }

    /// Accepts no tag but the one that says what the node already is.
    fn check_tag(&mut self, tag: Option<&Tag>, own: &str, span: &Span) -> Result<(), Problem> {
        match tag {
            None => Ok(()),
            Some(tag) if tag.is_yaml_core_schema() && tag.suffix() == own => Ok(()),
            Some(tag) => {
                self.culprit = span.tag_start();
                Err(Problem::Tag(shown(&format!("{}{}", tag.original_handle(), tag.suffix()))))
            }
        }
    }

    /// Refuses what go-yaml's scanner and a YAML 1.2 scanner split differently.
    fn check_style(&self, text: &str, style: ScalarStyle, span: &Span) -> Result<(), Problem> {
        match style {
            ScalarStyle::Literal | ScalarStyle::Folded if self.stack.is_empty() => Err(Problem::RootBlock),
            ScalarStyle::Plain if self.in_flow() => match self.stack.last() {
                Some(Frame { open: Open::Mapping { key: Some((key, _)), .. }, .. }) if span.is_empty() => {
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

    fn open(
        &mut self,
        open: Open,
        style: StructureStyle,
        anchor: usize,
        start: Marker,
    ) -> Result<(), Problem> {
        if self.expects_key() {
            return Err(Problem::ComplexKey);
        }
        if self.stack.len() >= MAX_DEPTH {
            return Err(Problem::TooDeep);
        }
        let size = Size { bytes: NODE_COST, height: 1 };
        let flow = style == StructureStyle::Flow;
        self.stack.push(Frame { open, flow, anchor, start, size });
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

/// Accepts the anchor names that end at the same character for every reader.
///
/// YAML 1.2 allows nearly anything in a name, go-yaml letters, digits, `-` and `_`: to it `&a: b` is the
/// anchor `a` on an empty key.
fn check_anchor_name(name: &str) -> Result<(), Problem> {
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    if plain && !name.is_empty() { Ok(()) } else { Err(Problem::Anchor) }
}
