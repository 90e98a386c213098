//! What parameters say about encryption at rest.
//!
//! A driver is in the table when its documentation says both how it is asked and that it encrypts with AES-256. The
//! parameters of a class say how its volumes will be made; the attributes of a volume repeat them for some drivers only.

use alloc::vec::Vec;

use self::Text::{AnyCase, Exact};
use super::AtRest;

/// What parameters say about encryption at rest.
pub(crate) fn at_rest<'p>(driver: &str, parameters: impl Iterator<Item = (&'p str, &'p str)>) -> AtRest {
    let said = Said(parameters.collect());
    let known = DRIVERS.iter().find(|(names, _)| names.iter().any(|name| is_driver(driver, name)));
    known.map_or(AtRest::NotSaid, |(_, way)| way.judge(&said))
}

/// Whether `driver` is the one of that name. Ceph's operators put the namespace before it: `rook-ceph.rbd.csi.ceph.com`.
pub(super) fn is_driver(driver: &str, name: &str) -> bool {
    driver.strip_suffix(name).is_some_and(|before| before.is_empty() || before.ends_with('.'))
}

/// How a driver is asked to encrypt.
enum Way {
    /// It need not be asked.
    Always,
    /// By a parameter with one of these values.
    Switch { key: Text, on: &'static [Text] },
    /// By a parameter that names the key. Where it is absent something else may ask, or nothing can.
    KeyNamed { key: Text, absent: AtRest },
    /// By a switch; the cipher is chosen elsewhere and may be a weaker one.
    CipherElsewhere { key: Text },
    /// By a switch, or by an annotation of the claim.
    SwitchOrClaim { key: Text, on: &'static [Text] },
    /// As Ceph's block driver: by a switch, with cipher and key size beside it.
    CephBlock,
    /// As Alibaba's file driver: only a file system that it makes, and only of the extreme type.
    AlibabaFile,
}

/// A text as a driver reads it.
#[derive(Clone, Copy)]
pub(super) enum Text {
    /// Only as it is written here.
    Exact(&'static str),
    /// In any case.
    AnyCase(&'static str),
}

const DRIVERS: [(&[&str], Way); 13] = [
    (&["disk.csi.azure.com", "kubernetes.io/azure-disk"], Way::Always),
    (&["file.csi.azure.com", "kubernetes.io/azure-file", "blob.csi.azure.com"], Way::Always),
    (&["pd.csi.storage.gke.io", "kubernetes.io/gce-pd"], Way::Always),
    (
        &["ebs.csi.aws.com", "ebs.csi.eks.amazonaws.com", "kubernetes.io/aws-ebs"],
        Way::Switch { key: AnyCase("encrypted"), on: &[Exact("true")] },
    ),
    (
        &["diskplugin.csi.alibabacloud.com"],
        Way::Switch { key: Exact("encrypted"), on: &[AnyCase("true"), AnyCase("yes"), Exact("1")] },
    ),
    (
        &["ossplugin.csi.alibabacloud.com"],
        Way::Switch { key: AnyCase("encrypted"), on: &[AnyCase("aes256"), AnyCase("kms")] },
    ),
    (&["nasplugin.csi.alibabacloud.com"], Way::AlibabaFile),
    (&["com.tencent.cloud.csi.cbs"], Way::Switch { key: Exact("encrypt"), on: &[Exact("ENCRYPT")] }),
    (&["evs.csi.huaweicloud.com"], Way::KeyNamed { key: Exact("kmsId"), absent: AtRest::Off }),
    (
        &["disk.csi.everest.io"],
        Way::KeyNamed { key: Exact("everest.io/crypt-key-id"), absent: AtRest::NotSaid },
    ),
    (&["rbd.csi.ceph.com"], Way::CephBlock),
    (&["cephfs.csi.ceph.com", "driver.longhorn.io"], Way::CipherElsewhere { key: Exact("encrypted") }),
    (
        &["pxd.portworx.com", "kubernetes.io/portworx-volume"],
        Way::SwitchOrClaim { key: Exact("secure"), on: &[Exact("true")] },
    ),
];

impl Way {
    fn judge(&self, said: &Said<'_>) -> AtRest {
        match self {
            Self::Switch { key, on } => said.switched(*key, on),
            Self::SwitchOrClaim { key, on } if said.has(*key) => said.switched(*key, on),
            Self::SwitchOrClaim { .. } => AtRest::NotSaid,
            Self::KeyNamed { key, absent } if !said.has(*key) => *absent,
            Self::KeyNamed { key, .. } if said.values(*key).any(|value| value.trim().is_empty()) => {
                AtRest::Off
            }
            Self::Always | Self::KeyNamed { .. } => AtRest::Aes256,
            Self::CipherElsewhere { key } if said.is_one_of(*key, &[Exact("true")]) => AtRest::NotSaid,
            Self::CipherElsewhere { .. } => AtRest::Off,
            Self::CephBlock => ceph_block(said),
            Self::AlibabaFile => alibaba_file(said),
        }
    }
}

/// XTS splits its key in two, so that 256 bits are AES-128.
fn ceph_block(said: &Said<'_>) -> AtRest {
    if !said.is_one_of(Exact("encrypted"), &[Exact("true")]) {
        return AtRest::Off;
    }
    let unless = |key, values: &[Text]| !said.has(key) || said.is_one_of(key, values);
    let aes256 = unless(Exact("encryptionType"), &[Exact("block")])
        && unless(Exact("encryptionCipher"), &[Exact("aes-xts-plain64"), Exact("aes-xts-random")])
        && unless(Exact("encryptionKeySize"), &[Exact("512")]);
    if aes256 { AtRest::Aes256 } else { AtRest::NotSaid }
}

/// In other modes the file system exists already. Which cipher encrypts an extreme one, the documentation does not say.
fn alibaba_file(said: &Said<'_>) -> AtRest {
    let made = said.is_one_of(Exact("volumeAs"), &[Exact("filesystem")]);
    let asked = said.is_one_of(Exact("fileSystemType"), &[Exact("extreme")])
        && said.is_one_of(Exact("encryptType"), &[Exact("1")]);
    if made && !asked { AtRest::Off } else { AtRest::NotSaid }
}

/// Parameters as they were said.
struct Said<'p>(Vec<(&'p str, &'p str)>);

impl Said<'_> {
    fn switched(&self, key: Text, on: &[Text]) -> AtRest {
        if self.is_one_of(key, on) { AtRest::Aes256 } else { AtRest::Off }
    }

    /// Whether the key is there and every value is one of `values`: of keys that differ in case only, nobody knows
    /// which one the driver reads.
    fn is_one_of(&self, key: Text, values: &[Text]) -> bool {
        self.has(key) && self.values(key).all(|said| values.iter().any(|value| value.is(said)))
    }

    fn has(&self, key: Text) -> bool {
        self.values(key).next().is_some()
    }

    fn values(&self, key: Text) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(said, _)| key.is(said)).map(|(_, value)| *value)
    }
}

impl Text {
    pub(super) fn is(self, said: &str) -> bool {
        match self {
            Self::Exact(own) => own == said,
            Self::AnyCase(own) => own.eq_ignore_ascii_case(said),
        }
    }
}
