//! The image of Bund: both programs, what they look up about their user, and the bill of materials beside it.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use cargo_metadata::Metadata;

use crate::{
    layer::File,
    layout::{Image, LayoutError, digest},
    program::{self, ProgramError},
    sbom::{self, SbomError},
};

/// The programs of the image, by their packages. The first is what the image runs.
const PROGRAMS: [&str; 2] = ["bund-operator", "bund"];
/// Nobody's number on any usual system.
const USER: &str = "65532:65532";
/// What programs and people look up about the user.
const PASSWD: &str = "root:x:0:0:root:/:/sbin/nologin\nbund:x:65532:65532:bund:/:/sbin/nologin\n";
const GROUP: &str = "root:x:0:\nbund:x:65532:\n";
/// Without it a static program would ask the network before `/etc/hosts`.
const NSSWITCH: &str = "hosts: files dns\n";
/// The annotation of the manifest that names the bill of materials by its digest.
const SBOM_ANNOTATION: &str = "dev.bund.image.sbom";

/// Why the image could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ReleaseError {
    /// There are no programs.
    #[error(transparent)]
    Program(#[from] ProgramError),
    /// There is no bill of materials.
    #[error(transparent)]
    Sbom(#[from] SbomError),
    /// The layout could not be written.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// A file could not be read or written.
    #[error("cannot read or write {}", .0.display())]
    File(PathBuf, #[source] io::Error),
}

/// What the image is called, and where it goes.
#[derive(Clone, Debug)]
pub struct Release<'r> {
    /// The workspace with the sources.
    pub workspace: &'r Metadata,
    /// The folder to write to.
    pub output: &'r Path,
    /// The image's name, without a registry.
    pub name: &'r str,
    /// The image's tag.
    pub tag: &'r str,
}

/// Where everything is.
#[derive(Clone, Debug)]
pub struct Written {
    /// The OCI layout; its archive is beside it.
    pub layout: PathBuf,
    /// The name by which it is known when imported.
    pub reference: String,
    /// The digest of its manifest.
    pub digest: String,
}

impl Release<'_> {
    /// Writes the bill of materials, and returns where it is and its digest.
    pub fn write_sbom(&self) -> Result<(PathBuf, String), ReleaseError> {
        let sbom = sbom::bill_of_materials(self.workspace, self.name, self.tag, &PROGRAMS)?;
        let path = self.output.join(format!("{}.cdx.json", self.name));
        let failed = |error| ReleaseError::File(path.clone(), error);
        fs::create_dir_all(self.output).and_then(|()| fs::write(&path, &sbom)).map_err(failed)?;
        Ok((path, format!("sha256:{}", digest(&sbom))))
    }

    /// Writes the bill of materials and the image. The programs are compiled, or taken from a folder.
    pub fn write(&self, programs: Option<PathBuf>, epoch: u64) -> Result<Written, ReleaseError> {
        let (_, sbom) = self.write_sbom()?;
        let folder = programs.map_or_else(|| program::compile(self.workspace, &PROGRAMS), Ok)?;
        let labels = labels(self.tag);
        let mut annotations = labels.clone();
        annotations.insert(SBOM_ANNOTATION.to_owned(), sbom);
        let image = Image {
            name: self.name.to_owned(),
            tag: self.tag.to_owned(),
            user: USER.to_owned(),
            entrypoint: PROGRAMS.first().map(|name| format!("/usr/bin/{name}")).into_iter().collect(),
            files: files(&folder)?,
            labels,
            annotations,
            epoch,
        };
        let layout = self.output.join(self.name);
        let digest = image.write(&layout)?;
        Ok(Written { layout, reference: image.reference(), digest })
    }
}

fn files(programs: &Path) -> Result<Vec<File>, ReleaseError> {
    let mut files = vec![
        File::text("etc/passwd", PASSWD),
        File::text("etc/group", GROUP),
        File::text("etc/nsswitch.conf", NSSWITCH),
    ];
    for name in PROGRAMS {
        let program = programs.join(name);
        program::check_static(&program)?;
        let file = File::program(&format!("usr/bin/{name}"), &program);
        files.push(file.map_err(|error| ReleaseError::File(program, error))?);
    }
    Ok(files)
}

/// What people and scanners read.
fn labels(tag: &str) -> BTreeMap<String, String> {
    [
        ("title", "Bund"),
        ("description", "Keeps the data of users in mainland China inside the mainland"),
        ("version", tag),
        ("licenses", env!("CARGO_PKG_LICENSE")),
    ]
    .into_iter()
    .map(|(key, value)| (format!("org.opencontainers.image.{key}"), value.to_owned()))
    .collect()
}
