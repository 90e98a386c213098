//! Cases: a sentence, the objects that make it concrete, and the decision that is expected. Each runs through
//! every entrance; equal facts must give equal verdicts.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, fs, io,
    path::{Path, PathBuf},
};

use bund_crds::Mode;
use bund_engine::{
    Decision, Operation, Request, Snapshot, Subresource, Timestamp, Verdict, decide, finding::Standing,
    request::Rights, snapshot::Geography,
};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    check::{self, Inputs},
    geography,
    manifest::{Document, Unreadable},
};

/// A way into the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Entrance {
    /// The function itself.
    Engine,
    /// `bund check`.
    Cli,
    /// The webhook, called by a real API server.
    Apiserver,
}

/// One folder of `policies/cases`.
#[derive(Debug)]
pub struct Case {
    /// The folder's name.
    pub name: String,
    /// What `case.yaml` says.
    pub sheet: Sheet,
    /// The object that is judged.
    pub object: Document,
    /// The object as it was, for an update.
    pub old: Option<Document>,
    /// Further facts.
    pub facts: Vec<Document>,
    /// The world that the case stands in.
    pub world: Vec<Document>,
    /// The databases of that world that say where public addresses are.
    pub databases: Vec<PathBuf>,
    /// What they say.
    pub geography: Geography,
}

/// What `case.yaml` says.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Sheet {
    /// The sentence.
    pub title: String,
    /// The folder below `policies/worlds`.
    pub world: String,
    /// When it is asked; left out, now.
    #[serde(default)]
    pub at: Option<Timestamp>,
    /// What is asked.
    pub request: AskedRequest,
    /// What is expected.
    pub expect: Expectation,
    /// Entrances that the case cannot pass, with why.
    #[serde(default)]
    pub entrances: BTreeMap<Entrance, String>,
}

/// What is asked.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AskedRequest {
    /// What is done.
    pub operation: AskedOperation,
    /// The part of the object that is addressed.
    pub subresource: Option<String>,
    /// The resource, where it is not the usual one of the object's kind: `bindings`.
    pub resource: Option<String>,
    /// The namespace of the request, where the object names none.
    pub namespace: Option<String>,
    /// The classes that the requester was given the right to take away, by name. Nobody else has it.
    #[serde(default)]
    pub declassify: BTreeSet<String>,
    /// The classes into whose holders the requester was given the right to connect, by name.
    #[serde(default)]
    pub connect: BTreeSet<String>,
    /// The name of the request, where the object has none: what is connected to.
    pub name: Option<String>,
}

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum AskedOperation {
    /// The object is made.
    Create,
    /// The object is changed.
    Update,
    /// The object is removed.
    Delete,
    /// Somebody connects through it. The object holds the options, as the API server makes them of the request.
    Connect,
}

/// What is expected.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Expectation {
    /// The truth.
    pub verdict: ExpectedVerdict,
    /// What happens.
    pub response: ExpectedResponse,
    /// Whether the pod is confined by injection.
    #[serde(default)]
    pub injected: bool,
    /// Whether the API server refuses it by itself, when no process of ours runs.
    #[serde(default)]
    pub floor: bool,
    /// Every finding, in any order.
    #[serde(default)]
    pub findings: Vec<ExpectedFinding>,
}

/// The verdict that is expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum ExpectedVerdict {
    /// Nothing is wrong.
    Allow,
    /// Something is wrong.
    Deny,
    /// Nothing that policies keep is at stake.
    NotApplicable,
    /// Something could not be read.
    Indeterminate,
}

/// The response that is expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum ExpectedResponse {
    /// The request passes.
    Admitted,
    /// The request does not pass.
    Refused,
}

/// A finding that is expected.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ExpectedFinding {
    /// The reason's code.
    pub reason: String,
    /// The class at stake.
    pub class: Option<String>,
    /// The field at fault.
    pub field: String,
    /// The strictest mode of the policies.
    pub mode: Mode,
    /// Whether the object had it before.
    #[serde(default)]
    pub softened: bool,
}

