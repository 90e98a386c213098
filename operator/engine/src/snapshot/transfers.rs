//! What is declared, decided and recorded of cross-border transfers.

use alloc::{
    borrow::ToOwned,
    boxed::Box,
    format,
    string::{String, ToString},
    sync::Arc,
};

use bund_crds::{
    CreditCode, CrossBorderTransferSpec, Digest, ExporterSpec, GROUP, LedgerEventSpec, Problem,
    TransferApprovalSpec, Uid, labels,
};
use jiff::Timestamp;
use rpds::RedBlackTreeMapSync;
use serde::Serialize;
use serde_json::Value;

use super::{DEFAULT_NAMESPACE, Observed, read_spec, record::Record};
use crate::transfer;

/// The kinds that declare, decide and record transfers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum TransferKind {
    /// A declared flow of data out.
    CrossBorderTransfer,
    /// Who exports.
    Exporter,
    /// What happened.
    LedgerEvent,
    /// One person's decision.
    TransferApproval,
}

impl TransferKind {
    /// Every such kind.
    pub const ALL: [Self; 4] =
        [Self::CrossBorderTransfer, Self::Exporter, Self::LedgerEvent, Self::TransferApproval];

    /// The kind of this group and name.
    pub fn of(group: &str, kind: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|own| group == GROUP && own.as_str() == kind)
    }

    /// The kind's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CrossBorderTransfer => "CrossBorderTransfer",
            Self::Exporter => "Exporter",
            Self::LedgerEvent => "LedgerEvent",
            Self::TransferApproval => "TransferApproval",
        }
    }

    /// Whether objects of the kind have a namespace.
    pub fn is_namespaced(self) -> bool {
        match self {
            Self::CrossBorderTransfer | Self::TransferApproval => true,
            Self::Exporter | Self::LedgerEvent => false,
        }
    }
}

/// Namespace and name; the namespace is empty where the kind has none.
pub type TransferKey = (Box<str>, Box<str>);

/// A declared transfer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransferFacts {
    /// Its namespace.
    pub namespace: Box<str>,
    /// Its name.
    pub name: Box<str>,
    /// Its uid; absent for an object that no API server has seen. It covers nothing.
    pub uid: Option<Uid>,
    /// The digest of its exact text; absent where there is no uid.
    pub digest: Option<Digest>,
    /// Who created it, as it was stamped.
    pub creator: Option<Creator>,
    /// When the API server made it.
    pub created: Option<Timestamp>,
    /// Whether its deletion was asked for.
    pub going: bool,
    /// What it declares.
    pub spec: CrossBorderTransferSpec,
}

/// Who created a transfer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Creator {
    /// The user name.
    pub username: Box<str>,
    /// The uid, where there was one.
    pub uid: Option<Box<str>>,
}

/// One person's decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApprovalFacts {
    /// Its namespace.
    pub namespace: Box<str>,
    /// Its name.
    pub name: Box<str>,
    /// Its uid.
    pub uid: Option<Uid>,
    /// When the API server made it.
    pub created: Option<Timestamp>,
    /// Whether its deletion was asked for.
    pub going: bool,
    /// What it says.
    pub spec: TransferApprovalSpec,
}

/// Who exports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExporterFacts {
    /// What it declares.
    pub spec: ExporterSpec,
}

/// Something that was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventFacts {
    /// Its name, which is made of what happened.
    pub name: Box<str>,
    /// What happened.
    pub spec: LedgerEventSpec,
}

/// An object of these kinds that cannot be read. It opens nothing, and may be one that closes something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnreadableTransfer {
    /// Its kind.
    pub kind: TransferKind,
    /// Where it is.
    pub key: TransferKey,
    /// Why, with the field.
    pub why: String,
}

/// Until when somebody keeps watch over what is in effect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Watch {
    /// Nothing is known about it, as on a command line: it is taken for granted.
    #[default]
    NotGiven,
    /// Up to this moment a leader has seen that what is in effect may be. Afterwards nothing is.
    Until(Timestamp),
}

/// What is declared, decided and recorded.
#[derive(Clone, Debug, Default)]
pub struct Transfers {
    exporters: RedBlackTreeMapSync<CreditCode, Arc<ExporterFacts>>,
    declared: RedBlackTreeMapSync<TransferKey, Arc<TransferFacts>>,
    approvals: RedBlackTreeMapSync<TransferKey, Arc<ApprovalFacts>>,
    record: Record,
    unreadable: RedBlackTreeMapSync<(TransferKind, TransferKey), Arc<UnreadableTransfer>>,
    watch: Watch,
}

