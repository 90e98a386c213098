//! Whether the databases that say where public addresses are can be asked. (pure)

use bund_crds::condition::GEOGRAPHY_READY;
use bund_engine::Timestamp;
use bund_engine::snapshot::{DatabaseState, Service, World};

use super::super::condition::Wanted;

/// The condition of the databases; none where none are configured.
pub(super) fn geography(world: &World) -> Option<Wanted> {
    let states = world.geography().databases()?.states();
    let told: Vec<_> = states.iter().map(told).collect();
    let reason = states.iter().map(reason).max().unwrap_or(Reason::InUse);
    let message = told.join("; ");
    Some(match reason {
        Reason::InUse => Wanted::holds(GEOGRAPHY_READY, "InUse", message),
        Reason::NotReplaced => Wanted::fails(GEOGRAPHY_READY, "NotReplaced", message),
        Reason::Stale => Wanted::fails(GEOGRAPHY_READY, "Stale", without(&message)),
        Reason::Missing => Wanted::fails(GEOGRAPHY_READY, "Missing", without(&message)),
    })
}

/// The worst comes last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Reason {
    InUse,
    NotReplaced,
    Stale,
    Missing,
}

fn reason(state: &DatabaseState) -> Reason {
    match state.service {
        Service::InUse => Reason::InUse,
        Service::Kept(_) => Reason::NotReplaced,
        Service::Stale => Reason::Stale,
        Service::Missing(_) => Reason::Missing,
    }
}

fn without(message: &str) -> String {
    format!("no public address is inside that no network lists: {message}")
}

fn told(state: &DatabaseState) -> String {
    let DatabaseState { name, built, good_until, service } = state;
    let of = format!("{name} of {}", day(*built));
    match service {
        Service::InUse => format!("{of}, good until {}", day(*good_until)),
        Service::Kept(why) => format!("{of} stays in use until {}: {why}", day(*good_until)),
        Service::Stale => format!("{of} was good until {}; put a newer one in its place", day(*good_until)),
        Service::Missing(why) => format!("{name}: {why}"),
    }
}

fn day(moment: Option<Timestamp>) -> String {
    moment.map(|moment| moment.to_string().chars().take(10).collect()).unwrap_or_default()
}
