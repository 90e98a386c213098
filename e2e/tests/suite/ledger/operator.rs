//! What the leader records, while it is killed, while the store is away, and after etcd was put back.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use bund_crds::{
    EventType, LedgerEventSpec,
    TransferDecision::{Approved, Revoked},
};
use bund_e2e::{
    control_plane::{OWN_NAMESPACE, Options},
    ledger::LedgerFolder,
};
use bund_ledger::policy::Policy;
use bund_ledger::verify::{Trust, verify_store};
use bund_ledger::{Keys, Log, Opening, SecretKey, Store};
use k8s_openapi::api::core::v1::Secret;
use kube::{
    Api,
    api::{DynamicObject, ListParams},
};

use crate::{
    bed::Bed,
    transfers::{
        example::{decision, transfer_of, workload_of},
        ground::{Ground, TILL, on_configured_ground},
        rights::forged_event,
    },
};

pub(super) const PERSONAL: &str = "personal-information";
/// How often operators are killed, where nobody says.
const KILLS: u64 = 50;
/// What says how often instead.
const KILLS_VARIABLE: &str = "BUND_E2E_KILLS";
/// After so many lives one is closed.
const OLD: u64 = 3;
/// One in so many kills is for good, so that another replica leads.
const FOR_GOOD: u64 = 25;

/// Somebody decides, and the leader is killed a moment later; again and again.
pub(super) async fn killed(bed: &Bed) -> Result<()> {
    let folder = LedgerFolder::new()?;
    on_configured_ground(bed, Options::api_only(), folder.configuration(), async |ground| {
        let kills = std::env::var(KILLS_VARIABLE).ok().map_or(Ok(KILLS), |kills| kills.parse())?;
        let mut lives = BTreeMap::new();
        for n in 1..=kills {
            // One life is opened, and one that may be open is closed.
            let transfer = ask_and_approve(ground, &format!("life-{n}")).await?;
            if let Some(before) = n.checked_sub(OLD).and_then(|old| lives.get(&old)) {
                ground.li_na.create(&decision(before, Revoked)?).await?;
            }
            lives.insert(n, transfer);
            tokio::time::sleep(moment(n)).await;
            if n % FOR_GOOD == 0 {
                ground.replicas.kill_leader().await?;
            } else {
                let (_, leader) = ground.replicas.leader().await?;
                leader.kill();
                leader.restart()?;
            }
        }
        for (n, transfer) in lives {
            recorded(ground, &transfer, n + OLD <= kills).await?;
        }
        agree(ground, &folder).await?;
        verified(ground, &folder).await
    })
    .await
}

/// Waits until everything that happened to a transfer is on record, each once. What was revoked before anybody opened it was
/// never opened.
async fn recorded(ground: &Ground<'_>, transfer: &DynamicObject, revoked: bool) -> Result<()> {
    let whole = async || {
        let record = ground.record(transfer).await?;
        let count = |event: &str| record.iter().filter(|(_, found)| found == event).count();
        let counts = ["Decided", "Activated", "Revoked"].map(count);
        let is_whole = if revoked { [[2, 1, 1], [2, 0, 0]].contains(&counts) } else { counts == [1, 1, 0] };
        ensure!(is_whole && counts.iter().sum::<usize>() == record.len(), "recorded is {record:?}");
        Ok(())
    };
    ground.plane.eventually("all is on record", whole).await
}

/// A moment of up to half a second, another one every time and the same in every run.
fn moment(n: u64) -> Duration {
    // The constants of Knuth's MMIX.
    let scrambled = n.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    Duration::from_millis((scrambled >> 33) % 500)
}

/// While the store is away, what is revoked closes and what is approved waits; then all is recorded.
pub(super) async fn store_away(bed: &Bed) -> Result<()> {
    let folder = LedgerFolder::new()?;
    on_configured_ground(bed, Options::api_only(), folder.configuration(), async |ground| {
        let open = ask_and_approve(ground, "open").await?;
        ground.condition(&open, "Active", "True").await?;
        ground.admitted(&workload_of(TILL, "open", &[PERSONAL])?).await?;
        agree(ground, &folder).await?;

        folder.take_away()?;
        let waiting = ask_and_approve(ground, "waiting").await?;
        let told = async || {
            let message = ground.condition(&waiting, "Active", "False").await?;
            ensure!(message.contains("ledger"), "{message}");
            Ok(())
        };
        ground.plane.eventually("the transfer says what it waits for", told).await?;
        ground.stays_closed(&workload_of(TILL, "waiting", &[PERSONAL])?).await?;
        ground.wang_wei.create(&decision(&open, Revoked)?).await?;
        ground.closes(&workload_of(TILL, "open", &[PERSONAL])?, Instant::now()).await?;
        ground.chain(&open, &["Activated", "Revoked"]).await?;
        // Whoever leads next knows nothing of the ledger, and opens nothing either.
        let (_, leader) = ground.replicas.leader().await?;
        leader.kill();
        leader.restart()?;
        ground.plane.operator_ready(&leader).await?;
        ground.chain(&waiting, &[]).await?;
        ground.stays_closed(&workload_of(TILL, "waiting", &[PERSONAL])?).await?;

        folder.bring_back()?;
        ground.condition(&waiting, "Active", "True").await?;
        ground.admitted(&workload_of(TILL, "waiting", &[PERSONAL])?).await?;
        agree(ground, &folder).await?;
        verified(ground, &folder).await
    })
    .await
}

