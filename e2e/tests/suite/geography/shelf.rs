//! Two databases in files: one that is renamed into its place, and one in a volume as the kubelet mounts ConfigMaps.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::Result;
use serde_json::json;
use tempfile::TempDir;

use super::made_up::{country, database};

/// A day, in seconds.
pub(super) const DAY: i64 = 86_400;

/// This moment, in seconds since 1970.
pub(super) fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}

/// The database that comes first, built at this second.
pub(super) fn before(built: i64) -> Vec<u8> {
    made(built, "CN", "HK")
}

/// The one after it: what was on the mainland is in Singapore, and what was in Hong Kong is on the mainland.
pub(super) fn moved(built: i64) -> Vec<u8> {
    made(built, "SG", "CN")
}

fn made(built: i64, hangzhou: &str, hong_kong: &str) -> Vec<u8> {
    let anycast = json!({"country": {"iso_code": "CN"}, "traits": {"is_anycast": true}});
    let records = [
        ("47.96.0.0/13", country(hangzhou)),
        ("47.104.0.0/13", country("CN")),
        ("47.52.0.0/16", country(hong_kong)),
        ("1.1.1.0/24", anycast),
    ];
    database("Made-Up-Country", u64::try_from(built).unwrap_or_default(), records)
}

pub(super) struct Shelf {
    folder: TempDir,
    versions: AtomicU32,
}

impl Shelf {
    pub(super) fn new() -> Result<Self> {
        let shelf = Self { folder: tempfile::tempdir()?, versions: AtomicU32::new(0) };
        fs::create_dir(shelf.folder.path().join("mounted"))?;
        symlink("..data/b.mmdb", shelf.mounted())?;
        Ok(shelf)
    }

    /// The file that is replaced by a rename.
    pub(super) fn renamed(&self) -> PathBuf {
        self.folder.path().join("a.mmdb")
    }

    /// The file in the mounted volume.
    pub(super) fn mounted(&self) -> PathBuf {
        self.folder.path().join("mounted/b.mmdb")
    }

    /// Puts a file with these bytes in the place of the first; takes it away without them.
    pub(super) fn rename(&self, bytes: Option<&[u8]>) -> Result<()> {
        match bytes {
            Some(bytes) => {
                let new = self.folder.path().join("new");
                fs::write(&new, bytes)?;
                fs::rename(new, self.renamed())?;
            }
            None => fs::remove_file(self.renamed())?,
        }
        Ok(())
    }

    /// Lets the volume show another version of itself, as the kubelet does; one that is empty without bytes.
    pub(super) fn swap(&self, bytes: Option<&[u8]>) -> Result<()> {
        let volume = self.folder.path().join("mounted");
        let version = format!("..{}", self.versions.fetch_add(1, Ordering::Relaxed));
        fs::create_dir(volume.join(&version))?;
        if let Some(bytes) = bytes {
            fs::write(volume.join(&version).join("b.mmdb"), bytes)?;
        }
        let before = fs::read_link(volume.join("..data"));
        symlink(&version, volume.join("..tmp"))?;
        fs::rename(volume.join("..tmp"), volume.join("..data"))?;
        match before {
            Ok(version) => Ok(fs::remove_dir_all(volume.join(version))?),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}
