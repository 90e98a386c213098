//! Databases of addresses under a running operator: what they say decides, what is put in their place counts within seconds,
//! and what is no good changes nothing but what is told.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use bund_e2e::{
    cluster::{Cluster, dynamic, told},
    control_plane::{ControlPlane, Operator, Options, User},
    probe::enforced,
    repository,
    shop::manifests,
};
use kube::api::{DynamicObject, Patch, PatchParams, PostParams};
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::{bed::Bed, trial};

#[expect(clippy::unwrap_used, reason = "a database that cannot be made says why and ends")]
#[path = "../../../operator/geo/tests/support/mod.rs"]
mod made_up;
mod planned;
mod shelf;

use shelf::{DAY, Shelf, before, moved, now};

pub(crate) fn trials(bed: &Arc<Bed>) -> Vec<Trial> {
    let sentence = "what databases say decides within seconds and what is no good takes the place of none";
    vec![trial(bed, "geography", sentence, replaced_while_it_runs)]
}

/// The guarded namespace in which the network is judged.
const SHOP: &str = "shop";
/// An address on the mainland in the database that comes first.
const HANGZHOU: &str = "47.96.0.1";
/// One in Hong Kong, which moves to the mainland.
const HONG_KONG: &str = "47.52.0.1";
/// One on the mainland in every database.
const EVERYWHERE: &str = "47.104.0.1";
/// Files are looked at every five seconds, and machines that run this may be busy.
const WITHIN: Duration = Duration::from_secs(15);
/// How long the last database is good for.
const GOOD_FOR: i64 = 12;

async fn replaced_while_it_runs(bed: &Bed) -> Result<()> {
    let plane = ControlPlane::start(bed.tools().await?, Options::api_only()).await?;
    let outcome = async {
        let site = Site::lay(bed, &plane).await?;
        site.with_one().await?;
        site.with_two().await
    };
    let outcome = outcome.await;
    plane.stop()?;
    outcome
}

/// A cluster that is inside as a whole, and two databases beside it.
struct Site<'p> {
    bed: &'p Bed,
    plane: &'p ControlPlane,
    admin: Cluster,
    shelf: Shelf,
}

impl<'p> Site<'p> {
    async fn lay(bed: &'p Bed, plane: &'p ControlPlane) -> Result<Self> {
        let admin = Cluster::of(plane.client(User::ADMIN).await?);
        admin.apply_definitions(plane).await?;
        for folder in ["policies/jurisdictions", "policies/classes"] {
            admin.apply_all(&manifests(&repository::root().join(folder))?).await?;
        }
        plane.create_namespace(SHOP, &[("bund.dev/guarded", "true")]).await?;
        let own = |kind: &str, name: &str, spec: Value| json!({ "apiVersion": "bund.dev/v1alpha1", "kind": kind, "metadata": { "name": name }, "spec": spec });
        let location = json!({ "jurisdiction": "cn-mainland", "span": "Uniform", "providers": ["alibaba"] });
        let policy = json!({
            "dataClasses": ["personal-information"], "jurisdictions": ["cn-mainland"],
            "enforcement": { "network": "Deny" }, "egress": { "networks": [{ "network": planned::LISTED }] }
        });
        let objects =
            [own("ClusterLocation", "cluster", location), own("ResidencyPolicy", "mainland", policy)];
        admin.apply_all(&objects).await?;
        Ok(Self { bed, plane, admin, shelf: Shelf::new()? })
    }

    async fn operator(&self, databases: Value) -> Result<Operator> {
        let further = json!({ "geo": { "databases": databases } });
        let operator = self.plane.start_operator_with(&self.bed.operator().await?, &further).await?;
        // The API server asks the one before for a moment.
        let asked = async || enforced(self.plane, &self.admin).await;
        self.plane.eventually("this operator is asked", asked).await?;
        Ok(operator)
    }

