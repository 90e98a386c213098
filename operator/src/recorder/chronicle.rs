//! What began and ended of what policies enforce, folded per minute. (pure)
//!
//! What lasts now is compared with what was seen last, and at first with what the ledger says: so a new leader tells what
//! changed while nobody led, and nothing twice.

use std::collections::{BTreeMap, BTreeSet};

use bund_crds::{ClassName, Moment};
use bund_engine::Timestamp;
use bund_ledger::{Draft, Enforcement, EntryId, Event, Invalid};
use jiff::SignedDuration;

use crate::ledger::{Concern, Enforced, Last};

/// How long it is waited for more of the same at first.
const SETTLES: SignedDuration = SignedDuration::from_secs(5);
/// How long afterwards: a concern is written once in that time at most.
const MINUTE: SignedDuration = SignedDuration::from_mins(1);

/// What lasts, each with the classes that are concerned.
pub(super) type Lasts = BTreeMap<Concern, BTreeSet<ClassName>>;

/// As many minutes as are told one by one while the ledger cannot be written.
const MINUTES: usize = 60;

/// What is known of what lasts.
#[derive(Debug)]
pub(super) struct Chronicle {
    /// What the ledger says, with everything that it acknowledged since.
    said: Enforced,
    /// What was seen last.
    seen: Lasts,
    /// What happened since and is not written yet, minute by minute.
    happened: BTreeMap<Concern, Vec<Minute>>,
    /// What was written within the last minute, and when.
    written: BTreeMap<Concern, Timestamp>,
}

/// What happened to a concern within a minute.
#[derive(Clone, Debug, PartialEq)]
struct Minute {
    began: Option<Happened>,
    ended: Option<Happened>,
    /// Whether it lasted at the end.
    lasts: bool,
}

/// It began, or it ended, once or often.
#[derive(Clone, Debug, PartialEq)]
struct Happened {
    first: Moment,
    last: Moment,
    count: u32,
    classes: BTreeSet<ClassName>,
}

/// An entry to be written, and what the ledger says when it is.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Told {
    pub(super) draft: Draft,
    concern: Concern,
    then: Last,
}

impl Chronicle {
    /// A chronicle that goes on from what the ledger says.
    pub(super) fn new(said: Enforced) -> Self {
        let lasting = said.iter().filter(|(_, last)| last.lasts);
        let seen = lasting.map(|(concern, last)| (concern.clone(), last.classes.clone())).collect();
        Self { said, seen, happened: BTreeMap::new(), written: BTreeMap::new() }
    }

    /// Takes in what lasts at `now`.
    pub(super) fn look(&mut self, lasts: Lasts, now: Timestamp) {
        let at = Moment::of(now);
        for (concern, classes) in &lasts {
            if !self.seen.contains_key(concern) {
                self.happens(concern, true, classes, at);
            }
        }
        let before = std::mem::replace(&mut self.seen, lasts);
        for (concern, classes) in &before {
            if !self.seen.contains_key(concern) {
                self.happens(concern, false, classes, at);
            }
        }
    }

    fn happens(&mut self, concern: &Concern, lasts: bool, classes: &BTreeSet<ClassName>, at: Moment) {
        let minutes = self.happened.entry(concern.clone()).or_default();
        let is_new = minutes.last().is_none_or(|minute| at.0.duration_since(minute.first()) > MINUTE);
        if is_new && minutes.len() < MINUTES {
            minutes.push(Minute { began: None, ended: None, lasts });
        }
        let Some(minute) = minutes.last_mut() else { return };
        minute.lasts = lasts;
        let happened = if lasts { &mut minute.began } else { &mut minute.ended };
        let known = happened.get_or_insert_with(|| Happened {
            first: at,
            last: at,
            count: 0,
            classes: BTreeSet::new(),
        });
        known.last = at;
        known.count = known.count.saturating_add(1);
        known.classes.extend(classes.iter().cloned());
        // Where too many minutes wait, the last one tells how often, and when last.
        if at.0.duration_since(known.first.0) > MINUTE {
            known.first = at;
        }
    }

