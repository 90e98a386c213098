//! Judging documents: what stands where, and what the engine says of each object.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::Arc,
};

use bund_crds::Mode;
use bund_engine::{
    Assumption, Decision, ObjectId, Request, Snapshot, Timestamp, decide,
    snapshot::{CarrierKind, Observed},
};
use serde_json::{Value, json};

use crate::{
    builtin,
    manifest::{self, Document, Unreadable},
};

mod scope;

pub use scope::is_cluster_scoped;

/// Everything that one check reads.
#[derive(Debug, Default)]
pub struct Inputs {
    /// The objects that are judged.
    pub manifests: Vec<Document>,
    /// Policies that judge instead of the built-in starter policy.
    pub policies: Option<Vec<Document>>,
    /// Objects that are known and not judged.
    pub facts: Vec<Document>,
    /// Objects as they are today; an object given here makes an update of its manifest.
    pub old: Vec<Document>,
    /// The namespace of objects that name none.
    pub namespace: Option<String>,
    /// What could not be read on the way here.
    pub unreadable: Vec<Unreadable>,
}

/// One judged object.
#[derive(Debug)]
pub struct Checked {
    /// The document that it came from.
    pub document: Document,
    /// What the engine says.
    pub decision: Decision,
}

/// What a check found.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Every judged object, in the order of the input.
    pub checked: Vec<Checked>,
    /// What could not be read.
    pub unreadable: Vec<Unreadable>,
    /// What was not known and taken for granted, each once.
    pub assumptions: BTreeSet<Assumption>,
}

/// Which findings make a check fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum FailOn {
    /// Refusals.
    Deny,
    /// Refusals and warnings.
    Warn,
    /// Any finding.
    Any,
}

/// How a check ended, as the exit code tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// 0: nothing to complain about.
    Clean,
    /// 1: violations.
    Violations,
    /// 2: something could not be read, or there was nothing to read.
    Unreadable,
}

/// Reads every document of `paths`. What cannot be read is added to `unreadable`.
pub fn read(paths: &[PathBuf], unreadable: &mut Vec<Unreadable>) -> Vec<Document> {
    let mut documents = Vec::new();
    for input in manifest::files(paths) {
        match input.and_then(|input| input.load()) {
            Ok(source) => documents.extend(read_source(&source, unreadable)),
            Err(error) => unreadable.push(error),
        }
    }
    documents
}

