//! The kinds of what is registered, and the names under which they are watched. (client)

use kube::api::DynamicObject;
use kube::core::ApiResource;
use kube::{Api, Client};

use super::{
    api_server, break_glass, callbacks, class_labels, floor, node_proxy, protection, transfers, webhooks,
};

const REGISTRATION: &str = "admissionregistration.k8s.io";

/// Objects of one kind that we write.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) group: &'static str,
    pub(super) version: &'static str,
    pub(super) kind: &'static str,
    pub(super) plural: &'static str,
    /// The one object; where it is `None`, every object of the kind is ours.
    pub(super) name: Option<&'static str>,
}

impl Written {
    pub(super) fn resource(&self) -> ApiResource {
        let Self { group, version, kind, plural, name: _ } = self;
        ApiResource {
            group: (*group).to_owned(),
            version: (*version).to_owned(),
            api_version: format!("{group}/{version}"),
            kind: (*kind).to_owned(),
            plural: (*plural).to_owned(),
        }
    }
}

const fn policy(name: &'static str) -> Written {
    of_registration("ValidatingAdmissionPolicy", "validatingadmissionpolicies", name)
}

const fn binding(name: &'static str) -> Written {
    of_registration("ValidatingAdmissionPolicyBinding", "validatingadmissionpolicybindings", name)
}

const fn of_registration(kind: &'static str, plural: &'static str, name: &'static str) -> Written {
    Written { group: REGISTRATION, version: "v1", kind, plural, name: Some(name) }
}

/// Everything that is watched.
pub(super) static KINDS: [Written; 21] = [
    policy(class_labels::NAME),
    binding(class_labels::NAME),
    policy(break_glass::NAME),
    binding(break_glass::NAME),
    policy(protection::NAME),
    binding(protection::NAME),
    policy(transfers::NAME),
    binding(transfers::NAME),
    policy(node_proxy::NAME),
    binding(node_proxy::NAME),
    policy(callbacks::NAME),
    binding(callbacks::NAME),
    policy(api_server::NAME),
    binding(api_server::NAME),
    policy(floor::WRITERS),
    binding(floor::WRITERS),
    policy(floor::NAME),
    binding(floor::NAME),
    Written {
        group: bund_crds::GROUP,
        version: bund_crds::VERSION,
        kind: floor::PARAMETERS,
        plural: floor::PLURAL,
        name: None,
    },
    of_registration("ValidatingWebhookConfiguration", "validatingwebhookconfigurations", webhooks::NAME),
    of_registration("MutatingWebhookConfiguration", "mutatingwebhookconfigurations", webhooks::NAME),
];

/// The kind of this name.
pub(super) fn kind_of(kind: &str) -> Option<&'static Written> {
    KINDS.iter().find(|known| known.kind == kind)
}

/// Every object of the kind.
pub(super) fn api(client: &Client, kind: &Written) -> Api<DynamicObject> {
    Api::all_with(client.clone(), &kind.resource())
}
