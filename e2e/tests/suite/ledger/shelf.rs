//! Where the trials of the store take place: a controller with the rights that the chart gives it, and a directory.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, Result, ensure};
use bund_e2e::{
    cluster::{Cluster, condition_of, definitions},
    control_plane::{ControlPlane, OWN_NAMESPACE, Operator, Options, User},
    helm::Helm,
    shop::manifests,
};
use bund_ledger::{Directory, Draft, EntryId, Event, Keys, Log, Opening, SecretKey};
use k8s_openapi::{
    api::core::v1::Secret,
    jiff::{
        Timestamp, ToSpan as _, civil,
        tz::{TimeZone, offset},
    },
};
use kube::{
    Api,
    api::{DeleteParams, PostParams},
};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::bed::Bed;

/// The ledger.
const NAME: &str = "ledger.example.com/e2e";
/// The type of the Secret with its key.
pub(super) const KEY: &str = "bund.dev/ledger-key";
/// The Secret with its key.
const SECRET: &str = "bund-ledger-key";

/// What a directory holds: the files by their paths.
pub(super) type Files = BTreeMap<PathBuf, Vec<u8>>;

/// A controller and its ledger.
pub(super) struct Shelf {
    pub(super) plane: ControlPlane,
    admin: Cluster,
    binary: PathBuf,
    /// What the chart configures.
    configured: Value,
    folder: TempDir,
    controller: RefCell<Option<Operator>>,
}

