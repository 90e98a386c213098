//! Whose the lease is. (pure)

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::LeaseSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use tokio::time::Instant;

/// What to do about the lease.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Move {
    /// It is somebody else's.
    Wait,
    /// Write this: then it is ours.
    Write(Box<LeaseSpec>),
}

/// Since when the lease has looked as it looks. Times in the lease are other clocks' and are not trusted.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sighting {
    pub(super) since: Instant,
    spec: Option<LeaseSpec>,
}

impl Sighting {
    pub(super) fn of(before: Option<Self>, spec: Option<&LeaseSpec>, now: Instant) -> Self {
        match before {
            Some(before) if before.spec.as_ref() == spec => before,
            Some(_) | None => Self { since: now, spec: spec.cloned() },
        }
    }
}

/// What `identity` does about a lease that has not changed for `unchanged`.
pub(super) fn next(
    spec: Option<&LeaseSpec>,
    identity: &str,
    unchanged: Duration,
    duration: Duration,
    now: Timestamp,
) -> Move {
    let holder = spec.and_then(|spec| spec.holder_identity.as_deref()).filter(|holder| !holder.is_empty());
    let ours = holder == Some(identity);
    let seconds = spec.and_then(|spec| spec.lease_duration_seconds).and_then(|s| u64::try_from(s).ok());
    let run_out = unchanged > seconds.map_or(duration, Duration::from_secs);
    if !ours && holder.is_some() && !run_out {
        return Move::Wait;
    }
    let transitions = spec.and_then(|spec| spec.lease_transitions).unwrap_or_default();
    let acquired = spec.filter(|_| ours).and_then(|spec| spec.acquire_time.clone());
    Move::Write(Box::new(LeaseSpec {
        holder_identity: Some(identity.to_owned()),
        lease_duration_seconds: i32::try_from(duration.as_secs()).ok(),
        acquire_time: acquired.or(Some(MicroTime(now))),
        renew_time: Some(MicroTime(now)),
        lease_transitions: Some(transitions.saturating_add(i32::from(!ours))),
        ..LeaseSpec::default()
    }))
}

/// The lease without its holder, if that is `identity`.
pub(super) fn released(spec: Option<&LeaseSpec>, identity: &str) -> Option<LeaseSpec> {
    let spec = spec.filter(|spec| spec.holder_identity.as_deref() == Some(identity))?;
    Some(LeaseSpec { holder_identity: None, lease_duration_seconds: Some(1), ..spec.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;

    const DURATION: Duration = Duration::from_secs(15);

    fn held_by(spec: Option<&LeaseSpec>, identity: &str, unchanged: u64) -> Option<LeaseSpec> {
        match next(spec, identity, Duration::from_secs(unchanged), DURATION, Timestamp::UNIX_EPOCH) {
            Move::Wait => None,
            Move::Write(spec) => Some(*spec),
        }
    }

    #[test]
    fn a_lease_is_taken_when_it_is_free_ours_or_has_run_out() {
        let a = held_by(None, "a", 0).unwrap();
        assert_eq!((a.holder_identity.as_deref(), a.lease_transitions), (Some("a"), Some(1)));
        assert_eq!(held_by(Some(&a), "a", 3).unwrap().lease_transitions, Some(1), "renewed");
        assert_eq!(held_by(Some(&a), "b", 15), None);
        let b = held_by(Some(&a), "b", 16).unwrap();
        assert_eq!((b.holder_identity.as_deref(), b.lease_transitions), (Some("b"), Some(2)));
        let free = released(Some(&b), "b").unwrap();
        assert_eq!(held_by(Some(&free), "a", 0).unwrap().holder_identity.as_deref(), Some("a"));
        assert_eq!(released(Some(&b), "a"), None, "nobody gives back what is not theirs");
    }

    #[test]
    fn what_counts_is_how_long_we_have_seen_no_change() {
        let start = Instant::now();
        let a = held_by(None, "a", 0);
        let first = Sighting::of(None, a.as_ref(), start);
        let later = start + Duration::from_secs(9);
        assert_eq!(Sighting::of(Some(first.clone()), a.as_ref(), later).since, start);
        assert_eq!(Sighting::of(Some(first), None, later).since, later);
    }
}
