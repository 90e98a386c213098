//! Why a document is refused, in words for the person who wrote it.

use std::path::PathBuf;

use super::{MAX_DEPTH, MAX_SOURCE};

/// A problem and its place.
#[derive(Debug)]
pub(super) struct Refusal {
    /// The 1-based line in the source, or 0 for the source as a whole.
    pub(super) line: u32,
    /// The 1-based column in characters, or 0 for the source as a whole.
    pub(super) column: u32,
    /// What is wrong there.
    pub(super) problem: Problem,
}

impl Refusal {
    pub(super) fn place(&self) -> (u32, u32) {
        (self.line, self.column)
    }

    /// Whether the text is not even well-formed.
    pub(super) fn is_syntax(&self) -> bool {
        matches!(self.problem, Problem::Yaml(_) | Problem::Json(_))
    }
}

/// Everything that makes input unreadable.
#[derive(Debug, thiserror::Error)]
pub(super) enum Problem {
    #[error("not valid YAML: {0}")]
    Yaml(String),
    #[error("not valid JSON: {0}")]
    Json(String),
    #[error("the key `{0}` is given twice: kubectl keeps the last one, the API server refuses it")]
    DuplicateKey(String),
    #[error("the merge key `<<` is a plain key to YAML 1.2 readers")]
    MergeKey,
    #[error("`{0}` is a boolean to Kubernetes and a string to YAML 1.2 readers")]
    Boolean(String),
    #[error("`{0}` is a number to Kubernetes and something else to YAML 1.2 readers")]
    Number(String),
    #[error("`{0}` is infinite or not a number, which JSON cannot hold")]
    NotFinite(String),
    #[error("`{0}` does not fit into the 64-bit numbers of Kubernetes")]
    OutOfRange(String),
    #[error("the key `{0}` is not a string, and readers differ in how they make it one")]
    KeyType(String),
    #[error("a mapping or a list stands where a key is expected")]
    ComplexKey,
    #[error("the tag `{0}` is not read the same way by every reader")]
    Tag(String),
    #[error("a tab in the indentation")]
    Tab,
    #[error("the name of an anchor or alias is not read the same way by every reader")]
    Anchor,
    #[error("the key `{0}` has no value in `{{…}}` or `[…]`, and readers differ on what is its name")]
    NoValue(String),
    #[error("`{0}` starts with an indicator character in `{{…}}` or `[…]`")]
    Indicator(String),
    #[error("the whole document is one block scalar")]
    RootBlock,
    #[error("an alias stands inside the very value that it repeats")]
    RecursiveAlias,
    #[error("aliases repeat more than 32 MiB in this document")]
    TooManyAliases,
    #[error("the text `{0}` on a `---` line is refused by kubectl and read by others")]
    AfterMarker(String),
    #[error("the line starts with `---` but is not a document marker to every reader")]
    GluedMarker,
    #[error("kubectl does not read what follows a `...` line")]
    AfterEnd,
    #[error("a `%` directive changes how the document is read")]
    Directive,
    #[error("kubectl reads only the first of several JSON values here")]
    SecondValue,
    #[error("the character U+{:04X} is refused or read as a line break by some readers", u32::from(*.0))]
    Character(char),
    #[error("nested deeper than {MAX_DEPTH} levels")]
    TooDeep,
    #[error("`items` in a `{0}` is a list of objects to kubectl and a field to other readers")]
    Items(String),
    #[error("larger than {} MiB", MAX_SOURCE >> 20)]
    SourceTooLarge,
    #[error("not UTF-8: the byte at offset {0} is invalid")]
    NotUtf8(usize),
    #[error("UTF-16 or UTF-32 text")]
    NotUtf8Encoding,
    #[error("neither a file nor a folder")]
    NotRegular,
    #[error("cannot read `{path}`: {error}", path = .0.display(), error = .1)]
    Io(PathBuf, std::io::Error),
}

impl Problem {
    /// What to write instead.
    ///
    /// Where the text looks like a template and nothing better is known than that it is not a manifest,
    /// rendering it is the remedy. A precise problem keeps its precise remedy: `{{` also occurs in valid
    /// manifests.
    pub(super) fn remedy(&self, template: bool) -> String {
        let remedy = match self {
            Self::Yaml(_) | Self::Json(_) | Self::ComplexKey | Self::Directive if template => {
                "it looks like a template; render it first (`helm template …`)"
            }
            Self::Yaml(_) | Self::Json(_) => "correct the syntax here or just above",
            Self::DuplicateKey(_) => "remove one of the two",
            Self::MergeKey => "write the merged fields out",
            Self::Boolean(_) => "write `true` or `false`, or quote it",
            Self::Number(_) => "write it in plain decimal, or quote it",
            Self::NotFinite(_) | Self::OutOfRange(_) => "quote it, or write another number",
            Self::KeyType(_) => "quote the key",
            Self::ComplexKey => "use a plain string as key; quote it if it holds `{` or `[`",
            Self::Tag(_) => "remove the tag and write the value plainly",
            Self::Tab => "indent with spaces",
            Self::Anchor => "use only letters, digits, `-` and `_` in the name, and put it before any tag",
            Self::NoValue(_) => "write the value, `null` if that is meant",
            Self::Indicator(_) => "quote it",
            Self::RootBlock => "write a mapping",
            Self::RecursiveAlias | Self::TooManyAliases => "write the value out",
            Self::AfterMarker(_) => "put the text on a line of its own",
            Self::GluedMarker => "put `---` on a line of its own, or indent the line if it is content",
            Self::AfterEnd => "begin the next document with `---`, or remove the `...` line",
            Self::Directive => "remove the directive",
            Self::SecondValue => "separate the values with `---`",
            Self::Character(_) => "remove it, or write it as an escape in double quotes",
            Self::TooDeep => "flatten the document",
            Self::Items(_) => "use `kind: List` and give `items` a list",
            Self::SourceTooLarge => "split the file",
            Self::NotUtf8(_) | Self::NotUtf8Encoding => "save the file as UTF-8",
            Self::NotRegular => "name a file or a folder",
            Self::Io(..) => "check the path and its permissions",
        };
        remedy.to_owned()
    }
}

/// User input as it may be printed: short, and without control characters that a terminal would obey.
pub(super) fn shown(text: &str) -> String {
    const LONGEST: usize = 60;
    let mut shown = String::new();
    for character in text.chars().take(LONGEST) {
        if character.is_control() {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    if text.chars().nth(LONGEST).is_some() {
        shown.push('…');
    }
    shown
}
