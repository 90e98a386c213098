//! Until when a leader keeps watch over transfers: a Lease in our own namespace. (client; what it means is pure)
//!
//! The leader renews it when everything that must be closed is on record. A store that is set back brings an old Lease
//! along, and then nothing is in effect.

use std::time::Duration;

use bund_engine::Timestamp;
use bund_engine::snapshot::Watch;
use futures::{StreamExt, pin_mut};
use jiff::SignedDuration;
use k8s_openapi::api::coordination::v1::Lease;
use kube::runtime::watcher::{self, Config, Event};
use kube::{Api, Client};
use tokio::sync::{mpsc, watch};
use tokio::time::sleep;
use tracing::warn;

use super::watch::broke;
use super::{Change, patiently};

/// The name of the Lease.
pub(crate) const LEASE: &str = "bund-transfers";
/// How long it holds what a leader saw.
pub(crate) const LASTS: SignedDuration = SignedDuration::from_hours(1);
/// By how much the clock of a leader may be ahead of ours. What is further ahead nobody renewed with a clock that is right.
const AHEAD: SignedDuration = SignedDuration::from_mins(5);

/// Before the Lease is followed anew.
const PAUSE: Duration = Duration::from_millis(250);

/// What is known of the Lease.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeptWatch {
    /// Nobody has looked yet.
    #[default]
    Unseen,
    /// It is not there, or does not say when it was renewed.
    Never,
    /// It was renewed at this moment.
    Renewed(Timestamp),
}

impl KeptWatch {
    /// What a Lease says at `now`.
    pub(crate) fn read(lease: &Lease, now: Timestamp) -> Self {
        let renewed = lease.spec.as_ref().and_then(|spec| spec.renew_time.as_ref()).map(|time| time.0);
        renewed.filter(|renewed| renewed.duration_since(now) <= AHEAD).map_or(Self::Never, Self::Renewed)
    }

    /// Until when what is in effect may be.
    pub(super) fn watch(self) -> Watch {
        match self {
            Self::Unseen | Self::Never => Watch::Until(Timestamp::UNIX_EPOCH),
            Self::Renewed(at) => Watch::Until(at.checked_add(LASTS).unwrap_or(at)),
        }
    }

    /// Whether nothing can have lapsed between what was known `before` and this.
    pub(super) fn goes_on_from(self, before: Self) -> bool {
        match (before, self) {
            (Self::Renewed(old), Self::Renewed(new)) => {
                SignedDuration::ZERO <= new.duration_since(old) && new.duration_since(old) < LASTS
            }
            (before, after) => before == after,
        }
    }
}

/// Follows the Lease of `namespace` for ever, and anew when the watch broke or the store was set back. Ends when nobody takes
/// changes any more.
pub(super) async fn follow(
    client: Client,
    namespace: String,
    mut set_back: watch::Receiver<u64>,
    changes: mpsc::Sender<Change>,
) {
    let leases: Api<Lease> = Api::namespaced(client, &namespace);
    loop {
        tokio::select! {
            ended = pass_on(leases.clone(), &changes) => match ended {
                Ended::Broke => sleep(PAUSE).await,
                Ended::NobodyListens => return,
            },
            _ = set_back.changed() => {}
        }
    }
}

/// How following the Lease ended.
enum Ended {
    /// The watch broke.
    Broke,
    /// Nobody takes changes any more.
    NobodyListens,
}

/// Passes on what the Lease says.
async fn pass_on(leases: Api<Lease>, changes: &mpsc::Sender<Change>) -> Ended {
    let config = Config::default().fields(&format!("metadata.name={LEASE}"));
    let events = patiently(watcher::watcher(leases, config), |event| !matches!(event, Event::Init));
    pin_mut!(events);
    let mut listed = KeptWatch::Never;
    while let Some(event) = events.next().await {
        let now = Timestamp::now();
        let known = match event {
            Ok(Event::Init) => {
                listed = KeptWatch::Never;
                continue;
            }
            Ok(Event::InitApply(lease)) => {
                listed = KeptWatch::read(&lease, now);
                continue;
            }
            Ok(Event::InitDone) => listed,
            Ok(Event::Apply(lease)) => KeptWatch::read(&lease, now),
            Ok(Event::Delete(_)) => KeptWatch::Never,
            Err(error) => {
                warn!(
                    lease = LEASE,
                    error = crate::chain(&error),
                    "the Lease by which the leader keeps watch over transfers cannot be followed; it is tried again, and \
                     no transfer is in effect once what is known of it is too old"
                );
                if broke(&error) {
                    return Ended::Broke;
                }
                continue;
            }
        };
        if changes.send(Change::WatchKept(known)).await.is_err() {
            return Ended::NobodyListens;
        }
    }
    Ended::Broke
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::coordination::v1::LeaseSpec;
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn renewed(second: i64) -> KeptWatch {
        let spec = LeaseSpec { renew_time: Some(MicroTime(at(second))), ..LeaseSpec::default() };
        KeptWatch::read(&Lease { spec: Some(spec), ..Lease::default() }, at(0))
    }

    #[test]
    fn a_renewal_holds_for_an_hour_and_none_holds_for_nothing() {
        assert_eq!(renewed(-60).watch(), Watch::Until(at(3540)));
        assert_eq!(KeptWatch::read(&Lease::default(), at(0)).watch(), Watch::Until(Timestamp::UNIX_EPOCH));
        assert_eq!(KeptWatch::Unseen.watch(), Watch::Until(Timestamp::UNIX_EPOCH));
    }

    #[test]
    fn a_renewal_that_is_yet_to_come_is_none() {
        assert_eq!(renewed(300), KeptWatch::Renewed(at(300)), "clocks differ");
        assert_eq!(renewed(301), KeptWatch::Never);
    }

    #[test]
    fn only_a_renewal_in_time_goes_on() {
        let from = |old, new: KeptWatch| new.goes_on_from(old);
        assert!(from(renewed(0), renewed(0)) && from(renewed(-3599), renewed(0)));
        assert!(!from(renewed(-3600), renewed(0)), "it had lapsed in between");
        assert!(!from(renewed(0), renewed(-1)), "the store went back");
        assert!(!from(KeptWatch::Never, renewed(0)) && !from(renewed(0), KeptWatch::Never));
        assert!(from(KeptWatch::Never, KeptWatch::Never));
    }
}
