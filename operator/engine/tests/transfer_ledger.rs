//! Random lives of transfers with a ledger that fails at random, leaders that die anywhere, and an etcd that goes back.
//!
//! An opening is in the ledger before it is in the cluster; everything else is there afterwards. Whatever happens: nothing
//! is in effect whose opening is not in the ledger, the ledger has each event once and nothing after an end, and from the
//! first whole pass after the cluster was set back nothing is in effect that the ledger says ended.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::collections::{BTreeMap, BTreeSet};

use bund_crds::{EventType, LedgerEventSpec};
use bund_engine::{
    Snapshot, Timestamp,
    snapshot::TransferFacts,
    transfer::{Due, Memory, Standing, Turn, is_end},
};
use proptest::{prelude::*, sample::Index};
use serde_json::Value;

#[path = "support/transfers.rs"]
mod transfers;

use transfers::{PLAIN, decision, event, exporter, forget, namespace, observe, transfer};

/// One step. Names and people are small numbers, so that steps meet.
#[derive(Clone, Debug)]
enum Step {
    Declare {
        transfer: u8,
        lasts: i64,
    },
    Decide {
        transfer: u8,
        what: &'static str,
        who: u8,
    },
    Delete {
        object: Index,
    },
    Guard {
        guarded: bool,
    },
    Pass {
        seconds: i64,
    },
    /// A leader begins anew and knows what the ledger says.
    NewLeader,
    /// The leader does so many things of a pass, and then dies. The ledger takes what the bits say.
    Lead {
        things: usize,
        takes: u16,
    },
    LeadToTheEnd,
    BackUp,
    Restore,
}

fn step() -> impl Strategy<Value = Step> {
    let transfer = || 0..3_u8;
    let what = prop_oneof![12 => Just("Approved"), 1 => Just("Rejected"), 2 => Just("Revoked")];
    prop_oneof![
        4 => (transfer(), prop_oneof![Just(2_000_i64), Just(10_000_000)])
            .prop_map(|(transfer, lasts)| Step::Declare { transfer, lasts }),
        12 => (transfer(), what, 1..4_u8).prop_map(|(transfer, what, who)| Step::Decide { transfer, what, who }),
        2 => any::<Index>().prop_map(|object| Step::Delete { object }),
        2 => prop::bool::weighted(0.7).prop_map(|guarded| Step::Guard { guarded }),
        2 => prop_oneof![Just(1_i64), Just(900)].prop_map(|seconds| Step::Pass { seconds }),
        2 => Just(Step::NewLeader),
        8 => (0..12_usize, any::<u16>()).prop_map(|(things, takes)| Step::Lead { things, takes }),
        6 => Just(Step::LeadToTheEnd),
        2 => Just(Step::BackUp),
        2 => Just(Step::Restore),
    ]
}

/// What etcd holds.
#[derive(Clone, Default)]
struct Cluster {
    known: Snapshot,
    /// Transfers and decisions, by uid.
    objects: BTreeMap<String, Value>,
}

/// What somebody wrote into the ledger, in order. It does not go back.
#[derive(Default)]
struct Ledger {
    entries: Vec<(String, LedgerEventSpec)>,
    ids: BTreeSet<String>,
}

impl Ledger {
    fn append(&mut self, name: &str, spec: &LedgerEventSpec) {
        if self.ids.insert(format!("{name}:{:?}", spec.event)) {
            self.entries.push((name.to_owned(), spec.clone()));
        }
    }

    fn memory(&self) -> Memory {
        let mut memory = Memory::default();
        for (name, spec) in &self.entries {
            memory.note(name, spec);
        }
        memory
    }
}

/// What is left of the things that a leader does before it dies, and of what the ledger takes.
struct Luck {
    things: usize,
    takes: u16,
}

impl Luck {
    const ALWAYS: Self = Self { things: usize::MAX, takes: u16::MAX };

    fn lives(&mut self) -> bool {
        self.things = self.things.saturating_sub(1);
        self.things > 0
    }

