//! What is written about each reason: one table.

use bund_crds::Aspect;

use super::{Effect, Entry, Reason};

/// The articles behind the rule that data stays: bodies of state, handlers at the threshold, critical
/// infrastructure. A policy may be stricter than they are.
const STAYS: &str = "PIPL Arts 36 and 40, CSL Art. 39";
const TRANSFER: &str = "PIPL Arts 38 to 40";

/// What is written about `reason`.
pub(super) fn of(reason: Reason) -> Entry {
    match reason {
        Reason::NodeOutside => NODE_OUTSIDE,
        Reason::BindingOutside => BINDING_OUTSIDE,
        Reason::RunsOutside => RUNS_OUTSIDE,
        Reason::PlacementContradicts => PLACEMENT_CONTRADICTS,
        Reason::PlacementUnconfined => PLACEMENT_UNCONFINED,
        Reason::DaemonSetUnconfined => DAEMON_SET_UNCONFINED,
        Reason::NoEligibleNode => NO_ELIGIBLE_NODE,
        Reason::ClassNotOnTemplate => CLASS_NOT_ON_TEMPLATE,
        Reason::ClassOutsideGuarded => CLASS_OUTSIDE_GUARDED,
        Reason::NamespaceNotGuarded => NAMESPACE_NOT_GUARDED,
        Reason::PoliciesConflict => POLICIES_CONFLICT,
        Reason::DestinationOutside => DESTINATION_OUTSIDE,
        Reason::StorageOutside => STORAGE_OUTSIDE,
        Reason::StorageUnconfined => STORAGE_UNCONFINED,
        Reason::CopyOutside => COPY_OUTSIDE,
        Reason::InlineVolume => INLINE_VOLUME,
        Reason::VolumeUnmarked => VOLUME_UNMARKED,
        Reason::VolumeUsedOutside => VOLUME_USED_OUTSIDE,
        Reason::ClaimOutsideGuarded => CLAIM_OUTSIDE_GUARDED,
        Reason::EscapesPolicy => ESCAPES_POLICY,
        Reason::ProbeOutside => PROBE_OUTSIDE,
        Reason::ResolverOutside => RESOLVER_OUTSIDE,
        Reason::HostAliasOutside => HOST_ALIAS_OUTSIDE,
        Reason::ProxyOutside => PROXY_OUTSIDE,
        Reason::ServiceOutside => SERVICE_OUTSIDE,
        Reason::EndpointOutside => ENDPOINT_OUTSIDE,
        Reason::RouteOutside => ROUTE_OUTSIDE,
        Reason::TlsTooOld => TLS_TOO_OLD,
        Reason::EgressWidened => EGRESS_WIDENED,
        Reason::MarkForged => MARK_FORGED,
        Reason::ConnectionUnapproved => CONNECTION_UNAPPROVED,
        Reason::CallbackOutside => CALLBACK_OUTSIDE,
        Reason::NotEncrypted => NOT_ENCRYPTED,
        Reason::ClassRemoved => CLASS_REMOVED,
        Reason::GuardRemoved => GUARD_REMOVED,
        Reason::ProtectionWeakened => PROTECTION_WEAKENED,
        Reason::FactUnreadable => FACT_UNREADABLE,
        Reason::FieldUnreadable => FIELD_UNREADABLE,
        Reason::TermImpossible => TERM_IMPOSSIBLE,
        Reason::UnknownField => UNKNOWN_FIELD,
        Reason::UnknownClass => UNKNOWN_CLASS,
        Reason::NodeReader => NODE_READER,
        Reason::AddressOutside => ADDRESS_OUTSIDE,
    }
}

