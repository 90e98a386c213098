//! Conditions, as in `metav1.Condition`, with the types that every kind of ours has.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use schemars::{Schema, SchemaGenerator, json_schema};

/// Condition type: the object is understood and in force. The one that kstatus reads.
///
/// True when the object parses as its kind, every name it refers to exists, and the index of the
/// operator that wrote the condition holds this generation.
pub const READY: &str = "Ready";

/// Condition type: every name that the object refers to exists. Where it is False the object is in
/// force all the same, in its strict reading: a class nobody declared is still kept.
pub const RESOLVED_REFS: &str = "ResolvedRefs";

/// Condition type of a `BreakGlass` or a `CrossBorderTransfer`: it is in effect.
pub const ACTIVE: &str = "Active";

/// Condition type of a `ResidencyPolicy`: its modes hold as they are written. False while glass is broken.
pub const ENFORCED: &str = "Enforced";

/// Condition type of a `ResidencyPolicy`: nothing that exists breaks a rule of it. Since when says its time.
pub const COMPLIANT: &str = "Compliant";

/// Condition type of a `ResidencyPolicy` that asks for evictions or taints: nothing keeps it from them but their own
/// limits. False: something stays as it is that should not, and the message says what and why.
pub const RESPONDING: &str = "Responding";

/// Condition type of a `ResidencyPolicy`: where it denies egress, what holds its classes is closed in by network policies as
/// Bund wrote them, and nothing opens more.
pub const EGRESS_CLOSED: &str = "EgressClosed";

/// Condition type of a `DataClass`: an object lost the class, or something stopped protecting it. The message tells
/// the last time. Who has looked into it may remove the condition.
pub const DECLASSIFIED: &str = "Declassified";

/// Condition type of the `ClusterLocation`: everything that makes the API server enforce is there as Bund wrote it. False
/// while something is missing that could not be written.
pub const REGISTERED: &str = "Registered";

/// Condition type of the `ClusterLocation`: the databases that say where public addresses are can be asked. False: one is
/// missing or too old, so that no public address is inside that is not listed, or a newer one could not be read. Absent where
/// none are configured.
pub const GEOGRAPHY_READY: &str = "GeographyReady";

/// Condition type of a `CrossBorderTransfer`: it says everything that the law asks it to say, and nothing forbids it.
pub const COMPLETE: &str = "Complete";

/// Condition type of a `CrossBorderTransfer`: its mechanism is the one that the law asks for, and it is valid.
pub const ROUTE_SATISFIED: &str = "RouteSatisfied";

/// Condition type of a `CrossBorderTransfer`: the people who must have approved exactly this text.
pub const APPROVED: &str = "Approved";

/// Condition type of a `CrossBorderTransfer`: it, or its mechanism, ends soon.
pub const EXPIRING_SOON: &str = "ExpiringSoon";

/// Condition type of a `CrossBorderTransfer`: what it declares is open in the network, for its sources alone.
pub const PROGRAMMED: &str = "Programmed";

/// Condition type of a `CrossBorderTransfer`: its time is over.
pub const EXPIRED: &str = "Expired";

/// Condition type of a `CrossBorderTransfer`: somebody rejected or revoked it.
pub const REVOKED: &str = "Revoked";

/// Condition type of a `CrossBorderTransfer`: another one took its place.
pub const SUPERSEDED: &str = "Superseded";

/// The schema of `status.conditions`: a list map keyed by type, so that several field managers can own
/// one condition each.
pub fn conditions_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "array",
        "maxItems": 16,
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["type"],
        "description": "What is known of this object, in the form of metav1.Condition.",
        "items": {
            "type": "object",
            "required": ["type", "status", "reason", "message", "lastTransitionTime"],
            "properties": {
                "type": { "type": "string", "maxLength": 316, "description": "The condition's type, such as Ready." },
                "status": { "type": "string", "enum": ["True", "False", "Unknown"], "description": "Whether it holds." },
                "observedGeneration": { "type": "integer", "format": "int64", "minimum": 0, "description": "The generation that was judged." },
                "lastTransitionTime": { "type": "string", "format": "date-time", "description": "When the status last changed." },
                "reason": { "type": "string", "maxLength": 1024, "pattern": "^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$", "description": "Why, as one word for machines." },
                "message": { "type": "string", "maxLength": 32768, "description": "Why, in a sentence, with what to do." }
            }
        }
    })
}

/// The condition of type `kind` among `conditions`.
pub fn find<'c>(conditions: &'c [Condition], kind: &str) -> Option<&'c Condition> {
    conditions.iter().find(|condition| condition.type_ == kind)
}
