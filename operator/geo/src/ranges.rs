//! What a database says of each address of one family: ranges that follow on each other. (pure)

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

/// Every address, from the first to the last.
#[derive(Debug)]
pub(crate) struct Ranges<A> {
    /// Where each range starts. It reaches to the next one.
    starts: Vec<A>,
    answers: Vec<Answer>,
}

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

impl<A: Address> Ranges<A> {
    /// Takes networks, each as its first and last address, in order.
    pub(crate) fn builder() -> Builder<A> {
        Builder { ranges: Self { starts: Vec::new(), answers: Vec::new() }, free: Some(A::FIRST) }
    }

    /// What is said of all addresses from `first` to `last`.
    pub(crate) fn whole(&self, first: A, last: A) -> Whole {
        let after = self.starts.partition_point(|start| *start <= first);
        let answer = |at: Option<usize>| at.and_then(|at| self.answers.get(at)).copied().unwrap_or(NO_RECORD);
        let one = answer(after.checked_sub(1));
        if self.starts.get(after).is_none_or(|next| *next > last) {
            return Whole::One(one);
        }
        // Ranges that follow on each other differ.
        match (one, answer(Some(after))) {
            (Answer::Country(one), Answer::Country(other)) => Whole::Several([one, other]),
            (silent @ Answer::Silent(_), _) | (_, silent) => Whole::One(silent),
        }
    }

    /// How many ranges there are.
    pub(crate) fn len(&self) -> usize {
        self.starts.len()
    }
}

/// Ranges that are being put together.
pub(crate) struct Builder<A> {
    ranges: Ranges<A>,
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
    pub(crate) fn finish(mut self) -> Ranges<A> {
        if let Some(free) = self.free {
            self.push(free, NO_RECORD);
        }
        self.ranges.starts.shrink_to_fit();
        self.ranges.answers.shrink_to_fit();
        self.ranges
    }

    /// How many ranges there are so far.
    pub(crate) fn len(&self) -> usize {
        self.ranges.len()
    }

    fn push(&mut self, start: A, answer: Answer) {
        if self.ranges.answers.last() != Some(&answer) {
            self.ranges.starts.push(start);
            self.ranges.answers.push(answer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn country(code: &str) -> Answer {
        Answer::Country(Country::of(code).unwrap())
    }

    fn ranges() -> Ranges<u32> {
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
}
