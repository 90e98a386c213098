//! What the Secret holds. (pure)

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use k8s_openapi::ByteString;
use x509_parser::extensions::GeneralName;
use x509_parser::pem::parse_x509_pem;

/// A certificate that signs, with its key.
#[derive(Clone, PartialEq, Eq)]
pub struct Authority {
    /// PEM.
    pub certificate: String,
    /// PEM.
    pub key: String,
    /// From when on it is good.
    pub not_before: Timestamp,
    /// Until when it is good.
    pub not_after: Timestamp,
}

/// The certificate that is served, with its key.
#[derive(Clone, PartialEq, Eq)]
pub struct Leaf {
    /// PEM.
    pub certificate: String,
    /// PEM.
    pub key: String,
    /// From when on it is good.
    pub not_before: Timestamp,
    /// Until when it is good.
    pub not_after: Timestamp,
    /// The host names and addresses that it is good for, in order.
    pub names: Vec<String>,
}

/// Everything that the Secret holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Material {
    /// Signed the leaf.
    pub current: Authority,
    /// Will sign the leaf after this one. In the bundle already.
    pub next: Option<Authority>,
    /// Signed the leaf before this one: its certificate alone, in PEM.
    pub previous: Option<String>,
    /// What is served.
    pub leaf: Leaf,
}

/// What a server needs of the Secret, and what its clients must trust: no authority's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Serving {
    /// What is served.
    pub leaf: Leaf,
    /// Every authority whose leaf an API server may meet, in PEM.
    pub bundle: String,
}

impl Serving {
    /// Reads the data of a Secret, whoever wrote it.
    pub fn read(data: &Data) -> Result<Self, Unusable> {
        let mut certificates = vec![text(data, CA)?];
        for key in [NEXT, PREVIOUS] {
            if data.contains_key(key) {
                certificates.push(text(data, key)?);
            }
        }
        facts(&text(data, CA)?, CA)?;
        Ok(Self { leaf: leaf(data)?, bundle: bundle(certificates.iter().map(String::as_str)) })
    }
}

impl From<&Material> for Serving {
    fn from(material: &Material) -> Self {
        Self { leaf: material.leaf.clone(), bundle: material.bundle() }
    }
}

fn bundle<'t>(certificates: impl Iterator<Item = &'t str>) -> String {
    certificates.flat_map(|pem| [pem.trim(), "\n"]).collect()
}

/// Why a Secret is no material.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// A key of the Secret is missing or no text.
    #[error("key `{0}` is missing or is not PEM")]
    Key(&'static str),
    /// A certificate cannot be read.
    #[error("the certificate in `{key}` cannot be read: {why}")]
    Certificate {
        /// The key of the Secret.
        key: &'static str,
        /// Why.
        why: String,
    },
}

const CA: &str = "ca.crt";
const CA_KEY: &str = "ca.key";
const NEXT: &str = "next-ca.crt";
const NEXT_KEY: &str = "next-ca.key";
const PREVIOUS: &str = "previous-ca.crt";
const LEAF: &str = "tls.crt";
const LEAF_KEY: &str = "tls.key";

/// The data of a Secret.
type Data = BTreeMap<String, ByteString>;

impl Material {
    /// Reads the data of the Secret.
    pub fn read(data: &Data) -> Result<Self, Unusable> {
        let next = if data.contains_key(NEXT) { Some(authority(data, NEXT, NEXT_KEY)?) } else { None };
        Ok(Self {
            current: authority(data, CA, CA_KEY)?,
            next,
            previous: data.contains_key(PREVIOUS).then(|| text(data, PREVIOUS)).transpose()?,
            leaf: leaf(data)?,
        })
    }

    /// The data of the Secret.
    pub fn data(&self) -> Data {
        let Self { current, next, previous, leaf } = self;
        let mut texts = vec![
            (CA, &current.certificate),
            (CA_KEY, &current.key),
            (LEAF, &leaf.certificate),
            (LEAF_KEY, &leaf.key),
        ];
        if let Some(next) = next {
            texts.extend([(NEXT, &next.certificate), (NEXT_KEY, &next.key)]);
        }
        if let Some(previous) = previous {
            texts.push((PREVIOUS, previous));
        }
        texts.into_iter().map(|(key, text)| (key.to_owned(), ByteString(text.clone().into_bytes()))).collect()
    }

    /// Every authority whose leaf an API server may meet, in PEM.
    pub fn bundle(&self) -> String {
        let next = self.next.as_ref().map(|next| next.certificate.as_str());
        let all = [Some(self.current.certificate.as_str()), next, self.previous.as_deref()];
        bundle(all.into_iter().flatten())
    }
}

fn text(data: &Data, key: &'static str) -> Result<String, Unusable> {
    let bytes = data.get(key).ok_or(Unusable::Key(key))?;
    String::from_utf8(bytes.0.clone()).map_err(|_| Unusable::Key(key))
}

fn authority(data: &Data, certificate: &'static str, key: &'static str) -> Result<Authority, Unusable> {
    let facts = facts(&text(data, certificate)?, certificate)?;
    Ok(Authority {
        certificate: text(data, certificate)?,
        key: text(data, key)?,
        not_before: facts.not_before,
        not_after: facts.not_after,
    })
}

fn leaf(data: &Data) -> Result<Leaf, Unusable> {
    let Facts { not_before, not_after, names } = facts(&text(data, LEAF)?, LEAF)?;
    Ok(Leaf { certificate: text(data, LEAF)?, key: text(data, LEAF_KEY)?, not_before, not_after, names })
}

struct Facts {
    not_before: Timestamp,
    not_after: Timestamp,
    names: Vec<String>,
}

fn facts(pem: &str, key: &'static str) -> Result<Facts, Unusable> {
    let unusable = |error: &dyn fmt::Display| Unusable::Certificate { key, why: error.to_string() };
    let (_, pem) = parse_x509_pem(pem.as_bytes()).map_err(|error| unusable(&error))?;
    let certificate = pem.parse_x509().map_err(|error| unusable(&error))?;
    let time = |seconds| Timestamp::from_second(seconds).map_err(|error| unusable(&error));
    let alternative = certificate.subject_alternative_name().map_err(|error| unusable(&error))?;
    let listed = alternative.iter().flat_map(|extension| &extension.value.general_names);
    let mut names: Vec<_> = listed.filter_map(name).collect();
    names.sort();
    Ok(Facts {
        not_before: time(certificate.validity().not_before.timestamp())?,
        not_after: time(certificate.validity().not_after.timestamp())?,
        names,
    })
}

fn name(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => match <[u8; 4]>::try_from(*bytes) {
            Ok(four) => Some(std::net::Ipv4Addr::from(four).to_string()),
            Err(_) => {
                <[u8; 16]>::try_from(*bytes).ok().map(|bytes| std::net::Ipv6Addr::from(bytes).to_string())
            }
        },
        _ => None,
    }
}

impl fmt::Debug for Authority {
    /// Without the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Authority({} to {})", self.not_before, self.not_after)
    }
}

impl fmt::Debug for Leaf {
    /// Without the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Leaf({} to {}, {})", self.not_before, self.not_after, self.names.join(" "))
    }
}
