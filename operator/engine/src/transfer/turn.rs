//! What an event on record does to its transfer.

use bund_crds::{EventType, LedgerEventSpec, TransferDecision};

use super::End;

/// What an event does to its transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It is in effect from then on.
    Opens,
    /// It is not in effect any more, and may come back.
    Suspends,
    /// It ended, and does not come back.
    Ends(End),
}

impl Turn {
    /// What an event does; `None` where it neither opens nor closes a transfer.
    pub fn of(event: EventType) -> Option<Self> {
        match event {
            EventType::Activated | EventType::Resumed => Some(Self::Opens),
            EventType::Suspended => Some(Self::Suspends),
            EventType::Expired => Some(Self::Ends(End::Expired)),
            EventType::Revoked => Some(Self::Ends(End::Revoked)),
            EventType::Superseded => Some(Self::Ends(End::Superseded)),
            EventType::Decided
            | EventType::DecisionRefused
            | EventType::ModeDowngraded
            | EventType::Declassified
            | EventType::GlassBroken
            | EventType::GlassWhole => None,
        }
    }

    /// Whether the transfer is not in effect afterwards.
    pub fn closes(self) -> bool {
        match self {
            Self::Opens => false,
            Self::Suspends | Self::Ends(_) => true,
        }
    }
}

/// Whether an event says that its transfer ended: by itself, or by a decision that is final.
pub fn is_end(event: &LedgerEventSpec) -> bool {
    let is_final = || event.decision.as_ref().is_some_and(|made| made.decision != TransferDecision::Approved);
    matches!(Turn::of(event.event), Some(Turn::Ends(_))) || (event.event == EventType::Decided && is_final())
}
