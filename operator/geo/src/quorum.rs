//! Several databases that must agree. (pure)

use std::fmt;
use std::sync::Arc;

use bund_engine::Timestamp;
use bund_engine::snapshot::{Country, DatabaseState, Databases, Said, Service};
use ipnet::IpNet;
use jiff::SignedDuration;

use crate::Database;
use crate::ranges::{Answer, Whole};

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
    /// What is said of everything where one cannot be asked.
    refusal: Option<Said>,
    states: Vec<DatabaseState>,
}

impl Quorum {
    /// The databases of `members` as they stand at this moment.
    pub fn of(members: &[Member], now: Timestamp) -> Self {
        let states: Vec<_> = members.iter().map(|member| member.state(now)).collect();
        let refusal = states.iter().find_map(refusal).or_else(|| {
            let none = || Said::Missing { database: "a database".into() };
            states.is_empty().then(none)
        });
        let named = |member: &Member| Some((member.name.clone(), member.database.clone()?));
        let asked = if refusal.is_none() { members.iter().filter_map(named).collect() } else { Vec::new() };
        Self { asked, refusal, states }
    }

    /// Asks each database until one does not say the same.
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
        self.refusal.clone().unwrap_or_else(|| self.ask(network))
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
