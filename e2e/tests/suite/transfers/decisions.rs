//! Who decides on transfers: those who were given the right, under their own name, and not on their own requests.

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use bund_crds::TransferDecision::{Approved, Rejected};
use bund_e2e::{
    cluster::{Cluster, name_of},
    control_plane::{Identity, Options},
    person::user,
};
use kube::api::{DynamicObject, ListParams};
use serde_json::{Value, json};

use super::{
    example::{self, decision, renamed, transfer_of, workload_of},
    ground::{Ground, SHOP, TILL, dry_run, on_ground},
    life::open,
    rights::{self, PRIVACY_OFFICE, approving, granted, wildcards},
};
use crate::{admission::refused, bed::Bed};

const PERSONAL: &str = "personal-information";
const FINANCIAL: &str = "financial-transactions";

/// Asks, and was given the right to decide too.
const GAO_FENG: Identity =
    Identity { name: "gao.feng@example.cn", uid: Some("1002"), group: Some(PRIVACY_OFFICE) };
/// Has the right, in another group than the policy names.
const ZHOU_YI: Identity =
    Identity { name: "zhou.yi@example.cn", uid: Some("3001"), group: Some("marketing") };
/// Has the right on one class, and everything by wildcards besides.
const SUN_LEI: Identity =
    Identity { name: "sun.lei@example.cn", uid: Some("3002"), group: Some(PRIVACY_OFFICE) };
/// Has the right on one class, in a group that does not hold it.
const QIAN_QI: Identity =
    Identity { name: "qian.qi@example.cn", uid: Some("3003"), group: Some("compliance") };
/// Has everything by wildcards.
const WU_HAO: Identity = Identity { name: "wu.hao@example.cn", uid: Some("3004"), group: Some("root") };

pub(super) async fn who_may(bed: &Bed) -> Result<()> {
    on_ground(bed, Options::api_only(), async |ground| {
        ground.admin.apply_all(&given()).await?;
        strangers(ground).await?;
        whoever_asked(ground).await?;
        class_by_class(ground).await?;
        dry_runs(ground).await?;
        rejected(ground).await?;
        deleted(ground).await?;
        stamps_stay(ground).await
    })
    .await
}

fn given() -> Vec<Value> {
    let mut given = Vec::new();
    given.extend(granted("e2e-zhou", &approving(&[]), &user(ZHOU_YI.name)));
    given.extend(granted("e2e-qian", &approving(&[PERSONAL]), &user(QIAN_QI.name)));
    given.extend(granted("e2e-sun", &approving(&[PERSONAL]), &user(SUN_LEI.name)));
    given.extend(wildcards("e2e-sun-wildcards", SUN_LEI.name));
    given.extend(wildcards("e2e-wu-wildcards", WU_HAO.name));
    given
}

/// Waits until somebody is refused a decision, for a reason. Grants reach the API server a moment after they were written.
async fn decides_not(ground: &Ground<'_>, who: &Cluster, decision: &Value, says: &str) -> Result<()> {
    let try_it = async || {
        let error = dry_run(who, decision).await.err().context("the decision was taken")?;
        let message = format!("{error:#}");
        ensure!(message.contains(says), "another refusal than `{says}`: {message}");
        Ok(())
    };
    ground.plane.eventually("the decision is refused", try_it).await?;
    let message = refused(who, decision).await?;
    ensure!(message.contains(says), "{message}");
    Ok(())
}

/// Nobody without the right decides, nor in another's name, nor on another text.
async fn strangers(ground: &Ground<'_>) -> Result<()> {
    let transfer = ground.li_na.create(&example::transfer()?).await?;
    let approval = decision(&transfer, Approved)?;
    let zhou_yi = ground.person(&ZHOU_YI).await?;
    decides_not(ground, &zhou_yi, &approval, "group").await?;
    // May write approvals, and holds no right to decide.
    decides_not(ground, &ground.li_na, &approval, "approve").await?;
    decides_not(ground, &ground.admin, &approval, "wildcard").await?;
    let wu_hao = ground.person(&WU_HAO).await?;
    decides_not(ground, &wu_hao, &approval, "wildcard").await?;

    let mut spoofed = approval.clone();
    spoofed["spec"]["approver"] =
        json!({ "username": "zhao.min@example.cn", "uid": "2002", "groups": [PRIVACY_OFFICE] });
    decides_not(ground, &ground.wang_wei, &spoofed, "approver").await?;
    for (field, other) in
        [("digest", "0".repeat(64)), ("uid", "00000000-0000-4000-8000-000000000000".to_owned())]
    {
        let mut wrong = approval.clone();
        wrong["spec"]["transfer"][field] = json!(other);
        decides_not(ground, &ground.wang_wei, &wrong, field).await?;
    }
    let status = ground.status(&transfer).await?;
    ensure!(status["approvals"] == "0/2", "{status}");
    ground.li_na.delete(&example::transfer()?).await
}

