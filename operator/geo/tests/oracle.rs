//! What two databases say together, beside what their own reader says of each address by itself.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod support;

use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use bund_engine::Timestamp;
use bund_engine::snapshot::{Databases, Said};
use bund_geo::{Member, Quorum, read};
use ipnet::IpNet;
use jiff::SignedDuration;
use maxminddb::{Reader, path};
use proptest::prelude::*;
use serde_json::json;
use support::country;

const BUILT: u64 = 1_780_000_000;
/// Where the networks begin, of each family.
const V4: u32 = Ipv4Addr::new(47, 96, 0, 0).to_bits();
const V6: u128 = Ipv6Addr::new(0x2400, 0x3200, 0, 0, 0, 0, 0, 0).to_bits();
/// What a record says; the last has no country, and there is none at all for the one after it.
const RECORDS: [&str; 4] = ["CN", "HK", "US", ""];
/// Addresses of each family that are asked for.
const SPACE: u32 = 1 << 9;

/// Networks that follow on each other: how long each is, counted from single addresses on, and its record.
type Sketch = Vec<(u8, usize)>;

fn sketch() -> impl Strategy<Value = Sketch> {
    // Mostly the mainland, as it is where it matters.
    let record = prop_oneof![3 => Just(0), 2 => 0..=RECORDS.len()];
    prop::collection::vec((0..6_u8, record), 1..40)
}

fn bytes(sketches: [&Sketch; 2]) -> Vec<u8> {
    let mut records = Vec::new();
    for (of_v6, sketch) in [false, true].into_iter().zip(sketches) {
        let mut next = 0_u32;
        for (length, record) in sketch {
            next = next.next_multiple_of(1 << length);
            let network = around(of_v6, next, *length);
            next += 1 << length;
            match RECORDS.get(*record) {
                Some(&"") => records.push((network, json!({"registered_country": {"iso_code": "CN"}}))),
                Some(code) => records.push((network, country(code))),
                None => {}
            }
        }
    }
    support::write("Test-Country", BUILT, records)
}

/// The network of this length in which lies the address of this number, of either family.
fn around(of_v6: bool, number: u32, length: u8) -> IpNet {
    let network = if of_v6 {
        IpNet::new(Ipv6Addr::from(V6 + u128::from(number)).into(), 128 - length)
    } else {
        IpNet::new(Ipv4Addr::from(V4 + number).into(), 32 - length)
    };
    network.unwrap().trunc()
}

/// Where a network is: where every address of it is, by both.
fn expected(readers: &[Reader<Vec<u8>>], of_v6: bool, first: u32, length: u8) -> Option<String> {
    let addresses = (first..).take(1 << length).map(|number| around(of_v6, number, 0).addr());
    let code = |reader: &Reader<Vec<u8>>, address| {
        reader.lookup(address).unwrap().decode_path::<String>(&path!["country", "iso_code"]).unwrap()
    };
    let mut codes = addresses.flat_map(|address| readers.iter().map(move |reader| code(reader, address)));
    let first = codes.next().unwrap()?;
    codes.all(|code| code.as_ref() == Some(&first)).then_some(first)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// Each address of a small space, and each network in it of up to 32 addresses.
    #[test]
    fn a_network_is_where_both_readers_say_that_each_of_its_addresses_is(
        sketches in [[sketch(), sketch()], [sketch(), sketch()]],
    ) {
        let folder = tempfile::tempdir().unwrap();
        let files = sketches.each_ref().map(|[v4, v6]| bytes([v4, v6]));
        let members = files.iter().enumerate().map(|(number, bytes)| {
            let path = folder.path().join(format!("{number}.mmdb"));
            std::fs::write(&path, bytes).unwrap();
            Some(Arc::new(read(&path, None).ok()?))
        });
        // A database without any country is none.
        let Some(databases) = members.collect::<Option<Vec<_>>>() else { return Ok(()) };
        let member = |database| Member {
            name: "a.mmdb".into(),
            max_age: SignedDuration::MAX,
            database: Some(database),
            trouble: None,
        };
        let members: Vec<_> = databases.into_iter().map(member).collect();
        let quorum = Quorum::of(&members, Timestamp::from_second(BUILT.cast_signed()).unwrap());
        let readers = files.map(|bytes| Reader::from_source(bytes).unwrap());
        for of_v6 in [false, true] {
            for length in 0..6 {
                for first in (0..SPACE).step_by(1 << length) {
                    let network = around(of_v6, first, length);
                    let said = match quorum.country_of(network) {
                        Said::Country(country) => Some(country.to_string()),
                        _ => None,
                    };
                    prop_assert_eq!(said, expected(&readers, of_v6, first, length), "{}", network);
                }
            }
        }
    }
}
