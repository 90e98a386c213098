//! Judging documents: what stands where, and what the engine says of each object.

use std::{
    collections::{BTreeMap, BTreeSet},
    mem,
};

use bund_crds::Mode;
use bund_engine::{
    Assumption, Decision, Finding, Request, Snapshot, Timestamp, decide,
    request::Rights,
    snapshot::{CarrierKind, Geography, OwnKind},
};
use serde::Serialize;
use serde_json::{Value, json};

use crate::manifest::{Document, Unreadable};

mod advice;
mod known;
mod read;
mod scope;

pub use advice::{Advice, AdviceCode};
pub use known::{Key, Role};
pub(crate) use known::{given_twice, known};
pub use read::read;
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
    /// What whoever applies the manifests may do besides. A pipeline may do nothing.
    pub rights: Rights,
    /// What databases say of where public addresses are.
    pub geography: Geography,
}

/// One judged object.
#[derive(Debug)]
pub struct Checked {
    /// The document that it came from.
    pub document: Document,
    /// What the engine says.
    pub decision: Decision,
    /// What is told besides of a transfer, a decision or an event of the record.
    pub advice: Vec<Advice>,
}

/// What a check found.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Every judged object, in the order of the input.
    pub checked: Vec<Checked>,
    /// What could not be read, in order of its place.
    pub unreadable: Vec<Unreadable>,
    /// What was not known and taken for granted, each once.
    pub assumptions: BTreeSet<Assumption>,
    /// Whether any policy judged, or one that could not be read would have.
    pub judged_by: JudgedBy,
}

/// Whether anything was asked of the objects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum JudgedBy {
    /// No policy was given, so nothing could be found.
    #[default]
    Nothing,
    /// At least one policy.
    Policies,
}

/// What makes a check fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gate {
    /// Which findings.
    pub fail_on: FailOn,
    /// Whether assumptions do.
    pub strictness: Strictness,
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

/// Whether assumptions make a check fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strictness {
    /// They are listed.
    Assume,
    /// They fail the check.
    NoAssumptions,
}

/// How a check ended, as the exit code tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Ending {
    /// 0: nothing to complain about.
    Clean,
    /// 1: violations.
    Violations,
    /// 2: something could not be read, or there was nothing to read.
    Unreadable,
}

/// How many of what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Objects that were judged.
    pub objects: usize,
    /// Of these: refused.
    pub refused: usize,
    /// Of these: admitted with warnings.
    pub warned: usize,
    /// Of these: admitted, with something to record and nothing worse.
    pub recorded: usize,
    /// Of these: nothing found.
    pub clean: usize,
    /// Documents and fields that could not be read.
    pub unreadable: usize,
}

/// Judges every manifest. `progress` is called after each with the number judged so far and that of all.
pub fn run(inputs: Inputs, now: Timestamp, progress: impl FnMut(usize, usize)) -> Outcome {
    run_with_facts(inputs, now, progress).0
}

/// The same, with everything that was known.
pub(crate) fn run_with_facts(
    inputs: Inputs,
    now: Timestamp,
    mut progress: impl FnMut(usize, usize),
) -> (Outcome, Snapshot) {
    let Inputs { mut manifests, policies, mut facts, mut old, namespace, mut unreadable, rights, geography } =
        inputs;
    for document in manifests.iter_mut().chain(&mut old).chain(&mut facts) {
        place(&mut document.value, namespace.as_deref());
    }
    let mut snapshot = known(policies.as_deref(), &facts, &manifests, &mut unreadable);
    snapshot.set_geography(geography);
    let today = today(old, &mut unreadable);
    unreadable.sort_by(|a, b| place_of(a).cmp(&place_of(b)));
    unreadable.dedup();

    let world = snapshot.world();
    let policy = |kind| kind == OwnKind::ResidencyPolicy;
    let any_policy = world.policies().next().is_some() || world.unreadable().any(|fact| policy(fact.kind));
    let judged_by = if any_policy { JudgedBy::Policies } else { JudgedBy::Nothing };

    let mut outcome = Outcome { unreadable, judged_by, ..Outcome::default() };
    let total = manifests.len();
    for mut document in manifests {
        let before = if today.is_empty() { None } else { today.get(&Key::of(&document.value)) };
        let before = before.map(|old| old.value.clone());
        // The request borrows nothing, and a copy of every object would cost more than its judgement.
        let mut request = Request::of_object(mem::take(&mut document.value), before);
        request.rights.clone_from(&rights);
        let decision = decide(&request, &snapshot, now);
        document.value = request.object.take().unwrap_or_default();
        let assumed = decision.assumptions.iter().filter(|assumed| !is_implied(assumed));
        outcome.assumptions.extend(assumed.cloned());
        let advice = advice::advise(&document.value, &decision.subject, &snapshot, now);
        outcome.checked.push(Checked { document, decision, advice });
        progress(outcome.checked.len(), total);
    }
    (outcome, snapshot)
}

