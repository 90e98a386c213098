//! Stamps where storage rules refuse: a binding waits for its stamp, and a stamp is never refused itself.

use anyhow::{Result, ensure};
use bund_e2e::{
    cluster::Cluster,
    control_plane::{User, client_as},
    person::Person,
};
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use serde_json::{Value, json};

use super::{claim_and_volume, delete_all, writer};
use crate::bed::{Bed, Living};

/// A guarded namespace with a policy of its own: its class stays on the mainland, volumes included.
struct Ground<'l> {
    living: &'l Living,
    name: &'static str,
}

impl<'l> Ground<'l> {
    async fn set(living: &'l Living, name: &'static str) -> Result<Self> {
        living.plane.create_namespace(name, &[("bund.dev/guarded", "true"), ("e2e", name)]).await?;
        let ground = Self { living, name };
        living.admin.create(&ground.policy()).await?;
        Ok(ground)
    }

    fn policy(&self) -> Value {
        json!({
            "apiVersion": "bund.dev/v1alpha1", "kind": "ResidencyPolicy", "metadata": { "name": self.name },
            "spec": {
                "dataClasses": [self.name], "jurisdictions": ["cn-mainland"],
                "namespaceSelector": { "matchLabels": { "e2e": self.name } },
                "enforcement": { "placement": "Audit", "storage": "Deny" }
            }
        })
    }

    /// A class that attaches itself to what has the label `app` of this name.
    fn class(&self) -> Value {
        json!({
            "apiVersion": "bund.dev/v1alpha1", "kind": "DataClass", "metadata": { "name": self.name },
            "spec": {
                "category": "PersonalInformation",
                "selectors": [{ "objectSelector": { "matchLabels": { "app": self.name } } }]
            }
        })
    }

    /// A claim, its volume and a pod that writes it, which holds the class by selector alone.
    fn objects(&self) -> [Value; 3] {
        let [claim, volume] = claim_and_volume(self.name, self.name);
        let mut pod = writer(self.name, self.name);
        pod["metadata"]["labels"] = json!({ "app": self.name });
        [claim, volume, pod]
    }

    async fn runs(&self, pod: &Value) -> Result<()> {
        let pods: Api<Pod> = Api::namespaced(self.living.admin.client(), self.name);
        let name = pod["metadata"]["name"].as_str().unwrap_or_default();
        let running = async || {
            let status = pods.get(name).await?.status.unwrap_or_default();
            ensure!(status.phase.as_deref() == Some("Running"), "it is {:?}", status.phase);
            Ok(())
        };
        self.living.plane.eventually("the pod runs", running).await
    }

    /// Waits until an object carries the class.
    async fn carries(&self, object: &Value) -> Result<()> {
        let label = format!("data-class.bund.dev/{}", self.name);
        let api = self.living.admin.api_of(object).await?;
        let carries = async || {
            let labels = api.get(self.name).await?.metadata.labels.unwrap_or_default();
            ensure!(labels.contains_key(&label), "its labels are {labels:?}");
            Ok(())
        };
        self.living.plane.eventually(&format!("{} is stamped", object["kind"]), carries).await
    }

    /// Somebody who may take the class away takes away everything.
    async fn clear(&self, objects: &[Value]) -> Result<()> {
        delete_all(self.living, objects).await?;
        let person = Person::who_may_declassify([self.name]);
        self.living.admin.apply_all(&person.grants()).await?;
        let kubeconfig = self.living.plane.kubeconfig(User::ADMIN)?;
        let cluster = Cluster::of(client_as(kubeconfig, &person.name()).await?);
        for object in [self.policy(), self.class()] {
            let deleted = async || cluster.delete(&object).await;
            self.living.plane.eventually("the grant holds", deleted).await?;
        }
        for grant in person.grants() {
            self.living.admin.delete(&grant).await?;
        }
        Ok(())
    }
}

/// The scheduler asks for the binding, is refused until the stamp is there, and asks again.
pub(super) async fn binding_waits(bed: &Bed) -> Result<()> {
    let ground = Ground::set(bed.living().await?, "stamps-wait").await?;
    let [claim, volume, pod] = ground.objects();
    for object in [&ground.class(), &volume, &claim, &pod] {
        ground.living.admin.create(object).await?;
    }
    ground.runs(&pod).await?;
    ground.carries(&claim).await?;
    ground.carries(&volume).await?;
    ground.clear(&[pod, claim, volume]).await
}

/// A class comes to a pod that runs already, on a volume abroad: nothing can be undone, but what holds the data says so.
pub(super) async fn abroad_too(bed: &Bed) -> Result<()> {
    let ground = Ground::set(bed.living().await?, "stamps-abroad").await?;
    let [claim, mut volume, pod] = ground.objects();
    volume["spec"]["nodeAffinity"]["required"]["nodeSelectorTerms"][0]["matchExpressions"][0]["values"] =
        json!(["eu-central-1"]);
    for object in [&volume, &claim, &pod] {
        ground.living.admin.create(object).await?;
    }
    ground.runs(&pod).await?;
    ground.living.admin.create(&ground.class()).await?;
    ground.carries(&claim).await?;
    ground.carries(&volume).await?;
    ground.clear(&[pod, claim, volume]).await
}
