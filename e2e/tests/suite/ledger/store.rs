//! The store of the ledger and what the cluster remembers of it: made once, watched, and protected.

use anyhow::{Context, Result, ensure};
use bund_e2e::{cluster::Cluster, control_plane::User};
use kube::api::{Patch, PatchParams};
use serde_json::json;

use super::shelf::{KEY, day, on_shelf};
use crate::bed::Bed;

/// On another day than the one that is configured none is made, and no key; on that day both are, once.
pub(super) async fn inception(bed: &Bed) -> Result<()> {
    on_shelf(bed, async |shelf| {
        shelf.start(day(-1)).await?;
        let message = shelf.stands("False", "NoLedger").await?;
        ensure!(message.contains("bund ledger init"), "{message}");
        ensure!(shelf.files()?.is_empty(), "{:?}", shelf.files()?);
        ensure!(shelf.secret().await?.is_none(), "a key was made");

        shelf.start(day(0)).await?;
        shelf.stands("True", "Recording").await?;
        let status = shelf.status().await?;
        ensure!(status["size"] == 1 && status["checkpoint"].is_string(), "{status}");
        let (made, key) = (shelf.files()?, shelf.secret().await?.context("no key")?);

        // A key that is gone is made no second time, and neither is a ledger.
        shelf.delete_secret().await?;
        shelf.start(day(0)).await?;
        let message = shelf.stands("False", "KeyMissing").await?;
        ensure!(message.contains("bring it back"), "{message}");
        ensure!(shelf.secret().await?.is_none(), "another key was made");
        shelf.put_secret(key).await?;
        shelf.stands("True", "Recording").await?;
        shelf.empty()?;
        shelf.stands("False", "RollbackDetected").await?;
        shelf.start(day(0)).await?;
        shelf.stands("False", "RollbackDetected").await?;
        ensure!(shelf.files()?.is_empty(), "something was made where {made:?} was: {:?}", shelf.files()?);
        Ok(())
    })
    .await
}

/// The store goes away and comes back, is put back to an older copy, and to the right one; then etcd is put back.
pub(super) async fn put_back(bed: &Bed) -> Result<()> {
    on_shelf(bed, async |shelf| {
        shelf.start(day(0)).await?;
        shelf.stands("True", "Recording").await?;
        ensure!(shelf.figure("bund_ledger_ready").await? == 1, "it is not told");

        shelf.take_away()?;
        shelf.stands("False", "StoreUnavailable").await?;
        shelf
            .plane
            .eventually("it is told", async || {
                let ready = shelf.figure("bund_ledger_ready").await?;
                ensure!(ready == 0, "it is {ready}");
                Ok(())
            })
            .await?;
        shelf.bring_back()?;
        shelf.stands("True", "Recording").await?;

        let (older, backup) = (shelf.copy()?, shelf.plane.back_up_etcd().await?);
        shelf.append(3).await?;
        shelf.start(day(0)).await?;
        shelf.remembers(4).await?;
        let newer = shelf.copy()?;
        let checkpoint = shelf.status().await?["checkpoint"].clone();
        shelf.put(&older)?;
        let message = shelf.stands("False", "RollbackDetected").await?;
        ensure!(message.contains("bund ledger recover"), "{message}");
        shelf.start(day(0)).await?;
        shelf.stands("False", "RollbackDetected").await?;
        // Nothing is signed, and what is remembered does not go back.
        ensure!(shelf.copy()? == older, "something was written to a store that was put back");
        ensure!(shelf.status().await?["checkpoint"] == checkpoint, "{}", shelf.status().await?);
        shelf.put(&newer)?;
        shelf.stands("True", "Recording").await?;

        // What the cluster remembers may be older than the store: then it learns.
        shelf.plane.restore_etcd(&backup).await?;
        shelf.remembers(4).await?;
        shelf.stands("True", "Recording").await?;
        ensure!(shelf.status().await?["checkpoint"] == checkpoint, "{}", shelf.status().await?);
        Ok(())
    })
    .await
}

/// Nobody else writes the object, its status or takes it away, whatever RBAC lets them do.
pub(super) async fn protected(bed: &Bed) -> Result<()> {
    on_shelf(bed, async |shelf| {
        shelf.start(day(0)).await?;
        shelf.stands("True", "Recording").await?;
        let admin = Cluster::of(shelf.plane.client(User::ADMIN).await?);
        let ledger = json!({ "apiVersion": "bund.dev/v1alpha1", "kind": "Ledger", "metadata": { "name": "bund" } });
        let api = admin.api_of(&ledger).await?;
        let forged = Patch::Merge(json!({ "status": { "checkpoint": "forged", "size": 0 } }));
        // Until the API server knows the policy, nothing is to be forged.
        let dry = PatchParams { dry_run: true, ..PatchParams::default() };
        let refused = async || {
            let error = api.patch_status("bund", &dry, &forged).await.err();
            let error = error.context("anybody writes its status")?.to_string();
            ensure!(error.contains("recorded by Bund alone"), "{error}");
            Ok(())
        };
        shelf.plane.eventually("nobody else writes its status", refused).await?;
        ensure!(api.patch_status("bund", &PatchParams::default(), &forged).await.is_err(), "it is forged");
        let labelled = Patch::Merge(json!({ "metadata": { "labels": { "by": "somebody" } } }));
        let error = api.patch("bund", &PatchParams::default(), &labelled).await.err();
        let error = error.context("anybody writes it")?.to_string();
        ensure!(error.contains("recorded by Bund alone"), "{error}");
        let error = admin.delete(&ledger).await.err().context("anybody deletes it")?;
        ensure!(format!("{error:#}").contains("purge"), "{error:#}");
        let other = json!({ "apiVersion": "bund.dev/v1alpha1", "kind": "Ledger", "metadata": { "name": "other" },
            "spec": { "name": "a" } });
        ensure!(admin.create(&other).await.is_err(), "there is a second one");
        let status = shelf.status().await?;
        ensure!(status["size"] == 1, "{status}");
        ensure!(shelf.secret().await?.is_some_and(|secret| secret.type_.as_deref() == Some(KEY)), "no key");
        Ok(())
    })
    .await
}