    /// One database: what it says, and another one renamed over it.
    async fn with_one(&self) -> Result<()> {
        self.shelf.rename(Some(&before(now())))?;
        let operator = self.operator(json!([{ "path": self.shelf.renamed() }])).await?;
        self.admitted(HANGZHOU).await?;
        self.refused(HONG_KONG, "ServiceOutside").await?;
        self.refused("1.1.1.1", "is answered by machines in many places (anycast), as a.mmdb says").await?;
        self.refused("9.9.9.9", "has no record for all of it in a.mmdb").await?;
        self.given_to_a_load_balancer().await?;
        self.told("True", "InUse", &["a.mmdb of "]).await?;
        planned::egress(self).await?;

        self.shelf.rename(Some(&moved(now())))?;
        self.turned(HONG_KONG, None).await?;
        self.refused(HANGZHOU, "ServiceOutside").await?;
        operator.terminate()
    }

    /// Where there is a database, it counts for what a cloud gives too.
    async fn given_to_a_load_balancer(&self) -> Result<()> {
        let service = json!({
            "apiVersion": "v1", "kind": "Service", "metadata": { "name": "balanced", "namespace": SHOP },
            "spec": { "type": "LoadBalancer", "selector": { "app": "web" }, "ports": [{ "port": 443 }] }
        });
        self.admin.create(&service).await?;
        let api = self.admin.api_of(&service).await?;
        let give = async |address: &str| {
            let status = json!({ "status": { "loadBalancer": { "ingress": [{ "ip": address }] } } });
            api.patch_status("balanced", &PatchParams::default(), &Patch::Merge(&status)).await
        };
        let error = give(HONG_KONG).await.err().context("a load balancer in Hong Kong was admitted")?;
        ensure!(error.to_string().contains("status.loadBalancer.ingress[0].ip"), "{error}");
        give(HANGZHOU).await.context("a load balancer in Hangzhou")?;
        self.admin.delete(&service).await
    }

    /// Two: they must agree, and what is put in the place of one that is good must be good.
    async fn with_two(&self) -> Result<()> {
        self.shelf.swap(Some(&before(now())))?;
        let databases = json!([
            { "path": self.shelf.renamed(), "maxAgeDays": 1 }, { "path": self.shelf.mounted() }
        ]);
        let operator = self.operator(databases).await?;
        self.refused(HONG_KONG, "is in CN by a.mmdb and in HK by b.mmdb").await?;
        self.refused(HANGZHOU, "is in SG by a.mmdb and in CN by b.mmdb").await?;
        self.admitted(EVERYWHERE).await?;

        self.shelf.swap(Some(&moved(now())))?;
        self.turned(HONG_KONG, None).await?;

        let whole = moved(now());
        let half = whole.get(..whole.len() / 2).context("it is empty")?;
        let [a, b] = ["a.mmdb: it is no whole MaxMind DB", "b.mmdb: it is no whole MaxMind DB"];
        let old = moved(now() - 40 * DAY);
        let (late, gone) = ("b.mmdb: it was built on ", ["a.mmdb cannot be read", "b.mmdb cannot be read"]);
        for (in_a, in_b, told) in [
            (Some(b"<html>Not found</html>".as_slice()), Some(half), [a, b]),
            (Some(b"".as_slice()), Some(old.as_slice()), [a, late]),
            (None, None, gone),
        ] {
            self.shelf.rename(in_a)?;
            self.shelf.swap(in_b)?;
            self.told("False", "NotReplaced", &told).await?;
            self.admitted(HONG_KONG).await?;
            self.refused(HANGZHOU, "ServiceOutside").await?;
        }
        self.measured(&operator, "a.mmdb", [("usable", 1), ("current", 0)]).await?;
        let log = operator.log_tail();
        ensure!(log.contains("a newer database cannot be used; the old one stays"), "{log}");
        self.until_it_is_too_old(&operator).await?;
        operator.terminate()
    }