    /// When something is to be written.
    pub(super) fn due(&self) -> Option<Timestamp> {
        self.happened.iter().map(|(concern, minutes)| self.due_of(concern, minutes)).min()
    }

    fn due_of(&self, concern: &Concern, minutes: &[Minute]) -> Timestamp {
        let after = |moment: Timestamp, wait| moment.checked_add(wait).unwrap_or(Timestamp::MAX);
        let settled = minutes.first().map(|minute| after(minute.first(), SETTLES));
        let rested = self.written.get(concern).map(|written| after(*written, MINUTE));
        settled.max(rested).unwrap_or(Timestamp::MIN)
    }

    /// What is to be written at `now`, in its order. It is written, again and again, before anything else is asked for.
    pub(super) fn close(&mut self, now: Timestamp) -> Vec<Result<Told, Invalid>> {
        self.written.retain(|_, written| now.duration_since(*written) < MINUTE);
        let all = std::mem::take(&mut self.happened);
        let (due, rest): (BTreeMap<_, _>, _) =
            all.into_iter().partition(|(concern, minutes)| self.due_of(concern, minutes) <= now);
        self.happened = rest;
        self.written.extend(due.keys().map(|concern| (concern.clone(), now)));
        due.into_iter().flat_map(|(concern, minutes)| self.told(&concern, minutes)).collect()
    }

    /// What happened to a concern. What is so at the end of a minute comes last in it.
    fn told(&self, concern: &Concern, minutes: Vec<Minute>) -> Vec<Result<Told, Invalid>> {
        let said = self.said.get(concern).map_or(0, |last| last.number);
        let happened = minutes.into_iter().flat_map(|Minute { began, ended, lasts }| {
            let mut both = [(false, ended), (true, began)];
            if !lasts {
                both.reverse();
            }
            both.into_iter().filter_map(|(lasts, happened)| Some((lasts, happened?)))
        });
        let numbered = (said + 1..).zip(happened);
        numbered.map(|(number, (lasts, it))| told(concern, (number, lasts), it)).collect()
    }

    /// Notes that the ledger holds something.
    pub(super) fn acknowledged(&mut self, told: Told) {
        self.said.insert(told.concern, told.then);
    }
}

impl Minute {
    /// When something happened in it first.
    fn first(&self) -> Timestamp {
        let all = self.began.iter().chain(&self.ended).map(|happened| happened.first.0);
        all.min().unwrap_or(Timestamp::MIN)
    }
}

fn told(concern: &Concern, (number, lasts): (u64, bool), happened: Happened) -> Result<Told, Invalid> {
    let Concern { what, place, policy, reason } = concern;
    let [begins, ends] = what.actions();
    let Happened { first, last, count, classes } = happened;
    let then = Last { lasts, number, classes };
    let enforcement = Enforcement {
        action: if then.lasts { begins } else { ends }.to_owned(),
        place: place.clone(),
        policy: policy.clone(),
        reason: reason.clone(),
        data_classes: then.classes.iter().cloned().collect(),
        first,
        last,
        count,
    };
    let draft = Draft {
        id: EntryId::new(&concern.id(then.number))?,
        event: Event::Enforced(enforcement),
        retain_until: None,
    };
    Ok(Told { draft, concern: concern.clone(), then })
}

#[cfg(test)]
mod tests {
    use bund_ledger::Place;

    use super::*;
    use crate::ledger::Lasting;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn concern(name: &str) -> Concern {
        Concern {
            what: Lasting::Finding,
            place: Place { kind: "Deployment".into(), namespace: Some("shop".into()), name: name.into() },
            policy: "stay".into(),
            reason: "NodeOutside".into(),
        }
    }

    fn lasting(names: &[&str]) -> Lasts {
        names.iter().map(|name| (concern(name), ["pi".parse().unwrap()].into())).collect()
    }

    /// Number, action, place, first and last second, and how often.
    type Line = (u64, String, String, i64, i64, u32);

