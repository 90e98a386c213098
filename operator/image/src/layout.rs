//! An OCI image layout: a folder that registries, `ctr`, `skopeo` and `podman` read.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs, io,
    io::Write as _,
    path::{Path, PathBuf},
};

use flate2::{Compression, GzBuilder};
use jiff::Timestamp;
use oci_spec::image::{
    Arch, Config, ConfigBuilder, Descriptor, DescriptorBuilder, ImageConfiguration,
    ImageConfigurationBuilder, ImageIndexBuilder, ImageManifestBuilder, MediaType, OciLayoutBuilder, Os,
    PlatformBuilder, RootFsBuilder, Sha256Digest,
};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tar::{Builder, EntryType};

use crate::layer::{self, File};

/// By this annotation `ctr images import` knows the name of an image.
const CONTAINERD_NAME: &str = "io.containerd.image.name";
/// By this annotation other readers know it.
const REFERENCE_NAME: &str = "org.opencontainers.image.ref.name";

/// An image of one layer.
#[derive(Clone, Debug)]
pub struct Image {
    /// Its name without a registry: `bund`.
    pub name: String,
    /// Its tag.
    pub tag: String,
    /// The user and group it runs as: `65532:65532`.
    pub user: String,
    /// What it runs.
    pub entrypoint: Vec<String>,
    /// What it holds.
    pub files: Vec<File>,
    /// What its configuration says about it.
    pub labels: BTreeMap<String, String>,
    /// What its manifest says about it.
    pub annotations: BTreeMap<String, String>,
    /// The time that everything in it carries, in seconds since 1970.
    pub epoch: u64,
}

