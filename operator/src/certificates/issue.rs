//! Making certificates. (pure but for the random numbers in keys)

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};

use super::{Authority, Leaf, Material, Step};

/// How long an authority is good.
const AUTHORITY_LIFE: SignedDuration = SignedDuration::from_hours(5 * 365 * 24);
/// How long a leaf is good.
const LEAF_LIFE: SignedDuration = SignedDuration::from_hours(90 * 24);
/// How long a leaf may live after the next one was signed: a third of its life, and a day for clocks.
const OLD_LEAF_LEFT: SignedDuration = SignedDuration::from_hours(31 * 24);
/// Names of one leaf at most.
const NAMES: usize = 16;
/// Clocks of other machines may be behind ours.
const SKEW: SignedDuration = SignedDuration::from_mins(5);

/// Why a certificate could not be made.
#[derive(Debug, thiserror::Error)]
#[error("cannot make a certificate")]
pub struct Error(#[source] rcgen::Error);

/// Does `step` at `now`: the material as it becomes.
///
/// A step that needs what is not there makes everything anew.
pub fn issue(
    step: Step,
    material: Option<&Material>,
    names: &[String],
    now: Timestamp,
) -> Result<Material, Error> {
    match (step, material) {
        (Step::Keep, Some(material)) => Ok(material.clone()),
        (Step::NextAuthority, Some(material)) => {
            Ok(Material { next: Some(authority(now)?), ..material.clone() })
        }
        (Step::Leaf, Some(Material { current, next, previous, leaf: old })) => Ok(Material {
            current: current.clone(),
            next: next.clone(),
            previous: previous.clone().filter(|_| now.duration_since(old.not_before) < OLD_LEAF_LEFT),
            leaf: leaf(current, &united(names, old), now)?,
        }),
        (Step::LeafBySuccessor, Some(Material { current, next: Some(next), leaf: old, .. })) => {
            Ok(Material {
                current: next.clone(),
                next: None,
                previous: Some(current.certificate.clone()),
                leaf: leaf(next, &united(names, old), now)?,
            })
        }
        (Step::Everything, _) | (_, None) | (Step::LeafBySuccessor, Some(_)) => everything(names, now),
    }
}

/// The names that are asked for now and those of the leaf before: replicas that want different names must not
/// take turns in replacing each other's leaf.
fn united(names: &[String], old: &Leaf) -> Vec<String> {
    let others = old.names.iter().filter(|name| !names.contains(name));
    names.iter().chain(others).take(NAMES).cloned().collect()
}

fn everything(names: &[String], now: Timestamp) -> Result<Material, Error> {
    let current = authority(now)?;
    let leaf = leaf(&current, names, now)?;
    Ok(Material { current, next: None, previous: None, leaf })
}

fn authority(now: Timestamp) -> Result<Authority, Error> {
    let key = KeyPair::generate().map_err(Error)?;
    let mut parameters = CertificateParams::new(Vec::new()).map_err(Error)?;
    parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    // Told apart by its time, because verifiers find an issuer by its name.
    parameters.distinguished_name.push(DnType::CommonName, format!("bund webhook authority {now}"));
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let (not_before, not_after) = valid(&mut parameters, now, AUTHORITY_LIFE);
    let certificate = parameters.self_signed(&key).map_err(Error)?;
    Ok(Authority { certificate: certificate.pem(), key: key.serialize_pem(), not_before, not_after })
}

fn leaf(authority: &Authority, names: &[String], now: Timestamp) -> Result<Leaf, Error> {
    let signer = KeyPair::from_pem(&authority.key).map_err(Error)?;
    let issuer = Issuer::from_ca_cert_pem(&authority.certificate, signer).map_err(Error)?;
    let key = KeyPair::generate().map_err(Error)?;
    let mut parameters = CertificateParams::new(names).map_err(Error)?;
    parameters.distinguished_name.push(DnType::CommonName, "bund webhook");
    parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    parameters.use_authority_key_identifier_extension = true;
    let (not_before, not_after) = valid(&mut parameters, now, LEAF_LIFE);
    let certificate = parameters.signed_by(&key, &issuer).map_err(Error)?;
    let mut names = names.to_vec();
    names.sort();
    Ok(Leaf { certificate: certificate.pem(), key: key.serialize_pem(), not_before, not_after, names })
}

/// Makes a certificate good from shortly before `now` on, in whole seconds.
fn valid(parameters: &mut CertificateParams, now: Timestamp, life: SignedDuration) -> (Timestamp, Timestamp) {
    let not_before = (now - SKEW).as_second();
    let not_after = (now + life).as_second();
    let time = |seconds: i64| {
        date_time_ymd(1970, 1, 1) + Duration::from_secs(u64::try_from(seconds).unwrap_or_default())
    };
    parameters.not_before = time(not_before);
    parameters.not_after = time(not_after);
    let stamp = |seconds| Timestamp::from_second(seconds).unwrap_or(now);
    (stamp(not_before), stamp(not_after))
}
