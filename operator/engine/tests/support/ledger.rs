//! A cluster in small: what the API server stores of transfers, and a plain account of what people did.
//!
//! The account knows nothing of sequences, digests and texts. It keeps what people did to what, who had what on record
//! when a transfer was opened, and what may therefore be in effect.
#![expect(
    clippy::indexing_slicing,
    clippy::unreachable,
    clippy::unwrap_used,
    reason = "a test that cannot go on says where"
)]

use std::collections::{BTreeMap, BTreeSet};

use bund_crds::{EventType, TransferDecision, ledger_event::RecordedTransfer};
use bund_engine::{
    Snapshot, Timestamp,
    snapshot::Watch,
    transfer::{Absent, Due, Standing, standing_on_record},
};
use serde_json::{Value, json};

use super::transfers::{self, NEEDED, PLAIN, REQUESTER, observe};

/// How long a renewal keeps watch, in seconds.
const WATCH: i64 = 3600;

/// What is stored, and what the account says of it.
#[derive(Clone)]
pub struct Store {
    pub objects: Snapshot,
    pub account: Account,
}

/// What people did, and what became of it.
#[derive(Clone, Default)]
pub struct Account {
    /// By name.
    pub transfers: BTreeMap<u8, Declared>,
    /// By uid; what was deleted is gone.
    pub decisions: BTreeMap<String, Made>,
    /// The names of the events, in the order in which they were written.
    pub written: Vec<String>,
    pub lawful: bool,
    pub guarded: bool,
    /// Until when somebody keeps watch.
    pub watch: i64,
    /// The latest time of anything that was written.
    clock: i64,
    /// When somebody last noticed that nobody had kept watch.
    noticed: i64,
    open: BTreeSet<String>,
    opened_with: BTreeMap<String, BTreeSet<String>>,
    ended: BTreeSet<String>,
    /// What may have ended as well: it was opened by somebody who did not know that an approval had been deleted.
    doubtful: BTreeSet<String>,
    /// On what the approvals are that are on record.
    decided: BTreeMap<String, String>,
    /// What the record says has ended.
    closed_for_good: BTreeSet<String>,
}

#[derive(Clone)]
pub struct Declared {
    pub object: Value,
    uid: String,
    from: i64,
    until: i64,
    supersedes: Option<u8>,
}

#[derive(Clone)]
pub struct Made {
    pub object: Value,
    on: String,
    what: &'static str,
    who: String,
    created: i64,
    /// Whether somebody has kept watch ever since it was made.
    watched: Watched,
}

/// Whether somebody has kept watch over a decision.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Watched {
    Always,
    /// It was made when nobody did, and somebody took over afterwards. It may count, or not.
    Since,
    /// Nobody did at some time after it was made. It does not count.
    NotAlways,
}

pub fn at(second: i64) -> Timestamp {
    "2026-06-01T00:00:00Z".parse::<Timestamp>().unwrap() + jiff::SignedDuration::from_secs(second)
}

fn name(number: u8) -> String {
    format!("t-{number}")
}

impl Store {
    pub fn new() -> Self {
        let mut store = Self {
            objects: Snapshot::default(),
            account: Account { noticed: i64::MIN, clock: i64::MIN, ..Account::default() },
        };
        store.set_guarded(true);
        store.set_lawful(true);
        store.set_watch(WATCH);
        store
    }

    pub fn set_guarded(&mut self, guarded: bool) {
        observe(&mut self.objects, &transfers::namespace(guarded));
        self.account.guarded = guarded;
    }

    pub fn set_lawful(&mut self, lawful: bool) {
        let exporter = transfers::exporter();
        if lawful {
            observe(&mut self.objects, &exporter);
        } else {
            transfers::forget(&mut self.objects, &exporter);
        }
        self.account.lawful = lawful;
    }

    fn set_watch(&mut self, until: i64) {
        self.account.watch = until;
        self.objects.set_watch(Watch::Until(at(until)));
    }