/// Why an image could not be written.
#[derive(Debug, thiserror::Error)]
pub enum LayoutError {
    /// A file could not be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The layer could not be put together.
    #[error("cannot archive the files of the image")]
    Archive(#[source] io::Error),
    /// A part is not what the specification allows.
    #[error("the image does not conform to the OCI specification")]
    Specification(#[from] oci_spec::OciSpecError),
    /// A part could not be written as JSON.
    #[error("the image cannot be described")]
    Describe(#[from] serde_json::Error),
    /// Not a time.
    #[error("SOURCE_DATE_EPOCH {0} is not a time")]
    Epoch(u64),
}

impl Image {
    /// The name by which containerd and the kubelet know an image that names no registry.
    pub fn reference(&self) -> String {
        let repository = if self.name.contains('/') { "docker.io" } else { "docker.io/library" };
        format!("{repository}/{}:{}", self.name, self.tag)
    }

    /// Writes the layout as `directory`, which is replaced, and as one archive `<directory>.tar`. Returns the digest of the
    /// manifest. Equal images give equal bytes.
    pub fn write(&self, directory: &Path) -> Result<String, LayoutError> {
        if directory.exists() {
            fs::remove_dir_all(directory).map_err(failed(directory))?;
        }
        let blobs = Blobs::create(directory)?;
        let archive = layer::archive(&self.files, self.epoch).map_err(LayoutError::Archive)?;
        let layer =
            blobs.add(MediaType::ImageLayerGzip, &compressed(&archive).map_err(LayoutError::Archive)?)?;
        let configuration = self.configuration(&digest(&archive))?;
        let configuration = blobs.add_json(MediaType::ImageConfig, &configuration)?;
        let manifest = ImageManifestBuilder::default()
            .schema_version(2_u32)
            .media_type(MediaType::ImageManifest)
            .config(configuration)
            .layers([layer])
            .annotations(self.annotations.clone().into_iter().collect::<std::collections::HashMap<_, _>>())
            .build()?;
        let manifest = blobs.add_json(MediaType::ImageManifest, &manifest)?;
        let digest = manifest.digest().to_string();
        let index = ImageIndexBuilder::default()
            .schema_version(2_u32)
            .media_type(MediaType::ImageIndex)
            .manifests([self.named(manifest)?])
            .build()?;
        write(&directory.join("index.json"), &json(&index)?)?;
        let layout = OciLayoutBuilder::default().image_layout_version("1.0.0").build()?;
        write(&directory.join("oci-layout"), &json(&layout)?)?;
        self.pack(directory)?;
        Ok(digest)
    }

    /// The manifest's descriptor in the index: for which machine it is, and what it is called.
    fn named(&self, mut manifest: Descriptor) -> Result<Descriptor, LayoutError> {
        let names =
            [(CONTAINERD_NAME.to_owned(), self.reference()), (REFERENCE_NAME.to_owned(), self.tag.clone())];
        manifest.set_annotations(Some(names.into()));
        manifest.set_platform(Some(
            PlatformBuilder::default().architecture(Arch::default()).os(Os::Linux).build()?,
        ));
        Ok(manifest)
    }

    fn configuration(&self, layer: &str) -> Result<ImageConfiguration, LayoutError> {
        let created = i64::try_from(self.epoch).ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
        let created = created.ok_or(LayoutError::Epoch(self.epoch))?;
        let layers = RootFsBuilder::default().diff_ids([format!("sha256:{layer}")]).build()?;
        Ok(ImageConfigurationBuilder::default()
            .created(created.to_string())
            .architecture(Arch::default())
            .os(Os::Linux)
            .config(self.run()?)
            .rootfs(layers)
            .history(Vec::new())
            .build()?)
    }

    fn run(&self) -> Result<Config, LayoutError> {
        Ok(ConfigBuilder::default()
            .user(self.user.clone())
            .entrypoint(self.entrypoint.clone())
            .env(["PATH=/usr/bin".to_owned()])
            .working_dir("/")
            .labels(self.labels.clone().into_iter().collect::<std::collections::HashMap<_, _>>())
            .build()?)
    }

    /// Packs the layout for `ctr images import`.
    fn pack(&self, directory: &Path) -> Result<(), LayoutError> {
        let mut paths = vec![directory.join("index.json"), directory.join("oci-layout")];
        let blobs = directory.join(BLOBS);
        for blob in fs::read_dir(&blobs).map_err(failed(&blobs))? {
            paths.push(blob.map_err(failed(&blobs))?.path());
        }
        paths.sort();
        let mut archive = Builder::new(Vec::new());
        for path in paths {
            let content = fs::read(&path).map_err(failed(&path))?;
            let name = path.strip_prefix(directory).unwrap_or(&path);
            let mut header = layer::header(EntryType::Regular, 0o644, content.len() as u64, self.epoch);
            archive.append_data(&mut header, name, content.as_slice()).map_err(failed(&path))?;
        }
        // In one step, so that nobody reads half of it.
        let (whole, part) = (archive_of(directory), directory.with_extension("tar.part"));
        write(&part, &archive.into_inner().map_err(LayoutError::Archive)?)?;
        fs::rename(&part, &whole).map_err(failed(&whole))
    }
}

/// Where the archive of a layout is.
pub fn archive_of(directory: &Path) -> PathBuf {
    let mut name = directory.file_name().unwrap_or_default().to_owned();
    name.push(".tar");
    directory.with_file_name(name)
}

const BLOBS: &str = "blobs/sha256";

/// What a layout holds, by digest.
struct Blobs {
    folder: PathBuf,
}

impl Blobs {
    fn create(directory: &Path) -> Result<Self, LayoutError> {
        let folder = directory.join(BLOBS);
        fs::create_dir_all(&folder).map_err(failed(&folder))?;
        Ok(Self { folder })
    }

    fn add(&self, kind: MediaType, content: &[u8]) -> Result<Descriptor, LayoutError> {
        let digest = digest(content);
        write(&self.folder.join(&digest), content)?;
        let digest: Sha256Digest = digest.parse()?;
        Ok(DescriptorBuilder::default().media_type(kind).digest(digest).size(content.len() as u64).build()?)
    }

    fn add_json(&self, kind: MediaType, part: &impl serde::Serialize) -> Result<Descriptor, LayoutError> {
        self.add(kind, &json(part)?)
    }
}

/// Maps of the specification's types come in any order; sorted they give the same bytes every time.
fn json(part: &impl serde::Serialize) -> Result<Vec<u8>, LayoutError> {
    let mut value: Value = serde_json::to_value(part)?;
    value.sort_all_objects();
    Ok(serde_json::to_vec(&value)?)
}

/// Without the name and the time that gzip would note.
fn compressed(content: &[u8]) -> io::Result<Vec<u8>> {
    let mut writer = GzBuilder::new().mtime(0).write(Vec::new(), Compression::default());
    writer.write_all(content)?;
    writer.finish()
}

/// SHA-256 in lower-case hexadecimal.
pub fn digest(content: &[u8]) -> String {
    Sha256::digest(content).iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn write(path: &Path, content: &[u8]) -> Result<(), LayoutError> {
    fs::write(path, content).map_err(failed(path))
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> LayoutError {
    let path = path.to_owned();
    move |source| LayoutError::Write { path, source }
}
