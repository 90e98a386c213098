//! Where the trials take place: a node, pods at their sites, and everything else of a cluster.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail, ensure};
use bund_e2e::{
    cluster::Cluster,
    cluster_network_policies,
    control_plane::{ControlPlane, Operator, Options, Reach, User},
    probe::enforced,
    repository,
    shop::manifests,
    wire::{
        ABROAD, CLASSIFIED, DNS, EnforcerTools, Enforces, PEER, PLAIN, Rig, SECOND, Shot, Site, UNLABELLED,
        Way, Wire,
        heard::{Heard, payload},
        pods::{pod, runs_at},
    },
};
use kube::core::GroupVersionKind;
use serde_json::{Value, json};

use crate::{admission::CLASS, bed::Bed};

/// The namespace of the pods that are looked at.
pub(super) const SHOP: &str = "shop";
/// The namespace of their peer.
pub(super) const BANK: &str = "bank";
/// What the policy lets pods reach at home.
pub(super) const HOME_PORT: u16 = 443;

/// Everything.
pub(super) struct Field {
    pub(super) plane: ControlPlane,
    pub(super) admin: Cluster,
    pub(super) rig: Rig,
}

/// What the control plane of a field runs: controllers, and neither a scheduler nor kubelets.
pub(super) fn options() -> Options {
    Options { scheduler: false, kwok: false, reach: Reach::Service, ..Options::default() }
}

/// The program at the other ends of the wire.
pub(super) fn wire() -> Wire {
    Wire(PathBuf::from(env!("CARGO_BIN_EXE_wire")))
}

impl Field {
    /// A control plane, the rig, and two namespaces with nobody in them.
    pub(super) async fn lay(bed: &Bed) -> Result<Self> {
        Self::where_is_enforced(Enforces::NetworkPolicies, bed).await
    }

    /// The same, where ClusterNetworkPolicies are served and enforced too.
    pub(super) async fn with_tiers(bed: &Bed) -> Result<Self> {
        Self::where_is_enforced(Enforces::Tiers, bed).await
    }

    async fn where_is_enforced(enforces: Enforces, bed: &Bed) -> Result<Self> {
        let plane = ControlPlane::start(bed.tools().await?, options()).await?;
        let admin = Cluster::of(plane.client(User::ADMIN).await?);
        if enforces == Enforces::Tiers {
            admin.apply_all(&cluster_network_policies::definitions().await?).await?;
        }
        let rig = Rig::up(&EnforcerTools::find(enforces).await?, &wire(), &plane, &admin).await?;
        for name in [SHOP, BANK] {
            plane.create_namespace(name, &[("bund.dev/guarded", "true"), ("wire", "true")]).await?;
        }
        let field = Self { plane, admin, rig };
        field.run("kube-system", "dns", &json!({ "k8s-app": "kube-dns" }), &DNS).await?;
        Ok(field)
    }

    /// What is declared, with this policy, and the operator.
    pub(super) async fn guard(&self, bed: &Bed, policy: &Value) -> Result<Operator> {
        self.admin.apply_definitions(&self.plane).await?;
        for folder in ["policies/jurisdictions", "policies/classes"] {
            self.admin.apply_all(&manifests(&repository::root().join(folder))?).await?;
        }
        self.admin.apply_all(&[location()?, policy.clone()]).await?;
        let operator = self.plane.start_operator(&bed.operator().await?).await?;
        enforced(&self.plane, &self.admin).await?;
        Ok(operator)
    }

    /// Everybody who is looked at.
    pub(super) async fn populate(&self) -> Result<()> {
        let classified = json!({ CLASS: "" });
        for (namespace, name, labels, site) in [
            (SHOP, "classified", &classified, &CLASSIFIED),
            (SHOP, "second", &classified, &SECOND),
            (SHOP, "plain", &json!({ "app": "plain" }), &PLAIN),
            (SHOP, "unlabelled", &json!({}), &UNLABELLED),
            (BANK, "peer", &classified, &PEER),
        ] {
            self.run(namespace, name, labels, site).await?;
        }
        Ok(())
    }

