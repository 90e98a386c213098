//! A log in a directory of the local file system.

mod file_system;
mod staging;

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use object_store::local::LocalFileSystem;
use tokio::task::spawn_blocking;

use super::{Created, LARGEST_OBJECT, Objects, Store, StoreError, TooLarge};

/// A log in a directory.
///
/// Every file is written beside its place, synced, linked or renamed to it, and the folder synced. So a file that is in
/// its place is whole and durable; whether its name is durable, only a sync of the folder says. A sync that failed is
/// never tried again on the same file: what was written is thrown away and written again.
#[derive(Clone, Debug)]
pub struct Directory {
    root: Arc<Path>,
    /// For what only reads names.
    objects: Objects,
    folders: Folders,
}

/// The folders whose names are known to be durable, up to the root.
type Folders = Arc<Mutex<HashSet<PathBuf>>>;

impl Directory {
    /// The log in `root`, which must be there.
    pub fn new(root: &Path) -> Result<Self, StoreError> {
        let place = root.display().to_string();
        let root = root.canonicalize().map_err(|error| StoreError::new("open", &place, error))?;
        let local = LocalFileSystem::new_with_prefix(&root)
            .map_err(|error| StoreError::new("open", &place, error))?;
        let objects = Objects::new(&place, Arc::new(local));
        Ok(Self { root: root.into(), objects, folders: Folders::default() })
    }

    async fn blocking<T: Send + 'static>(
        &self,
        action: &'static str,
        path: &str,
        work: impl FnOnce(&Path, &Path) -> io::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (root, full) = (self.root.clone(), self.root.join(path));
        match spawn_blocking(move || work(&root, &full)).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(error)) => Err(StoreError::new(action, path, error)),
            Err(error) => Err(StoreError::new(action, path, error)),
        }
    }
}

#[async_trait]
impl Store for Directory {
    fn place(&self) -> String {
        self.objects.place()
    }

    async fn prepare(&self) -> Result<(), StoreError> {
        self.blocking("use", "", |root, _| {
            file_system::check(root)?;
            staging::sweep(root);
            Ok(())
        })
        .await
    }

    async fn create(&self, path: &str, bytes: Bytes) -> Result<Created, StoreError> {
        let folders = self.folders.clone();
        self.blocking("create", path, move |root, full| {
            let folder = folder_of(full)?;
            let known = || folders.lock().unwrap_or_else(PoisonError::into_inner);
            if !known().contains(folder) {
                make(root, folder)?;
                known().insert(folder.to_owned());
            }
            let staged = stage(root, full, &bytes)?;
            let linked = fs::hard_link(staged.path(), full);
            drop(staged);
            match linked {
                Ok(()) => sync(folder).map(|()| Created::Now),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(Created::Before),
                Err(error) => Err(error),
            }
        })
        .await
    }

    async fn put(&self, path: &str, bytes: Bytes) -> Result<(), StoreError> {
        self.blocking("write", path, move |root, full| {
            stage(root, full, &bytes)?.rename(full)?;
            sync(folder_of(full)?)
        })
        .await
    }

    async fn get(&self, path: &str) -> Result<Option<Bytes>, StoreError> {
        self.blocking("read", path, |_, full| match read(full) {
            Ok(bytes) => Ok(Some(bytes.into())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        })
        .await
    }

    async fn list(&self, below: &str) -> Result<Vec<String>, StoreError> {
        self.objects.list(below).await
    }

    async fn names(&self, within: &str) -> Result<Vec<String>, StoreError> {
        self.objects.names(within).await
    }

    async fn delete(&self, paths: &[String]) -> Result<(), StoreError> {
        self.objects.delete(paths).await
    }

    async fn persist(&self, path: &str) -> Result<(), StoreError> {
        self.blocking("sync", path, |root, full| {
            File::open(full)?.sync_all()?;
            sync_up(root, folder_of(full)?)
        })
        .await
    }
}

/// Writes a file: whoever reads it, also after a loss of power, finds the old or the new one.
pub(crate) fn replace(full: &Path, bytes: &[u8]) -> io::Result<()> {
    staging::Staged::write(full, bytes)?.rename(full)?;
    sync(folder_of(full)?)
}

fn folder_of(full: &Path) -> io::Result<&Path> {
    match full.parent() {
        Some(folder) if folder.as_os_str().is_empty() => Ok(Path::new(".")),
        Some(folder) => Ok(folder),
        None => Err(ErrorKind::InvalidInput.into()),
    }
}

/// Writes beside a place; makes the folder where there is none.
fn stage(root: &Path, full: &Path, bytes: &[u8]) -> io::Result<staging::Staged> {
    match staging::Staged::write(full, bytes) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            make(root, folder_of(full)?)?;
            staging::Staged::write(full, bytes)
        }
        staged => staged,
    }
}

