//! Reads manifests as Kubernetes reads them, or refuses to.
//!
//! The API server and kubectl read YAML 1.1 through `sigs.k8s.io/yaml`; kustomize, Argo CD and most other
//! tools read another dialect. A file that says one thing to the gate and another to the cluster is a way
//! past the gate. So a document is read only where all of them agree; everything else is [`Unreadable`], with
//! the line, the reason and what to write instead.
//!
//! The steps, one file each: [`split`] finds the documents, [`json`] or [`load`] turns one into a value
//! ([`scalar`] decides what a plain scalar is), [`list`] opens `kind: List`, and [`locate`] finds a field's
//! line again when a finding needs it.

mod files;
mod json;
mod list;
mod load;
mod locate;
mod problem;
mod scalar;
mod split;

use std::ops::Range;
use std::sync::Arc;

use serde_json::Value;

pub use bund_engine::Step;
pub use files::{Input, files};
pub use list::expand_list;
pub use locate::position;
use problem::{Problem, Refusal};

/// The largest file or standard input that is read, in bytes.
///
/// The API server takes 3 MiB per object; a dump of a whole namespace is some tens of MiB.
pub const MAX_SOURCE: usize = 64 << 20;

/// The deepest nesting of mappings and sequences in one document.
pub const MAX_DEPTH: usize = 100;

/// A text that holds manifests, and the name to report it by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The path as it was given or found, or `<stdin>`.
    pub name: String,
    /// The whole text.
    pub text: String,
}

/// One document of a source, or one item of a list document.
#[derive(Debug, Clone)]
pub struct Document {
    /// Where it was read from.
    pub source: Arc<Source>,
    /// The 1-based line where its content starts.
    pub line: u32,
    /// What Kubernetes reads.
    pub value: Value,
    /// The text it was read from, so that a field can be found again.
    extent: Extent,
}

/// A part of a source's text.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Extent {
    /// Byte range in the source's text.
    bytes: Range<usize>,
    /// The 1-based line of its first character.
    line: u32,
    /// The 0-based column of its first character: more than zero for a list item.
    column: u32,
}

impl Extent {
    /// The text itself.
    fn of<'a>(&self, source: &'a Source) -> &'a str {
        source.text.get(self.bytes.clone()).unwrap_or_default()
    }
}

/// Input that could not be read, or that two readers would read differently.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {problem}; {remedy}", self.place())]
pub struct Unreadable {
    /// The source's name.
    pub source_name: String,
    /// The 1-based line, or 0 where the whole source is meant.
    pub line: u32,
    /// The 1-based column in characters, or 0 where the whole source is meant.
    pub column: u32,
    /// What is wrong.
    pub problem: String,
    /// What to do about it.
    pub remedy: String,
}

impl Unreadable {
    fn new(source_name: &str, refusal: &Refusal, template: bool) -> Self {
        Self {
            source_name: source_name.to_owned(),
            line: refusal.line,
            column: refusal.column,
            problem: refusal.problem.to_string(),
            remedy: refusal.problem.remedy(template),
        }
    }

    /// Refuses a source as a whole.
    fn whole(source_name: &str, problem: Problem) -> Self {
        Self::new(source_name, &Refusal { line: 0, column: 0, problem }, false)
    }

    fn place(&self) -> String {
        if self.line == 0 {
            return self.source_name.clone();
        }
        format!("{}:{}:{}", self.source_name, self.line, self.column)
    }
}

/// A place in a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The 1-based line.
    pub line: u32,
    /// The 1-based column, in characters.
    pub column: u32,
}

/// Reads every document of a source, in order.
///
/// An unreadable document does not hide the others: documents are split at `---` lines first, as kubectl
/// does. A document of nothing but comments and blank lines is none.
pub fn read(source: &Arc<Source>) -> Vec<Result<Document, Unreadable>> {
    if source.text.len() > MAX_SOURCE {
        return vec![Err(Unreadable::whole(&source.name, Problem::SourceTooLarge))];
    }
    let mut documents = Vec::new();
    for split::Piece { extent, refusal, stream } in split::pieces(&source.text) {
        let parts = match refusal {
            Some(refusal) => vec![Err(refusal)],
            None => read_piece(source, &extent, stream),
        };
        let template = || looks_like_template(extent.of(source));
        let name = |refusal| Unreadable::new(&source.name, &refusal, template());
        documents.extend(parts.into_iter().map(|part| part.map_err(name)));
    }
    documents
}

/// Reads the text between two document markers: one YAML document, or JSON values in a row.
fn read_piece(source: &Arc<Source>, extent: &Extent, stream: bool) -> Vec<Result<Document, Refusal>> {
    let text = extent.of(source);
    let not_json = if text.trim_ascii_start().starts_with(['{', '[']) {
        match json::read(text, extent, stream) {
            Ok(parts) => {
                return parts.into_iter().map(|part| part.map(|loaded| loaded.document(source))).collect();
            }
            Err(refusal) => Some(refusal),
        }
    } else {
        None
    };
    match (load::load(text, extent), not_json) {
        (Ok(loaded), _) => loaded.map(|loaded| Ok(loaded.document(source))).into_iter().collect(),
        // Of two readings that failed on the syntax, the one that came further knows better what is wrong.
        (Err(yaml), Some(json)) if yaml.is_syntax() && json.place() >= yaml.place() => vec![Err(json)],
        (Err(yaml), _) => vec![Err(yaml)],
    }
}

/// What a reader makes of one document's text.
#[derive(Debug)]
struct Loaded {
    value: Value,
    line: u32,
    extent: Extent,
}

impl Loaded {
    fn document(self, source: &Arc<Source>) -> Document {
        Document { source: Arc::clone(source), line: self.line, value: self.value, extent: self.extent }
    }
}

/// Whether a text that is no manifest is likely meant to become one: Helm and Jinja both open with one of
/// these.
fn looks_like_template(text: &str) -> bool {
    text.contains("{{") || text.contains("{%")
}
