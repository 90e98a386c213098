//! `bund report data-flow` of a cluster in which a transfer is in effect, ends, and is gone but for the record.

use std::{path::Path, process::Stdio};

use anyhow::{Context, Result, ensure};
use bund_crds::TransferDecision::Revoked;
use bund_e2e::control_plane::{Options, User, nodes};
use serde_json::{Value, json};

use super::{
    example::{self, decision, renamed, workload_of},
    ground::{Ground, SHOP, on_ground},
    life::open,
};
use crate::bed::Bed;

const PERSONAL: &str = "personal-information";
const TRANSFER: &str = "recommendations-to-frankfurt";

pub(super) async fn drawn(bed: &Bed) -> Result<()> {
    let bund = bed.operator().await?.with_file_name("bund");
    on_ground(bed, Options::default(), async |ground| {
        ground.plane.add_nodes(&[nodes::hangzhou("hangzhou-1"), nodes::frankfurt("frankfurt-1")]).await?;
        let transfer = open(ground, &ground.li_na, &example::transfer()?).await?;
        let mut home = workload_of(SHOP, "web", &[PERSONAL])?;
        home["spec"]["template"]["spec"]["nodeSelector"] = json!({ nodes::REGION: "cn-hangzhou" });
        let abroad = example::workload()?;
        ground.admitted(&abroad).await?;
        ground.admin.apply_all(&[abroad, home, secret()]).await?;
        let looked = async || in_effect(&map(ground, &bund).await?);
        ground.plane.eventually("the map tells of pods that run at home and abroad", looked).await?;
        people_read(ground, &bund).await?;

        ground.li_na.create(&decision(&transfer, Revoked)?).await?;
        ground.condition(&transfer, "Revoked", "True").await?;
        let ended = map(ground, &bund).await?;
        let told = &ended["transfers"][0];
        ensure!(told["phase"] == "Ended" && told["state"] == "Revoked", "{told}");
        let abroad = row(&ended, "recommender")?;
        ensure!(abroad["coveredBy"] == json!([]) && abroad["uncovered"] != json!([]), "{abroad}");

        ground.admin.delete(&serde_json::to_value(&transfer)?).await?;
        let on_record = async || gone(&map(ground, &bund).await?);
        ground.plane.eventually("of a transfer that was deleted the record tells", on_record).await
    })
    .await
}

fn in_effect(map: &Value) -> Result<()> {
    ensure!(map["version"] == "bund.dev/data-flow/v1" && map["unreadable"] == json!([]), "{map:#}");
    let id = json!([{ "namespace": SHOP, "name": TRANSFER }]);
    let abroad = row(map, "recommender")?;
    ensure!(abroad["kind"] == "Pod" && abroad["objects"] == 1, "{abroad}");
    let place = &abroad["places"][0];
    ensure!(place["side"] == "Outside" && place["name"] == "eu-central-1", "{place}");
    ensure!(place["nodes"] == json!(["frankfurt-1"]), "{place}");
    ensure!(
        abroad["sourcesOf"] == id && abroad["coveredBy"] == id && abroad["uncovered"] == json!([]),
        "{abroad}"
    );
    let home = row(map, "web")?;
    let place = &home["places"][0];
    ensure!(place["side"] == "Inside" && place["nodes"] == json!(["hangzhou-1"]), "{home}");
    ensure!(home["sourcesOf"] == json!([]), "{home}");
    let secrets = holders(map).find(|row| row["kind"] == "Secret").context("no row of Secrets")?;
    ensure!(secrets["names"] == json!(["customers"]), "{secrets}");
    let transfer = &map["transfers"][0];
    ensure!(transfer["phase"] == "InEffect" && transfer["recipient"]["country"] == "DE", "{transfer}");
    ensure!(transfer["sources"][0]["holds"] == json!([PERSONAL]), "{transfer}");
    ensure!(transfer["approvals"]["counted"] == 2 && transfer["ground"]["satisfied"] == true, "{transfer}");
    Ok(())
}

/// What is left of a transfer: that it was, and how it ended.
fn gone(map: &Value) -> Result<()> {
    let told = &map["transfers"][0];
    ensure!(
        told["name"] == TRANSFER && told["phase"] == "Ended" && told["recipient"] == Value::Null,
        "{told}"
    );
    ensure!(told["dataClasses"] == json!([PERSONAL]) && told["approvals"]["counted"] == 2, "{told}");
    Ok(())
}

/// The page and the picture are made of the same cluster.
async fn people_read(ground: &Ground<'_>, bund: &Path) -> Result<()> {
    for (form, begins) in [("html", "<!DOCTYPE html>"), ("svg", "<svg "), ("text", "数据流向图")] {
        let page = report(ground, bund, &["--output", form, "--language", "zh"]).await?;
        ensure!(page.starts_with(begins) && page.contains("recommender"), "{form}: {page}");
    }
    Ok(())
}

fn holders(map: &Value) -> impl Iterator<Item = &Value> {
    map["holders"].as_array().into_iter().flatten()
}

/// The row of what a Deployment owns.
fn row<'m>(map: &'m Value, deployment: &str) -> Result<&'m Value> {
    let mut rows = holders(map);
    let found = rows.find(|row| row["owner"]["kind"] == "Deployment" && row["owner"]["name"] == deployment);
    found.with_context(|| format!("no row of {deployment} in {map:#}"))
}

async fn map(ground: &Ground<'_>, bund: &Path) -> Result<Value> {
    let printed = report(ground, bund, &["--output", "json"]).await?;
    serde_json::from_str(&printed).context("the map is no JSON")
}

async fn report(ground: &Ground<'_>, bund: &Path, arguments: &[&str]) -> Result<String> {
    let output = tokio::process::Command::new(bund)
        .args(["report", "data-flow", "--context", "e2e"])
        .args(arguments)
        .arg("--kubeconfig")
        .arg(ground.plane.kubeconfig(User::ADMIN)?)
        .stdin(Stdio::null())
        .output()
        .await?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).context("the map is no text")
}

fn secret() -> Value {
    let class = json!({ "data-class.bund.dev/personal-information": "" });
    let secret = json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "labels": class } });
    renamed(secret, SHOP, "customers")
}