/// Makes a folder, and its name and those above it durable: also where they are there, because whoever made them may have
/// died before that.
fn make(root: &Path, folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    sync_up(root, folder)
}

fn sync_up(root: &Path, folder: &Path) -> io::Result<()> {
    folder.ancestors().take_while(|above| above.starts_with(root)).try_for_each(sync)
}

fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

fn read(full: &Path) -> io::Result<Vec<u8>> {
    // Of something that is not a file, such as a pipe, reading might never end.
    if !fs::metadata(full)?.is_file() {
        return Err(io::Error::new(ErrorKind::InvalidData, "this is not a file"));
    }
    let mut bytes = Vec::new();
    let read = File::open(full)?.take(LARGEST_OBJECT + 1).read_to_end(&mut bytes)?;
    if read as u64 > LARGEST_OBJECT {
        Err(io::Error::new(ErrorKind::InvalidData, TooLarge))
    } else {
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_left_of_a_writer_that_died_is_not_seen_and_goes_when_it_is_old() {
        let root = tempfile::tempdir().unwrap();
        let store = Directory::new(root.path()).unwrap();
        store.create("2026/commit/0", Bytes::from_static(b"whole")).await.unwrap();
        let (old, young) = ("2026/commit/1#17", "2026/commit/1#18446744073709551615");
        for left in [old, young] {
            fs::write(root.path().join(left), b"torn").unwrap();
        }
        let long_ago = std::time::SystemTime::now() - std::time::Duration::from_hours(2);
        File::options().write(true).open(root.path().join(old)).unwrap().set_modified(long_ago).unwrap();
        assert_eq!(store.list("2026").await.unwrap(), ["2026/commit/0"]);
        store.prepare().await.unwrap();
        assert!(!root.path().join(old).exists());
        assert!(root.path().join(young).exists(), "another writer may be about to link it");
        assert_eq!(store.names("2026/commit").await.unwrap(), ["0"]);
    }

    #[tokio::test]
    async fn an_object_that_is_too_large_is_an_error_and_so_is_what_is_no_file() {
        let root = tempfile::tempdir().unwrap();
        let store = Directory::new(root.path()).unwrap();
        let large = File::create(root.path().join("large")).unwrap();
        large.set_len(LARGEST_OBJECT + 1).unwrap();
        fs::create_dir(root.path().join("folder")).unwrap();
        for path in ["large", "folder"] {
            assert!(store.get(path).await.is_err(), "{path}");
        }
        large.set_len(LARGEST_OBJECT).unwrap();
        assert_eq!(store.get("large").await.unwrap().map(|bytes| bytes.len() as u64), Some(LARGEST_OBJECT));
        assert_eq!(store.get("nothing").await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_place_is_taken_once_and_what_was_there_stays() {
        let root = tempfile::tempdir().unwrap();
        let store = Directory::new(root.path()).unwrap();
        let many = (0..16_u8).map(|byte| store.create("a/b/c", Bytes::from(vec![byte; 1000])));
        let created = futures::future::join_all(many).await;
        let first: Vec<_> = (0..16_u8)
            .zip(created)
            .filter(|(_, created)| *created.as_ref().unwrap() == Created::Now)
            .collect();
        let [(byte, _)] = first.as_slice() else { panic!("{first:?}") };
        assert_eq!(store.get("a/b/c").await.unwrap(), Some(vec![*byte; 1000].into()));
        assert_eq!(fs::read_dir(root.path().join("a/b")).unwrap().count(), 1, "nothing is left over");
        store.put("a/b/c", Bytes::from_static(b"new")).await.unwrap();
        assert_eq!(store.get("a/b/c").await.unwrap(), Some(Bytes::from_static(b"new")));
    }
}