    pub fn declare(&mut self, number: u8, uid: String, supersedes: Option<u8>, from: i64, until: i64) {
        if self.account.transfers.contains_key(&number) || from >= until {
            return;
        }
        let mut object =
            transfers::transfer(&name(number), &uid, &at(from).to_string(), &at(until).to_string());
        if let Some(other) = supersedes {
            object["spec"]["supersedes"] = json!(name(other));
        }
        observe(&mut self.objects, &object);
        self.account.transfers.insert(number, Declared { object, uid, from, until, supersedes });
    }

    pub fn decide(&mut self, number: u8, uid: String, what: &'static str, who: u8, now: i64) {
        let Some(declared) = self.account.transfers.get(&number) else { return };
        let who = format!("person-{who}");
        let object = transfers::decision(&uid, &declared.object, what, &who, &at(now).to_string());
        observe(&mut self.objects, &object);
        let watched = if now <= self.account.noticed { Watched::Since } else { Watched::Always };
        let made = Made { object, on: declared.uid.clone(), what, who, created: now, watched };
        self.account.decisions.insert(uid, made);
    }

    pub fn delete_transfer(&mut self, number: u8) {
        if let Some(declared) = self.account.transfers.remove(&number) {
            transfers::forget(&mut self.objects, &declared.object);
            self.account.ended.insert(declared.uid);
        }
    }

    pub fn delete_decision(&mut self, uid: &str) {
        let Some(made) = self.account.decisions.remove(uid) else { return };
        transfers::forget(&mut self.objects, &made.object);
        if self.account.opened_with.get(&made.on).is_some_and(|with| with.contains(uid)) {
            self.account.ended.insert(made.on.clone());
        }
    }

    /// A leader takes one look, `seen`, and writes the first `writes` of what is due. It renews its watch where it wrote
    /// all that closes something.
    pub fn lead(&mut self, seen: &Self, clock: i64, writes: usize, renews: bool) {
        let due = PLAIN.due(&seen.objects, at(clock));
        let closings = due.iter().filter(|due| closes(due.spec.event)).count();
        for due in due.iter().take(writes) {
            self.write(seen, due);
        }
        if renews && writes >= closings {
            self.renew(clock);
        }
    }

    /// Leaders go on until nothing is due.
    pub fn lead_to_the_end(&mut self, clock: i64) {
        for _ in 0..20 {
            if PLAIN.due(&self.objects, at(clock)).is_empty() {
                self.renew(clock);
                return;
            }
            self.lead(&self.clone(), clock, usize::MAX, true);
        }
        let due = PLAIN.due(&self.objects, at(clock));
        assert_eq!(due, [], "there is always more due");
    }

    fn renew(&mut self, clock: i64) {
        let clock = clock.max(self.account.clock);
        let lapsed = self.account.watch;
        if clock >= lapsed {
            let made = self.account.decisions.values_mut();
            made.filter(|made| made.created <= lapsed).for_each(|made| made.watched = Watched::NotAlways);
            self.account.notice(clock);
        }
        self.set_watch(clock + WATCH);
    }

    /// Writes one event, unless it is there, or what it says is gone is not.
    fn write(&mut self, seen: &Self, due: &Due) {
        let name = due.name.to_string();
        let is_gone = |Absent { id, uid }: &Absent| {
            let there = |object: &Value| {
                object["kind"] == *id.kind
                    && object["metadata"]["name"] == *id.name
                    && object["metadata"]["uid"] == uid.as_str()
            };
            !self.account.objects().any(there)
        };
        if self.account.written.contains(&name) || !due.absent.iter().all(is_gone) {
            return;
        }
        observe(&mut self.objects, &transfers::event(due));
        self.account.take(&seen.account, due);
        self.account.written.push(name);
    }

    /// Nothing is in effect that may not be.
    pub fn check(&self, clock: i64) {
        for (number, declared) in &self.account.transfers {
            if self.is_active(*number, clock) {
                assert_eq!(self.account.objection(declared, clock), None, "{}", declared.uid);
            }
        }
    }

