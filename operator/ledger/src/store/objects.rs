//! A log in an object store, through `object_store`.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use object_store::aws::{AmazonS3Builder, S3ConditionalPut};
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{ObjectStore, ObjectStoreExt as _, PutMode, RetryConfig};

use super::{Created, LARGEST_OBJECT, Store, StoreError, TooLarge};

/// How long a store may be away until whoever asked is told: longer than a server takes to start again, and far less than
/// the three minutes and ten times of the library, because nothing opens before it is recorded.
const AWAY: Duration = Duration::from_secs(10);

/// A log in an object store that creates objects only where there are none, such as S3.
#[derive(Clone, Debug)]
pub struct Objects {
    inner: Arc<dyn ObjectStore>,
    place: String,
}

impl Objects {
    /// The bucket and prefix of `url`, such as `s3://bucket/prefix`. Region, endpoint and credentials come from the
    /// environment, by the names of the AWS tools (`AWS_REGION`, `AWS_ENDPOINT_URL`, `AWS_ACCESS_KEY_ID` …).
    pub fn s3(url: &str) -> Result<Self, StoreError> {
        let retry = RetryConfig { retry_timeout: AWAY, ..RetryConfig::default() };
        let builder = AmazonS3Builder::from_env().with_url(url).with_retry(retry);
        Self::with_builder(url, builder)
    }

    /// The same, at this endpoint and in this region where they are given.
    pub fn s3_at(url: &str, endpoint: Option<&str>, region: Option<&str>) -> Result<Self, StoreError> {
        let mut builder = AmazonS3Builder::from_env().with_url(url);
        if let Some(endpoint) = endpoint {
            builder = builder.with_endpoint(endpoint).with_allow_http(endpoint.starts_with("http://"));
        }
        if let Some(region) = region {
            builder = builder.with_region(region);
        }
        Self::with_builder(url, builder)
    }

    /// The same, with settings of its own.
    pub fn with_builder(url: &str, builder: AmazonS3Builder) -> Result<Self, StoreError> {
        let store = builder
            .with_conditional_put(S3ConditionalPut::ETagMatch)
            .build()
            .map_err(|error| StoreError::new("use", url, error))?;
        let prefix =
            url.strip_prefix("s3://").and_then(|rest| rest.split_once('/')).map_or("", |(_, prefix)| prefix);
        let inner: Arc<dyn ObjectStore> =
            if prefix.is_empty() { Arc::new(store) } else { Arc::new(PrefixStore::new(store, prefix)) };
        Ok(Self { inner, place: url.to_owned() })
    }

    /// Any object store.
    pub fn new(place: &str, inner: Arc<dyn ObjectStore>) -> Self {
        Self { inner, place: place.to_owned() }
    }
}

#[async_trait]
impl Store for Objects {
    fn place(&self) -> String {
        self.place.clone()
    }

    async fn create(&self, path: &str, bytes: Bytes) -> Result<Created, StoreError> {
        match self.inner.put_opts(&Path::from(path), bytes.into(), PutMode::Create.into()).await {
            Ok(_) => Ok(Created::Now),
            Err(object_store::Error::AlreadyExists { .. } | object_store::Error::Precondition { .. }) => {
                Ok(Created::Before)
            }
            Err(error) => Err(StoreError::new("create", path, error)),
        }
    }

    async fn put(&self, path: &str, bytes: Bytes) -> Result<(), StoreError> {
        let put = self.inner.put(&Path::from(path), bytes.into()).await;
        put.map(drop).map_err(|error| StoreError::new("write", path, error))
    }

    async fn get(&self, path: &str) -> Result<Option<Bytes>, StoreError> {
        let failed = |error| StoreError::new("read", path, error);
        match self.inner.get(&Path::from(path)).await {
            Ok(found) if found.meta.size > LARGEST_OBJECT => Err(StoreError::new("read", path, TooLarge)),
            Ok(found) => found.bytes().await.map(Some).map_err(failed),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(failed(error)),
        }
    }

    async fn list(&self, below: &str) -> Result<Vec<String>, StoreError> {
        let prefix = (!below.is_empty()).then(|| Path::from(below));
        let found = self.inner.list(prefix.as_ref()).map_ok(|meta| meta.location.to_string());
        found.try_collect().await.map_err(|error| StoreError::new("list", below, error))
    }

    async fn names(&self, within: &str) -> Result<Vec<String>, StoreError> {
        let prefix = (!within.is_empty()).then(|| Path::from(within));
        let found = self.inner.list_with_delimiter(prefix.as_ref()).await;
        let found = found.map_err(|error| StoreError::new("list", within, error))?;
        let paths = found.common_prefixes.iter().chain(found.objects.iter().map(|object| &object.location));
        Ok(paths.filter_map(|path| path.filename().map(str::to_owned)).collect())
    }

    async fn delete(&self, paths: &[String]) -> Result<(), StoreError> {
        stream::iter(paths)
            .map(Ok)
            .try_for_each_concurrent(8, async |path| {
                match self.inner.delete(&Path::from(path.as_str())).await {
                    Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
                    Err(error) => Err(StoreError::new("delete", path, error)),
                }
            })
            .await
    }

    /// An object that can be read is durable.
    async fn persist(&self, _: &str) -> Result<(), StoreError> {
        Ok(())
    }
}
