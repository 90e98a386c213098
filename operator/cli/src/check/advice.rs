//! What is told of a transfer, a decision or an event among the manifests, beyond what the engine finds in it: what the
//! law asks of a transfer, and who alone may write the others.

use bund_crds::Mode;
use bund_engine::{
    FieldPath, ObjectId, Snapshot, Timestamp,
    snapshot::{DEFAULT_NAMESPACE, TransferFacts, TransferKind},
    transfer::{Assessment, Missing, Prohibition, assess},
};
use serde_json::Value;

/// Something that is told of an object of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advice {
    /// Its code.
    pub code: AdviceCode,
    /// What it does to the check.
    pub consequence: Mode,
    /// The field.
    pub field: FieldPath,
    /// The sentence.
    pub text: String,
}

/// What kind of advice. The variant's name is its code, stable for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdviceCode {
    /// A transfer is forbidden, whatever the consent.
    TransferForbidden,
    /// A transfer lacks something.
    TransferIncomplete,
    /// A transfer's mechanism is not the route that the law asks for, or nobody can tell which that is.
    TransferRoute,
    /// A decision stands among what a pipeline applies.
    DecisionInManifest,
    /// An event of the record does.
    RecordInManifest,
}

impl AdviceCode {
    /// Every code.
    pub const ALL: [Self; 5] = [
        Self::TransferForbidden,
        Self::TransferIncomplete,
        Self::TransferRoute,
        Self::DecisionInManifest,
        Self::RecordInManifest,
    ];

    /// The code.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TransferForbidden => "TransferForbidden",
            Self::TransferIncomplete => "TransferIncomplete",
            Self::TransferRoute => "TransferRoute",
            Self::DecisionInManifest => "DecisionInManifest",
            Self::RecordInManifest => "RecordInManifest",
        }
    }

    /// What it means.
    pub fn summary(self) -> &'static str {
        match self {
            Self::TransferForbidden => "a cross-border transfer is forbidden, whatever the consent.",
            Self::TransferIncomplete => {
                "a cross-border transfer lacks something, and is not in effect before that is there."
            }
            Self::TransferRoute => {
                "the mechanism of a cross-border transfer is not the one that the law asks for, or nobody can tell which that is."
            }
            Self::DecisionInManifest => {
                "a decision on a transfer is no manifest: whoever applies it would be the one who decides."
            }
            Self::RecordInManifest => "an event of the record is written by Bund alone.",
        }
    }
}

/// What is told of a manifest.
pub(super) fn advise(object: &Value, subject: &ObjectId, snapshot: &Snapshot, now: Timestamp) -> Vec<Advice> {
    let whole = |code: AdviceCode, consequence, text: &str| Advice {
        code,
        consequence,
        field: FieldPath::root(),
        text: format!("{}: {subject} {text}", code.as_str()),
    };
    let recorded = "is written by Bund alone, and refused from anybody else; take it out";
    if subject.group.as_ref() == bund_crds::GROUP && subject.kind.as_ref() == "Ledger" {
        return vec![whole(AdviceCode::RecordInManifest, Mode::Deny, recorded)];
    }
    match TransferKind::of(&subject.group, &subject.kind) {
        Some(TransferKind::CrossBorderTransfer) => on_transfer(object, subject, snapshot, now),
        Some(TransferKind::TransferApproval) => vec![whole(
            AdviceCode::DecisionInManifest,
            Mode::Warn,
            "is one person's decision, and whoever applies it is stamped as that person; take it out, and decide with `kubectl bund approve`",
        )],
        Some(TransferKind::LedgerEvent) => vec![whole(AdviceCode::RecordInManifest, Mode::Deny, recorded)],
        Some(TransferKind::Exporter) | None => Vec::new(),
    }
}

/// What the law asks of a transfer. One that cannot be read is told as such elsewhere.
fn on_transfer(object: &Value, subject: &ObjectId, snapshot: &Snapshot, now: Timestamp) -> Vec<Advice> {
    let namespace = subject.namespace.as_deref().unwrap_or(DEFAULT_NAMESPACE);
    let Ok(transfer) = TransferFacts::read(namespace.into(), subject.name.clone(), object) else {
        return Vec::new();
    };
    let Assessment { route, route_satisfied, missing, prohibitions, .. } = assess(&transfer, snapshot, now);
    let forbidden = prohibitions.into_iter().map(|Prohibition { field, why, control, citation }| {
        let text = format!("is forbidden: {why}; field {field}; {control}, {citation}");
        (AdviceCode::TransferForbidden, Mode::Deny, field, text)
    });
    let lacks = missing.into_iter().map(|Missing { field, remedy, control, citation }| {
        let text = format!("lacks {field}: {remedy}; {control}, {citation}");
        (AdviceCode::TransferIncomplete, Mode::Warn, field, text)
    });
    let off_route = match (route, route_satisfied) {
        (Err(why), _) => Some(format!("goes by a route that nobody can tell: {why}")),
        (Ok(route), Err(to_do)) => Some(format!("needs the route {route:?}: {to_do}")),
        (Ok(_), Ok(_)) => None,
    };
    let off_route =
        off_route.map(|text| (AdviceCode::TransferRoute, Mode::Warn, FieldPath::of("spec.mechanism"), text));
    let all = forbidden.chain(lacks).chain(off_route);
    all.map(|(code, consequence, field, text)| Advice {
        code,
        consequence,
        field,
        text: format!("{}: {subject} {text}", code.as_str()),
    })
    .collect()
}
