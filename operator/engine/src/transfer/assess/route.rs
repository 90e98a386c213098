//! Which route the law asks for.

use bund_crds::{
    cross_border_transfer::Ground,
    exporter::{Body, Infrastructure},
};

use super::{Route, contents::Share};
use crate::snapshot::ExporterFacts;

/// From how many persons on, of whom only ordinary information leaves, a route is needed (O16 Arts 5(4), 8).
pub(super) const ORDINARY_FLOOR: u64 = 100_000;
/// From how many such persons on it is the security assessment (O16 Art. 7(2)).
pub(super) const ORDINARY_CEILING: u64 = 1_000_000;
/// From how many persons on, of whom sensitive information leaves, it is the security assessment (O16 Art. 7(2)).
pub(super) const SENSITIVE_CEILING: u64 = 10_000;

/// What the route depends on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Question {
    /// Whether personal information leaves.
    pub(super) personal: bool,
    /// Whether important data leaves.
    pub(super) important: bool,
    /// Who exports.
    pub(super) handler: Handler,
    /// The ground of exemption that is declared.
    pub(super) ground: Option<Ground>,
    /// The persons since 1 January, with those of this transfer.
    pub(super) persons: Share,
}

/// Who exports, from the one of whom the law asks least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Handler {
    /// Anybody else.
    Ordinary,
    /// An operator of critical information infrastructure, as it was notified (CIIR Art. 10).
    Critical,
    /// A state organ, or an organisation with powers of public affairs (PIPL Arts 36, 37).
    StateOrgan,
}

impl Handler {
    /// Who exports, as far as the route depends on it.
    pub(super) fn of(exporter: Option<&ExporterFacts>) -> Self {
        match exporter.map(|exporter| (exporter.spec.body, exporter.spec.infrastructure)) {
            Some((Body::StateOrgan, _)) => Self::StateOrgan,
            Some((Body::Enterprise, Infrastructure::Critical)) => Self::Critical,
            Some((Body::Enterprise, Infrastructure::NotCritical)) | None => Self::Ordinary,
        }
    }
}

/// The route, and the law that asks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ruling {
    pub(super) route: Route,
    pub(super) citation: &'static str,
}

/// The route (O16 Arts 3 to 8; PIPL Art. 36; NDSR Arts 35 to 37). Evaluated from above; the first row that fits holds.
pub(super) fn ruling(question: &Question) -> Ruling {
    let Question { personal, important, handler, ground, persons } = *question;
    let asks = |route, citation| Ruling { route, citation };
    if important {
        return asks(Route::SecurityAssessment, "O16 Art. 7(1); NDSR Art. 37");
    }
    if !personal {
        return asks(Route::NotRequired, "O16 Art. 3");
    }
    // No exemption of a regulation takes away what the statute asks of state organs.
    if handler == Handler::StateOrgan {
        return asks(Route::SecurityAssessment, "PIPL Art. 36");
    }
    if let Some(citation) = ground.and_then(exempts) {
        return asks(Route::Exempt, citation);
    }
    if handler == Handler::Critical {
        return asks(Route::SecurityAssessment, "O16 Art. 7(1)");
    }
    if persons.ordinary >= ORDINARY_CEILING || persons.sensitive >= SENSITIVE_CEILING {
        return asks(Route::SecurityAssessment, "O16 Art. 7(2)");
    }
    if persons.ordinary >= ORDINARY_FLOOR || persons.sensitive > 0 {
        return asks(Route::StandardContractOrCertification, "O16 Art. 8");
    }
    asks(Route::Exempt, "O16 Art. 5(4)")
}

/// The law by which a ground that is declared exempts, whatever the number of persons. The other two are computed.
fn exempts(ground: Ground) -> Option<&'static str> {
    match ground {
        Ground::NoPersonalNorImportantData | Ground::BelowThreshold => None,
        Ground::ForeignOrigin => Some("O16 Art. 4"),
        Ground::ContractNecessity => Some("O16 Art. 5(1); NDSR Art. 35(4)"),
        Ground::HumanResources => Some("O16 Art. 5(2); NDSR Art. 35(5)"),
        Ground::Emergency => Some("O16 Art. 5(3); NDSR Art. 35(7)"),
        Ground::StatutoryDuty => Some("NDSR Art. 35(6)"),
        Ground::FreeTradeZone => Some("O16 Art. 6"),
        Ground::Treaty => Some("PIPL Art. 38; NDSR Art. 36"),
    }
}

impl Route {
    /// What the law asks for, as the object of a sentence.
    pub(super) fn asked(self) -> &'static str {
        match self {
            Self::NotRequired => {
                "no mechanism, because neither personal information nor important data leaves"
            }
            Self::Exempt => "no mechanism, because the transfer is exempt",
            Self::StandardContractOrCertification => "a standard contract that is filed, or a certification",
            Self::SecurityAssessment => "a security assessment",
        }
    }
}
