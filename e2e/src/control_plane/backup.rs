//! Copies of what etcd holds, and putting one back, as somebody does who has lost it.

use std::fs;
use std::path::Path;

use anyhow::Context;
use tempfile::TempDir;

use super::ControlPlane;

/// What etcd held at one moment. It goes when it is dropped.
#[derive(Debug)]
pub struct Backup(TempDir);

impl ControlPlane {
    /// Copies what etcd holds. etcd stands still for that moment, and the API server waits for it.
    pub async fn back_up_etcd(&self) -> anyhow::Result<Backup> {
        let backup = tempfile::Builder::new().prefix("backup-").tempdir_in(self.directory())?;
        self.etcd.kill();
        copy(&self.setup.etcd_data(), backup.path())?;
        self.etcd.start()?;
        self.ready_again().await?;
        Ok(Backup(backup))
    }

    /// Puts back what etcd held then. Everything that was written since is gone, and the API server starts anew.
    pub async fn restore_etcd(&self, backup: &Backup) -> anyhow::Result<()> {
        self.apiserver.kill();
        self.etcd.kill();
        let data = self.setup.etcd_data();
        fs::remove_dir_all(&data).with_context(|| format!("cannot remove {}", data.display()))?;
        copy(backup.0.path(), &data)?;
        self.etcd.start()?;
        self.apiserver.start()?;
        self.ready_again().await
    }
}

/// Copies a folder of files and folders.
fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}