/// A transfer is revoked and etcd put back to before, so shortly that the watch over transfers holds; and no process lived
/// through it.
pub(super) async fn etcd_put_back(bed: &Bed) -> Result<()> {
    let folder = LedgerFolder::new()?;
    on_configured_ground(bed, Options::api_only(), folder.configuration(), async |ground| {
        let revoked = ask_and_approve(ground, "revoked").await?;
        let kept = ask_and_approve(ground, "kept").await?;
        ground.chain(&revoked, &["Activated"]).await?;
        ground.chain(&kept, &["Activated"]).await?;
        agree(ground, &folder).await?;
        let backup = ground.plane.back_up_etcd().await?;

        ground.li_na.create(&decision(&revoked, Revoked)?).await?;
        ground.chain(&revoked, &["Activated", "Revoked"]).await?;
        let later = ask_and_approve(ground, "later").await?;
        ground.chain(&later, &["Activated"]).await?;
        agree(ground, &folder).await?;
        ground.replicas.kill_all();
        ground.plane.restore_etcd(&backup).await?;
        ground.replicas.fill().await?;

        // What was lost comes back as it was, and with it the end; what is not there any more is closed.
        ground.chain(&revoked, &["Activated", "Revoked"]).await?;
        ground.chain(&later, &["Activated", "Revoked"]).await?;
        ground.closes(&workload_of(TILL, "revoked", &[PERSONAL])?, Instant::now()).await?;
        ground.admitted(&workload_of(TILL, "kept", &[PERSONAL])?).await?;
        ground.condition(&revoked, "Revoked", "True").await?;
        agree(ground, &folder).await?;
        verified(ground, &folder).await
    })
    .await
}

pub(super) async fn ask_and_approve(ground: &Ground<'_>, workload: &str) -> Result<DynamicObject> {
    let asked = async || Ok(ground.li_na.create(&transfer_of(TILL, workload, &[PERSONAL])?).await?);
    // While no operator answers, nobody can ask.
    let transfer = ground.plane.eventually("somebody asks", asked).await?;
    let approved = async || Ok(ground.wang_wei.create(&decision(&transfer, Approved)?).await?);
    ground.plane.eventually("somebody approves", approved).await?;
    Ok(transfer)
}

/// Waits until ledger and cluster hold the same events, each once, with the same words.
pub(super) async fn agree(ground: &Ground<'_>, folder: &LedgerFolder) -> Result<()> {
    let events = ground.admin.api_of(&forged_event()).await?;
    let agree = async || {
        let mut stored = BTreeMap::new();
        for event in events.list(&ListParams::default()).await?.items {
            let name = event.metadata.name.context("a name")?;
            stored.insert(name, serde_json::from_value(event.data["spec"].clone())?);
        }
        let all = folder.recorded_events()?;
        let count = all.len();
        let recorded: BTreeMap<_, _> = all.into_iter().collect();
        ensure!(recorded.len() == count, "an event is there twice");
        for (name, spec) in &stored {
            ensure!(
                recorded.get(name) == Some(spec),
                "{name} is {spec:?}, and recorded is {:?}",
                recorded.get(name)
            );
        }
        ensure!(
            recorded.len() == stored.len(),
            "{} are recorded, {} are stored",
            recorded.len(),
            stored.len()
        );
        Ok(())
    };
    ground.plane.eventually("ledger and cluster agree", agree).await?;
    decided_before_opened(&folder.recorded_events()?)
}

/// Fails where something was opened before a decision on it was recorded.
fn decided_before_opened(recorded: &[(String, LedgerEventSpec)]) -> Result<()> {
    let mut decided = BTreeSet::new();
    for (name, spec) in recorded {
        let Some(transfer) = &spec.transfer else { continue };
        match spec.event {
            EventType::Decided => drop(decided.insert(&transfer.uid)),
            EventType::Activated => {
                ensure!(decided.contains(&transfer.uid), "{name} comes before its decisions");
            }
            _ => {}
        }
    }
    Ok(())
}

/// Stops everybody, opens the ledger as the next leader would, and verifies it as an auditor would who has the key.
pub(super) async fn verified(ground: &Ground<'_>, folder: &LedgerFolder) -> Result<()> {
    let secrets: Api<Secret> = Api::namespaced(ground.admin.client(), OWN_NAMESPACE);
    let secret = secrets.get("bund-ledger-key").await?.data.unwrap_or_default();
    let key = secret.get("key").context("no key")?;
    let key = SecretKey::read(std::str::from_utf8(&key.0)?)?;
    ground.replicas.kill_all();
    let entries = folder.entries()?.len();
    let store: Arc<dyn Store> = Arc::new(bund_ledger::Directory::new(&folder.path())?);
    let trusted = Policy::of_logs(vec![key.verifier(None)]);
    let (by, keys) = ("e2e".to_owned(), Keys::of(key));
    let log = Log::open(Opening { store: store.clone(), keys, by, anchors: Vec::new() }).await?;
    ensure!(log.size() == entries as u64, "{} entries are in the log, {entries} were read", log.size());
    let report = verify_store(&store, &Trust { policy: Some(trusted), checkpoints: Vec::new() }).await?;
    ensure!(report.exit_code() == 0, "{:?}", report.findings);
    Ok(())
}
