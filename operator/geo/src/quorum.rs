//! Several databases that must agree. (pure)
//!
//! What they say together of each address is put together when they are read, so that a decision looks it up once.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use bund_engine::Timestamp;
use bund_engine::snapshot::{Country, DatabaseState, Databases, Said, Service, Silence};
use ipnet::IpNet;
use jiff::SignedDuration;

use crate::Database;
use crate::ranges::{Address, Answer, Ranges, Whole};

/// A clock may be behind that of whoever built a database; a database from later than this would never grow old.
const AHEAD: SignedDuration = SignedDuration::from_hours(48);

/// One database of a quorum.
#[derive(Clone, Debug)]
pub struct Member {
    /// What it is called.
    pub name: Arc<str>,
    /// How old it may be.
    pub max_age: SignedDuration,
    /// The database, if one was ever read.
    pub database: Option<Arc<Database>>,
    /// Why the latest file could not be read.
    pub trouble: Option<Box<str>>,
}

/// Databases at one moment. A network is in a country where each of them says so of the whole of it; so one that is
/// missing or too old takes all answers away.
pub struct Quorum {
    /// Those that may be asked; none where one cannot be.
    asked: Vec<(Arc<str>, Arc<Database>)>,
    v4: Table<u32>,
    v6: Table<u128>,
    /// What is said of everything where one cannot be asked.
    refusal: Option<Said>,
    states: Vec<DatabaseState>,
}

/// What all databases say of the whole of some range. Databases are told by their place among those that are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Common {
    Country(Country),
    Nothing(u16, Silence),
    /// What the first says, and this one.
    Disagree(u16, [Country; 2]),
}

impl Common {
    /// What databases say that give these answers, in order: the first that does not say the same counts.
    fn of(answers: &[Answer]) -> Self {
        let mut first = None;
        for (place, answer) in (0..).zip(answers) {
            match (*answer, first) {
                (Answer::Silent(silence), _) => return Self::Nothing(place, silence),
                (Answer::Country(country), None) => first = Some(country),
                (Answer::Country(country), Some(said)) if said == country => {}
                (Answer::Country(country), Some(said)) => return Self::Disagree(place, [said, country]),
            }
        }
        // There is one at least, or a refusal.
        first.map_or(Self::Nothing(0, Silence::NoRecord), Self::Country)
    }
}

/// How the databases of `members` stand at this moment.
pub(crate) fn states(members: &[Member], now: Timestamp) -> Vec<DatabaseState> {
    members.iter().map(|member| member.state(now)).collect()
}

/// What is said of all addresses of one family. The same few things are said of half a million ranges, so that each is written
/// down once: the smaller the table, the more of it stays in the caches of the processor.
struct Table<A> {
    ranges: Ranges<A, u16>,
    /// What each number stands for.
    sayings: Vec<Common>,
}

impl<A: Address> Table<A> {
    fn of(databases: &[&Ranges<A, Answer>]) -> Self {
        let mut numbers = HashMap::new();
        let mut sayings = Vec::new();
        let ranges = Ranges::together(databases, |answers| {
            let common = Common::of(answers);
            *numbers.entry(common).or_insert_with(|| {
                // More than there are numbers for have none that stands for anything.
                u16::try_from(sayings.len()).inspect(|_| sayings.push(common)).unwrap_or(u16::MAX)
            })
        });
        sayings.truncate(usize::from(u16::MAX));
        Self { ranges, sayings }
    }

    /// What is said of all addresses from `first` to `last`, if they lie in one range. The databases have to be asked where
    /// they say more than a table can hold.
    fn look_up(&self, first: A, last: A) -> Option<Common> {
        self.sayings.get(usize::from(self.ranges.one(first, last)?)).copied()
    }
}

