//! Databases that are made up.
#![allow(dead_code, reason = "each test uses what it needs")]
#![allow(clippy::allow_attributes, reason = "what is not used differs from test to test")]

use std::net::IpAddr;

use ipnet::IpNet;
use maxminddb_writer::Database;
use maxminddb_writer::metadata::IpVersion;
use serde_json::{Value, json};

/// The bytes of a database of this type, built at this second, with these records. Of networks that lie in others, the
/// others come first.
pub fn database<'r>(kind: &str, built: u64, records: impl IntoIterator<Item = (&'r str, Value)>) -> Vec<u8> {
    let records = records.into_iter().map(|(network, record)| (network.parse().unwrap(), record));
    write(kind, built, records)
}

/// The record of a country, as MaxMind writes it.
pub fn country(code: &str) -> Value {
    json!({"country": {"iso_code": code}, "registered_country": {"iso_code": code}})
}

/// The same as [`database`], of networks that were read. Equal records that follow on each other are written once.
pub fn write(kind: &str, built: u64, records: impl IntoIterator<Item = (IpNet, Value)>) -> Vec<u8> {
    let mut database = Database::default();
    database.metadata.ip_version = IpVersion::V6;
    kind.clone_into(&mut database.metadata.database_type);
    database.metadata.build_epoch = built;
    database.metadata.binary_format_major_version = 2;
    let mut written = std::collections::BTreeMap::new();
    for (network, record) in records {
        let data =
            *written.entry(record.to_string()).or_insert_with(|| database.insert_value(&record).unwrap());
        database.insert_node(path(network), data);
    }
    database.write_to(Vec::new()).unwrap()
}

/// The bits of a network in a tree of IPv6, where IPv4 lies at `::/96`.
fn path(network: IpNet) -> impl Iterator<Item = bool> {
    let (bits, length) = match network.network() {
        IpAddr::V4(address) => (u128::from(u32::from(address)), 96 + network.prefix_len()),
        IpAddr::V6(address) => (u128::from(address), network.prefix_len()),
    };
    (0..length).map(move |bit| (bits >> (127 - bit)) & 1 == 1)
}
