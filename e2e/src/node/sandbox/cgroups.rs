//! The cgroup below which everything of a node runs: one for each hierarchy of cgroups v1, or the one of v2.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};

const ROOT: &str = "/sys/fs/cgroup";
/// How our cgroups begin; the process id follows.
pub(super) const PREFIX: &str = "bund-node-";
/// What has to be copied from above before a process may enter a cgroup of the v1 hierarchy `cpuset`.
const INHERITED: [&str; 2] = ["cpuset.cpus", "cpuset.mems"];
/// Killed processes leave their cgroups a moment later.
const PATIENCE: Duration = Duration::from_secs(20);

/// The cgroups of one sandbox. Dropping removes them if nothing runs in them.
#[derive(Debug)]
pub(super) struct Cgroups {
    name: String,
    folders: Vec<PathBuf>,
}

impl Cgroups {
    pub(super) fn create(name: &str) -> Result<Self> {
        let mut cgroups = Self { name: name.to_owned(), folders: Vec::new() };
        for hierarchy in hierarchies()? {
            let folder = hierarchy.join(name);
            fs::create_dir(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
            cgroups.folders.push(folder.clone());
            for file in
                INHERITED.into_iter().filter(|file| folder.join(file).exists() && !is_unified(&hierarchy))
            {
                let above = fs::read_to_string(hierarchy.join(file))?;
                fs::write(folder.join(file), above)?;
            }
        }
        Ok(cgroups)
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Removes them as soon as everything that ran in them is gone.
    pub(super) async fn remove(self) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        for folder in &self.folders {
            while let Err(error) = remove_tree(folder) {
                if Instant::now() >= deadline {
                    return Err(error).with_context(|| format!("cannot remove {}", folder.display()));
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
        Ok(())
    }
}

impl Drop for Cgroups {
    fn drop(&mut self) {
        for folder in &self.folders {
            // What still runs is found by the next start.
            drop(remove_tree(folder));
        }
    }
}

/// Removes what was left by a process that is no more.
pub(super) fn remove_abandoned() {
    for hierarchy in hierarchies().unwrap_or_default() {
        for folder in folders(&hierarchy).unwrap_or_default() {
            let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            let owner = name.strip_prefix(PREFIX).and_then(|rest| rest.split('-').next());
            if owner.is_some_and(|id| !Path::new("/proc").join(id).exists()) {
                // If something still runs in there, that is for a person to look at.
                drop(remove_tree(&folder));
            }
        }
    }
}

/// The roots of the hierarchies. Links are second names of them.
fn hierarchies() -> Result<Vec<PathBuf>> {
    let root = Path::new(ROOT);
    if is_unified(root) {
        return Ok(vec![root.to_owned()]);
    }
    let found = folders(root).with_context(|| format!("cannot read {ROOT}"))?;
    Ok(found.into_iter().filter(|folder| folder.join("cgroup.procs").exists()).collect())
}

fn is_unified(hierarchy: &Path) -> bool {
    hierarchy.join("cgroup.controllers").exists()
}

fn folders(of: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(of)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            found.push(entry.path());
        }
    }
    Ok(found)
}

/// A cgroup goes by removing its folder, after those in it. The files in there are not real ones.
fn remove_tree(folder: &Path) -> io::Result<()> {
    if !folder.exists() {
        return Ok(());
    }
    for inner in folders(folder)? {
        remove_tree(&inner)?;
    }
    fs::remove_dir(folder)
}