fn read_source(source: &Arc<manifest::Source>, unreadable: &mut Vec<Unreadable>) -> Vec<Document> {
    let mut documents = Vec::new();
    for document in manifest::read(source) {
        match document
            .and_then(manifest::expand_list)
            .and_then(|items| items.into_iter().map(named).collect())
        {
            Ok::<Vec<Document>, _>(items) => documents.extend(items),
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
    Err(unreadable(
        &document,
        "not a Kubernetes object: it has no `apiVersion` and `kind`",
        "leave the file out, or render it first if it is an input of Helm or Kustomize",
    ))
}

fn unreadable(document: &Document, problem: &str, remedy: &str) -> Unreadable {
    Unreadable {
        source_name: document.source.name.clone(),
        line: document.line,
        column: 1,
        problem: problem.to_owned(),
        remedy: remedy.to_owned(),
    }
}

/// Judges every manifest. `progress` is called after each with the number judged so far.
pub fn run(inputs: Inputs, now: Timestamp, mut progress: impl FnMut(usize, usize)) -> Outcome {
    let Inputs { mut manifests, policies, facts, mut old, namespace, unreadable } = inputs;
    let mut outcome = Outcome { unreadable, ..Outcome::default() };
    for document in manifests.iter_mut().chain(&mut old) {
        place(&mut document.value, namespace.as_deref());
    }
    let snapshot = known(policies, &facts, &manifests, &mut outcome.unreadable);
    let mut today: BTreeMap<ObjectId, Value> = old
        .into_iter()
        .map(|document| (snapshot.extract(&document.value, None, None).id, document.value))
        .collect();
    let total = manifests.len();
    for document in manifests {
        let id = snapshot.extract(&document.value, None, None).id;
        let request = Request::of_object(document.value.clone(), today.remove(&id));
        let decision = decide(&request, &snapshot, now);
        outcome
            .assumptions
            .extend(decision.assumptions.iter().filter(|assumed| !is_implied(assumed)).cloned());
        outcome.checked.push(Checked { document, decision });
        progress(outcome.checked.len(), total);
    }
    outcome
}

/// Every namespace has a ServiceAccount `default` that nobody writes down; taking it for granted is no guess.
fn is_implied(assumption: &Assumption) -> bool {
    match assumption {
        Assumption::CarrierAbsent(id) => {
            id.kind == CarrierKind::ServiceAccount && id.name.as_ref() == "default"
        }
        Assumption::LocationAbsent
        | Assumption::NamespaceAbsent(_)
        | Assumption::NodeAbsent(_)
        | Assumption::PodAbsent { .. } => false,
    }
}

/// Gives an object that names no namespace the one of the command line.
fn place(object: &mut Value, namespace: Option<&str>) {
    let Some(namespace) = namespace.filter(|_| !is_cluster_scoped(object)) else { return };
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.entry("namespace").or_insert_with(|| json!(namespace));
    }
}

/// Everything that is known: the built-in vocabulary, policies, facts, and the manifests themselves.
pub(crate) fn known(
    policies: Option<Vec<Document>>,
    facts: &[Document],
    manifests: &[Document],
    unreadable: &mut Vec<Unreadable>,
) -> Snapshot {
    let mut known = Known { snapshot: Snapshot::default(), nodes: false };
    known.built_in(builtin::VOCABULARY, unreadable);
    match &policies {
        Some(policies) => known.observe_all(policies, unreadable),
        None => known.starter(unreadable),
    }
    known.observe_all(facts, unreadable);
    known.observe_all(manifests, unreadable);
    if known.nodes {
        known.snapshot.set_nodes_listed();
    }
    known.snapshot
}

struct Known {
    snapshot: Snapshot,
    /// Whether any Node was given: then all of them count as given.
    nodes: bool,
}

impl Known {
    fn built_in(&mut self, files: &[(&str, &str)], unreadable: &mut Vec<Unreadable>) {
        for source in builtin::sources(files) {
            let documents = read_source(&source, unreadable);
            self.observe_all(&documents, unreadable);
        }
    }

    /// The starter policy, with every aspect of consequence enforced.
    fn starter(&mut self, unreadable: &mut Vec<Unreadable>) {
        for source in builtin::sources(builtin::STARTER) {
            for mut document in read_source(&source, unreadable) {
                if let Some(spec) = document.value.get_mut("spec").and_then(Value::as_object_mut) {
                    let deny = Mode::Deny.to_string();
                    let enforcement = json!({
                        "placement": deny, "storage": deny, "network": deny, "egress": deny, "connect": deny
                    });
                    spec.insert("enforcement".to_owned(), enforcement);
                }
                self.observe(&document, unreadable);
            }
        }
    }

    fn observe_all(&mut self, documents: &[Document], unreadable: &mut Vec<Unreadable>) {
        for document in documents {
            self.observe(document, unreadable);
        }
    }

    fn observe(&mut self, document: &Document, unreadable: &mut Vec<Unreadable>) {
        let text = |member: &str| document.value.get(member).and_then(Value::as_str).unwrap_or_default();
        self.nodes |= text("apiVersion") == "v1" && text("kind") == "Node";
        if self.snapshot.observe(&document.value) == Observed::Unreadable {
            let id = self.snapshot.extract(&document.value, None, None).id;
            let fact = self
                .snapshot
                .world()
                .unreadable()
                .find(|f| f.kind.as_str() == id.kind.as_ref() && f.name == id.name);
            let why = fact.map(|fact| fact.why.clone()).unwrap_or_default();
            let problem = format!("{id} is not valid: {why}");
            unreadable.push(self::unreadable(
                document,
                &problem,
                "correct the field; `kubectl explain` describes it",
            ));
        }
    }
}

impl Outcome {
    /// How the check ended.
    pub fn ending(&self, fail_on: FailOn, strict: Strictness) -> Ending {
        if !self.unreadable.is_empty() || self.checked.is_empty() {
            return Ending::Unreadable;
        }
        let fails = |checked: &Checked| {
            checked.decision.findings.iter().any(|finding| match (finding.consequence(), fail_on) {
                (Mode::Deny, _) | (Mode::Warn, FailOn::Warn | FailOn::Any) | (Mode::Audit, FailOn::Any) => {
                    true
                }
                (Mode::Warn | Mode::Audit, FailOn::Deny) | (Mode::Audit, FailOn::Warn) => false,
            })
        };
        let assumed = strict == Strictness::NoAssumptions && !self.assumptions.is_empty();
        if assumed || self.checked.iter().any(fails) { Ending::Violations } else { Ending::Clean }
    }
}

/// Whether assumptions make a check fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strictness {
    /// They are listed.
    Assume,
    /// They fail the check.
    NoAssumptions,
}
