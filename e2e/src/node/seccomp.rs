//! runc without seccomp.
//!
//! Bund's pods ask for the runtime's default seccomp profile, as the restricted Pod Security Standard wants. runc can set
//! one only with libseccomp, whose headers a machine with Rust and Go need not have. So containerd starts a wrapper that
//! takes the profile out of a container's configuration and then becomes runc. The API server judges the pods as they
//! are; what is missing on this node is the system call filter alone.

use std::{
    convert::Infallible,
    ffi::OsString,
    os::unix::{fs::PermissionsExt as _, process::CommandExt as _},
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};
use serde_json::Value;

/// The subcommand of the running program that calls [`become_runc`].
pub const SUBCOMMAND: &str = "runc";

/// Writes the script that containerd starts instead of runc, because containerd passes no arguments of ours.
pub(super) fn write_wrapper(runc: &Path, script: &Path) -> Result<PathBuf> {
    let own = std::env::current_exe()?;
    let text = format!("#!/bin/sh\nexec '{}' {SUBCOMMAND} '{}' \"$@\"\n", own.display(), runc.display());
    super::write(script, &text)?;
    std::fs::set_permissions(script, std::fs::Permissions::from_mode(0o755))?;
    Ok(script.to_owned())
}

/// Takes the seccomp profile out of the bundle that the arguments name, and becomes runc.
pub fn become_runc(runc: &Path, arguments: &[OsString]) -> Result<Infallible> {
    let mut after = arguments.iter().skip_while(|argument| *argument != "--bundle").skip(1);
    if let Some(bundle) = after.next() {
        without_profile(&Path::new(bundle).join("config.json"))?;
    }
    Err(Command::new(runc).args(arguments).exec()).context("runc cannot be started")
}

fn without_profile(configuration: &Path) -> Result<()> {
    let mut container: Value = serde_json::from_slice(&std::fs::read(configuration)?)?;
    if let Some(linux) = container.pointer_mut("/linux").and_then(Value::as_object_mut) {
        linux.remove("seccomp");
    }
    std::fs::write(configuration, container.to_string())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_the_profile_goes() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.json");
        let container =
            json!({ "process": { "args": ["/pause"] }, "linux": { "seccomp": {}, "cgroupsPath": "/a" } });
        std::fs::write(&file, container.to_string()).unwrap();
        without_profile(&file).unwrap();
        let left: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        assert_eq!(left, json!({ "process": { "args": ["/pause"] }, "linux": { "cgroupsPath": "/a" } }));
    }
}
