//! What the log held of transfers when it was opened. (pure)

use std::collections::BTreeMap;

use bund_crds::{LedgerEventSpec, Moment, Uid};
use bund_engine::transfer::Turn;
use bund_ledger::{Entry, Event};
use serde::Deserialize;

use super::enforced::{self, Enforced};

/// What the log held of transfers when it was opened, in its current shard and the one before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    transfers: BTreeMap<Uid, Vec<Past>>,
    begins: Option<Begins>,
    enforced: Enforced,
}

/// How what was read begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Begins {
    /// With the first entry of the log.
    First,
    /// At this moment; what came before is in shards that were not read.
    Later(Moment),
}

/// A `LedgerEvent`, as the log holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Past {
    /// Its name.
    pub name: Box<str>,
    /// What it says.
    pub spec: LedgerEventSpec,
}

/// Which entry is worth reading whole.
#[derive(Deserialize)]
struct Kind<'l> {
    #[serde(borrow)]
    event: Tag<'l>,
}

#[derive(Deserialize)]
struct Tag<'l> {
    #[serde(borrow, rename = "type")]
    tag: std::borrow::Cow<'l, str>,
}

impl History {
    /// Takes in the line of an entry. Whether it is one, the log says.
    pub(super) fn take(&mut self, line: &[u8]) {
        if self.begins.is_none() {
            self.begins = Some(Begins::with(line));
        }
        let Ok(kind) = serde_json::from_slice::<Kind<'_>>(line) else { return };
        if !["Recorded", "Enforced"].contains(&&*kind.event.tag) {
            return;
        }
        match Entry::read(line) {
            Ok(Entry { event: Event::Recorded { name, spec }, .. }) => {
                let Some(uid) = spec.transfer.as_ref().map(|transfer| transfer.uid.clone()) else { return };
                self.transfers.entry(uid).or_default().push(Past { name: name.into(), spec: *spec });
            }
            Ok(Entry { event: Event::Enforced(enforcement), id, .. }) => {
                enforced::take(&mut self.enforced, &id, enforcement);
            }
            Ok(_) | Err(_) => {}
        }
    }

    /// What had begun of what policies enforce, and whether it had ended.
    pub fn enforced(&self) -> &Enforced {
        &self.enforced
    }

    /// From when on everything is known that the log holds; `None` where all of it is known.
    pub fn begins(&self) -> Option<Moment> {
        match self.begins {
            Some(Begins::Later(at)) => Some(at),
            Some(Begins::First) | None => None,
        }
    }

    /// Everything that is known of transfers, in order of uid; of each in the order in which it came into the log.
    pub fn transfers(&self) -> impl Iterator<Item = (&Uid, &[Past])> {
        self.transfers.iter().map(|(uid, events)| (uid, events.as_slice()))
    }

    /// Everything that is known of a transfer, in the order in which it came into the log.
    pub fn of(&self, uid: &Uid) -> &[Past] {
        self.transfers.get(uid).map(Vec::as_slice).unwrap_or_default()
    }

    /// The last event that opened or closed a transfer.
    pub fn last(&self, uid: &Uid) -> Option<&Past> {
        let sequence = |past: &&Past| past.spec.transfer.as_ref().map(|transfer| transfer.sequence);
        self.of(uid).iter().filter(|past| Turn::of(past.spec.event).is_some()).max_by_key(sequence)
    }
}

impl Begins {
    fn with(first: &[u8]) -> Self {
        match Entry::read(first) {
            Ok(Entry { at, event: Event::LogOpened { parent: Some(_), .. }, .. }) => Self::Later(at),
            Ok(_) | Err(_) => Self::First,
        }
    }
}

#[cfg(test)]
mod tests {
    use bund_ledger::{Draft, EntryId};
    use serde_json::json;

    use super::*;

    fn spec(event: &str, sequence: u32) -> LedgerEventSpec {
        serde_json::from_value(json!({
            "event": event, "observedAt": "2026-05-09T02:00:00Z", "why": "it is so",
            "transfer": {"namespace": "shop", "name": "t", "uid": "5f0a2b34-6c8d-4e1f-9a70-b1c2d3e4f506",
                "digest": "0".repeat(64), "sequence": sequence, "exporter": "91350100M000100Y43",
                "persons": {"ordinary": 1, "sensitive": 0, "under14": 0}, "until": "2027-05-09T02:00:00Z"}
        }))
        .unwrap()
    }

    fn line(event: Event) -> Vec<u8> {
        let draft = Draft { id: EntryId::new("id").unwrap(), event, retain_until: None };
        Entry::of(draft, "2026-05-09T02:00:00Z".parse().unwrap(), "us").line().unwrap().to_vec()
    }

    #[test]
    fn what_came_before_the_shards_that_were_read_is_not_known() {
        let opened = |parent: Option<&str>| {
            let (origin, parent) = ("ledger.example.com/a/2026".to_owned(), parent.map(str::to_owned));
            line(Event::LogOpened { origin, keys: Vec::new(), parent })
        };
        let begins = |first: &[u8]| {
            let mut history = History::default();
            history.take(first);
            history.take(&opened(Some("a checkpoint")));
            history.begins()
        };
        assert_eq!(begins(&opened(None)), None);
        assert_eq!(begins(&opened(Some("a checkpoint"))), Some("2026-05-09T02:00:00Z".parse().unwrap()));
    }

    #[test]
    fn of_each_transfer_it_knows_every_event_and_the_last_that_opened_or_closed_it() {
        let mut history = History::default();
        let events =
            [("u.0", spec("Activated", 0)), ("u.1", spec("Revoked", 1)), ("d.decided", spec("Decided", 1))];
        for (name, spec) in events.clone() {
            history.take(&line(Event::Recorded { name: name.to_owned(), spec: Box::new(spec) }));
        }
        history.take(&line(Event::Noted { text: "another".to_owned(), about: None }));
        let expected: Vec<_> =
            events.into_iter().map(|(name, spec)| Past { name: name.into(), spec }).collect();
        let uid = expected[0].spec.transfer.as_ref().unwrap().uid.clone();
        assert_eq!(history.transfers().collect::<Vec<_>>(), [(&uid, expected.as_slice())]);
        assert_eq!(history.last(&uid), Some(&expected[1]));
    }
}
