//! Where a ledger is: a folder, or a bucket.

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
    str::FromStr,
    sync::Arc,
};

use anyhow::{Context, Result, bail};
use bund_ledger::{Directory, Objects, ShardName, Store};

use super::failure::Missing;

/// How the address of a bucket begins.
const S3: &str = "s3://";

/// Where a ledger is, or an export, or a proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A folder or a file.
    Path(PathBuf),
    /// A bucket, with or without a prefix: `s3://bucket/prefix`.
    Bucket(String),
}

/// A place that cannot be one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPlace {
    /// Nothing is written.
    #[error("name a folder, or `s3://BUCKET/PREFIX`")]
    Empty,
    /// It is an address of something else.
    #[error("ledgers are in folders and in buckets: name a folder, or `s3://BUCKET/PREFIX`")]
    Scheme,
}

impl FromStr for Place {
    type Err = InvalidPlace;

    fn from_str(value: &str) -> Result<Self, InvalidPlace> {
        match value.split_once("://") {
            _ if value.is_empty() || value == S3 => Err(InvalidPlace::Empty),
            Some(("s3", _)) => Ok(Self::Bucket(value.trim_end_matches('/').to_owned())),
            Some(_) => Err(InvalidPlace::Scheme),
            None => Ok(Self::Path(PathBuf::from(value))),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => path.display().fmt(f),
            Self::Bucket(url) => f.write_str(url),
        }
    }
}

impl Place {
    /// The store that is there. Region, endpoint and credentials of a bucket come from the environment.
    pub fn store(&self) -> Result<Arc<dyn Store>> {
        let cannot = || format!("{self} cannot be opened");
        match self {
            Self::Path(path) if !path.exists() => {
                Err(Missing(format!("{self} is not there: name the folder of a ledger")).into())
            }
            Self::Path(path) if !path.is_dir() => bail!("{self} is a file: name the folder of a ledger"),
            Self::Path(path) => Ok(Arc::new(Directory::new(path).with_context(cannot)?)),
            Self::Bucket(url) => Ok(Arc::new(Objects::s3(url).with_context(cannot)?)),
        }
    }

    /// Makes the folder, where it is one and not there yet.
    pub fn make(&self) -> Result<()> {
        match self {
            Self::Path(path) => {
                fs::create_dir_all(path).with_context(|| format!("the folder {self} cannot be made"))
            }
            Self::Bucket(_) => Ok(()),
        }
    }

    /// Clears away the folders of a shard whose files were deleted. A folder with anything in it stays.
    pub fn clear(&self, shard: ShardName) -> Result<()> {
        let Self::Path(path) = self else { return Ok(()) };
        let path = path.join(shard.to_string());
        clear(&path).with_context(|| format!("the folder {} cannot be cleared away", path.display()))
    }

    /// The path, where it is one.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Path(path) => Some(path),
            Self::Bucket(_) => None,
        }
    }
}

fn clear(folder: &Path) -> io::Result<()> {
    for found in fs::read_dir(folder)? {
        let found = found?;
        if found.file_type()?.is_dir() {
            clear(&found.path())?;
        }
    }
    match fs::remove_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => Ok(()),
        removed => removed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_folder_or_a_bucket() {
        assert_eq!("ledger".parse(), Ok(Place::Path("ledger".into())));
        assert_eq!("s3://b/p/".parse(), Ok(Place::Bucket("s3://b/p".into())));
        assert_eq!("https://b/p".parse::<Place>(), Err(InvalidPlace::Scheme));
        assert_eq!("s3://".parse::<Place>(), Err(InvalidPlace::Empty));
        assert_eq!("".parse::<Place>(), Err(InvalidPlace::Empty));
    }
}