    /// Nothing is forgotten once a leader ran to the end.
    pub fn check_complete(&self, clock: i64) {
        let clock = clock.max(self.account.clock);
        for (number, declared) in &self.account.transfers {
            let uid = &declared.uid;
            let may_be = self.account.objection_but_for_the_record(declared, clock).is_none();
            let ended = self.account.closed_for_good.contains(uid);
            let is_sure = self.account.approvals(uid).all(|(_, made)| made.watched == Watched::Always);
            let active = self.is_active(*number, clock);
            if is_sure {
                assert_eq!(active, may_be && !ended, "{uid} is as it may be");
            }
            assert_eq!(self.account.open.contains(uid), active, "{uid} is on record as it is");
            assert_eq!(self.is_active_on_record(uid, clock), active, "{uid} is as its record says");
        }
        for (uid, made) in &self.account.decisions {
            let judged = self.account.transfers.values().any(|declared| declared.uid == made.on);
            let refused = self.account.written.contains(&format!("{uid}.refused"));
            assert!(!judged || self.account.is_decided(uid) || refused, "{uid} is on record");
        }
        let there: BTreeSet<_> = self.account.transfers.values().map(|declared| &declared.uid).collect();
        let left: Vec<_> = self.account.open.iter().filter(|uid| !there.contains(uid)).collect();
        assert_eq!(left, Vec::<&String>::new(), "what is gone is closed");
    }

    pub fn is_active(&self, number: u8, clock: i64) -> bool {
        let Some(facts) = self.objects.transfers().transfer(transfers::NAMESPACE, &name(number)) else {
            return false;
        };
        matches!(PLAIN.standing(facts, &self.objects, at(clock)), Standing::Active(_))
    }

    /// Whether a transfer is in effect by its record alone.
    fn is_active_on_record(&self, uid: &str, clock: i64) -> bool {
        let uid = uid.parse().unwrap();
        let told = standing_on_record(&uid, self.objects.transfers(), at(clock));
        matches!(told, Standing::Active(_))
    }
}

impl Account {
    fn objects(&self) -> impl Iterator<Item = &Value> {
        let declared = self.transfers.values().map(|declared| &declared.object);
        declared.chain(self.decisions.values().map(|made| &made.object))
    }

    fn is_decided(&self, decision: &str) -> bool {
        self.written.contains(&format!("{decision}.decided"))
    }

    /// Takes in an event that was just written, by somebody who had `seen` this.
    fn take(&mut self, seen: &Self, due: &Due) {
        let RecordedTransfer { uid, .. } = due.spec.transfer.as_ref().unwrap();
        let uid = uid.to_string();
        self.clock = self.clock.max(due.spec.observed_at.0.duration_since(at(0)).as_secs());
        match due.spec.event {
            EventType::Activated | EventType::Resumed => self.open(seen, &uid, due.spec.event),
            EventType::Suspended => {
                let was_open = self.open.remove(&uid);
                let lapsed = due.spec.why.starts_with("nobody kept watch");
                assert!(was_open || lapsed, "{uid} was open");
                if lapsed {
                    self.notice(self.clock);
                }
                assert!(!self.closed_for_good.contains(&uid), "{uid} had ended");
            }
            EventType::Expired | EventType::Revoked | EventType::Superseded => {
                assert!(self.opened_with.contains_key(&uid), "{uid} was opened before it ended");
                assert!(self.closed_for_good.insert(uid.clone()), "{uid} ended once");
                self.open.remove(&uid);
                let time_is_over = due.spec.event == EventType::Expired;
                let final_decision = self.has_final_decision(&uid) || seen.has_final_decision(&uid);
                assert!(
                    time_is_over
                        || final_decision
                        || self.ended.contains(&uid)
                        || self.doubtful.contains(&uid),
                    "{uid} had a reason to end"
                );
                self.ended.insert(uid);
            }
            EventType::Decided => {
                let decision = due.spec.decision.as_ref().unwrap();
                if decision.decision == TransferDecision::Approved {
                    self.decided.insert(decision.uid.to_string(), uid);
                } else {
                    self.ended.insert(uid);
                }
            }
            EventType::DecisionRefused => {}
            EventType::ModeDowngraded
            | EventType::Declassified
            | EventType::GlassBroken
            | EventType::GlassWhole => unreachable!("no transfer has it"),
        }
    }

    /// Somebody noticed at this time that nobody had kept watch.
    fn notice(&mut self, clock: i64) {
        self.noticed = self.noticed.max(clock);
        let made = self.decisions.values_mut().filter(|made| made.watched == Watched::Always);
        made.filter(|made| made.created <= clock).for_each(|made| made.watched = Watched::Since);
    }

