//! What databases say of where addresses are.

use alloc::{boxed::Box, sync::Arc, vec::Vec};
use core::fmt;

use bund_crds::CountryCode;
use ipnet::IpNet;

use super::World;
use crate::Timestamp;

/// Databases that say in which country a public address is. They are read elsewhere; here they are a fact like others,
/// and answer the same for as long as the snapshot lives.
pub trait Databases: fmt::Debug + Send + Sync {
    /// What all of them say of the whole of a network.
    fn country_of(&self, network: IpNet) -> Said;

    /// How each of them stands, in the order in which they are asked.
    fn states(&self) -> Vec<DatabaseState>;
}

/// A country as databases name it: two capitals, not always of ISO 3166-1 (`XK`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Country([u8; 2]);

/// What databases say of a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// Each of them says that the whole network is in this country.
    Country(Country),
    /// One of them does not say of the whole network where it is.
    Nothing {
        /// Which.
        database: Arc<str>,
        /// What it says instead.
        silence: Silence,
    },
    /// One of them says that the network reaches into two countries at least.
    Several {
        /// Which.
        database: Arc<str>,
        /// Two of the countries, in order of address.
        countries: [Country; 2],
    },
    /// Two of them name different countries.
    Disagree {
        /// Which.
        databases: [Arc<str>; 2],
        /// What each says.
        countries: [Country; 2],
    },
    /// One of them is too old.
    Stale {
        /// Which.
        database: Arc<str>,
        /// When it was built.
        built: Timestamp,
    },
    /// One of them cannot be used.
    Missing {
        /// Which.
        database: Arc<str>,
    },
}

/// What a database says of a network where it names no country for all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Silence {
    /// There is no record, at least not of all of it.
    NoRecord,
    /// There is one, without a country: at most it says where the network is registered.
    NoCountry,
    /// Machines in many places answer.
    Anycast,
}

/// How a database stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseState {
    /// What it is called.
    pub name: Arc<str>,
    /// When it was built; absent where none could be read.
    pub built: Option<Timestamp>,
    /// Until when it is not too old.
    pub good_until: Option<Timestamp>,
    /// Whether it is used.
    pub service: Service,
}

/// Whether a database is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Service {
    /// It is.
    InUse,
    /// It is, although another one should have taken its place, which is no good for this reason.
    Kept(Box<str>),
    /// It is too old: nothing is inside by it.
    Stale,
    /// It cannot be used, with why: nothing is inside by it.
    Missing(Box<str>),
}

/// The databases that are consulted, if any are.
#[derive(Clone, Debug, Default)]
pub struct Geography(Option<Arc<dyn Databases>>);

impl Country {
    /// The country of this code, if it is of the form of one.
    pub fn of(code: &str) -> Option<Self> {
        match code.as_bytes() {
            &[a, b] if a.is_ascii_uppercase() && b.is_ascii_uppercase() => Some(Self([a, b])),
            _ => None,
        }
    }
}

impl PartialEq<CountryCode> for Country {
    fn eq(&self, code: &CountryCode) -> bool {
        self.0 == code.letters()
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|letter| fmt::Write::write_char(f, char::from(*letter)))
    }
}

impl fmt::Display for Said {
    /// As it follows on the network that it is said of: `192.0.2.0/24` …
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Country(country) => write!(f, "is in {country}"),
            Self::Nothing { database, silence: Silence::NoRecord } => {
                write!(f, "has no record for all of it in {database}")
            }
            Self::Nothing { database, silence: Silence::NoCountry } => {
                write!(
                    f,
                    "has a record in {database} that does not say where it is, at most where it is registered"
                )
            }
            Self::Nothing { database, silence: Silence::Anycast } => {
                write!(f, "is answered by machines in many places (anycast), as {database} says")
            }
            Self::Several { database, countries: [one, other] } => {
                write!(f, "reaches into {one} and {other}, as {database} says")
            }
            Self::Disagree { databases: [one, other], countries: [here, there] } => {
                write!(f, "is in {here} by {one} and in {there} by {other}")
            }
            Self::Stale { database, built } => {
                write!(
                    f,
                    "cannot be looked up: {database} of {} is too old; put a newer one in its place",
                    day(*built)
                )
            }
            Self::Missing { database } => {
                write!(f, "cannot be looked up: {database} cannot be used; ClusterLocation says why")
            }
        }
    }
}

fn day(at: Timestamp) -> impl fmt::Display {
    at.to_zoned(jiff::tz::TimeZone::UTC).date()
}

impl Geography {
    /// These databases are consulted.
    pub fn of(databases: Arc<dyn Databases>) -> Self {
        Self(Some(databases))
    }

    /// The databases, if any are consulted.
    pub fn databases(&self) -> Option<&dyn Databases> {
        self.0.as_deref()
    }
}

impl PartialEq for Geography {
    /// Whether they are the very same databases.
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (None, None) => true,
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            (None, Some(_)) | (Some(_), None) => false,
        }
    }
}

impl World {
    /// What databases say of where addresses are.
    pub fn geography(&self) -> &Geography {
        &self.geography
    }
}
