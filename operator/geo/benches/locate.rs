//! Where an address is, by two databases of real size, beside what others do with the same databases: a look-up with
//! `maxminddb` alone, and the longest prefix in a trie.
//!
//! The databases are made up: as many networks as GeoLite2-Country has, of which as many are on the mainland. A thousand nodes
//! have networks of pods.
//!
//! Each call is timed by itself, because a quantile of batches would hide the slow ones; what the clock adds is told. Others
//! work on the machine too: the tenth of the calls in which they disturbed least is told besides all of them.
#![expect(clippy::print_stdout, reason = "figures are for people")]
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a benchmark that cannot go on says where")]

#[path = "../tests/support/mod.rs"]
mod support;

use std::collections::BTreeMap;
use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::Instant;

use bund_crds::JurisdictionName;
use bund_engine::locate::locate_network;
use bund_engine::snapshot::Geography;
use bund_engine::{Snapshot, Timestamp};
use bund_geo::{Member, Quorum, read};
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use jiff::SignedDuration;
use maxminddb::{Reader, path};
use prefix_trie::PrefixMap;
use serde_json::json;

const BUILT: u64 = 1_793_491_200;
const QUERIES: usize = 1_000_000;
/// Of a hundred networks of IPv4 and of IPv6 so many are on the mainland, in the first database and in the second.
const MAINLAND: [[u64; 2]; 2] = [[3, 7], [3, 4]];

fn main() {
    let databases: Vec<_> = MAINLAND.into_iter().map(networks).collect();
    let files: Vec<_> = databases.iter().map(file).collect();
    let queries = queries(&databases[0]);
    for networks in &databases {
        let inside = networks.values().filter(|country| **country == "CN").count();
        println!("  a database of {} networks, {inside} of them on the mainland", networks.len());
    }
    println!("\nLocation of an address by two databases (goal: p99 1 µs)");
    measure("the clock alone", &queries, |network| {
        black_box(network);
    });
    ours(&files, &queries);
    look_ups(&files, &queries);
    tries(&databases, &queries);
}

type Networks = BTreeMap<IpNet, &'static str>;

fn ours(files: &[Vec<u8>], queries: &[IpNet]) {
    let folder = tempfile::tempdir().unwrap();
    let begun = Instant::now();
    let member = |(number, bytes): (usize, &Vec<u8>)| {
        let path = folder.path().join(format!("{number}.mmdb"));
        std::fs::write(&path, bytes).unwrap();
        let database = read(&path, None).unwrap();
        Member {
            name: format!("{number}.mmdb").into(),
            max_age: SignedDuration::MAX,
            database: Some(Arc::new(database)),
            trouble: None,
        }
    };
    let members: Vec<_> = files.iter().enumerate().map(member).collect();
    let (read, before, begun) = (begun.elapsed(), resident(), Instant::now());
    let quorum = Quorum::of(&members, Timestamp::from_second(1_793_491_200).unwrap());
    let (together, table) = (begun.elapsed(), resident() - before);
    println!("  reading both took {read:.0?}, putting them together {together:.0?} and {table} MiB");
    let mut snapshot = snapshot();
    snapshot.set_geography(Geography::of(Arc::new(quorum)));
    let mainland: JurisdictionName = "cn-mainland".parse().unwrap();
    let inside =
        queries.iter().filter(|it| locate_network(**it, &mainland, snapshot.world()).is_inside()).count();
    measure("Bund, the whole decision", queries, |network| {
        black_box(locate_network(network, &mainland, snapshot.world()));
    });
    println!("    {} of {} inside", inside, queries.len());
}

fn look_ups(files: &[Vec<u8>], queries: &[IpNet]) {
    let readers: Vec<_> = files.iter().map(|bytes| Reader::from_source(bytes.as_slice()).unwrap()).collect();
    measure("maxminddb, both look-ups alone", queries, |network| {
        for reader in &readers {
            let code = reader.lookup(network.addr()).unwrap();
            black_box(code.decode_path::<&str>(&path!["country", "iso_code"]).unwrap());
        }
    });
}

type Tries<'n> = (PrefixMap<Ipv4Net, &'n str>, PrefixMap<Ipv6Net, &'n str>);

fn tries(databases: &[Networks], queries: &[IpNet]) {
    let mut tries: Vec<Tries<'_>> = Vec::new();
    for networks in databases {
        let (mut v4, mut v6) = (PrefixMap::new(), PrefixMap::new());
        for (network, country) in networks {
            match network {
                IpNet::V4(network) => drop(v4.insert(*network, *country)),
                IpNet::V6(network) => drop(v6.insert(*network, *country)),
            }
        }
        tries.push((v4, v6));
    }
    measure("prefix-trie, both look-ups alone", queries, |network| {
        for (v4, v6) in &tries {
            match network {
                IpNet::V4(network) => drop(black_box(v4.get_lpm(&network))),
                IpNet::V6(network) => drop(black_box(v6.get_lpm(&network))),
            }
        }
    });
}

/// Queries that are timed together.
const TOGETHER: usize = QUERIES / 10;

fn measure(what: &str, queries: &[IpNet], ask: impl Fn(IpNet)) {
    let tenths = queries.chunks(TOGETHER).map(|tenth| {
        let timed = tenth.iter().map(|network| {
            let asked = Instant::now();
            ask(*network);
            asked.elapsed().as_nanos()
        });
        let mut took: Vec<_> = timed.collect();
        took.sort_unstable();
        took
    });
    let tenths: Vec<Vec<u128>> = tenths.collect();
    let mut all = tenths.concat();
    all.sort_unstable();
    let rank = |took: &[u128], thousandth: usize| took[took.len() * thousandth / 1000];
    let quietest = tenths.iter().min_by_key(|took| rank(took, 990)).unwrap();
    let told = |took: &[u128]| format!("p50 {:>5} ns, p99 {:>5} ns", rank(took, 500), rank(took, 990));
    println!("  {what:<33} {}; the quietest tenth {}", told(&all), told(quietest));
}

