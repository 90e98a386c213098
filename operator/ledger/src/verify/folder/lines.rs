//! `entries.jsonl`, line by line.

use std::io::{self, BufRead, Read as _};

use bytes::Bytes;
use sha2::{Digest as _, Sha256};

use crate::commit::digits;
use crate::entry::LARGEST;
use crate::export::render::ENTRIES;
use crate::read::Files;

/// The lines of the entries of an export.
pub(super) struct Lines<'f> {
    file: Option<Box<dyn BufRead + 'f>>,
}

impl<'f> Lines<'f> {
    pub(super) fn open(files: &'f dyn Files) -> io::Result<Self> {
        Ok(Self { file: files.open(ENTRIES)? })
    }

    /// The next line without its end; an empty one where the file is not made of lines of entries.
    pub(super) fn next(&mut self) -> io::Result<Option<Bytes>> {
        let Some(file) = &mut self.file else { return Ok(None) };
        let mut line = Vec::new();
        file.by_ref().take(LARGEST as u64 + 1).read_until(b'\n', &mut line)?;
        match line.pop() {
            None => Ok(None),
            Some(b'\n') => Ok(Some(line.into())),
            Some(_) => {
                // What follows is not looked at.
                self.file = None;
                Ok(Some(Bytes::new()))
            }
        }
    }
}

/// The SHA-256 of the whole file.
pub(super) fn sum(files: &dyn Files) -> io::Result<Option<String>> {
    let Some(mut file) = files.open(ENTRIES)? else { return Ok(None) };
    let mut hash = Sha256::new();
    loop {
        let piece = file.fill_buf()?;
        if piece.is_empty() {
            return Ok(Some(digits(&hash.finalize())));
        }
        hash.update(piece);
        let length = piece.len();
        file.consume(length);
    }
}