/// Who asked, and who wrote it for them, do not approve; somebody does not approve twice.
async fn whoever_asked(ground: &Ground<'_>) -> Result<()> {
    let gao_feng = ground.person(&GAO_FENG).await?;
    let mut own = transfer_of(SHOP, "own", &[PERSONAL])?;
    own["spec"]["requestedBy"] = json!(GAO_FENG.name);
    let own = ground.li_na.create(&own).await?;
    decides_not(ground, &gao_feng, &decision(&own, Approved)?, "requested").await?;
    decides_not(ground, &gao_feng, &decision(&own, Rejected)?, "revoke").await?;

    let written = gao_feng.create(&transfer_of(SHOP, "written", &[PERSONAL])?).await?;
    decides_not(ground, &gao_feng, &decision(&written, Approved)?, "created").await?;
    let approval = decision(&written, Approved)?;
    ground.wang_wei.create(&approval).await?;
    decides_not(ground, &ground.wang_wei, &approval, "already").await?;
    ground.stays_closed(&workload_of(SHOP, "written", &[PERSONAL])?).await
}

/// The right on one class decides on no other, whatever wildcards come with it.
async fn class_by_class(ground: &Ground<'_>) -> Result<()> {
    let both = ground.li_na.create(&transfer_of(TILL, "both", &[PERSONAL, FINANCIAL])?).await?;
    let (qian_qi, sun_lei) = (ground.person(&QIAN_QI).await?, ground.person(&SUN_LEI).await?);
    decides_not(ground, &qian_qi, &decision(&both, Approved)?, "every class").await?;
    decides_not(ground, &sun_lei, &decision(&both, Approved)?, "wildcard").await?;
    let mut less = decision(&both, Approved)?;
    less["spec"]["dataClasses"] = json!([PERSONAL]);
    decides_not(ground, &qian_qi, &less, "dataClasses").await?;
    ground.stays_closed(&workload_of(TILL, "both", &[PERSONAL, FINANCIAL])?).await?;

    let one = ground.li_na.create(&transfer_of(TILL, "one", &[PERSONAL])?).await?;
    let decides = async || qian_qi.create(&decision(&one, Approved)?).await.map(drop);
    ground.plane.eventually("the right on the class suffices", decides).await?;
    ground.admitted(&workload_of(TILL, "one", &[PERSONAL])?).await
}

/// What was only tried is not there: no transfer, no decision, no event of either.
async fn dry_runs(ground: &Ground<'_>) -> Result<()> {
    let tried = transfer_of(TILL, "tried", &[PERSONAL])?;
    dry_run(&ground.li_na, &tried).await?;
    let transfer = ground.li_na.create(&tried).await?;
    let approval = dry_run(&ground.wang_wei, &decision(&transfer, Approved)?).await?;
    ensure!(approval.data["spec"]["approver"]["username"] == "wang.wei@example.cn", "{:?}", approval.data);
    // What is written now is seen by everybody after what was only tried.
    let other = ground.li_na.create(&transfer_of(TILL, "not-tried", &[PERSONAL])?).await?;
    ground.wang_wei.create(&decision(&other, Approved)?).await?;
    ground.admitted(&workload_of(TILL, "not-tried", &[PERSONAL])?).await?;
    ground.chain(&other, &["Activated"]).await?;
    let record = ground.record(&transfer).await?;
    ensure!(record.is_empty(), "{record:?}");
    ensure!(approvals(ground, &transfer).await?.is_empty(), "an approval that was only tried is there");
    ground.stays_closed(&workload_of(TILL, "tried", &[PERSONAL])?).await
}

