//! What happened to each transfer, as a story.

use std::collections::HashMap;

use bund_crds::ledger_event::RecordedTransfer;
use bund_crds::{ClassName, EventType, LedgerEventSpec, Moment, TransferDecision, Uid};

use super::Place;
use super::bounded::Bounded;

/// As many steps as are told of one transfer.
const STEPS: usize = 500;

/// The transfers, in the order in which they are met.
#[derive(Clone, Debug, Default)]
pub(super) struct Transfers {
    pub(super) stories: Vec<Story>,
    /// As many decisions of people as did not count.
    pub(super) refused: u64,
    at: HashMap<Uid, usize>,
}

/// One transfer.
#[derive(Clone, Debug)]
pub(super) struct Story {
    /// As it was told of last.
    pub(super) transfer: RecordedTransfer,
    pub(super) data_classes: Vec<ClassName>,
    pub(super) steps: Bounded<Step>,
    /// What opens and closes it, each with its number.
    turns: Vec<(u32, Turn, Moment)>,
    is_approved: bool,
    is_activated: bool,
}

/// Something that happened to it.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) place: Place,
    pub(super) spec: LedgerEventSpec,
}

/// How a transfer stands at the end of the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Never,
    Open,
    Suspended,
    Ended,
}

/// What an event does to a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    Opens,
    Suspends,
    Ends,
}

impl Transfers {
    pub(super) fn take(&mut self, place: Place, spec: &LedgerEventSpec) {
        let Some(transfer) = &spec.transfer else { return };
        let next = self.stories.len();
        let at = *self.at.entry(transfer.uid.clone()).or_insert(next);
        if at == next {
            self.stories.push(Story {
                transfer: transfer.clone(),
                data_classes: Vec::new(),
                steps: Bounded::new(STEPS),
                turns: Vec::new(),
                is_approved: false,
                is_activated: false,
            });
        }
        self.refused += u64::from(spec.event == EventType::DecisionRefused);
        let Some(story) = self.stories.get_mut(at) else { return };
        story.transfer = transfer.clone();
        story.data_classes.clone_from(&spec.data_classes);
        story.turns.extend(turn(spec.event).map(|turn| (transfer.sequence, turn, spec.observed_at)));
        story.is_activated |= spec.event == EventType::Activated;
        story.is_approved |= spec.event == EventType::Decided
            && spec.decision.as_ref().is_some_and(|it| it.decision == TransferDecision::Approved);
        story.steps.push(Step { place, spec: spec.clone() });
    }
}

impl Story {
    /// Its namespace and name.
    pub(super) fn name(&self) -> String {
        format!("{}/{}", self.transfer.namespace, self.transfer.name)
    }

    /// What happened, in the order in which it was observed.
    pub(super) fn told(&self) -> Vec<&Step> {
        let mut steps: Vec<_> = self.steps.kept.iter().collect();
        steps.sort_by_key(|step| step.spec.observed_at);
        steps
    }

    /// The events that open and close it, in the order of their numbers, which is not always that of the ledger.
    fn turns(&self) -> Vec<(Turn, Moment)> {
        let mut turns = self.turns.clone();
        turns.sort_by_key(|(sequence, ..)| *sequence);
        turns.into_iter().map(|(_, turn, at)| (turn, at)).collect()
    }

    pub(super) fn state(&self) -> State {
        let turns = self.turns();
        let ended = turns.iter().any(|(turn, _)| *turn == Turn::Ends);
        match turns.last() {
            None => State::Never,
            Some(_) if ended => State::Ended,
            Some((Turn::Opens, _)) => State::Open,
            Some((Turn::Suspends | Turn::Ends, _)) => State::Suspended,
        }
    }

    /// When it was in effect: from when to when, to the end of the record where nothing closed it.
    pub(super) fn in_effect(&self) -> Vec<(Moment, Option<Moment>)> {
        let mut spans = Vec::new();
        let mut since = None;
        for (turn, at) in self.turns() {
            match (turn, since) {
                (Turn::Opens, _) => since = Some(at),
                (Turn::Suspends | Turn::Ends, Some(begun)) => {
                    spans.push((begun, Some(at)));
                    since = None;
                }
                (Turn::Suspends | Turn::Ends, None) => {}
            }
        }
        spans.extend(since.map(|begun| (begun, None)));
        spans
    }

    /// Whether it took effect and no approval is told of.
    pub(super) fn is_undecided(&self) -> bool {
        self.is_activated && !self.is_approved
    }
}

fn turn(event: EventType) -> Option<Turn> {
    match event {
        EventType::Activated | EventType::Resumed => Some(Turn::Opens),
        EventType::Suspended => Some(Turn::Suspends),
        EventType::Expired | EventType::Revoked | EventType::Superseded => Some(Turn::Ends),
        // Decisions, and what happens to other things than transfers.
        _ => None,
    }
}
