//! Which objects make pods, and where their template sits.

/// What makes pods of a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkloadKind {
    /// One pod on every node that it matches: it is never confined by injection.
    DaemonSet,
    /// Pods that a scheduler places.
    Scheduled,
    /// An object of a mapped kind, whose pods a scheduler places.
    Mapped,
    /// The same, and it acts besides for whatever lives in its namespace.
    MappedForNamespace,
}

/// Where a built-in kind keeps its pod template: `(kind, path of the template)`.
pub(super) struct TemplatePlace {
    pub(super) workload: WorkloadKind,
    /// Members from the object to the pod template.
    pub(super) template: &'static [&'static str],
    /// Members from the object to metadata whose labels neither the object nor its pods carry.
    pub(super) inner_metadata: Option<&'static [&'static str]>,
}

/// Whether objects of a built-in kind make pods.
pub(crate) fn makes_pods(group: &str, kind: &str) -> bool {
    kind != "PodTemplate" && template_place(group, kind).is_some()
}

/// The template of a built-in kind, in any version of its group, old ones included.
pub(super) fn template_place(group: &str, kind: &str) -> Option<TemplatePlace> {
    let place =
        |workload, template, inner_metadata| Some(TemplatePlace { workload, template, inner_metadata });
    match (group, kind) {
        ("apps" | "extensions", "Deployment" | "ReplicaSet" | "StatefulSet")
        | ("", "ReplicationController")
        | ("batch" | "extensions", "Job") => place(WorkloadKind::Scheduled, &["spec", "template"], None),
        ("apps" | "extensions", "DaemonSet") => place(WorkloadKind::DaemonSet, &["spec", "template"], None),
        ("batch", "CronJob" | "ScheduledJob") => place(
            WorkloadKind::Scheduled,
            &["spec", "jobTemplate", "spec", "template"],
            Some(&["spec", "jobTemplate", "metadata"]),
        ),
        ("", "PodTemplate") => place(WorkloadKind::Scheduled, &["template"], None),
        _ => None,
    }
}
