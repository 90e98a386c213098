//! From paths to documents.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use serde_json::Value;

use crate::manifest::{self, Document, Source, Unreadable};

/// Reads every document of `paths`. What cannot be read is added to `unreadable`. `progress` is called after each
/// file of a path with the number read so far and that of all.
pub fn read(
    paths: &[PathBuf],
    unreadable: &mut Vec<Unreadable>,
    mut progress: impl FnMut(usize, usize),
) -> Vec<Document> {
    let mut documents = Vec::new();
    for path in paths {
        let inputs = manifest::files(std::slice::from_ref(path));
        if inputs.is_empty() {
            unreadable.push(empty_folder(path));
        }
        let total = inputs.len();
        for (index, input) in inputs.into_iter().enumerate() {
            match input.and_then(|input| input.load()) {
                Ok(source) => documents.extend(read_source(&source, unreadable)),
                Err(error) => unreadable.push(error),
            }
            progress(index + 1, total);
        }
    }
    documents
}

/// Reads every document of one source, lists opened.
pub(super) fn read_source(source: &Arc<Source>, unreadable: &mut Vec<Unreadable>) -> Vec<Document> {
    let mut documents = Vec::new();
    for document in manifest::read(source) {
        match document.and_then(manifest::expand_list) {
            Ok(items) => {
                for item in items {
                    match named(item) {
                        Ok(object) => documents.push(object),
                        Err(error) => unreadable.push(error),
                    }
                }
            }
            Err(error) => unreadable.push(error),
        }
    }
    documents
}

/// A document is an object only with an `apiVersion` and a `kind`.
fn named(document: Document) -> Result<Document, Unreadable> {
    let text = |member: &str| {
        document.value.get(member).and_then(Value::as_str).is_some_and(|text| !text.is_empty())
    };
    if text("apiVersion") && text("kind") {
        return Ok(document);
    }
    Err(Unreadable {
        source_name: document.source.name.clone(),
        line: document.line,
        column: 1,
        problem: "not a Kubernetes object: it has no `apiVersion` and `kind`".to_owned(),
        remedy: "leave the file out, or render it first if it is an input of Helm or Kustomize".to_owned(),
    })
}

fn empty_folder(path: &Path) -> Unreadable {
    Unreadable {
        source_name: path.display().to_string(),
        line: 0,
        column: 0,
        problem: "the folder holds no manifest".to_owned(),
        remedy: "name a folder with `.yaml`, `.yml` or `.json` files in or below it".to_owned(),
    }
}
