//! The record outside of the cluster. (pure)

use std::path::PathBuf;

use bund_crds::Date;
use bund_ledger::LogName;
use serde::Deserialize;

/// The record outside of the cluster.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Ledger {
    /// What it is called for ever, such as `ledger.example.com/prod`. Checkpoints and keys bear it, so no two ledgers of
    /// yours should share one.
    pub name: LogName,
    /// Where it is kept.
    pub store: LedgerStore,
    /// The one day, in Beijing time, on which the leader makes the ledger where there is none, and its key. Left out:
    /// only `bund ledger init` makes one.
    #[serde(default)]
    pub inception: Option<Date>,
    /// The Secret in our own namespace that holds the key with which checkpoints are signed.
    #[serde(default = "key_secret_name")]
    pub key_secret_name: String,
}

/// Where a ledger is kept.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum LedgerStore {
    /// A directory of a local file system, such as a volume that one pod mounts.
    Directory {
        /// The directory, which must be there.
        path: PathBuf,
    },
    /// A bucket of S3, or of what speaks its protocol and creates objects only where there are none (`If-None-Match`).
    /// Credentials come from the environment, by the names of the AWS tools (`AWS_ACCESS_KEY_ID` …).
    S3 {
        /// Bucket and prefix, such as `s3://bucket/prefix`.
        url: String,
        /// Where it is, if it is not at AWS, such as `https://s3.example.com`.
        #[serde(default)]
        endpoint: Option<String>,
        /// Its region.
        #[serde(default)]
        region: Option<String>,
    },
}

fn key_secret_name() -> String {
    "bund-ledger-key".to_owned()
}

/// A key, and what is wrong with its value.
type Wrong = (&'static str, String);

impl Ledger {
    pub(super) fn check(&self) -> Result<(), Wrong> {
        let Self { name: _, store, inception: _, key_secret_name } = self;
        if key_secret_name.is_empty() {
            return Err(("ledger.keySecretName", "is empty; give a name, or leave the key out".to_owned()));
        }
        store.check()
    }
}

impl LedgerStore {
    fn check(&self) -> Result<(), Wrong> {
        match self {
            Self::Directory { path } if !path.is_absolute() => {
                Err(("ledger.store.directory.path", format!("`{}` is not absolute", path.display())))
            }
            Self::Directory { path: _ } => Ok(()),
            Self::S3 { url, endpoint, region: _ } => {
                let bucket =
                    url.strip_prefix("s3://").filter(|rest| !rest.is_empty() && !rest.starts_with('/'));
                if bucket.is_none() {
                    let why = format!("`{url}` does not name a bucket; write it as s3://bucket/prefix");
                    return Err(("ledger.store.s3.url", why));
                }
                let is_address =
                    |address: &String| ["https://", "http://"].iter().any(|is| address.starts_with(is));
                match endpoint.as_ref().filter(|endpoint| !is_address(endpoint)) {
                    Some(endpoint) => {
                        let why = format!("`{endpoint}` is no address; write it as https://s3.example.com");
                        Err(("ledger.store.s3.endpoint", why))
                    }
                    None => Ok(()),
                }
            }
        }
    }
}
