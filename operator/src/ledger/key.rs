//! The Secret with the keys that sign checkpoints. It is made once, and never replaced. (client; what it holds is pure)

use std::collections::BTreeMap;

use bund_ledger::{InvalidKey, Keys, LogName, SecretKey};
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use kube::api::{ObjectMeta, PostParams};
use kube::{Api, Client};

const TYPE: &str = "bund.dev/ledger-key";
/// The member that holds the key that signs.
const KEY: &str = "key";
/// The member that holds keys that sign beside it while they are replaced, one on each line. It may be absent.
const BESIDE: &str = "beside";

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// The Secret cannot be read or written.
    #[error("cannot read or write Secret `{0}`")]
    Api(String, #[source] kube::Error),
    /// It is not there.
    #[error(
        "Secret `{0}` is not there: bring it back from a copy; without its key no checkpoint can be signed, and `bund ledger \
         recover` says what to do where it is lost"
    )]
    Absent(String),
    /// It is there, without a key.
    #[error("Secret `{0}` holds no key: its member `{KEY}` is missing")]
    Empty(String),
    /// What it holds is no key.
    #[error("Secret `{0}` holds what is no key")]
    Invalid(String, #[source] InvalidKey),
    /// The key is of another ledger.
    #[error("Secret `{secret}` holds a key of `{found}`, and `{configured}` is configured")]
    Other {
        /// The Secret.
        secret: String,
        /// The ledger that the key is of.
        found: LogName,
        /// The ledger that is configured.
        configured: LogName,
    },
}

/// The Secret with the keys.
pub(super) struct KeySecret {
    secrets: Api<Secret>,
    secret: String,
    name: LogName,
}

impl KeySecret {
    pub(super) fn new(client: Client, namespace: &str, secret: &str, name: LogName) -> Self {
        Self { secrets: Api::namespaced(client, namespace), secret: secret.to_owned(), name }
    }

    /// The keys.
    pub(super) async fn read(&self) -> Result<Keys, Error> {
        let found = self.secrets.get_opt(&self.secret).await.map_err(|error| self.failed(error))?;
        let found = found.ok_or_else(|| Error::Absent(self.secret.clone()))?;
        self.keys(&found.data.unwrap_or_default())
    }

    /// The keys; a new one where the Secret is not there.
    pub(super) async fn read_or_make(&self) -> Result<Keys, Error> {
        match self.read().await {
            Err(Error::Absent(_)) => {}
            read => return read,
        }
        let key = SecretKey::generate(self.name.clone());
        let secret = Secret {
            metadata: ObjectMeta { name: Some(self.secret.clone()), ..ObjectMeta::default() },
            type_: Some(TYPE.to_owned()),
            data: Some(BTreeMap::from([(KEY.to_owned(), ByteString(key.to_text().into_bytes()))])),
            ..Secret::default()
        };
        match self.secrets.create(&PostParams::default(), &secret).await {
            Ok(_) => Ok(Keys::of(key)),
            // Another leader was faster, and its key is the one.
            Err(kube::Error::Api(status)) if status.is_already_exists() => self.read().await,
            Err(error) => Err(self.failed(error)),
        }
    }

    fn failed(&self, error: kube::Error) -> Error {
        Error::Api(self.secret.clone(), error)
    }

    fn keys(&self, data: &BTreeMap<String, ByteString>) -> Result<Keys, Error> {
        let text = |member: &str| data.get(member).map(|bytes| String::from_utf8_lossy(&bytes.0));
        let current = text(KEY).ok_or_else(|| Error::Empty(self.secret.clone()))?;
        let current = self.key(&current)?;
        let beside = text(BESIDE).unwrap_or_default();
        let beside = beside.lines().filter(|line| !line.is_empty()).map(|line| self.key(line));
        Ok(Keys { current, beside: beside.collect::<Result<_, _>>()? })
    }

    fn key(&self, text: &str) -> Result<SecretKey, Error> {
        let key = SecretKey::read(text).map_err(|error| Error::Invalid(self.secret.clone(), error))?;
        if *key.name() == self.name {
            return Ok(key);
        }
        let (secret, configured) = (self.secret.clone(), self.name.clone());
        Err(Error::Other { secret, found: key.name().clone(), configured })
    }
}