impl Transfers {
    /// The exporter of this code.
    pub fn exporter(&self, code: &CreditCode) -> Option<&ExporterFacts> {
        self.exporters.get(code).map(AsRef::as_ref)
    }

    /// Every exporter, in order of code.
    pub fn exporters(&self) -> impl Iterator<Item = &ExporterFacts> {
        self.exporters.values().map(AsRef::as_ref)
    }

    /// The transfer of this name.
    pub fn transfer(&self, namespace: &str, name: &str) -> Option<&TransferFacts> {
        self.declared.get(&(namespace.into(), name.into())).map(AsRef::as_ref)
    }

    /// Every transfer, in order of namespace and name.
    pub fn transfers(&self) -> impl Iterator<Item = &TransferFacts> {
        self.declared.values().map(AsRef::as_ref)
    }

    /// The transfers of one namespace, in order of name.
    pub fn transfers_in<'s>(&'s self, namespace: &str) -> impl Iterator<Item = &'s TransferFacts> {
        in_namespace(&self.declared, namespace).map(AsRef::as_ref)
    }

    /// The decisions of one namespace, in order of name.
    pub fn approvals_in<'s>(&'s self, namespace: &str) -> impl Iterator<Item = &'s ApprovalFacts> {
        in_namespace(&self.approvals, namespace).map(AsRef::as_ref)
    }

    /// The decision of this name.
    pub fn approval(&self, namespace: &str, name: &str) -> Option<&ApprovalFacts> {
        self.approvals.get(&(namespace.into(), name.into())).map(AsRef::as_ref)
    }

    /// Every decision, in order of namespace and name.
    pub fn approvals(&self) -> impl Iterator<Item = &ApprovalFacts> {
        self.approvals.values().map(AsRef::as_ref)
    }

    /// What was recorded, in order of name.
    pub fn events(&self) -> impl Iterator<Item = &EventFacts> {
        self.record.all()
    }

    /// What was recorded under this name.
    pub fn event(&self, name: &str) -> Option<&EventFacts> {
        self.record.get(name)
    }

    /// What was recorded of a transfer, in order of name.
    pub fn events_of(&self, transfer: &Uid) -> impl Iterator<Item = &EventFacts> {
        self.record.of_transfer(transfer)
    }

    /// Every transfer that something was recorded of, whether or not it is still there, in order.
    pub fn recorded(&self) -> impl Iterator<Item = &Uid> {
        self.record.transfers()
    }

    /// The activation that took the place of a transfer.
    pub fn successor(&self, transfer: &Uid) -> Option<&EventFacts> {
        self.record.successor(transfer)
    }

    /// The latest moment at which something was observed, as the record has it.
    pub fn latest(&self) -> Option<Timestamp> {
        self.record.latest()
    }

    /// The time to judge by: `now`, and never earlier than what is on record, so that a clock that jumps back revives
    /// nothing.
    pub fn clock(&self, now: Timestamp) -> Timestamp {
        self.latest().map_or(now, |latest| latest.max(now))
    }

    /// Whether there is an object of this kind and name that cannot be read.
    pub(crate) fn is_unreadable(&self, kind: TransferKind, namespace: &str, name: &str) -> bool {
        self.unreadable.contains_key(&(kind, (namespace.into(), name.into())))
    }

    /// The same without these decisions.
    pub(super) fn without_approvals(&self, gone: &[TransferKey]) -> Self {
        let mut left = self.clone();
        for key in gone {
            left.approvals.remove_mut(key);
        }
        left
    }

    /// Objects of these kinds that cannot be read.
    pub fn unreadable(&self) -> impl Iterator<Item = &UnreadableTransfer> {
        self.unreadable.values().map(AsRef::as_ref)
    }

    /// Until when somebody keeps watch.
    pub fn watch(&self) -> Watch {
        self.watch
    }

    pub(super) fn set_watch(&mut self, watch: Watch) {
        self.watch = watch;
    }

    pub(super) fn observe(&mut self, kind: TransferKind, object: &Value) -> Observed {
        let metadata = object.get("metadata").unwrap_or(&Value::Null);
        let meta =
            |member: &str| metadata.get(member).and_then(Value::as_str).filter(|text| !text.is_empty());
        let namespace =
            if kind.is_namespaced() { meta("namespace").unwrap_or(DEFAULT_NAMESPACE) } else { "" };
        let key: TransferKey = (namespace.into(), meta("name").unwrap_or_default().into());
        self.forget(kind, &key);
        match self.take(kind, &key, object) {
            Ok(()) => Observed::Fact,
            Err(problem) => {
                let unreadable = UnreadableTransfer { kind, key: key.clone(), why: problem.to_string() };
                self.unreadable.insert_mut((kind, key), Arc::new(unreadable));
                Observed::Unreadable
            }
        }
    }

    fn take(&mut self, kind: TransferKind, key: &TransferKey, object: &Value) -> Result<(), Problem> {
        let (namespace, name) = key.clone();
        match kind {
            TransferKind::CrossBorderTransfer => {
                let facts = TransferFacts::read(namespace, name, object)?;
                self.declared.insert_mut(key.clone(), Arc::new(facts));
            }
            TransferKind::Exporter => {
                let spec: ExporterSpec = read_spec(&name, object)?;
                self.exporters.insert_mut(spec.credit_code.clone(), Arc::new(ExporterFacts { spec }));
            }
            TransferKind::LedgerEvent => {
                let spec = read_spec(&name, object)?;
                self.record.insert(EventFacts { name, spec });
            }
            TransferKind::TransferApproval => {
                let spec = read_spec(&name, object)?;
                let facts = ApprovalFacts {
                    namespace,
                    name,
                    uid: uid(object)?,
                    created: time(object, "creationTimestamp")?,
                    going: time(object, "deletionTimestamp")?.is_some(),
                    spec,
                };
                self.approvals.insert_mut(key.clone(), Arc::new(facts));
            }
        }
        Ok(())
    }

    pub(super) fn forget(&mut self, kind: TransferKind, key: &TransferKey) {
        self.unreadable.remove_mut(&(kind, key.clone()));
        match kind {
            TransferKind::CrossBorderTransfer => drop(self.declared.remove_mut(key)),
            TransferKind::Exporter => {
                // It is named by its code.
                if let Ok(code) = key.1.to_ascii_uppercase().parse() {
                    self.exporters.remove_mut(&code);
                }
            }
            TransferKind::LedgerEvent => self.record.remove(&key.1),
            TransferKind::TransferApproval => drop(self.approvals.remove_mut(key)),
        }
    }
}

