//! The certificate of the next handshake.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::Leaf;

/// Serves the latest leaf. A connection that exists keeps the one that it began with.
#[derive(Debug, Default)]
pub struct Resolver {
    leaf: ArcSwapOption<CertifiedKey>,
}

/// Why a leaf cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Its PEM cannot be read.
    #[error("the serving certificate or its key is not PEM")]
    Pem(#[source] pem::Error),
    /// The key is of no use, or is not the certificate's.
    #[error("the key cannot be used with the serving certificate")]
    Key(#[source] rustls::Error),
}

impl Resolver {
    /// Serves `leaf` from the next handshake on. If it cannot be served, what is served stays.
    pub fn serve(&self, leaf: &Leaf) -> Result<(), Error> {
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(leaf.certificate.as_bytes()).collect();
        let key = PrivateKeyDer::from_pem_slice(leaf.key.as_bytes()).map_err(Error::Pem)?;
        let certified = CertifiedKey::from_der(chain.map_err(Error::Pem)?, key, &ring::default_provider());
        self.leaf.store(Some(Arc::new(certified.map_err(Error::Key)?)));
        Ok(())
    }
}

impl ResolvesServerCert for Resolver {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.leaf.load_full()
    }
}
