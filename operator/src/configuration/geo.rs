//! The databases that say where public addresses are. (pure)

use std::collections::BTreeSet;
use std::path::PathBuf;

use bund_geo::{Digest, Source};
use jiff::SignedDuration;
use serde::Deserialize;

/// The databases that say where public addresses are. Left out: only what is declared is inside.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Geo {
    /// One or two. What two do not both say, neither says.
    pub databases: Vec<GeoDatabase>,
}

/// A database of countries in the format of MaxMind (`.mmdb`).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct GeoDatabase {
    /// Its file. It is read again when it changes.
    pub path: PathBuf,
    /// Its SHA-256. Left out: any database that is put there counts.
    #[serde(default)]
    pub sha256: Option<Digest>,
    /// After how many days from when it was built nothing is inside by it any more.
    #[serde(default = "thirty")]
    pub max_age_days: u16,
}

/// For so long the licence of GeoLite2 allows the use of an old one, at most.
fn thirty() -> u16 {
    30
}

/// A key, and what is wrong with its value.
type Wrong = (&'static str, String);

const MOST: usize = 2;
const MOST_DAYS: u16 = 3650;

impl Geo {
    pub(super) fn check(&self) -> Result<(), Wrong> {
        let Self { databases } = self;
        if databases.len() > MOST {
            return Err((
                "geo.databases",
                format!("{} are more than {MOST}; name one or two", databases.len()),
            ));
        }
        let names: BTreeSet<_> = databases.iter().map(|database| database.path.file_name()).collect();
        if names.len() < databases.len() {
            let why = "two files have one name; name them differently, because conditions and metrics tell them apart by it";
            return Err(("geo.databases", why.to_owned()));
        }
        for GeoDatabase { path, sha256: _, max_age_days } in databases {
            if !path.is_absolute() || path.file_name().is_none() {
                return Err((
                    "geo.databases[].path",
                    format!("`{}` is no absolute path of a file", path.display()),
                ));
            }
            if !(1..=MOST_DAYS).contains(max_age_days) {
                let why = format!("{max_age_days} is not between 1 and {MOST_DAYS}");
                return Err(("geo.databases[].maxAgeDays", why));
            }
        }
        Ok(())
    }

    /// Where they are read.
    pub fn sources(&self) -> Vec<Source> {
        let source = |database: &GeoDatabase| Source {
            path: database.path.clone(),
            sha256: database.sha256,
            max_age: SignedDuration::from_hours(24 * i64::from(database.max_age_days)),
        };
        self.databases.iter().map(source).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::Configuration;
    use super::*;

    #[test]
    fn a_database_is_named_by_its_file() {
        let digest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let text = format!(
            "geo: {{databases: [{{path: /geo/a.mmdb}}, {{path: /geo/b.mmdb, sha256: {digest}, maxAgeDays: 7}}]}}"
        );
        let source = |path: &str, sha256, days: i64| Source {
            path: path.into(),
            sha256,
            max_age: SignedDuration::from_hours(24 * days),
        };
        assert_eq!(
            Configuration::read(&text).unwrap().geo.sources(),
            [source("/geo/a.mmdb", None, 30), source("/geo/b.mmdb", Some(Digest::of(b"")), 7)]
        );
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, named) in [
            ("geo: {database: []}", "database"),
            ("geo: {databases: [{}]}", "path"),
            ("geo: {databases: [{path: /a, maxAge: 3}]}", "maxAge"),
            ("geo: {databases: [{path: /a, sha256: abc}]}", "it is no SHA-256"),
            ("geo: {databases: [{path: a.mmdb}]}", "geo.databases[].path: `a.mmdb` is no absolute path"),
            ("geo: {databases: [{path: /}]}", "geo.databases[].path: `/` is no absolute path of a file"),
            (
                "geo: {databases: [{path: /a, maxAgeDays: 0}]}",
                "geo.databases[].maxAgeDays: 0 is not between 1 and 3650",
            ),
            ("geo: {databases: [{path: /a}, {path: /b}, {path: /c}]}", "geo.databases: 3 are more than 2"),
            ("geo: {databases: [{path: /a/x}, {path: /b/x}]}", "geo.databases: two files have one name"),
        ] {
            let error = Configuration::read(text).unwrap_err().to_string();
            assert!(error.contains(named), "{text}: {error}");
        }
    }
}
