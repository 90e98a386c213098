//! Programs that need nothing of the system they run on: no interpreter, no libraries.

use std::{
    ffi::OsStr,
    io,
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Stdio},
};

use cargo_metadata::{Metadata, MetadataCommand, camino::Utf8Path};
use goblin::elf::Elf;

/// Why there is no such program.
#[derive(Debug, thiserror::Error)]
pub enum ProgramError {
    /// A program of the toolchain could not be run.
    #[error("cannot run {0}")]
    Run(&'static str, #[source] io::Error),
    /// The compiler did not say for which system it compiles.
    #[error("`rustc -vV` does not name its host")]
    Host,
    /// The workspace could not be read.
    #[error("the workspace cannot be read")]
    Workspace(#[from] cargo_metadata::Error),
    /// It does not compile.
    #[error("cargo build ended with {0}; see what it said above")]
    Build(ExitStatus),
    /// The file cannot be read.
    #[error("cannot read {}", .0.display())]
    Read(PathBuf, #[source] io::Error),
    /// The file is not a program.
    #[error("{} is not an ELF file", .0.display())]
    Format(PathBuf, #[source] goblin::error::Error),
    /// It needs something of the system.
    #[error("{} is not static: it needs {needs}", path.display())]
    NotStatic {
        /// The program.
        path: PathBuf,
        /// What it needs.
        needs: String,
    },
}

/// The workspace that holds this crate.
pub fn workspace() -> Result<Metadata, ProgramError> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    Ok(MetadataCommand::new().manifest_path(manifest).other_options(["--locked".to_owned()]).exec()?)
}

/// The triple of this machine, which is also that of the programs.
pub fn host() -> Result<String, ProgramError> {
    let said = toolchain("rustc", &["-vV"])?;
    let host = said.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).ok_or(ProgramError::Host)
}

/// Compiles release programs of these packages, one program a package, named as it. Returns their folder.
///
/// The paths of this machine are replaced in what the compiler writes, so that where the sources lie does not change the
/// programs.
pub fn compile(workspace: &Metadata, packages: &[&str]) -> Result<PathBuf, ProgramError> {
    let host = host()?;
    let mut cargo = Command::new(cargo());
    cargo.args(["build", "--locked", "--release", "--target", &host]);
    cargo.args(packages.iter().flat_map(|package| ["--package", package]));
    // Encoded, because paths may hold spaces. With `--target` the flags reach the programs only, not what runs while
    // they are compiled.
    cargo.env("CARGO_ENCODED_RUSTFLAGS", flags(workspace)?.join("\u{1f}")).env_remove("RUSTFLAGS");
    for (name, _) in std::env::vars_os().filter(|(name, _)| is_of_a_package(name)) {
        cargo.env_remove(name);
    }
    cargo.current_dir(&workspace.workspace_root).stdin(Stdio::null());
    let status = cargo.status().map_err(|error| ProgramError::Run("cargo", error))?;
    if !status.success() {
        return Err(ProgramError::Build(status));
    }
    Ok(workspace.target_directory.join(host).join("release").into())
}

/// Whether cargo sets this variable for the program of one package. To a cargo that this program runs it would look like a
/// change, and crates that watch it (ring does) would be compiled anew for every caller.
pub fn is_of_a_package(variable: &OsStr) -> bool {
    let names = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_", "CARGO_PRIMARY_"];
    variable.to_str().is_some_and(|variable| names.iter().any(|name| variable.starts_with(name)))
}

fn flags(workspace: &Metadata) -> Result<Vec<String>, ProgramError> {
    let mut flags = vec!["-Ctarget-feature=+crt-static".to_owned()];
    flags.push(format!("--remap-path-prefix={}=/bund", workspace.workspace_root));
    let registry = workspace.packages.iter().filter(|package| package.source.is_some());
    let registry = registry.filter_map(|package| package.manifest_path.parent().and_then(Utf8Path::parent));
    let registry: std::collections::BTreeSet<_> = registry.collect();
    flags.extend(registry.into_iter().map(|folder| format!("--remap-path-prefix={folder}=/crates")));
    let sysroot = toolchain("rustc", &["--print", "sysroot"])?;
    flags.push(format!("--remap-path-prefix={}=/rust", sysroot.trim()));
    Ok(flags)
}

/// Reads a program and makes sure that it needs neither an interpreter nor a library.
pub fn check_static(path: &Path) -> Result<(), ProgramError> {
    let content = std::fs::read(path).map_err(|error| ProgramError::Read(path.to_owned(), error))?;
    let elf = Elf::parse(&content).map_err(|error| ProgramError::Format(path.to_owned(), error))?;
    let needs: Vec<&str> = elf.interpreter.into_iter().chain(elf.libraries).collect();
    if needs.is_empty() {
        return Ok(());
    }
    Err(ProgramError::NotStatic { path: path.to_owned(), needs: needs.join(", ") })
}

/// The cargo that runs us, or the one on the path.
pub(crate) fn cargo() -> std::ffi::OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// What a program of the toolchain says.
pub(crate) fn toolchain(program: &'static str, arguments: &[&str]) -> Result<String, ProgramError> {
    let output =
        Command::new(program).args(arguments).output().map_err(|error| ProgramError::Run(program, error))?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_with_an_interpreter_is_told_what_it_needs() {
        // The test itself is linked dynamically.
        let own = std::env::current_exe().unwrap();
        let error = check_static(&own).unwrap_err().to_string();
        assert!(error.contains("libc.so.6"), "{error}");
    }
}
