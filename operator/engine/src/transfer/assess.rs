//! What the law asks of a transfer.
//!
//! Only the declaration, the record and the time count. The route follows from the persons whose information the exporter
//! sent out since 1 January in Beijing time, with those of the transfer itself: that a tier is crossed is seen before it
//! happens. Where a founding document of the controls (D0, D2) is stricter than the law, it holds, and both are cited.

pub mod beijing;
mod calendar;
mod contents;
mod count;
mod deadlines;
mod forbidden;
mod mechanism;
mod missing;
mod route;
mod spelling;
mod totals;
mod validity;

pub use count::ELSEWHERE_DAYS;
pub use totals::{Count, Totals, totals};

use alloc::{collections::BTreeSet, format, string::String, vec::Vec};

use bund_crds::{JurisdictionName, jurisdiction::JurisdictionSpec};
use jiff::civil::Date;
use serde::Serialize;

use self::{
    calendar::Calendars,
    contents::{Contents, Share},
    route::{Handler, Question, Ruling},
};
use crate::{
    FieldPath, Snapshot, Timestamp,
    select::policies_in,
    snapshot::{ExporterFacts, OwnKind, TransferFacts},
};

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

/// Assesses `transfer` at `now` (PIPL Arts 28 to 31, 36 to 42, 55 and 56; O11, O13, O16, O20; NDSR Arts 35 to 38).
///
/// `now` is never before what is on record: a clock that jumps back opens no year that is over.
pub fn assess(transfer: &TransferFacts, snapshot: &Snapshot, now: Timestamp) -> Assessment {
    let case = Case::of(transfer, snapshot, now);
    let (begins, ends) = validity::term(&transfer.spec);
    let ruling = case.ruling();
    let route_satisfied = match &ruling {
        Ok(ruling) => mechanism::satisfies(&case, *ruling, (begins, ends)),
        Err(why) => Err(format!("nobody can tell the route: {why}")),
    };
    Assessment {
        route: ruling.map(|ruling| ruling.route),
        route_satisfied,
        missing: missing::of(&case, ends),
        prohibitions: forbidden::of(&case),
        deadlines: deadlines::of(&case, ends),
        begins,
        ends,
    }
}

/// A transfer, and what its assessment rests on.
struct Case<'s> {
    transfer: &'s TransferFacts,
    snapshot: &'s Snapshot,
    now: Timestamp,
    /// The day in Beijing.
    today: Date,
    contents: Contents,
    /// The persons that it counts for.
    share: Share,
    /// The jurisdictions that policies of its namespace name.
    jurisdictions: Vec<&'s JurisdictionSpec>,
    calendars: Calendars<'s>,
    /// Why nobody can tell what the law asks: a policy or jurisdiction that is not there to be read.
    unknown: Option<String>,
}

impl<'s> Case<'s> {
    fn of(transfer: &'s TransferFacts, snapshot: &'s Snapshot, now: Timestamp) -> Self {
        let contents = Contents::of(&transfer.spec, snapshot);
        let (jurisdictions, undeclared) = jurisdictions(snapshot, &transfer.namespace);
        Self {
            transfer,
            snapshot,
            now,
            today: beijing::day(now),
            contents,
            share: contents.share(transfer.spec.persons),
            calendars: Calendars::of(&jurisdictions),
            jurisdictions,
            unknown: unreadable(transfer, snapshot).or(undeclared),
        }
    }

    fn exporter(&self) -> Option<&'s ExporterFacts> {
        self.snapshot.transfers().exporter(&self.transfer.spec.exporter)
    }

    /// The route, by everything that counts; or why nobody can tell.
    fn ruling(&self) -> Result<Ruling, String> {
        if let Some(why) = &self.unknown {
            return Err(why.clone());
        }
        Ok(route::ruling(&Question {
            personal: self.contents.personal,
            important: self.contents.important,
            handler: Handler::of(self.exporter()),
            ground: self.transfer.spec.mechanism.exemption.as_ref().map(|exemption| exemption.ground),
            persons: count::since_new_year(self)?,
        }))
    }
}

/// The jurisdictions that the policies of a namespace name; and, where one of them is not there, what to do.
fn jurisdictions<'s>(
    snapshot: &'s Snapshot,
    namespace: &'s str,
) -> (Vec<&'s JurisdictionSpec>, Option<String>) {
    let policies = policies_in(snapshot, namespace);
    let names: BTreeSet<_> = policies.flat_map(|policy| &policy.spec.jurisdictions).collect();
    let found = |name: &&JurisdictionName| snapshot.world().jurisdiction_spec(name);
    let undeclared = names.iter().find(|name| found(name).is_none());
    let why = undeclared.map(|name| {
        format!("a policy names jurisdiction {name}, which cannot be read; apply it, with what its authority excludes")
    });
    (names.iter().filter_map(found).collect(), why)
}

/// An object that cannot be read, and without which nobody can tell what the law asks.
fn unreadable(transfer: &TransferFacts, snapshot: &Snapshot) -> Option<String> {
    let carried = |name: &str| transfer.spec.data_classes.iter().any(|class| class.as_str() == name);
    let object = snapshot.world().unreadable().find(|object| match object.kind {
        OwnKind::ResidencyPolicy => true,
        OwnKind::DataClass => carried(&object.name),
        OwnKind::BreakGlass
        | OwnKind::ClusterLocation
        | OwnKind::DestinationMapping
        | OwnKind::Jurisdiction => false,
    })?;
    Some(format!("{} {} cannot be read: {}", object.kind.as_str(), object.name, object.why))
}

#[cfg(test)]
mod tests;