    /// Makes a pod, which runs at `site` at once.
    pub(super) async fn run(&self, namespace: &str, name: &str, labels: &Value, site: &Site) -> Result<()> {
        self.admin.create(&pod(namespace, name, labels)).await?;
        runs_at(&self.admin, namespace, name, site).await
    }

    /// Fails unless exactly `expected` of the shots are answered.
    pub(super) async fn answered_are(&self, from: &Site, shots: &[Shot], expected: &[Shot]) -> Result<()> {
        let answered = self.rig.answered(from, shots).await?;
        let expected = expected.iter().copied().collect();
        ensure!(
            answered == expected,
            "from {}: answered without leave {:?}, not answered {:?}",
            from.name,
            told(answered.difference(&expected)),
            told(expected.difference(&answered))
        );
        Ok(())
    }

    /// What arrived abroad from a site since somebody asked last.
    pub(super) async fn heard_from(&self, from: &Site) -> Result<Vec<Heard>> {
        let heard = self.rig.heard_abroad().await?;
        Ok(heard.into_iter().filter(|heard| from.addresses.contains(&heard.from)).collect())
    }

    /// Fails where a single byte, or a packet at all, arrived abroad since somebody asked last.
    pub(super) async fn nothing_arrived(&self, after: &str) -> Result<()> {
        let heard = self.rig.heard_abroad().await?;
        if let Some(first) = heard.first() {
            bail!("after {after}: {} bytes arrived abroad, first {first}", payload(&heard));
        }
        Ok(())
    }

    /// Takes away what makes the API server call us.
    pub(super) async fn silence(&self) -> Result<()> {
        for kind in ["ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"] {
            let kind = GroupVersionKind::gvk("admissionregistration.k8s.io", "v1", kind);
            self.admin.delete_where(&kind, |_| true).await?;
        }
        Ok(())
    }

    /// What of everything here says why something is not as expected.
    pub(super) fn diagnosis(&self) -> String {
        self.rig.diagnosis()
    }
}

fn told<'s>(shots: impl Iterator<Item = &'s Shot>) -> Vec<String> {
    shots.map(ToString::to_string).collect()
}

/// Every way to every address abroad, and to those of IPv4 from sockets of IPv6 too.
pub(super) fn every_way_abroad() -> Vec<Shot> {
    let mut shots = Vec::new();
    for way in Way::ALL {
        for to in ABROAD.at(443) {
            shots.push(Shot { way, to });
            if let std::net::IpAddr::V4(address) = to.ip()
                && matches!(way, Way::Tcp | Way::Udp | Way::Quic)
            {
                shots.push(Shot { way, to: (address.to_ipv6_mapped(), 443).into() });
            }
        }
    }
    shots
}

/// The example's, with the networks of the mainland that are reached.
fn location() -> Result<Value> {
    let file = repository::root().join("examples/policies/location.yaml");
    let mut location = manifests(&file)?.into_iter().next().context("the example is empty")?;
    location["spec"]["networks"] = json!(["198.51.100.0/24", "2001:db8:c0::/48"]);
    Ok(location)
}

/// A policy that keeps personal information in the namespaces of the field, with these modes.
pub(super) fn policy(enforcement: &Value) -> Value {
    let home =
        |network: &str| json!({ "network": network, "ports": [{ "port": HOME_PORT, "protocol": "TCP" }] });
    json!({
        "apiVersion": "bund.dev/v1alpha1", "kind": "ResidencyPolicy", "metadata": { "name": "field" },
        "spec": {
            "dataClasses": ["personal-information"], "jurisdictions": ["cn-mainland"],
            "namespaceSelector": { "matchLabels": { "wire": "true" } },
            "enforcement": enforcement, "placementStrategy": "Inject",
            "egress": { "networks": [home("198.51.100.0/24"), home("2001:db8:c0::/48")] }
        }
    })
}
