//! Label and annotation keys that users and Bund write on objects.

/// Prefix of the label that attaches a data class: `data-class.bund.dev/<class>`. Presence counts,
/// whatever the value.
pub const DATA_CLASS_PREFIX: &str = "data-class.bund.dev/";

/// Prefix of the annotation with which somebody who may states that a volume, claim or snapshot no longer holds a
/// class: `declassified.bund.dev/<class>: "<why>"`.
pub const DECLASSIFIED_PREFIX: &str = "declassified.bund.dev/";

/// Annotation of a `CrossBorderTransfer`: the user name of who created it, stamped from the request.
pub const CREATED_BY: &str = "bund.dev/created-by";
/// Annotation of a `CrossBorderTransfer`: the uid of who created it, stamped from the request where there is one.
pub const CREATED_BY_UID: &str = "bund.dev/created-by-uid";

/// Label that enrols a namespace: only where it is `"true"` may classified objects live, and only
/// there can a fault of ours stop anything.
pub const GUARDED: &str = "bund.dev/guarded";

/// The value of [`GUARDED`] that enrols.
pub const GUARDED_VALUE: &str = "true";

/// The well-known region label.
pub const REGION: &str = "topology.kubernetes.io/region";
/// The well-known zone label.
pub const ZONE: &str = "topology.kubernetes.io/zone";
/// The region label of Kubernetes before 1.17, still written by some clouds.
pub const LEGACY_REGION: &str = "failure-domain.beta.kubernetes.io/region";
/// The zone label of Kubernetes before 1.17, still written by some clouds.
pub const LEGACY_ZONE: &str = "failure-domain.beta.kubernetes.io/zone";

/// Label prefix that the `NodeRestriction` admission plugin keeps kubelets from writing.
pub const NODE_RESTRICTION_PREFIX: &str = "node-restriction.kubernetes.io/";

/// The key of the taint of nodes that are not inside, where a policy asks for it. Its effect is `NoSchedule`.
pub const OUTSIDE_TAINT: &str = "bund.dev/outside";

/// Prefix of the labels that Bund writes on pods so that network policies can tell them apart. Nobody else writes them.
pub const EGRESS_PREFIX: &str = "egress.bund.dev/";

/// Label of a pod where a policy closes egress: the classes that it holds and that must not leave by network.
pub const EGRESS_HOLDS: &str = "egress.bund.dev/holds";

/// Prefix of the label of a pod that a transfer names as a source: `transfer.egress.bund.dev/<uid of the transfer>`.
pub const EGRESS_TRANSFER_PREFIX: &str = "transfer.egress.bund.dev/";