    fn is_taken(&mut self) -> bool {
        let taken = self.takes & 1 == 1;
        self.takes = self.takes.rotate_right(1);
        taken
    }
}

struct Life {
    cluster: Cluster,
    backup: Cluster,
    ledger: Ledger,
    /// What the leader knows.
    memory: Memory,
    time: i64,
    uids: u32,
    /// Whether nobody has led a whole pass since the cluster was set back.
    is_behind: bool,
}

fn at(second: i64) -> Timestamp {
    "2026-06-01T00:00:00Z".parse::<Timestamp>().unwrap() + jiff::SignedDuration::from_secs(second)
}

impl Life {
    fn new() -> Self {
        let mut cluster = Cluster::default();
        observe(&mut cluster.known, &namespace(true));
        observe(&mut cluster.known, &exporter());
        let backup = cluster.clone();
        let (ledger, memory) = (Ledger::default(), Memory::default());
        Self { cluster, backup, ledger, memory, time: 0, uids: 0, is_behind: false }
    }

    fn uid(&mut self) -> String {
        self.uids += 1;
        format!("u-{:04}", self.uids)
    }

    fn add(&mut self, uid: String, object: Value) {
        observe(&mut self.cluster.known, &object);
        self.cluster.objects.insert(uid, object);
    }

    fn declared(&self, number: u8) -> Option<&Value> {
        let name = format!("t-{number}");
        self.cluster
            .objects
            .values()
            .find(|object| object.pointer("/metadata/name").is_some_and(|found| *found == *name))
    }

    fn take(&mut self, step: &Step) {
        match *step {
            Step::Declare { transfer: number, lasts } => {
                if self.declared(number).is_none() {
                    let (uid, from, until) = (self.uid(), at(self.time), at(self.time + lasts));
                    let name = format!("t-{number}");
                    self.add(uid.clone(), transfer(&name, &uid, &from.to_string(), &until.to_string()));
                }
            }
            Step::Decide { transfer, what, who } => {
                if let Some(on) = self.declared(transfer).cloned() {
                    let uid = self.uid();
                    let made =
                        decision(&uid, &on, what, &format!("person-{who}"), &at(self.time).to_string());
                    self.add(uid, made);
                }
            }
            Step::Delete { object } => {
                let uids: Vec<_> = self.cluster.objects.keys().cloned().collect();
                if !uids.is_empty() {
                    let gone = self.cluster.objects.remove(object.get(&uids)).unwrap();
                    forget(&mut self.cluster.known, &gone);
                }
            }
            Step::Guard { guarded } => observe(&mut self.cluster.known, &namespace(guarded)),
            Step::Pass { seconds } => self.time += seconds,
            Step::NewLeader => self.memory = self.ledger.memory(),
            Step::Lead { things, takes } => {
                let mut luck = Luck { things, takes };
                if !self.lead(&mut luck) {
                    self.memory = self.ledger.memory();
                }
            }
            Step::LeadToTheEnd => self.lead_to_the_end(),
            Step::BackUp => self.backup = self.cluster.clone(),
            Step::Restore => {
                self.cluster = self.backup.clone();
                self.memory = self.ledger.memory();
                self.is_behind = true;
            }
        }
    }

    fn due(&self) -> Vec<Due> {
        let (known, now) = (&self.cluster.known, at(self.time));
        self.memory.recall(PLAIN.due(known, now), known.transfers().transfers(), known, now)
    }

    /// One pass, as far as luck goes: whether the leader lives.
    fn lead(&mut self, luck: &mut Luck) -> bool {
        let mut failed = false;
        for due in self.due() {
            let opens = Turn::of(due.spec.event) == Some(Turn::Opens);
            if opens && (failed || !self.append_opening(&due, luck)) {
                failed = true;
                continue;
            }
            if !luck.lives() {
                return false;
            }
            if self.cluster.known.transfers().event(&due.name).is_none() {
                observe(&mut self.cluster.known, &event(&due));
            }
        }
        self.is_behind &= failed;
        // What the cluster holds comes into the ledger afterwards.
        let held: Vec<_> = self.cluster.known.transfers().events().cloned().collect();
        for event in held {
            if !luck.lives() {
                return false;
            }
            self.append(&event.name, &event.spec, luck);
        }
        true
    }

