//! What people bring: texts, documents, and moments.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
    str::FromStr,
};

use anyhow::{Context, Result, bail};
use bund_crds::{Date, Moment};
use bund_engine::transfer::beijing;
use bytes::Bytes;

/// As many bytes as a document may have.
const LARGEST: u64 = 64 << 20;

/// Media types by what the name of a file ends with.
const MEDIA_TYPES: [(&str, &str); 15] = [
    ("csv", "text/csv"),
    ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("eml", "message/rfc822"),
    ("html", "text/html"),
    ("jpeg", "image/jpeg"),
    ("jpg", "image/jpeg"),
    ("json", "application/json"),
    ("md", "text/markdown"),
    ("ofd", "application/ofd"),
    ("pdf", "application/pdf"),
    ("png", "image/png"),
    ("txt", "text/plain"),
    ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("yaml", "application/yaml"),
    ("zip", "application/zip"),
];

/// The media type of a document, by its name.
pub fn media_type(path: &Path) -> &'static str {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    let known = MEDIA_TYPES.iter().find(|(known, _)| ending.as_deref() == Some(known));
    known.map_or("application/octet-stream", |(_, media_type)| media_type)
}

/// Reads a document as a whole.
pub fn document(path: &Path) -> Result<Bytes> {
    let cannot = || format!("the document {} cannot be read", path.display());
    let file = File::open(path).with_context(cannot)?;
    let bytes = limited(file).with_context(cannot)?;
    if bytes.len() as u64 > LARGEST {
        bail!("the document {} has more than {} MiB: keep its parts", path.display(), LARGEST >> 20);
    }
    Ok(bytes.into())
}

/// A text, which `-` reads from standard input.
pub fn text(given: String) -> Result<String> {
    if given != "-" {
        return Ok(given);
    }
    let bytes = limited(io::stdin().lock()).context("standard input cannot be read")?;
    let text = String::from_utf8(bytes).context("standard input is not UTF-8")?;
    Ok(text.trim_end().to_owned())
}

fn limited(from: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(LARGEST + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// A moment, or a day in Beijing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// A day.
    Day(Date),
    /// A moment.
    Moment(Moment),
}

impl FromStr for Bound {
    type Err = String;

    fn from_str(value: &str) -> Result<Self, String> {
        let moment = || value.parse().map(Self::Moment);
        value.parse().map(Self::Day).or_else(|_| moment()).map_err(|_| {
            format!("`{value}` is no day and no moment: write `2026-01-31` or `2026-01-31T12:00:00Z`")
        })
    }
}

impl Bound {
    /// From when on: a day begins at its midnight in Beijing.
    pub fn from(self) -> Moment {
        match self {
            Self::Day(day) => Moment::of(beijing::start(day.0)),
            Self::Moment(moment) => moment,
        }
    }

    /// Before when: a day ends at the next midnight in Beijing.
    pub fn to(self) -> Moment {
        match self {
            Self::Day(day) => Moment::of(beijing::end(day.0)),
            Self::Moment(moment) => moment,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_one_in_beijing() {
        let bound: Bound = "2026-12-31".parse().unwrap();
        let moment = |text: &str| text.parse::<Moment>().unwrap();
        assert_eq!(bound.from(), moment("2026-12-30T16:00:00Z"));
        assert_eq!(bound.to(), moment("2026-12-31T16:00:00Z"));
        let bound: Bound = "2026-12-31T01:02:03Z".parse().unwrap();
        assert_eq!(
            (bound.from(), bound.to()),
            (moment("2026-12-31T01:02:03Z"), moment("2026-12-31T01:02:03Z"))
        );
        assert!("yesterday".parse::<Bound>().is_err());
    }

    #[test]
    fn a_document_tells_its_type_by_its_name() {
        assert_eq!(media_type(Path::new("a/Assessment.PDF")), "application/pdf");
        assert_eq!(media_type(Path::new("pdf")), "application/octet-stream");
    }
}
