//! Keys in files.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use anyhow::{Context, Result, bail};
use bund_ledger::{Keys, LogName, SecretKey};

use super::failure::Missing;

/// Whether a key was there before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It was made now.
    Made,
    /// It was there.
    Found,
}

/// Reads the key in a file.
pub fn read(path: &Path) -> Result<SecretKey> {
    let text = fs::read_to_string(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => anyhow::Error::new(Missing(format!(
            "the key {} is not there; without the key that signs the ledger nothing can be written to it",
            path.display()
        ))),
        _ => anyhow::Error::new(error).context(format!("the key {} cannot be read", path.display())),
    })?;
    SecretKey::read(&text).with_context(|| format!("the file {} is not a key", path.display()))
}

/// The keys that sign: one, and those beside it.
pub fn all(current: &Path, beside: &[impl AsRef<Path>]) -> Result<Keys> {
    let beside: Result<Vec<_>> = beside.iter().map(|path| read(path.as_ref())).collect();
    let keys = Keys { current: read(current)?, beside: beside? };
    if let Some(other) = keys.beside.iter().find(|key| key.name() != keys.current.name()) {
        bail!("the keys are of different ledgers: {} and {}", keys.current.name(), other.name());
    }
    Ok(keys)
}

/// The key in a file; a new one, which only its owner may read, where there is no file. A file that is there is never
/// written over.
pub fn read_or_make(path: &Path, name: &LogName) -> Result<(SecretKey, Origin)> {
    let made = SecretKey::generate(name.clone());
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    match file {
        Ok(file) => {
            let kept = keep(file, path, &made);
            kept.with_context(|| format!("the key {} cannot be written", path.display()))?;
            Ok((made, Origin::Made))
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let key = read(path)?;
            if key.name() != name {
                bail!("the key {} is one of the ledger {}, not of {name}", path.display(), key.name());
            }
            Ok((key, Origin::Found))
        }
        Err(error) => Err(error).with_context(|| format!("the key {} cannot be written", path.display())),
    }
}

/// Durable before anything is signed with it.
fn keep(mut file: File, path: &Path, key: &SecretKey) -> io::Result<()> {
    writeln!(file, "{}", key.to_text())?;
    file.sync_all()?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or_else(|| Path::new(".")))?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_key_is_made_once_and_only_for_its_owner() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.key");
        let name: LogName = "ledger.example.com/test".parse().unwrap();
        let (made, origin) = read_or_make(&path, &name).unwrap();
        assert_eq!(origin, Origin::Made);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let (found, origin) = read_or_make(&path, &name).unwrap();
        assert_eq!((found.to_text(), origin), (made.to_text(), Origin::Found));
        let other = read_or_make(&path, &"ledger.example.com/other".parse().unwrap());
        assert!(other.unwrap_err().to_string().contains("is one of the ledger ledger.example.com/test"));
        fs::write(&path, "x").unwrap();
        assert!(read_or_make(&path, &name).is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "x");
    }
}
