//! In which order events come into the ledger: as they happened. (pure)

use bund_engine::snapshot::EventFacts;
use bund_engine::transfer::Turn;

/// Events in the order in which they were observed. Of one moment, what a transfer was decided on comes before what opened or
/// closed it then.
pub(super) fn in_order<'e>(events: impl Iterator<Item = &'e EventFacts>) -> Vec<&'e EventFacts> {
    let mut events: Vec<_> = events.collect();
    events.sort_by_key(|EventFacts { name, spec }| {
        let of = spec.transfer.as_ref().map(|transfer| (&transfer.uid, transfer.sequence));
        (spec.observed_at, of, Turn::of(spec.event).is_some(), name)
    });
    events
}

#[cfg(test)]
mod tests {
    use bund_crds::EventType;

    use super::*;
    use crate::transfer::testing::{decided, recorded, view};

    #[test]
    fn what_happened_at_one_moment_is_told_as_it_happened() {
        let mut all = vec![decided("yes", "u-1")];
        for sequence in 0..11 {
            let event = if sequence % 2 == 0 { EventType::Resumed } else { EventType::Suspended };
            all.push(recorded(event, "u-1", sequence));
        }
        let view = view(all);
        let names: Vec<_> =
            in_order(view.snapshot.transfers().events()).iter().map(|event| event.name.to_string()).collect();
        let chain = (0..11).map(|sequence| format!("u-1.{sequence}"));
        let expected: Vec<_> = std::iter::once("uid-yes.decided".to_owned()).chain(chain).collect();
        assert_eq!(names, expected);
    }
}
