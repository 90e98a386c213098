//! Reading a database from a file.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::database::Unfit;
use crate::{Database, Digest};

/// The largest file that is read. Databases of countries have about 10 MB.
pub const LARGEST: u64 = 128 << 20;

/// Why a file is no database that can be used, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It cannot be read.
    #[error("{} cannot be read: {why}; put a database of countries there", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        why: io::Error,
    },
    /// Whoever reads it may not.
    #[error("{} may not be read by this user; let everybody read it (chmod 0644, its folders 0755)", path.display())]
    Forbidden {
        /// Which.
        path: PathBuf,
    },
    /// It is too large to be one.
    #[error("{} is larger than {} MiB, which no database of countries is; use one of countries", path.display(), LARGEST >> 20)]
    TooLarge {
        /// Which.
        path: PathBuf,
    },
    /// It is another one than was asked for.
    #[error("{} has the SHA-256 {found} and not {expected}; put the file there that was checked, or correct sha256", path.display())]
    Digest {
        /// Which.
        path: PathBuf,
        /// What it should have.
        expected: Digest,
        /// What it has.
        found: Digest,
    },
    /// It is broken, or a database of something else.
    #[error("{}: {why}", path.display())]
    Unfit {
        /// Which.
        path: PathBuf,
        /// Why, and what to do.
        why: String,
    },
}

/// Reads the database at `path`, which has this digest, if one is given.
pub fn read(path: &Path, expected: Option<Digest>) -> Result<Database, Error> {
    let path_of = || path.to_owned();
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|why| match why.kind() {
        io::ErrorKind::PermissionDenied => Error::Forbidden { path: path_of() },
        _ => Error::Unreadable { path: path_of(), why },
    })?;
    // One byte more tells a file that is too large from one that is just not.
    let read = file.take(LARGEST + 1).read_to_end(&mut bytes);
    let length = read.map_err(|why| Error::Unreadable { path: path_of(), why })?;
    if u64::try_from(length).is_ok_and(|length| length > LARGEST) {
        return Err(Error::TooLarge { path: path_of() });
    }
    if let Some(expected) = expected {
        let found = Digest::of(&bytes);
        if found != expected {
            return Err(Error::Digest { path: path_of(), expected, found });
        }
    }
    Database::compile(&bytes).map_err(|why: Unfit| Error::Unfit { path: path_of(), why: why.to_string() })
}