/// The decisions on a transfer.
async fn approvals(ground: &Ground<'_>, transfer: &DynamicObject) -> Result<Vec<DynamicObject>> {
    let api = ground.admin.api_of(&decision(transfer, Approved)?).await?;
    let all = api.list(&ListParams::default()).await?.items;
    let on_it = |approval: &DynamicObject| {
        approval.data["spec"]["transfer"]["uid"].as_str() == transfer.metadata.uid.as_deref()
    };
    Ok(all.into_iter().filter(on_it).collect())
}

/// A rejection is final, whoever approves afterwards.
async fn rejected(ground: &Ground<'_>) -> Result<()> {
    let transfer = ground.li_na.create(&transfer_of(SHOP, "rejected", &[PERSONAL])?).await?;
    ground.wang_wei.create(&decision(&transfer, Rejected)?).await?;
    decides_not(ground, &ground.zhao_min, &decision(&transfer, Approved)?, "rejected").await?;
    ground.condition(&transfer, "Revoked", "True").await?;
    ground.stays_closed(&workload_of(SHOP, "rejected", &[PERSONAL])?).await
}

/// Deleting an approval ends the transfer for good, and so does deleting the transfer.
async fn deleted(ground: &Ground<'_>) -> Result<()> {
    let workload = workload_of(SHOP, "deleted", &[PERSONAL])?;
    let transfer = open(ground, &ground.li_na, &transfer_of(SHOP, "deleted", &[PERSONAL])?).await?;
    ground.admitted(&workload).await?;
    let approval = approvals(ground, &transfer).await?.into_iter().next().context("an approval")?;
    ground.wang_wei.delete(&serde_json::to_value(&approval)?).await?;
    ground.closes(&workload, Instant::now()).await?;
    ground.chain(&transfer, &["Activated", "Revoked"]).await?;
    ground.condition(&transfer, "Revoked", "True").await?;

    let other = transfer_of(SHOP, "gone", &[PERSONAL])?;
    let workload = workload_of(SHOP, "gone", &[PERSONAL])?;
    let transfer = open(ground, &ground.li_na, &other).await?;
    ground.admitted(&workload).await?;
    ground.li_na.delete(&other).await?;
    ground.closes(&workload, Instant::now()).await?;
    ground.chain(&transfer, &["Activated", "Revoked"]).await?;
    // Another transfer of that name is another transfer.
    let again = ground.li_na.create(&other).await?;
    let status = ground.status(&again).await?;
    ensure!(status["approvals"] == "0/2", "{status}");
    ground.stays_closed(&workload).await
}

/// Nobody changes who created a transfer, and nobody but the leader writes the record or takes from it.
async fn stamps_stay(ground: &Ground<'_>) -> Result<()> {
    let transfer = transfer_of(TILL, "stamped", &[PERSONAL])?;
    let mut forged = transfer.clone();
    forged["metadata"]["annotations"] = json!({ "bund.dev/created-by": "somebody.else@example.cn" });
    let message = refused(&ground.li_na, &forged).await?;
    ensure!(message.contains("created-by"), "{message}");
    let made = ground.li_na.create(&transfer).await?;
    for forged in ["somebody.else@example.cn", ""] {
        let mut changed = renamed(transfer.clone(), TILL, name_of(&transfer)?);
        changed["metadata"]["annotations"] = json!({ "bund.dev/created-by": forged });
        let error = ground.li_na.apply(&changed).await.err().context("the stamp was changed")?;
        ensure!(format!("{error:#}").contains("created-by"), "{error:#}");
    }
    ground.wang_wei.create(&decision(&made, Approved)?).await?;
    ground.chain(&made, &["Activated"]).await?;
    let recorded = format!("{}.0", made.metadata.uid.as_deref().unwrap_or_default());
    let event = renamed(rights::forged_event(), "", &recorded);
    for who in [&ground.admin, &ground.person(&WU_HAO).await?] {
        let message = refused(who, &rights::forged_event()).await?;
        ensure!(message.contains("recorded by Bund alone"), "{message}");
        let error = who.delete(&event).await.err().context("an event was deleted")?;
        ensure!(format!("{error:#}").contains("purge"), "{error:#}");
    }
    ensure!(ground.record(&made).await?.iter().any(|(name, _)| *name == recorded), "the event is gone");
    Ok(())
}
