//! What the kernel says about the processes of the node. The sandbox holds them all, so they can be seen from here.

use std::{fs, path::Path};

use anyhow::{Context as _, Result, ensure};

/// Makes sure that every process of this program runs as Bund's user on a root that cannot be written. Returns how many
/// there are.
pub(crate) fn restricted(program: &str) -> Result<usize> {
    let mut seen = 0;
    for entry in fs::read_dir("/proc")? {
        let process = entry?.path();
        // Processes come and go; one that is gone is not ours to judge.
        let Ok(command) = fs::read_to_string(process.join("cmdline")) else { continue };
        if Path::new(command.split('\0').next().unwrap_or_default()).file_name() == Some(program.as_ref()) {
            check(&process).with_context(|| format!("{} is not restricted", process.display()))?;
            seen += 1;
        }
    }
    ensure!(seen > 0, "no process of {program} was found");
    Ok(seen)
}

fn check(process: &Path) -> Result<()> {
    let status = fs::read_to_string(process.join("status"))?;
    for (key, value) in
        [("Uid", "65532"), ("Gid", "65532"), ("NoNewPrivs", "1"), ("CapEff", "0000000000000000")]
    {
        let line = status.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'));
        let mut values = line.unwrap_or_default().split_whitespace();
        ensure!(line.is_some() && values.all(|found| found == value), "{key} is {line:?}");
    }
    let mounts = fs::read_to_string(process.join("mountinfo"))?;
    let root = mounts.lines().find(|mount| mount.split(' ').nth(4) == Some("/"));
    let options = root.and_then(|root| root.split(' ').nth(5)).context("there is no root")?;
    ensure!(options.split(',').any(|option| option == "ro"), "its root is mounted {options}");
    Ok(())
}
