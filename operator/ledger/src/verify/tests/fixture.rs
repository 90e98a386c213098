//! Logs and exports to damage.

use std::collections::BTreeMap;
use std::sync::Arc;

use bund_crds::ledger_event::{RecordedDecision, RecordedTransfer};
use bund_crds::{EventType, LedgerEventSpec, Moment, Persons, TransferDecision, Uid};
use bytes::Bytes;
use jiff::Timestamp;
use object_store::memory::InMemory as Bucket;

use crate::export::{Range, export};
use crate::policy::Policy;
use crate::read::{Files, Folder, InMemory};
use crate::report::Language;
use crate::verify::{Kept, Report, Severity, Trust, verify_export, verify_store};
use crate::{
    Draft, Enforcement, EntryId, Event, Kept as Document, Keys, Log, LogName, Objects, Opening, Place,
    SecretKey, ShardName, Store, paths,
};

pub(super) const SHARD: &str = "2026";

/// A log in memory, and its key.
pub(super) struct Fixture {
    pub(super) store: Arc<dyn Store>,
    pub(super) key: SecretKey,
}

pub(super) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(super) fn moment(text: &str) -> Moment {
    text.parse().unwrap()
}

pub(super) fn now() -> Timestamp {
    at("2026-05-01T00:00:00Z")
}

pub(super) fn name() -> LogName {
    "ledger.example.com/test".parse().unwrap()
}

pub(super) fn memory() -> Arc<dyn Store> {
    Arc::new(Objects::new("memory", Arc::new(Bucket::new())))
}

pub(super) fn uid(number: u32) -> Uid {
    format!("6a1f0c1e-0000-4000-8000-{number:012}").parse().unwrap()
}

pub(super) fn transfer(number: u32, sequence: u32) -> RecordedTransfer {
    RecordedTransfer {
        namespace: "shop".into(),
        name: format!("orders-{number}"),
        uid: uid(number),
        digest: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".parse().unwrap(),
        sequence,
        exporter: "91330106MA2EXAMPL9".parse().unwrap(),
        persons: Persons { ordinary: 1200, sensitive: 8, under_14: 0 },
        supersedes: None,
        until: moment("2026-12-31T16:00:00Z"),
    }
}

pub(super) fn spec(event: EventType, number: u32, sequence: u32) -> LedgerEventSpec {
    LedgerEventSpec {
        event,
        observed_at: moment("2026-05-01T00:00:00Z"),
        why: "as it was declared <b>&\"".into(),
        transfer: Some(transfer(number, sequence)),
        decision: None,
        object: None,
        data_classes: vec!["personal-information".parse().unwrap()],
    }
}

pub(super) fn recorded(spec: LedgerEventSpec) -> Draft {
    let transfer = spec.transfer.as_ref().unwrap();
    let name = format!("{}.{}.{}", transfer.uid, transfer.sequence, spec.decision.is_some());
    let id = EntryId::new(&format!("{name}:{:?}", spec.event)).unwrap();
    Draft { id, event: Event::Recorded { name, spec: Box::new(spec) }, retain_until: None }
}

pub(super) fn decided(event: EventType, decision: TransferDecision, number: u32) -> LedgerEventSpec {
    let made = RecordedDecision {
        name: format!("orders-{number}-li"),
        uid: uid(900_000 + number),
        decision,
        username: "li@example.com".into(),
    };
    LedgerEventSpec { decision: Some(made), ..spec(event, number, 0) }
}

pub(super) fn noted(number: u32) -> Draft {
    let id = EntryId::new(&format!("test:{number}")).unwrap();
    Draft { id, event: Event::Noted { text: format!("number {number}"), about: None }, retain_until: None }
}

/// An event of another kind for each number.
pub(super) fn draft(number: u32) -> Draft {
    let (each, which) = (number / 5, number % 5);
    match which {
        0 => recorded(decided(EventType::Decided, TransferDecision::Approved, each)),
        1 => recorded(spec(EventType::Activated, each, 0)),
        2 => recorded(spec(EventType::Revoked, each, 1)),
        3 => {
            let enforcement = Enforcement {
                action: "Evicted".into(),
                place: Place {
                    kind: "Pod".into(),
                    namespace: Some("shop".into()),
                    name: format!("web-{each}"),
                },
                policy: "keep-inside".into(),
                reason: "NodeOutside".into(),
                data_classes: vec!["personal-information".parse().unwrap()],
                first: moment("2026-05-01T00:00:00Z"),
                last: moment("2026-05-01T00:00:59Z"),
                count: 3,
            };
            let id = EntryId::new(&format!("enforced:{each}")).unwrap();
            Draft { id, event: Event::Enforced(enforcement), retain_until: None }
        }
        _ => noted(number),
    }
}

