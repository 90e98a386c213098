//! What the events of transfers may say after those before them.
//!
//! The record of a cluster tells who decided, what opened and what closed. It does not tell who asked for a transfer, so
//! whether an approver was somebody else cannot be seen here: the admission of approvals sees to that.

use std::collections::{HashMap, HashSet};

use bund_crds::ledger_event::RecordedTransfer;
use bund_crds::{Digest, EventType, LedgerEventSpec, TransferDecision, Uid};

use super::report::Severity;
use crate::entry::Entry;
use crate::event::{Enforcement, Event};

/// The longest time over which enforcements are folded into one entry, in seconds.
const FOLDED: i64 = 60;

type Wrong = (Severity, String);

/// Reads what was recorded, in its order.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    transfers: HashMap<Uid, Course>,
    /// Whether entries before the first one that is read are missing: what rests on them cannot be judged.
    pub(crate) is_partial: bool,
}

/// What was recorded of one transfer so far.
#[derive(Debug)]
struct Course {
    digest: Digest,
    /// The decisions that approve it and count.
    approvals: HashSet<Uid>,
    /// How it ended, if it did.
    ended: Option<&'static str>,
    /// The number of the last event that opened or closed it, and whether it opened it.
    last: Option<(u32, bool)>,
}

/// What an event does to its transfer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    Opens,
    Suspends,
    Ends(&'static str),
}

impl Rules {
    /// What is wrong with an entry after those before it.
    pub(crate) fn check(&mut self, entry: &Entry) -> Vec<Wrong> {
        match &entry.event {
            Event::Recorded { name: _, spec } => self.recorded(spec),
            Event::Enforced(enforcement) => enforced(enforcement),
            _ => Vec::new(),
        }
    }

    fn recorded(&mut self, spec: &LedgerEventSpec) -> Vec<Wrong> {
        let mut wrong = Vec::new();
        let turn = turn(spec.event);
        let is_decision = matches!(spec.event, EventType::Decided | EventType::DecisionRefused);
        let Some(transfer) = &spec.transfer else {
            if turn.is_some() || is_decision {
                wrong.push(tampered("it names no transfer"));
            }
            return wrong;
        };
        if is_decision != spec.decision.is_some() {
            wrong.push(tampered("a decision belongs to events about decisions, and to no others"));
        }
        let is_partial = self.is_partial;
        let course = self.transfers.entry(transfer.uid.clone()).or_insert_with(|| Course {
            digest: transfer.digest.clone(),
            approvals: HashSet::new(),
            ended: None,
            last: None,
        });
        if course.digest != transfer.digest {
            wrong.push(tampered("its transfer has another text than before, and transfers do not change"));
        }
        if is_decision {
            course.decided(spec, &mut wrong);
        }
        if let Some(turn) = turn {
            course.sequence(transfer, turn, is_partial, &mut wrong);
            if turn == Turn::Opens {
                course.opens(spec, transfer, is_partial, &mut wrong);
            }
            if let Turn::Ends(how) = turn {
                course.ended = Some(how);
            }
            course.last = Some((transfer.sequence, turn == Turn::Opens));
        }
        wrong
    }
}

impl Course {
    fn decided(&mut self, spec: &LedgerEventSpec, wrong: &mut Vec<Wrong>) {
        let Some(decision) = &spec.decision else { return };
        if spec.event == EventType::DecisionRefused {
            self.approvals.remove(&decision.uid);
            return;
        }
        if decision.username.is_empty() {
            wrong.push(tampered("a decision counts although nobody is stamped on it"));
        }
        if decision.decision == TransferDecision::Approved {
            self.approvals.insert(decision.uid.clone());
        } else {
            self.ended = Some("it was rejected or revoked");
        }
    }

    fn sequence(&self, transfer: &RecordedTransfer, turn: Turn, is_partial: bool, wrong: &mut Vec<Wrong>) {
        let number = transfer.sequence;
        let Some((last, was_open)) = self.last else {
            if number > 0 && !is_partial {
                wrong.push(warning(format!(
                    "the record of its transfer begins with event {number}, not with 0"
                )));
            }
            return;
        };
        if number < last || (number == last && !was_open && turn == Turn::Opens) {
            wrong.push(tampered(&format!(
                "it is event {number} of its transfer, and {last} was there before"
            )));
        } else if number == last && !was_open {
            wrong.push(warning(format!(
                "event {number} of its transfer closed it twice: the cluster was put back in between"
            )));
        } else if number == last && turn != Turn::Opens {
            wrong.push(warning(format!(
                "event {number} of its transfer opened it on record and never took effect"
            )));
        } else if number > last.saturating_add(1) {
            wrong.push(warning(format!("events {last} and {number} of its transfer follow each other")));
        }
    }

    fn opens(
        &self,
        spec: &LedgerEventSpec,
        transfer: &RecordedTransfer,
        is_partial: bool,
        wrong: &mut Vec<Wrong>,
    ) {
        if let Some(how) = self.ended {
            wrong.push(tampered(&format!("it opens a transfer that had ended: {how}")));
        }
        if spec.observed_at >= transfer.until {
            wrong.push(tampered(&format!(
                "it opens a transfer at {}, whose time was over at {}",
                spec.observed_at, transfer.until
            )));
        }
        if self.approvals.is_empty() {
            let what = "it opens a transfer without a decision before it that approves it";
            wrong.push(if is_partial { warning(format!("{what} in what is given")) } else { tampered(what) });
        }
    }
}

fn turn(event: EventType) -> Option<Turn> {
    match event {
        EventType::Activated | EventType::Resumed => Some(Turn::Opens),
        EventType::Suspended => Some(Turn::Suspends),
        EventType::Expired => Some(Turn::Ends("its time was over")),
        EventType::Revoked => Some(Turn::Ends("it was revoked")),
        EventType::Superseded => Some(Turn::Ends("another took its place")),
        _ => None,
    }
}

fn enforced(enforcement: &Enforcement) -> Vec<Wrong> {
    let Enforcement { first, last, count, .. } = enforcement;
    let seconds = last.0.as_second().saturating_sub(first.0.as_second());
    if *count > 0 && (0..=FOLDED).contains(&seconds) {
        return Vec::new();
    }
    vec![tampered("it tells of no time of at most a minute, or of nothing")]
}

fn tampered(what: &str) -> Wrong {
    (Severity::Tampered, what.to_owned())
}

fn warning(what: String) -> Wrong {
    (Severity::Warning, what)
}
