//! The certificates and keys of one control plane, made for it and thrown away with it.

use std::fs;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};

/// The names under which clients and pods know the API server. The last is the first address of the service
/// range.
const API_SERVER_NAMES: [&str; 6] =
    ["localhost", "127.0.0.1", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "10.96.0.1"];

/// Where the PEM files are. The `*_key` files are readable by their owner only.
#[derive(Debug)]
pub(super) struct Pki {
    /// Signs the serving certificate and client certificates.
    pub(super) ca: PathBuf,
    pub(super) ca_key: PathBuf,
    pub(super) serving: PathBuf,
    pub(super) serving_key: PathBuf,
    /// Signs only what the API server shows to aggregated API servers, so a client certificate is no front
    /// proxy.
    pub(super) front_proxy_ca: PathBuf,
    pub(super) front_proxy: PathBuf,
    pub(super) front_proxy_key: PathBuf,
    pub(super) service_account: PathBuf,
    pub(super) service_account_key: PathBuf,
}

impl Pki {
    /// Makes everything and writes it below `directory`.
    pub(super) fn write(directory: &Path) -> anyhow::Result<Self> {
        fs::create_dir_all(directory)?;
        let ca = Authority::new("bund-e2e")?;
        let serving = ca.sign("kube-apiserver", &API_SERVER_NAMES, ExtendedKeyUsagePurpose::ServerAuth)?;
        let front_proxy_ca = Authority::new("bund-e2e-front-proxy")?;
        let front_proxy =
            front_proxy_ca.sign("front-proxy-client", &[], ExtendedKeyUsagePurpose::ClientAuth)?;
        let service_account = KeyPair::generate()?;

        let public = |name: &str, pem: &str| write(directory.join(name), pem, 0o644);
        let secret = |name: &str, pem: &str| write(directory.join(name), pem, 0o600);
        Ok(Self {
            ca: public("ca.crt", &ca.certificate)?,
            ca_key: secret("ca.key", &ca.issuer.key().serialize_pem())?,
            serving: public("apiserver.crt", &serving.certificate)?,
            serving_key: secret("apiserver.key", &serving.key)?,
            front_proxy_ca: public("front-proxy-ca.crt", &front_proxy_ca.certificate)?,
            front_proxy: public("front-proxy-client.crt", &front_proxy.certificate)?,
            front_proxy_key: secret("front-proxy-client.key", &front_proxy.key)?,
            service_account: public("service-account.pub", &service_account.public_key_pem())?,
            service_account_key: secret("service-account.key", &service_account.serialize_pem())?,
        })
    }
}

struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: String,
}

struct Signed {
    certificate: String,
    key: String,
}

impl Authority {
    fn new(name: &str) -> anyhow::Result<Self> {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages =
            vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
        let key = KeyPair::generate()?;
        let certificate = params.self_signed(&key)?.pem();
        Ok(Self { issuer: Issuer::new(params, key), certificate })
    }

    fn sign(
        &self,
        name: &str,
        alternatives: &[&str],
        usage: ExtendedKeyUsagePurpose,
    ) -> anyhow::Result<Signed> {
        let mut params =
            CertificateParams::new(alternatives.iter().map(ToString::to_string).collect::<Vec<_>>())?;
        params.distinguished_name.push(DnType::CommonName, name);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![usage];
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?.pem();
        Ok(Signed { certificate, key: key.serialize_pem() })
    }
}

/// Writes a file that has its final mode from the start.
pub(super) fn write(path: PathBuf, content: &str, mode: u32) -> anyhow::Result<PathBuf> {
    use std::io::Write as _;
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(&path)
        .with_context(|| format!("cannot create {}", path.display()))?;
    file.write_all(content.as_bytes())?;
    Ok(path)
}