impl Fixture {
    /// A log with no event yet.
    pub(super) async fn empty() -> (Self, Log) {
        let fixture = Self { store: memory(), key: SecretKey::generate(name()) };
        let log = Log::init(fixture.opening(), now()).await.unwrap();
        (fixture, log)
    }

    /// A log with so many entries, the first one and a document included, published in some steps.
    pub(super) async fn with(entries: u32) -> Self {
        let (fixture, mut log) = Self::empty().await;
        let drafts: Vec<_> = (0..entries - 2).map(draft).collect();
        for some in drafts.chunks(drafts.len().div_ceil(3)) {
            log.append(some, now()).await.unwrap();
            log.publish().await.unwrap();
        }
        log.append(&[fixture.document(b"a contract").await], now()).await.unwrap();
        log.publish().await.unwrap();
        fixture
    }

    /// A document that is kept in the store.
    pub(super) async fn document(&self, bytes: &'static [u8]) -> Draft {
        let sha256 = crate::commit::hex(bytes);
        self.store.create(&paths::blob(&sha256), Bytes::from_static(bytes)).await.unwrap();
        let kept = Document {
            sha256: sha256.parse().unwrap(),
            size: bytes.len() as u64,
            title: "contract".into(),
            media_type: "text/plain".into(),
            about: None,
        };
        let id = EntryId::new(&format!("document:{sha256}")).unwrap();
        Draft { id, event: Event::Document(kept), retain_until: None }
    }

    pub(super) fn opening(&self) -> Opening {
        let keys = Keys::of(self.key.clone());
        Opening { store: self.store.clone(), keys, by: "test".into(), anchors: Vec::new() }
    }

    /// The same, open for writing.
    pub(super) async fn opened(self) -> (Self, Log) {
        let log = Log::open(self.opening()).await.unwrap();
        (self, log)
    }

    /// Trust in the key.
    pub(super) fn trust(&self) -> Trust {
        Trust { policy: Some(Policy::of_logs(vec![self.key.verifier(None)])), checkpoints: Vec::new() }
    }

    /// Trust in the key, and a checkpoint that was kept.
    pub(super) fn trust_and(&self, checkpoint: &str) -> Trust {
        let kept = Kept { place: "kept".into(), text: checkpoint.into() };
        Trust { checkpoints: vec![kept], ..self.trust() }
    }

    pub(super) async fn export(&self, range: Range) -> InMemory {
        let folder = tempfile::tempdir().unwrap();
        export(&*self.store, range, Language::English, folder.path()).await.unwrap();
        read(&Folder::new(folder.path()))
    }

    pub(super) async fn text(&self, path: &str) -> String {
        String::from_utf8(self.store.get(path).await.unwrap().unwrap().to_vec()).unwrap()
    }

    pub(super) async fn verify(&self) -> Report {
        verify_store(&self.store, &self.trust()).await.unwrap()
    }
}

pub(super) fn read(folder: &Folder) -> InMemory {
    let files: BTreeMap<_, _> = folder
        .list()
        .unwrap()
        .into_iter()
        .map(|path| {
            let bytes = folder.get(&path).unwrap().unwrap();
            (path, bytes)
        })
        .collect();
    InMemory { files }
}

/// A copy of a store.
pub(super) async fn copy(store: &Arc<dyn Store>) -> Arc<dyn Store> {
    let copied = memory();
    for path in store.list("").await.unwrap() {
        let bytes = store.get(&path).await.unwrap().unwrap();
        copied.put(&path, bytes).await.unwrap();
    }
    copied
}

pub(super) fn shard() -> ShardName {
    SHARD.parse().unwrap()
}

/// Asserts that nothing at all is said.
pub(super) fn assert_whole(report: &Report) {
    assert_eq!((&report.findings, report.exit_code()), (&Vec::new(), 0));
}

pub(super) fn is_found(files: &InMemory, trust: &Trust) -> bool {
    verify_export(files, trust).unwrap().worst() > Some(Severity::Warning)
}
