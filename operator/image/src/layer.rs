//! One layer: files and the folders that hold them, as a tar archive that depends on nothing else.

use std::{collections::BTreeSet, io, path::Path};

use tar::{Builder, EntryType, Header};

/// A file of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Where it is, relative to the root: `usr/bin/bund`.
    pub path: String,
    /// Its permissions.
    pub mode: u32,
    /// What it holds.
    pub content: Vec<u8>,
}

impl File {
    /// A file that everybody may read.
    pub fn text(path: &str, content: &str) -> Self {
        Self { path: path.to_owned(), mode: 0o644, content: content.as_bytes().to_vec() }
    }

    /// A program of this system.
    pub fn program(path: &str, from: &Path) -> io::Result<Self> {
        Ok(Self { path: path.to_owned(), mode: 0o755, content: std::fs::read(from)? })
    }
}

/// Archives files in the order of their paths, each folder before what it holds. Everything belongs to root, so that the
/// user of the container can change nothing, and carries the time `epoch` (seconds since 1970).
pub fn archive(files: &[File], epoch: u64) -> io::Result<Vec<u8>> {
    let mut files: Vec<&File> = files.iter().collect();
    files.sort_by(|one, other| one.path.cmp(&other.path));
    let mut archive = Builder::new(Vec::new());
    for folder in folders(&files) {
        let mut header = header(EntryType::Directory, 0o755, 0, epoch);
        archive.append_data(&mut header, format!("{folder}/"), io::empty())?;
    }
    for file in files {
        let mut header = header(EntryType::Regular, file.mode, file.content.len() as u64, epoch);
        archive.append_data(&mut header, &file.path, file.content.as_slice())?;
    }
    archive.into_inner()
}

/// Every folder above a file. A folder sorts before its folders.
fn folders(files: &[&File]) -> BTreeSet<String> {
    let above = |file: &&File| {
        let ancestors = Path::new(&file.path).ancestors().skip(1);
        let ancestors = ancestors.filter(|folder| !folder.as_os_str().is_empty());
        ancestors.map(|folder| folder.display().to_string()).collect::<Vec<_>>()
    };
    files.iter().flat_map(above).collect()
}

/// A header whose every field is said here.
pub(crate) fn header(kind: EntryType, mode: u32, size: u64, epoch: u64) -> Header {
    let mut header = Header::new_ustar();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_size(size);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(epoch);
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_come_first_and_everything_belongs_to_root_at_the_epoch() {
        let files = [File::text("usr/bin/two", "2"), File::text("etc/one", "1")];
        let archive = archive(&files, 7).unwrap();
        let mut archive = tar::Archive::new(archive.as_slice());
        let told: Vec<_> = archive
            .entries()
            .unwrap()
            .map(|entry| {
                let entry = entry.unwrap();
                let header = entry.header();
                let owner = (header.uid().unwrap(), header.gid().unwrap());
                (
                    entry.path().unwrap().display().to_string(),
                    header.mode().unwrap(),
                    owner,
                    header.mtime().unwrap(),
                )
            })
            .collect();
        let expected = [
            ("etc/", 0o755),
            ("usr/", 0o755),
            ("usr/bin/", 0o755),
            ("etc/one", 0o644),
            ("usr/bin/two", 0o644),
        ];
        let expected: Vec<_> = expected.map(|(path, mode)| (path.to_owned(), mode, (0, 0), 7)).into();
        assert_eq!(told, expected);
    }

    #[test]
    fn the_order_of_the_files_does_not_matter() {
        let (one, two) = (File::text("a/one", "1"), File::text("b/two", "2"));
        assert_eq!(archive(&[one.clone(), two.clone()], 0).unwrap(), archive(&[two, one], 0).unwrap());
    }
}
