//! The report is what its entries say, in both languages, and obeys nothing in them. `BUND_UPDATE=1` writes what is kept
//! anew.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::fs;
use std::path::Path;

use bund_crds::ledger_event::{RecordedDecision, RecordedObject, RecordedTransfer};
use bund_crds::{EventType, LedgerEventSpec, Moment, Persons, TransferDecision, Uid};
use bund_ledger::report::{Language, Report};
use bund_ledger::{
    Draft, Enforcement, Entry, EntryId, Event, Kept, Keys, LogName, Manifest, Place, SecretKey, ShardName,
    SignedCheckpoint, Tree,
};
use proptest::prelude::*;
use tlog_tiles::record_hash;

/// A key for tests, as everybody may know it.
const KEY: &str = "PRIVATE+KEY+ledger.example.com/prod+6400bb2e+AdgJsgwB1mQoK6pa44MjQnl7xo8Rkq6q8TD8PAcWcjBK";

fn name() -> LogName {
    "ledger.example.com/prod".parse().unwrap()
}

fn at(text: &str) -> Moment {
    text.parse().unwrap()
}

fn entry(id: &str, moment: &str, event: Event) -> Entry {
    let draft = Draft { id: EntryId::new(id).unwrap(), event, retain_until: None };
    Entry::of(draft, at(moment), "bund-controller-7c9f")
}

/// Another one for every name.
fn uid(name: &str) -> Uid {
    let number: u64 =
        name.bytes().fold(0, |number, byte| (number * 31 + u64::from(byte)) % 1_000_000_000_000);
    format!("6a1f0c1e-0000-4000-8000-{number:012}").parse().unwrap()
}

fn transfer(name: &str, sequence: u32) -> RecordedTransfer {
    RecordedTransfer {
        namespace: "shop".into(),
        name: name.into(),
        uid: uid(name),
        digest: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".parse().unwrap(),
        sequence,
        exporter: "91330106MA2EXAMPL9".parse().unwrap(),
        persons: Persons { ordinary: 120_000, sensitive: 800, under_14: 0 },
        supersedes: None,
        until: at("2026-12-31T16:00:00Z"),
    }
}

fn spec(event: EventType, observed_at: &str, why: &str) -> LedgerEventSpec {
    LedgerEventSpec {
        event,
        observed_at: at(observed_at),
        why: why.into(),
        transfer: None,
        decision: None,
        object: None,
        data_classes: vec!["personal-information".parse().unwrap()],
    }
}

fn happened(name: &str, sequence: u32, event: EventType, moment: &str, why: &str) -> Entry {
    let spec = LedgerEventSpec { transfer: Some(transfer(name, sequence)), ..spec(event, moment, why) };
    recorded(&format!("{name}.{sequence}.{event:?}"), moment, spec)
}

fn decided(name: &str, who: &str, decision: TransferDecision, event: EventType, moment: &str) -> Entry {
    let made =
        RecordedDecision { name: format!("{name}-{who}"), uid: uid(who), decision, username: who.into() };
    let spec = LedgerEventSpec {
        transfer: Some(transfer(name, 0)),
        decision: Some(made),
        ..spec(event, moment, "checked against the impact assessment")
    };
    recorded(&format!("{name}.{who}.{event:?}"), moment, spec)
}

fn recorded(id: &str, moment: &str, spec: LedgerEventSpec) -> Entry {
    entry(id, moment, Event::Recorded { name: id.into(), spec: Box::new(spec) })
}

fn downgrade() -> Entry {
    let object = RecordedObject {
        kind: "ResidencyPolicy".into(),
        namespace: None,
        name: "mainland-residency".into(),
        by: Some("kubectl-edit".into()),
    };
    let why = "placement: Deny became Warn";
    let spec = LedgerEventSpec {
        object: Some(object),
        ..spec(EventType::ModeDowngraded, "2026-05-03T01:00:00Z", why)
    };
    recorded("downgrade", "2026-05-03T01:00:00Z", spec)
}

fn enforced(minute: u32, count: u32) -> Entry {
    let first = at(&format!("2026-05-04T02:{minute:02}:01Z"));
    let place = Place { kind: "Deployment".into(), namespace: Some("shop".into()), name: "orders".into() };
    let event = Event::Enforced(Enforcement {
        action: "Evicted".into(),
        place,
        policy: "mainland-residency".into(),
        reason: "NodeOutside".into(),
        data_classes: vec!["personal-information".parse().unwrap()],
        first,
        last: first,
        count,
    });
    entry(&format!("evicted:{minute}"), &format!("2026-05-04T02:{minute:02}:02Z"), event)
}

fn document() -> Entry {
    let about = Some(transfer("crm", 0).uid.to_string());
    let event = Event::Document(Kept {
        sha256: "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae".parse().unwrap(),
        size: 48_213,
        title: "Impact assessment 2026-04 <signed>.pdf".into(),
        media_type: "application/pdf".into(),
        about,
    });
    entry("document:1", "2026-05-05T08:00:00Z", event)
}