const NODE_OUTSIDE: Entry = placement(
    "`spec.nodeName` puts the pod on a node that is not known to be inside. The scheduler is not asked, so no affinity helps.",
    "remove `nodeName` and let the scheduler choose, or name a node inside",
);
const BINDING_OUTSIDE: Entry = placement(
    "a scheduler binds the pod to a node that is not known to be inside.",
    "confine the pod with a node affinity, or have the node's place declared by an administrator",
);
const RUNS_OUTSIDE: Entry = placement(
    "an ephemeral container is added to a pod that runs on a node that is not known to be inside.",
    "debug a pod that runs inside",
);
const PLACEMENT_CONTRADICTS: Entry = placement(
    "what the pod asks of its node can be met by no node inside.",
    "take out the requirement that names a place outside",
);
const PLACEMENT_UNCONFINED: Entry = placement(
    "a node that is not inside could satisfy the pod. Terms of an affinity are ORed, values are ORed; `NotIn`, `Exists`, `Gt`, `Lt` and preferred terms do not confine.",
    "require a region inside in `nodeSelector`, or in every term of the required node affinity",
);
const DAEMON_SET_UNCONFINED: Entry = placement(
    "a DaemonSet runs on every node that matches, and a node that is not inside could match.",
    "require a region inside in the template's `nodeSelector`",
);
const NO_ELIGIBLE_NODE: Entry = placement(
    "the pod would be confined to nodes inside, and there is none.",
    "add a node inside, or correct the node labels; `kubectl get clusterlocation cluster -o yaml` tells why each node is not inside",
);
const CLASS_NOT_ON_TEMPLATE: Entry = placement(
    "a class label on a workload does not reach its pods: they carry the labels of the pod template.",
    "put the label on the pod template too",
);
const CLASS_OUTSIDE_GUARDED: Entry = placement(
    "an object holds a class in a namespace that is not guarded.",
    "label the Namespace `bund.dev/guarded: \"true\"`, or take the class label off",
);
const NAMESPACE_NOT_GUARDED: Entry = placement(
    "a Namespace holds a class and is not enrolled, so nothing in it would be checked.",
    "add the label `bund.dev/guarded: \"true\"` to the Namespace",
);
const POLICIES_CONFLICT: Entry = placement(
    "the policies that keep the data leave no jurisdiction in common.",
    "change one of the policies, or separate the classes into different workloads",
);
const DESTINATION_OUTSIDE: Entry =
    egress("a field names a destination that is not known to be inside.", "name a destination inside");
const STORAGE_OUTSIDE: Entry = storage(
    "a volume, a claim, or a parameter of its storage class names a place that is not known to be inside.",
    "name a storage class, volume or server inside",
);
const STORAGE_UNCONFINED: Entry = storage(
    "nothing keeps the volume inside: it names no place, and nodes outside could reach it.",
    "use a storage class that waits for the first consumer, or one whose allowed topologies are all inside",
);
const COPY_OUTSIDE: Entry = copy(
    "a snapshot or copy of classified data would go to a place that is not known to be inside.",
    "use a snapshot class that names a place inside",
);
const INLINE_VOLUME: Entry = storage(
    "classified data would be written to storage that no object stands for, so its class would be lost there.",
    "write a PersistentVolume and a claim for it, or mount it read-only",
);
const VOLUME_UNMARKED: Entry = copy(
    "a pod is bound to its node before the volumes that it may write hold its class.",
    "nothing to do: Bund marks the volume and the scheduler tries again; if this stays, see whether the controller runs",
);
const VOLUME_USED_OUTSIDE: Entry = storage(
    "classified data would be written to a volume that a pod uses which is not known to be inside.",
    "stop that pod, or use another volume",
);
const CLAIM_OUTSIDE_GUARDED: Entry = copy(
    "a classified volume or copy would go to a namespace that is not guarded.",
    "label the Namespace `bund.dev/guarded: \"true\"`, or have the volume declassified",
);
const ESCAPES_POLICY: Entry = egress(
    "the pod asks for its node's network, or for rights with which it could get around every network policy.",
    "take the field out, or have the exception listed in the policy's `egress.exceptions`",
);
const PROBE_OUTSIDE: Entry = egress(
    "a probe or hook names a host that is not known to be inside. The node calls it, so no network policy of pods stops it.",
    "leave `host` out, so that the pod itself is called",
);
const RESOLVER_OUTSIDE: Entry = egress(
    "the pod asks a name server that is not known to be inside. Names carry data.",
    "use `dnsPolicy: ClusterFirst` without further name servers",
);
const HOST_ALIAS_OUTSIDE: Entry = egress(
    "a host alias gives a name an address that is not known to be inside.",
    "take the alias out, or name an address inside",
);
const PROXY_OUTSIDE: Entry = egress(
    "a proxy in the environment is not known to be inside. Everything that the program sends goes through it.",
    "name a proxy inside",
);
const SERVICE_OUTSIDE: Entry = network(
    "a Service leads to a place that is not known to be inside, or takes connections at one.",
    "name a place inside, or take the field out",
);
const ENDPOINT_OUTSIDE: Entry = network(
    "an address behind a Service is not known to be inside.",
    "name pods by the Service's selector, or an address inside",
);
const ROUTE_OUTSIDE: Entry = network(
    "an Ingress, Gateway or route sends, copies or redirects requests to a place that is not known to be inside.",
    "name a place inside, or take the field out",
);
const TLS_TOO_OLD: Entry = Entry {
    aspect: Some(Aspect::Safeguards),
    control: "SEC-2",
    citation: "CSL Art. 23, NDSR Art. 9",
    ..network("a host takes connections without TLS, or by a TLS older than 1.3.", "ask for TLS 1.3")
};
const EGRESS_WIDENED: Entry = egress(
    "a network policy lets pods that hold a class reach more than their policies allow. Network policies only ever add, and those of the whole cluster come before them.",
    "take the peer out, or have it allowed in the policy's `egress`; `bund plan egress` shows what is open",
);
const MARK_FORGED: Entry = egress(
    "a label under egress.bund.dev says what is not so. Bund writes these labels.",
    "take the label out",
);
const CONNECTION_UNAPPROVED: Entry = Entry {
    aspect: Some(Aspect::Connect),
    ..egress(
        "somebody connects into what holds a class (exec, attach, port-forward, a proxy, an ephemeral container), without the right to. What passes there leaves by the API server, which no network policy sees.",
        "have it done by a person who was given the verb connect on the class by name (dataclasses of group bund.dev, ClusterRole bund-connector)",
    )
};
const CALLBACK_OUTSIDE: Entry = network(
    "a webhook or a conversion would send objects to a place that is not known to be inside.",
    "name a Service of the cluster, or a host that a Jurisdiction or ClusterLocation lists",
);
const NOT_ENCRYPTED: Entry = Entry {
    aspect: Some(Aspect::Safeguards),
    effect: Effect::Denies,
    control: "SEC-1",
    citation: "CSL Art. 23, NDSR Art. 9",
    summary: "the class asks for AES-256 where data is stored, and the storage class does not ask its driver for encryption.",
    remedy: "use a storage class that encrypts",
};
const CLASS_REMOVED: Entry = washing(
    "an update takes a class away from an object that holds it.",
    "leave the label in place, or ask a person who has the verb declassify on that class",
);
const GUARD_REMOVED: Entry = washing(
    "an update of a Namespace takes protection from classified objects that live in it.",
    "leave the labels in place, or ask a person who has the verb declassify on those classes",
);
const PROTECTION_WEAKENED: Entry = washing(
    "an edit or deletion of an object of Bund's own kinds takes protection away from a class that a policy denies for.",
    "ask a person who has the verb declassify on those classes",
);
const FACT_UNREADABLE: Entry = Entry {
    effect: Effect::Undecided,
    ..placement(
        "an object of Bund's own kinds that may concern this one cannot be read. Unknown means outside.",
        "correct the object; its condition `Ready` tells what is wrong",
    )
};
const FIELD_UNREADABLE: Entry = Entry {
    effect: Effect::Undecided,
    ..placement("a field has the wrong type, so what it asks for is not known.", "correct the field")
};
const TERM_IMPOSSIBLE: Entry = hint(
    "a term of the required node affinity admits only nodes outside. Another term remains, so the pod can run.",
    "take the term out",
);
const UNKNOWN_FIELD: Entry = hint(
    "the pod has a field that this version of Bund does not know and did not judge.",
    "take the field out if it is a mistake; otherwise update Bund",
);
const UNKNOWN_CLASS: Entry = hint(
    "a class label names no DataClass. It is kept by every policy of the namespace.",
    "correct the label, or create the DataClass",
);
const NODE_READER: Entry = Entry {
    control: "LOC-4",
    ..hint(
        "the pod mounts a path where its node keeps what other pods write: logs, volumes, the runtime's files.",
        "put the class label on the pod too, or leave the path out",
    )
};
const ADDRESS_OUTSIDE: Entry = Entry {
    control: "XFER-1",
    citation: TRANSFER,
    ..hint(
        "an address found in the environment, the arguments or a ConfigMap is not known to be inside.",
        "name an address inside; if nothing is sent there, there is nothing to do",
    )
};

