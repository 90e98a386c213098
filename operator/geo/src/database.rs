//! One database of countries, compiled for look-ups. (pure)

use std::collections::HashMap;
use std::net::Ipv6Addr;

use bund_engine::Timestamp;
use ipnet::{IpNet, Ipv6Net};
use maxminddb::{LookupResult, MaxMindDbError, Reader, WithinOptions};

use crate::ranges::{Answer, Disordered, Ranges, Whole};
use crate::record::Record;

/// What a database says of every address.
#[derive(Debug)]
pub struct Database {
    built: Timestamp,
    pub(crate) v4: Ranges<u32, Answer>,
    pub(crate) v6: Ranges<u128, Answer>,
}

/// Why bytes are no database that can be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unfit {
    #[error("it is no whole MaxMind DB ({0}); download it again")]
    Broken(#[from] MaxMindDbError),
    #[error("it is no whole MaxMind DB (its networks are not in order); download it again")]
    Disordered,
    #[error(
        "it has more networks than a database of countries of its size; download it again, or use one of countries"
    )]
    TooMany,
    #[error("it is a database of the type `{0}`; use one of countries, such as GeoLite2-Country")]
    Type(String),
    #[error("no record of it names a country; use a database of countries, such as GeoLite2-Country")]
    NoCountry,
    #[error("it does not say when it was built; download it again")]
    Undated,
}

impl From<Disordered> for Unfit {
    fn from(_: Disordered) -> Self {
        Self::Disordered
    }
}

/// More networks than this are no database of countries, which have about a million, those that only repeat IPv4 included.
const MOST: usize = 8_000_000;

/// A tree has a leaf more than it has nodes; those that repeat the whole of IPv4 three times have four times as many. A broken one
/// of a few bytes can stand for more networks than there are atoms, so nobody counts on.
const PER_NODE: usize = 8;

/// What is kept of a database: ranges, and records while they are read. Databases of countries have a third of it.
const MOST_KEPT: usize = 1_500_000;

/// Where databases repeat the whole of IPv4. Nobody can say where these addresses are: relays carry them.
const REPEATED: [Ipv6Net; 3] = [
    Ipv6Net::new_assert(Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0), 96),
    Ipv6Net::new_assert(Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 32),
    Ipv6Net::new_assert(Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
];

impl Database {
    /// Reads a database from the bytes of its file.
    pub(crate) fn compile(bytes: &[u8]) -> Result<Self, Unfit> {
        let reader = Reader::from_source(bytes)?;
        let kind = &reader.metadata().database_type;
        if !kind.to_ascii_lowercase().contains("country") {
            return Err(Unfit::Type(kind.chars().take(64).collect()));
        }
        let seconds = i64::try_from(reader.metadata().build_epoch).map_err(|_| Unfit::Undated)?;
        let built = Timestamp::from_second(seconds).ok().filter(|_| seconds > 0).ok_or(Unfit::Undated)?;
        let (v4, v6) = ranges(&reader)?;
        Ok(Self { built, v4, v6 })
    }

    /// A database of these ranges.
    #[cfg(test)]
    pub(crate) fn of(v4: Ranges<u32, Answer>, v6: Ranges<u128, Answer>) -> Self {
        Self { built: Timestamp::UNIX_EPOCH, v4, v6 }
    }

    /// When it was built.
    pub fn built(&self) -> Timestamp {
        self.built
    }

    /// How many ranges of addresses it tells apart.
    pub fn ranges(&self) -> usize {
        self.v4.len() + self.v6.len()
    }

    /// What it says of the whole of a network.
    pub(crate) fn whole(&self, network: IpNet) -> Whole {
        match network {
            IpNet::V4(network) => self.v4.whole(network.network().into(), network.broadcast().into()),
            IpNet::V6(network) => self.v6.whole(network.network().into(), network.broadcast().into()),
        }
    }
}

/// Those of IPv4 and those of IPv6.
type Families = (Ranges<u32, Answer>, Ranges<u128, Answer>);

fn ranges(reader: &Reader<&[u8]>) -> Result<Families, Unfit> {
    let (mut v4, mut v6) = (Ranges::builder(), Ranges::builder());
    let mut answers = Answers::default();
    // Those without data and those that repeat others are counted too: a broken tree may have nothing else.
    let all = WithinOptions::default().include_aliased_networks().include_networks_without_data();
    let nodes = usize::try_from(reader.metadata().node_count).unwrap_or(MOST);
    let most = nodes.saturating_add(1).saturating_mul(PER_NODE).min(MOST);
    for (count, found) in reader.networks(all)?.enumerate() {
        if count >= most || v4.len() + v6.len() + answers.0.len() >= MOST_KEPT {
            return Err(Unfit::TooMany);
        }
        let found = found?;
        let Some(answer) = answers.of(&found)? else { continue };
        let network = found.network()?;
        match IpNet::new(network.ip(), network.prefix()).map_err(|_| Unfit::Disordered)? {
            IpNet::V4(network) => v4.add(network.network().into(), network.broadcast().into(), answer)?,
            IpNet::V6(network) if REPEATED.iter().any(|repeated| repeated.contains(&network)) => {}
            IpNet::V6(network) => v6.add(network.network().into(), network.broadcast().into(), answer)?,
        }
    }
    if !answers.name_a_country() {
        return Err(Unfit::NoCountry);
    }
    Ok((v4.finish(), v6.finish()))
}

/// What the records say, each read once: there are some hundred of them for a million networks.
#[derive(Default)]
struct Answers(HashMap<usize, Answer>);

impl Answers {
    /// What is said of a network; nothing, where it has no record.
    fn of(&mut self, found: &LookupResult<'_, &[u8]>) -> Result<Option<Answer>, MaxMindDbError> {
        let Some(offset) = found.offset() else { return Ok(None) };
        if let Some(answer) = self.0.get(&offset) {
            return Ok(Some(*answer));
        }
        let Some(answer) = found.decode::<Record<'_>>()?.map(|record| record.answer()) else {
            return Ok(None);
        };
        self.0.insert(offset, answer);
        Ok(Some(answer))
    }

    fn name_a_country(&self) -> bool {
        self.0.values().any(|answer| matches!(answer, Answer::Country(_)))
    }
}
