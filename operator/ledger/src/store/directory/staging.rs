//! Files beside the place that they are for: `<name>#<number>`, which is not seen by whoever lists.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rand_core::{OsRng, RngCore as _};

/// How long nobody touched a file that somebody left. Whoever was stopped for longer before they put it in its place fails,
/// and does it again.
const OLD: Duration = Duration::from_hours(1);

/// A file beside its place, whole and synced. It goes when it is not put there.
#[derive(Debug)]
pub(super) struct Staged {
    path: PathBuf,
    renamed: bool,
}

impl Staged {
    /// Writes a file for `place`.
    ///
    /// Its number is never used again: otherwise whoever deletes what was left over could make room for another's file
    /// under the name that a writer, stopped for long, is about to put in its place.
    pub(super) fn write(place: &Path, bytes: &[u8]) -> io::Result<Self> {
        let mut name = place.as_os_str().to_owned();
        name.push(format!("#{}", OsRng.next_u64()));
        let path = PathBuf::from(name);
        let mut file = File::create_new(&path)?;
        let staged = Self { path, renamed: false };
        file.write_all(bytes)?;
        file.sync_all()?;
        Ok(staged)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn rename(mut self, place: &Path) -> io::Result<()> {
        fs::rename(&self.path, place)?;
        self.renamed = true;
        Ok(())
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if !self.renamed
            && let Err(error) = fs::remove_file(&self.path)
        {
            tracing::debug!(%error, path = %self.path.display(), "a file is left over");
        }
    }
}

/// Deletes what writers left that died long ago. What cannot be deleted is only in the way.
pub(super) fn sweep(root: &Path) {
    let old = SystemTime::now().checked_sub(OLD);
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        let Ok(found) = fs::read_dir(&folder) else { continue };
        for found in found.flatten() {
            let Ok(kind) = found.file_type() else { continue };
            if kind.is_dir() {
                folders.push(found.path());
            } else if is_staged(&found.path()) {
                let touched = found.metadata().and_then(|metadata| metadata.modified()).ok();
                if touched.zip(old).is_some_and(|(touched, old)| touched < old) {
                    let deleted = fs::remove_file(found.path());
                    tracing::debug!(path = %found.path().display(), ?deleted, "a file was left over");
                }
            }
        }
    }
}

fn is_staged(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    let number = name.and_then(|name| name.rsplit_once('#')).map(|(_, number)| number);
    number.is_some_and(|number| !number.is_empty() && number.bytes().all(|digit| digit.is_ascii_digit()))
}