impl Quorum {
    /// The databases of `members` as they stand at this moment.
    pub fn of(members: &[Member], now: Timestamp) -> Self {
        let states = states(members, now);
        let refusal = states.iter().find_map(refusal).or_else(|| {
            let none = || Said::Missing { database: "a database".into() };
            states.is_empty().then(none)
        });
        let named = |member: &Member| Some((member.name.clone(), member.database.clone()?));
        let asked: Vec<_> =
            if refusal.is_none() { members.iter().filter_map(named).collect() } else { Vec::new() };
        let v4: Vec<_> = asked.iter().map(|(_, database)| &database.v4).collect();
        let v6: Vec<_> = asked.iter().map(|(_, database)| &database.v6).collect();
        let (v4, v6) = (Table::of(&v4), Table::of(&v6));
        Self { asked, v4, v6, refusal, states }
    }

    /// What is said of a network that lies in one range.
    fn look_up(&self, network: IpNet) -> Option<Said> {
        let common = match network {
            IpNet::V4(network) => self.v4.look_up(network.network().into(), network.broadcast().into()),
            IpNet::V6(network) => self.v6.look_up(network.network().into(), network.broadcast().into()),
        };
        let name = |place: u16| self.asked.get(usize::from(place)).map(|(name, _)| name.clone());
        Some(match common? {
            Common::Country(country) => Said::Country(country),
            Common::Nothing(place, silence) => Said::Nothing { database: name(place)?, silence },
            Common::Disagree(place, countries) => {
                Said::Disagree { databases: [name(0)?, name(place)?], countries }
            }
        })
    }

    /// Asks each database until one does not say the same: of networks that reach over several ranges.
    fn ask(&self, network: IpNet) -> Said {
        let mut first: Option<(&Arc<str>, Country)> = None;
        for (name, database) in &self.asked {
            let country = match database.whole(network) {
                Whole::One(Answer::Country(country)) => country,
                Whole::One(Answer::Silent(silence)) => {
                    return Said::Nothing { database: name.clone(), silence };
                }
                Whole::Several(countries) => return Said::Several { database: name.clone(), countries },
            };
            match first {
                None => first = Some((name, country)),
                Some((_, said)) if said == country => {}
                Some((other, said)) => {
                    return Said::Disagree {
                        databases: [other.clone(), name.clone()],
                        countries: [said, country],
                    };
                }
            }
        }
        // There is one at least, or a refusal.
        first.map_or(Said::Missing { database: "a database".into() }, |(_, country)| Said::Country(country))
    }
}

impl Databases for Quorum {
    fn country_of(&self, network: IpNet) -> Said {
        match &self.refusal {
            Some(refusal) => refusal.clone(),
            None => self.look_up(network).unwrap_or_else(|| self.ask(network)),
        }
    }

    fn states(&self) -> Vec<DatabaseState> {
        self.states.clone()
    }
}

impl fmt::Debug for Quorum {
    /// How they stand, not what they say.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Quorum").field(&self.states).finish()
    }
}

impl Member {
    /// Why it cannot be asked at this moment; `None` where it can.
    pub(crate) fn unusable(&self, now: Timestamp) -> Option<Box<str>> {
        let DatabaseState { service, built, .. } = self.state(now);
        match service {
            Service::InUse | Service::Kept(_) => None,
            Service::Missing(why) => Some(why),
            Service::Stale => {
                let built = built.map(|built| built.to_string()).unwrap_or_default();
                Some(
                    format!("it was built on {built}, which is too long ago; put a newer one in its place")
                        .into(),
                )
            }
        }
    }

    /// How it stands at this moment.
    fn state(&self, now: Timestamp) -> DatabaseState {
        let built = self.database.as_ref().map(|database| database.built());
        let trouble = self.trouble.clone();
        let service = match built {
            None => Service::Missing(trouble.unwrap_or_else(|| "it was not read yet".into())),
            Some(built) if built.duration_since(now) > AHEAD => Service::Missing(
                format!("it says that it was built on {built}, which is to come; download it again").into(),
            ),
            Some(built) if now.duration_since(built) > self.max_age => Service::Stale,
            Some(_) => trouble.map_or(Service::InUse, Service::Kept),
        };
        let good_until = built.and_then(|built| built.checked_add(self.max_age).ok());
        DatabaseState { name: self.name.clone(), built, good_until, service }
    }
}