    fn open(&mut self, seen: &Self, uid: &str, event: EventType) {
        assert!(!self.closed_for_good.contains(uid), "{uid} had ended");
        assert!(self.open.insert(uid.to_owned()), "{uid} was not open");
        let first = !self.opened_with.contains_key(uid);
        assert_eq!(first, event == EventType::Activated, "{uid} is activated once, and first");
        let known: BTreeSet<_> = seen.approvals(uid).map(|(decision, _)| decision.clone()).collect();
        let decided = known.iter().filter(|decision| seen.is_decided(decision));
        let people: BTreeSet<_> = decided.map(|decision| &seen.decisions[decision].who).collect();
        assert!(people.len() >= NEEDED, "{uid} is opened by decisions on record");
        let own = self.decided.iter().filter(|(_, on)| *on == uid).map(|(decision, _)| decision);
        let mut deleted = own.filter(|decision| !self.decisions.contains_key(*decision));
        let is_known = |decision: &str| seen.is_decided(decision) && !seen.decisions.contains_key(decision);
        let is_withdrawn = |decision: &str| self.written.contains(&format!("{decision}.withdrawn"));
        if deleted.any(|decision| !is_known(decision) && !is_withdrawn(decision)) {
            self.doubtful.insert(uid.to_owned());
        }
        let there: BTreeSet<_> =
            self.approvals(uid).map(|(uid, _)| uid.clone()).filter(|uid| self.is_decided(uid)).collect();
        self.opened_with.entry(uid.to_owned()).or_default().extend(known.intersection(&there).cloned());
        let opened = seen.transfers.values().find(|declared| declared.uid == uid);
        let superseded =
            opened.and_then(|opened| opened.supersedes).and_then(|name| seen.transfers.get(&name));
        if let (EventType::Activated, Some(superseded)) = (event, superseded) {
            self.ended.insert(superseded.uid.clone());
        }
    }

    fn approvals(&self, uid: &str) -> impl Iterator<Item = (&String, &Made)> {
        let own = self.decisions.iter().filter(move |(_, made)| made.on == uid && made.what == "Approved");
        own.filter(|(_, made)| made.who != REQUESTER && made.watched != Watched::NotAlways)
    }

    fn has_final_decision(&self, uid: &str) -> bool {
        self.decisions.values().any(|made| made.on == uid && made.what != "Approved")
    }

    /// Why a transfer may not be in effect.
    fn objection(&self, declared: &Declared, clock: i64) -> Option<&'static str> {
        let clock = clock.max(self.clock);
        if !self.open.contains(&declared.uid) {
            return Some("the record does not say that it is open");
        }
        if clock >= self.watch {
            return Some("nobody keeps watch");
        }
        let recorded = |(uid, _): &(&String, &Made)| self.is_decided(uid);
        let people: BTreeSet<_> =
            self.approvals(&declared.uid).filter(recorded).map(|(_, made)| &made.who).collect();
        if people.len() < NEEDED {
            return Some("too few approvals are on record");
        }
        self.objection_but_for_the_record(declared, clock)
    }

    fn objection_but_for_the_record(&self, declared: &Declared, clock: i64) -> Option<&'static str> {
        let Declared { uid, from, until, supersedes, object } = declared;
        let people: BTreeSet<_> = self.approvals(uid).map(|(_, made)| &made.who).collect();
        let names_itself = supersedes.is_some_and(|other| object["metadata"]["name"] == name(other));
        [
            (self.lawful, "the law does not allow it"),
            (self.guarded, "the namespace is not guarded"),
            ((*from..*until).contains(&clock), "it is not its time"),
            (people.len() >= NEEDED, "too few people approve"),
            (!self.has_final_decision(uid), "somebody rejected or revoked it"),
            (!self.ended.contains(uid), "it ended"),
            (!names_itself, "it supersedes itself"),
        ]
        .into_iter()
        .find_map(|(holds, why)| (!holds).then_some(why))
    }
}

fn closes(event: EventType) -> bool {
    matches!(event, EventType::Suspended | EventType::Expired | EventType::Revoked | EventType::Superseded)
}
