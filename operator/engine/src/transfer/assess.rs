//! What the law asks of a transfer.

use alloc::{string::String, vec::Vec};

use serde::Serialize;

use crate::{FieldPath, Snapshot, Timestamp, snapshot::TransferFacts};

/// The route that the law asks for, in order of weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Route {
    /// No personal information and no important data (O16 Art. 3).
    NotRequired,
    /// Exempt (O16 Arts 4 to 6; NDSR Art. 35).
    Exempt,
    /// A standard contract, filed, or a certification (O16 Art. 8).
    StandardContractOrCertification,
    /// A security assessment (O16 Art. 7).
    SecurityAssessment,
}

/// Something that a transfer lacks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Missing {
    /// The field.
    pub field: FieldPath,
    /// What to write there.
    pub remedy: String,
    /// The control of `controls.md` that asks for it, such as `XFER-3`.
    pub control: &'static str,
    /// The law, such as `PIPL Art. 39`.
    pub citation: &'static str,
}

/// Something that forbids a transfer, whatever the consent.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Prohibition {
    /// The field that runs into it.
    pub field: FieldPath,
    /// Why, in a clause.
    pub why: String,
    /// The control.
    pub control: &'static str,
    /// The law.
    pub citation: &'static str,
}

/// A day by which something must be done.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Deadline {
    /// When it is over, in Beijing time the end of a day.
    pub at: Timestamp,
    /// From when on to warn.
    pub warn_from: Timestamp,
    /// What must be done, as an order.
    pub what: String,
    /// The law.
    pub citation: &'static str,
}

/// What the law asks of a transfer, and what of it is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Assessment {
    /// The route that is asked for; or why nobody can tell.
    pub route: Result<Route, String>,
    /// Whether the declared mechanism is that route or a heavier one, and valid; or what to do.
    pub route_satisfied: Result<String, String>,
    /// What is missing, in order of field.
    pub missing: Vec<Missing>,
    /// What forbids it.
    pub prohibitions: Vec<Prohibition>,
    /// What must be done by when.
    pub deadlines: Vec<Deadline>,
    /// The first moment at which the data may leave: of the validity, and of the mechanism.
    pub begins: Timestamp,
    /// The end: of the validity, or of the mechanism if that is earlier.
    pub ends: Timestamp,
}

impl Assessment {
    /// Whether the law lets the data leave, as far as the declaration goes.
    pub fn permits(&self) -> bool {
        self.route.is_ok()
            && self.route_satisfied.is_ok()
            && self.missing.is_empty()
            && self.prohibitions.is_empty()
    }
}

/// Assesses `transfer` at `now`.
pub fn assess(transfer: &TransferFacts, _snapshot: &Snapshot, _now: Timestamp) -> Assessment {
    Assessment {
        route: Err(String::new()),
        route_satisfied: Err(String::new()),
        missing: Vec::new(),
        prohibitions: Vec::new(),
        deadlines: Vec::new(),
        begins: transfer.spec.validity.from.0,
        ends: transfer.spec.validity.until.0,
    }
}