fn refusal(state: &DatabaseState) -> Option<Said> {
    let DatabaseState { name, built, good_until: _, service } = state;
    match (service, built) {
        (Service::InUse | Service::Kept(_), _) => None,
        (Service::Stale, Some(built)) => Some(Said::Stale { database: name.clone(), built: *built }),
        (Service::Stale, None) | (Service::Missing(_), _) => Some(Said::Missing { database: name.clone() }),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SPACE: u32 = 256;

    fn answer() -> impl Strategy<Value = Answer> {
        let country = |code| Answer::Country(Country::of(code).unwrap());
        prop_oneof![
            4 => Just(country("CN")),
            1 => Just(country("HK")),
            1 => Just(country("US")),
            1 => Just(Answer::Silent(Silence::NoRecord)),
            1 => Just(Answer::Silent(Silence::Anycast)),
        ]
    }

    fn ranges() -> impl Strategy<Value = Ranges<u32, Answer>> {
        prop::collection::vec((1..40_u32, answer()), 0..20).prop_map(|networks| {
            let mut ranges = Ranges::builder();
            let mut free = 0;
            for (size, answer) in networks {
                ranges.add(free, free + size - 1, answer).unwrap();
                free += size;
            }
            ranges.finish()
        })
    }

    fn quorum(databases: Vec<Ranges<u32, Answer>>) -> Quorum {
        let member = |(number, v4): (usize, Ranges<u32, Answer>)| {
            let v6 = Ranges::builder().finish();
            Member {
                name: number.to_string().into(),
                max_age: SignedDuration::MAX,
                database: Some(Arc::new(Database::of(v4, v6))),
                trouble: None,
            }
        };
        Quorum::of(&databases.into_iter().enumerate().map(member).collect::<Vec<_>>(), Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn what_the_table_has_no_number_for_is_asked() {
        let letters = || (b'A'..=b'Z').flat_map(|one| (b'A'..=b'L').map(move |other| [one, other]));
        let countries: Vec<_> =
            letters().map(|code| Country::of(std::str::from_utf8(&code).unwrap()).unwrap()).collect();
        let (mut here, mut there) = (Ranges::builder(), Ranges::builder());
        for (number, (one, other)) in
            (0..).zip(countries.iter().flat_map(|one| countries.iter().map(move |other| (one, other))))
        {
            here.add(number, number, Answer::Country(*one)).unwrap();
            there.add(number, number, Answer::Country(*other)).unwrap();
        }
        let quorum = quorum(vec![here.finish(), there.finish()]);
        let at = |number: u32| IpNet::from(std::net::IpAddr::from(number.to_be_bytes()));
        let last = u32::try_from(countries.len() * countries.len()).unwrap() - 2;
        assert_eq!(quorum.look_up(at(last)), None);
        for number in [1, 65_534, 65_535, 65_536, last] {
            assert_eq!(quorum.country_of(at(number)), quorum.ask(at(number)), "{number}");
            assert!(matches!(quorum.ask(at(number)), Said::Disagree { .. }), "{number}");
        }
    }

    proptest! {
        /// Of every network of a small space: the one table says what each database in turn would have said.
        #[test]
        fn what_is_looked_up_at_once_is_what_asking_each_gives(
            databases in prop::collection::vec(ranges(), 1..4),
        ) {
            let quorum = quorum(databases);
            for length in 22..=32 {
                for first in (0..SPACE * 4).step_by(1 << (32 - length)) {
                    let network = ipnet::Ipv4Net::new(first.into(), length).unwrap().into();
                    let at_once = quorum.look_up(network);
                    prop_assert!(length < 32 || at_once.is_some(), "{network}");
                    let asked = quorum.ask(network);
                    prop_assert_eq!(at_once.unwrap_or(asked.clone()), asked, "{}", network);
                }
            }
        }
    }
}
