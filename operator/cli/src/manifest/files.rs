//! Finds the files that paths on the command line name, and reads them.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::problem::Problem;
use super::{MAX_SOURCE, Source, Unreadable};

/// Something to read manifests from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// Standard input.
    Stdin,
    /// A file.
    File(PathBuf),
}

/// The name that standard input is reported by.
const STDIN: &str = "<stdin>";

/// The inputs that paths name: `-` is standard input, a file is itself whatever its name, and a folder is
/// every `.yaml`, `.yml` and `.json` file in and below it, in the order of their names.
///
/// In folders, hidden folders are left out, and so are links to folders, as kubectl leaves them out; links to
/// files are read.
pub fn files(paths: &[PathBuf]) -> Vec<Result<Input, Unreadable>> {
    let mut inputs = Vec::new();
    for path in paths {
        if path.as_os_str() == "-" {
            inputs.push(Ok(Input::Stdin));
            continue;
        }
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => folder(path, &mut inputs),
            Ok(_) => inputs.push(Ok(Input::File(path.clone()))),
            Err(error) => inputs.push(Err(unreadable(path, error))),
        }
    }
    inputs
}

fn unreadable(path: &Path, error: io::Error) -> Unreadable {
    Unreadable::whole(&path.display().to_string(), Problem::Io(path.to_owned(), error))
}

/// Adds the manifests below a folder.
fn folder(root: &Path, inputs: &mut Vec<Result<Input, Unreadable>>) {
    // A stack of what is still to be visited, the next on top; recursion would let the depth of the folders
    // decide on ours.
    let mut pending = vec![Entry::Folder(root.to_owned())];
    while let Some(entry) = pending.pop() {
        match entry {
            Entry::File(path) => inputs.push(Ok(Input::File(path))),
            Entry::Special(path) => {
                inputs.push(Err(Unreadable::whole(&path.display().to_string(), Problem::NotRegular)));
            }
            Entry::Failed(path, error) => inputs.push(Err(unreadable(&path, error))),
            Entry::Folder(path) => match entries(&path) {
                Ok(entries) => pending.extend(entries.into_iter().rev()),
                Err(error) => inputs.push(Err(unreadable(&path, error))),
            },
        }
    }
}

enum Entry {
    Folder(PathBuf),
    File(PathBuf),
    /// A pipe, socket or device: reading it might never end.
    Special(PathBuf),
    Failed(PathBuf, io::Error),
}

/// What is of interest in a folder, sorted by name.
fn entries(folder: &Path) -> io::Result<Vec<Entry>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        names.push((entry.path(), entry.file_type()?));
    }
    names.sort_by(|(one, _), (other, _)| one.cmp(other));
    Ok(names.into_iter().filter_map(|(path, kind)| classify(path, kind)).collect())
}

fn classify(path: PathBuf, kind: fs::FileType) -> Option<Entry> {
    if kind.is_dir() {
        let hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        return (!hidden).then_some(Entry::Folder(path));
    }
    if !path
        .extension()
        .is_some_and(|extension| extension == "yaml" || extension == "yml" || extension == "json")
    {
        return None;
    }
    if kind.is_file() {
        return Some(Entry::File(path));
    }
    match fs::metadata(&path) {
        Ok(target) if target.is_dir() => None,
        Ok(target) if target.is_file() => Some(Entry::File(path)),
        Ok(_) => Some(Entry::Special(path)),
        Err(error) => Some(Entry::Failed(path, error)),
    }
}

impl Input {
    /// The name to report it by.
    pub fn name(&self) -> String {
        match self {
            Self::Stdin => STDIN.to_owned(),
            Self::File(path) => path.display().to_string(),
        }
    }

    /// Reads it whole; text that is not UTF-8 or is too large is unreadable.
    pub fn load(&self) -> Result<Arc<Source>, Unreadable> {
        let bytes = match self {
            Self::Stdin => {
                bounded(io::stdin().lock()).map_err(|error| unreadable(Path::new(STDIN), error))?
            }
            Self::File(path) => {
                File::open(path).and_then(bounded).map_err(|error| unreadable(path, error))?
            }
        };
        let name = self.name();
        match text(bytes) {
            Ok(text) => Ok(Arc::new(Source { name, text })),
            Err(problem) => Err(Unreadable::whole(&name, problem)),
        }
    }
}

/// Reads up to one byte more than allowed, so that an endless input ends.
fn bounded(reader: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(MAX_SOURCE).unwrap_or(u64::MAX).saturating_add(1);
    reader.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn text(bytes: Vec<u8>) -> Result<String, Problem> {
    if bytes.len() > MAX_SOURCE {
        return Err(Problem::SourceTooLarge);
    }
    let wide = [&[0xFF, 0xFE][..], &[0xFE, 0xFF], &[0, 0, 0xFE, 0xFF]];
    if wide.iter().any(|mark| bytes.starts_with(mark)) {
        return Err(Problem::NotUtf8Encoding);
    }
    String::from_utf8(bytes).map_err(|error| Problem::NotUtf8(error.utf8_error().valid_up_to()))
}