fn in_namespace<'s, F>(
    map: &'s RedBlackTreeMapSync<TransferKey, Arc<F>>,
    namespace: &str,
) -> impl Iterator<Item = &'s Arc<F>> {
    let first: TransferKey = (namespace.into(), Box::default());
    map.range(first..).take_while(move |((other, _), _)| other.as_ref() == namespace).map(|(_, facts)| facts)
}

impl TransferFacts {
    /// Reads a transfer as the API server would have taken it.
    pub fn read(namespace: Box<str>, name: Box<str>, object: &Value) -> Result<Self, Problem> {
        let spec = read_spec(&name, object)?;
        let annotation = |key: &str| {
            let text = object.get("metadata")?.get("annotations")?.get(key)?.as_str()?;
            (!text.is_empty()).then(|| Box::<str>::from(text))
        };
        let creator = annotation(labels::CREATED_BY)
            .map(|username| Creator { username, uid: annotation(labels::CREATED_BY_UID) });
        Ok(Self {
            uid: uid(object)?,
            digest: transfer::digest(&namespace, object),
            creator,
            created: time(object, "creationTimestamp")?,
            going: time(object, "deletionTimestamp")?.is_some(),
            namespace,
            name,
            spec,
        })
    }
}

fn uid(object: &Value) -> Result<Option<Uid>, Problem> {
    match object.pointer("/metadata/uid") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.is_empty() => Ok(None),
        Some(Value::String(text)) => text.parse().map(Some).map_err(|error| problem("uid", &error)),
        Some(_) => Err(problem("uid", &"is not a text")),
    }
}

fn time(object: &Value, member: &str) -> Result<Option<Timestamp>, Problem> {
    match object.get("metadata").and_then(|metadata| metadata.get(member)) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => text.parse().map(Some).map_err(|error| problem(member, &error)),
        Some(_) => Err(problem(member, &"is not a time")),
    }
}

fn problem(member: &str, why: &dyn ToString) -> Problem {
    Problem { field: format!("metadata.{member}").to_owned(), message: why.to_string() }
}