    /// An opening, after everything that it rests on: whether the ledger acknowledged it.
    fn append_opening(&mut self, due: &Due, luck: &mut Luck) -> bool {
        let uid = &due.spec.transfer.as_ref().unwrap().uid;
        let rests_on: Vec<_> = self.cluster.known.transfers().events_of(uid).cloned().collect();
        rests_on.iter().all(|event| self.append(&event.name, &event.spec, luck))
            && self.append(&due.name, &due.spec, luck)
    }

    fn append(&mut self, name: &str, spec: &LedgerEventSpec, luck: &mut Luck) -> bool {
        let taken = luck.is_taken();
        if taken {
            self.ledger.append(name, spec);
            self.memory.note(name, spec);
        } else if luck.is_taken() {
            // It is there, and nobody was told.
            self.ledger.append(name, spec);
        }
        taken
    }

    fn lead_to_the_end(&mut self) {
        for _ in 0..20 {
            if self.due().is_empty() {
                break;
            }
            self.lead(&mut Luck { ..Luck::ALWAYS });
        }
        self.lead(&mut Luck { ..Luck::ALWAYS });
        assert_eq!(self.due(), [], "there is always more due");
        for event in self.cluster.known.transfers().events() {
            assert!(self.memory.holds(&event.name, &event.spec), "{} is in the ledger", event.name);
        }
        let transfers = self.cluster.known.transfers();
        let there: BTreeSet<_> = transfers.transfers().filter_map(|facts| facts.uid.as_ref()).collect();
        for (name, spec) in &self.ledger.entries {
            let is_there = there.contains(&spec.transfer.as_ref().unwrap().uid);
            assert!(!is_there || transfers.event(name).is_some(), "{name} is in the cluster again");
        }
    }

    fn check(&self) {
        let ended: BTreeSet<_> = self.ledger.memory().ended().cloned().collect();
        for facts in self.cluster.known.transfers().transfers().filter(|facts| self.is_active(facts)) {
            let uid = facts.uid.as_ref().unwrap();
            let openings = self.cluster.known.transfers().events_of(uid);
            let openings = openings.filter(|event| Turn::of(event.spec.event) == Some(Turn::Opens));
            for opening in openings {
                let id = format!("{}:{:?}", opening.name, opening.spec.event);
                assert!(self.ledger.ids.contains(&id), "{id} is in effect and not in the ledger");
            }
            assert!(self.is_behind || !ended.contains(uid), "{uid} is in effect, and ended");
        }
        let mut over = BTreeSet::new();
        let mut activated = BTreeSet::new();
        for (name, spec) in &self.ledger.entries {
            let uid = &spec.transfer.as_ref().unwrap().uid;
            let opens = Turn::of(spec.event) == Some(Turn::Opens);
            assert!(!(opens && over.contains(uid)), "{name} opens what the ledger says ended");
            if spec.event == EventType::Activated {
                assert!(activated.insert(uid), "{uid} is activated once");
            }
            if is_end(spec) {
                over.insert(uid);
            }
        }
    }

    fn is_active(&self, facts: &TransferFacts) -> bool {
        matches!(PLAIN.standing(facts, &self.cluster.known, at(self.time)), Standing::Active(_))
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn what_is_in_effect_is_in_the_ledger_and_what_ended_there_does_not_come_back(
        steps in prop::collection::vec(step(), 1..60)
    ) {
        let mut life = Life::new();
        for step in &steps {
            life.take(step);
            life.check();
        }
        life.take(&Step::LeadToTheEnd);
        life.check();
    }
}

/// As many cases as `PROPTEST_CASES` says, or enough to be quick.
fn config() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(300);
    // What fails becomes a case with a name in a table, not a seed in a file.
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}