/// Resident memory of this process, in MiB; 0 where nobody tells.
fn resident() -> usize {
    let told = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: usize = told.split(' ').nth(1).and_then(|pages| pages.parse().ok()).unwrap_or_default();
    pages / 256
}

/// Numbers that are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// Networks side by side, with a hole now and then.
fn networks([of_v4, of_v6]: [u64; 2]) -> Networks {
    const ELSEWHERE: [&str; 8] = ["US", "HK", "TW", "JP", "SG", "DE", "BR", "MO"];
    let mut dice = Dice(7);
    let country = |mainland, dice: &mut Dice| {
        if dice.below(100) < mainland { "CN" } else { ELSEWHERE[usize::try_from(dice.below(8)).unwrap()] }
    };
    let mut networks = Networks::new();
    let mut next = u64::from(u32::from(Ipv4Addr::new(1, 0, 0, 0)));
    while next < u64::from(u32::from(Ipv4Addr::new(224, 0, 0, 0))) {
        let length = 17 + dice.below(6);
        let size = 1_u64 << (32 - length);
        next = next.next_multiple_of(size);
        let address = Ipv4Addr::from(u32::try_from(next).unwrap());
        if dice.below(20) > 0 {
            let network = Ipv4Net::new(address, u8::try_from(length).unwrap()).unwrap();
            networks.insert(network.into(), country(of_v4, &mut dice));
        }
        next += size;
    }
    for number in 0..150_000_u128 {
        let address = Ipv6Addr::from((0x2400_u128 << 112) + (number << 92));
        if dice.below(20) > 0 {
            let network = Ipv6Net::new(address, 36).unwrap();
            networks.insert(network.into(), country(of_v6, &mut dice));
        }
    }
    networks
}

fn file(networks: &Networks) -> Vec<u8> {
    support::write(
        "Made-Up-Country",
        BUILT,
        networks.iter().map(|(network, code)| (*network, support::country(code))),
    )
}

/// Addresses inside and outside, special ones, of pods and unknown ones, of both families, and small networks.
fn queries(networks: &Networks) -> Vec<IpNet> {
    let mut dice = Dice(11);
    let of = |wanted: fn(&IpNet, &str) -> bool| -> Vec<IpNet> {
        networks
            .iter()
            .filter(|(network, country)| wanted(network, country))
            .map(|(network, _)| *network)
            .collect()
    };
    let inside = of(|_, country| country == "CN");
    let v4 = of(|network, _| matches!(network, IpNet::V4(_)));
    let v6 = of(|network, _| matches!(network, IpNet::V6(_)));
    let among = |list: &[IpNet], dice: &mut Dice| {
        let network = list[usize::try_from(dice.below(list.len() as u64)).unwrap()];
        match network.addr() {
            IpAddr::V4(address) => {
                let within = u32::try_from(dice.below(1 << (32 - network.prefix_len()))).unwrap();
                IpAddr::V4(Ipv4Addr::from(u32::from(address) + within))
            }
            IpAddr::V6(address) => {
                IpAddr::V6(Ipv6Addr::from(u128::from(address) + u128::from(dice.below(1 << 30))))
            }
        }
    };
    (0..QUERIES)
        .map(|number| {
            let address = match number % 8 {
                0..=2 => among(&inside, &mut dice),
                3 => among(&v4, &mut dice),
                4 => among(&v6, &mut dice),
                5 => IpAddr::V4(Ipv4Addr::from(u32::try_from(dice.below(1 << 31)).unwrap() * 2)),
                6 => IpAddr::V4(Ipv4Addr::new(10, 240, u8::try_from(dice.below(4)).unwrap(), 7)),
                _ => IpAddr::V6(Ipv6Addr::from((0x2600_u128 << 112) + u128::from(dice.below(1 << 30)))),
            };
            let length = if address.is_ipv4() { 32 } else { 128 };
            IpNet::new(address, if dice.below(10) == 0 { length - 6 } else { length }).unwrap().trunc()
        })
        .collect()
}

fn snapshot() -> Snapshot {
    let mut snapshot = Snapshot::default();
    snapshot.observe(&json!({
        "apiVersion": "bund.dev/v1alpha1", "kind": "Jurisdiction", "metadata": {"name": "cn-mainland"},
        "spec": {
            "displayName": "Mainland China", "countryCodes": ["CN"], "networks": ["114.114.0.0/16", "2400:3200::/32"],
            "providers": [{"name": "alibaba", "regions": ["cn-hangzhou"], "zoneForm": "RegionDashLetter"}]
        }
    }));
    snapshot.observe(&json!({
        "apiVersion": "bund.dev/v1alpha1", "kind": "ClusterLocation", "metadata": {"name": "cluster"},
        "spec": {"jurisdiction": "cn-mainland", "span": "Mixed", "providers": ["alibaba"], "networks": ["10.20.0.0/16"]}
    }));
    for number in 0..1000_u32 {
        let pods = Ipv4Net::new(Ipv4Addr::from(0x0AF0_0000 + (number << 8)), 24).unwrap();
        snapshot.observe(&json!({
            "apiVersion": "v1", "kind": "Node",
            "metadata": {"name": format!("n{number}"), "labels": {"topology.kubernetes.io/region": "cn-hangzhou"}},
            "spec": {"podCIDRs": [pods.to_string()]},
        }));
    }
    snapshot
}