    fn write(chronicle: &mut Chronicle, second: i64) -> Vec<Line> {
        let told: Vec<_> = chronicle.close(at(second)).into_iter().map(Result::unwrap).collect();
        let line = |told: &Told| {
            let Event::Enforced(it) = &told.draft.event else { panic!("{told:?}") };
            assert_eq!(told.draft.id.as_str(), told.concern.id(told.then.number));
            let seconds = [it.first, it.last].map(|moment| moment.0.as_second());
            (told.then.number, it.action.clone(), it.place.name.clone(), seconds[0], seconds[1], it.count)
        };
        let lines = told.iter().map(line).collect();
        for told in told {
            chronicle.acknowledged(told);
        }
        lines
    }

    fn line(number: u64, action: &str, place: &str, first: i64, last: i64, count: u32) -> Line {
        (number, action.to_owned(), place.to_owned(), first, last, count)
    }

    #[test]
    fn what_begins_and_ends_within_a_minute_is_folded() {
        let mut chronicle = Chronicle::new(Enforced::new());
        assert_eq!(chronicle.due(), None);
        chronicle.look(lasting(&["a", "b"]), at(0));
        assert_eq!((chronicle.due(), write(&mut chronicle, 4)), (Some(at(5)), vec![]));
        assert_eq!(
            write(&mut chronicle, 5),
            [line(1, "Found", "a", 0, 0, 1), line(1, "Found", "b", 0, 0, 1)]
        );
        for (second, names) in [(10, &["b"][..]), (20, &["a", "b"]), (30, &["b"]), (40, &["a", "b"])] {
            chronicle.look(lasting(names), at(second));
        }
        assert_eq!((chronicle.due(), write(&mut chronicle, 64)), (Some(at(65)), vec![]));
        let expected = [line(2, "Resolved", "a", 10, 30, 2), line(3, "Found", "a", 20, 40, 2)];
        assert_eq!(write(&mut chronicle, 65), expected);
        assert_eq!((chronicle.due(), write(&mut chronicle, 99)), (None, vec![]));
        chronicle.look(lasting(&["b"]), at(200));
        assert_eq!(write(&mut chronicle, 205), [line(4, "Resolved", "a", 200, 200, 1)]);
    }

    #[test]
    fn a_new_leader_goes_on_from_what_the_ledger_says() {
        let mut first = Chronicle::new(Enforced::new());
        first.look(lasting(&["a", "b"]), at(0));
        write(&mut first, 5);
        // What happened then, and was not written before the leader died.
        first.look(lasting(&["b", "c"]), at(6));
        let mut next = Chronicle::new(first.said.clone());
        next.look(lasting(&["b", "c"]), at(9));
        let expected = [line(2, "Resolved", "a", 9, 9, 1), line(1, "Found", "c", 9, 9, 1)];
        assert_eq!(write(&mut next, 14), expected);
        let mut third = Chronicle::new(next.said.clone());
        third.look(lasting(&["b", "c"]), at(99));
        assert_eq!(write(&mut third, 199), []);
    }
    #[test]
    fn while_the_ledger_is_away_minutes_are_told_one_by_one_and_none_is_longer() {
        let mut chronicle = Chronicle::new(Enforced::new());
        for minute in 0..100 {
            chronicle.look(lasting(&["a"]), at(minute * 100));
            chronicle.look(lasting(&[]), at(minute * 100 + 50));
        }
        let told = write(&mut chronicle, 10_000);
        assert_eq!(told.len(), 2 * MINUTES);
        assert_eq!(
            told.iter().map(|(number, ..)| *number).collect::<Vec<_>>(),
            (1..=120).collect::<Vec<_>>()
        );
        assert!(told.iter().all(|(_, _, _, first, last, _)| last - first <= 60), "{told:?}");
        assert_eq!(told.iter().map(|(.., count)| count).sum::<u32>(), 200);
        let said: Vec<_> = chronicle.said.values().map(|last| (last.lasts, last.number)).collect();
        assert_eq!(said, [(false, 120)]);
    }
}
