//! Random lives of transfers, compared with a plain account of what people did.
//!
//! People declare, approve, reject, revoke and delete; the law and the namespace change; clocks jump; leaders write only
//! some of what is due, or look at a view of yesterday; the store goes back to a backup while nobody is there. Whatever
//! happens in whatever order: nothing is in effect that may not be, without any write; nothing is recorded twice; what
//! ended stays ended; nothing opens before its decisions are on record; and once a leader ran to the end, all is on
//! record and as it may be.

use proptest::{prelude::*, sample::Index};

#[path = "support/ledger.rs"]
mod ledger;
#[path = "support/transfers.rs"]
mod transfers;

use ledger::Store;

/// One step. Names and people are small numbers, so that steps meet.
#[derive(Clone, Debug)]
enum Step {
    Declare {
        transfer: u8,
        supersedes: Option<u8>,
        begins_in: i64,
        lasts: i64,
    },
    /// Two people approve, in the usual order.
    ApproveTogether {
        transfer: u8,
    },
    Decide {
        transfer: u8,
        what: &'static str,
        who: u8,
    },
    DeleteDecision {
        decision: Index,
    },
    DeleteTransfer {
        transfer: u8,
    },
    Law {
        lawful: bool,
    },
    Guard {
        guarded: bool,
    },
    Pass {
        seconds: i64,
    },
    Jump {
        clock: i64,
    },
    /// The leader writes so many of what is due.
    Lead {
        writes: usize,
    },
    LeadToTheEnd,
    /// Another leader takes a look, and writes later.
    Look,
    LeadByThatLook {
        writes: usize,
    },
    BackUp,
    /// The store goes back while nobody is there, and for long enough that somebody notices.
    Restore,
}

fn step() -> impl Strategy<Value = Step> {
    let transfer = || 0..3_u8;
    let seconds = || prop_oneof![Just(1_i64), Just(600), Just(4_000), Just(100_000)];
    let lasts = prop_oneof![1 => Just(2_000_i64), 2 => Just(50_000), 6 => Just(10_000_000)];
    let begins_in = prop_oneof![5 => Just(0_i64), 1 => Just(700)];
    let what = prop_oneof![8 => Just("Approved"), 1 => Just("Rejected"), 1 => Just("Revoked")];
    let few = || 0..4_usize;
    prop_oneof![
        8 => (transfer(), prop::option::weighted(0.4, transfer()), begins_in, lasts)
            .prop_map(|(transfer, supersedes, begins_in, lasts)| Step::Declare { transfer, supersedes, begins_in, lasts }),
        6 => transfer().prop_map(|transfer| Step::ApproveTogether { transfer }),
        8 => (transfer(), what, 0..4_u8).prop_map(|(transfer, what, who)| Step::Decide { transfer, what, who }),
        3 => any::<Index>().prop_map(|decision| Step::DeleteDecision { decision }),
        1 => transfer().prop_map(|transfer| Step::DeleteTransfer { transfer }),
        2 => prop::bool::weighted(0.7).prop_map(|lawful| Step::Law { lawful }),
        2 => prop::bool::weighted(0.7).prop_map(|guarded| Step::Guard { guarded }),
        5 => seconds().prop_map(|seconds| Step::Pass { seconds }),
        2 => prop_oneof![Just(-5_000_i64), Just(0), Just(5_000)].prop_map(|clock| Step::Jump { clock }),
        6 => few().prop_map(|writes| Step::Lead { writes }),
        10 => Just(Step::LeadToTheEnd),
        2 => Just(Step::Look),
        4 => few().prop_map(|writes| Step::LeadByThatLook { writes }),
        2 => Just(Step::BackUp),
        2 => Just(Step::Restore),
    ]
}

/// A cluster, its clock, and what somebody has kept of its past.
struct Life {
    store: Store,
    /// The time as the API server has it.
    time: i64,
    /// By how much the clocks of leaders and replicas differ from it.
    jump: i64,
    uids: u32,
    look: Store,
    backup: Store,
}

impl Life {
    fn new() -> Self {
        let store = Store::new();
        Self { look: store.clone(), backup: store.clone(), store, time: 0, jump: 0, uids: 0 }
    }

    fn clock(&self) -> i64 {
        self.time + self.jump
    }

    fn uid(&mut self) -> String {
        self.uids += 1;
        format!("u-{:04}", self.uids)
    }

    fn decide(&mut self, transfer: u8, what: &'static str, who: u8) {
        let uid = self.uid();
        self.store.decide(transfer, uid, what, who, self.time);
    }

    fn take(&mut self, step: &Step) {
        let clock = self.clock();
        match *step {
            Step::Declare { transfer, supersedes, begins_in, lasts } => {
                let (uid, from) = (self.uid(), self.time + begins_in);
                self.store.declare(transfer, uid, supersedes, from, from + lasts);
            }
            Step::ApproveTogether { transfer } => {
                for who in [1, 2] {
                    self.decide(transfer, "Approved", who);
                }
            }
            Step::Decide { transfer, what, who } => self.decide(transfer, what, who),
            Step::DeleteDecision { decision } => {
                let uids: Vec<_> = self.store.account.decisions.keys().cloned().collect();
                if !uids.is_empty() {
                    self.store.delete_decision(decision.get(&uids).as_str());
                }
            }
            Step::DeleteTransfer { transfer } => self.store.delete_transfer(transfer),
            Step::Law { lawful } => self.store.set_lawful(lawful),
            Step::Guard { guarded } => self.store.set_guarded(guarded),
            Step::Pass { seconds } => self.time += seconds,
            Step::Jump { clock } => self.jump = clock,
            Step::Lead { writes } => self.store.lead(&self.store.clone(), clock, writes, true),
            Step::LeadToTheEnd => {
                self.store.lead_to_the_end(clock);
                self.store.check_complete(clock);
            }
            Step::Look => self.look = self.store.clone(),
            Step::LeadByThatLook { writes } => self.store.lead(&self.look, clock, writes, false),
            Step::BackUp => self.backup = self.store.clone(),
            Step::Restore => {
                self.store = self.backup.clone();
                self.look = self.backup.clone();
                self.jump = 0;
                self.time = self.time.max(self.store.account.watch) + 1;
            }
        }
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn nothing_is_in_effect_that_may_not_be_and_nothing_is_forgotten(steps in prop::collection::vec(step(), 1..60)) {
        let mut life = Life::new();
        for step in &steps {
            life.take(step);
            life.store.check(life.clock());
        }
        life.take(&Step::LeadToTheEnd);
        life.store.check(life.clock());
    }
}

/// As many cases as `PROPTEST_CASES` says, or enough to be quick.
fn config() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(300);
    // What fails becomes a case with a name in a table, not a seed in a file.
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}