    /// What stays for want of a better one stays no longer than it is good.
    async fn until_it_is_too_old(&self, operator: &Operator) -> Result<()> {
        let end = now() + GOOD_FOR;
        self.shelf.rename(Some(&moved(end - DAY)))?;
        self.shelf.swap(Some(&moved(now())))?;
        self.measured(operator, "a.mmdb", [("expiry_timestamp_seconds", end), ("current", 1)]).await?;
        self.shelf.rename(Some(b"broken"))?;
        self.told("False", "Stale", &["a.mmdb of ", "no public address is inside that no network lists"])
            .await?;
        ensure!(now() >= end, "it was let go before its time");
        self.refused(HONG_KONG, "is too old; put a newer one in its place").await?;
        self.measured(operator, "a.mmdb", [("usable", 0)]).await
    }

    // === what is seen ===

    /// Why a Service that takes connections at this address is refused; `None` where it is not.
    async fn verdict(&self, address: &str) -> Result<Option<String>> {
        let service = json!({
            "apiVersion": "v1", "kind": "Service", "metadata": { "name": "asked", "namespace": SHOP },
            "spec": { "selector": { "app": "web" }, "externalIPs": [address], "ports": [{ "port": 443 }] }
        });
        let dry = PostParams { dry_run: true, ..PostParams::default() };
        match self.admin.api_of(&service).await?.create(&dry, &dynamic(&service)?).await {
            Ok(_) => Ok(None),
            Err(kube::Error::Api(status)) => Ok(Some(status.message)),
            Err(error) => Err(error).with_context(|| told(&service)),
        }
    }

    async fn admitted(&self, address: &str) -> Result<()> {
        match self.verdict(address).await? {
            None => Ok(()),
            Some(why) => bail!("{address} is refused: {why}"),
        }
    }

    async fn refused(&self, address: &str, why: &str) -> Result<()> {
        let told = self.verdict(address).await?.with_context(|| format!("{address} is admitted"))?;
        ensure!(told.contains(why), "`{why}` is not told of {address}: {told}");
        Ok(())
    }

    /// Waits until the verdict on an address is this one, and sees that it came in time.
    async fn turned(&self, address: &str, refused: Option<&str>) -> Result<()> {
        let since = Instant::now();
        let turned = async || match refused {
            None => self.admitted(address).await,
            Some(why) => self.refused(address, why).await,
        };
        self.plane.eventually("what is put in its place counts", turned).await?;
        ensure!(since.elapsed() <= WITHIN, "it took {:?}", since.elapsed());
        Ok(())
    }

    /// Waits until the condition says this.
    async fn told(&self, status: &str, reason: &str, parts: &[&str]) -> Result<()> {
        let location = json!({ "apiVersion": "bund.dev/v1alpha1", "kind": "ClusterLocation" });
        let api = self.admin.api_of(&location).await?;
        let said = async || {
            let condition = geography(&api.get("cluster").await?)?;
            let is = |member: &str, value: &str| condition[member] == value;
            let message = condition["message"].as_str().unwrap_or_default();
            let all = parts.iter().all(|part| message.contains(part));
            ensure!(is("status", status) && is("reason", reason) && all, "it says {condition}");
            Ok(())
        };
        self.plane.eventually(&format!("GeographyReady is {reason}"), said).await
    }

    /// Waits until the metrics of a database have these values.
    async fn measured<const N: usize>(
        &self,
        operator: &Operator,
        database: &str,
        values: [(&str, i64); N],
    ) -> Result<()> {
        let said = async || {
            let metrics = operator.metrics().await?;
            for (what, value) in values {
                let line = format!("bund_geo_database_{what}{{database=\"{database}\"}} {value}");
                ensure!(metrics.lines().any(|found| found == line), "`{line}` is not among the metrics");
            }
            Ok(())
        };
        self.plane.eventually("the metrics say so", said).await
    }
}

fn geography(location: &DynamicObject) -> Result<Value> {
    let conditions = location.data["status"]["conditions"].as_array().cloned().unwrap_or_default();
    let mut of_databases = conditions.into_iter().filter(|condition| condition["type"] == "GeographyReady");
    of_databases.next().context("there is no condition of databases")
}