const fn egress(summary: &'static str, remedy: &'static str) -> Entry {
    Entry {
        aspect: Some(Aspect::Egress),
        control: "XFER-1",
        citation: TRANSFER,
        ..placement(summary, remedy)
    }
}

const fn network(summary: &'static str, remedy: &'static str) -> Entry {
    Entry { aspect: Some(Aspect::Network), ..egress(summary, remedy) }
}

const fn placement(summary: &'static str, remedy: &'static str) -> Entry {
    Entry {
        aspect: Some(Aspect::Placement),
        effect: Effect::Denies,
        control: "LOC-1",
        citation: STAYS,
        summary,
        remedy,
    }
}

const fn storage(summary: &'static str, remedy: &'static str) -> Entry {
    Entry { aspect: Some(Aspect::Storage), control: "LOC-2", ..placement(summary, remedy) }
}

const fn copy(summary: &'static str, remedy: &'static str) -> Entry {
    Entry { control: "LOC-4", ..storage(summary, remedy) }
}

const fn washing(summary: &'static str, remedy: &'static str) -> Entry {
    Entry { aspect: None, control: "LOC-4", ..placement(summary, remedy) }
}

const fn hint(summary: &'static str, remedy: &'static str) -> Entry {
    Entry { aspect: Some(Aspect::Hints), effect: Effect::Hints, ..placement(summary, remedy) }
}
