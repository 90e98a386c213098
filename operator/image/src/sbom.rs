//! The bill of materials: every crate of the programs, with its licence, in CycloneDX.
//!
//! Which crates those are is asked of cargo for exactly these programs and this system, because the workspace holds more.
//! What runs only while compiling (procedural macros and what they are made of) is listed with the scope `excluded`.

use std::{
    collections::{BTreeMap, BTreeSet},
    process::Command,
};

use cargo_metadata::{Metadata, Package};
use cyclonedx_bom::{
    errors::JsonWriteError,
    external_models::uri::{Purl, Uri, UriError},
    models::{
        bom::{Bom, SpecVersion},
        component::{Classification, Component, Components, Scope},
        dependency::{Dependencies, Dependency},
        external_reference::{ExternalReference, ExternalReferenceType, ExternalReferences},
        license::{LicenseChoice, Licenses},
        metadata::Metadata as BomMetadata,
    },
    prelude::NormalizedString,
};

use crate::program::{self, ProgramError};

/// Why there is no bill of materials.
#[derive(Debug, thiserror::Error)]
pub enum SbomError {
    /// The toolchain does not answer.
    #[error(transparent)]
    Toolchain(#[from] ProgramError),
    /// `cargo tree` could not be run.
    #[error("cannot run cargo tree")]
    Tree(#[source] std::io::Error),
    /// `cargo tree` said something else than it was asked for.
    #[error("cargo tree failed or printed what is no package: {0}")]
    Unexpected(String),
    /// A package has a name that no package may have.
    #[error("a crate's name cannot be written as a package URL")]
    Url(#[from] UriError),
    /// The document could not be written.
    #[error("the bill of materials cannot be written as JSON")]
    Write(#[from] JsonWriteError),
}

/// A crate in a version.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Crate {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// What the programs are made of.
type Graph = BTreeMap<Crate, BTreeSet<Crate>>;

/// The bill of materials of an image called `name` that holds the programs of these packages, as CycloneDX JSON. It carries
/// neither a serial number nor a time, so the same sources give the same bytes.
pub fn bill_of_materials(
    workspace: &Metadata,
    name: &str,
    version: &str,
    packages: &[&str],
) -> Result<Vec<u8>, SbomError> {
    let compiled = graph(workspace, packages, "normal")?;
    let linked = graph(workspace, packages, "normal,no-proc-macro")?;
    let known: BTreeMap<Crate, &Package> =
        workspace.packages.iter().map(|package| (identity(package), package)).collect();
    let mut components = Vec::new();
    for this in compiled.keys() {
        let scope = if linked.contains_key(this) { Scope::Required } else { Scope::Excluded };
        components.push(component(this, known.get(this).copied(), scope)?);
    }
    components.extend(toolchain()?);
    let image = Component::new(Classification::Container, name, version, Some(name.to_owned()));
    let document = Bom {
        version: 1,
        serial_number: None,
        metadata: Some(BomMetadata { component: Some(image), ..BomMetadata::default() }),
        components: Some(Components(components)),
        dependencies: Some(dependencies(name, &compiled, packages)),
        services: None,
        external_references: None,
        compositions: None,
        properties: None,
        vulnerabilities: None,
        signature: None,
        annotations: None,
        formulation: None,
        spec_version: SpecVersion::V1_5,
    };
    let mut json = Vec::new();
    document.output_as_json_v1_5(&mut json)?;
    Ok(json)
}

fn identity(package: &Package) -> Crate {
    Crate { name: package.name.to_string(), version: package.version.to_string() }
}

fn component(this: &Crate, package: Option<&Package>, scope: Scope) -> Result<Component, SbomError> {
    let mut component =
        Component::new(Classification::Library, &this.name, &this.version, Some(reference(this)));
    component.scope = Some(scope);
    component.purl = Some(Purl::new("cargo", &this.name, &this.version)?);
    if let Some(package) = package {
        component.description = package.description.as_deref().map(NormalizedString::new);
        component.licenses = package.license.as_deref().map(licences);
        component.external_references = package.repository.as_deref().map(|repository| {
            let address = Uri::new(repository);
            ExternalReferences(vec![ExternalReference::new(ExternalReferenceType::Vcs, address)])
        });
    }
    Ok(component)
}

/// Some crates still separate alternatives by a slash, as was once the custom.
fn licences(expression: &str) -> Licenses {
    Licenses(vec![LicenseChoice::expression(&expression.replace('/', " OR "))])
}

/// What a static program holds besides crates: Rust's standard library and, on Linux with glibc, the C library.
fn toolchain() -> Result<Vec<Component>, SbomError> {
    let said = program::toolchain("rustc", &["-vV"])?;
    let release = said.lines().find_map(|line| line.strip_prefix("release: ")).unwrap_or_default();
    let mut parts = vec![part("rust-std", release, "MIT OR Apache-2.0")];
    if program::host()?.ends_with("-gnu") {
        let said = program::toolchain("getconf", &["GNU_LIBC_VERSION"])?;
        let version = said.trim().strip_prefix("glibc ").unwrap_or_default().to_owned();
        parts.push(part("glibc", &version, "LGPL-2.1-or-later"));
    }
    Ok(parts)
}

fn part(name: &str, version: &str, licence: &str) -> Component {
    let mut part = Component::new(Classification::Library, name, version, Some(format!("{name}@{version}")));
    part.scope = Some(Scope::Required);
    part.licenses = Some(licences(licence));
    part
}

fn dependencies(image: &str, graph: &Graph, packages: &[&str]) -> Dependencies {
    let programs =
        graph.keys().filter(|this| packages.contains(&this.name.as_str())).map(reference).collect();
    let mut all = vec![Dependency { dependency_ref: image.to_owned(), dependencies: programs }];
    all.extend(graph.iter().map(|(this, needs)| Dependency {
        dependency_ref: reference(this),
        dependencies: needs.iter().map(reference).collect(),
    }));
    Dependencies(all)
}

fn reference(this: &Crate) -> String {
    format!("pkg:cargo/{}@{}", this.name, this.version)
}

/// What `cargo tree` says these packages are made of, over edges of this kind.
fn graph(workspace: &Metadata, packages: &[&str], edges: &str) -> Result<Graph, SbomError> {
    let host = program::host()?;
    let mut cargo = Command::new(program::cargo());
    cargo.args(["tree", "--locked", "--edges", edges, "--target", &host]);
    cargo.args(["--prefix", "depth", "--format", " {p}"]);
    cargo.args(packages.iter().flat_map(|package| ["--package", package]));
    cargo.current_dir(&workspace.workspace_root);
    let output = cargo.output().map_err(SbomError::Tree)?;
    if !output.status.success() {
        return Err(SbomError::Unexpected(String::from_utf8_lossy(&output.stderr).into_owned()));
    }
    read(&String::from_utf8_lossy(&output.stdout))
}

/// Reads lines such as `2 serde v1.0.229 (*)`, where the number is the depth. What a crate needs follows it once; where
/// it comes again, the star stands for that.
fn read(tree: &str) -> Result<Graph, SbomError> {
    let mut graph = Graph::new();
    let mut path: Vec<Crate> = Vec::new();
    for line in tree.lines().filter(|line| !line.is_empty()) {
        let (depth, this) = node(line).ok_or_else(|| SbomError::Unexpected(line.to_owned()))?;
        path.truncate(depth);
        if let Some(above) = path.last() {
            graph.entry(above.clone()).or_default().insert(this.clone());
        }
        graph.entry(this.clone()).or_default();
        path.push(this);
    }
    Ok(graph)
}

fn node(line: &str) -> Option<(usize, Crate)> {
    let mut words = line.split_whitespace();
    let depth = words.next()?.parse().ok()?;
    let name = words.next()?.to_owned();
    let version = words.next()?.strip_prefix('v')?.to_owned();
    Some((depth, Crate { name, version }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn this(name: &str) -> Crate {
        Crate { name: name.to_owned(), version: "1.0.0".to_owned() }
    }

    #[test]
    fn a_tree_is_read_with_what_each_crate_needs() {
        let tree = "0 a v1.0.0 (/a)\n1 b v1.0.0\n2 c v1.0.0 (proc-macro)\n1 c v1.0.0 (*)\n\n0 d v1.0.0\n1 b v1.0.0 (*)\n";
        let expected = Graph::from([
            (this("a"), [this("b"), this("c")].into()),
            (this("b"), [this("c")].into()),
            (this("c"), [].into()),
            (this("d"), [this("b")].into()),
        ]);
        assert_eq!(read(tree).unwrap(), expected);
    }

    #[test]
    fn what_is_no_tree_is_refused() {
        assert!(matches!(read("warning: something"), Err(SbomError::Unexpected(_))));
    }
}
