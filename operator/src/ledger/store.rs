//! The store that the configuration names. (client)

use std::sync::Arc;

use bund_ledger::{Directory, Objects, Store, StoreError};

use crate::configuration::LedgerStore;

/// Opens it.
pub(super) fn store(configured: &LedgerStore) -> Result<Arc<dyn Store>, StoreError> {
    match configured {
        LedgerStore::Directory { path } => Ok(Arc::new(Directory::new(path)?)),
        LedgerStore::S3 { url, endpoint, region } => {
            Ok(Arc::new(Objects::s3_at(url, endpoint.as_deref(), region.as_deref())?))
        }
    }
}
