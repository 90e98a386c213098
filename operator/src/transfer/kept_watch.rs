//! Renewing the Lease by which the leader keeps watch over transfers. (client; what is written is pure)

use bund_engine::Timestamp;
use jiff::SignedDuration;
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use kube::api::{ObjectMeta, PostParams};
use kube::{Api, Client};

use crate::index::{KeptWatch, WATCH_LASTS, WATCH_LEASE};

/// How often it is renewed.
pub(super) const PERIOD: SignedDuration = SignedDuration::from_mins(1);

/// When the Lease is to be renewed next; `takes_over` where we have not renewed it yet.
pub(super) fn next(known: KeptWatch, takes_over: bool, now: Timestamp) -> Option<Timestamp> {
    match known {
        KeptWatch::Unseen => None,
        KeptWatch::Never => Some(now),
        // Not before the moment that it says: it never goes back.
        KeptWatch::Renewed(at) if takes_over => Some(at.max(now)),
        KeptWatch::Renewed(at) => at.checked_add(PERIOD).ok(),
    }
}

/// Whether nobody kept watch for so long that everything must be closed first.
pub(super) fn has_lapsed(known: KeptWatch, now: Timestamp) -> bool {
    match known {
        KeptWatch::Unseen | KeptWatch::Never => true,
        KeptWatch::Renewed(at) => now.duration_since(at) >= WATCH_LASTS,
    }
}

/// Renews the Lease in `namespace` as of `at`, if it is stored as it is `known`; whether it is renewed. What is stored may be
/// otherwise because another leader was faster, or because the store was set back: then what is judged is looked at first.
pub(super) async fn renew(
    client: &Client,
    namespace: &str,
    identity: &str,
    known: KeptWatch,
    at: Timestamp,
) -> Result<bool, kube::Error> {
    let leases: Api<Lease> = Api::namespaced(client.clone(), namespace);
    let stored = leases.get_opt(WATCH_LEASE).await?;
    let is_known = |lease: &Lease| KeptWatch::read(lease, Timestamp::now()) == known;
    let parameters = PostParams::default();
    let written = match stored {
        None if known == KeptWatch::Never => {
            let metadata = ObjectMeta { name: Some(WATCH_LEASE.to_owned()), ..ObjectMeta::default() };
            let lease = Lease { metadata, spec: Some(spec(None, identity, at)) };
            leases.create(&parameters, &lease).await
        }
        Some(lease) if is_known(&lease) => {
            let spec = spec(lease.spec.as_ref(), identity, at);
            leases.replace(WATCH_LEASE, &parameters, &Lease { spec: Some(spec), ..lease }).await
        }
        _ => return Ok(false),
    };
    match written {
        Ok(_) => Ok(true),
        Err(kube::Error::Api(status)) if status.code == 409 => Ok(false),
        Err(error) => Err(error),
    }
}

fn spec(before: Option<&LeaseSpec>, identity: &str, at: Timestamp) -> LeaseSpec {
    let ours = before.filter(|spec| spec.holder_identity.as_deref() == Some(identity));
    let transitions = before.and_then(|spec| spec.lease_transitions).unwrap_or_default();
    LeaseSpec {
        holder_identity: Some(identity.to_owned()),
        lease_duration_seconds: i32::try_from(WATCH_LASTS.as_secs()).ok(),
        acquire_time: ours.and_then(|spec| spec.acquire_time.clone()).or(Some(MicroTime(at))),
        renew_time: Some(MicroTime(at)),
        lease_transitions: Some(transitions.saturating_add(i32::from(ours.is_none()))),
        ..LeaseSpec::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn it_is_renewed_every_minute_and_at_once_by_who_takes_over() {
        assert_eq!(next(KeptWatch::Unseen, true, at(0)), None);
        assert_eq!(next(KeptWatch::Never, false, at(0)), Some(at(0)));
        assert_eq!(next(KeptWatch::Renewed(at(0)), false, at(5)), Some(at(60)));
        assert_eq!(next(KeptWatch::Renewed(at(0)), true, at(5)), Some(at(5)));
        assert_eq!(next(KeptWatch::Renewed(at(7)), true, at(5)), Some(at(7)), "it never goes back");
    }

    #[test]
    fn it_lapses_after_an_hour() {
        assert!(has_lapsed(KeptWatch::Never, at(0)));
        assert!(!has_lapsed(KeptWatch::Renewed(at(0)), at(3599)));
        assert!(has_lapsed(KeptWatch::Renewed(at(0)), at(3600)));
    }

    #[test]
    fn a_renewal_names_who_and_when_and_counts_who_came_before() {
        let first = spec(None, "a", at(0));
        let again = spec(Some(&first), "a", at(60));
        assert_eq!(again, LeaseSpec { renew_time: Some(MicroTime(at(60))), ..first.clone() });
        let other = spec(Some(&again), "b", at(120));
        let expected = LeaseSpec {
            holder_identity: Some("b".to_owned()),
            acquire_time: Some(MicroTime(at(120))),
            renew_time: Some(MicroTime(at(120))),
            lease_transitions: Some(2),
            ..first
        };
        assert_eq!(other, expected);
    }
}
