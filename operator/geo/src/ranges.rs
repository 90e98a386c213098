//! What is said of each address of one family: ranges that follow on each other. (pure)
//!
//! A look-up is a binary search. Over a table of megabytes nearly every step of it would wait for memory, so the first steps go
//! over a small table of every [`STRIDE`]th range, which stays in the cache; the last ones go over a few neighbours.

use bund_engine::snapshot::{Country, Silence};

/// What a database says of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It is in this country.
    Country(Country),
    /// Not where it is.
    Silent(Silence),
}

/// What a database says of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whole {
    /// The same of every address of it.
    One(Answer),
    /// Of two of its addresses that they are in these countries.
    Several([Country; 2]),
}

/// Something is said of every address, from the first to the last.
#[derive(Debug)]
pub(crate) struct Ranges<A, T> {
    /// Where each range starts. It reaches to the next one.
    starts: Vec<A>,
    said: Vec<T>,
    /// Every [`STRIDE`]th start.
    signposts: Vec<A>,
}

/// So many ranges are searched after the signposts: those of half a million ranges of IPv4 are 64 KiB.
const STRIDE: usize = 32;

/// Networks that do not come in order of address.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Disordered;

/// A number that an address is.
pub(crate) trait Address: Copy + Ord {
    const FIRST: Self;

    /// The address after this one, unless this is the last.
    fn next(self) -> Option<Self>;
}

impl Address for u32 {
    const FIRST: Self = 0;

    fn next(self) -> Option<Self> {
        self.checked_add(1)
    }
}

impl Address for u128 {
    const FIRST: Self = 0;

    fn next(self) -> Option<Self> {
        self.checked_add(1)
    }
}

const NO_RECORD: Answer = Answer::Silent(Silence::NoRecord);

impl<A: Address, T: Copy> Ranges<A, T> {
    /// Of these ranges, which come in order and begin with the first address.
    fn of(mut starts: Vec<A>, mut said: Vec<T>) -> Self {
        starts.shrink_to_fit();
        said.shrink_to_fit();
        let signposts = starts.iter().step_by(STRIDE).copied().collect();
        Self { starts, said, signposts }
    }

    /// How many ranges start at an address or before it.
    fn until(&self, address: A) -> usize {
        let before = |start: &A| *start <= address;
        let from = self.signposts.partition_point(before).saturating_sub(1) * STRIDE;
        let rest = self.starts.get(from..).unwrap_or_default();
        from + rest.get(..STRIDE).unwrap_or(rest).partition_point(before)
    }

    /// What is said of `first`, and of the address after its range, if that is `last` or before it.
    fn around(&self, first: A, last: A) -> (Option<T>, Option<T>) {
        let after = self.until(first);
        let said = |at: usize| self.said.get(at).copied();
        let reaches = self.starts.get(after).is_some_and(|next| *next <= last);
        (after.checked_sub(1).and_then(said), reaches.then(|| said(after)).flatten())
    }

    /// What is said of all addresses from `first` to `last` at once, where they lie in one range.
    pub(crate) fn one(&self, first: A, last: A) -> Option<T> {
        match self.around(first, last) {
            (one, None) => one,
            (_, Some(_)) => None,
        }
    }

    /// How many ranges there are.
    pub(crate) fn len(&self) -> usize {
        self.starts.len()
    }
}

impl<A: Address> Ranges<A, Answer> {
    /// Takes networks, each as its first and last address, in order.
    pub(crate) fn builder() -> Builder<A> {
        Builder { starts: Vec::new(), said: Vec::new(), free: Some(A::FIRST) }
    }

    /// What is said of all addresses from `first` to `last`.
    pub(crate) fn whole(&self, first: A, last: A) -> Whole {
        let (one, next) = self.around(first, last);
        let one = one.unwrap_or(NO_RECORD);
        // Ranges that follow on each other differ.
        match (one, next) {
            (one, None) => Whole::One(one),
            (Answer::Country(one), Some(Answer::Country(other))) => Whole::Several([one, other]),
            (silent @ Answer::Silent(_), Some(_)) | (_, Some(silent)) => Whole::One(silent),
        }
    }

    /// What several say, made one by `put`: a range wherever none of them goes on to another.
    pub(crate) fn together<T: Copy>(all: &[&Self], mut put: impl FnMut(&[Answer]) -> T) -> Ranges<A, T> {
        let mut starts: Vec<A> = all.iter().flat_map(|ranges| &ranges.starts).copied().collect();
        starts.sort();
        starts.dedup();
        let mut answers = Vec::with_capacity(all.len());
        let said = starts.iter().map(|start| {
            answers.clear();
            answers.extend(all.iter().map(|ranges| ranges.one(*start, *start).unwrap_or(NO_RECORD)));
            put(&answers)
        });
        let said = said.collect();
        Ranges::of(starts, said)
    }
}

