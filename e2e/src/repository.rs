//! What the tests take from the repository itself: its folders, and its own programs.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
};

use anyhow::{Context, ensure};
use bund_image::program::is_of_a_package;

/// The root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Builds the operator and the command line as this program was built, and returns the folder that holds them.
pub async fn programs() -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe().context("this program has no path")?;
    // target/<profile>/deps/<test>, or target/<profile>/<binary>.
    let folder = own.ancestors().find(|folder| folder.join(".cargo-lock").exists());
    let folder = folder.context("this program was not built by cargo")?.to_owned();
    let mut cargo = tokio::process::Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .args(["build", "--quiet", "-p", "bund-operator", "-p", "bund"])
        .current_dir(root())
        .stdin(Stdio::null());
    for (name, _) in std::env::vars_os().filter(|(name, _)| is_of_a_package(name)) {
        cargo.env_remove(name);
    }
    if folder.ends_with("release") {
        cargo.arg("--release");
    }
    let status = cargo.status().await.context("cargo cannot be started")?;
    ensure!(status.success(), "bund-operator and bund cannot be built");
    Ok(folder)
}