/// Runs a test on a shelf of its own.
pub(super) async fn on_shelf(bed: &Bed, test: impl AsyncFnOnce(&Shelf) -> Result<()>) -> Result<()> {
    let tools = bed.tools().await?;
    let plane = ControlPlane::start(tools, Options::api_only()).await?;
    let admin = Cluster::of(plane.client(User::ADMIN).await?);
    plane.create_namespace(OWN_NAMESPACE, &[]).await?;
    let definitions = definitions()?;
    admin.apply_all(&definitions).await?;
    plane.eventually("our kinds are served", async || admin.serves(&definitions).await).await?;
    // The account of the controller with its roles, and what it is configured with.
    let values = json!({ "ledger": { "store": "Directory", "name": NAME, "inception": "2026-05-09" } });
    let rendered = manifests(&Helm::new(tools)?.template(&[], Some(&values)).await?)?;
    let rights = ["ServiceAccount", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"];
    let of_rights = |object: &&Value| rights.iter().any(|kind| object["kind"] == *kind);
    admin.apply_all(rendered.iter().filter(of_rights)).await?;
    let map = rendered.iter().find(|object| object["kind"] == "ConfigMap").context("no configuration")?;
    let written = map["data"]["operator.yaml"].as_str().context("no configuration")?;
    let mut configured: Value = serde_saphyr::from_str(written)?;
    // Nobody answers there, and nothing is guarded.
    configured["webhook"]["url"] = json!("https://127.0.0.1:1");
    let folder = tempfile::Builder::new().prefix("ledger-").tempdir()?;
    fs::create_dir(folder.path().join("store"))?;
    let binary = bed.operator().await?;
    let shelf = Shelf { plane, admin, binary, configured, folder, controller: RefCell::default() };
    let outcome = test(&shelf).await.map_err(|error| error.context(shelf.log()));
    drop(shelf.controller.take());
    shelf.plane.stop()?;
    outcome
}

impl Shelf {
    /// Starts the controller, in place of the one that ran, with this day of inception.
    pub(super) async fn start(&self, inception: civil::Date) -> Result<()> {
        if let Some(before) = self.controller.take() {
            tokio::task::spawn_blocking(move || before.terminate()).await??;
        }
        let mut configured = self.configured.clone();
        configured["ledger"]["inception"] = json!(inception.to_string());
        configured["ledger"]["store"] = json!({ "directory": { "path": self.path() } });
        let controller = self.plane.start_role(&self.binary, "controller", &configured).await?;
        self.plane.operator_ready(&controller).await?;
        self.controller.replace(Some(controller));
        Ok(())
    }

    fn log(&self) -> String {
        self.controller.borrow().as_ref().map(Operator::log_tail).unwrap_or_default()
    }

    // === what is told ===

    /// The status of the object `Ledger`.
    pub(super) async fn status(&self) -> Result<Value> {
        let object = json!({ "apiVersion": "bund.dev/v1alpha1", "kind": "Ledger" });
        Ok(self.admin.api_of(&object).await?.get("bund").await?.data["status"].clone())
    }

    /// Waits until the condition Ready is so, for this reason, and returns its message.
    pub(super) async fn stands(&self, status: &str, reason: &str) -> Result<String> {
        let told = async || {
            let found = self.status().await?;
            let ready = condition_of(&found, "Ready")?;
            ensure!(ready["status"] == status && ready["reason"] == reason, "{ready}");
            Ok(ready["message"].as_str().unwrap_or_default().to_owned())
        };
        self.plane.eventually(&format!("the ledger is Ready={status}/{reason}"), told).await
    }

    /// Waits until the object remembers so many entries.
    pub(super) async fn remembers(&self, size: u64) -> Result<()> {
        let told = async || {
            let found = self.status().await?;
            ensure!(found["size"] == size, "{found}");
            Ok(())
        };
        self.plane.eventually(&format!("{size} entries are remembered"), told).await
    }

    /// A figure that the controller tells.
    pub(super) async fn figure(&self, name: &str) -> Result<u64> {
        let controller = self.controller.take().context("no controller runs")?;
        let metrics = controller.metrics().await;
        self.controller.replace(Some(controller));
        let metrics = metrics?;
        let line = metrics
            .lines()
            .find(|line| line.starts_with(&format!("{name}{{")) || line.starts_with(&format!("{name} ")));
        let value =
            line.and_then(|line| line.rsplit(' ').next()).with_context(|| format!("{name} is not told"))?;
        Ok(value.parse()?)
    }

    // === the store ===

    fn path(&self) -> PathBuf {
        self.folder.path().join("store")
    }

    /// The paths of its files.
    pub(super) fn files(&self) -> Result<Vec<PathBuf>> {
        Ok(self.copy()?.into_keys().collect())
    }

    /// Everything that it holds.
    pub(super) fn copy(&self) -> Result<Files> {
        let mut files = Files::new();
        read(&self.path(), &self.path(), &mut files)?;
        Ok(files)
    }

    /// Puts this in place of everything that it holds.
    pub(super) fn put(&self, files: &Files) -> Result<()> {
        self.empty()?;
        for (path, bytes) in files {
            let path = self.path().join(path);
            fs::create_dir_all(path.parent().context("a folder")?)?;
            fs::write(path, bytes)?;
        }
        Ok(())
    }

    /// Deletes everything that it holds.
    pub(super) fn empty(&self) -> Result<()> {
        for entry in fs::read_dir(self.path())? {
            fs::remove_dir_all(entry?.path())?;
        }
        Ok(())
    }

    /// Takes it away, as a volume that cannot be reached.
    pub(super) fn take_away(&self) -> Result<()> {
        Ok(fs::rename(self.path(), self.folder.path().join("away"))?)
    }

    /// Brings it back.
    pub(super) fn bring_back(&self) -> Result<()> {
        Ok(fs::rename(self.folder.path().join("away"), self.path())?)
    }

    /// Records so many events beside the controller, as a person with its key may.
    pub(super) async fn append(&self, events: usize) -> Result<()> {
        let secret = self.secret().await?.context("no key")?;
        let key = secret.data.unwrap_or_default().remove("key").context("no key")?;
        let keys = Keys::of(SecretKey::read(&String::from_utf8(key.0)?)?);
        let store = Arc::new(Directory::new(&self.path())?);
        let mut log = Log::open(Opening { store, keys, by: "e2e".to_owned(), anchors: Vec::new() }).await?;
        let noted = |n| {
            let event = Event::Noted { text: format!("number {n}"), about: None };
            anyhow::Ok(Draft { id: EntryId::new(&format!("e2e:{n}"))?, event, retain_until: None })
        };
        let drafts = (0..events).map(noted).collect::<Result<Vec<_>>>()?;
        log.append(&drafts, Timestamp::now()).await?;
        Ok(log.publish().await?)
    }

    // === the key ===

    fn secrets(&self) -> Api<Secret> {
        Api::namespaced(self.admin.client(), OWN_NAMESPACE)
    }

    /// The Secret with the key.
    pub(super) async fn secret(&self) -> Result<Option<Secret>> {
        Ok(self.secrets().get_opt(SECRET).await?)
    }

    pub(super) async fn delete_secret(&self) -> Result<()> {
        self.secrets().delete(SECRET, &DeleteParams::default()).await?;
        Ok(())
    }

    /// Brings the Secret back from a copy.
    pub(super) async fn put_secret(&self, mut secret: Secret) -> Result<()> {
        secret.metadata.resource_version = None;
        secret.metadata.uid = None;
        self.secrets().create(&PostParams::default(), &secret).await?;
        Ok(())
    }
}

/// The day in Beijing so many days from now.
pub(super) fn day(later: i32) -> civil::Date {
    Timestamp::now().to_zoned(TimeZone::fixed(offset(8))).date().saturating_add(later.days())
}

fn read(root: &Path, folder: &Path, files: &mut Files) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        // With what is in it the store is tried; it comes and goes.
        if path.file_name().is_some_and(|name| name == ".probe") {
            continue;
        }
        if path.is_dir() {
            read(root, &path, files)?;
        } else {
            files.insert(path.strip_prefix(root)?.to_owned(), fs::read(&path)?);
        }
    }
    Ok(())
}
