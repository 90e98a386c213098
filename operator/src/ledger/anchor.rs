//! The object `Ledger` as the memory of the last checkpoint: a store that was put back did not grow from it. (client)

use async_trait::async_trait;
use bund_crds::{GROUP, Ledger, LedgerSpec, LedgerStatus, Moment, VERSION, ledger::NAME};
use bund_engine::Timestamp;
use bund_ledger::{Anchor, AnchorError, LogName, SignedCheckpoint};
use kube::api::{ObjectMeta, Patch, PatchParams, PostParams};
use kube::{Api, Client};
use serde_json::{Value, json};

/// Who owns what is remembered.
const FIELD_MANAGER: &str = "bund-ledger-anchor";
/// How often a write is tried against another leader.
const TRIES: usize = 4;

/// The object `Ledger`.
pub(super) struct InCluster {
    ledgers: Api<Ledger>,
    name: LogName,
}

/// Why the object cannot be kept.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// The API server did not do what it was asked.
    #[error("the object Ledger `{NAME}` cannot be read or written")]
    Api(#[source] kube::Error),
    /// It is there, of another ledger.
    #[error(
        "the object Ledger `{NAME}` is of `{found}`, and `{configured}` is configured: correct ledger.name, or have somebody \
         with the verb purge delete the object"
    )]
    Other {
        /// The ledger that it is of.
        found: String,
        /// The ledger that is configured.
        configured: LogName,
    },
    /// Other leaders wrote every time.
    #[error("the object Ledger `{NAME}` changes faster than it can be written")]
    Contended,
}

impl InCluster {
    pub(super) fn new(client: Client, name: LogName) -> Self {
        Self { ledgers: Api::all(client), name }
    }

    /// The object as it is stored. It is made where it is missing.
    pub(super) async fn object(&self) -> Result<Ledger, Error> {
        let object = match self.ledgers.get_opt(NAME).await.map_err(Error::Api)? {
            Some(object) => object,
            None => self.make().await?,
        };
        if object.spec.name == self.name.as_str() {
            return Ok(object);
        }
        Err(Error::Other { found: object.spec.name, configured: self.name.clone() })
    }

    async fn make(&self) -> Result<Ledger, Error> {
        let metadata = ObjectMeta { name: Some(NAME.to_owned()), ..ObjectMeta::default() };
        let object = Ledger { metadata, spec: LedgerSpec { name: self.name.to_string() }, status: None };
        match self.ledgers.create(&PostParams::default(), &object).await {
            Ok(made) => Ok(made),
            Err(kube::Error::Api(status)) if status.is_already_exists() => {
                self.ledgers.get(NAME).await.map_err(Error::Api)
            }
            Err(error) => Err(Error::Api(error)),
        }
    }

    /// Writes what is to be remembered, unless more is.
    async fn write(&self, checkpoint: &SignedCheckpoint) -> Result<(), Error> {
        for _ in 0..TRIES {
            let object = self.object().await?;
            let status = object.status.unwrap_or_default();
            if is_behind(checkpoint, &status, &self.name) {
                return Ok(());
            }
            let body = body(checkpoint, &self.name, object.metadata.resource_version, Timestamp::now());
            let parameters = PatchParams::apply(FIELD_MANAGER).force();
            match self.ledgers.patch_status(NAME, &parameters, &Patch::Apply(body)).await {
                Ok(_) => return Ok(()),
                Err(kube::Error::Api(status)) if status.code == 409 || status.is_not_found() => {}
                Err(error) => return Err(Error::Api(error)),
            }
        }
        Err(Error::Contended)
    }

    fn failed(error: Error) -> AnchorError {
        AnchorError { anchor: format!("the object Ledger `{NAME}`"), source: error.into() }
    }
}

#[async_trait]
impl Anchor for InCluster {
    fn name(&self) -> String {
        format!("the object Ledger `{NAME}`")
    }

    async fn recall(&self) -> Result<Option<String>, AnchorError> {
        let object = self.object().await.map_err(Self::failed)?;
        Ok(object.status.and_then(|status| status.checkpoint))
    }

    async fn remember(&self, checkpoint: &SignedCheckpoint) -> Result<(), AnchorError> {
        self.write(checkpoint).await.map_err(Self::failed)
    }
}

/// Whether what is stored is as much as `checkpoint` or more: what is remembered never goes back.
fn is_behind(checkpoint: &SignedCheckpoint, stored: &LedgerStatus, name: &LogName) -> bool {
    let text = stored.checkpoint.as_deref().unwrap_or_default();
    let reach = |checkpoint: &SignedCheckpoint| (name.shard_of(&checkpoint.origin), checkpoint.size);
    let is_more = |known: SignedCheckpoint| reach(&known) > reach(checkpoint);
    text == checkpoint.text || SignedCheckpoint::unverified(text).is_ok_and(is_more)
}

/// What is applied. The resource version makes the API server refuse it where another leader has written since.
fn body(checkpoint: &SignedCheckpoint, name: &LogName, version: Option<String>, now: Timestamp) -> Value {
    let metadata =
        ObjectMeta { name: Some(NAME.to_owned()), resource_version: version, ..ObjectMeta::default() };
    json!({
        "apiVersion": format!("{GROUP}/{VERSION}"),
        "kind": "Ledger",
        "metadata": metadata,
        "status": {
            "shard": name.shard_of(&checkpoint.origin).map(|shard| shard.to_string()),
            "size": checkpoint.size,
            "checkpoint": checkpoint.text,
            "publishedAt": Moment::of(now),
        },
    })
}

#[cfg(test)]
mod tests {
    use bund_ledger::{Keys, SecretKey};

    use super::*;

    fn checkpoint(key: &SecretKey, shard: &str, size: u64) -> SignedCheckpoint {
        let origin = key.name().origin(shard.parse().unwrap());
        SignedCheckpoint::sign(&origin, size, bund_ledger::Hash([7; 32]), &Keys::of(key.clone())).unwrap()
    }

    #[test]
    fn what_is_remembered_never_goes_back() {
        let key = SecretKey::generate("ledger.example.com/test".parse().unwrap());
        let of = |shard, size| checkpoint(&key, shard, size);
        let stored = |it: &SignedCheckpoint| LedgerStatus {
            checkpoint: Some(it.text.clone()),
            ..LedgerStatus::default()
        };
        let behind =
            |new: &SignedCheckpoint, old: &SignedCheckpoint| is_behind(new, &stored(old), key.name());
        assert!(!is_behind(&of("2026", 1), &LedgerStatus::default(), key.name()));
        assert!(!behind(&of("2026", 2), &of("2026", 1)) && behind(&of("2026", 1), &of("2026", 2)));
        assert!(!behind(&of("2026-2", 1), &of("2026", 9)) && behind(&of("2026", 9), &of("2026-2", 1)));
        assert!(behind(&of("2026", 1), &of("2026", 1)), "it is there");
    }

    #[test]
    fn what_is_applied_names_the_state_that_it_was_read_in() {
        let key = SecretKey::generate("ledger.example.com/test".parse().unwrap());
        let it = checkpoint(&key, "2026", 3);
        let at: Moment = "2026-05-09T02:00:00Z".parse().unwrap();
        let expected = json!({
            "apiVersion": "bund.dev/v1alpha1", "kind": "Ledger", "metadata": {"name": "bund", "resourceVersion": "7"},
            "status": {"shard": "2026", "size": 3, "checkpoint": it.text, "publishedAt": "2026-05-09T02:00:00Z"},
        });
        assert_eq!(body(&it, key.name(), Some("7".to_owned()), at.0), expected);
    }
}
