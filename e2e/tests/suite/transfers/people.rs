//! Who is whom: people by name and uid, machines, and whoever acts in another's name.

use anyhow::{Context, Result, ensure};
use bund_crds::TransferDecision::Approved;
use bund_e2e::{
    cluster::Cluster,
    control_plane::{Identity, Options, User, client_as, client_of},
    person::user,
};
use kube::api::DynamicObject;
use serde_json::{Value, json};

use super::{
    example::{decision, transfer_of, workload_of},
    ground::{Ground, SHOP, TILL, on_ground},
    rights::{PRIVACY_OFFICE, TRUSTED, approving, granted},
};
use crate::{admission::refused, bed::Bed};

const PERSONAL: &str = "personal-information";

pub(super) async fn distinct(bed: &Bed) -> Result<()> {
    on_ground(bed, Options::api_only(), async |ground| {
        by_name_and_uid(ground).await?;
        machines(ground).await?;
        in_anothers_name(ground).await
    })
    .await
}

/// Somebody of the privacy office.
fn officer(name: &'static str, uid: Option<&'static str>) -> Identity {
    Identity { name, uid, group: Some(PRIVACY_OFFICE) }
}

/// Two approvals count as two people's only if both names, and both uids where there are any, differ.
async fn by_name_and_uid(ground: &Ground<'_>) -> Result<()> {
    let (chen, lin) = ("chen.jie@example.cn", "lin.tao@example.cn");
    for (name, first, second, two) in [
        ("without-uid", officer(chen, None), officer(lin, None), true),
        ("one-with-uid", officer(chen, Some("4001")), officer(lin, None), true),
        ("one-uid-two-names", officer(chen, Some("4001")), officer(lin, Some("4001")), false),
        ("one-name-two-uids", officer(chen, Some("4001")), officer(chen, Some("4002")), false),
        ("one-name-without-uid", officer(chen, Some("4001")), officer(chen, None), false),
    ] {
        let transfer = ground.li_na.create(&transfer_of(SHOP, name, &[PERSONAL])?).await?;
        let approval = decision(&transfer, Approved)?;
        ground.person(&first).await?.create(&approval).await.context(name)?;
        let second = ground.person(&second).await?;
        let workload = workload_of(SHOP, name, &[PERSONAL])?;
        if two {
            second.create(&approval).await.context(name)?;
            ground.condition(&transfer, "Active", "True").await.context(name)?;
            ground.admitted(&workload).await.context(name)?;
        } else {
            let message = refused(&second, &approval).await.context(name)?;
            ensure!(message.contains("already"), "{name}: {message}");
            ground.stays_closed(&workload).await.context(name)?;
        }
    }
    own_name_with_another_uid(ground).await
}

/// Who asked is who asked, also with the uid of somebody else, or under another name with the same uid.
async fn own_name_with_another_uid(ground: &Ground<'_>) -> Result<()> {
    for (name, who) in [
        ("asked-by-name", officer("li.na@example.cn", Some("9001"))),
        ("asked-by-uid", officer("na.li@example.cn", Some("1001"))),
    ] {
        let transfer = ground.li_na.create(&transfer_of(SHOP, name, &[PERSONAL])?).await?;
        let message =
            refused(&ground.person(&who).await?, &decision(&transfer, Approved)?).await.context(name)?;
        ensure!(message.contains("requested") || message.contains("created"), "{name}: {message}");
    }
    Ok(())
}

/// A service account with the right decides nothing, unless a policy trusts it.
async fn machines(ground: &Ground<'_>) -> Result<()> {
    let account = async |name: &str| -> Result<Cluster> {
        let subject = json!({ "kind": "ServiceAccount", "name": name, "namespace": TILL });
        ground.admin.apply_all(&granted(&format!("e2e-{name}"), &approving(&[]), &subject)).await?;
        let kubeconfig = ground.plane.service_account_kubeconfig(TILL, name).await?;
        Ok(Cluster::of(client_of(&kubeconfig).await?))
    };
    let (release, untrusted) = (account("release").await?, account("untrusted").await?);
    let transfer = ground.li_na.create(&transfer_of(TILL, "by-machine", &[PERSONAL])?).await?;
    let approval = decision(&transfer, Approved)?;
    let not_trusted = async || {
        let message = refused(&untrusted, &approval).await?;
        ensure!(message.contains("service account"), "{message}");
        Ok(())
    };
    ground.plane.eventually("a machine decides nothing", not_trusted).await?;
    let trusted = async || release.create(&approval).await;
    let approval = ground.plane.eventually("a machine that is trusted decides", trusted).await?;
    ensure!(stamped(&approval)["username"] == TRUSTED, "{:?}", approval.data);
    ground.condition(&transfer, "Active", "True").await?;
    // The shop's policy trusts nobody.
    let transfer = ground.li_na.create(&transfer_of(SHOP, "by-machine", &[PERSONAL])?).await?;
    let message = refused(&release, &decision(&transfer, Approved)?).await?;
    ensure!(message.contains("service account"), "{message}");
    Ok(())
}

fn stamped(approval: &DynamicObject) -> &Value {
    &approval.data["spec"]["approver"]
}

/// Who decides in another's name may, where RBAC lets them; that no credential was theirs is on record.
async fn in_anothers_name(ground: &Ground<'_>) -> Result<()> {
    let name = "hong.mei@example.cn";
    ground.admin.apply_all(&granted("e2e-hong", &approving(&[]), &user(name))).await?;
    let hong_mei = Cluster::of(client_as(ground.plane.kubeconfig(User::ADMIN)?, name).await?);
    let transfer = ground.li_na.create(&transfer_of(TILL, "in-anothers-name", &[PERSONAL])?).await?;
    let decides = async || hong_mei.create(&decision(&transfer, Approved)?).await;
    let approval = ground.plane.eventually("who is given a name decides in it", decides).await?;
    ensure!(
        *stamped(&approval) == json!({ "username": name, "groups": ["system:authenticated"] }),
        "{:?}",
        approval.data
    );
    ground.condition(&transfer, "Active", "True").await?;
    let name = format!("{}.decided", approval.metadata.uid.as_deref().unwrap_or_default());
    let event = json!({ "apiVersion": "bund.dev/v1alpha1", "kind": "LedgerEvent" });
    let event = ground.admin.api_of(&event).await?.get(&name).await?;
    let why = event.data["spec"]["why"].as_str().unwrap_or_default();
    ensure!(why.contains("no credential"), "{why}");

    // A person's own certificate is named.
    let transfer = ground.li_na.create(&transfer_of(TILL, "in-ones-own", &[PERSONAL])?).await?;
    let approval = ground.wang_wei.create(&decision(&transfer, Approved)?).await?;
    let credential = stamped(&approval)["credential"].as_str().context("no credential")?;
    ensure!(credential.starts_with("X509SHA256="), "{credential}");
    ensure!(stamped(&approval)["uid"] == "2001", "{:?}", approval.data);
    Ok(())
}