/// A case that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum CaseError {
    /// A folder or file.
    #[error("{} cannot be read", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The sheet is not of its form.
    #[error("{} is not a case", path.display())]
    Sheet {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// A file holds something else than it should.
    #[error("{} holds {found} documents instead of one", path.display())]
    Count {
        /// Which.
        path: PathBuf,
        /// How many.
        found: usize,
    },
    /// Documents that cannot be read.
    #[error("{0}")]
    Documents(Unreadable),
    /// A database of a world.
    #[error("{0}")]
    Database(#[from] bund_geo::Error),
    /// There is nothing to run.
    #[error("{} holds no case", .0.display())]
    None(PathBuf),
}

/// Reads every case below `folder`, in order of name. Their worlds are in `worlds` beside the folder.
pub fn load(folder: &Path) -> Result<Vec<Case>, CaseError> {
    let file = |source| CaseError::File { path: folder.to_owned(), source };
    let mut folders = Vec::new();
    for entry in fs::read_dir(folder).map_err(file)? {
        let path = entry.map_err(file)?.path();
        if path.join("case.yaml").is_file() {
            folders.push(path);
        }
    }
    folders.sort();
    if folders.is_empty() {
        return Err(CaseError::None(folder.to_owned()));
    }
    let worlds = folder.with_file_name("worlds");
    folders.iter().map(|path| load_one(path, &worlds)).collect()
}

fn load_one(folder: &Path, worlds: &Path) -> Result<Case, CaseError> {
    let path = folder.join("case.yaml");
    let sheet = one(&path, plain(&path)?)?;
    let sheet: Sheet = serde_json::from_value(sheet).map_err(|source| CaseError::Sheet { path, source })?;
    let object = folder.join("object.yaml");
    let old = folder.join("old.yaml");
    let facts = folder.join("facts.yaml");
    let databases = databases(&worlds.join(&sheet.world))?;
    Ok(Case {
        name: folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
        object: one(&object, documents(&object)?)?,
        old: old.is_file().then(|| one(&old, documents(&old)?)).transpose()?,
        facts: if facts.is_file() { documents(&facts)? } else { Vec::new() },
        world: documents(&worlds.join(&sheet.world))?,
        geography: geography::read_ageless(&databases)?,
        databases,
        sheet,
    })
}

/// The databases in the folder of a world, in order of name.
fn databases(world: &Path) -> Result<Vec<PathBuf>, CaseError> {
    let file = |source| CaseError::File { path: world.to_owned(), source };
    let mut paths = Vec::new();
    for entry in fs::read_dir(world).map_err(file)? {
        let path = entry.map_err(file)?.path();
        if path.extension().is_some_and(|extension| extension == "mmdb") {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// The documents of a file that holds no Kubernetes objects.
fn plain(path: &Path) -> Result<Vec<Value>, CaseError> {
    let text =
        fs::read_to_string(path).map_err(|source| CaseError::File { path: path.to_owned(), source })?;
    let source = std::sync::Arc::new(crate::manifest::Source { name: path.display().to_string(), text });
    crate::manifest::read(&source)
        .into_iter()
        .map(|document| Ok(document.map_err(CaseError::Documents)?.value))
        .collect()
}

fn documents(path: &Path) -> Result<Vec<Document>, CaseError> {
    let mut unreadable = Vec::new();
    let documents = check::read(&[path.to_owned()], &mut unreadable, |_, _| {});
    unreadable.into_iter().next().map_or(Ok(documents), |error| Err(CaseError::Documents(error)))
}

fn one<T>(path: &Path, mut documents: Vec<T>) -> Result<T, CaseError> {
    let found = documents.len();
    documents.pop().filter(|_| found == 1).ok_or_else(|| CaseError::Count { path: path.to_owned(), found })
}

impl Case {
    /// Why the case cannot pass an entrance, if it cannot.
    pub fn barred(&self, entrance: Entrance) -> Option<&str> {
        self.sheet.entrances.get(&entrance).map(String::as_str)
    }

    /// Everything that is known when the case is asked: the shipped vocabulary, its world and its facts.
    pub fn snapshot(&self) -> (Snapshot, Vec<Unreadable>) {
        let mut unreadable = Vec::new();
        let mut snapshot = check::known(Some(&self.world), &self.facts, &[], &mut unreadable);
        snapshot.set_geography(self.geography.clone());
        (snapshot, unreadable)
    }

    /// The request.
    pub fn request(&self) -> Request {
        let asked = &self.sheet.request;
        let object = self.object.value.clone();
        let old = self.old.as_ref().map(|old| old.value.clone());
        let (operation, object, old_object) = match asked.operation {
            AskedOperation::Create => (Operation::Create, Some(object), old),
            AskedOperation::Update => (Operation::Update, Some(object), old),
            AskedOperation::Delete => (Operation::Delete, None, Some(object)),
            AskedOperation::Connect => (Operation::Connect, Some(object), None),
        };
        Request {
            operation,
            subresource: asked.subresource.as_deref().map(Subresource::from),
            namespace: asked.namespace.clone(),
            name: asked.name.clone(),
            object,
            old_object,
            rights: self.rights(),
        }
    }

    /// What the requester may do besides.
    fn rights(&self) -> Rights {
        let AskedRequest { declassify, connect, .. } = &self.sheet.request;
        let held = |classes: &BTreeSet<String>| classes.iter().map(|class| class.as_str().into()).collect();
        Rights { declassify: held(declassify), connect: held(connect) }
    }

    /// What the engine says.
    pub fn through_engine(&self, now: Timestamp) -> Decision {
        decide(&self.request(), &self.snapshot().0, self.sheet.at.unwrap_or(now))
    }

    /// What `bund check` says of the object.
    pub fn through_cli(&self, now: Timestamp) -> Option<Decision> {
        let inputs = Inputs {
            manifests: vec![self.object.clone()],
            policies: Some(self.world.clone()),
            facts: self.facts.clone(),
            old: self.old.iter().cloned().collect(),
            namespace: self.sheet.request.namespace.clone(),
            unreadable: Vec::new(),
            rights: self.rights(),
            geography: self.geography.clone(),
        };
        let now = self.sheet.at.unwrap_or(now);
        check::run(inputs, now, |_, _| {}).checked.pop().map(|checked| checked.decision)
    }
}

impl Expectation {
    /// What differs from a decision; empty where nothing does.
    pub fn differences(&self, decision: &Decision) -> Vec<String> {
        let mut differences = Vec::new();
        let mut compare = |what: &str, expected: &dyn fmt::Debug, found: &dyn fmt::Debug| {
            let (expected, found) = (format!("{expected:?}"), format!("{found:?}"));
            if expected != found {
                differences.push(format!("{what}: expected {expected}, found {found}"));
            }
        };
        compare("verdict", &self.verdict, &found_verdict(decision.verdict));
        let response =
            if decision.response().allowed { ExpectedResponse::Admitted } else { ExpectedResponse::Refused };
        compare("response", &self.response, &response);
        compare("injected", &self.injected, &decision.injection.is_some());
        // What the floor refuses, the engine refuses.
        compare(
            "refused where the floor refuses",
            &self.floor,
            &(self.floor && !decision.response().allowed),
        );
        let mut expected = self.findings.clone();
        expected.sort();
        let mut found: Vec<_> = decision.findings.iter().map(found_finding).collect();
        found.sort();
        for finding in expected.iter().filter(|finding| !found.contains(finding)) {
            compare("finding", finding, &"none");
        }
        for finding in found.iter().filter(|finding| !expected.contains(finding)) {
            compare("finding", &"none", finding);
        }
        differences
    }
}

fn found_verdict(verdict: Verdict) -> ExpectedVerdict {
    match verdict {
        Verdict::Allow => ExpectedVerdict::Allow,
        Verdict::Deny => ExpectedVerdict::Deny,
        Verdict::NotApplicable => ExpectedVerdict::NotApplicable,
        Verdict::Indeterminate => ExpectedVerdict::Indeterminate,
    }
}

fn found_finding(finding: &bund_engine::Finding) -> ExpectedFinding {
    ExpectedFinding {
        reason: finding.reason.code().to_owned(),
        class: finding.class.as_ref().map(ToString::to_string),
        field: finding.field.to_string(),
        mode: finding.mode,
        softened: finding.standing == Standing::Existed,
    }
}
