//! Opens list documents, as kubectl does before it sends anything.

use std::ops::ControlFlow;

use serde_json::{Map, Value};

use super::locate::{Moment, walk};
use super::problem::{Problem, Refusal, shown};
use super::{Document, Extent, Step, Unreadable};

/// The documents in a document: its items where it is a list, itself otherwise. Lists in lists are opened
/// too.
///
/// kubectl takes every object with an `items` field for a list, the API server goes by the kind. Where they
/// agree, the items take the place of the list, and an item without kind and API version gets them from the
/// list's (`PodList`). Where they do not, the document is unreadable. The nesting is bounded by
/// [`MAX_DEPTH`](super::MAX_DEPTH).
pub fn expand_list(document: Document) -> Result<Vec<Document>, Unreadable> {
    let Some(kind) = document.value.get("kind").and_then(Value::as_str).map(str::to_owned) else {
        return Ok(vec![document]);
    };
    let item_kind = kind.strip_suffix("List");
    match (document.value.get("items"), item_kind) {
        (None, _) => Ok(vec![document]),
        (Some(Value::Null), Some(_)) => Ok(Vec::new()),
        (Some(Value::Array(_)), Some(item_kind)) => items(document, item_kind),
        (Some(_), _) => Err(misread(&document, &kind)),
    }
}

fn misread(document: &Document, kind: &str) -> Unreadable {
    let place = super::position(document, &[Step::Key("items".to_owned())]);
    let refusal = Refusal { line: place.line, column: place.column, problem: Problem::Items(shown(kind)) };
    Unreadable::new(&document.source.name, &refusal, false)
}

fn items(mut document: Document, item_kind: &str) -> Result<Vec<Document>, Unreadable> {
    let extents = item_extents(&document);
    let api_version = document.value.get("apiVersion").cloned();
    let Some(Value::Array(items)) = document.value.get_mut("items").map(Value::take) else {
        return Ok(Vec::new());
    };
    // An item that came through an alias has no text of its own.
    let nowhere = Extent { bytes: 0..0, line: document.line, column: 0 };
    let mut documents = Vec::with_capacity(items.len());
    for (index, mut value) in items.into_iter().enumerate() {
        let extent = extents.get(index).unwrap_or(&nowhere).clone();
        if let Value::Object(fields) = &mut value {
            infer_type(fields, item_kind, api_version.as_ref());
        }
        let source = std::sync::Arc::clone(&document.source);
        documents.extend(expand_list(Document { source, line: extent.line, value, extent })?);
    }
    Ok(documents)
}

fn infer_type(fields: &mut Map<String, Value>, kind: &str, api_version: Option<&Value>) {
    let absent = |name: &str| fields.get(name).and_then(Value::as_str).is_none_or(str::is_empty);
    if let (true, true, Some(api_version)) = (absent("kind"), absent("apiVersion"), api_version) {
        fields.insert("kind".to_owned(), Value::from(kind));
        fields.insert("apiVersion".to_owned(), api_version.clone());
    }
}

/// The text of each item, so that a finding in one does not mean reading the whole list again.
fn item_extents(document: &Document) -> Vec<Extent> {
    let mut extents: Vec<Extent> = Vec::new();
    walk(&document.source.text, &document.extent, |path, node| {
        if let [Step::Key(field), Step::Index(_)] = path
            && field == "items"
        {
            match node.moment {
                Moment::Enter => extents.push(Extent {
                    bytes: node.offset..document.extent.bytes.end,
                    line: node.position.line,
                    column: node.position.column.saturating_sub(1),
                }),
                Moment::Leave => {
                    if let Some(last) = extents.last_mut() {
                        last.bytes.end = node.offset;
                    }
                }
            }
        }
        ControlFlow::Continue(())
    });
    extents
}
