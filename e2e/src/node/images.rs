//! The images of the node: Bund's, and one that does nothing.

use std::{collections::BTreeMap, path::PathBuf};

use anyhow::Result;
use bund_image::{
    layer::File,
    layout::{Image, archive_of},
    program,
    release::Release,
};

/// The image of the sandboxes and of the workloads.
pub(super) const PAUSE: &str = "docker.io/library/bund-pause:e2e";
/// The same, as a pod names it.
pub const WORKLOAD: &str = "bund-pause:e2e";
/// What the chart calls Bund's image.
pub const REPOSITORY: &str = "bund";
/// The tag of Bund's image: that of the chart.
pub const TAG: &str = env!("CARGO_PKG_VERSION");

/// What was built.
#[derive(Debug, Clone)]
pub struct Built {
    /// The archives to import.
    pub archives: Vec<PathBuf>,
    /// The folder with the programs that are in Bund's image.
    pub programs: PathBuf,
}

/// Compiles static programs and writes the images to `target/image`: some minutes the first time.
pub fn build() -> Result<Built> {
    let workspace = program::workspace()?;
    let output = workspace.workspace_root.join("target/image").into_std_path_buf();
    let release = Release { workspace: &workspace, output: &output, name: REPOSITORY, tag: TAG };
    let programs = program::compile(&workspace, &["bund-operator", "bund", "bund-pause"])?;
    let bund = release.write(Some(programs.clone()), 0)?.layout;
    let pause = Image {
        name: "bund-pause".to_owned(),
        tag: "e2e".to_owned(),
        user: "65532:65532".to_owned(),
        entrypoint: vec!["/pause".to_owned()],
        files: vec![File::program("pause", &programs.join("bund-pause"))?],
        labels: BTreeMap::new(),
        annotations: BTreeMap::new(),
        epoch: 0,
    };
    let layout = output.join("bund-pause");
    pause.write(&layout)?;
    Ok(Built { archives: vec![archive_of(&bund), archive_of(&layout)], programs })
}