/// Ranges that are being put together.
pub(crate) struct Builder<A> {
    starts: Vec<A>,
    said: Vec<Answer>,
    /// The first address of which nothing was said yet.
    free: Option<A>,
}

impl<A: Address> Builder<A> {
    /// Adds a network, which begins after what was added before.
    pub(crate) fn add(&mut self, first: A, last: A, answer: Answer) -> Result<(), Disordered> {
        let free = self.free.filter(|free| *free <= first && first <= last).ok_or(Disordered)?;
        if free < first {
            self.push(free, NO_RECORD);
        }
        self.push(first, answer);
        self.free = last.next();
        Ok(())
    }

    /// Of what is left there is no record.
    pub(crate) fn finish(mut self) -> Ranges<A, Answer> {
        if let Some(free) = self.free {
            self.push(free, NO_RECORD);
        }
        Ranges::of(self.starts, self.said)
    }

    /// How many ranges there are so far.
    pub(crate) fn len(&self) -> usize {
        self.starts.len()
    }

    fn push(&mut self, start: A, answer: Answer) {
        if self.said.last() != Some(&answer) {
            self.starts.push(start);
            self.said.push(answer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn country(code: &str) -> Answer {
        Answer::Country(Country::of(code).unwrap())
    }

    fn ranges() -> Ranges<u32, Answer> {
        let mut ranges = Ranges::builder();
        ranges.add(10, 19, country("CN")).unwrap();
        ranges.add(20, 29, country("CN")).unwrap();
        ranges.add(30, 30, country("HK")).unwrap();
        ranges.add(31, 39, country("CN")).unwrap();
        ranges.add(50, u32::MAX, Answer::Silent(Silence::Anycast)).unwrap();
        ranges.finish()
    }

    #[test]
    fn what_is_said_of_all_of_it_counts() {
        let (cn, hk) = (Country::of("CN").unwrap(), Country::of("HK").unwrap());
        for ((first, last), expected) in [
            ((0, 9), Whole::One(NO_RECORD)),
            ((10, 10), Whole::One(country("CN"))),
            ((10, 29), Whole::One(country("CN"))),
            ((15, 24), Whole::One(country("CN"))),
            ((30, 30), Whole::One(country("HK"))),
            ((29, 30), Whole::Several([cn, hk])),
            ((10, 39), Whole::Several([cn, hk])),
            ((30, 31), Whole::Several([hk, cn])),
            ((9, 10), Whole::One(NO_RECORD)),
            ((39, 40), Whole::One(NO_RECORD)),
            ((49, 50), Whole::One(NO_RECORD)),
            ((50, u32::MAX), Whole::One(Answer::Silent(Silence::Anycast))),
            ((0, u32::MAX), Whole::One(NO_RECORD)),
        ] {
            assert_eq!(ranges().whole(first, last), expected, "{first} to {last}");
        }
        assert_eq!(ranges().len(), 6, "neighbours that say the same are one");
    }

    #[test]
    fn networks_come_in_order_or_not_at_all() {
        let mut ranges = Ranges::builder();
        ranges.add(10_u128, 19, country("CN")).unwrap();
        for (first, last) in [(0, 5), (19, 25), (30, 29)] {
            assert_eq!(ranges.add(first, last, country("CN")), Err(Disordered));
        }
        ranges.add(20, u128::MAX, country("CN")).unwrap();
        assert_eq!(ranges.add(0, 1, country("CN")), Err(Disordered));
        assert_eq!(ranges.finish().whole(0, u128::MAX), Whole::One(NO_RECORD));
    }

    /// Every address of a small table, by looking through all of it.
    #[test]
    fn a_table_of_any_length_is_searched_to_its_ends() {
        for length in [1_u32, 2, 31, 32, 33, 63, 64, 65, 1000] {
            let starts: Vec<u32> = (0..length).map(|number| number * 3).collect();
            let ranges = Ranges::of(starts.clone(), (0..length).collect());
            for address in 0..length * 3 + 2 {
                let expected = starts.iter().rposition(|start| *start <= address);
                let expected = expected.map(|at| u32::try_from(at).unwrap());
                assert_eq!(ranges.one(address, address), expected, "{address} of {length}");
            }
            assert_eq!(ranges.one(u32::MAX, u32::MAX), Some(length - 1));
            assert_eq!(ranges.one(0, u32::MAX), (length == 1).then_some(0));
        }
    }
}
