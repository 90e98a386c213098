//! The databases of the world `mixed-geo` of the cases are what is written here.
//! `BUND_UPDATE=1 cargo test -p bund-geo --test world` writes them anew.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod support;

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use support::{country, database};

/// 2026-11-01.
const BUILT: u64 = 1_793_491_200;

/// As a database that looks for where machines are.
fn located() -> Vec<(&'static str, Value)> {
    vec![
        ("47.96.0.0/12", country("CN")),
        ("47.96.7.7/32", country("SG")),
        ("47.52.0.0/16", country("HK")),
        ("47.74.0.0/16", country("JP")),
        ("122.100.0.0/16", country("MO")),
        ("1.160.0.0/12", country("TW")),
        ("8.8.8.0/24", country("US")),
        ("10.77.0.0/16", country("CN")),
        ("1.1.1.0/24", json!({"registered_country": {"iso_code": "AU"}, "traits": {"is_anycast": true}})),
        ("5.5.0.0/16", json!({"registered_country": {"iso_code": "CN"}})),
        ("2400:3200::/32", country("CN")),
    ]
}

/// As a database of registrations, in which overseas regions of a company are where the company is.
fn registered() -> Vec<(&'static str, Value)> {
    let coded = |code| json!({"country_code": code});
    vec![
        ("47.96.0.0/11", coded("CN")),
        ("47.96.7.7/32", coded("SG")),
        ("47.52.0.0/16", coded("HK")),
        ("47.74.0.0/16", coded("CN")),
        ("122.100.0.0/16", coded("MO")),
        ("1.160.0.0/12", coded("TW")),
        ("8.8.8.0/24", coded("US")),
        ("10.77.0.0/16", coded("CN")),
        ("1.1.1.0/24", coded("AU")),
        ("5.5.0.0/16", coded("CN")),
        ("2400:3200::/32", coded("CN")),
    ]
}

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies/worlds/mixed-geo").join(name)
}

#[test]
fn the_databases_of_the_cases_are_these() {
    for (name, kind, records) in [
        ("located.mmdb", "Made-Up-Country", located()),
        ("registered.mmdb", "made-up-asn-country", registered()),
    ] {
        let bytes = database(kind, BUILT, records);
        if std::env::var_os("BUND_UPDATE").is_some() {
            std::fs::write(path(name), &bytes).unwrap();
        }
        assert!(
            std::fs::read(path(name)).unwrap() == bytes,
            "{name} is another one: BUND_UPDATE=1 writes it anew"
        );
        bund_geo::read(&path(name), None).unwrap();
    }
}