/// The objects as they are today. Of one that is given twice, differently, nobody knows which it is.
fn today(mut old: Vec<Document>, unreadable: &mut Vec<Unreadable>) -> BTreeMap<Key, Document> {
    old.sort_by(|a, b| (&a.source.name, a.line).cmp(&(&b.source.name, b.line)));
    let mut today: BTreeMap<Key, Document> = BTreeMap::new();
    for document in old {
        let key = Key::of(&document.value);
        match today.get(&key) {
            Some(first) if first.value != document.value => {
                unreadable.push(known::given_twice(first, &document));
            }
            Some(_) => {}
            None => drop(today.insert(key, document)),
        }
    }
    today
}

fn place_of(unreadable: &Unreadable) -> (&str, u32, u32, &str) {
    (&unreadable.source_name, unreadable.line, unreadable.column, &unreadable.problem)
}

/// Every namespace has a ServiceAccount `default` that nobody writes down; taking it for granted is no guess.
fn is_implied(assumption: &Assumption) -> bool {
    match assumption {
        Assumption::CarrierAbsent(id) => {
            id.kind == CarrierKind::ServiceAccount && id.name.as_ref() == "default"
        }
        Assumption::LocationAbsent
        | Assumption::ClassAbsent(..)
        | Assumption::NamespaceAbsent(_)
        | Assumption::NodeAbsent(_)
        | Assumption::TargetAbsent { .. }
        | Assumption::PodAbsent { .. } => false,
    }
}

/// Gives an object that names no namespace the one of the command line.
pub(crate) fn place(object: &mut Value, namespace: Option<&str>) {
    let Some(namespace) = namespace.filter(|_| !is_cluster_scoped(object)) else { return };
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        let named = metadata.entry("namespace").or_insert(Value::Null);
        // The API server takes null and the empty string for absent.
        if named.is_null() || named == "" {
            *named = json!(namespace);
        }
    }
}

// === impl Checked ===

impl Checked {
    /// What each thing that is told of the object does.
    fn consequences(&self) -> impl Iterator<Item = Mode> {
        let findings = self.decision.findings.iter().map(Finding::consequence);
        findings.chain(self.advice.iter().map(|advice| advice.consequence))
    }
}

// === impl Gate ===

impl Gate {
    /// Whether what has this consequence makes the check fail.
    pub fn fails(self, consequence: Mode) -> bool {
        match (consequence, self.fail_on) {
            (Mode::Deny, _) | (Mode::Warn, FailOn::Warn | FailOn::Any) | (Mode::Audit, FailOn::Any) => true,
            (Mode::Warn | Mode::Audit, FailOn::Deny) | (Mode::Audit, FailOn::Warn) => false,
        }
    }

    /// Whether assumptions make the check fail.
    pub fn fails_on_assumptions(self) -> bool {
        self.strictness == Strictness::NoAssumptions
    }
}

// === impl Outcome ===

impl Outcome {
    /// How the check ended.
    pub fn ending(&self, gate: Gate) -> Ending {
        if !self.unreadable.is_empty() || self.checked.is_empty() || self.judged_by == JudgedBy::Nothing {
            return Ending::Unreadable;
        }
        let assumed = gate.fails_on_assumptions() && !self.assumptions.is_empty();
        let mut consequences = self.checked.iter().flat_map(Checked::consequences);
        let fails = assumed || consequences.any(|consequence| gate.fails(consequence));
        if fails { Ending::Violations } else { Ending::Clean }
    }

    /// How many of what.
    pub fn summary(&self) -> Summary {
        let mut summary = Summary { unreadable: self.unreadable.len(), ..Summary::default() };
        for checked in &self.checked {
            summary.objects += 1;
            *match checked.consequences().max() {
                Some(Mode::Deny) => &mut summary.refused,
                Some(Mode::Warn) => &mut summary.warned,
                Some(Mode::Audit) => &mut summary.recorded,
                None => &mut summary.clean,
            } += 1;
        }
        summary
    }
}