/// What happened in a small shop.
fn story() -> Vec<Entry> {
    let keys = vec![key().verifier(Some(shard())).as_str().to_owned()];
    let opened = Event::LogOpened { origin: name().origin(shard()), keys, parent: None };
    let noted = "A laptop with a copy of the export was lost.\nThe copy was encrypted.".to_owned();
    let (approved, counts) = (TransferDecision::Approved, EventType::Decided);
    vec![
        entry("opened", "2026-05-01T00:00:00Z", opened),
        decided("crm", "wang.wei", approved, counts, "2026-05-01T01:00:00Z"),
        decided("crm", "robot", approved, EventType::DecisionRefused, "2026-05-01T01:01:00Z"),
        decided("crm", "li.na", approved, counts, "2026-05-01T01:02:00Z"),
        happened("crm", 0, EventType::Activated, "2026-05-01T01:02:05Z", "two of two approvals count"),
        happened("crm", 1, EventType::Suspended, "2026-05-02T00:00:00Z", "the filing is not valid yet"),
        happened(
            "crm",
            2,
            EventType::Resumed,
            "2026-05-02T04:00:00Z",
            "everything that it rests on holds again",
        ),
        downgrade(),
        enforced(1, 3),
        enforced(2, 1),
        document(),
        decided("payroll", "wang.wei", TransferDecision::Rejected, counts, "2026-05-06T00:00:00Z"),
        happened("payroll", 0, EventType::Revoked, "2026-05-06T00:00:03Z", "it was rejected"),
        happened("crm", 3, EventType::Revoked, "2026-05-07T00:00:00Z", "the recipient was sold"),
        happened("mailing", 0, EventType::Activated, "2026-05-08T00:00:00Z", "one of one approval counts"),
        entry("noted", "2026-05-09T00:00:00Z", Event::Noted { text: noted, about: None }),
    ]
}

fn shard() -> ShardName {
    ShardName::of_year(2026)
}

fn key() -> SecretKey {
    SecretKey::read(KEY).unwrap()
}

fn report(entries: &[Entry], language: Language) -> String {
    let keys = Keys::of(key()).verifiers(shard());
    report_with(entries, language, keys.iter().map(|key| key.as_str().to_owned()).collect())
}

/// The report of a shard whose manifest names these keys.
fn report_with(entries: &[Entry], language: Language, named: Vec<String>) -> String {
    let (shard, keys) = (shard(), Keys::of(key()));
    let mut tree = Tree::default();
    for entry in entries {
        tree.push(record_hash(&entry.line().unwrap()), &mut Vec::new());
    }
    let origin = name().origin(shard);
    let checkpoint = SignedCheckpoint::sign(&origin, tree.size(), tree.root(), &keys).unwrap();
    let manifest = Manifest {
        inception: at("2026-05-01T00:00:00Z"),
        keys: named,
        name: name(),
        origin,
        parent: None,
        v: 1,
    };
    let mut report = Report::new(name(), language);
    report.shard(shard, &manifest, &checkpoint);
    for (index, entry) in (0..).zip(entries) {
        report.entry(index, entry);
    }
    report.html()
}

#[test]
fn the_report_of_a_small_shop() {
    for language in Language::ALL {
        let html = report(&story(), language);
        let kept = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/report")
            .join(format!("{}.html", language.code()));
        if std::env::var_os("BUND_UPDATE").is_some() {
            fs::write(&kept, &html).unwrap();
        }
        assert_eq!(Language::of_report(&html), Some(language));
        let same = fs::read_to_string(&kept).unwrap_or_default() == html;
        assert!(same, "{} differs; `BUND_UPDATE=1` writes it anew", kept.display());
    }
}

#[test]
fn what_does_not_fit_is_counted() {
    let noted = |number: u32| {
        let event = Event::Noted { text: format!("number {number}"), about: None };
        entry(&format!("n:{number}"), "2026-05-01T00:00:00Z", event)
    };
    let entries: Vec<_> = (0..5003).map(noted).collect();
    let html = report(&entries, Language::English);
    assert!(html.contains("Only the first 5,000 entries are listed here; the other 3 are in entries.jsonl."));
    assert!(html.contains("id=\"e-2026/4999\"") && !html.contains("number 5000"));
}

#[test]
fn the_name_of_a_key_is_no_command() {
    let hostile = key().verifier(None).of_shard("x';reboot;'").unwrap();
    let html = report_with(&story(), Language::English, vec![hostile.as_str().to_owned()]);
    let plain = report(&story(), Language::English);
    let command = |html: &str| {
        let line = html.lines().find(|line| line.contains("echo ")).map(str::to_owned);
        line.unwrap_or_default()
    };
    assert!(command(&plain).contains(".vkey"));
    assert_eq!(command(&html), command(&plain));
}

/// The markup of a page: every tag, without the text between them.
fn tags(html: &str) -> Vec<&str> {
    html.split('<').skip(1).filter_map(|rest| rest.split_once('>')).map(|(tag, _)| tag).collect()
}

/// The story with a text in every place that somebody outside may have written.
fn with(text: &str) -> Vec<Entry> {
    let own = || text.to_owned();
    let mut entries = story();
    for entry in &mut entries {
        entry.by = own();
        match &mut entry.event {
            Event::Recorded { spec, .. } => {
                spec.why = own();
                if let Some(transfer) = &mut spec.transfer {
                    (transfer.namespace, transfer.name) = (own(), own());
                }
                if let Some(decision) = &mut spec.decision {
                    decision.username = own();
                }
                if let Some(object) = &mut spec.object {
                    (object.kind, object.name, object.by) = (own(), own(), Some(own()));
                }
            }
            Event::Enforced(enforcement) => {
                (enforcement.action, enforcement.policy) = (own(), own());
                (enforcement.reason, enforcement.place.name) = (own(), own());
            }
            Event::Document(kept) => (kept.title, kept.media_type) = (own(), own()),
            Event::Noted { text: noted, about } => {
                (*noted, *about) = (own(), Some(own()));
            }
            _ => {}
        }
    }
    entries
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn nothing_in_an_entry_is_markup(
        text in prop_oneof![any::<String>(), "(<|>|\"|'|&|</td>|<script>|-->|\\PC){1,40}"]
    ) {
        prop_assume!(!text.is_empty());
        let (hostile, plain) = (report(&with(&text), Language::English), report(&with("x"), Language::English));
        // What differs is only how many rows stand for equal things, and those have equal names in both.
        prop_assert_eq!(tags(&hostile), tags(&plain));
    }
}
