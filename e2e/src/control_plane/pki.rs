//! The certificates and keys of one control plane, made for it and thrown away with it.

use std::fs;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose,
};

use super::users::Identity;

/// The names under which clients and pods know the API server. The last is the first address of the service
/// range.
const API_SERVER_NAMES: [&str; 6] =
    ["localhost", "127.0.0.1", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "10.96.0.1"];

/// The name of what signs.
const CA: &str = "bund-e2e";

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
        let ca = Authority::new(CA)?;
        let serving =
            ca.sign(named("kube-apiserver"), &API_SERVER_NAMES, ExtendedKeyUsagePurpose::ServerAuth)?;
        let front_proxy_ca = Authority::new("bund-e2e-front-proxy")?;
        let front_proxy =
            front_proxy_ca.sign(named("front-proxy-client"), &[], ExtendedKeyUsagePurpose::ClientAuth)?;
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

    /// A certificate by which the API server knows somebody, and its key.
    pub(super) fn client(&self, user: &Identity) -> anyhow::Result<Signed> {
        let mut name = DistinguishedName::new();
        name.push(DnType::CommonName, user.name);
        if let Some(uid) = user.uid {
            name.push(DnType::CustomDnType(USER_UID.to_vec()), uid);
        }
        // A name holds each attribute once, so whoever is in several groups needs another way.
        if let Some(group) = user.group {
            name.push(DnType::OrganizationName, group);
        }
        let ca = Authority::with_key(CA, KeyPair::from_pem(&fs::read_to_string(&self.ca_key)?)?)?;
        ca.sign(name, &[], ExtendedKeyUsagePurpose::ClientAuth)
    }
}

/// The attribute of a subject that holds the uid of a user.
const USER_UID: [u64; 8] = [1, 3, 6, 1, 4, 1, 57683, 2];

struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: String,
}

/// What an authority signed.
pub(super) struct Signed {
    pub(super) certificate: String,
    pub(super) key: String,
}

fn named(name: &str) -> DistinguishedName {
    let mut names = DistinguishedName::new();
    names.push(DnType::CommonName, name);
    names
}

impl Authority {
    fn new(name: &str) -> anyhow::Result<Self> {
        Self::with_key(name, KeyPair::generate()?)
    }

    /// The authority of this key: another certificate of the same name, so what it signs is trusted alike.
    fn with_key(name: &str, key: KeyPair) -> anyhow::Result<Self> {
        let mut params = CertificateParams::default();
        params.distinguished_name = named(name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages =
            vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
        let certificate = params.self_signed(&key)?.pem();
        Ok(Self { issuer: Issuer::new(params, key), certificate })
    }

    fn sign(
        &self,
        name: DistinguishedName,
        alternatives: &[&str],
        usage: ExtendedKeyUsagePurpose,
    ) -> anyhow::Result<Signed> {
        let mut params =
            CertificateParams::new(alternatives.iter().map(ToString::to_string).collect::<Vec<_>>())?;
        params.distinguished_name = name;
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
