//! What can go wrong with a stored log, and which readers must see it.

use std::{fs, path::Path};

use anyhow::{Context as _, Result};

/// The size of the log that is damaged: one full bundle and tile, one partial of each, and one of the next level.
pub(crate) const SIZE: u64 = 300;

/// A smaller size that it had.
pub(crate) const OLDER: u64 = 257;

/// Something that is done to the folder of a shard of [`SIZE`] entries.
pub(crate) struct Damage {
    /// What it is.
    pub(crate) name: &'static str,
    /// Does it.
    pub(crate) apply: fn(&Path) -> Result<()>,
    /// Whether fsck can see it: it knows nothing of what was before.
    pub(crate) seen_by_fsck: bool,
}

/// Every kind of damage to files of the shard.
pub(crate) const DAMAGES: [Damage; 15] = [
    seen("a hash in a full tile", |shard| flip(shard, "tile/0/000", 4_000)),
    seen("a hash in a partial tile", |shard| flip(shard, "tile/0/001.p/44", 100)),
    seen("a hash in a tile of level 1", |shard| flip(shard, "tile/1/000.p/1", 31)),
    seen("a tile cut short", |shard| cut(shard, "tile/0/000", 32)),
    seen("a missing tile", |shard| remove(shard, "tile/0/000")),
    seen("a byte in a full bundle", |shard| flip(shard, "tile/entries/000", 7_777)),
    seen("a byte in a partial bundle", |shard| flip(shard, "tile/entries/001.p/44", 50)),
    seen("a missing bundle", |shard| remove(shard, "tile/entries/000")),
    seen("a bundle cut short", |shard| cut(shard, "tile/entries/000", 1)),
    seen("two bundles in each other's place", swap),
    seen("another size in the checkpoint", |shard| replace(shard, "\n300\n", "\n299\n")),
    seen("another root in the checkpoint", |shard| flip_line(shard, 2)),
    seen("another signature", |shard| flip_line(shard, 4)),
    seen("no signature", |shard| replace(shard, "\u{2014} ", "")),
    Damage {
        name: "an older checkpoint put back",
        apply: |shard| {
            let older = shard.join(format!("checkpoints/{OLDER:020}"));
            Ok(fs::copy(older, shard.join("checkpoint")).map(drop)?)
        },
        seen_by_fsck: false,
    },
];

const fn seen(name: &'static str, apply: fn(&Path) -> Result<()>) -> Damage {
    Damage { name, apply, seen_by_fsck: true }
}

/// Copies the folder of a log.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

fn edit(shard: &Path, file: &str, edit: impl FnOnce(&mut Vec<u8>) -> Option<()>) -> Result<()> {
    let path = shard.join(file);
    let mut bytes = fs::read(&path).with_context(|| format!("no {}", path.display()))?;
    edit(&mut bytes).with_context(|| format!("{file} has {} bytes, fewer than expected", bytes.len()))?;
    Ok(fs::write(path, bytes)?)
}

fn flip(shard: &Path, file: &str, at: usize) -> Result<()> {
    edit(shard, file, |bytes| {
        *bytes.get_mut(at)? ^= 1;
        Some(())
    })
}

fn cut(shard: &Path, file: &str, by: usize) -> Result<()> {
    edit(shard, file, |bytes| {
        bytes.truncate(bytes.len().checked_sub(by)?);
        Some(())
    })
}

fn remove(shard: &Path, file: &str) -> Result<()> {
    Ok(fs::remove_file(shard.join(file))?)
}

fn swap(shard: &Path) -> Result<()> {
    let [one, other] = ["tile/entries/000", "tile/entries/001.p/44"].map(|file| shard.join(file));
    let (first, second) = (fs::read(&one)?, fs::read(&other)?);
    fs::write(one, second)?;
    Ok(fs::write(other, first)?)
}

fn replace(shard: &Path, what: &str, with: &str) -> Result<()> {
    let path = shard.join("checkpoint");
    let text = fs::read_to_string(&path)?;
    anyhow::ensure!(text.contains(what), "the checkpoint has no {what:?}: {text}");
    Ok(fs::write(path, text.replace(what, with))?)
}

/// Changes a letter in the middle of a line of the checkpoint, counted from 0. It stays Base64.
fn flip_line(shard: &Path, number: usize) -> Result<()> {
    let path = shard.join("checkpoint");
    let text = fs::read_to_string(&path)?;
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let line = lines.get_mut(number).context("the checkpoint has fewer lines")?;
    let at = line.len() - 20;
    let other = if line.get(at..=at) == Some("A") { "B" } else { "A" };
    line.replace_range(at..=at, other);
    Ok(fs::write(path, lines.join("\n") + "\n")?)
}
