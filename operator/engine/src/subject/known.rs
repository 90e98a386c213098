//! The fields of pods that this version knows, from the API types of Kubernetes 1.37. What is not here is
//! reported for classified pods, so that a new field is seen before it is a way past.

use alloc::vec::Vec;

use serde_json::Value;

use crate::FieldPath;

/// The fields of an object that are known, and those of its members whose own fields are looked at too.
struct Known {
    fields: &'static [&'static str],
    inner: &'static [(&'static str, &'static Known)],
}

/// Adds every field of the pod spec at `at` that is not known.
pub(super) fn note_unknown(spec: &Value, at: &FieldPath, unknown: &mut Vec<FieldPath>) {
    of_object(spec, &POD_SPEC, &|| at.clone(), unknown);
}

fn of_object(object: &Value, known: &Known, at: &dyn Fn() -> FieldPath, unknown: &mut Vec<FieldPath>) {
    for (name, member) in object.as_object().into_iter().flatten() {
        if !known.fields.contains(&name.as_str()) {
            unknown.push(at().key(name));
            continue;
        }
        let Some((_, inner)) = known.inner.iter().find(|(of, _)| of == name) else { continue };
        let at = || at().key(name);
        match member {
            Value::Array(elements) => {
                for (index, element) in elements.iter().enumerate() {
                    of_object(element, inner, &|| at().index(index), unknown);
                }
            }
            _ => of_object(member, inner, &at, unknown),
        }
    }
}

const POD_SPEC: Known = Known {
    fields: POD_SPEC_FIELDS,
    inner: &[
        ("affinity", &AFFINITY),
        ("containers", &CONTAINER),
        ("dnsConfig", &leaf(&["nameservers", "options", "searches"])),
        ("ephemeralContainers", &CONTAINER),
        ("hostAliases", &leaf(&["hostnames", "ip"])),
        ("initContainers", &CONTAINER),
        ("volumes", &leaf(VOLUME)),
    ],
};

const AFFINITY: Known = Known {
    fields: &["nodeAffinity", "podAffinity", "podAntiAffinity"],
    inner: &[("nodeAffinity", &leaf(NODE_AFFINITY))],
};

/// Containers of every kind: the API server keeps apart which may say what.
const CONTAINER: Known = Known {
    fields: &[
        "args",
        "command",
        "env",
        "envFrom",
        "image",
        "imagePullPolicy",
        "lifecycle",
        "livenessProbe",
        "name",
        "ports",
        "readinessProbe",
        "resizePolicy",
        "resources",
        "restartPolicy",
        "restartPolicyRules",
        "securityContext",
        "startupProbe",
        "stdin",
        "stdinOnce",
        "targetContainerName",
        "terminationMessagePath",
        "terminationMessagePolicy",
        "tty",
        "volumeDevices",
        "volumeMounts",
        "workingDir",
    ],
    inner: &[
        ("env", &ENV),
        ("lifecycle", &LIFECYCLE),
        ("livenessProbe", &PROBE),
        ("ports", &leaf(&["containerPort", "hostIP", "hostPort", "name", "protocol"])),
        ("readinessProbe", &PROBE),
        ("securityContext", &SECURITY_CONTEXT),
        ("startupProbe", &PROBE),
    ],
};

const ENV: Known = Known {
    fields: &["name", "value", "valueFrom"],
    inner: &[(
        "valueFrom",
        &leaf(&["configMapKeyRef", "fieldRef", "fileKeyRef", "resourceFieldRef", "secretKeyRef"]),
    )],
};

const LIFECYCLE: Known = Known {
    fields: &["postStart", "preStop", "stopSignal"],
    inner: &[("postStart", &HANDLER), ("preStop", &HANDLER)],
};

const HANDLER: Known = Known { fields: &["exec", "httpGet", "sleep", "tcpSocket"], inner: CALLS };

const PROBE: Known = Known {
    fields: &[
        "exec",
        "failureThreshold",
        "grpc",
        "httpGet",
        "initialDelaySeconds",
        "periodSeconds",
        "successThreshold",
        "tcpSocket",
        "terminationGracePeriodSeconds",
        "timeoutSeconds",
    ],
    inner: CALLS,
};

/// What a node calls for a container.
const CALLS: &[(&str, &Known)] = &[
    ("exec", &leaf(&["command"])),
    ("grpc", &leaf(&["mode", "port", "service"])),
    ("httpGet", &leaf(&["host", "httpHeaders", "path", "port", "protocol", "scheme"])),
    ("sleep", &leaf(&["seconds"])),
    ("tcpSocket", &leaf(&["host", "port"])),
];

const SECURITY_CONTEXT: Known = Known {
    fields: &[
        "allowPrivilegeEscalation",
        "appArmorProfile",
        "capabilities",
        "privileged",
        "procMount",
        "readOnlyRootFilesystem",
        "runAsGroup",
        "runAsNonRoot",
        "runAsUser",
        "seLinuxOptions",
        "seccompProfile",
        "windowsOptions",
    ],
    inner: &[
        ("capabilities", &leaf(&["add", "drop"])),
        (
            "windowsOptions",
            &leaf(&["gmsaCredentialSpec", "gmsaCredentialSpecName", "hostProcess", "runAsUserName"]),
        ),
    ],
};

/// An object of which nothing deeper is looked at.
const fn leaf(fields: &'static [&'static str]) -> Known {
    Known { fields, inner: &[] }
}

const POD_SPEC_FIELDS: &[&str] = &[
    "activeDeadlineSeconds",
    "affinity",
    "automountServiceAccountToken",
    "containers",
    "dnsConfig",
    "dnsPolicy",
    "enableServiceLinks",
    "ephemeralContainers",
    "hostAliases",
    "hostIPC",
    "hostNetwork",
    "hostPID",
    "hostUsers",
    "hostname",
    "hostnameOverride",
    "imagePullSecrets",
    "initContainers",
    "nodeName",
    "nodeSelector",
    "os",
    "overhead",
    "preemptionPolicy",
    "priority",
    "priorityClassName",
    "readinessGates",
    "resourceClaims",
    "resources",
    "restartPolicy",
    "runtimeClassName",
    "schedulerName",
    "schedulingGates",
    "schedulingGroup",
    "securityContext",
    "serviceAccount",
    "serviceAccountName",
    "setHostnameAsFQDN",
    "shareProcessNamespace",
    "subdomain",
    "terminationGracePeriodSeconds",
    "tolerations",
    "topologySpreadConstraints",
    "volumes",
    "workloadRef",
];

/// Members of an entry of `volumes`: its name and its sources.
const VOLUME: &[&str] = &[
    "awsElasticBlockStore",
    "azureDisk",
    "azureFile",
    "cephfs",
    "cinder",
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "fc",
    "flexVolume",
    "flocker",
    "gcePersistentDisk",
    "gitRepo",
    "glusterfs",
    "hostPath",
    "image",
    "iscsi",
    "name",
    "nfs",
    "persistentVolumeClaim",
    "photonPersistentDisk",
    "portworxVolume",
    "projected",
    "quobyte",
    "rbd",
    "scaleIO",
    "secret",
    "storageos",
    "vsphereVolume",
];

/// Fields of `nodeAffinity`.
const NODE_AFFINITY: &[&str] =
    &[super::affinity::REQUIRED, "preferredDuringSchedulingIgnoredDuringExecution"];
