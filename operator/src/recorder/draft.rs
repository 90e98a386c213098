//! What happened, as the ledger takes it. (pure)

use bund_crds::{LedgerEventSpec, Moment, PolicyName};
use bund_engine::Timestamp;
use bund_ledger::{Draft, Enforcement, EntryId, Event, Invalid, Place};

use crate::index::SubjectKey;
use crate::response::{Ground, Grounds};

/// What is done with a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// It is about to be evicted. Whether it was, the next one says.
    Evicting,
    /// The API server took the eviction.
    Evicted,
}

/// The entry of a `LedgerEvent`. In a cluster that was set back another event may have the name of one that was lost.
pub(super) fn recorded(name: &str, spec: &LedgerEventSpec) -> Result<Draft, Invalid> {
    let id = EntryId::new(&format!("{name}:{:?}", spec.event))?;
    let event = Event::Recorded { name: name.to_owned(), spec: Box::new(spec.clone()) };
    Ok(Draft { id, event, retain_until: None })
}

/// The entries of what is done with a pod, one for each policy, whoever of us does it. Equal for every leader, so that each is there once.
pub(crate) fn evictions(
    act: Act,
    pod: &SubjectKey,
    uid: &str,
    grounds: &Grounds,
    now: Timestamp,
) -> Vec<Result<Draft, Invalid>> {
    let entry = |(policy, Ground { reason, classes }): (&PolicyName, &Ground)| {
        let id = EntryId::new(&format!("{}:{uid}:{policy}", format!("{act:?}").to_ascii_lowercase()))?;
        let namespace = Some(pod.namespace.to_string());
        let enforcement = Enforcement {
            action: format!("{act:?}"),
            place: Place { kind: pod.kind.to_owned(), namespace, name: pod.name.to_string() },
            policy: policy.to_string(),
            reason: (*reason).to_owned(),
            data_classes: classes.iter().cloned().collect(),
            first: Moment::of(now),
            last: Moment::of(now),
            count: 1,
        };
        Ok(Draft { id, event: Event::Enforced(enforcement), retain_until: None })
    };
    grounds.iter().map(entry).collect()
}

#[cfg(test)]
mod tests {
    use bund_crds::EventType;

    use super::*;
    use crate::transfer::testing::event;

    #[test]
    fn another_event_of_the_same_name_is_another_entry() {
        let ids = [EventType::Suspended, EventType::Revoked].map(|kind| {
            let draft = recorded("u-1.1", &event(kind, "u-1", 1)).unwrap();
            assert_eq!(
                draft.event,
                Event::Recorded { name: "u-1.1".into(), spec: Box::new(event(kind, "u-1", 1)) }
            );
            String::from(draft.id)
        });
        assert_eq!(ids, ["u-1.1:Suspended", "u-1.1:Revoked"]);
    }
}
