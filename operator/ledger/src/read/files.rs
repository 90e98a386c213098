//! The files of an export.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read as _};
use std::path::{Path, PathBuf};

use bytes::Bytes;

/// As many bytes as a file may have that is read at once.
pub const LARGEST_FILE: u64 = 64 << 20;

/// The files of an export, each by its path with `/` between the parts.
pub trait Files: Send + Sync {
    /// Where they are, for people.
    fn place(&self) -> String;

    /// The paths of all files, in any order.
    fn list(&self) -> io::Result<Vec<String>>;

    /// Opens a file, if it is there.
    fn open(&self, path: &str) -> io::Result<Option<Box<dyn BufRead + '_>>>;

    /// Reads a whole file, if it is there. One of more than [`LARGEST_FILE`] bytes is an error.
    fn get(&self, path: &str) -> io::Result<Option<Bytes>> {
        let Some(file) = self.open(path)? else { return Ok(None) };
        let mut bytes = Vec::new();
        file.take(LARGEST_FILE + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > LARGEST_FILE {
            let why = format!("`{path}` has more than {} MiB", LARGEST_FILE >> 20);
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, why));
        }
        Ok(Some(bytes.into()))
    }
}

/// The files of a directory.
#[derive(Clone, Debug)]
pub struct Folder {
    root: PathBuf,
}

impl Folder {
    /// The files in `root`.
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    fn list_into(&self, below: &str, paths: &mut Vec<String>) -> io::Result<()> {
        for found in fs::read_dir(self.root.join(below))? {
            let found = found?;
            let name = found.file_name();
            let name = name.to_str().ok_or_else(|| {
                io::Error::new(io::ErrorKind::InvalidData, format!("{} is not UTF-8", found.path().display()))
            })?;
            let path = if below.is_empty() { name.to_owned() } else { format!("{below}/{name}") };
            // A link is listed as what it is: something that does not belong here.
            if found.file_type()?.is_dir() {
                self.list_into(&path, paths)?;
            } else {
                paths.push(path);
            }
        }
        Ok(())
    }
}

impl Files for Folder {
    fn place(&self) -> String {
        self.root.display().to_string()
    }

    fn list(&self) -> io::Result<Vec<String>> {
        let mut paths = Vec::new();
        self.list_into("", &mut paths)?;
        Ok(paths)
    }

    fn open(&self, path: &str) -> io::Result<Option<Box<dyn BufRead + '_>>> {
        let full = self.root.join(path);
        match fs::symlink_metadata(&full) {
            Ok(found) if found.is_file() => {
                Ok(Some(Box::new(BufReader::with_capacity(1 << 17, File::open(full)?))))
            }
            Ok(_) => Ok(None),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Files in memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InMemory {
    /// Each file by its path.
    pub files: BTreeMap<String, Bytes>,
}

impl Files for InMemory {
    fn place(&self) -> String {
        "memory".to_owned()
    }

    fn list(&self) -> io::Result<Vec<String>> {
        Ok(self.files.keys().cloned().collect())
    }

    fn open(&self, path: &str) -> io::Result<Option<Box<dyn BufRead + '_>>> {
        Ok(self.files.get(path).map(|bytes| Box::new(&**bytes) as Box<dyn BufRead>))
    }
}
